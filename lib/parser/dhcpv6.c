/* SPDX-License-Identifier: BSD-3-Clause */
/* dhcpv6.c - DHCP for IPv6 (RFC 8415), said as DHCP for IPv4 is: who a host says that it is, and
 * the addresses that it gets. Worker. Each datagram is a message; what relays wrapped is taken out
 * of their messages. */
#include "dns_name.h"
#include "parsers.h"
#include "datagram.h"
#include <sightline/hot.h>

enum { PORT_CLIENT = 546, PORT_SERVER = 547 };
enum { ADVERTISE = 2, REPLY = 7, RELAY_FORWARD = 12, RELAY_REPLY = 13, TYPE_LAST = 23 };
enum option { CLIENT_ID = 1, IA_NA = 3, IA_TA = 4, IA_ADDRESS = 5, RELAYED = 9, VENDOR_CLASS = 16 };
enum { DOMAIN_LIST = 24, CLIENT_FQDN = 39 };
enum { DUID_TIME = 1, DUID_ADDRESS = 3 };
enum { ETHERNET = 1, MAC_BYTES = 6 };

#define HEAD 4 /* type and transaction */
#define RELAY_HEAD 34 /* type, hops and two addresses */
#define RELAYS_MAX 8 /* RFC 8415 7.6 */
#define VALUES_MAX 128 /* that are said of a message, which is taken for cut there */

struct message {
	uint8_t type;
	struct sl_span options;
	bool part;
	bool over; /* it has more values than are said */
};

/* ---- Reading ---- */

/* False: there is no more; r->bad where one goes beyond its end. */
static bool option_next(struct sl_rd *r, uint16_t *code, struct sl_span *value)
{
	if (sl_rd_left(r) == 0)
		return false;
	*code = sl_rd16(r);
	*value = sl_rd_take(r, sl_rd16(r));
	return !r->bad;
}

static size_t head_of(struct sl_span in)
{
	bool relay = in.len > 0 && (in.p[0] == RELAY_FORWARD || in.p[0] == RELAY_REPLY);
	return relay ? RELAY_HEAD : HEAD;
}

/* The option of that kind; false: there is none. */
static bool option_find(struct sl_span options, uint16_t want, struct sl_span *out)
{
	struct sl_rd r = sl_rd(options);
	struct sl_span value;
	uint16_t code;
	while (option_next(&r, &code, &value))
		if (code == want) {
			*out = value;
			return true;
		}
	return false;
}

/* An option holds others, or texts, that go beyond its end. */
static bool option_part(uint16_t code, struct sl_span value)
{
	bool texts = code == VENDOR_CLASS;
	struct sl_rd r = sl_rd(sl_span_from(value, code == IA_NA ? 12 : 4));
	struct sl_span inner;
	if (code != IA_NA && code != IA_TA && !texts)
		return false;
	while (texts && sl_rd_left(&r) > 0)
		sl_rd_skip(&r, sl_rd16(&r));
	while (!texts && option_next(&r, &code, &inner))
		;
	return r.bad;
}

static void message_read(const struct sl_piece *p, struct message *m)
{
	struct sl_span in = p->bytes, value;
	uint16_t code;
	*m = (struct message){ .part = p->cut };
	for (unsigned i = 0; i < RELAYS_MAX && head_of(in) == RELAY_HEAD; i++)
		if (!option_find(sl_span_from(in, RELAY_HEAD), RELAYED, &in))
			break;
	m->part |= head_of(in) == RELAY_HEAD || in.len < HEAD;
	if (m->part && !p->cut)
		return;
	m->type = in.len > 0 ? in.p[0] : 0;
	m->options = sl_span_from(in, HEAD);
	struct sl_rd r = sl_rd(m->options);
	while (option_next(&r, &code, &value))
		m->part |= option_part(code, value);
	m->part |= r.bad;
}

static bool head_likely(struct sl_span in)
{
	size_t head = head_of(in);
	return in.len >= head + 4 && in.p[0] > 0 && in.p[0] <= TYPE_LAST && in.p[head] == 0;
}

static enum sl_probe dhcpv6_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	return (sport == PORT_SERVER || dport == PORT_SERVER || dport == PORT_CLIENT) &&
			       head_likely(p->bytes)
		       ? SL_PROBE_YES
		       : SL_PROBE_NO;
}

static bool dhcpv6_begins(uint8_t first)
{
	return first > 0 && first <= TYPE_LAST;
}

/* ---- Saying ---- */

/* A message is read again from its begin where the batch was full, so what it says is bounded. */
static bool says_more(const struct say *say, struct message *m)
{
	m->over |= say->at >= VALUES_MAX;
	return say->at < VALUES_MAX;
}

