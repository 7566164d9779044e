/* SPDX-License-Identifier: BSD-3-Clause */
/* snmp.c - SNMP 1, 2c and 3 (RFC 1157, 1901, 3412): communities, users (RFC 3414), and the agent
 * that a trap of version 1 names. Worker. Each datagram is a message. */
#include "der.h"
#include "parsers.h"
#include "datagram.h"
#include <sightline/hot.h>

enum { VERSION_1 = 0, VERSION_2C = 1, VERSION_3 = 3 };
enum { GET = 0xa0, TRAP_1 = 0xa4, REPORT = 0xa8, IP_ADDRESS = 0x40 };
enum { USM = 3 };

struct message {
	uint8_t version;
	struct sl_span community;
	struct sl_span user; /* version 3 */
	struct sl_span agent; /* 4 bytes, or none */
};

/* RFC 3412 6, RFC 3414 2.4. */
static bool read_3(struct sl_rd *r, struct message *out)
{
	struct sl_rd global, params, usm;
	struct der id, size, flags, model, e;
	if (!der_enter(r, DER_SEQUENCE, &global) || !der_next(&global, &id) ||
		!der_next(&global, &size) || !der_next(&global, &flags) ||
		!der_next(&global, &model) || !der_enter(r, DER_OCTET_STRING, &params))
		return false;
	if (id.tag != DER_INTEGER || size.tag != DER_INTEGER || flags.tag != DER_OCTET_STRING ||
		flags.body.len != 1 || model.tag != DER_INTEGER || model.body.len == 0)
		return false;
	if (model.body.p[model.body.len - 1] != USM)
		return true;
	if (!der_enter(&params, DER_SEQUENCE, &usm) || !der_next(&usm, &e) || !der_next(&usm, &e) ||
		!der_next(&usm, &e))
		return false;
	if (der_next(&usm, &e) && e.tag == DER_OCTET_STRING)
		out->user = e.body;
	return true;
}

/* RFC 1157 4, RFC 1905 3. */
static bool read_1(struct sl_rd *r, struct message *out)
{
	struct sl_rd pdu;
	struct der e, id;
	if (!der_next(r, &e) || e.tag != DER_OCTET_STRING || sl_rd_left(r) == 0)
		return false;
	out->community = e.body;
	uint8_t tag = r->p[0];
	if (tag < GET || tag > REPORT || !der_enter(r, tag, &pdu) || !der_next(&pdu, &id))
		return false;
	if (tag != TRAP_1)
		return id.tag == DER_INTEGER;
	if (id.tag != DER_OID)
		return false;
	if (der_next(&pdu, &e) && e.tag == IP_ADDRESS && e.body.len == 4)
		out->agent = e.body;
	return true;
}

static bool message_read(struct sl_span in, struct message *out)
{
	struct sl_rd r = sl_rd(in), m;
	struct der version;
	*out = (struct message){ .version = 0 };
	if (!der_enter(&r, DER_SEQUENCE, &m) || !der_next(&m, &version) ||
		version.tag != DER_INTEGER || version.body.len != 1)
		return false;
	out->version = version.body.p[0];
	if (out->version == VERSION_3)
		return read_3(&m, out);
	return (out->version == VERSION_1 || out->version == VERSION_2C) && read_1(&m, out);
}

static enum sl_probe snmp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct message m;
	(void)sport;
	(void)dport;
	if (p->bytes.len < 2 || p->bytes.p[0] != DER_SEQUENCE)
		return SL_PROBE_NO;
	size_t size = der_size(p->bytes);
	return size > 0 && (p->cut || size <= p->bytes.len) && message_read(p->bytes, &m)
		       ? SL_PROBE_YES
		       : SL_PROBE_NO;
}

static bool snmp_begins(uint8_t first)
{
	return first == DER_SEQUENCE;
}

static bool is_message(struct sl_span in)
{
	struct message m;
	return message_read(in, &m);
}

static bool message_say(struct say *s, const struct sl_piece *p, bool *part)
{
	struct message m;
	*part |= !message_read(p->bytes, &m);
	return say_plain(s, SL_WHERE_SNMP_COMMUNITY, m.community) &&
	       say_plain(s, SL_WHERE_SNMP_USER, m.user) &&
	       say_formed(s, SL_WHERE_SNMP_AGENT, m.agent);
}

static const struct datagram_kind kind = { is_message, message_say };

static enum sl_verdict snmp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	return datagram_feed(state, &kind, p, b, consumed);
}

const struct sl_parser sl_parser_snmp = {
	.name = "snmp",
	.state_bytes = sizeof(struct datagram),
	.over = SL_OVER_UDP,
	.probe = snmp_probe,
	.begins = snmp_begins,
	.feed = snmp_feed,
};
