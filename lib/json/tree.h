/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.h - private to lib/json: the bounded buffer in which one value is built. */
#ifndef SL_JSON_TREE_H
#define SL_JSON_TREE_H

#include <stddef.h>

#include <sightline/json.h>

#define TREE_DEPTH_MAX 256

struct block;
struct tree {
	struct block *first, *at;
	size_t used, limit; /* bytes of the value that is built, and how many it may take */
	struct sl_json *open[TREE_DEPTH_MAX], *last[TREE_DEPTH_MAX];
	unsigned depth;
	const char *key; /* of the member that comes next */
	struct sl_json *root;
};

void tree_fini(struct tree *t);
/* Forgets the value, keeps the memory. */
void tree_empty(struct tree *t);
/* A node in its place below the innermost open one; NULL: the limit or no memory. */
struct sl_json *tree_add(struct tree *t, enum sl_json_kind kind);
/* A copy with a zero behind it. */
const char *tree_text(struct tree *t, const void *p, size_t len);
/* Its number, as its text says it. */
void tree_number(struct sl_json *n);
/* node's members come next. False: too deep. */
bool tree_open(struct tree *t, struct sl_json *node);
void tree_close(struct tree *t);
/* Where a value stands that will be forgotten before the tree is done: taken before it is added;
 * forgetting it gives its memory back, but for blocks that were made for it alone. */
struct tree_mark {
	struct block *at;
	size_t at_used, used, count;
	struct sl_json *last;
};
void tree_mark(const struct tree *t, struct tree_mark *m);
void tree_forget(struct tree *t, const struct tree_mark *m);

#endif
