/* SPDX-License-Identifier: BSD-3-Clause */
/* openvpn.c - OpenVPN with TLS, recognised by the packet with which either end begins (OpenVPN's
 * "Wire Protocol", draft-openvpn-wire-protocol; crypto of the control channel: none, tls-auth,
 * tls-crypt and tls-crypt-v2). There is nothing in it to be read, and static keys mark nothing.
 * Worker. */
#include "parsers.h"
#include <sightline/hot.h>

#define SESSION 8u
#define HEAD (1u + SESSION)
#define REPLAY 8u /* number and time of a packet */
#define CRYPT_TAG 32u
#define NUMBER_MAX 15u /* of the first packet; it is sent again with the next number */
#define EARLY 0x0f000000u /* added to the number where both can do without a state at first */
#define EARLY_FLAGS 6u /* bytes in which it may say more of that */
#define KEY_MIN 290u /* wrapped: tag, two keys, length */
#define CLIENT_REST 5u /* nothing acknowledged, packet 0 */
#define SERVER_REST 17u /* the client's packet 0 acknowledged, packet 0 */
#define DAY UINT64_C(86400)
#define SECOND_NS UINT64_C(1000000000)

/* Opcodes, with key 0. */
enum { CLIENT_RESET = 7 << 3, SERVER_RESET = 8 << 3, CLIENT_RESET_3 = 10 << 3 };

static uint32_t be32_at(struct sl_span in, size_t at)
{
	struct sl_rd r = sl_rd(sl_span_from(in, at));
	return sl_rd32(&r);
}

static bool is_early(uint32_t number)
{
	return (number & ~NUMBER_MAX) == EARLY;
}

static bool is_first(uint32_t number)
{
	uint32_t n = is_early(number) ? number - EARLY : number;
	return n > 0 && n <= NUMBER_MAX;
}

static bool is_now(uint32_t time_s, uint64_t now_ns)
{
	uint64_t now = now_ns / SECOND_NS;
	return time_s + DAY > now && time_s < now + DAY;
}

/* What a begin says in clear: of the client no acknowledgement, of the server one of packet 0; its
 * own number, 0. */
static bool is_rest(struct sl_span in, size_t at, bool client)
{
	if (client)
		return in.p[at] == 0 && be32_at(in, at + 1) == 0;
	return in.p[at] == 1 && be32_at(in, at + 1) == 0 && be32_at(in, at + 13) == 0;
}

/* Signed (tls-auth): the signature of any digest, number, time, and the rest in clear. */
static bool is_signed(struct sl_span in, size_t rest, bool client)
{
	static const uint8_t digest[] = { 16, 20, 28, 32, 48, 64 };
	for (size_t i = 0; i < sizeof(digest); i++) {
		size_t at = HEAD + digest[i];
		if (in.len == at + REPLAY + rest && is_first(be32_at(in, at)))
			return is_rest(in, at + REPLAY, client);
	}
	return false;
}

/* Encrypted (tls-crypt): number and time in clear, which is now; tag; the rest. */
static bool is_encrypted(struct sl_span in, size_t rest, uint64_t now_ns)
{
	size_t least = HEAD + REPLAY + CRYPT_TAG + rest;
	if (in.len < least || !is_first(be32_at(in, HEAD)) ||
		!is_now(be32_at(in, HEAD + 4), now_ns))
		return false;
	return in.len == least || (is_early(be32_at(in, HEAD)) && in.len == least + EARLY_FLAGS);
}

/* Encrypted with the client's own key (tls-crypt-v2), which stands wrapped at the end. */
static bool is_wrapped(struct sl_span in, uint64_t now_ns)
{
	size_t key = (size_t)in.p[in.len - 2] << 8 | in.p[in.len - 1];
	return key >= KEY_MIN && key <= in.len &&
	       is_encrypted(sl_span(in.p, in.len - key), CLIENT_REST, now_ns);
}

static bool is_reset(struct sl_span in, uint64_t now_ns)
{
	if (in.len < HEAD + CLIENT_REST || (be32_at(in, 1) | be32_at(in, 5)) == 0)
		return false;
	if (in.p[0] == CLIENT_RESET_3)
		return is_wrapped(in, now_ns);
	bool client = in.p[0] == CLIENT_RESET;
	size_t rest = client ? CLIENT_REST : SERVER_REST;
	if (!client && in.p[0] != SERVER_RESET)
		return false;
	return (in.len == HEAD + rest && is_rest(in, HEAD, client)) ||
	       is_signed(in, rest, client) || is_encrypted(in, rest, now_ns);
}

/* Over TCP a length stands before each packet, and who begins waits for the answer. */
static enum sl_probe openvpn_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	if (p->datagram)
		return is_reset(in, p->ts_ns) ? SL_PROBE_YES : SL_PROBE_NO;
	if (in.len == 0 || in.p[0] > 3 ||
		(in.len > 2 && in.p[2] != CLIENT_RESET && in.p[2] != SERVER_RESET &&
			in.p[2] != CLIENT_RESET_3))
		return SL_PROBE_NO;
	if (in.len < 2)
		return SL_PROBE_MORE;
	size_t len = (size_t)in.p[0] << 8 | in.p[1];
	if (len < HEAD + CLIENT_REST || in.len > 2 + len)
		return SL_PROBE_NO;
	if (in.len < 2 + len)
		return SL_PROBE_MORE;
	return is_reset(sl_span_from(in, 2), p->ts_ns) ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool openvpn_begins(uint8_t first)
{
	return first <= 3 || first == CLIENT_RESET || first == SERVER_RESET ||
	       first == CLIENT_RESET_3;
}

static enum sl_verdict openvpn_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	(void)state;
	(void)b;
	*consumed = p->bytes.len;
	return SL_DONE;
}

const struct sl_parser sl_parser_openvpn = {
	.name = "openvpn",
	.over = SL_OVER_UDP | SL_OVER_TCP_BEGIN,
	.probe = openvpn_probe,
	.begins = openvpn_begins,
	.feed = openvpn_feed,
};
