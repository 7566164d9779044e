/* SPDX-License-Identifier: BSD-3-Clause */
/* ntp.c - NTP (RFC 5905, 1305), its control messages (RFC 9327) and ntpd's private ones: recognised
 * at its own port. Worker. Nothing of it is said: a reference identifier is an address, a part of
 * a hash or neither, and does not tell which. */
#include "parsers.h"
#include <sightline/hot.h>

#define PORT_NTP 123
#define HEADER 48u
#define CONTROL_HEADER 12u
#define PRIVATE_HEADER 8u
#define STRATUM_MAX 16
#define PRIVATE_ITEMS 500u /* bytes of them in a datagram */

enum mode { ACTIVE = 1, BROADCAST = 5, CONTROL = 6, PRIVATE = 7 };

/* A key's number alone, or with a digest of 16 or 20 bytes, or extension fields before it. */
static bool is_time(struct sl_span in, unsigned version)
{
	size_t behind = in.len < HEADER ? 0 : in.len - HEADER;
	if (in.len < HEADER || in.p[1] > STRATUM_MAX)
		return false;
	return behind == 0 || behind == 4 || behind == 12 || behind == 20 || behind == 24 ||
	       (version == 4 && behind >= 16 && behind % 4 == 0);
}

/* RFC 9327 2: data is padded to words, an authenticator may follow. */
static bool is_control(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, CONTROL_HEADER - 2);
	size_t count = sl_rd16(&r);
	return !r.bad && count <= sl_rd_left(&r);
}

/* ntpd's ntp_request.h: implementation 0, 2 or 3; items and their size. */
static bool is_private(struct sl_span in)
{
	struct sl_rd r = sl_rd(in);
	sl_rd_skip(&r, 2);
	uint8_t implementation = sl_rd8(&r);
	sl_rd_skip(&r, 1);
	size_t items = sl_rd16(&r) & 0xfff, size = sl_rd16(&r) & 0xfff;
	return !r.bad && implementation <= 3 && implementation != 1 &&
	       items * size <= PRIVATE_ITEMS;
}

static enum sl_probe ntp_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	struct sl_span in = p->bytes;
	if ((sport != PORT_NTP && dport != PORT_NTP) || in.len < PRIVATE_HEADER)
		return SL_PROBE_NO;
	unsigned version = in.p[0] >> 3 & 7, mode = in.p[0] & 7;
	bool ours = false;
	if (version == 0 || version > 4)
		return SL_PROBE_NO;
	if (mode >= ACTIVE && mode <= BROADCAST)
		ours = is_time(in, version);
	else if (mode == CONTROL)
		ours = is_control(in);
	else if (mode == PRIVATE)
		ours = is_private(in);
	return ours ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool ntp_begins(uint8_t first)
{
	return (first & 7) != 0 && (first >> 3 & 7) >= 1 && (first >> 3 & 7) <= 4;
}

static enum sl_verdict ntp_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	(void)state;
	(void)b;
	*consumed = p->kind == SL_PIECE_BYTES ? p->bytes.len : 0;
	return SL_DONE;
}

const struct sl_parser sl_parser_ntp = {
	.name = "ntp",
	.over = SL_OVER_UDP,
	.probe = ntp_probe,
	.begins = ntp_begins,
	.feed = ntp_feed,
};
