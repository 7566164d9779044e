/* SPDX-License-Identifier: BSD-3-Clause */
/* dhcp.c - DHCP for IPv4 (RFC 2131, options RFC 2132) and the BOOTP that it is made of (RFC 951):
 * who a host says that it is, and the address that it gets. Worker. Each datagram is a message. An
 * option that comes more than once is one value in pieces (RFC 3396), and goes on in the fields of
 * the file and the server's name where option 52 says so. */
#include "dns_name.h"
#include "parsers.h"
#include "datagram.h"
#include <sightline/hot.h>

enum { PORT_SERVER = 67, PORT_CLIENT = 68 };
enum { REQUEST = 1, REPLY = 2 }; /* op */
enum { ETHERNET = 1, MAC_BYTES = 6 };
enum { PAD = 0, HOST_NAME = 12, DOMAIN_NAME = 15, REQUESTED_IP = 50, OVERLOAD = 52, TYPE = 53 };
enum { VENDOR_CLASS = 60, CLIENT_FQDN = 81, END = 255 };
enum { TYPE_ACK = 5 };

#define HEAD_HARDWARE 44 /* up to the end of chaddr */
#define OPTION_MAX 1024 /* of one option put together; more is left out, and counted */
#define FQDN_HEAD 3 /* flags and two codes that nobody uses (RFC 4702 2) */
#define FQDN_WIRE 4 /* the name is in labels, not text */

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

struct message {
	uint8_t op, type;
	struct sl_span hardware, assigned;
	struct sl_span area[3]; /* of options, in the order of RFC 3396 5 */
	bool part;
};

struct option {
	size_t len;
	bool over;
	uint8_t b[OPTION_MAX];
};

/* ---- Reading ---- */

/* False: there is no more; r->bad where one goes beyond its end. */
static bool option_next(struct sl_rd *r, uint8_t *code, struct sl_span *value)
{
	do {
		if (sl_rd_left(r) == 0)
			return false;
		*code = sl_rd8(r);
	} while (*code == PAD);
	if (*code == END)
		return false;
	*value = sl_rd_take(r, sl_rd8(r));
	return !r->bad;
}

/* The first byte of an option of the main area, 0 where there is none. */
static uint8_t option_byte(const struct message *m, uint8_t want)
{
	struct sl_rd r = sl_rd(m->area[0]);
	struct sl_span value;
	uint8_t code;
	while (option_next(&r, &code, &value))
		if (code == want && value.len > 0)
			return value.p[0];
	return 0;
}

static struct sl_span option_all(const struct message *m, uint8_t want, struct option *out)
{
	struct sl_span value;
	uint8_t code;
	out->len = 0;
	out->over = false;
	for (unsigned i = 0; i < 3; i++) {
		struct sl_rd r = sl_rd(m->area[i]);
		while (option_next(&r, &code, &value)) {
			if (code != want)
				continue;
			size_t room = OPTION_MAX - out->len;
			size_t n = value.len < room ? value.len : room;
			out->over |= n < value.len;
			memcpy(out->b + out->len, value.p, n);
			out->len += n;
		}
	}
	return sl_span(out->b, out->len);
}

static bool areas_part(const struct message *m)
{
	struct sl_span value;
	uint8_t code;
	bool part = false;
	for (unsigned i = 0; i < 3; i++) {
		struct sl_rd r = sl_rd(m->area[i]);
		while (option_next(&r, &code, &value))
			;
		part |= r.bad;
	}
	return part;
}

static bool head_likely(struct sl_span in)
{
	return in.len >= HEAD_HARDWARE && (in.p[0] == REQUEST || in.p[0] == REPLY) &&
	       in.p[1] != 0 && in.p[2] <= 16;
}

