/* SPDX-License-Identifier: BSD-3-Clause */
/* datagram.c - messages of which each is a datagram. Worker. */
#include "datagram.h"
#include "parsers.h"
#include <sightline/hot.h>

enum sl_verdict datagram_feed(struct datagram *d, const struct datagram_kind *kind,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	*consumed = p->kind == SL_PIECE_BYTES ? p->bytes.len : 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind != SL_PIECE_BYTES)
		return SL_MORE;
	bool part = p->cut;
	if (!kind->likely(p->bytes)) {
		parser_count_part(b);
		return SL_MORE;
	}
	if (d->message == 0)
		d->message = sl_batch_next_message(b);
	struct say s = { .b = b, .message = d->message, .dir = p->dir, .said = &d->said };
	if (!kind->say(&s, p, &part) || !sl_batch_close(b, p->dir, d->message)) {
		*consumed = 0;
		return SL_FULL;
	}
	if (part)
		parser_count_part(b);
	*d = (struct datagram){ .message = 0 };
	return SL_MORE;
}
