/* SPDX-License-Identifier: BSD-3-Clause */
/* dns.c - DNS over UDP and TCP, and the services that share its format: multicast DNS (RFC 6762),
 * LLMNR (RFC 4795), the NetBIOS name service (RFC 1002). Worker. A datagram is a message; over TCP
 * two bytes of length stand before each (RFC 1035 4.2.2), and one that goes on in the next piece is
 * held. */
#include "dns_message.h"
#include "gather.h"
#include "parsers.h"
#include <sightline/hot.h>

#define LENGTH_BYTES 2
#define MESSAGE_MAX 32768 /* of one message, its length included; the rest is not read */
#define PORT_DNS 53
#define PORT_MDNS 5353
#define PORT_LLMNR 5355
#define PORT_NBNS 137

/* One direction over TCP. */
struct frames {
	struct gather held; /* a message that is not whole, with its length */
	uint32_t skip; /* bytes of a message that are not read */
	bool whole; /* the message held is to be said */
	bool lost; /* look for a message at the start of a piece */
};

struct dns_flow {
	const struct dns_kind *kind; /* over TCP */
	struct dns dns;
	struct frames frames[2];
};

static const struct dns_kind kind_dns = { .query = SL_WHERE_DNS_QUERY, .records = true };
static const struct dns_kind kind_llmnr = { .query = SL_WHERE_LLMNR_QUERY };

/* ---- Probes ---- */

static bool is_port(uint16_t sport, uint16_t dport, uint16_t port)
{
	return sport == port || dport == port;
}

static uint32_t frame_len(struct sl_span in)
{
	return (uint32_t)in.p[0] << 8 | in.p[1];
}

/* A frame begins here, and nothing speaks against what it holds. */
static bool is_sure_frame(struct sl_span in)
{
	if (in.len < LENGTH_BYTES || frame_len(in) > in.len - LENGTH_BYTES)
		return false;
	return dns_message_sure(sl_span(in.p + LENGTH_BYTES, frame_len(in)));
}

#define FRAME_AWAITED 1000 /* longer ones are not recognised on another's port */

/* The begin of a frame, as far as it goes. */
static bool may_be_frame(struct sl_span in)
{
	if (in.len < LENGTH_BYTES || frame_len(in) <= in.len - LENGTH_BYTES)
		return in.len < LENGTH_BYTES;
	if (frame_len(in) < DNS_HEADER_BYTES || frame_len(in) > FRAME_AWAITED)
		return false;
	return in.len < LENGTH_BYTES + DNS_HEADER_BYTES ||
	       dns_message_begins_sure(sl_span_from(in, LENGTH_BYTES));
}

static enum sl_probe probe_stream(struct sl_span in, bool own_port)
{
	if (!own_port)
		return is_sure_frame(in)  ? SL_PROBE_YES
		       : may_be_frame(in) ? SL_PROBE_MORE
					  : SL_PROBE_NO;
	if (in.len >= LENGTH_BYTES && frame_len(in) < DNS_HEADER_BYTES)
		return SL_PROBE_NO;
	if (in.len < LENGTH_BYTES + DNS_HEADER_BYTES)
		return SL_PROBE_MORE;
	return dns_message_likely(sl_span_from(in, LENGTH_BYTES)) ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe dns_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	bool own_port = is_port(sport, dport, PORT_DNS);
	if (!p->datagram)
		return is_port(sport, dport, PORT_LLMNR) ? SL_PROBE_NO
							 : probe_stream(p->bytes, own_port);
	if (p->bytes.len < DNS_HEADER_BYTES)
		return SL_PROBE_NO;
	if (own_port)
		return SL_PROBE_YES;
	if (is_port(sport, dport, PORT_MDNS) || is_port(sport, dport, PORT_LLMNR) ||
		is_port(sport, dport, PORT_NBNS))
		return SL_PROBE_NO;
	return dns_message_sure(p->bytes) ? SL_PROBE_YES : SL_PROBE_NO;
}

static enum sl_probe probe_port(
	const struct sl_piece *p, uint16_t sport, uint16_t dport, uint16_t port)
{
	return is_port(sport, dport, port) && dns_message_likely(p->bytes) ? SL_PROBE_YES
									   : SL_PROBE_NO;
}

static enum sl_probe mdns_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	return probe_port(p, sport, dport, PORT_MDNS);
}

/* Over TCP as DNS is (RFC 4795 2.4). */
static enum sl_probe llmnr_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	if (!p->datagram)
		return is_port(sport, dport, PORT_LLMNR) ? probe_stream(p->bytes, true)
							 : SL_PROBE_NO;
	return probe_port(p, sport, dport, PORT_LLMNR);
}

static enum sl_probe nbns_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	return is_port(sport, dport, PORT_NBNS) && in.len >= DNS_HEADER_BYTES ? SL_PROBE_YES
									      : SL_PROBE_NO;
}

/* ---- Messages over TCP ---- */

/* How much of the message that `held` begins is read. */
static size_t held_want(const struct gather *held)
{
	if (held->have < LENGTH_BYTES)
		return LENGTH_BYTES;
	size_t n = LENGTH_BYTES + frame_len(gather_bytes(held));
	return n < MESSAGE_MAX ? n : MESSAGE_MAX;
}

static void frame_drop(struct frames *f, struct sl_batch *b)
{
	gather_drop(&f->held, b);
	f->whole = false;
}

/* Says what is held, be it whole or not. False: the batch is full. */
static bool frame_flush(struct dns_flow *d, enum sl_dir dir, struct sl_batch *b)
{
	struct frames *f = &d->frames[dir];
	struct sl_span message = sl_span_from(gather_bytes(&f->held), LENGTH_BYTES);
	if (!dns_message_feed(d->kind, &d->dns, message, dir, b))
		return false;
	frame_drop(f, b);
	return true;
}