static void message_read(const struct sl_piece *p, struct message *m)
{
	struct sl_rd r = sl_rd(p->bytes);
	*m = (struct message){ .op = sl_rd8(&r) };
	uint8_t kind = sl_rd8(&r), len = sl_rd8(&r);
	sl_rd_skip(&r, 1 + 4 + 2 + 2 + 4);
	m->assigned = sl_rd_take(&r, 4);
	sl_rd_skip(&r, 4 + 4);
	m->hardware = sl_rd_take(&r, 16);
	m->hardware.len = kind == ETHERNET && len == MAC_BYTES ? MAC_BYTES : 0;
	struct sl_span server = sl_rd_take(&r, 64), file = sl_rd_take(&r, 128);
	if (!r.bad && sl_span_eq(sl_rd_take(&r, 4), sl_span(cookie, 4)))
		m->area[0] = sl_span(r.p, sl_rd_left(&r));
	m->type = option_byte(m, TYPE);
	uint8_t overload = option_byte(m, OVERLOAD);
	if (overload & 1)
		m->area[1] = file;
	if (overload & 2)
		m->area[2] = server;
	m->part = p->cut || r.bad || areas_part(m);
}

static enum sl_probe dhcp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	if (!head_likely(in))
		return SL_PROBE_NO;
	if (in.len >= 240 && memcmp(in.p + 236, cookie, 4) == 0)
		return SL_PROBE_YES;
	return sport == PORT_SERVER || dport == PORT_SERVER || dport == PORT_CLIENT ? SL_PROBE_YES
										    : SL_PROBE_NO;
}

static bool dhcp_begins(uint8_t first)
{
	return first == REQUEST || first == REPLY;
}

/* ---- Saying ---- */

static bool is_zero(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != 0)
			return false;
	return true;
}

static bool say_address(struct say *say, enum sl_where w, struct sl_span value)
{
	return value.len != 4 || is_zero(value) || say_formed(say, w, value);
}

/* Senders end a text with a zero although nobody asks them to. */
static bool say_text(struct say *say, enum sl_where w, struct sl_span text)
{
	const uint8_t *zero = text.len > 0 ? memchr(text.p, 0, text.len) : NULL;
	if (zero != NULL)
		text.len = (size_t)(zero - text.p);
	return say_raw(say, w, text);
}

static bool say_fqdn(struct say *say, struct sl_span in)
{
	struct dns_name name;
	struct sl_span text = sl_span_from(in, FQDN_HEAD);
	if (in.len > 0 && (in.p[0] & FQDN_WIRE)) {
		if (!dns_name_alone(text, &name)) {
			parser_count_part(say->b);
			say_pass(say);
			return true;
		}
		text = sl_span(name.text, name.len);
	}
	return say_text(say, SL_WHERE_DHCP_CLIENT_FQDN, text);
}

static bool say_options(struct say *say, const struct message *m)
{
	static const struct {
		uint8_t code;
		uint16_t where;
	} row[] = { { HOST_NAME, SL_WHERE_DHCP_HOSTNAME }, { DOMAIN_NAME, SL_WHERE_DHCP_DOMAIN },
		{ VENDOR_CLASS, SL_WHERE_DHCP_VENDOR_CLASS },
		{ CLIENT_FQDN, SL_WHERE_DHCP_CLIENT_FQDN } };
	struct option o;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (!say_needs(say, row[i].where))
			continue;
		struct sl_span value = option_all(m, row[i].code, &o);
		if (row[i].code == CLIENT_FQDN ? !say_fqdn(say, value)
					       : !say_text(say, row[i].where, value))
			return false;
		if (o.over)
			parser_count_part(say->b);
	}
	return say_address(say, SL_WHERE_DHCP_REQUESTED_IP, option_all(m, REQUESTED_IP, &o));
}

/* An offer is no address yet. A reply of BOOTP has no type; what is cut doesn't tell its own. */
static bool assigns(const struct message *m)
{
	return m->op == REPLY && (m->type == TYPE_ACK || (m->type == 0 && !m->part));
}

static bool say_message(struct say *say, const struct sl_piece *p, bool *part)
{
	struct message m;
	message_read(p, &m);
	*part |= m.part;
	if (!is_zero(m.hardware) && !say_formed(say, SL_WHERE_DHCP_CLIENT_MAC, m.hardware))
		return false;
	return say_options(say, &m) &&
	       (!assigns(&m) || say_address(say, SL_WHERE_DHCP_ASSIGNED_IP, m.assigned));
}

static const struct datagram_kind kind = { head_likely, say_message };

static enum sl_verdict dhcp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return datagram_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_dhcp = {
	.name = "dhcp",
	.state_bytes = sizeof(struct datagram),
	.over = SL_OVER_UDP,
	.probe = dhcp_probe,
	.begins = dhcp_begins,
	.feed = dhcp_feed,
};
