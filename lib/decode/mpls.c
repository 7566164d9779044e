/* SPDX-License-Identifier: BSD-3-Clause */
/* mpls.c - a stack of MPLS labels (RFC 3032) and what lies below it, which nothing in it names.
 * Worker. IP is told by its first nibble; what is none may be an Ethernet pseudowire, with a
 * control word (RFC 4385, RFC 4448) or without: it is one where the frame leads to an IP header. */
#include "layers.h"

#include <sightline/hot.h>

#define LABELS_MAX 32

enum { CHANNEL_IPV4 = 0x0021, CHANNEL_IPV6 = 0x0057 }; /* RFC 4385 6, RFC 5885 */

static enum sl_drop pseudowire(struct layers *l, struct sl_span in, bool control_word)
{
	enum sl_drop drop = SL_DROP_NOT_IP;
	if (control_word)
		drop = decode_try(l, decode_ethernet, sl_span_from(in, 4));
	if (drop != SL_DECODED)
		drop = decode_try(l, decode_ethernet, in);
	return drop == SL_DECODED ? drop : SL_DROP_NOT_IP;
}

/* The associated channel of a pseudowire: control word, then what its type says. */
static enum sl_drop channel(struct layers *l)
{
	uint32_t word = sl_rd32(&l->rd);
	if (l->rd.bad)
		return SL_DROP_SHORT;
	switch (word & 0xffff) {
	case CHANNEL_IPV4:
		return decode_ip4(l);
	case CHANNEL_IPV6:
		return decode_ip6(l);
	default:
		return SL_DROP_NOT_IP;
	}
}

static enum sl_drop below_labels(struct layers *l)
{
	struct sl_span in = sl_span(l->rd.p, sl_rd_left(&l->rd));
	if (in.len == 0)
		return SL_DROP_SHORT;
	layer_fn *layer = NULL;
	switch (in.p[0] >> 4) {
	case 4:
	case 6:
		layer = decode_ip;
		break;
	case 1:
		layer = channel;
		break;
	default:
		break;
	}
	enum sl_drop drop = layer ? decode_try(l, layer, in) : SL_DROP_NOT_IP;
	if (drop == SL_DECODED)
		return drop;
	/* Where the first nibble of a MAC address misled, the frame still tells. */
	enum sl_drop frame = pseudowire(l, in, in.p[0] >> 4 == 0);
	return frame == SL_DECODED ? frame : drop;
}

enum sl_drop decode_mpls(struct layers *l)
{
	if (!layer_enter(l))
		return SL_DROP_NOT_IP;
	for (unsigned i = 0; i < LABELS_MAX; i++) {
		uint32_t label = sl_rd32(&l->rd);
		if (l->rd.bad)
			return SL_DROP_SHORT;
		if (label & 0x100) /* bottom of stack */
			return below_labels(l);
	}
	l->deep = true;
	return SL_DROP_NOT_IP;
}
