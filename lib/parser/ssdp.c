/* SPDX-License-Identifier: BSD-3-Clause */
/* ssdp.c - HTTP over UDP (UPnP Device Architecture 1.3): where a device says that its description
 * is. Worker. Each datagram is a head of its own; nothing of it is said as HTTP. */
#include "http_say.h"
#include "parsers.h"
#include <sightline/hot.h>

#define PORT_SSDP 1900

/* A message that a full batch stopped. */
struct ssdp {
	uint32_t message;
	uint8_t step;
};
enum { LOCATION_FIRST, LOCATION_LAST, CLOSE, STEPS };

static bool is_ours(struct sl_span in)
{
	struct http_head h;
	enum http_start start = http_start(in);
	if (start != HTTP_REQUEST && start != HTTP_RESPONSE)
		return false;
	return http_head_read(in, &h) &&
	       (h.response || sl_span_eq(h.method, sl_span_str("M-SEARCH")) ||
		       sl_span_eq(h.method, sl_span_str("NOTIFY")));
}

static enum sl_probe ssdp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	return (sport == PORT_SSDP || dport == PORT_SSDP) && is_ours(p->bytes) ? SL_PROBE_YES
									       : SL_PROBE_NO;
}

static bool say_step(
	const struct ssdp *s, const struct http_head *h, enum sl_dir dir, struct sl_batch *b)
{
	const struct http_field *f = &h->location;
	uint8_t flat[HTTP_FLAT_MAX];
	if (s->step == CLOSE)
		return sl_batch_close(b, dir, s->message);
	if (s->step == LOCATION_FIRST && sl_span_eq(f->first, f->last))
		return true;
	struct sl_span url = s->step == LOCATION_LAST ? f->last : f->first;
	return sl_batch_add_raw(b, SL_WHERE_SSDP_URL, dir, s->message, http_flat(url, flat), NULL);
}

static enum sl_verdict ssdp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct ssdp *s = state;
	struct http_head h;
	*consumed = p->kind == SL_PIECE_BYTES ? p->bytes.len : 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	if (p->kind != SL_PIECE_BYTES || !is_ours(p->bytes) || !http_head_read(p->bytes, &h))
		return SL_MORE;
	if (s->message == 0) {
		s->message = sl_batch_next_message(b);
		if (!h.complete)
			parser_count_part(b);
	}
	for (; s->step < STEPS; s->step++) {
		if (!say_step(s, &h, p->dir, b)) {
			*consumed = 0;
			return SL_FULL;
		}
	}
	*s = (struct ssdp){ .message = 0 };
	return SL_MORE;
}

const struct sl_parser sl_parser_ssdp = {
	.name = "ssdp",
	.state_bytes = sizeof(struct ssdp),
	.over = SL_OVER_UDP,
	.probe = ssdp_probe,
	.begins = http_begins,
	.feed = ssdp_feed,
};
