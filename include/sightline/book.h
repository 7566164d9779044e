/* SPDX-License-Identifier: BSD-3-Clause */
/* book.h - indicators, kept small: ten million of them are to fit beside the traffic. What many
 * say alike (their source, type, marking, how they are compared; their times) is kept once, and an
 * entry names it by its number. struct sl_indicator is one spelled out. One owner; once it is
 * built, any number of readers. */
#ifndef SIGHTLINE_BOOK_H
#define SIGHTLINE_BOOK_H

#include <string.h>

#include <sightline/hash.h>
#include <sightline/intel.h>

/* What many indicators have alike. */
struct sl_kind {
	const char *source, *severity, *labels, *quiet_reason, *part;
	uint16_t where;
	uint8_t type, match, version, prefix_len, tlp, confidence, below, impact;
	bool test, quiet, allow;
};

struct sl_when {
	uint64_t from_ns, until_ns, reported_ns;
};

struct sl_entry {
	const char *value, *id, *name; /* borrowed; an IPv6 address stands in the 16 bytes before
					  its text */
	uint32_t value_len;
	uint32_t kind, when;
	uint32_t detection;
	uint32_t v4_be;
	uint16_t port, leaf;
};

struct sl_book {
	struct sl_entry *entry; /* mapped, as the next two, so that they grow without a copy */
	struct sl_kind *kind;
	struct sl_when *when;
	size_t count, cap;
	size_t kinds, kind_cap;
	size_t whens, when_cap;
	uint32_t *kind_slot, *when_slot; /* 1 + number; open addressing, a power of two */
	size_t kind_slots, when_slots;
	struct sl_arena *arena; /* of the addresses' texts; borrowed */
	struct sl_hash_key key;
};

/* The arena has to live as long as the book. 0; -EIO: no random bits. */
int sl_book_init(struct sl_book *b, struct sl_arena *arena);
void sl_book_fini(struct sl_book *b);
/* Strings are borrowed, and have to live as long as the book. Sources, severities, labels, reasons
 * and parts are told apart by their pointers: those that are alike better come from
 * sl_arena_intern. 0, -ENOMEM, -E2BIG: over 2^32 - 2 kinds. */
int sl_book_add(struct sl_book *b, const struct sl_indicator *i);
/* Writes another in the place of entry n. As sl_book_add. */
int sl_book_put(struct sl_book *b, size_t n, const struct sl_indicator *i);
void sl_book_get(const struct sl_book *b, size_t n, struct sl_indicator *out);
/* Nothing will be added any more: what only adding needs is given back. */
void sl_book_close(struct sl_book *b);
size_t sl_book_bytes(const struct sl_book *b);

static inline const struct sl_kind *sl_book_kind(const struct sl_book *b, const struct sl_entry *e)
{
	return &b->kind[e->kind];
}

static inline union sl_addr sl_book_addr(const struct sl_kind *k, const struct sl_entry *e)
{
	union sl_addr a = { .q = { 0, 0 } };
	if (k->version == 4)
		a.v4_be = e->v4_be;
	else if (k->version == 6)
		memcpy(a.b, e->value - 16, 16);
	return a;
}

#endif
