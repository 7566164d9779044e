/* SPDX-License-Identifier: BSD-3-Clause */
/* chunks.c - from chunks to messages. Worker. Each byte is copied once, or skipped. */
#include "chunks.h"
#include "parsers.h"
#include <sightline/hot.h>

static void keep(struct chunks *f, const struct chunks_form *form, struct sl_batch *b,
	struct sl_span payload)
{
	if (!f->cut && payload.len > 0)
		f->cut = !gather_all(&f->unit, b, payload, form->max);
}

/* The chunk at hand is complete. */
static void chunk_end(struct chunks *f)
{
	f->have = 0;
	if (!f->chunk.last)
		return;
	f->ready = f->chunk.wanted;
	if (!f->ready) {
		f->unit.have = 0;
		f->cut = false;
	}
}

enum chunks_step chunks_take(struct chunks *f, const struct chunks_form *form, struct sl_batch *b,
	struct sl_span in, size_t *used)
{
	while (!f->ready && *used < in.len) {
		struct sl_span rest = sl_span_from(in, *used);
		bool in_head = f->have < form->head;
		size_t want = in_head ? (size_t)(form->head - f->have) : f->left;
		if (rest.len > want)
			rest.len = want;
		*used += rest.len;
		if (in_head) {
			memcpy(f->head + f->have, rest.p, rest.len);
			f->have = (uint8_t)(f->have + rest.len);
			if (f->have < form->head)
				break;
			if (!form->chunk(f->head, &f->chunk))
				return CHUNKS_BAD;
			f->left = f->chunk.len;
		} else {
			if (f->chunk.wanted)
				keep(f, form, b, rest);
			f->left -= (uint32_t)rest.len;
		}
		if (f->left == 0)
			chunk_end(f);
	}
	return f->ready ? CHUNKS_READY : CHUNKS_MORE;
}

void chunks_done(struct chunks *f, struct sl_batch *b)
{
	gather_drop(&f->unit, b);
	f->said = 0;
	f->ready = f->cut = false;
}

void chunks_end(struct chunks *f, const struct chunks_form *form, struct sl_batch *b)
{
	bool passed = f->have == form->head && !f->chunk.wanted;
	if (!f->ready && !passed && (f->have > 0 || f->unit.have > 0 || f->cut))
		parser_count_part(b);
	f->have = 0;
	chunks_done(f, b);
}

bool chunks_gap(
	struct chunks *f, const struct chunks_form *form, struct sl_batch *b, uint64_t bytes)
{
	if (bytes == 0 || f->have < form->head || bytes > f->left) {
		gather_drop(&f->unit, b);
		*f = (struct chunks){ .have = 0 };
		return false;
	}
	f->cut = f->chunk.wanted;
	f->left -= (uint32_t)bytes;
	if (f->left == 0)
		chunk_end(f);
	return true;
}
