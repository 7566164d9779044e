/* SPDX-License-Identifier: BSD-3-Clause */
/* expect.c - the table of announced flows: a keyed hash over records in order of age. One worker;
 * only _new and _free make or end memory, and control calls those. Every call does a bounded amount
 * of work but sl_expect_clear, which does it once a capture. */
#include <errno.h>

#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/expect.h>
#include <sightline/hash.h>
#include <sightline/mem.h>
#include <sightline/parser.h>

#include <sightline/hot.h>

#define NIL UINT32_MAX
#define EXPIRE_NS (120 * SL_SECOND) /* the client has the port and connects now, or not at all */
#define EXPIRE_AT_ONCE 2 /* for each that is announced: the table never grows by what is over */

/* The end whose port is known, and the other's address. */
struct key {
	union sl_addr addr, peer;
	uint16_t port;
	uint8_t version, proto;
};

struct entry {
	struct key key;
	const struct sl_parser *parser;
	uint64_t until_ns;
	uint32_t chain; /* next of its bucket; of a vacant one: next vacant */
	uint32_t older, newer;
	uint16_t note_len;
	uint8_t note[SL_EXPECT_NOTE];
};

struct sl_expect {
	struct sl_hash_key hash_key;
	struct sl_counters *counters;
	size_t map_bytes;
	uint32_t entries, mask, count;
	uint32_t fresh; /* records from here on were never used */
	uint32_t vacant, oldest, newest;
	uint32_t *bucket;
	struct entry *entry;
};

int sl_expect_new(struct sl_expect **out, uint32_t entries, struct sl_counters *counters)
{
	if (entries == 0 || entries > 1u << 24)
		return -EINVAL;
	uint32_t buckets = 1;
	while (buckets < entries)
		buckets *= 2;
	size_t head = (sizeof(struct sl_expect) + 63) / 64 * 64;
	size_t table = (buckets * sizeof(uint32_t) + 63) / 64 * 64;
	size_t bytes = head + table + entries * sizeof(struct entry);
	struct sl_expect *e = sl_mem_map(bytes);
	if (e == NULL)
		return -ENOMEM;
	int rc = sl_hash_key_draw(&e->hash_key);
	if (rc < 0) {
		sl_mem_unmap(e, bytes);
		return rc;
	}
	e->counters = counters;
	e->map_bytes = bytes;
	e->entries = entries;
	e->mask = buckets - 1;
	e->bucket = (uint32_t *)(void *)((uint8_t *)e + head);
	e->entry = (struct entry *)(void *)((uint8_t *)e + head + table);
	e->vacant = e->oldest = e->newest = NIL;
	memset(e->bucket, 0xff, buckets * sizeof(uint32_t));
	*out = e;
	return 0;
}

void sl_expect_free(struct sl_expect *e)
{
	if (e != NULL)
		sl_mem_unmap(e, e->map_bytes);
}

uint32_t sl_expect_count(const struct sl_expect *e)
{
	return e->count;
}

/* ---- The table ---- */

static uint32_t *bucket_of(const struct sl_expect *e, const struct key *k)
{
	uint64_t a = sl_hash_u128(e->hash_key, k->addr.q[0], k->addr.q[1]);
	uint64_t b = sl_hash_u128(e->hash_key, k->peer.q[0], k->peer.q[1]);
	uint64_t rest = (uint64_t)k->port << 16 | (uint64_t)k->proto << 8 | k->version;
	uint64_t h = sl_hash_u64(e->hash_key, sl_hash_u128(e->hash_key, a, ~b) ^ rest);
	return &e->bucket[h & e->mask];
}

