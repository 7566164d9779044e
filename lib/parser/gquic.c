/* SPDX-License-Identifier: BSD-3-Clause */
/* gquic.c - Google's QUIC up to Q046, whose handshake is readable on the wire: the CHLO of the
 * client, which fills its packet. (That of Q050 stands in a sealed Initial, which quic.c opens.)
 * Worker.
 *
 * The packets before Q044 begin with flags, connection id and version; those of Q044 and Q046 have
 * the long header of the IETF's drafts. Neither tells reliably how long what follows is, so the
 * CHLO is looked for among the first bytes. */
#include "gquic.h"
#include "parsers.h"
#include <sightline/hot.h>

#define BEFORE_MAX 96 /* bytes before a CHLO: header, hash, head of a STREAM frame */
#define TAGS_MAX 128
#define HEAD 8 /* CHLO, number of tags, padding */

enum { FLAG_VERSION = 0x01, FLAG_RESET = 0x02, FLAG_ID = 0x08, FLAG_LONG = 0x80 };

struct gquic {
	uint32_t message;
	uint16_t said;
};

/* The version of a packet that tells it, "Q0" and two digits; NULL where none stands there. */
static const uint8_t *version_of(struct sl_span in)
{
	if (in.len < 1)
		return NULL;
	size_t at = in.p[0] & FLAG_LONG ? 1 : in.p[0] & FLAG_ID ? 9 : 1;
	if ((in.p[0] & (FLAG_LONG | FLAG_VERSION)) == 0 || in.len < at + 4)
		return NULL;
	const uint8_t *v = in.p + at;
	bool sound = v[0] == 'Q' && v[1] == '0' && v[2] >= '0' && v[2] <= '4' && v[3] >= '0' &&
		     v[3] <= '9';
	return sound ? v : NULL;
}

static enum sl_probe gquic_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool yes = p->datagram && version_of(p->bytes) != NULL &&
		   (p->bytes.p[0] & FLAG_LONG || (p->bytes.p[0] & FLAG_RESET) == 0);
	return yes ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool gquic_begins(uint8_t first)
{
	return first & (FLAG_LONG | FLAG_VERSION);
}

static uint32_t le(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;
	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

bool gquic_is_hello(struct sl_span in)
{
	return in.len >= HEAD && memcmp(in.p, "CHLO", 4) == 0;
}

/* The value of a tag: the list has ends, counted from behind it. */
static struct sl_span tag_value(struct sl_span in, const char tag[4])
{
	unsigned tags = le(in.p + 4, 2);
	struct sl_span list = sl_span_from(in, HEAD), none = sl_span(in.p, 0);
	if (tags > TAGS_MAX || list.len < (size_t)tags * 8)
		return none;
	struct sl_span values = sl_span_from(list, (size_t)tags * 8);
	uint32_t from = 0;
	for (unsigned i = 0; i < tags; i++) {
		uint32_t to = le(list.p + i * 8 + 4, 4);
		if (to < from || to > values.len)
			return none;
		if (memcmp(list.p + i * 8, tag, 4) == 0)
			return sl_span(values.p + from, to - from);
		from = to;
	}
	return none;
}

bool gquic_hello_say(struct say *say, struct sl_span in)
{
	return say_plain(say, SL_WHERE_GQUIC_SNI, tag_value(in, "SNI\0")) &&
	       say_plain(say, SL_WHERE_GQUIC_USER_AGENT, tag_value(in, "UAID"));
}

static struct sl_span find_hello(struct sl_span in)
{
	for (size_t at = 0; at < BEFORE_MAX && at < in.len; at++)
		if (gquic_is_hello(sl_span_from(in, at)))
			return sl_span_from(in, at);
	return sl_span(in.p, 0);
}

static enum sl_verdict gquic_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct gquic *g = state;
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return SL_DONE;
	struct sl_span hello = sl_span(p->bytes.p, 0);
	if (p->kind == SL_PIECE_BYTES && version_of(p->bytes) != NULL)
		hello = find_hello(p->bytes);
	if (hello.len > 0) {
		if (g->message == 0)
			g->message = sl_batch_next_message(b);
		struct say say = { .b = b, .message = g->message, .dir = p->dir, .said = &g->said };
		if (!gquic_hello_say(&say, hello) || !sl_batch_close(b, p->dir, g->message))
			return SL_FULL;
		g->message = g->said = 0;
	}
	*consumed = p->bytes.len;
	return SL_REST;
}

const struct sl_parser sl_parser_gquic = {
	.name = "gquic",
	.state_bytes = sizeof(struct gquic),
	.over = SL_OVER_UDP,
	.probe = gquic_probe,
	.begins = gquic_begins,
	.feed = gquic_feed,
};
