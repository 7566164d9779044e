/* SPDX-License-Identifier: BSD-3-Clause */
/* set.h - a compiled set of indicators: its tables, and how keys are hashed. A ruleset holds two,
 * the armed one and the allow-list. Built by a control thread, immutable afterwards. */
#ifndef SL_MATCH_SET_H
#define SL_MATCH_SET_H

#include <endian.h>

#include <sightline/book.h>
#include <sightline/hash.h>
#include <sightline/match.h>
#include <sightline/span.h>

#include "tags.h"

/* A listed value, as the tables hold it and as sl_hit.value gives it: the number of its only
 * indicator, or LISTING_MANY and where in `members` their count stands, and they behind it. */
#define LISTING_MANY 0x80000000u
#define LISTING_NONE 0xffffffffu
#define INDICATORS_MAX                                                                             \
	0x10000000u /* so that a place in `members` fits, and the number of a layer                \
		     * beside one of an indicator */

/* Prefixes of one version, shorter than a host. `filter` tells for a slice of the address space
 * (v4: the /16; v6: a hash of the first 32 bits) which lengths can occur there, by their place in
 * `length`; then each of these is looked up by the hash of (prefix, length). */
#define PREFIX_LENGTHS 128
struct prefixes {
	struct tags tags;
	uint64_t *filter;
	size_t filter_bytes;
	uint32_t filter_mask; /* v6 */
	uint64_t always; /* v6: lengths below 32 bits, which no slice holds */
	uint8_t lengths; /* distinct ones */
	uint8_t length[PREFIX_LENGTHS]; /* ascending; places from PREFIX_SHARED on share a bit */
};
#define PREFIX_SHARED 63
#define PREFIX_SLICES4 65536u

/* A name that is listed, or above one that is. Lies in `names.node` at 4 * index. */
struct name_node {
	uint32_t listing; /* LISTING_NONE: only a way to listed ones */
	uint16_t len;
	uint8_t below; /* something longer is listed */
	uint8_t text[];
};
struct names {
	struct tags tags; /* index: place of a node, in units of 4 bytes */
	uint8_t *node;
	size_t node_bytes;
	uint32_t longest; /* no listed name is longer */
	uint8_t first; /* labels of the shortest suffix that is looked up: 1 or 2 */
};
#define NAME_BYTES_MAX 1024 /* 255 bytes of RFC 1035, each escaped as \xNN */

/* Every other value, by type and text. Texts are hashed in blocks of 16 bytes, so that the hashes
 * of all beginnings come on the way; a stem says, for a run of whole blocks with which a listed
 * prefix begins, at which of the next 16 bytes one ends and whether one goes on. */
struct stem {
	uint64_t state; /* hash of the blocks: 64 secret-keyed bits stand for the text here, as a
			   stem only says where to look */
	uint16_t ends; /* bit r: a prefix ends r bytes behind the blocks */
	uint16_t more;
};
struct texts {
	struct tags tags; /* index: listing */
	struct tags stem_tags; /* index: place in `stem` */
	struct stem *stem;
	size_t stem_bytes;
	struct stem root[SL_TYPE_COUNT];
	bool schemeless; /* a URL is listed without its scheme */
};

struct set {
	const struct sl_book *book; /* borrowed */
	size_t count; /* of its entries */
	struct sl_hash_key key;
	uint32_t *members;
	size_t members_bytes;
	struct tags host4, host6; /* index: listing */
	struct prefixes prefix4, prefix6;
	struct names names;
	struct texts texts;
};

/* Sets that are asked about one observable have one key, so that it is hashed once. 0, -ENOMEM,
 * -E2BIG, or -EINVAL: an indicator that no table can hold. */
int set_build(struct set *s, const struct sl_book *book, struct sl_hash_key key);
/* image.c: the same from an image; -EBADMSG: what stands there is no set of this book. */
struct sl_image_in;
struct sl_image_out;
int set_load(
	struct set *s, const struct sl_book *book, struct sl_hash_key key, struct sl_image_in *in);
void set_save(const struct set *s, struct sl_image_out *o);
void set_fini(struct set *s);
size_t set_bytes(const struct set *s);
/* find.c: how a value like that of an entry of another book is listed; LISTING_NONE: it isn't. */
uint32_t set_find(const struct set *s, const struct sl_kind *k, const struct sl_entry *e);
/* The indicators of a listing; *n: how many. */
static inline const uint32_t *listing_members(
	const struct set *s, const uint32_t *listing, uint32_t *n)
{
	bool many = *listing & LISTING_MANY;
	const uint32_t *m = many ? &s->members[*listing & ~LISTING_MANY] : listing;
	*n = many ? *m : 1;
	return many ? m + 1 : m;
}

