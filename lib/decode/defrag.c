/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag.c - the datagrams of a worker that are not whole: found by key, given up when their time
 * is over or room is needed, told when they are whole. Worker, but for making and freeing. Never
 * allocates, never locks, never logs. */
#include <errno.h>
#include <netinet/in.h>

#include <sightline/clock.h>
#include <sightline/mem.h>

#include "fragments.h"

#include <sightline/hot.h>

/* What a burst may make whole lies here until the next one: every packet as many datagrams of the
 * largest size as are followed, so that it can't run out. Touched as it is needed. */
#define OUTPUT_ALIGN 64u
#define OUTPUT_BYTES ((size_t)SL_BURST * FRAGMENT_LEVELS * (DATAGRAM_MAX + 1))

/* Each packet opens one datagram for each level at most, so that as many are swept. */
#define SWEPT_A_PACKET FRAGMENT_LEVELS

#if defined(__SANITIZE_ADDRESS__)
#define OUTPUT_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OUTPUT_POISON 1
#endif
#endif
#ifdef OUTPUT_POISON
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

const struct sl_defrag_options sl_defrag_defaults = {
	.memory_bytes = (size_t)32 << 20,
	.max_datagrams = 16384,
	.max_fragments = 8192,
	.timeout_v4_ns = 30 * SL_SECOND,
	.timeout_v6_ns = 60 * SL_SECOND,
};

struct sl_defrag {
	struct sl_defrag_options o;
	struct sl_counters *c;
	struct sl_hash_key key;
	struct chunks chunks;
	struct datagram *datagram; /* o.max_datagrams */
	uint32_t fresh, vacant, count; /* datagrams: never used from here, list of those given */
	uint32_t oldest, newest;
	uint32_t *bucket; /* mask + 1 of them */
	uint32_t mask;
	uint8_t *output;
	size_t output_used;
	uint64_t clock_ns, work;
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

static int memory_make(struct sl_defrag *d)
{
	d->chunks.chunk = map(d->chunks.count, sizeof(struct chunk));
	d->datagram = map(d->o.max_datagrams, sizeof(struct datagram));
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
	unmap(d->datagram, d->o.max_datagrams * sizeof(struct datagram));
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

static void forget(struct sl_defrag *d, struct datagram *g)
{
	uint32_t index = (uint32_t)(g - d->datagram);
	chunks_give(&d->chunks, g);
	bucket_cut(d, g, index);
	age_cut(d, g);
	g->newer = d->vacant;
	d->vacant = index;
	d->count--;
}

/* It leaves the table and was never whole; one that was given up has been counted. */
static void lose(struct sl_defrag *d, struct datagram *g, enum sl_counter why)
{
	if (!g->dead)
		sl_count(d->c, why, 1);
	forget(d, g);
}

/* Its bytes are given back; what still comes of it is left out. */
static void give_up(struct sl_defrag *d, struct datagram *g, enum sl_counter why)
{
	sl_count(d->c, why, 1);
	chunks_give(&d->chunks, g);
	g->dead = true;
}

static uint64_t timeout_of(const struct sl_defrag *d, const struct datagram_key *key)
{
	return key->version_proto >> 8 == 4 ? d->o.timeout_v4_ns : d->o.timeout_v6_ns;
}

static struct datagram *find(struct sl_defrag *d, const struct datagram_key *key, uint32_t hash)
{
	for (uint32_t i = d->bucket[hash & d->mask]; i != NONE; i = d->datagram[i].chain) {
		d->work++;
		struct datagram *g = &d->datagram[i];
		if (g->hash == hash && memcmp(&g->key, key, sizeof(*key)) == 0)
			return g;
	}
	return NULL;
}

static uint32_t index_take(struct sl_defrag *d)
{
	if (d->vacant == NONE && d->fresh == d->o.max_datagrams)
		lose(d, at(d, d->oldest), SL_C_DEFRAG_EVICTED);
	uint32_t i = d->vacant;
	if (i == NONE)
		return d->fresh++;
	d->vacant = d->datagram[i].newer;
	return i;
}

static struct datagram *open_new(struct sl_defrag *d, const struct fragment *f, uint32_t hash)
{
	uint32_t i = index_take(d);
	struct datagram *g = &d->datagram[i];
	uint8_t version = (uint8_t)(f->key.version_proto >> 8);
	*g = (struct datagram){ .key = f->key,
		.first_ns = f->ts_ns,
		.hash = hash,
		.chain = d->bucket[hash & d->mask],
		.older = d->newest,
		.newer = NONE,
		.proto = f->proto,
		.policy = (uint8_t)sl_overlap_of(d->o.overlap, &f->key.dst, version) };
	memset(g->chunk, 0xff, sizeof(g->chunk));
	d->bucket[hash & d->mask] = i;
	if (d->newest != NONE)
		d->datagram[d->newest].newer = i;
	else
		d->oldest = i;
	d->newest = i;
	d->count++;
	return g;
}

static struct datagram *find_or_open(struct sl_defrag *d, const struct fragment *f)
{
	uint32_t hash = (uint32_t)(sl_hash_bytes(d->key, &f->key, sizeof(f->key)) >> 16);
	struct datagram *g = find(d, &f->key, hash);
	if (g != NULL && f->ts_ns > g->first_ns &&
		f->ts_ns - g->first_ns > timeout_of(d, &f->key)) {
		lose(d, g, SL_C_DEFRAG_TIMEOUT);
		g = NULL;
	}
	return g != NULL ? g : open_new(d, f, hash);
}

/* Those that no packet can find in time any more, even if packets are somewhat out of order: by
 * twice the longer time they are gone. */
static void sweep(struct sl_defrag *d, uint32_t most)
{
	uint64_t limit = 2 * (d->o.timeout_v4_ns > d->o.timeout_v6_ns ? d->o.timeout_v4_ns
								      : d->o.timeout_v6_ns);
	struct datagram *g;
	while (most-- > 0 && (g = at(d, d->oldest)) != NULL && d->clock_ns > g->first_ns &&
		d->clock_ns - g->first_ns > limit)
		lose(d, g, SL_C_DEFRAG_TIMEOUT);
}

void defrag_begin(struct sl_defrag *d, const struct sl_packet *pkt, uint16_t n)
{
	POISON(d->output, d->output_used);
	d->output_used = 0;
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].ts_ns > d->clock_ns)
			d->clock_ns = pkt[i].ts_ns;
	sweep(d, n * SWEPT_A_PACKET);
}

