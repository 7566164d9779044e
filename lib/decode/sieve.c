/* SPDX-License-Identifier: BSD-3-Clause */
/* sieve.c - leaves out what is excluded, and copies. A copy is found by a keyed hash over what two
 * copies have in common, in a table that forgets the oldest of a set. Worker, but for making and
 * freeing. Never allocates, never locks. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/hash.h>
#include <sightline/mem.h>

#include "sieve.h"

#define SETS 32768u
#define WAYS 4u
#define LOOKED_SHARE 64u /* of packets, where copies are only counted */

struct seen {
	uint64_t name; /* 0: none */
	uint64_t ts_ns;
};

struct set {
	struct seen way[WAYS]; /* a cache line */
};

struct sl_sieve {
	struct sl_sieve_options o;
	struct sl_counters *c;
	struct sl_hash_key key;
	struct set *set; /* SETS of them; NULL: copies are kept */
};

void sl_sieve_free(struct sl_sieve *s)
{
	if (s == NULL)
		return;
	sl_mem_unmap(s->set, SETS * sizeof(struct set));
	free(s);
}

int sl_sieve_new(
	struct sl_sieve **out, const struct sl_sieve_options *o, struct sl_counters *counters)
{
	*out = NULL;
	if (o->exclude == NULL && o->copies == SL_COPIES_KEEP)
		return 0;
	struct sl_sieve *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->o = *o;
	s->c = counters;
	int rc = sl_hash_key_draw(&s->key);
	if (rc == 0 && o->copies != SL_COPIES_KEEP) {
		s->set = sl_mem_map(SETS * sizeof(struct set));
		rc = s->set != NULL ? 0 : -ENOMEM;
	}
	if (rc < 0) {
		sl_sieve_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

#include <sightline/hot.h>

static uint64_t ends_of(const struct sl_sieve *s, const struct sl_packet *p)
{
	uint64_t src = sl_hash_u128(s->key, p->src.q[0], p->src.q[1]);
	return sl_hash_u128(s->key, src ^ p->dst.q[0], p->dst.q[1]);
}

/* What two copies have in common, but for the payload. */
static uint64_t head_of(const struct sl_sieve *s, const struct sl_packet *p)
{
	uint64_t numbers = (uint64_t)p->tcp_seq << 32 | p->tcp_ack;
	uint64_t ends = (uint64_t)p->sport << 48 | (uint64_t)p->dport << 32 |
			(uint64_t)p->ip_id << 16 | p->ip_len;
	return sl_hash_u128(s->key, numbers, ends ^ ends_of(s, p));
}

/* Of a packet and its copy both or neither. */
static bool in_sample(const struct sl_packet *p)
{
	uint32_t v = ((uint32_t)p->ip_id << 16 | p->ip_len) ^ p->tcp_seq ^ p->tcp_ack ^
		     ((uint32_t)p->sport << 16 | p->dport);
	return v * 0x9e3779b1u < UINT32_MAX / LOOKED_SHARE;
}

/* Whether copies of the packet can be told, and are to be. */
static bool looks_at(const struct sl_sieve *s, const struct sl_packet *p)
{
	if (p->version == 0 || !(p->flags & SL_PKT_L4) ||
		(p->flags & (SL_PKT_FRAGMENT | SL_PKT_REASSEMBLED)))
		return false;
	if (p->ip_id == 0 && (p->flags & SL_PKT_CUT))
		return false;
	return s->o.copies == SL_COPIES_DROP || in_sample(p);
}

static bool was_seen(struct sl_sieve *s, uint64_t name, uint64_t ts_ns)
{
	struct set *set = &s->set[name % SETS];
	struct seen *oldest = set->way;
	for (unsigned i = 0; i < WAYS; i++) {
		struct seen *e = &set->way[i];
		uint64_t apart = e->ts_ns > ts_ns ? e->ts_ns - ts_ns : ts_ns - e->ts_ns;
		if (e->name == name && apart <= s->o.window_ns)
			return true;
		if (e->name == name || e->ts_ns < oldest->ts_ns)
			oldest = e;
	}
	*oldest = (struct seen){ .name = name, .ts_ns = ts_ns };
	return false;
}

static void leave_out(struct sl_sieve *s, struct sl_packet *p, enum sl_drop why)
{
	p->version = 0;
	p->flags &= (uint8_t)~SL_PKT_FRAGMENT; /* which would count it as held */
	sl_count_drop(s->c, why);
}

static void look(struct sl_sieve *s, struct sl_packet *p)
{
	const uint8_t *l4 = p->payload - p->l4_len;
	uint64_t name = sl_hash_bytes(s->key, l4, p->payload_len + p->l4_len) ^ head_of(s, p);
	sl_count(s->c, SL_C_COPIES_LOOKED, 1);
	if (!was_seen(s, name | 1, p->ts_ns))
		return;
	sl_count(s->c, SL_C_COPIES, 1);
	if (s->o.copies == SL_COPIES_DROP)
		leave_out(s, p, SL_DROP_DUPLICATE);
}

void sl_sieve(struct sl_sieve *s, struct sl_packet *pkt, uint16_t n)
{
	for (uint16_t i = 0; s->o.exclude != NULL && i < n; i++)
		if (pkt[i].version != 0 && excluded(s->o.exclude, &pkt[i]))
			leave_out(s, &pkt[i], SL_DROP_EXCLUDED);
	for (uint16_t i = 0; s->set != NULL && i < n; i++)
		if (looks_at(s, &pkt[i]))
			look(s, &pkt[i]);
}

void sl_sieve_lost(struct sl_sieve *s, struct sl_packet *pkt, uint16_t n)
{
	for (uint16_t i = 0; s->o.exclude != NULL && i < n; i++)
		if (excluded(s->o.exclude, &pkt[i]))
			pkt[i].version = 0;
}
