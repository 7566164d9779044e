/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.c - message after message out of a stream's pieces. Worker. A byte is copied where its
 * message does not lie whole in a piece, and nowhere else. */
#include "frame.h"
#include "parsers.h"
#include <sightline/hot.h>

static size_t pass_over(struct frame *f, size_t there)
{
	size_t n = f->left < there ? (size_t)f->left : there;
	f->left -= n;
	return n;
}

/* What is known of the message at hand, and how many of its bytes have to lie together. False: it
 * is none. */
static bool measure(
	struct frame *f, const struct frame_kind *k, struct sl_span have, size_t *together)
{
	size_t size = k->size(have);
	if (size == 0 || size < f->unit.have)
		return false;
	if (f->place.lost > 0 && k->likely != NULL && k->likely(have) == SL_PROBE_NO)
		return false;
	size_t wanted = k->wanted != NULL ? k->wanted(have) : size;
	f->size = size;
	wanted = wanted < size ? wanted : size;
	*together = wanted < k->max ? wanted : k->max;
	return true;
}

/* No message begins here: where the place was lost, the next piece is asked. One that seemed to
 * begin in another piece has no place in this one. */
static enum frame_found no_message(
	struct frame *f, struct sl_batch *b, struct sl_span piece, size_t *at)
{
	bool lost = f->place.lost > 0;
	if (lost || f->unit.have > 0)
		*at = piece.len;
	gather_drop(&f->unit, b);
	return lost && place_pass(&f->place, PLACE_PIECES) == SL_MORE ? FRAME_MORE : FRAME_BAD;
}

/* A message that there is no memory for is passed over. Where it was too short to tell its size,
 * what follows will not be one. */
static void no_memory(struct frame *f, struct sl_batch *b)
{
	parser_count_part(b);
	f->left = f->size - f->unit.have;
	gather_drop(&f->unit, b);
	place_lose(&f->place);
}

enum frame_found frame_next(struct frame *f, const struct frame_kind *k, struct sl_batch *b,
	struct sl_span piece, size_t *at, struct sl_span *out)
{
	while (!f->whole) {
		*at += pass_over(f, piece.len - *at);
		struct sl_span rest = sl_span_from(piece, *at);
		bool gathering = f->unit.have > 0;
		struct sl_span have = gathering ? gather_bytes(&f->unit) : rest;
		size_t together;
		if (!gathering && rest.len == 0)
			return FRAME_MORE;
		if (!measure(f, k, have, &together)) {
			if (!gathering || f->place.lost == 0)
				return no_message(f, b, piece, at);
			/* None began in another piece, but one may in this. */
			gather_drop(&f->unit, b);
			*at = 0;
			continue;
		}
		if (!gathering && have.len >= together) {
			*out = sl_span(have.p, together);
			return FRAME_IS;
		}
		f->whole = gathering && have.len >= together;
		if (f->whole)
			break;
		size_t n = gathering ? together - have.len : rest.len;
		n = n < rest.len ? n : rest.len;
		if (n == 0)
			return FRAME_MORE;
		if (gather_all(&f->unit, b, sl_span(rest.p, n), k->max))
			*at += n;
		else
			no_memory(f, b);
	}
	*out = gather_bytes(&f->unit);
	return FRAME_IS;
}

enum sl_verdict frame_lose(struct frame *f, struct sl_batch *b, struct sl_span piece, size_t *at)
{
	if (f->place.lost > 0)
		return SL_BAD;
	parser_count_part(b);
	place_lose(&f->place);
	*at = piece.len;
	return place_pass(&f->place, PLACE_PIECES);
}

void frame_done(struct frame *f, struct sl_batch *b, struct sl_span found, size_t *at)
{
	if (!f->whole)
		*at += found.len;
	f->left = f->size - found.len;
	f->whole = false;
	f->place.lost = 0;
	f->size = 0;
	gather_drop(&f->unit, b);
}

void frame_gap(struct frame *f, struct sl_batch *b, uint64_t bytes)
{
	bool hurt = f->unit.have > 0, inside = bytes > 0 && bytes <= f->left;
	if (hurt) {
		parser_count_part(b);
		f->left = f->size - f->unit.have;
		gather_drop(&f->unit, b);
	}
	if (!inside)
		place_lose(&f->place);
	f->left = bytes > 0 && bytes <= f->left ? f->left - bytes : 0;
	f->whole = false;
}

void frame_end(struct frame *f, struct sl_batch *b)
{
	if (f->unit.have > 0)
		parser_count_part(b);
	gather_drop(&f->unit, b);
	f->whole = false;
}

bool frame_mark(struct frame *f, const struct sl_piece *p, struct sl_batch *b, enum sl_verdict *v)
{
	if (p->kind == SL_PIECE_BYTES)
		return false;
	*v = p->kind == SL_PIECE_END ? SL_DONE : SL_MORE;
	if (p->kind == SL_PIECE_END)
		frame_end(f, b);
	else
		frame_gap(f, b, p->gap_bytes);
	return true;
}
