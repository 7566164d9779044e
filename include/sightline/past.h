/* SPDX-License-Identifier: BSD-3-Clause */
/* past.h - what a network was seen to say, so that an indicator can be asked what it would have
 * done there: how often and on how many own hosts its value was seen, and by which names its
 * address was reached. Fed with observables, asked by indicators. What is kept of a value is a
 * keyed hash, its counts and its hosts; names are kept only where an answer gave an address for
 * them. Bounded: what comes when it is full is left out and counted. Control threads; one owner. */
#ifndef SIGHTLINE_PAST_H
#define SIGHTLINE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/addr.h>
#include <sightline/intel.h>
#include <sightline/observable.h>

struct sl_past;
struct sl_past_options {
	/* Own networks, borrowed. The host of a flow is its end in them, its initiator where both
	 * or neither are. NULL: none. */
	const struct sl_nets *home;
	uint32_t values, hosts, pairs; /* the most that are kept; 0: 8 M, 1 M, 16 M */
	size_t names_bytes; /* of the names that led to addresses; 0: 256 MiB */
};
int sl_past_new(struct sl_past **out, const struct sl_past_options *o);
void sl_past_free(struct sl_past *p);

/* One observable, in the order in which a sensor tells them; nothing is kept of its pointers. */
struct sl_past_observed {
	enum sl_type type;
	enum sl_where where;
	const char *value; /* canonical text, as its bytes are */
	size_t len;
	union sl_addr src, dst; /* initiator and responder of its flow */
	uint8_t src_version, dst_version; /* 0: not an IP flow; it is nobody's */
	uint16_t sport, dport;
	uint64_t flow; /* tells flows apart */
	uint32_t message;
	uint64_t ts_ns;
};
int sl_past_add(struct sl_past *p, const struct sl_past_observed *o);

/* JSON lines as `sightline-sensor --emit observables` writes them; other records are passed over.
 * Plain, gzip or zstd. 0; -errno of open(2) or read(2); -EBADMSG: damaged, or not one line of it is
 * a record. *bad: lines that could not be read. */
int sl_past_read(struct sl_past *p, const char *path, uint64_t *bad);
/* The same from memory, for tests and fuzzing. */
int sl_past_read_bytes(struct sl_past *p, const void *bytes, size_t len, uint64_t *bad);

/* Names that are kept for an address, the first that led to it; of further ones is only
 * known that there are any. */
#define SL_PAST_NAMES 16
struct sl_past_answer {
	uint64_t count; /* observations: flows of an address, messages of what they say, in each
			   place that says it */
	uint32_t hosts;
	bool at_most; /* a tree, or a network: it may have fired less often */
	bool more_names;
	uint32_t name_count;
	const char *name[SL_PAST_NAMES]; /* asked for, and answered with this address; good as long
					    as who was asked */
	/* Where hours are kept (sum.hours), else 0: the begin of the first and of the last hour in
	 * which it was seen, and the hosts that said it first and last (version 0: none). */
	uint64_t first_ns, last_ns;
	union sl_addr first_host, last_host;
	uint8_t first_version, last_version;
};

struct sl_past_sum {
	uint64_t observables, left_out; /* left out: not kept for want of room */
	uint32_t hosts;
	uint32_t hours; /* the last so many are known wholly, the one that is under way among them;
			   0: hours are not kept */
	uint64_t first_ns, last_ns; /* 0: nothing was seen */
};

/* Who can be asked what was seen, wherever it is kept. */
struct sl_witness {
	/* What i would have done, whatever its validity. False: what it looks for is not remembered
	 * (a prefix of a URL, an expression). */
	bool (*ask)(void *arg, const struct sl_indicator *i, struct sl_past_answer *out);
	void (*sum)(void *arg, struct sl_past_sum *out);
	/* Whether i is in force already, and loud: then it is too late to make it quiet. NULL:
	 * nothing is. */
	bool (*armed)(void *arg, const struct sl_indicator *i);
	void *arg;
};
struct sl_witness sl_past_witness(struct sl_past *p);
#define SL_PAST_WHY 256
/* Whether i would have fired on so many own hosts (0: 20) that are so much of all (0: 10 %), and is
 * not in force loud: then it is better quiet, and why says so for people. */
bool sl_past_impact(const struct sl_witness *w, unsigned hosts, unsigned percent,
	const struct sl_indicator *i, char why[SL_PAST_WHY]);
bool sl_past_ask(struct sl_past *p, const struct sl_indicator *i, struct sl_past_answer *out);
void sl_past_sum(const struct sl_past *p, struct sl_past_sum *out);

/* ---- Asked from afar: lines of text ---- */

#define SL_PAST_LINE_MAX (SL_VALUE_MAX + 256)
/* i as a line, with its newline; returns its length, 0: it can't be asked in a line, or cap is too
 * small. */
size_t sl_past_question(const struct sl_indicator *i, char *out, size_t cap);
/* A line without its newline; the value is borrowed. False: it is no question. */
bool sl_past_question_read(const char *line, size_t len, struct sl_indicator *out);
/* What w says to many lines: a line for the whole and one for each question, "-" where there is no
 * answer. *out is the caller's to free. 0 or -ENOMEM. */
int sl_past_reply(
	const struct sl_witness *w, const char *text, size_t len, char **out, size_t *out_len);
struct sl_past_reply {
	uint64_t count;
	uint32_t hosts;
	bool known; /* it was answered */
	bool at_most;
};
/* The same read back: exactly count answers, or -EPROTO. */
int sl_past_reply_read(const char *text, size_t len, struct sl_past_sum *sum,
	struct sl_past_reply *answer, size_t count);

#endif
