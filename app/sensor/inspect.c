/* SPDX-License-Identifier: BSD-3-Clause */
/* inspect.c - what a packet, its flow and its messages say, put into the batch. Runs on one worker;
 * a full batch is matched and emptied at once, so that no message can overflow it. Never allocates,
 * never locks, never logs. */
#include "sensor.h"

#include <sightline/hot.h>

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
	if (p->flow->tunnels == 0)
		p->flow->tunnels = p->tunnels;
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

/* The parser that another flow announced for this one. Asked with its first payload, not with its
 * SYN: FTP says which file it is when the connection stands. */
static bool choose_announced(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	struct sl_span note;
	if (piece->kind != SL_PIECE_BYTES || f->probe_left[piece->dir] > 0)
		return false;
	const struct sl_parser *parser = sl_expect_claim(w->batch.expect, f, piece->ts_ns, &note);
	if (parser == NULL || !probe_adopt(w, f, parser))
		return false;
	if (parser->expected != NULL)
		parser->expected(f->parser_state, note);
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
		w->batch.next = NULL;
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

/* Another protocol follows (CONNECT, an upgrade): the one that the parser named, or it is looked
 * for as at the flow's begin. */
static void next_protocol(struct worker *w, struct sl_flow *f)
{
	tell_batch(w); /* what this parser said, while the flow is known as its */
	give_state(w, f);
	f->parser = NULL;
	f->probe_left[0] = f->probe_left[1] = 0;
	f->parser_dead = 0;
	if (w->batch.next != NULL)
		(void)probe_adopt(w, f, w->batch.next);
}

/* The parser wants nothing more of this direction. */
static void dead(struct worker *w, struct sl_flow *f, enum sl_dir dir)
{
	f->parser_dead |= (uint8_t)(1 << dir);
	if (f->parser_dead != 3)
		return;
	give_state(w, f);
	shed_bypass(w, f);
}

/* Feeds the flow's parser. True: what is left of the piece belongs to another protocol. */
static bool feed_one(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	if (f->parser_dead & 1 << piece->dir)
		return false;
	struct sl_parser_counters *c = &w->parsers[sl_parser_index(f->parser)];
	uint32_t before = f->message;
	enum sl_verdict v = feed(w, f, piece);
	sl_count_cell(&c->messages, f->message - before);
	f->rests = v == SL_REST;
	switch (v) {
	case SL_BAD:
		sl_count_cell(&c->bad, 1);
		dead(w, f, piece->dir);
		break;
	case SL_DONE:
		dead(w, f, piece->dir);
		break;
	case SL_NOT_MINE:
		next_protocol(w, f);
		return piece->bytes.len > 0;
	case SL_REST:
		shed_bypass(w, f);
		break;
	case SL_MORE:
	case SL_FULL:
		break;
	}
	return false;
}

/* A parser was chosen: what was kept of the flow's first bytes is its own before anything else, the
 * direction that began first, but for bytes that it would not have taken. What of them it leaves to
 * another protocol is looked at once, and not kept again. */
static void feed_first(
	struct worker *w, struct sl_flow *f, struct first_bytes *k, const struct sl_piece *now)
{
	const struct sl_parser *chosen = f->parser;
	for (unsigned i = 0; i < 2; i++) {
		enum sl_dir dir = (enum sl_dir)(k->began ^ i);
		struct sl_piece rest = { .kind = SL_PIECE_BYTES,
			.dir = dir,
			.bytes = sl_span(k->side[dir].b, k->side[dir].len),
			.ts_ns = now->ts_ns };
		bool up = dir == SL_TO_SERVER;
		bool more = rest.bytes.len > 0 && chosen->probe(&rest, up ? f->sport : f->dport,
							  up ? f->dport : f->sport) != SL_PROBE_NO;
		for (unsigned n = 0; more && n < PROTOCOLS; n++)
			more = (f->parser != NULL || probe_piece(w, f, &rest) == SL_PROBE_YES) &&
			       feed_one(w, f, &rest);
	}
	probe_forget(w, k);
}

/* Looks for the parser of a flow that has none: announced, or by content. False: none yet. */
static bool choose(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	struct first_bytes *k = f->parser_state;
	if (k == NULL && choose_announced(w, f, piece))
		return true;
	enum sl_probe said = k != NULL ? probe_join(w, f, piece) : SL_PROBE_NO;
	if (said == SL_PROBE_NO) {
		k = f->parser_state; /* the other direction's may be left */
		said = probe_piece(w, f, piece);
		if (said == SL_PROBE_MORE)
			probe_keep(w, f, piece);
	}
	if (said == SL_PROBE_YES && k != NULL)
		feed_first(w, f, k, piece);
	return said == SL_PROBE_YES;
}

/* True: what is left of the piece belongs to another protocol. */
static bool parse_one(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	if (f->parser == NULL) {
		if (!choose(w, f, piece))
			return false;
		if (piece->kind == SL_PIECE_BYTES && piece->bytes.len == 0)
			return false;
		if (f->parser == NULL) /* and left already by what was kept */
			return true;
	}
	return feed_one(w, f, piece);
}

/* What of a flow is shed decides what the batch wants of it. */
static void aim_wants(struct worker *w, const struct sl_flow *f)
{
	bool narrow = (f->shed & SL_SHED_BIT(SL_SHED_BODIES)) != 0;
	if (__builtin_expect(narrow != w->narrow, 0))
		shed_narrow(w, narrow);
}

static void parse(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	struct sl_piece rest = *piece;
	aim_wants(w, f);
	for (unsigned i = 0; i < PROTOCOLS && parse_one(w, f, &rest); i++)
		;
}

/* The flow is over: what is kept of its first bytes will not become more. */
static void parse_first(struct worker *w, struct sl_flow *f)
{
	struct first_bytes *k = f->parser_state;
	const struct sl_piece end = { .kind = SL_PIECE_END, .ts_ns = f->last_ns };
	aim(w, f, f->last_ns, 0);
	aim_wants(w, f);
	if (probe_last(w, f, &end)) {
		feed_first(w, f, k, &end);
		return;
	}
	probe_forget(w, k);
	f->parser_state = NULL;
}

static bool outcome_is_news(const struct sl_flow *f)
{
	return f->hit && f->outcome != f->told;
}

/* What became of a flow, told with the sighting that its beginning made. */
static void tell_outcome(struct worker *w, struct sl_flow *f)
{
	aim(w, f, f->first_ns, SL_OBS_REPEAT | SL_OBS_SILENT);
	add_ends(w, f);
	f->told = f->outcome;
}

/* What a packet's headers say that its flow has not said before. */
static void add_news(struct worker *w, struct sl_packet *p)
{
	struct sl_flow *f = p->flow;
	aim(w, f, p->ts_ns, 0);
	add_headers(w, p);
	if (outcome_is_news(f)) {
		tell_outcome(w, f);
		aim(w, f, p->ts_ns, 0);
	}
}

void inspect_headers(struct worker *w, struct sl_packet *p, bool listed)
{
	struct sl_flow *f = p->flow;
	if ((p->flags & (SL_PKT_FLOW_NEW | SL_PKT_QUOTED)) != 0 || p->outer_count > 0 ||
		outcome_is_news(f))
		add_news(w, p);
	if (listed && !(p->flags & SL_PKT_FLOW_NEW)) {
		aim(w, f, p->ts_ns, SL_OBS_REPEAT | SL_OBS_SILENT);
		add_ends(w, f);
	}
}

void inspect_packet(struct worker *w, struct sl_packet *p)
{
	struct sl_flow *f = p->flow;
	add_news(w, p);
	const struct sl_parser *before = f->parser;
	w->batch.salt = p->salt;
	if ((f->shed | w->elephants) != 0 && shed_packet(w, p))
		return;
	struct sl_piece piece;
	sl_stream_push(w->streams, p);
	while (sl_stream_next(w->streams, &piece)) {
		aim(w, f, piece.ts_ns, 0);
		parse(w, f, &piece);
	}
	if (f->parser != before && f->parser != NULL && w->facts != NULL)
		facts_flow(w, p);
}

void inspect_again(struct worker *w, struct sl_flow *f, uint64_t ts_ns)
{
	sl_count(&w->counters, SL_C_RELOOKUPS, 1);
	sl_trees_carry(w->trees, w->rules, f);
	if (w->has_trees)
		sl_trees_begin(w->trees, w->rules, f, ts_ns, true);
	aim(w, f, ts_ns, SL_OBS_AGAIN | SL_OBS_SILENT);
	aim_wants(w, f);
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

void inspect_close(struct worker *w, struct sl_flow *f)
{
	struct sl_piece held;
	sl_stream_end(w->streams, f);
	while (sl_stream_next(w->streams, &held)) {
		aim(w, f, held.ts_ns, 0);
		parse(w, f, &held);
	}
	if (f->parser == NULL && f->parser_state != NULL)
		parse_first(w, f);
	for (unsigned dir = 0; dir < 2 && f->parser != NULL; dir++) {
		struct sl_piece end = { .kind = SL_PIECE_END,
			.dir = (enum sl_dir)dir,
			.ts_ns = f->last_ns,
			.datagram = f->proto == 17,
			.fin = sl_stream_finished(f, (enum sl_dir)dir) };
		aim(w, f, f->last_ns, 0);
		if (!(f->parser_dead & 1 << dir))
			parse(w, f, &end);
	}
	tell_batch(w);
	if (f->parser != NULL)
		give_state(w, f);
	f->parser_dead = 3;
}

void inspect_end(struct worker *w, struct sl_flow *f)
{
	if (f->generation != w->generation)
		sl_trees_carry(w->trees, w->rules, f);
	if (outcome_is_news(f)) /* that it is unreachable, another flow's packet said */
		tell_outcome(w, f);
	inspect_close(w, f);
	if (w->has_trees || f->trees != 0)
		sl_trees_end(w->trees, w->has_trees ? w->rules : NULL, f);
	if (f->said != NULL)
		context_give(w->contexts, f->said);
	f->said = NULL;
}
