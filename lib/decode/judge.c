/* SPDX-License-Identifier: BSD-3-Clause */
/* judge.c - a fragment against its datagram: whether it can be of any, what it contradicts, whether
 * it is kept, and whether it was the one that was missing. Worker. Never allocates, never locks,
 * never logs. */
#include <netinet/in.h>

#include "fragments.h"

#include <sightline/hot.h>

/* Chunks for all its bytes. The datagram's own are never put out for it. */
static bool make_room(struct sl_defrag *d, struct datagram *g, const struct fragment *f)
{
	uint32_t last = (fragment_end(f) - 1) / CHUNK_BYTES;
	for (uint32_t n = f->at / CHUNK_BYTES; n <= last; n++) {
		if (g->chunk[n] != NONE)
			continue;
		while ((g->chunk[n] = chunk_take(&d->chunks)) == NONE) {
			uint32_t old = d->oldest;
			if (old == (uint32_t)(g - d->datagram))
				old = g->newer;
			if (old == NONE)
				return false;
			datagram_lose(d, &d->datagram[old], SL_C_DEFRAG_EVICTED);
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
			datagram_give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
		return false;
	}
	g->has_end = true;
	g->end = end;
	if (end >= g->seen)
		return true;
	sl_count(d->c, SL_C_FRAGMENT_TEARDROP, 1);
	if (is_strict(g)) {
		datagram_give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
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
		datagram_give_up(d, g, SL_C_DEFRAG_CONTRADICTED);
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
	datagram_give_up(d, g, SL_C_DEFRAG_OVERLAPPED);
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
		datagram_give_up(d, g, SL_C_DEFRAG_MANY);
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
		datagram_give_up(d, g, SL_C_DEFRAG_EVICTED);
		return;
	}
	g->covered += chunks_paint(&d->chunks, g, f);
}

static bool is_whole(const struct datagram *g)
{
	return g->has_end && !g->dead && g->covered == units_of(g->end);
}

static void make_whole(struct sl_defrag *d, struct datagram *g, uint64_t ts_ns, struct whole *out)
{
	uint8_t *to = d->output + d->output_used;
	UNPOISON(to, g->end);
	chunks_copy(&d->chunks, g, to);
	d->work += units_of(g->end);
	d->output_used += (g->end + OUTPUT_ALIGN - 1) / OUTPUT_ALIGN * OUTPUT_ALIGN;
	*out = (struct whole){ .bytes = sl_span(to, g->end),
		.packets = g->packets,
		.wire_bytes = g->wire_bytes,
		.proto = g->proto };
	sl_count(d->c, SL_C_DEFRAG_WHOLE, 1);
	d->done[g->name % DONE_COUNT] = (struct done){ g->name, ts_ns };
	datagram_end(d, g);
}

enum fate defrag_put(struct sl_defrag *d, struct fragment *f, struct whole *out)
{
	if (!is_sound(d, f))
		return FATE_NONE;
	struct datagram *g = datagram_of(d, f);
	if (g == NULL)
		return FATE_NONE;
	bool was_dead = g->dead;
	keep(d, g, f);
	if (g->dead && was_dead)
		return FATE_NONE;
	g->packets += 1 + f->pkt->held_packets;
	g->wire_bytes += f->pkt->wire_len + f->pkt->held_bytes;
	if (g->dead) { /* this packet tells of it */
		out->packets = g->packets;
		out->wire_bytes = g->wire_bytes;
		return FATE_NONE;
	}
	if (!is_whole(g) || OUTPUT_BYTES - d->output_used < DATAGRAM_MAX)
		return FATE_HELD;
	make_whole(d, g, f->ts_ns, out);
	return FATE_WHOLE;
}
