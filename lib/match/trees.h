/* SPDX-License-Identifier: BSD-3-Clause */
/* trees.h - what a ruleset holds of its detections: leaves that are tests, by the places that they
 * are put to, and a room a worker to search in. Built by a control thread, then read only, but for
 * the rooms, each of which is one worker's. */
#ifndef SL_MATCH_TREES_H
#define SL_MATCH_TREES_H

#include <hs/hs.h>

#include <sightline/regex.h>
#include <sightline/trees.h>

#define WHERE_WORDS ((SL_WHERE_COUNT + 63) / 64)

/* A leaf that a test answers. */
struct leaf_ref {
	uint32_t detection;
	uint32_t leaf;
};

/* A constant as values are compared with it. */
struct operand {
	const char *text; /* NULL: none */
	size_t len;
	bool number; /* integer or real are set, and values compared as numbers */
	bool whole; /* integer is set */
	int64_t integer;
	double real;
	uint8_t version, bits; /* an address or prefix: version not 0 */
	union sl_addr addr;
};

/* A test that more than one leaf may ask. */
struct test {
	const struct sl_leaf *leaf; /* the first that asked: operator, places */
	const struct operand *operand;
	uint32_t operands;
	uint32_t refs; /* how many leaves ask */
	const struct leaf_ref *ref;
	struct sl_regex *regex; /* of LIKE and its kin, where Hyperscan doesn't decide alone, or not
				   of every value */
	bool exact; /* what Hyperscan finds is so */
	bool chars; /* tells characters: of a value beyond ASCII another answer than of its bytes */
	bool dead; /* no engine takes it: it is true of nothing, negated or not */
};

/* Expressions over the same places, searched for at once. */
struct group {
	hs_database_t *db; /* NULL: none that Hyperscan takes */
	hs_database_t *utf8; /* those that tell characters, by the same ids; for values that are
				valid UTF-8 and not ASCII. NULL: PCRE2 is asked */
	struct test **chars; /* these */
	uint32_t chars_count;
	struct test **searched; /* by Hyperscan's id */
	uint32_t searched_count;
	struct test **negated; /* of those: true where it finds nothing */
	uint32_t negated_count;
	struct test **slow; /* PCRE2 alone */
	uint32_t slow_count;
};

/* What a worker needs to search; its own. */
struct room {
	hs_scratch_t *scratch;
	struct sl_regex_room *regex;
	uint64_t *found; /* by Hyperscan's id */
};

/* The tests of one place. */
struct place {
	struct test **direct;
	uint32_t direct_count;
	struct group **group;
	uint32_t group_count;
};

struct trees {
	const struct sl_detection *detection;
	size_t detections;
	uint64_t tested[WHERE_WORDS]; /* places that have a test */
	struct place place[SL_WHERE_COUNT];
	struct test *test;
	size_t tests;
	struct group *group;
	size_t groups;
	struct sl_regex ***flow_regex; /* by detection and leaf: LIKE and its kin over protocols;
					  NULL where there is none */
	struct leaf_ref *flow_only; /* `leaf` is the number of the expression */
	size_t flow_only_count;
	struct room *room;
	unsigned rooms;
	size_t found_words;
	struct sl_arena *arena; /* of all lists here */
};

/* 0 or -ENOMEM. An expression that no engine takes is never true: the readers of intelligence
 * refuse it. */
int trees_build(struct trees *t, const struct sl_intel *intel, unsigned workers);
void trees_fini(struct trees *t);
size_t trees_bytes(const struct trees *t);
/* patterns.c: compiles the groups and makes the rooms. */
int patterns_build(struct trees *t, unsigned workers);
void patterns_fini(struct trees *t);

/* ---- Worker ---- */

static inline bool pattern_test(uint8_t test)
{
	return test == SL_TEST_LIKE || test == SL_TEST_MATCHES || test >= SL_TEST_CONTAINS;
}

/* How a leaf is touched: it holds, by what an expression found or by any other test; or it isn't
 * known whether it does, nor, of one that asks whether there is a value, what the value is. */
enum touch { TOUCH_HOLDS, TOUCH_FOUND, TOUCH_DOUBT };
typedef void (*touch_fn)(void *arg, struct leaf_ref ref, enum touch how);
/* Puts an observable to the tests of its place; calls for each leaf that is true of it, or in
 * doubt. `gave_up` is raised by each search that its bound cut short. */
void tests_ask(const struct trees *t, struct room *room, const struct sl_observable *o,
	touch_fn touch, void *arg, uint64_t *gave_up);

/* Three values. */
enum kleene { NO, YES, UNKNOWN };
/* What a FLOW leaf says of a flow. `spoken`: its parser said what is asked about, or the flow has
 * ended. */
enum kleene flow_leaf(const struct trees *t, struct room *room, struct leaf_ref ref,
	const struct sl_flow *f, bool spoken, bool ended);
#define PROTOCOLS_MAX 8 /* names that a flow's are known by */

#endif
