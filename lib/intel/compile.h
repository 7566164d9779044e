/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.h - private to lib/intel: a branch while it becomes a detection. compile.c makes its
 * operations, leaves.c its leaves, scope.c says in what they can be true together. */
#ifndef SL_INTEL_COMPILE_H
#define SL_INTEL_COMPILE_H

#include "tree.h"

#define OPS_MAX 4096

struct compile {
	struct tree *t;
	struct sl_arena *a; /* the set's */
	struct fault *why;
	struct sl_leaf leaf[SL_LEAVES_MAX];
	size_t leaves;
	struct sl_expression expression[SL_EXPRESSIONS_MAX];
	size_t expressions;
	struct sl_op op[OPS_MAX]; /* of the run that is being made */
	size_t ops;
	uint32_t detection; /* 1 + its number */
	const struct sl_indicator *whole;
	uint64_t window; /* the longest that a qualifier names, ns; 0: none does */
	bool failed;
	int rc;
};

/* scope.c */
/* The families of messages that can say all of it, FAMILY_*; 0: none can. */
unsigned families_of(const struct twig *w);
/* A composition whose format names no scope. */
bool twig_is_loose(const struct twig *w);

/* leaves.c: the leaf of a test; its number. */
uint16_t leaf_make(struct compile *c, const struct twig *w, bool under_not);
/* The first reason is kept. Always 0. */
uint16_t compile_failed(struct compile *c, const char *code, const char *reason);

#endif
