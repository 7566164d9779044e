/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.h - private to lib/intel: an indicator's tree while it is judged. tree.c judges it and takes
 * it apart into branches, compile.c makes a detection of a branch. */
#ifndef SL_INTEL_TREE_H
#define SL_INTEL_TREE_H

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
	const char *code, *reason; /* why it is worth less than ARMED */
	uint64_t wheres[(SL_WHERE_COUNT + 63) / 64];
};

struct tree {
	struct reading *r;
	const struct draft *meta;
	struct sl_arena *arena;
	size_t twigs;
	const char *code, *reason; /* why the branch that is armed now is quiet or noted, or "" */
	bool no_memory, too_complex;
};

struct twig *twig_new(struct tree *t, enum sl_node_kind kind, const struct sl_node *node);

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

/* tree.c: what a part is worth, and which test decided; its text, the arena's. */
enum worth worth_of(const struct twig *w, const struct twig **why);
const char *text_of(struct tree *t, const struct twig *w);
/* Whether a pattern would be armed, all of it, without adding it. */
bool tree_accepts(struct tree *t, const char *text);

/* meta.c: what the configuration has on its source goes into its meta, and how it is read. False:
 * it is context there, and was told. */
bool meta_judge(struct reading *r, struct draft *meta, const struct sl_pattern *p);

/* lint_tree.c */
/* Marks the tests of an AND that can't be true together. */
void twig_contradictions(struct twig *and);
/* Whether an AND of weak tests is evidence: it names both ends of a flow, one of them public, and a
 * port. */
bool twig_pinned(const struct twig *and);
/* An address of the inside, refused alone. */
bool twig_is_private(const struct twig *w);

/* suggest.c: a pattern that is accepted: the branches without those that are refused, or one flow
 * that all of them are parts of (*is_join). "": there is none. */
const char *suggest(struct tree *t, const struct twig *const *branch, size_t n, bool *is_join);

/* compile.c: adds a branch as a detection. part: its text where it is not the whole. quiet: the
 * reason, or NULL. 0, -errno; *why says why it can't be one, with 1. */
int branch_compile(struct tree *t, const struct twig *branch, const char *part,
	const char *quiet_reason, struct fault *why);
/* The smallest scope in which the whole branch can occur: for the finding. */
enum sl_scope branch_scope(const struct twig *branch);
const char *scope_text(enum sl_scope s);

#endif
