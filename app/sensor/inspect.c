/* SPDX-License-Identifier: BSD-3-Clause */
/* inspect.c - what a packet, its flow and its messages say, put into the batch. Runs on one worker;
 * a full batch is matched and emptied at once, so that no message can overflow it. Never allocates,
 * never locks, never logs. */
#include "sensor.h"

#include <sightline/hot.h>

/* Payload packets of each direction in which a parser is looked for: not only the first, because a
 * protocol may begin inside another (STARTTLS). */
#define PROBES 16
#define PROTOCOLS 4 /* one after another within a piece */

/* Points the batch at a flow. */
static void aim(struct worker *w, struct sl_flow *f, uint64_t ts_ns, uint8_t flags)
{
	w->batch.flow = f;
	w->batch.ts_ns = ts_ns;
	w->batch.flags = flags;
	w->batch.outcome = SL_OUTCOME_NONE;
}

static void add_addr(struct worker *w, enum sl_where where, enum sl_dir dir, const union sl_addr *a,
	uint8_t version)
{
	if (!sl_batch_add_addr(&w->batch, where, dir, 0, a, version)) {
		tell_batch(w);
		(void)sl_batch_add_addr(&w->batch, where, dir, 0, a, version); /* empty: has room */
	}
}

static void add_mac(struct worker *w, enum sl_where where, const uint8_t *mac)
{
	if (!sl_batch_wants(&w->batch, where))
		return;
	struct sl_span v = sl_span(mac, 6);
	if (!sl_batch_add(&w->batch, where, SL_TO_SERVER, 0, v)) {
		tell_batch(w);
		(void)sl_batch_add(&w->batch, where, SL_TO_SERVER, 0, v);
	}
}

static void add_ends(struct worker *w, const struct sl_flow *f)
{
	add_addr(w, SL_WHERE_IP_SRC, SL_TO_SERVER, &f->src, f->version);
	add_addr(w, SL_WHERE_IP_DST, SL_TO_SERVER, &f->dst, f->version);
}

/* The addresses of the headers around the innermost: once for each way that the flow's packets are
 * wrapped. */
static void add_outer(struct worker *w, const struct sl_packet *p)
{
	static const struct sl_hash_key key = { 0x452821e638d01377, 0xbe5466cf34e90c6c };
	enum sl_dir dir = (enum sl_dir)p->dir;
	uint64_t fold = 0;
	for (unsigned i = 0; i < p->outer_count; i++)
		fold += sl_hash_u128(key, p->outer[i].src.q[0] ^ p->outer[i].src.q[1],
				p->outer[i].dst.q[0] ^ p->outer[i].dst.q[1]) +
			sl_hash_u128(key, p->outer[i].dst.q[0] ^ p->outer[i].dst.q[1],
				p->outer[i].src.q[0] ^ p->outer[i].src.q[1]);
	uint32_t told = (uint32_t)fold | 1;
	if (told == p->flow->outer)
		return;
	p->flow->outer = told;
	for (unsigned i = 0; i < p->outer_count; i++) {
		add_addr(w, SL_WHERE_IP_SRC, dir, &p->outer[i].src, p->outer[i].version);
		add_addr(w, SL_WHERE_IP_DST, dir, &p->outer[i].dst, p->outer[i].version);
	}
}

static void add_headers(struct worker *w, const struct sl_packet *p)
{
	const struct sl_flow *f = p->flow;
	enum sl_dir dir = (enum sl_dir)p->dir;
	if (p->flags & SL_PKT_FLOW_NEW) {
		if (w->has_trees)
			sl_trees_begin(w->trees, w->rules, p->flow, p->ts_ns, false);
		add_ends(w, f);
		if (p->flags & SL_PKT_MACS) {
			const uint8_t *mac = p->data + p->mac_off;
			add_mac(w, SL_WHERE_MAC_DST, mac);
			add_mac(w, SL_WHERE_MAC_SRC, mac + 6);
		}
	}
	if (p->outer_count > 0)
		add_outer(w, p);
	if (p->flags & SL_PKT_QUOTED) {
		add_addr(w, SL_WHERE_ICMP_QUOTED_SRC, dir, &p->quoted.src, p->quoted.version);
		add_addr(w, SL_WHERE_ICMP_QUOTED_DST, dir, &p->quoted.dst, p->quoted.version);
	}
}

/* Chooses the flow's parser by content; false: none yet. */
static bool choose(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	if (piece->kind != SL_PIECE_BYTES || f->probe_left[piece->dir] >= PROBES)
		return false;
	bool more = false;
	f->probe_left[piece->dir]++; /* counts those used */
	bool to_server = piece->dir == SL_TO_SERVER;
	const struct sl_parser *parser =
		sl_parser_probe(piece, piece->datagram ? SL_OVER_UDP : SL_OVER_TCP,
			to_server ? f->sport : f->dport, to_server ? f->dport : f->sport, &more);
	if (parser == NULL)
		return false;
	if (parser->state_bytes > 0) {
		f->parser_state = sl_parser_pool_take(w->states, parser->state_bytes);
		if (f->parser_state == NULL) {
			sl_count(&w->counters, SL_C_PARSER_POOL, 1);
			f->probe_left[0] = f->probe_left[1] = PROBES;
			return false;
		}
	}
	f->parser = parser;
	sl_count_cell(&w->parsers[sl_parser_index(parser)].flows, 1);
	return true;
}

