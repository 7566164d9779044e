/* SPDX-License-Identifier: BSD-3-Clause */
/* hashed.c - rte_hash in a heap of our own pages. */
#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#include <sightline/mem.h>
#include <sightline/source.h>

#include "hashed.h"

#define PAGE ((size_t)2 << 20)
#define HEAP "bench"

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

/* The tables lie in a heap of ours; a little beside them comes from the environment's own. */
static int heap_new(size_t bytes)
{
	static const struct sl_threads t = { .workers = 1, .extra = "-m 128" };
	unsigned workers;
	char err[256] = "";
	int rc = sl_threads_start(&t, &workers, err, sizeof(err));
	must(rc == 0, err);
	must(rte_malloc_heap_create(HEAP) == 0, "no heap");
	size_t len = (bytes + PAGE - 1) / PAGE * PAGE;
	void *p = sl_mem_map(len);
	must(p != NULL, "no memory");
	must(rte_malloc_heap_memory_add(HEAP, p, len, NULL, (unsigned)(len / PAGE), PAGE) == 0,
		"the environment takes no memory of ours");
	return rte_malloc_heap_get_socket(HEAP);
}

struct rte_hash *hashed_new(uint32_t entries, uint32_t key_len, bool live)
{
	struct rte_hash_parameters p = { .name = "baseline",
		.entries = entries,
		.key_len = key_len,
		.hash_func = rte_hash_crc,
		.socket_id = heap_new((size_t)entries * (key_len + 64) + 64 * PAGE),
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE |
			      (live ? RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF : 0) };
	struct rte_hash *h = rte_hash_create(&p);
	must(h != NULL, rte_strerror(rte_errno));
	return h;
}

void hashed_bulk(const struct rte_hash *h, const void **key, uint32_t n, int32_t *place)
{
	(void)rte_hash_lookup_bulk(h, key, n, place);
}

int32_t hashed_add(const struct rte_hash *h, const void *key)
{
	return rte_hash_add_key(h, key);
}

int32_t hashed_remove(const struct rte_hash *h, const void *key)
{
	return rte_hash_del_key(h, key);
}
