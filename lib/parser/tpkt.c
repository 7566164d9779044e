/* SPDX-License-Identifier: BSD-3-Clause */
/* tpkt.c - packets of ISO transport over TCP, and the transport PDUs in them. Worker; pure. */
#include "tpkt.h"
#include <sightline/hot.h>

#define TPKT_VERSION 3
#define TPKT_MIN (TPKT_HEADER + 3) /* RFC 1006 6: the smallest PDU */
#define FIXED_CONNECT 6 /* type, two references, class: X.224 13.3.3 */
#define FIXED_DATA 2 /* type and EOT, as classes 0 and 1 have it: X.224 13.7.3 */
#define BEGIN_MAX 1024 /* of a connection request */

size_t tpkt_size(struct sl_span begin)
{
	if (begin.len == 0)
		return TPKT_HEADER;
	if (begin.p[0] != TPKT_VERSION || (begin.len > 1 && begin.p[1] != 0))
		return 0;
	if (begin.len < TPKT_HEADER)
		return TPKT_HEADER;
	size_t len = (size_t)begin.p[2] << 8 | begin.p[3];
	return len >= TPKT_MIN ? len : 0;
}

/* X.224 13.2.2.1: the length indicator counts neither itself nor user data. */
bool cotp_read(struct sl_span packet, struct cotp *out)
{
	struct sl_rd r = sl_rd(sl_span_from(packet, TPKT_HEADER));
	struct sl_rd head = sl_rd(sl_rd_take(&r, sl_rd8(&r)));
	uint8_t type = sl_rd8(&head);
	*out = (struct cotp){ .type = type & 0xf0 };
	if (out->type == COTP_DT)
		out->last = sl_rd8(&head) & 0x80;
	else if (out->type >= COTP_DR)
		sl_rd_skip(&head, FIXED_CONNECT - 1);
	out->options = sl_rd_take(&head, sl_rd_left(&head));
	out->data = sl_rd_take(&r, sl_rd_left(&r));
	return !r.bad && !head.bad;
}

struct sl_span cotp_option(const struct cotp *c, enum cotp_option which)
{
	struct sl_rd r = sl_rd(c->options);
	while (sl_rd_left(&r) > 0) {
		uint8_t code = sl_rd8(&r);
		struct sl_span value = sl_rd_take(&r, sl_rd8(&r));
		if (r.bad)
			break;
		if (code == which)
			return value;
	}
	return sl_span(c->options.p, 0);
}

enum sl_probe cotp_probe(struct sl_span in, enum cotp_type type, struct cotp *out)
{
	struct cotp c;
	size_t size = tpkt_size(in);
	if (size == 0 || size > BEGIN_MAX ||
		(in.len > TPKT_HEADER + 1 && (in.p[TPKT_HEADER + 1] & 0xf0) != type))
		return SL_PROBE_NO;
	if (in.len < size)
		return SL_PROBE_MORE;
	if (!cotp_read(sl_span(in.p, size), out != NULL ? out : &c))
		return SL_PROBE_NO;
	return SL_PROBE_YES;
}
