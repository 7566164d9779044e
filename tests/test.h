/* SPDX-License-Identifier: BSD-3-Clause */
/* test.h - what every unit test includes: cmocka, and input that ends where memory ends. */
#ifndef SIGHTLINE_TEST_H
#define SIGHTLINE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* A copy of len bytes whose last byte is the last of a page, before one that can't be read: an
 * over-read faults in the test that caused it. */
struct guarded {
	uint8_t *map, *p;
	size_t map_len, len;
};

static inline struct guarded guarded_new(const void *data, size_t len)
{
	size_t pages = (len + 4095) / 4096 * 4096;
	struct guarded g = { .map_len = pages + 4096, .len = len };
	g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g.map != MAP_FAILED);
	assert_int_equal(mprotect(g.map + pages, 4096, PROT_NONE), 0);
	g.p = g.map + pages - len;
	if (len)
		memcpy(g.p, data, len);
	return g;
}

static inline void guarded_free(struct guarded *g)
{
	munmap(g->map, g->map_len);
}

#endif