void sl_defrag_flush(struct sl_defrag *d)
{
	while (d->oldest != NONE)
		lose(d, at(d, d->oldest), SL_C_DEFRAG_FLUSHED);
	d->clock_ns = 0;
}

/* ---- A fragment ---- */

/* Chunks for all its bytes. The datagram's own are never put out for it. */
static bool make_room(struct sl_defrag *d, struct datagram *g, const struct fragment *f)
{
	uint32_t last = (fragment_end(f) - 1) / CHUNK_BYTES;
	for (uint32_t n = f->at / CHUNK_BYTES; n <= last; n++) {
		if (g->chunk[n] != NONE)
			continue;
		while ((g->chunk[n] = chunk_take(&d->chunks)) == NONE) {
			struct datagram *old = at(d, d->oldest);
			if (old == g)
				old = at(d, g->newer);
			if (old == NULL)
				return false;
			lose(d, old, SL_C_DEFRAG_EVICTED);
		}
		d->work++;
	}
	return true;
}

/* Too short for what its transport needs, or such that the next one brings the rest of a TCP header
 * (RFC 1858 3, RFC 3128): a filter that looks at the first alone sees no ports or flags. */
static bool is_tiny(const struct fragment *f)
{
	if (f->at == UNIT)
		return f->proto == IPPROTO_TCP && f->key.version_proto >> 8 == 4;
	size_t need = f->proto == IPPROTO_TCP ? 20 : f->proto == IPPROTO_SCTP ? 12 : 8;
	return f->at == 0 && f->bytes.len < need;
}

/* Whether the fragment can be of any datagram; its length becomes one that offsets can count. */
static bool is_sound(struct sl_defrag *d, struct fragment *f)
{
	bool v6 = f->key.version_proto >> 8 == 6;
	enum sl_counter why = SL_C_COUNT;
	if (f->cut)
		why = SL_C_FRAGMENT_CUT;
	else if (f->before + fragment_end(f) > DATAGRAM_MAX)
		why = SL_C_FRAGMENT_BIG;
	else if (f->more && f->bytes.len % UNIT != 0) {
		sl_count(d->c, SL_C_FRAGMENT_UNEVEN, 1);
		if (v6) /* RFC 8200 4.5 discards it; for IPv4, receivers cut it */
			return false;
		f->bytes.len -= f->bytes.len % UNIT;
	}
	if (why == SL_C_COUNT && f->bytes.len == 0)
		why = SL_C_FRAGMENT_EMPTY;
	if (why != SL_C_COUNT)
		sl_count(d->c, why, 1);
	return why == SL_C_COUNT;
}

/* Whether the receiver gives up a datagram whose fragments contradict each other about its end. */
static bool is_strict(const struct datagram *g)
{
	return g->key.version_proto >> 8 == 6 || g->policy == SL_OVERLAP_LINUX;
}

