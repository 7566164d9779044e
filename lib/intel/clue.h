/* SPDX-License-Identifier: BSD-3-Clause */
/* clue.h - private to lib/intel: what CybOX observables and OpenIOC items say, kept small. A tree
 * of tests and groups, with references to other trees of the file by id, which may come before or
 * behind. When its indicator's turn comes it is made a pattern. Control threads. */
#ifndef SL_INTEL_CLUE_H
#define SL_INTEL_CLUE_H

#include <sightline/hash.h>

#include "reading.h"

enum clue_kind {
	CLUE_TEST,
	CLUE_SOCKET, /* an address and a port, of the same end */
	CLUE_ALL,
	CLUE_ANY,
	CLUE_NOT, /* one child; of what can't be seen it is unknown */
	CLUE_REFERENCE, /* text: the id */
};

/* Objects of paths that no network shows because of the feed, not of the world: judge.c has a
 * reason for each. */
#define CLUE_UNKNOWN_REFERENCE "unknown-reference:id"
#define CLUE_UNKNOWN_CONDITION "unknown-condition:name"
#define CLUE_RULE "detection-rule:text"

struct clue {
	enum clue_kind kind;
	enum sl_test test;
	bool number;
	bool list; /* ANY: of one property, equal to one of several */
	const char *path; /* TEST */
	const char *text; /* TEST, REFERENCE; SOCKET: the address */
	size_t len;
	const char *port; /* SOCKET */
	uint64_t line;
	struct clue *child, *last, *next;
};

/* The trees of a file. What is kept for references is bounded: from then on trees live until the
 * next flush only. */
struct clues {
	struct reading *r;
	struct sl_arena *kept, *passing; /* passing: NULL until kept is full */
	struct sl_hash_key key;
	struct clue_id *ids; /* a table of 2^n rows */
	size_t id_count, id_room;
	struct waiting *first, **last; /* indicators that wait for the end, or for the bound */
	size_t waiting;
	uint64_t followed; /* parts that were reached by references, in all: those can multiply */
	bool full, no_memory;
};

/* An indicator that was read and waits for what it refers to. Strings are of clues_text. */
struct waiting {
	struct waiting *next;
	struct draft meta;
	struct clue *root; /* NULL: nothing to look for */
	uint64_t written_ns; /* 0: not said */
};

int clues_init(struct clues *k, struct reading *r);
void clues_fini(struct clues *k);
/* In the memory of now; NULL: NULL, or no memory, which sticks. */
const char *clues_text(struct clues *k, const char *text, size_t len);
struct clue *clue_new(struct clues *k, enum clue_kind kind, uint64_t line);
/* Texts are copied, path is not. */
struct clue *clue_test(struct clues *k, const char *path, enum sl_test test, const char *text,
	size_t len, uint64_t line);
struct clue *clue_reference(struct clues *k, const char *id, uint64_t line);
/* NULL for either is allowed. */
void clue_append(struct clue *group, struct clue *child);
struct clue *clue_negated(struct clues *k, struct clue *c);
/* A group of none is nothing, of one its member. */
struct clue *clue_whole(struct clue *group);
/* The tree that this id stands for from now on; the last one given counts. NULL: it is known, and
 * says nothing. */
void clues_define(struct clues *k, const char *id, struct clue *c);
const struct clue *clues_find(const struct clues *k, const char *id);
/* Puts an indicator in the queue. 0, or what adding the queue came to. */
int clues_wait(struct clues *k, const struct draft *meta, struct clue *root, uint64_t written_ns);
/* After each tree: keeps memory bounded. Trees that were made before it are gone where it had to
 * flush. 0, or what adding the queue came to. */
int clues_trim(struct clues *k);
/* Adds what waits to the set; of one source and id what was written last. */
int clues_flush(struct clues *k);

/* clue_pattern.c: adds one indicator whose tree is root. Its outermost OR is handed on in portions,
 * so that a feed that is one OR may be of any length. 0, -ENOMEM, -E2BIG. */
int clue_add(struct clues *k, const struct draft *meta, const struct clue *root);

#endif
