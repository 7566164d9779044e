/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag.c - the datagrams of a worker that are not whole: found by key, given up when their time
 * is over or room is needed, told when they are whole. Worker, but for making and freeing. Never
 * allocates, never locks, never logs. */
#include <errno.h>

#include <sightline/clock.h>
#include <sightline/mem.h>

#include "fragments.h"
#include "layers.h"

#include <sightline/hot.h>

/* Datagrams that a burst may lose before they are taken, each fragment one for its place and one
 * for each chunk that it needs, and as many as are swept: they have places beside max_datagrams. */
#define LOST_MAX (SL_BURST * FRAGMENT_LEVELS * (2 + DATAGRAM_CHUNKS))

/* Copies of packets come close together. */
#define AGAIN_NS SL_SECOND

/* Each packet opens one datagram for each level at most, so that as many are swept. */
#define SWEPT_A_PACKET FRAGMENT_LEVELS

const struct sl_defrag_options sl_defrag_defaults = {
	.memory_bytes = (size_t)32 << 20,
	.max_datagrams = 16384,
	.max_fragments = 8192,
	.timeout_v4_ns = 30 * SL_SECOND,
	.timeout_v6_ns = 60 * SL_SECOND,
};

/* ---- Made and freed by control ---- */

static void *map(size_t count, size_t bytes)
{
	return sl_mem_map(count * bytes);
}

static void unmap(void *p, size_t bytes)
{
	if (p != NULL)
		sl_mem_unmap(p, bytes);
}

static size_t places(const struct sl_defrag *d)
{
	return (size_t)d->o.max_datagrams + LOST_MAX;
}

static int memory_make(struct sl_defrag *d)
{
	d->chunks.chunk = map(d->chunks.count, sizeof(struct chunk));
	d->datagram = map(places(d), sizeof(struct datagram));
	d->bucket = map((size_t)d->mask + 1, sizeof(*d->bucket));
	d->output = map(1, OUTPUT_BYTES);
	if (d->chunks.chunk == NULL || d->datagram == NULL || d->bucket == NULL ||
		d->output == NULL)
		return -ENOMEM;
	memset(d->bucket, 0xff, ((size_t)d->mask + 1) * sizeof(*d->bucket));
	POISON(d->output, OUTPUT_BYTES);
	return 0;
}