/* An entry under the hash of its value; false: no table can hold it. */
enum table { HOST4, HOST6, PREFIX4, PREFIX6, NAME, TEXT, TABLE_COUNT };
bool value_hash(const struct set *s, const struct sl_kind *k, const struct sl_entry *e,
	enum table *table, uint64_t *hash);
/* As memcmp: by type and value. */
int value_order(const struct sl_kind *ka, const struct sl_entry *a, const struct sl_kind *kb,
	const struct sl_entry *b);

/* ---- Building: each table from its listed values ---- */

/* A listed value on its way into a table: the hash of its key and one of its indicators. */
struct listed {
	uint64_t hash;
	uint32_t ind;
	uint32_t listing;
};
int prefixes_build(
	struct prefixes *p, const struct set *s, const struct listed *v, size_t n, uint8_t version);
int names_build(struct names *t, const struct set *s, const struct listed *v, size_t n);
int texts_build(struct texts *t, const struct set *s, const struct listed *v, size_t n);
void prefixes_fini(struct prefixes *p);
void names_fini(struct names *t);
void texts_fini(struct texts *t);

/* ---- Keys ---- */

static inline uint64_t host4_hash(const struct set *s, uint32_t v4_be)
{
	return sl_hash_u64(s->key, v4_be);
}

static inline uint64_t host6_hash(const struct set *s, const union sl_addr *a)
{
	return sl_hash_u128(s->key, a->q[0], a->q[1]);
}

/* The first `bits` of an address. */
static inline union sl_addr addr_masked(const union sl_addr *a, uint8_t bits)
{
	uint64_t hi = bits == 0 ? 0 : bits >= 64 ? ~0ull : ~0ull << (64 - bits);
	uint64_t lo = bits <= 64 ? 0 : bits >= 128 ? ~0ull : ~0ull << (128 - bits);
	return (union sl_addr){ .q = { a->q[0] & htobe64(hi), a->q[1] & htobe64(lo) } };
}

static inline uint64_t prefix_hash(const struct set *s, const union sl_addr *masked, uint8_t bits)
{
	return sl_hash_u128(s->key, masked->q[0], masked->q[1] ^ (bits + 1) * 0x9e3779b97f4a7c15u);
}

static inline size_t prefix_slice(
	const struct prefixes *p, const struct set *s, const union sl_addr *a, uint8_t version)
{
	if (version == 4)
		return be32toh(a->v4_be) >> 16;
	return sl_hash_u64(s->key, a->v4_be) & p->filter_mask;
}

static inline uint64_t name_hash(const struct set *s, const uint8_t *p, size_t len)
{
	return sl_hash_bytes(s->key, p, len);
}

static inline uint64_t text_start(const struct set *s, uint8_t type)
{
	return sl_hash_fold(s->key.k0 ^ (type + 1) * 0xd6e8feb86659fd93u, s->key.k1);
}

static inline uint64_t text_block(const struct set *s, uint64_t state, const uint8_t *p)
{
	uint64_t w[2];
	memcpy(w, p, 16);
	return sl_hash_fold(w[0] ^ s->key.k1, w[1] ^ state);
}

/* The hash of `len` bytes in all, of which the last `rest` (below 16) stand at p. */
static inline uint64_t text_end(
	const struct set *s, uint64_t state, const uint8_t *p, size_t rest, size_t len)
{
	uint64_t w[2] = { 0, 0 };
	if (rest)
		memcpy(w, p, rest);
	state = sl_hash_fold(w[0] ^ s->key.k1, w[1] ^ state);
	return sl_hash_fold(state ^ s->key.k0 ^ len, s->key.k1 ^ 0x9e3779b97f4a7c15u);
}

static inline uint64_t text_hash(const struct set *s, uint8_t type, const uint8_t *p, size_t len)
{
	uint64_t state = text_start(s, type);
	size_t at = 0;
	for (; len - at >= 16; at += 16)
		state = text_block(s, state, p + at);
	return text_end(s, state, p + at, len - at, len);
}

static inline const struct sl_entry *set_entry(const struct set *s, uint32_t number)
{
	return &s->book->entry[number];
}

static inline const struct sl_kind *set_kind(const struct set *s, const struct sl_entry *e)
{
	return sl_book_kind(s->book, e);
}

/* Whether an indicator counts at this time. */
static inline bool set_valid(const struct set *s, const struct sl_entry *e, uint64_t ts_ns)
{
	const struct sl_when *w = &s->book->when[e->when];
	return ts_ns >= w->from_ns && (w->until_ns == 0 || ts_ns < w->until_ns);
}

/* The indicator whose value stands for a listing. */
static inline const struct sl_entry *listing_first(const struct set *s, uint32_t listing)
{
	if (listing & LISTING_MANY)
		return set_entry(s, s->members[(listing & ~LISTING_MANY) + 1]);
	return set_entry(s, listing);
}

#endif
