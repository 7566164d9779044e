/* SPDX-License-Identifier: BSD-3-Clause */
/* mqtt.c - MQTT 3.1, 3.1.1 and 5.0 (OASIS): who connects, and the topics that are published,
 * subscribed to, left, or named for a client's last will. Worker. Of a packet as much is gathered
 * as those need; what a message carries is passed over. */
#include "frame.h"
#include "parsers.h"
#include "say.h"
#include <sightline/hot.h>

#define PORT_MQTT 1883
#define HEAD_MAX 5 /* type and flags, and a length of four bytes at most */
#define KEPT_MAX 16384 /* of one packet; what lies behind is left out, and counted */

enum type { CONNECT = 1, PUBLISH = 3, SUBSCRIBE = 8, UNSUBSCRIBE = 10, AUTH = 15 };
enum { HAS_WILL = 4, HAS_USER = 0x80 }; /* flags of CONNECT */
enum { VERSION_5 = 5 };

struct mqtt {
	struct frame side[2];
	uint32_t message; /* of the packet at hand; 0: none */
	uint16_t said;
	uint8_t version; /* as its CONNECT says; 0: not seen */
};

struct head {
	size_t len; /* of type, flags and length */
	uint32_t rest; /* bytes that follow it */
	uint8_t type, flags;
};

/* ---- Reading ---- */

/* A number in up to four bytes (5.0, 1.5.5); r->bad where it goes on. */
static uint32_t number(struct sl_rd *r)
{
	uint32_t n = 0;
	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t c = sl_rd8(r);
		n |= (uint32_t)(c & 127) << shift;
		if (c < 128)
			return n;
	}
	r->bad = true;
	return n;
}

static struct sl_span text(struct sl_rd *r)
{
	return sl_rd_take(r, sl_rd16(r));
}

/* The flags that the types have (3.1.1, 2.2.2). */
static bool flags_fit(uint8_t type, uint8_t flags)
{
	if (type == PUBLISH)
		return (flags & 6) != 6;
	return flags == (type == 6 || type == SUBSCRIBE || type == UNSUBSCRIBE ? 2 : 0);
}

/* SL_PROBE_MORE: there are too few bytes to tell; NO: it is none. */
static enum sl_probe head_read(struct sl_span in, struct head *h)
{
	struct sl_rd r = sl_rd(in);
	uint8_t first = sl_rd8(&r);
	if (r.bad)
		return SL_PROBE_MORE;
	*h = (struct head){ .type = first >> 4, .flags = first & 15 };
	if (h->type == 0)
		return SL_PROBE_NO;
	for (size_t i = 1; i < HEAD_MAX; i++) {
		if (i >= in.len)
			return SL_PROBE_MORE;
		if (in.p[i] < 128) {
			h->rest = number(&r);
			h->len = i + 1;
			return SL_PROBE_YES;
		}
	}
	return SL_PROBE_NO;
}

/* ---- Whether it is MQTT ---- */

static bool topic_likely(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	size_t n = sl_rd16(&r);
	if (n == 0 || n > in.len)
		return false;
	n = n < sl_rd_left(&r) ? n : sl_rd_left(&r);
	for (size_t i = 0; i < n; i++)
		if (r.p[i] < ' ' || r.p[i] == '#' || r.p[i] == '+')
			return false;
	return true;
}

/* Packets one behind the other, the last of which may go on. Their own marks are weak. */
static bool packets_likely(struct sl_span in)
{
	struct head h;
	unsigned n = 0;
	for (; in.len > 0 && n < 4; n++) {
		enum sl_probe said = head_read(in, &h);
		if (said == SL_PROBE_MORE && n > 0)
			return true;
		if (said != SL_PROBE_YES || !flags_fit(h.type, h.flags))
			return false;
		struct sl_span rest = sl_span_from(in, h.len);
		bool empty = h.type >= 12 && h.type < AUTH;
		if (h.type == PUBLISH ? !topic_likely(rest)
				      : h.rest > rest.len || (!empty && h.rest < 2))
			return false;
		in = sl_span_from(rest, h.rest < rest.len ? h.rest : rest.len);
	}
	return n > 0;
}

static enum sl_probe mqtt_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	static const struct {
		uint8_t len;
		const char *name;
	} names[] = { { 7, "\0\4MQTT\4" }, { 7, "\0\4MQTT\5" }, { 9, "\0\6MQIsdp\3" } };
	struct sl_span in = p->bytes;
	struct head h;
	if (in.len > 0 && in.p[0] == CONNECT << 4) {
		enum sl_probe said = head_read(in, &h);
		if (said != SL_PROBE_YES)
			return said;
		struct sl_span rest = sl_span_from(in, h.len);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			size_t n = names[i].len < rest.len ? names[i].len : rest.len;
			if (n == 0 || memcmp(rest.p, names[i].name, n) == 0)
				return n < names[i].len ? SL_PROBE_MORE : SL_PROBE_YES;
		}
		return SL_PROBE_NO;
	}
	return (sport == PORT_MQTT || dport == PORT_MQTT) && packets_likely(in) ? SL_PROBE_YES
										: SL_PROBE_NO;
}

static bool mqtt_begins(uint8_t first)
{
	return first >> 4 != 0;
}

/* ---- Saying. Each reads a packet behind its head; a cursor that is bad tells that it is cut. ----
 */

static void properties(struct sl_rd *r, uint8_t version)
{
	if (version == VERSION_5)
		sl_rd_skip(r, number(r));
}