int sl_defrag_new(
	struct sl_defrag **out, const struct sl_defrag_options *o, struct sl_counters *counters)
{
	size_t chunks = o->memory_bytes / sizeof(struct chunk);
	if (chunks < DATAGRAM_CHUNKS || chunks >= NONE || o->max_datagrams < 2 ||
		o->max_datagrams > 1u << 28 || o->max_fragments == 0)
		return -EINVAL;
	struct sl_defrag *d = sl_mem_map(sizeof(*d));
	if (d == NULL)
		return -ENOMEM;
	d->o = *o;
	d->c = counters;
	d->chunks.count = (uint32_t)chunks;
	d->chunks.vacant = d->vacant = d->oldest = d->newest = NONE;
	d->first_lost = d->last_lost = NONE;
	while (d->mask < o->max_datagrams)
		d->mask = d->mask << 1 | 1;
	int rc = sl_hash_key_draw(&d->key);
	if (rc == 0)
		rc = memory_make(d);
	if (rc < 0) {
		sl_defrag_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void sl_defrag_free(struct sl_defrag *d)
{
	if (d == NULL)
		return;
	UNPOISON(d->output, d->output != NULL ? OUTPUT_BYTES : 0);
	unmap(d->output, OUTPUT_BYTES);
	unmap(d->bucket, ((size_t)d->mask + 1) * sizeof(*d->bucket));
	unmap(d->datagram, places(d) * sizeof(struct datagram));
	unmap(d->chunks.chunk, d->chunks.count * sizeof(struct chunk));
	sl_mem_unmap(d, sizeof(*d));
}

uint32_t sl_defrag_count(const struct sl_defrag *d)
{
	return d->count;
}

size_t sl_defrag_bytes(const struct sl_defrag *d)
{
	return d->chunks.used * sizeof(struct chunk);
}

uint64_t sl_defrag_work(const struct sl_defrag *d)
{
	return d->work;
}

/* ---- The table ---- */

static struct datagram *at(const struct sl_defrag *d, uint32_t i)
{
	return i != NONE ? &d->datagram[i] : NULL;
}

static void bucket_cut(struct sl_defrag *d, const struct datagram *g, uint32_t index)
{
	uint32_t *link = &d->bucket[g->hash & d->mask];
	while (*link != index) {
		link = &d->datagram[*link].chain;
		d->work++;
	}
	*link = g->chain;
}

static void age_cut(struct sl_defrag *d, const struct datagram *g)
{
	if (g->older != NONE)
		d->datagram[g->older].newer = g->newer;
	else
		d->oldest = g->newer;
	if (g->newer != NONE)
		d->datagram[g->newer].older = g->older;
	else
		d->newest = g->older;
}

static void leave(struct sl_defrag *d, struct datagram *g)
{
	chunks_give(&d->chunks, g);
	bucket_cut(d, g, (uint32_t)(g - d->datagram));
	age_cut(d, g);
	d->count--;
}

static void place_give(struct sl_defrag *d, struct datagram *g)
{
	g->newer = d->vacant;
	d->vacant = (uint32_t)(g - d->datagram);
}

void datagram_end(struct sl_defrag *d, struct datagram *g)
{
	leave(d, g);
	place_give(d, g);
}

/* It leaves the table and was never whole. Of one that was given up all has been told. */
void datagram_lose(struct sl_defrag *d, struct datagram *g, enum sl_counter why)
{
	leave(d, g);
	if (g->dead) {
		place_give(d, g);
		return;
	}
	if (g->again) {
		sl_count(d->c, SL_C_DEFRAG_AGAIN, 1);
		place_give(d, g);
		return;
	}
	sl_count(d->c, why, 1);
	uint32_t index = (uint32_t)(g - d->datagram);
	g->newer = NONE;
	if (d->last_lost != NONE)
		d->datagram[d->last_lost].newer = index;
	else
		d->first_lost = index;
	d->last_lost = index;
}

/* Its bytes are given back; what still comes of it is left out. */
void datagram_give_up(struct sl_defrag *d, struct datagram *g, enum sl_counter why)
{
	sl_count(d->c, why, 1);
	chunks_give(&d->chunks, g);
	g->dead = true;
}

static uint64_t timeout_of(const struct sl_defrag *d, const struct datagram_key *key)
{
	return key->version_proto >> 8 == 4 ? d->o.timeout_v4_ns : d->o.timeout_v6_ns;
}

static bool same_key(const struct datagram_key *a, const struct datagram_key *b)
{
	return a->src.q[0] == b->src.q[0] && a->src.q[1] == b->src.q[1] &&
	       a->dst.q[0] == b->dst.q[0] && a->dst.q[1] == b->dst.q[1] && a->vlans == b->vlans &&
	       a->id == b->id && a->salt == b->salt && a->version_proto == b->version_proto &&
	       a->level == b->level;
}

static struct datagram *find(struct sl_defrag *d, const struct datagram_key *key, uint32_t hash)
{
	for (uint32_t i = d->bucket[hash & d->mask]; i != NONE; i = d->datagram[i].chain) {
		d->work++;
		struct datagram *g = &d->datagram[i];
		if (g->hash == hash && same_key(&g->key, key))
			return g;
	}
	return NULL;
}

static uint32_t index_take(struct sl_defrag *d)
{
	if (d->count == d->o.max_datagrams)
		datagram_lose(d, at(d, d->oldest), SL_C_DEFRAG_EVICTED);
	uint32_t i = d->vacant;
	if (i == NONE)
		return d->fresh < places(d) ? d->fresh++ : NONE;
	d->vacant = d->datagram[i].newer;
	return i;
}

/* What is told of it should it be lost. */
static void note_packet(struct datagram *g, const struct sl_packet *p)
{
	g->port = p->port;
	g->vlan_count = p->vlan_count;
	memcpy(g->vlan, p->vlan, p->vlan_count * sizeof(p->vlan[0]));
	g->outer_count = p->outer_count;
	g->tunnels = p->tunnels;
	memcpy(g->outer, p->outer, p->outer_count * sizeof(p->outer[0]));
	g->has_macs = p->flags & SL_PKT_MACS;
	if (g->has_macs)
		memcpy(g->macs, p->data + p->mac_off, sizeof(g->macs));
}

static bool was_whole(const struct sl_defrag *d, uint64_t name, uint64_t ts_ns)
{
	const struct done *e = &d->done[name % DONE_COUNT];
	return e->name == name && e->ts_ns != 0 && ts_ns < e->ts_ns + AGAIN_NS;
}

static struct datagram *open_new(struct sl_defrag *d, const struct fragment *f, uint32_t hash)
{
	uint32_t i = index_take(d);
	if (i == NONE)
		return NULL;
	uint64_t name = trail_name(&f->key);
	struct datagram *g = &d->datagram[i];
	uint8_t version = (uint8_t)(f->key.version_proto >> 8);
	*g = (struct datagram){ .key = f->key,
		.first_ns = f->ts_ns,
		.seen_ns = d->clock_ns,
		.name = name,
		.again = was_whole(d, name, f->ts_ns),
		.hash = hash,
		.chain = d->bucket[hash & d->mask],
		.older = d->newest,
		.newer = NONE,
		.proto = f->proto,
		.policy = (uint8_t)sl_overlap_of(d->o.overlap, &f->key.dst, version) };
	memset(g->chunk, 0xff, sizeof(g->chunk));
	note_packet(g, f->pkt);
	d->bucket[hash & d->mask] = i;
	if (d->newest != NONE)
		d->datagram[d->newest].newer = i;
	else
		d->oldest = i;
	d->newest = i;
	d->count++;
	return g;
}

struct datagram *datagram_of(struct sl_defrag *d, const struct fragment *f)
{
	uint32_t hash = (uint32_t)(sl_hash_bytes(d->key, &f->key, sizeof(f->key)) >> 16);
	struct datagram *g = find(d, &f->key, hash);
	if (g != NULL && f->ts_ns > g->first_ns &&
		f->ts_ns - g->first_ns > timeout_of(d, &f->key)) {
		datagram_lose(d, g, SL_C_DEFRAG_TIMEOUT);
		g = NULL;
	}
	return g != NULL ? g : open_new(d, f, hash);
}

/* What nobody asks for any more: a datagram whose first fragment came when the clock was so far
 * behind, because time may run backwards between packets, or jump. Twice the longer time leaves
 * room for those that are late; and a jump counts two bursts later, so that it does not come
 * between fragments that follow each other. */
static struct datagram *sweepable(const struct sl_defrag *d)
{
	uint64_t limit = 2 * (d->o.timeout_v4_ns > d->o.timeout_v6_ns ? d->o.timeout_v4_ns
								      : d->o.timeout_v6_ns);
	uint64_t now_ns = d->clock_before_ns[1];
	struct datagram *g = at(d, d->oldest);
	return g != NULL && now_ns > g->seen_ns && now_ns - g->seen_ns > limit ? g : NULL;
}

static void sweep(struct sl_defrag *d, uint32_t most)
{
	struct datagram *g;
	while (most-- > 0 && (g = sweepable(d)) != NULL)
		datagram_lose(d, g, SL_C_DEFRAG_TIMEOUT);
}

static void pass(struct sl_defrag *d, uint32_t most)
{
	sweep(d, most);
	d->clock_before_ns[1] = d->clock_before_ns[0];
	d->clock_before_ns[0] = d->clock_ns;
}

void defrag_begin(struct sl_defrag *d, const struct sl_packet *pkt, uint16_t n)
{
	POISON(d->output, d->output_used);
	d->output_used = 0;
	pass(d, n * SWEPT_A_PACKET);
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].ts_ns > d->clock_ns)
			d->clock_ns = pkt[i].ts_ns;
}

