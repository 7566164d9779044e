/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern.h - what somebody wants to know, as a tree: the pattern language of STIX 2.1 (part 9, and
 * 2.0's part 5), and the compositions of formats that name no scope. Text to tree, tree to text,
 * and its truth over observed data. Every reader of intelligence that meets AND and OR builds this
 * tree; lib/intel judges it and makes detections of it. Control threads. */
#ifndef SIGHTLINE_PATTERN_H
#define SIGHTLINE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/json.h>

enum sl_node_kind {
	SL_NODE_TEST, /* path, operator, constants */
	SL_NODE_AND, /* inside [ ]: on one observation */
	SL_NODE_OR,
	SL_NODE_OBSERVATION, /* [ ]: one child */
	SL_NODE_BOTH, /* AND, OR and FOLLOWEDBY between observation expressions */
	SL_NODE_EITHER,
	SL_NODE_FOLLOWED,
	SL_NODE_WITHIN, /* one child; `seconds` */
	SL_NODE_REPEATS, /* one child; `times` */
	SL_NODE_START_STOP, /* one child; [start, stop) */
	/* Compositions of CybOX, OpenIOC and MISP objects, over tests and each other. They name no
	 * scope: ALL means the smallest in which its leaves can occur. NOT is three-valued: of what
	 * can't be seen it is unknown. */
	SL_NODE_ALL,
	SL_NODE_ANY,
	SL_NODE_NOT,
};

enum sl_test {
	SL_TEST_EQUAL,
	SL_TEST_UNEQUAL,
	SL_TEST_LESS,
	SL_TEST_LESS_EQUAL,
	SL_TEST_GREATER,
	SL_TEST_GREATER_EQUAL,
	SL_TEST_IN,
	SL_TEST_LIKE,
	SL_TEST_MATCHES,
	SL_TEST_SUBSET,
	SL_TEST_SUPERSET,
	SL_TEST_EXISTS, /* no constant */
	/* Of other formats; as text they become MATCHES. */
	SL_TEST_CONTAINS,
	SL_TEST_STARTS,
	SL_TEST_ENDS,
};

enum sl_constant_kind {
	SL_CONSTANT_TEXT,
	SL_CONSTANT_INTEGER,
	SL_CONSTANT_FLOAT,
	SL_CONSTANT_BOOLEAN,
	SL_CONSTANT_HEX,
	SL_CONSTANT_BASE64,
	SL_CONSTANT_TIME,
};

/* Any year that RFC 3339 can write, also before 1970. */
struct sl_instant {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};
/* As the language writes it: "2024-01-15T12:30:45.123Z", nothing shorter or longer. */
bool sl_instant_read(const char *text, size_t len, struct sl_instant *out);

struct sl_constant {
	enum sl_constant_kind kind;
	const char *text; /* TEXT: escapes undone; HEX, BASE64: decoded bytes. A zero behind it */
	size_t len;
	int64_t integer; /* INTEGER; BOOLEAN */
	double number; /* INTEGER, FLOAT */
	struct sl_instant time; /* TIME */
};

enum sl_step_kind { SL_STEP_KEY, SL_STEP_INDEX, SL_STEP_ANY /* [*] */ };
struct sl_step {
	enum sl_step_kind kind;
	const char *key;
	int64_t index;
};

/* "network-traffic:extensions.'http-request-ext'.request_value". */
struct sl_path {
	const char *object; /* "network-traffic" */
	const struct sl_step *step;
	size_t steps;
};

struct sl_node {
	enum sl_node_kind kind;
	enum sl_test test;
	bool negated; /* of a test: NOT before its operator */
	struct sl_path path;
	const struct sl_constant *constant;
	size_t constants; /* one, but for IN and EXISTS */
	struct sl_node *child, *next; /* children in order */
	double seconds;
	uint64_t times;
	struct sl_instant start, stop;
	size_t at; /* offset in the text that it was read from */
	uint64_t line; /* of the feed, where the reader knows it; 0 */
};

/* A tree and its memory. */
struct sl_pattern;

enum sl_pattern_version { SL_PATTERN_20, SL_PATTERN_21 };
struct sl_pattern_error {
	char reason[160]; /* a plain sentence */
	size_t at; /* offset in the text */
};
/* Bounded: 64 KiB of text, 64 levels, 4,096 nodes, 16,384 constants. 0; -EBADMSG: not of the
 * language, *err says why; -E2BIG; -ENOMEM. */
int sl_pattern_parse(struct sl_pattern **out, const char *text, size_t len,
	enum sl_pattern_version version, struct sl_pattern_error *err);
void sl_pattern_free(struct sl_pattern *p);
/* NULL in one that is being built until it is set. */
struct sl_node *sl_pattern_root(const struct sl_pattern *p);

/* ---- Building: by readers of other formats ---- */

int sl_pattern_new(struct sl_pattern **out);
void sl_pattern_root_set(struct sl_pattern *p, struct sl_node *root);
/* Nodes are the pattern's. NULL: no memory, or a bound. */
struct sl_node *sl_pattern_group(struct sl_pattern *p, enum sl_node_kind kind);
void sl_pattern_append(struct sl_node *group, struct sl_node *child);
/* path as the language writes it ("file:hashes.'SHA-256'"); NULL also where it can't be read. The
 * constants are copied; text is taken as it is. */
struct sl_node *sl_pattern_test(struct sl_pattern *p, const char *path, enum sl_test test,
	const struct sl_constant *constant, size_t constants);
/* The commonest: equal to a text. */
struct sl_node *sl_pattern_equal(
	struct sl_pattern *p, const char *path, const char *text, size_t len);

/* ---- Text ---- */

/* The tree, or a part of it, in STIX 2.1's language: what it prints parses to the same tree.
 * Compositions without a scope are written as what they mean there: ALL as AND inside one [ ] where
 * `one_observation`, else between observations WITHIN 3600 SECONDS; NOT as negated tests. Returns
 * the length (snprintf's way: more than cap means cut). */
size_t sl_pattern_text(const struct sl_node *n, bool one_observation, char *out, size_t cap);

/* ---- Truth ---- */

/* The rule of WITHIN, also for the sensor's correlator: strict. The latest of what is joined has to
 * be before the earliest plus the window (STIX 2.1 9.5.1). */
static inline bool sl_within(uint64_t earliest_ns, uint64_t latest_ns, uint64_t window_ns)
{
	return latest_ns - earliest_ns < window_ns;
}

/* Whether the pattern is true of these observed-data objects (of STIX 2.0, with `objects`, or a
 * bundle's 2.1 objects beside them), by the text of part 9: operators join different observations,
 * an absent path is false. 0; -EBADMSG: an observation that can't be read, or a pattern with a
 * composition that names no scope; -E2BIG: more work than its bound allows. */
int sl_pattern_holds(const struct sl_pattern *p, const struct sl_json *const *observed, size_t n,
	bool *holds, struct sl_pattern_error *err);

#endif
