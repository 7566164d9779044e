/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.h - private to lib/intel: an indicator's tree while it is judged. tree.c judges it and takes
 * it apart into branches, compile.c makes a detection of a branch. */
#ifndef SL_INTEL_TREE_H
#define SL_INTEL_TREE_H

#include <sightline/past.h>

#include "paths.h"
#include "reading.h"

/* How much a part is worth by itself. What is true of ordinary traffic is no evidence, but narrows
 * what stands beside it in an AND; what can't be true takes every AND around it along. */
enum worth {
	WORTH_NEVER, /* can't be seen, or can't be true */
	WORTH_CONTEXT, /* explains: an AND goes on without it */
	WORTH_WEAK, /* true of ordinary traffic: refused where nothing better is beside it */
	WORTH_QUIET,
	WORTH_ARMED,
};

/* A node of the tree that is judged. */
struct twig {
	const struct sl_node *node;
	enum sl_node_kind kind; /* the node's, or AND and OR that taking apart made */
	struct twig *child, *next;
	/* -- of a test -- */
	const struct path_row *row;
	enum worth worth;
	bool negative; /* true of what lacks something */
	bool name; /* a name at an address's path */
	bool host; /* one address */
	bool uneven; /* a list whose members are worth different things */
	int64_t number; /* of a FIELD: what it is equal to */
	bool context; /* this, or all that is in it, explains */
	struct twig **end; /* of a group that grows: where its next child goes */
	const char *code, *reason; /* why it is worth less than ARMED */
	uint64_t wheres[(SL_WHERE_COUNT + 63) / 64];
};

struct tree {
	struct reading *r;
	const struct draft *meta;
	struct sl_arena *arena;
	size_t twigs;
	const char *code, *reason; /* why the branch that is armed now is quiet or noted, or "" */
	struct sl_past_answer past; /* of that branch */
	bool asked; /* past says something */
	const char
		*mended; /* the whole without what is noted of it: told with its first part; NULL */
	bool no_memory, too_complex;
};

/* The branches that an indicator falls apart into: each is armed, quiet or refused by itself. */
struct branches {
	struct twig **at;
	size_t n, room;
};

/* NULL: no memory, or too many; the tree knows which. */
struct twig *twig_new(struct tree *t, enum sl_node_kind kind, const struct sl_node *node);

/* apart.c. An AND is worth its best part, as all of it has to be true; an OR its worst, as that may
 * be all that was. *why: the part that decided. */
enum worth worth_of(const struct twig *w, const struct twig **why);
/* Takes the tree apart at its outermost OR, and at one inside of an AND that only some of its
 * members would arm. */
void take_apart(struct tree *t, struct branches *b, struct twig *w);
bool twig_is_or(const struct twig *w);
/* FOLLOWEDBY counts as one: all of it has to be true. */
bool twig_is_and(const struct twig *w);

/* judge.c: what a test is worth, by its path, operator and constants. */
void twig_judge(struct tree *t, struct twig *w);
/* The draft of one constant of a test. False: no text. `hold` has room for its text. */
struct draft_hold {
	char value[SL_VALUE_MAX + 64];
	char where[64];
};
bool twig_draft(const struct tree *t, const struct twig *w, const struct sl_constant *c,
	struct draft_hold *hold, struct draft *out);
/* A test that the tables answer: a listed value, or one of a list. */
bool twig_listed(const struct twig *w);
/* Equal to one constant, spelled in whatever way. */
bool twig_is_equal(const struct twig *w);
/* members.c: a list whose members are worth different things, as an OR of lists that are not. */
struct twig *members_apart(struct tree *t, const struct twig *w);

/* tree.c: what is proposed instead of a whole that is noted, once; NULL. */
const char *tree_mended(struct tree *t);
/* tree.c: the text of a part, the arena's; and whether a pattern would be armed, all of it. */
const char *text_of(struct tree *t, const struct twig *w);
bool tree_accepts(struct tree *t, const char *text);

/* tree_past.c: how often a branch would have been true at most. False: nothing can be told. */
bool twig_past(struct tree *t, const struct twig *w, struct sl_past_answer *out);

/* meta.c: what the configuration has on its source goes into its meta, and how it is read. False:
 * it is context there, and was told. */
bool meta_judge(struct reading *r, struct draft *meta, const struct sl_pattern *p);

/* notes.c: the tree as STIX 2.1 has it where it was written otherwise, the arena's; it is armed,
 * all of it, and nothing is noted of it. "": there is none. */
const char *repair_text(struct tree *t, const struct sl_node *root);

/* lint_tree.c */
/* Marks the tests of an AND that can't be true together. */
void twig_contradictions(struct twig *and);
/* An address of the inside, refused alone. */
bool twig_is_private(const struct twig *w);

/* suggest.c: a pattern that is accepted: the branches without those that are refused, or one flow
 * that all of them are parts of (*is_join). "": there is none. */
const char *suggest(struct tree *t, const struct twig *const *branch, size_t n, bool *is_join);

/* compile.c: adds a branch as a detection. part: its text where it is not the whole. quiet: the
 * reason, or NULL. 0, -errno; *why says why it can't be one, with 1. */
int branch_compile(struct tree *t, const struct twig *branch, const char *part, const char *quiet,
	struct fault *why);
/* The smallest scope in which the whole branch can occur: for the finding. */
enum sl_scope branch_scope(const struct twig *branch);
const char *scope_text(enum sl_scope s);

#endif