static void give_state(struct worker *w, struct sl_flow *f)
{
	if (f->parser_state != NULL)
		sl_parser_pool_give(w->states, f->parser_state, f->parser->state_bytes);
	f->parser_state = NULL;
}

/* Feeds one piece, emptying the batch as often as the parser fills it. What the parser did not
 * consume is left in *piece. */
static enum sl_verdict feed(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	enum sl_verdict v;
	bool stuck = false;
	for (;;) {
		size_t used = 0;
		uint16_t had = w->batch.n;
		v = f->parser->feed(f->parser_state, piece, &w->batch, &used);
		piece->bytes = sl_span_from(piece->bytes, used);
		if (v != SL_FULL)
			return v;
		sl_count(&w->counters, SL_C_BATCH_FULL, 1);
		if (had == 0 && w->batch.n == 0 && used == 0) {
			if (stuck) /* an empty batch twice and nothing done: the parser can't go on
				    */
				return SL_BAD;
			stuck = true;
		}
		tell_batch(w);
	}
}

/* Another protocol follows (CONNECT, an upgrade): it is looked for as at the flow's begin. */
static void next_protocol(struct worker *w, struct sl_flow *f)
{
	tell_batch(w); /* what this parser said, while the flow is known as its */
	give_state(w, f);
	f->parser = NULL;
	f->probe_left[0] = f->probe_left[1] = 0;
	f->parser_dead[0] = f->parser_dead[1] = false;
}

/* True: what is left of the piece belongs to another protocol. */
static bool parse_one(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	if (f->parser == NULL && !choose(w, f, piece))
		return false;
	if (f->parser_dead[piece->dir])
		return false;
	struct sl_parser_counters *c = &w->parsers[sl_parser_index(f->parser)];
	uint32_t before = f->message;
	enum sl_verdict v = feed(w, f, piece);
	sl_count_cell(&c->messages, f->message - before);
	switch (v) {
	case SL_BAD:
		sl_count_cell(&c->bad, 1);
		f->parser_dead[piece->dir] = true;
		break;
	case SL_DONE:
		f->parser_dead[piece->dir] = true;
		break;
	case SL_NOT_MINE:
		next_protocol(w, f);
		return piece->bytes.len > 0;
	case SL_MORE:
	case SL_FULL:
		break;
	}
	return false;
}

static void parse(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	struct sl_piece rest = *piece;
	for (unsigned i = 0; i < PROTOCOLS && parse_one(w, f, &rest); i++)
		;
}

void inspect_packet(struct worker *w, struct sl_packet *p)
{
	struct sl_flow *f = p->flow;
	aim(w, f, p->ts_ns, 0);
	add_headers(w, p);
	if (f->hit && f->outcome != f->told) {
		/* What became of it, told with the sighting that the flow's beginning made. */
		aim(w, f, f->first_ns, SL_OBS_REPEAT | SL_OBS_SILENT);
		add_ends(w, f);
		f->told = f->outcome;
		aim(w, f, p->ts_ns, 0);
	}
	struct sl_piece piece;
	sl_stream_push(w->streams, p);
	while (sl_stream_next(w->streams, &piece)) {
		aim(w, f, piece.ts_ns, 0);
		parse(w, f, &piece);
	}
}

void inspect_again(struct worker *w, struct sl_flow *f, uint64_t ts_ns)
{
	sl_count(&w->counters, SL_C_RELOOKUPS, 1);
	sl_trees_forget(w->trees, f);
	if (w->has_trees)
		sl_trees_begin(w->trees, w->rules, f, ts_ns, true);
	aim(w, f, ts_ns, SL_OBS_AGAIN | SL_OBS_SILENT);
	add_ends(w, f);
	uint16_t at = 0;
	struct sl_said_entry e;
	while (f->said != NULL && sl_said_next(f->said, &at, &e)) {
		if (!sl_batch_add(&w->batch, e.where, SL_TO_SERVER, e.message, e.value)) {
			tell_batch(w);
			(void)sl_batch_add(&w->batch, e.where, SL_TO_SERVER, e.message, e.value);
		}
	}
	tell_batch(w); /* compares with the flow's old generation, so before it is raised */
	f->generation = w->generation;
}

void inspect_end(struct worker *w, struct sl_flow *f)
{
	struct sl_piece held;
	sl_stream_end(w->streams, f);
	while (sl_stream_next(w->streams, &held)) {
		aim(w, f, held.ts_ns, 0);
		parse(w, f, &held);
	}
	for (unsigned dir = 0; dir < 2 && f->parser != NULL; dir++) {
		struct sl_piece end = { .kind = SL_PIECE_END,
			.dir = (enum sl_dir)dir,
			.ts_ns = f->last_ns,
			.datagram = f->proto == 17 };
		aim(w, f, f->last_ns, 0);
		if (!f->parser_dead[dir])
			parse(w, f, &end);
	}
	tell_batch(w);
	if (w->has_trees || f->trees != 0)
		sl_trees_end(w->trees, w->has_trees ? w->rules : NULL, f);
	if (f->parser != NULL)
		give_state(w, f);
	if (f->said != NULL)
		context_give(w->contexts, f->said);
	f->said = NULL;
}
