/* SPDX-License-Identifier: BSD-3-Clause */
/* truth.h - private to lib/pattern: one evaluation of a pattern over observed data. Everything in
 * it lives in its arena. Control threads. */
#ifndef SL_PATTERN_TRUTH_H
#define SL_PATTERN_TRUTH_H

#include <sightline/mem.h>
#include <sightline/pattern.h>
#include <sightline/regex.h>

/* Steps, and bytes that are read over, of one evaluation: about a second. */
#define WORK_MAX ((uint64_t)1 << 26)
#define TYPES_MAX 64 /* object types of one [ ] */

/* Bytes that are made anew for each value. */
struct scratch {
	char *p;
	size_t cap;
};

/* An object that references can name. */
struct named {
	const char *id;
	uint32_t group; /* of STIX 2.0: its observed-data; of 2.1: its bundle */
	bool shared; /* of 2.1: other bundles' references may name it, too */
	const struct sl_json *object;
};

struct observation {
	const struct sl_json *const *object;
	size_t objects;
	uint32_t group;
	bool shared;
	struct sl_instant first, last;
	uint32_t begin, end; /* first and last as ranks among all times of the evaluation */
	uint32_t times; /* number_observed */
};

struct truth {
	struct sl_arena *arena;
	struct sl_pattern_error *err;
	int rc; /* the first error stays; nothing goes on behind it */
	uint64_t work;
	struct observation *seen;
	size_t observations;
	struct named *named; /* by id, then group */
	size_t names;
	struct scratch value, constant, supply;
	struct sl_regex_room *room;
	struct leaf *leaves; /* whose expressions are to be freed */
};

/* A test, and what of its constant is made ready once. */
struct leaf {
	const struct sl_node *n;
	struct sl_regex *of_text, *of_bytes;
	struct leaf *older;
};

/* False: the evaluation is over. */
bool truth_spend(struct truth *t, uint64_t work);
bool truth_fail(struct truth *t, int rc, size_t at, const char *reason);
void *truth_take(struct truth *t, size_t n, size_t each);

/* observed.c: who the reference `id` in this observation names; NULL: nobody. */
const struct sl_json *observed_named(
	struct truth *t, const struct observation *in, const char *id, size_t len);

/* compare.c: whether the test holds on one object. */
bool leaf_holds(struct truth *t, struct leaf *leaf, const struct observation *in,
	const struct sl_json *object);
/* compare.c: whether one value, found under `key`, passes; NOT is undone by the caller. */
bool value_passes(struct truth *t, struct leaf *leaf, const struct sl_json *value, const char *key);

/* inside.c: for each observation, whether the tree inside [ ] holds on it. */
bool *inside_holds(struct truth *t, const struct sl_node *observation);

enum part_kind {
	PART_LEAF, /* `times` observations of those that are eligible */
	PART_ALL,
	PART_EITHER,
	PART_FOLLOWED,
	PART_WITHIN,
	PART_REPEATS, /* of what is no leaf */
	PART_BETWEEN, /* START and STOP */
};
/* The tree between observations, made ready. Times are ranks: places in the sorted row of all times
 * of the evaluation. */
struct part {
	enum part_kind kind;
	bool *eligible; /* LEAF: by observation */
	uint64_t times; /* LEAF, REPEATS */
	uint64_t window_ns; /* WITHIN */
	bool *opens; /* WITHIN: by rank, whether a window may begin there */
	uint32_t low, high; /* BETWEEN: [low, high) */
	struct part *child, *next;
};
struct plan {
	struct part *root;
	const struct sl_instant *time; /* by rank */
	uint32_t times;
};
/* plan.c: observations are sorted by `begin` behind it. */
bool plan_make(struct truth *t, const struct sl_node *root, struct plan *out);
/* The rank behind the last of a window that opens at this one. */
uint32_t plan_window_end(const struct plan *p, uint32_t open, uint64_t window_ns);

/* bind.c: whether different observations can be found for all of the tree. */
bool bind_holds(struct truth *t, const struct sl_node *root);

/* supply.c: observations for leaves that are bound to no order. */
struct demand {
	const bool *eligible; /* by observation */
	uint32_t low, high; /* its time, a rank: [low, high) */
	uint64_t times;
};
/* Whether all demands can be served at once; used[i]: of observation i, what is gone already. */
bool supply_suffices(
	struct truth *t, const struct demand *demand, size_t demands, const uint32_t *used);
/* Whether this observation can serve one of it. */
bool supply_fits(const struct observation *o, bool eligible, uint32_t low, uint32_t high);

/* normal.c: NFC of UTF-8 that has more than ASCII; 0, or -ENOMEM. Text that is none stays. */
int normal_text(struct scratch *into, const char **text, size_t *len);
/* Bytes of whole characters in front: len where all of it is UTF-8. */
size_t normal_utf8(const char *text, size_t len);
bool scratch_room(struct scratch *s, size_t len);

#endif
