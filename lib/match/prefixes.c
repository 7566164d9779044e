/* SPDX-License-Identifier: BSD-3-Clause */
/* prefixes.c - the table of listed prefixes. Control thread. */
#include <errno.h>

#include <sightline/mem.h>

#include "set.h"

#define SLICES6_MAX 262144u /* 2 MB */

/* The lengths that occur, ascending, and each one's bit in the filter. */
static void lengths_find(struct prefixes *p, const struct set *s, const struct listed *v, size_t n,
	uint64_t bit[PREFIX_LENGTHS])
{
	bool there[PREFIX_LENGTHS] = { false };
	for (size_t i = 0; i < n; i++)
		there[set_kind(s, set_entry(s, v[i].ind))->prefix_len] = true;
	for (unsigned len = 0; len < PREFIX_LENGTHS; len++) {
		if (!there[len])
			continue;
		bit[len] = 1ull << (p->lengths < PREFIX_SHARED ? p->lengths : PREFIX_SHARED);
		p->length[p->lengths++] = (uint8_t)len;
	}
}

static void filter_put(struct prefixes *p, const struct set *s, const struct sl_entry *e,
	const uint64_t *bits, uint8_t version)
{
	const struct sl_kind *k = set_kind(s, e);
	union sl_addr a = sl_book_addr(k, e);
	uint64_t bit = bits[k->prefix_len];
	size_t slice = prefix_slice(p, s, &a, version), slices = 1;
	if (version == 6 && k->prefix_len < 32) {
		p->always |= bit;
		return;
	}
	if (version == 4 && k->prefix_len < 16) {
		slices = (size_t)1 << (16 - k->prefix_len);
		slice &= ~(slices - 1);
	}
	for (size_t i = 0; i < slices; i++)
		p->filter[slice + i] |= bit;
}

int prefixes_build(
	struct prefixes *p, const struct set *s, const struct listed *v, size_t n, uint8_t version)
{
	uint64_t bit[PREFIX_LENGTHS] = { 0 };
	*p = (struct prefixes){ .lengths = 0 };
	int rc = tags_init(&p->tags, n);
	if (rc < 0 || n == 0)
		return rc;
	lengths_find(p, s, v, n, bit);
	size_t slices = PREFIX_SLICES4;
	if (version == 6) {
		for (slices = 1024; slices < SLICES6_MAX && slices < n * 4;)
			slices *= 2;
	}
	p->filter_mask = (uint32_t)slices - 1;
	p->filter_bytes = slices * sizeof(*p->filter);
	p->filter = sl_mem_map(p->filter_bytes);
	if (p->filter == NULL) {
		p->filter_bytes = 0;
		prefixes_fini(p);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		tags_add(&p->tags, v[i].hash, (uint32_t)v[i].hash, v[i].listing);
		filter_put(p, s, set_entry(s, v[i].ind), bit, version);
	}
	return 0;
}

void prefixes_fini(struct prefixes *p)
{
	tags_fini(&p->tags);
	sl_mem_unmap(p->filter, p->filter_bytes);
	p->filter = NULL;
	p->filter_bytes = 0;
	p->lengths = 0;
}
