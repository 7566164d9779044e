/* SPDX-License-Identifier: BSD-3-Clause */
/* pages.h - the memory of a worker's decoders: runs of pages out of one block. */
#ifndef COMPRESS_PAGES_H
#define COMPRESS_PAGES_H

#include <sightline/inflate.h>

/* What one decoder holds of it; zero: nothing. */
struct pages_user {
	struct sl_inflate_pool *pool;
	uint32_t held; /* pages */
};

/* Not zeroed, aligned to a page; NULL: no run of that length, or more than one user may have. */
void *pages_take(struct pages_user *u, size_t bytes);
void pages_give(struct pages_user *u, void *p); /* NULL is allowed */

#endif