/* More of a message that is not whole; returns how much of `in`. */
static size_t frame_hold(struct frames *f, struct sl_span in, struct sl_batch *b)
{
	size_t want = held_want(&f->held) - f->held.have;
	size_t n = want < in.len ? want : in.len;
	if (!gather_all(&f->held, b, sl_span(in.p, n), MESSAGE_MAX)) {
		frame_drop(f, b);
		f->lost = true;
		return in.len;
	}
	if (f->held.have >= LENGTH_BYTES && f->held.have == held_want(&f->held)) {
		f->whole = true;
		f->skip = LENGTH_BYTES + frame_len(gather_bytes(&f->held)) - f->held.have;
	}
	return n;
}

/* One step over the piece; *used of it. False: the batch is full. */
static bool stream_some(
	struct dns_flow *d, enum sl_dir dir, struct sl_span in, struct sl_batch *b, size_t *used)
{
	struct frames *f = &d->frames[dir];
	*used = 0;
	if (f->whole)
		return frame_flush(d, dir, b);
	if (f->skip) {
		*used = f->skip < in.len ? f->skip : in.len;
		f->skip -= (uint32_t)*used;
		return true;
	}
	if (f->lost && !is_sure_frame(in)) {
		*used = in.len;
		return true;
	}
	f->lost = false;
	if (f->held.have || in.len < LENGTH_BYTES || frame_len(in) > in.len - LENGTH_BYTES) {
		*used = frame_hold(f, in, b);
		return true;
	}
	size_t len = LENGTH_BYTES + frame_len(in), n = len < MESSAGE_MAX ? len : MESSAGE_MAX;
	struct sl_span message = sl_span(in.p + LENGTH_BYTES, n - LENGTH_BYTES);
	if (!dns_message_feed(d->kind, &d->dns, message, dir, b))
		return false;
	*used = len;
	return true;
}

static enum sl_verdict stream_bytes(
	struct dns_flow *d, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	while (d->frames[p->dir].whole || *consumed < p->bytes.len) {
		size_t used;
		bool done = stream_some(d, p->dir, sl_span_from(p->bytes, *consumed), b, &used);
		*consumed += used;
		if (!done)
			return SL_FULL;
	}
	return SL_MORE;
}

static enum sl_verdict stream_gap(struct dns_flow *d, const struct sl_piece *p, struct sl_batch *b)
{
	struct frames *f = &d->frames[p->dir];
	if (!frame_flush(d, p->dir, b))
		return SL_FULL;
	f->lost |= p->gap_bytes == 0 || p->gap_bytes > f->skip;
	f->skip = f->lost ? 0 : f->skip - (uint32_t)p->gap_bytes;
	return SL_MORE;
}

/* ---- Feed ---- */

static enum sl_verdict dns_end(struct dns_flow *d, enum sl_dir dir, struct sl_batch *b)
{
	if (!frame_flush(d, dir, b))
		return SL_FULL;
	return dns_message_end(&d->dns, dir, b) ? SL_DONE : SL_FULL;
}

static enum sl_verdict feed_datagram(const struct dns_kind *kind, struct dns *d,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	*consumed = 0;
	if (p->kind == SL_PIECE_END)
		return dns_message_end(d, p->dir, b) ? SL_DONE : SL_FULL;
	if (p->kind == SL_PIECE_BYTES && !dns_message_feed(kind, d, p->bytes, p->dir, b))
		return SL_FULL;
	*consumed = p->bytes.len;
	return SL_MORE;
}

static enum sl_verdict feed(const struct dns_kind *kind, struct dns_flow *d,
	const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	*consumed = 0;
	d->kind = kind;
	if (p->kind == SL_PIECE_END)
		return dns_end(d, p->dir, b);
	if (p->datagram)
		return feed_datagram(kind, &d->dns, p, b, consumed);
	return p->kind == SL_PIECE_BYTES ? stream_bytes(d, p, b, consumed) : stream_gap(d, p, b);
}

static enum sl_verdict dns_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return feed(&kind_dns, state, p, b, consumed);
}

static enum sl_verdict mdns_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	static const struct dns_kind kind = { .query = SL_WHERE_MDNS_QUERY,
		.host = SL_WHERE_MDNS_HOST };
	return feed_datagram(&kind, state, p, b, consumed);
}

static enum sl_verdict llmnr_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return feed(&kind_llmnr, state, p, b, consumed);
}

static enum sl_verdict nbns_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	static const struct dns_kind kind = {
		.query = SL_WHERE_NBNS_QUERY, .netbios = true, .host = SL_WHERE_NBNS_HOST
	};
	return feed_datagram(&kind, state, p, b, consumed);
}

_Static_assert(sizeof(struct dns_flow) <= 512, "a size class more for each flow");

const struct sl_parser sl_parser_dns = {
	.name = "dns",
	.state_bytes = sizeof(struct dns_flow),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = dns_probe,
	.feed = dns_feed,
};

const struct sl_parser sl_parser_mdns = {
	.name = "mdns",
	.state_bytes = sizeof(struct dns),
	.over = SL_OVER_UDP,
	.probe = mdns_probe,
	.feed = mdns_feed,
};

const struct sl_parser sl_parser_llmnr = {
	.name = "llmnr",
	.state_bytes = sizeof(struct dns_flow),
	.over = SL_OVER_TCP | SL_OVER_UDP,
	.probe = llmnr_probe,
	.feed = llmnr_feed,
};

const struct sl_parser sl_parser_nbns = {
	.name = "nbns",
	.state_bytes = sizeof(struct dns),
	.over = SL_OVER_UDP,
	.probe = nbns_probe,
	.feed = nbns_feed,
};