static bool addr_eq(const union sl_addr *a, const union sl_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static bool key_eq(const struct key *a, const struct key *b)
{
	return a->port == b->port && a->proto == b->proto && a->version == b->version &&
	       addr_eq(&a->addr, &b->addr) && addr_eq(&a->peer, &b->peer);
}

static uint32_t find(const struct sl_expect *e, const struct key *k)
{
	uint32_t i = *bucket_of(e, k);
	while (i != NIL && !key_eq(&e->entry[i].key, k))
		i = e->entry[i].chain;
	return i;
}

static void age_cut(struct sl_expect *e, uint32_t i)
{
	struct entry *x = &e->entry[i];
	*(x->older == NIL ? &e->oldest : &e->entry[x->older].newer) = x->newer;
	*(x->newer == NIL ? &e->newest : &e->entry[x->newer].older) = x->older;
}

static void age_put(struct sl_expect *e, uint32_t i)
{
	e->entry[i].older = e->newest;
	e->entry[i].newer = NIL;
	*(e->newest == NIL ? &e->oldest : &e->entry[e->newest].newer) = i;
	e->newest = i;
}

/* Its bytes stay as they are until the record is used again. */
static void drop(struct sl_expect *e, uint32_t i, enum sl_counter why)
{
	uint32_t *at = bucket_of(e, &e->entry[i].key);
	while (*at != i)
		at = &e->entry[*at].chain;
	*at = e->entry[i].chain;
	age_cut(e, i);
	e->entry[i].chain = e->vacant;
	e->vacant = i;
	e->count--;
	sl_count(e->counters, why, 1);
}

static void expire(struct sl_expect *e, uint64_t now_ns)
{
	for (unsigned i = 0; i < EXPIRE_AT_ONCE && e->oldest != NIL; i++)
		if (e->entry[e->oldest].until_ns < now_ns)
			drop(e, e->oldest, SL_C_EXPECTED_EXPIRED);
}

/* A record for the key, in its bucket; not yet in order of age. */
static struct entry *place(struct sl_expect *e, const struct key *k, uint64_t now_ns)
{
	uint32_t i = find(e, k);
	if (i != NIL) {
		age_cut(e, i);
		return &e->entry[i];
	}
	expire(e, now_ns);
	if (e->vacant == NIL && e->fresh == e->entries)
		drop(e, e->oldest, SL_C_EXPECTED_EVICTED);
	if (e->vacant != NIL) {
		i = e->vacant;
		e->vacant = e->entry[i].chain;
	} else {
		i = e->fresh++;
	}
	uint32_t *at = bucket_of(e, k);
	e->entry[i].key = *k;
	e->entry[i].chain = *at;
	*at = i;
	e->count++;
	sl_count(e->counters, SL_C_EXPECTED, 1);
	return &e->entry[i];
}

void sl_expect_clear(struct sl_expect *e)
{
	while (e->oldest != NIL)
		drop(e, e->oldest, SL_C_EXPECTED_EXPIRED);
}

/* ---- Announcing ---- */

static struct key key_of(const struct sl_flow *f, enum sl_dir end, uint16_t port, uint8_t proto)
{
	bool responder = end == SL_TO_SERVER;
	return (struct key){
		.addr = responder ? f->dst : f->src,
		.peer = responder ? f->src : f->dst,
		.port = port,
		.version = f->version,
		.proto = proto,
	};
}

void sl_expect_announce(struct sl_batch *b, const struct sl_expected *what)
{
	if (b->expect == NULL || what->port == 0)
		return;
	struct sl_expect *e = b->expect;
	struct key k = key_of(b->flow, what->end, what->port, what->proto);
	struct entry *x = place(e, &k, b->ts_ns);
	size_t n = what->note.len < SL_EXPECT_NOTE ? what->note.len : SL_EXPECT_NOTE;
	x->parser = what->parser;
	x->until_ns = b->ts_ns + EXPIRE_NS;
	x->note_len = (uint16_t)n;
	if (n > 0)
		memcpy(x->note, what->note.p, n);
	age_put(e, (uint32_t)(x - e->entry));
}

void sl_expect_announce_at(
	struct sl_batch *b, const struct sl_expected *what, struct sl_span address)
{
	if (b->expect == NULL)
		return;
	uint8_t version = address.len == 4 ? 4 : 6;
	union sl_addr a = { .q = { 0, 0 } };
	memcpy(a.b, address.p, address.len < sizeof(a.b) ? address.len : sizeof(a.b));
	if (b->salt)
		sl_decode_salt(&a, version, b->salt);
	struct key k = key_of(b->flow, what->end, what->port, what->proto);
	if (version != k.version || !addr_eq(&a, &k.addr))
		sl_count(b->expect->counters, SL_C_EXPECTED_ELSEWHERE, 1);
	sl_expect_announce(b, what);
}

/* ---- Asking ---- */

const struct sl_parser *sl_expect_claim(
	struct sl_expect *e, const struct sl_flow *f, uint64_t now_ns, struct sl_span *note)
{
	if (e == NULL || e->count == 0)
		return NULL;
	/* Who began the flow is a guess where its begin was missed, and the announcement tells
	 * of one end only: either may be the one. */
	struct key k = key_of(f, SL_TO_SERVER, f->dport, f->proto);
	uint32_t i = find(e, &k);
	if (i == NIL) {
		k = key_of(f, SL_TO_CLIENT, f->sport, f->proto);
		i = find(e, &k);
	}
	if (i == NIL)
		return NULL;
	bool late = e->entry[i].until_ns < now_ns;
	drop(e, i, late ? SL_C_EXPECTED_EXPIRED : SL_C_EXPECTED_MET);
	if (late)
		return NULL;
	*note = sl_span(e->entry[i].note, e->entry[i].note_len);
	return e->entry[i].parser;
}