bool sl_defrag_clock(struct sl_defrag *d, uint64_t now_ns)
{
	if (now_ns > d->clock_ns)
		d->clock_ns = now_ns;
	pass(d, SL_BURST * SWEPT_A_PACKET);
	return d->clock_before_ns[1] < d->clock_ns || sweepable(d) != NULL;
}

void sl_defrag_flush(struct sl_defrag *d)
{
	while (d->oldest != NONE)
		datagram_lose(d, at(d, d->oldest), SL_C_DEFRAG_FLUSHED);
	d->clock_ns = d->clock_before_ns[0] = d->clock_before_ns[1] = 0;
	memset(d->done, 0, sizeof(d->done));
}

/* ---- What was lost ---- */

bool sl_defrag_lost(struct sl_defrag *d, struct sl_packet *out)
{
	struct datagram *g = at(d, d->first_lost);
	if (g == NULL)
		return false;
	d->first_lost = g->newer;
	if (d->first_lost == NONE)
		d->last_lost = NONE;
	*out = (struct sl_packet){ .data = g->macs,
		.len = sizeof(g->macs),
		.wire_len = g->wire_bytes,
		.ts_ns = g->first_ns,
		.salt = g->key.salt,
		.port = g->port,
		.flags = (uint8_t)(SL_PKT_FRAGMENT | (g->has_macs ? SL_PKT_MACS : 0) |
				   (g->has_ports ? SL_PKT_L4 : 0)),
		.version = (uint8_t)(g->key.version_proto >> 8),
		.proto = g->proto,
		.src = g->key.src,
		.dst = g->key.dst,
		.sport = g->sport,
		.dport = g->dport,
		.vlan_count = g->vlan_count,
		.outer_count = g->outer_count,
		.tunnels = g->tunnels,
		.held_packets = g->packets - 1 };
	memcpy(out->vlan, g->vlan, sizeof(g->vlan));
	memcpy(out->outer, g->outer, g->outer_count * sizeof(g->outer[0]));
	if (out->salt)
		packet_salt(out);
	place_give(d, g);
	return true;
}
