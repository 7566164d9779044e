/* SPDX-License-Identifier: BSD-3-Clause */
/* probe.c - which parser a flow belongs to, by content. A stream's sender may cut its first bytes
 * as it likes, so where they are too few to tell they are kept and looked at together with those
 * that follow, up to a bound. Runs on one worker; never allocates, never locks, never logs. */
#include <assert.h>

#include "sensor.h"

#include <sightline/hot.h>

/* How long a parser is looked for in a direction: not only in its first piece, because a protocol
 * may begin inside another (STARTTLS). Sixteen pieces as senders cut them, more where they are
 * small; those that are joined count once. */
#define PROBES 240
#define PROBE_COST 15
#define PIECE_SMALL 64

static_assert(sizeof(struct first_bytes) <= 2048, "a block of the pool's class");

static enum sl_probe ask(const struct sl_flow *f, const struct sl_piece *piece, bool begin,
	const struct sl_parser **out)
{
	bool more = false, to_server = piece->dir == SL_TO_SERVER;
	uint8_t over = begin ? SL_OVER_TCP | SL_OVER_TCP_BEGIN : SL_OVER_TCP;
	*out = sl_parser_probe(piece, piece->datagram ? SL_OVER_UDP : over,
		to_server ? f->sport : f->dport, to_server ? f->dport : f->sport, &more);
	return *out != NULL ? SL_PROBE_YES : more ? SL_PROBE_MORE : SL_PROBE_NO;
}

bool probe_adopt(struct worker *w, struct sl_flow *f, const struct sl_parser *parser)
{
	void *state = NULL;
	if (parser->state_bytes > 0 &&
		(state = sl_parser_pool_take(w->states, parser->state_bytes)) == NULL) {
		sl_count(&w->counters, SL_C_PARSER_POOL, 1);
		f->probe_left[0] = f->probe_left[1] = PROBES;
		return false;
	}
	f->parser_state = state;
	f->parser = parser;
	sl_count_cell(&w->parsers[sl_parser_index(parser)].flows, 1);
	return true;
}

static size_t cost_of(size_t bytes)
{
	size_t cost = bytes < PIECE_SMALL ? bytes * PROBE_COST / PIECE_SMALL : PROBE_COST;
	return cost > 0 ? cost : 1;
}

/* Nothing was looked at in this direction but one piece of so many bytes. */
static bool is_begin(const struct sl_flow *f, enum sl_dir dir, size_t bytes)
{
	return f->probe_left[dir] == cost_of(bytes);
}

/* probe_left counts what was used. */
static void spend(struct sl_flow *f, enum sl_dir dir, size_t bytes)
{
	size_t used = f->probe_left[dir] + cost_of(bytes);
	f->probe_left[dir] = used < PROBES ? (uint8_t)used : PROBES;
}

enum sl_probe probe_piece(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	const struct sl_parser *parser;
	if (piece->kind != SL_PIECE_BYTES || f->probe_left[piece->dir] >= PROBES)
		return SL_PROBE_NO;
	spend(f, piece->dir, piece->bytes.len);
	enum sl_probe said = ask(f, piece, is_begin(f, piece->dir, piece->bytes.len), &parser);
	return said == SL_PROBE_YES && !probe_adopt(w, f, parser) ? SL_PROBE_NO : said;
}

/* ---- First bytes that are too few to tell ---- */

void probe_forget(struct worker *w, struct first_bytes *k)
{
	w->first_bytes--;
	sl_parser_pool_give(w->states, k, sizeof(*k));
}

static struct first_bytes *first_bytes_of(struct worker *w, struct sl_flow *f, enum sl_dir dir)
{
	if (f->parser_state != NULL)
		return f->parser_state;
	struct first_bytes *k = w->first_bytes < w->first_bytes_max
					? sl_parser_pool_take(w->states, sizeof(*k))
					: NULL;
	if (k == NULL) {
		sl_count(&w->counters, SL_C_PROBE_DENIED, 1);
		return NULL;
	}
	w->first_bytes++;
	k->began = (uint8_t)dir;
	f->parser_state = k;
	return k;
}