static bool say_connect(struct mqtt *m, struct say *say, struct sl_rd *r)
{
	(void)text(r); /* the protocol's name */
	uint8_t version = sl_rd8(r), flags = sl_rd8(r);
	sl_rd_skip(r, 2);
	m->version = r->bad ? 0 : version;
	properties(r, version);
	if (!say_plain(say, SL_WHERE_MQTT_CLIENT_ID, text(r)))
		return false;
	if (flags & HAS_WILL) {
		properties(r, version);
		if (!say_plain(say, SL_WHERE_MQTT_TOPIC, text(r)))
			return false;
		(void)text(r);
	}
	return !(flags & HAS_USER) || say_plain(say, SL_WHERE_MQTT_USER, text(r));
}

/* Behind the packet's number and properties: filters, behind each its options where it is wanted.
 */
static bool filter_next(struct sl_rd *r, uint8_t type, struct sl_span *filter)
{
	if (r->bad || sl_rd_left(r) == 0)
		return false;
	*filter = text(r);
	if (type == SUBSCRIBE)
		sl_rd_skip(r, 1);
	return true;
}

static bool filters_fit(struct sl_rd r, uint8_t type, uint8_t version)
{
	struct sl_span filter;
	sl_rd_skip(&r, 2);
	properties(&r, version);
	bool any = sl_rd_left(&r) > 0;
	while (filter_next(&r, type, &filter))
		if (filter.len == 0)
			return false;
	return any && !r.bad;
}

/* Without its CONNECT, the version is the one that fits. */
static bool say_filters(struct mqtt *m, struct say *say, struct sl_rd *r, uint8_t type)
{
	struct sl_span filter;
	uint8_t version = m->version;
	if (version == 0 && !filters_fit(*r, type, 4) && filters_fit(*r, type, VERSION_5))
		version = VERSION_5;
	sl_rd_skip(r, 2);
	properties(r, version);
	while (filter_next(r, type, &filter))
		if (!say_plain(say, SL_WHERE_MQTT_TOPIC, filter))
			return false;
	return true;
}

static bool says(uint8_t type)
{
	return type == CONNECT || type == PUBLISH || type == SUBSCRIBE || type == UNSUBSCRIBE;
}

/* False: the batch is full. */
static bool packet(struct mqtt *m, enum sl_dir dir, struct sl_batch *b, const struct head *h,
	struct sl_span in)
{
	if (!says(h->type))
		return true;
	if (m->message == 0)
		m->message = sl_batch_next_message(b);
	struct say say = { .b = b, .message = m->message, .dir = dir, .said = &m->said };
	struct sl_rd r = sl_rd(sl_span_from(in, h->len));
	bool room = h->type == CONNECT	 ? say_connect(m, &say, &r)
		    : h->type == PUBLISH ? say_plain(&say, SL_WHERE_MQTT_TOPIC, text(&r))
					 : say_filters(m, &say, &r, h->type);
	if (!room || !sl_batch_close(b, dir, m->message))
		return false;
	if (r.bad)
		parser_count_part(b);
	m->message = 0;
	m->said = 0;
	return true;
}

/* ---- Packets in a stream ---- */

static size_t packet_size(struct sl_span begin)
{
	struct head h;
	enum sl_probe said = head_read(begin, &h);
	if (said != SL_PROBE_YES)
		return said == SL_PROBE_MORE ? begin.len + 1 : 0;
	return h.len + h.rest;
}

/* What is published is passed over, and packets that say nothing. */
static size_t packet_wanted(struct sl_span begin)
{
	struct head h;
	if (head_read(begin, &h) != SL_PROBE_YES)
		return begin.len + 1;
	if (!says(h.type))
		return h.len;
	if (h.type != PUBLISH)
		return h.len + (h.rest < KEPT_MAX ? h.rest : KEPT_MAX);
	struct sl_rd r = sl_rd(sl_span_from(begin, h.len));
	size_t topic = sl_rd16(&r);
	return h.len + 2 + (r.bad ? 0 : topic);
}

static enum sl_probe packet_likely(struct sl_span begin)
{
	return packets_likely(begin) ? SL_PROBE_YES : SL_PROBE_NO;
}

static const struct frame_kind packets = {
	.size = packet_size,
	.max = HEAD_MAX + KEPT_MAX,
	.wanted = packet_wanted,
	.likely = packet_likely,
};

static enum sl_verdict feed_bytes(
	struct mqtt *m, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct frame *f = &m->side[p->dir];
	struct sl_span in;
	struct head h;
	enum frame_found found;
	while ((found = frame_next(f, &packets, b, p->bytes, consumed, &in)) == FRAME_IS) {
		if (head_read(in, &h) == SL_PROBE_YES && !packet(m, p->dir, b, &h, in))
			return SL_FULL;
		frame_done(f, b, in, consumed);
	}
	return found == FRAME_BAD ? frame_lose(f, b, p->bytes, consumed) : SL_MORE;
}

static enum sl_verdict mqtt_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	struct mqtt *m = state;
	enum sl_verdict v = SL_DONE;
	*consumed = 0;
	if (p->kind == SL_PIECE_GAP) {
		frame_gap(&m->side[p->dir], b, p->gap_bytes);
		return SL_MORE;
	}
	if (p->kind == SL_PIECE_BYTES)
		v = feed_bytes(m, p, b, consumed);
	if (v == SL_DONE || v == SL_BAD)
		frame_end(&m->side[p->dir], b);
	return v;
}

const struct sl_parser sl_parser_mqtt = {
	.name = "mqtt",
	.state_bytes = sizeof(struct mqtt),
	.over = SL_OVER_TCP,
	.probe = mqtt_probe,
	.begins = mqtt_begins,
	.feed = mqtt_feed,
};