/* What a client says is its address asked for, what a reply says and lets live its address. */
static bool say_address(struct say *say, struct message *m, struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	struct sl_span address = sl_rd_take(&r, 16);
	sl_rd_skip(&r, 4);
	uint32_t valid = sl_rd32(&r);
	bool client = m->type < REPLY && m->type != ADVERTISE;
	if (r.bad || (!client && (m->type != REPLY || valid == 0)) || !says_more(say, m))
		return true;
	return say_formed(
		say, client ? SL_WHERE_DHCP_REQUESTED_IP : SL_WHERE_DHCP_ASSIGNED_IP, address);
}

static bool say_association(struct say *say, struct message *m, struct sl_span in, size_t head)
{
	struct sl_rd r = sl_rd(sl_span_from(in, head));
	struct sl_span value;
	uint16_t code;
	while (option_next(&r, &code, &value))
		if (code == IA_ADDRESS && !say_address(say, m, value))
			return false;
	return true;
}

/* The hardware address in a client's id (RFC 8415 11.2, 11.4). */
static bool say_duid(struct say *say, struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	uint16_t kind = sl_rd16(&r), hardware = sl_rd16(&r);
	if (kind == DUID_TIME)
		sl_rd_skip(&r, 4);
	else if (kind != DUID_ADDRESS)
		return true;
	if (r.bad || hardware != ETHERNET || sl_rd_left(&r) != MAC_BYTES)
		return true;
	return say_formed(say, SL_WHERE_DHCP_CLIENT_MAC, sl_rd_take(&r, MAC_BYTES));
}

/* Names in labels (RFC 8415 10), one behind the other; the last may lack its end. */
static bool say_names(struct say *say, struct message *m, enum sl_where w, struct sl_span in)
{
	while (in.len > 0 && says_more(say, m)) {
		struct dns_name name;
		size_t n = 0;
		while (n < in.len && in.p[n] != 0)
			n += 1 + (size_t)in.p[n];
		n = n < in.len ? n + 1 : in.len;
		if (say_needs(say, w)) {
			bool ok = dns_name_alone(sl_span(in.p, n), &name);
			if (!say_raw(say, w, sl_span(name.text, ok ? name.len : 0)))
				return false;
			if (!ok)
				parser_count_part(say->b);
		}
		in = sl_span_from(in, n);
	}
	return true;
}

/* An enterprise, then texts with their lengths (RFC 8415 21.16). */
static bool say_vendor(struct say *say, struct message *m, struct sl_span in)
{
	struct sl_rd r = sl_rd(sl_span_from(in, 4));
	while (sl_rd_left(&r) > 0 && !r.bad && says_more(say, m))
		if (!say_plain(say, SL_WHERE_DHCP_VENDOR_CLASS, sl_rd_take(&r, sl_rd16(&r))))
			return false;
	return true;
}

static bool say_option(struct say *say, struct message *m, uint16_t code, struct sl_span value)
{
	switch (code) {
	case IA_NA:
		return say_association(say, m, value, 12);
	case IA_TA:
		return say_association(say, m, value, 4);
	case VENDOR_CLASS:
		return say_vendor(say, m, value);
	case DOMAIN_LIST:
		return say_names(say, m, SL_WHERE_DHCP_DOMAIN, value);
	case CLIENT_FQDN:
		return say_names(say, m, SL_WHERE_DHCP_CLIENT_FQDN, sl_span_from(value, 1));
	default:
		return true;
	}
}

/* Options stand in any order (RFC 8415 21.1); what belongs to a hardware address is said behind it,
 * as DHCP for IPv4 does. */
static bool say_message(struct say *say, const struct sl_piece *p, bool *part)
{
	struct message m;
	message_read(p, &m);
	*part |= m.part;
	struct sl_rd r = sl_rd(m.options);
	struct sl_span value;
	uint16_t code;
	if (option_find(m.options, CLIENT_ID, &value) && !say_duid(say, value))
		return false;
	while (option_next(&r, &code, &value))
		if (!say_option(say, &m, code, value))
			return false;
	*part |= m.over;
	return true;
}

static const struct datagram_kind kind = { head_likely, say_message };

static enum sl_verdict dhcpv6_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return datagram_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_dhcpv6 = {
	.name = "dhcpv6",
	.state_bytes = sizeof(struct datagram),
	.over = SL_OVER_UDP,
	.probe = dhcpv6_probe,
	.begins = dhcpv6_begins,
	.feed = dhcpv6_feed,
};