void probe_keep(struct worker *w, struct sl_flow *f, const struct sl_piece *piece)
{
	if (piece->datagram || piece->bytes.len >= FIRST_BYTES)
		return;
	struct first_bytes *k = first_bytes_of(w, f, piece->dir);
	if (k == NULL)
		return;
	sl_count(&w->counters, SL_C_PROBE_JOINED, 1);
	memcpy(k->side[piece->dir].b, piece->bytes.p, piece->bytes.len);
	k->side[piece->dir].len = k->side[piece->dir].asked = (uint16_t)piece->bytes.len;
	k->side[piece->dir].begin = is_begin(f, piece->dir, piece->bytes.len);
}

/* What is kept of a direction belongs to no parser. */
static void side_forget(struct worker *w, struct sl_flow *f, enum sl_dir dir)
{
	struct first_bytes *k = f->parser_state;
	k->side[dir].len = 0;
	if (k->side[dir ^ 1].len > 0)
		return;
	probe_forget(w, k);
	f->parser_state = NULL;
}

static enum sl_probe side_ask(
	struct worker *w, struct sl_flow *f, const struct sl_piece *piece, enum sl_dir dir)
{
	struct first_bytes *k = f->parser_state;
	const struct sl_piece joined = { .kind = SL_PIECE_BYTES,
		.dir = dir,
		.bytes = sl_span(k->side[dir].b, k->side[dir].len),
		.ts_ns = piece->ts_ns };
	const struct sl_parser *parser;
	k->side[dir].asked = k->side[dir].len;
	enum sl_probe said = ask(f, &joined, k->side[dir].begin, &parser);
	return said == SL_PROBE_YES && !probe_adopt(w, f, parser) ? SL_PROBE_NO : said;
}

enum sl_probe probe_join(struct worker *w, struct sl_flow *f, struct sl_piece *piece)
{
	struct first_bytes *k = f->parser_state;
	enum sl_dir dir = piece->dir;
	uint16_t was = k->side[dir].len;
	if (was == 0)
		return SL_PROBE_NO;
	if (piece->kind != SL_PIECE_BYTES) {
		side_forget(w, f, dir);
		return SL_PROBE_NO;
	}
	size_t n = piece->bytes.len < FIRST_BYTES - (size_t)was ? piece->bytes.len
								: FIRST_BYTES - (size_t)was;
	memcpy(k->side[dir].b + was, piece->bytes.p, n);
	k->side[dir].len = (uint16_t)(was + n);
	bool full = k->side[dir].len == FIRST_BYTES;
	if (!full && !sl_probe_again(k->side[dir].len, k->side[dir].asked))
		return SL_PROBE_MORE;
	enum sl_probe said = side_ask(w, f, piece, dir);
	/* In small pieces another protocol may begin behind any byte. */
	while (said == SL_PROBE_NO && k->side[dir].len > 1 && k->side[dir].len <= SL_PROBE_EACH &&
		f->probe_left[dir] < PROBES) {
		memmove(k->side[dir].b, k->side[dir].b + 1, --k->side[dir].len);
		k->side[dir].begin = false;
		spend(f, dir, 1);
		said = side_ask(w, f, piece, dir);
	}
	if (said == SL_PROBE_YES)
		piece->bytes = sl_span_from(piece->bytes, n);
	if (said == SL_PROBE_YES || (said == SL_PROBE_MORE && !full))
		return said;
	side_forget(w, f, dir);
	return SL_PROBE_NO;
}

bool probe_last(struct worker *w, struct sl_flow *f, const struct sl_piece *end)
{
	struct first_bytes *k = f->parser_state;
	for (unsigned i = 0; i < 2; i++) {
		enum sl_dir dir = (enum sl_dir)(k->began ^ i);
		if (k->side[dir].len > k->side[dir].asked &&
			side_ask(w, f, end, dir) == SL_PROBE_YES)
			return true;
	}
	return false;
}
