/* SPDX-License-Identifier: BSD-3-Clause */
/* telegram.c - messages of controllers, each said in one go. Worker. */
#include "decimal.h"
#include "parsers.h"
#include "telegram.h"
#include <sightline/hot.h>

void telegram_text(struct telegram *t, enum sl_where w, struct sl_span raw)
{
	if (t->message == 0)
		t->message = sl_batch_next_message(t->b);
	(void)sl_batch_add_raw(t->b, w, t->dir, t->message, raw, NULL); /* say made room */
}

void telegram_number(struct telegram *t, enum sl_where w, uint32_t v)
{
	char text[DECIMAL_MAX];
	telegram_text(t, w, sl_span(text, decimal(v, text)));
}

/* False: the batch may have no room for what a message says. */
static bool say(
	const struct telegram_kind *kind, struct sl_batch *b, enum sl_dir dir, struct sl_span begin)
{
	struct telegram t = { .b = b, .dir = dir };
	if (!sl_batch_has_room(b, TELEGRAM_VALUES + 1, TELEGRAM_TEXT))
		return false;
	if (!kind->say(&t, begin))
		parser_count_part(b);
	if (t.message != 0)
		(void)sl_batch_close(b, dir, t.message);
	return true;
}

static enum sl_verdict datagram(const struct telegram_kind *kind, const struct sl_piece *p,
	struct sl_batch *b, size_t *consumed)
{
	while (*consumed < p->bytes.len) {
		struct sl_span in = sl_span_from(p->bytes, *consumed);
		size_t size = kind->frame.size(in);
		bool whole = size > 0 && size <= in.len;
		struct sl_span begin = sl_span(in.p, whole ? size : in.len);
		if (begin.len > kind->frame.max)
			begin.len = kind->frame.max;
		if ((whole || (size > 0 && p->cut)) && !say(kind, b, p->dir, begin))
			return SL_FULL;
		if (!whole)
			parser_count_part(b);
		*consumed += whole ? size : in.len;
	}
	return SL_MORE;
}

static enum sl_verdict stream(struct telegrams *t, const struct telegram_kind *kind,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &t->side[p->dir];
	for (;;) {
		struct sl_span begin;
		enum frame_found found = frame_next(f, &kind->frame, b, p->bytes, consumed, &begin);
		if (found == FRAME_MORE)
			return SL_MORE;
		if (found == FRAME_BAD)
			return frame_lose(f, b, p->bytes, consumed);
		if (!say(kind, b, p->dir, begin))
			return SL_FULL;
		frame_done(f, b, begin, consumed);
	}
}

enum sl_verdict telegrams_feed(struct telegrams *t, const struct telegram_kind *kind,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &t->side[p->dir];
	enum sl_verdict v;
	*consumed = 0;
	if (frame_mark(f, p, b, &v))
		return v;
	v = p->datagram ? datagram(kind, p, b, consumed) : stream(t, kind, p, b, consumed);
	if (v == SL_BAD)
		frame_end(f, b);
	return v;
}

enum sl_probe telegrams_probe(const struct telegram_kind *kind, struct sl_span in, bool exact)
{
	size_t size = kind->frame.size(in);
	if (size == 0)
		return SL_PROBE_NO;
	if (size > in.len && in.len < kind->frame.max)
		return SL_PROBE_MORE;
	while (size > 0 && size < in.len) {
		in = sl_span_from(in, size);
		size = kind->frame.size(in);
	}
	return size > 0 && (size == in.len || !exact) ? SL_PROBE_YES : SL_PROBE_NO;
}