/* The end of a datagram; false: nothing of the fragment is to be kept. */
static bool judge_last(struct sl_defrag *d, struct datagram *g, const struct fragment *f)
{
	uint32_t end = fragment_end(f);
	if (g->has_end) {
		if (end == g->end)
			return true;
		sl_count(d->c, SL_C_FRAGMENT_LAST, 1);
		if (is_strict(g))
			give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
		return false;
	}
	g->has_end = true;
	g->end = end;
	if (end >= g->seen)
		return true;
	sl_count(d->c, SL_C_FRAGMENT_TEARDROP, 1);
	if (is_strict(g)) {
		give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
		return false;
	}
	d->work += units_of(end);
	g->covered = chunks_covered(&d->chunks, g, units_of(end));
	return true;
}

static bool judge_end(struct sl_defrag *d, struct datagram *g, struct fragment *f)
{
	if (!f->more)
		return judge_last(d, g, f);
	if (!g->has_end || fragment_end(f) <= g->end) {
		if (fragment_end(f) > g->seen)
			g->seen = fragment_end(f);
		return true;
	}
	sl_count(d->c, SL_C_FRAGMENT_BEHIND, 1);
	if (is_strict(g)) {
		give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
		return false;
	}
	if (f->at >= g->end)
		return false;
	f->bytes.len = g->end - f->at;
	return true;
}

/* RFC 5722 3 and its exception in RFC 8200 4.5; false: nothing of the fragment is to be kept. */
static bool judge_overlap(
	struct sl_defrag *d, struct datagram *g, const struct fragment *f, bool new_end)
{
	bool v6 = g->key.version_proto >> 8 == 6;
	struct meeting m = chunks_meet(&d->chunks, g, f);
	if (m.covered == 0)
		return true;
	if (m.same == units_of((uint32_t)f->bytes.len) && !(v6 && new_end)) {
		sl_count(d->c, SL_C_FRAGMENT_COPY, 1);
		return false;
	}
	sl_count(d->c, SL_C_FRAGMENT_OVERLAP, 1);
	if (m.differ > 0)
		sl_count(d->c, SL_C_FRAGMENT_CONFLICT, 1);
	if (!v6)
		return true;
	give_up(d, g, SL_C_DEFRAG_OVERLAPPED);
	return false;
}

static void note_first(struct datagram *g, const struct fragment *f)
{
	g->proto = f->proto;
	const uint8_t *p = f->bytes.p;
	if ((g->proto != IPPROTO_UDP && g->proto != IPPROTO_SCTP) || f->bytes.len < 4)
		return;
	g->sport = (uint16_t)(p[0] << 8 | p[1]);
	g->dport = (uint16_t)(p[2] << 8 | p[3]);
	g->has_ports = true;
}

static void keep(struct sl_defrag *d, struct datagram *g, struct fragment *f)
{
	if (g->dead) {
		sl_count(d->c, SL_C_FRAGMENT_LATE, 1);
		return;
	}
	if (++g->fragments > d->o.max_fragments) {
		give_up(d, g, SL_C_DEFRAG_MANY);
		return;
	}
	if (is_tiny(f))
		sl_count(d->c, SL_C_FRAGMENT_TINY, 1);
	if (f->at == 0)
		note_first(g, f);
	d->work += 2 * units_of((uint32_t)f->bytes.len);
	bool new_end = !f->more && !g->has_end;
	if (!judge_end(d, g, f) || !judge_overlap(d, g, f, new_end))
		return;
	if (!make_room(d, g, f)) {
		give_up(d, g, SL_C_DEFRAG_EVICTED);
		return;
	}
	g->covered += chunks_paint(&d->chunks, g, f);
}

static bool is_whole(const struct datagram *g)
{
	return g->has_end && !g->dead && g->covered == units_of(g->end);
}

bool defrag_put(struct sl_defrag *d, struct fragment *f, struct whole *out, struct datagram **g)
{
	*g = NULL;
	if (!is_sound(d, f))
		return false;
	*g = find_or_open(d, f);
	keep(d, *g, f);
	if (!is_whole(*g) || OUTPUT_BYTES - d->output_used < DATAGRAM_MAX)
		return false;
	uint8_t *to = d->output + d->output_used;
	UNPOISON(to, (*g)->end);
	chunks_copy(&d->chunks, *g, to);
	d->work += units_of((*g)->end);
	*out = (struct whole){ .bytes = sl_span(to, (*g)->end), .proto = (*g)->proto };
	d->output_used += ((*g)->end + OUTPUT_ALIGN - 1) / OUTPUT_ALIGN * OUTPUT_ALIGN;
	sl_count(d->c, SL_C_DEFRAG_WHOLE, 1);
	forget(d, *g);
	*g = NULL;
	return true;
}
