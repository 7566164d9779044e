/* SPDX-License-Identifier: BSD-3-Clause */
/* book.c - indicators, kept small. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <sightline/book.h>
#include <sightline/mem.h>

#define FIRST 1024

int sl_book_init(struct sl_book *b, struct sl_arena *arena)
{
	*b = (struct sl_book){ .arena = arena };
	return sl_hash_key_draw(&b->key);
}

static void gone(void *p, size_t cap, size_t each)
{
	if (p != NULL)
		munmap(p, cap * each);
}

void sl_book_fini(struct sl_book *b)
{
	gone(b->entry, b->cap, sizeof(*b->entry));
	gone(b->kind, b->kind_cap, sizeof(*b->kind));
	gone(b->when, b->when_cap, sizeof(*b->when));
	sl_book_close(b);
	b->entry = NULL;
	b->kind = NULL;
	b->when = NULL;
	b->count = b->cap = b->kinds = b->kind_cap = b->whens = b->when_cap = 0;
}

void sl_book_close(struct sl_book *b)
{
	free(b->kind_slot);
	free(b->when_slot);
	b->kind_slot = b->when_slot = NULL;
	b->kind_slots = b->when_slots = 0;
}

/* Twice the room; the kernel moves pages, and those never touched cost nothing. */
static void *wider(void *old, size_t *cap, size_t each)
{
	size_t more = *cap ? *cap * 2 : FIRST;
	void *p = old == NULL ? mmap(NULL, more * each, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
			      : mremap(old, *cap * each, more * each, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return NULL;
	*cap = more;
	return p;
}

/* ---- Kinds and times: each once ---- */

static uint64_t kind_hash(const struct sl_book *b, const struct sl_kind *k)
{
	uint64_t h = sl_hash_u128(b->key, (uintptr_t)k->source, (uintptr_t)k->severity);
	h = sl_hash_u128(b->key, h ^ (uintptr_t)k->labels, (uintptr_t)k->quiet_reason);
	h = sl_hash_u128(b->key, h ^ (uintptr_t)k->part,
		(uint64_t)k->where << 48 | (uint64_t)k->type << 40 | (uint64_t)k->match << 32 |
			(uint64_t)k->version << 24 | (uint64_t)k->prefix_len << 16 |
			(uint64_t)k->tlp << 8 | k->confidence);
	return sl_hash_u64(
		b->key, h ^ (k->below | (unsigned)k->impact << 16 | (unsigned)k->test << 8 |
				    (unsigned)k->quiet << 9 | (unsigned)k->allow << 10));
}

static bool kind_same(const struct sl_kind *a, const struct sl_kind *b)
{
	return a->source == b->source && a->severity == b->severity && a->labels == b->labels &&
	       a->quiet_reason == b->quiet_reason && a->part == b->part && a->where == b->where &&
	       a->type == b->type && a->match == b->match && a->version == b->version &&
	       a->prefix_len == b->prefix_len && a->tlp == b->tlp &&
	       a->confidence == b->confidence && a->below == b->below && a->impact == b->impact &&
	       a->test == b->test && a->quiet == b->quiet && a->allow == b->allow;
}

static uint64_t when_hash(const struct sl_book *b, const struct sl_when *w)
{
	return sl_hash_u128(b->key, sl_hash_u128(b->key, w->from_ns, w->until_ns), w->reported_ns);
}

static bool when_same(const struct sl_when *a, const struct sl_when *b)
{
	return a->from_ns == b->from_ns && a->until_ns == b->until_ns &&
	       a->reported_ns == b->reported_ns;
}

static uint64_t hash_of(const struct sl_book *b, bool kinds, size_t n)
{
	return kinds ? kind_hash(b, &b->kind[n]) : when_hash(b, &b->when[n]);
}

static int slots_grow(struct sl_book *b, bool kinds)
{
	uint32_t **slot = kinds ? &b->kind_slot : &b->when_slot;
	size_t *slots = kinds ? &b->kind_slots : &b->when_slots;
	size_t n = kinds ? b->kinds : b->whens, more = 256;
	while (more < n * 4)
		more *= 2;
	uint32_t *p = calloc(more, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t at = hash_of(b, kinds, i) & (more - 1);
		while (p[at] != 0)
			at = (at + 1) & (more - 1);
		p[at] = (uint32_t)i + 1;
	}
	free(*slot);
	*slot = p;
	*slots = more;
	return 0;
}

static int kind_number(struct sl_book *b, const struct sl_kind *k, uint32_t *out)
{
	if (b->kinds * 2 >= b->kind_slots && slots_grow(b, true) < 0)
		return -ENOMEM;
	size_t at = kind_hash(b, k) & (b->kind_slots - 1);
	for (; b->kind_slot[at] != 0; at = (at + 1) & (b->kind_slots - 1)) {
		*out = b->kind_slot[at] - 1;
		if (kind_same(&b->kind[*out], k))
			return 0;
	}
	if (b->kinds >= UINT32_MAX - 1)
		return -E2BIG;
	if (b->kinds == b->kind_cap) {
		void *p = wider(b->kind, &b->kind_cap, sizeof(*b->kind));
		if (p == NULL)
			return -ENOMEM;
		b->kind = p;
	}
	b->kind[b->kinds] = *k;
	*out = (uint32_t)b->kinds++;
	b->kind_slot[at] = *out + 1;
	return 0;
}

static int when_number(struct sl_book *b, const struct sl_when *w, uint32_t *out)
{
	if (b->whens * 2 >= b->when_slots && slots_grow(b, false) < 0)
		return -ENOMEM;
	size_t at = when_hash(b, w) & (b->when_slots - 1);
	for (; b->when_slot[at] != 0; at = (at + 1) & (b->when_slots - 1)) {
		*out = b->when_slot[at] - 1;
		if (when_same(&b->when[*out], w))
			return 0;
	}
	if (b->whens >= UINT32_MAX - 1)
		return -E2BIG;
	if (b->whens == b->when_cap) {
		void *p = wider(b->when, &b->when_cap, sizeof(*b->when));
		if (p == NULL)
			return -ENOMEM;
		b->when = p;
	}
	b->when[b->whens] = *w;
	*out = (uint32_t)b->whens++;
	b->when_slot[at] = *out + 1;
	return 0;
}

/* ---- Entries ---- */

/* The text of an IPv6 address, with the address itself before it. */
static const char *addressed(struct sl_book *b, const struct sl_indicator *i)
{
	char *p = sl_arena_take(b->arena, 16 + i->value_len + 1);
	if (p == NULL)
		return NULL;
	memcpy(p, i->addr.b, 16);
	return memcpy(p + 16, i->value, i->value_len);
}

static int entry_of(struct sl_book *b, const struct sl_indicator *i, struct sl_entry *out)
{
	struct sl_kind k = { .source = i->source,
		.severity = i->severity,
		.labels = i->labels,
		.quiet_reason = i->quiet_reason,
		.part = i->part,
		.where = i->where,
		.type = i->type,
		.match = i->match,
		.version = i->version,
		.prefix_len = i->prefix_len,
		.tlp = i->tlp,
		.confidence = i->confidence,
		.below = i->below,
		.impact = i->impact,
		.test = i->test,
		.quiet = i->quiet,
		.allow = i->allow };
	struct sl_when w = { i->valid_from_ns, i->valid_until_ns, i->reported_ns };
	*out = (struct sl_entry){ .value = i->value,
		.id = i->id,
		.name = i->name,
		.value_len = i->value_len,
		.detection = i->detection,
		.v4_be = i->version == 4 ? i->addr.v4_be : 0,
		.port = i->port,
		.leaf = i->leaf };
	int rc = kind_number(b, &k, &out->kind);
	return rc < 0 ? rc : when_number(b, &w, &out->when);
}

int sl_book_add(struct sl_book *b, const struct sl_indicator *i)
{
	struct sl_entry e;
	int rc = entry_of(b, i, &e);
	if (rc < 0)
		return rc;
	if (i->version == 6 && (e.value = addressed(b, i)) == NULL)
		return -ENOMEM;
	if (b->count == b->cap) {
		void *p = wider(b->entry, &b->cap, sizeof(*b->entry));
		if (p == NULL)
			return -ENOMEM;
		b->entry = p;
	}
	b->entry[b->count++] = e;
	return 0;
}

int sl_book_put(struct sl_book *b, size_t n, const struct sl_indicator *i)
{
	struct sl_entry e;
	int rc = entry_of(b, i, &e);
	if (rc < 0)
		return rc;
	bool same = e.value == b->entry[n].value; /* its address stands before it already */
	if (i->version == 6 && !same && (e.value = addressed(b, i)) == NULL)
		return -ENOMEM;
	b->entry[n] = e;
	return 0;
}

void sl_book_get(const struct sl_book *b, size_t n, struct sl_indicator *out)
{
	const struct sl_entry *e = &b->entry[n];
	const struct sl_kind *k = sl_book_kind(b, e);
	const struct sl_when *w = &b->when[e->when];
	*out = (struct sl_indicator){ .id = e->id,
		.source = k->source,
		.name = e->name,
		.severity = k->severity,
		.labels = k->labels,
		.quiet_reason = k->quiet_reason,
		.part = k->part,
		.value = e->value,
		.value_len = e->value_len,
		.where = k->where,
		.port = e->port,
		.type = k->type,
		.match = k->match,
		.version = k->version,
		.prefix_len = k->prefix_len,
		.tlp = k->tlp,
		.confidence = k->confidence,
		.test = k->test,
		.quiet = k->quiet,
		.allow = k->allow,
		.below = k->below,
		.impact = k->impact,
		.leaf = e->leaf,
		.detection = e->detection,
		.addr = sl_book_addr(k, e),
		.valid_from_ns = w->from_ns,
		.valid_until_ns = w->until_ns,
		.reported_ns = w->reported_ns };
}

size_t sl_book_bytes(const struct sl_book *b)
{
	return b->count * sizeof(*b->entry) + b->kinds * sizeof(*b->kind) +
	       b->whens * sizeof(*b->when) +
	       (b->kind_slots + b->when_slots) * sizeof(*b->kind_slot);
}
