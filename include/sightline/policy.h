/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.h - what the operator says of a source, or of one indicator, against the verdicts that
 * lib/intel comes to by itself. Built by a control thread from the configuration, then read. */
#ifndef SIGHTLINE_POLICY_H
#define SIGHTLINE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/observable.h>

struct sl_policy;
int sl_policy_new(struct sl_policy **out);
void sl_policy_free(struct sl_policy *p);

/* A line of `sources`: the source's name, or its file's name or path, with '*' and '?' as in a
 * shell, in double quotes where there are blanks in it; then what holds for it, blanks between:
 * - arm_observables: bare observables are armed, too
 * - below=no|marked|yes: a name below a listed domain
 * - url=exact|prefix: a URL stands for all that begins with it
 * - url_host=no: no quiet part for the host of an https URL
 * - confidence=N: what is less sure is quiet; what says nothing is not judged by it
 * - max_age=AGE: what is from longer ago is quiet (AGED), unless it says how long it is good for;
 *   AGE is 12h, 90d, 6w or 1y, or TYPE:AGE with commas between; "none" undoes
 * - stale_after=AGE: a file that is older than that is said to be stale
 * - published=DATE: when the file is from, for entries that say nothing about it
 * - quiet: everything is quiet
 * - probation: armed, and labelled "probation"
 * - csv_header=NAME,...: the columns of a table whose header says nothing that is known, or that
 *   has none: as a header names them, joined as the table's cells are ("\\t" is a tab), "-" for
 *   one that is not read; such a file is read as this table
 * - armed=CODE,... quiet=CODE,... refused=CODE,...: another verdict than the code's own
 * All lines that fit a source hold, in order. 0; -EINVAL, err says what is wrong; -ENOMEM. */
int sl_policy_source(struct sl_policy *p, const char *line, char *err, size_t err_len);
/* A line of `overrides`: "ID armed|quiet|refused [why]". */
int sl_policy_override(struct sl_policy *p, const char *line, char *err, size_t err_len);

enum { SL_POLICY_BELOW_DEFAULT = 255 };
struct sl_source_policy {
	bool arm_observables, url_prefix, url_host, quiet, probation;
	uint8_t below; /* enum sl_below, or SL_POLICY_BELOW_DEFAULT */
	uint8_t confidence; /* the least; 0: none */
	uint64_t published_ns; /* 0: not said */
	uint64_t max_age_ns[SL_TYPE_COUNT]; /* 0: none; at NONE: of trees */
	uint64_t stale_after_ns; /* 0: never */
	const char *csv_header; /* the policy's; NULL: the table says it itself */
};
/* p may be NULL: the defaults. source and path may be NULL. */
void sl_policy_of(const struct sl_policy *p, const char *source, const char *path,
	struct sl_source_policy *out);

/* A verdict as enum sl_intel_verdict, or -1 where the policy says nothing. Each that is given is
 * counted. *why: the operator's words, "" where there are none. */
int sl_policy_of_code(
	const struct sl_policy *p, const char *source, const char *path, const char *code);
/* The same, and not counted. */
int sl_policy_would(
	const struct sl_policy *p, const char *source, const char *path, const char *code);
int sl_policy_of_id(const struct sl_policy *p, const char *id, const char **why);
uint64_t sl_policy_uses(const struct sl_policy *p);
bool sl_policy_empty(const struct sl_policy *p);

/* ---- From a configuration ---- */

struct sl_config;
struct sl_lists;
struct sl_nets;

/* `home_net` where nobody says: private and link-local addresses. */
#define SL_HOME_NET_DEFAULT                                                                        \
	"10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,fc00::/7,fe80::/10"

/* Rows of the option table of every program that reads indicators. */
#define SL_JUDGING_OPTS                                                                            \
	{ .key = "warninglists",                                                                   \
		.flag = "warninglists",                                                            \
		.kind = SL_OPT_LIST,                                                               \
		.arg = "[ROLE=]PATH",                                                              \
		.help = "what is known to be ordinary, so that indicators of it are quiet, noted " \
			"or "                                                                      \
			"refused: MISP warninglists (a file or a folder), or with ROLE= "          \
			"(resolver, "                                                              \
			"popular, cdn, shortener, crl, service, dynamic_dns, suffix, cloud, "      \
			"sinkhole, "                                                               \
			"tor, doh, scanner, client, known_file, empty_file, generic, noted) a "    \
			"plain list; repeatable" },                                                \
		{ .key = "sources",                                                                \
			.kind = SL_OPT_LIST,                                                       \
			.arg = "LINE",                                                             \
			.help = "what holds for a source: its name or its file's, with * and ?, "  \
				"then any "                                                        \
				"of arm_observables, below=no|marked|yes, url=exact|prefix, "      \
				"url_host=no, confidence=N, max_age=[TYPE:]AGE,..., "              \
				"stale_after=AGE, "                                                \
				"published=DATE, quiet, probation, csv_header=NAME,..., "          \
				"armed=CODE,..., "                                                 \
				"quiet=CODE,..., refused=CODE,..." },                              \
	{                                                                                          \
		.key = "overrides", .kind = SL_OPT_LIST, .arg = "LINE",                            \
		.help = "another verdict on one indicator: its id, then armed, quiet or refused, " \
			"then why"                                                                 \
	}

/* When what would have fired before is quiet (intel.h). */
#define SL_IMPACT_OPTS                                                                             \
	{ .key = "impact_hosts",                                                                   \
		.flag = "impact-hosts",                                                            \
		.kind = SL_OPT_U64,                                                                \
		.arg = "N",                                                                        \
		.def = "20",                                                                       \
		.min = 1,                                                                          \
		.max = 1e9,                                                                        \
		.help = "an indicator that would have fired on N own hosts before is quiet, "      \
			"where that is a share of impact_percent as well" },                       \
	{                                                                                          \
		.key = "impact_percent", .flag = "impact-percent", .kind = SL_OPT_U64, .arg = "P", \
		.def = "10", .min = 1, .max = 100,                                                 \
		.help = "see impact_hosts; of all own hosts that were seen"                        \
	}

struct sl_judging {
	struct sl_lists *lists;
	struct sl_policy *policy;
	struct sl_nets *home; /* of `home_net`, where the program has it */
};
/* By the keys above, and `home_net`. 0; -errno, and err says in one line which word of the
 * configuration is wrong. tell: as sl_lists_read's. */
int sl_judging_open(struct sl_judging *out, const struct sl_config *c,
	void (*tell)(void *arg, const char *file, const char *said), void *arg, char *err,
	size_t err_len);
/* `sources` and `overrides` alone; the caller frees it, also where it failed. */
int sl_judging_policy(struct sl_policy **out, const struct sl_config *c, char *err, size_t err_len);
void sl_judging_close(struct sl_judging *j);

#endif
