/* SPDX-License-Identifier: BSD-3-Clause */
/* wireguard.c - WireGuard, recognised by its handshake ("WireGuard: Next Generation Kernel Network
 * Tunnel" 5.4.2, 5.4.3); there is nothing in it to be read. Worker. */
#include "parsers.h"
#include <sightline/hot.h>

#define INITIATION 148u
#define RESPONSE 92u
#define MAC2 16u /* the last bytes; zeros unless the other end is under load */
#define RUN 4u /* zeros in a row that random bytes don't have */

/* Everything between the head and mac2 is random to who has no key; behind a load mac2 is as well.
 */
static bool is_random(struct sl_span in)
{
	unsigned run = 0;
	for (size_t i = 8; i < in.len; i++) {
		run = in.p[i] == 0 ? run + 1 : 0;
		if (run == RUN)
			return false;
	}
	return true;
}

static enum sl_probe wireguard_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	static const uint8_t zero[MAC2];
	struct sl_span in = p->bytes;
	(void)sport;
	(void)dport;
	if ((in.len != INITIATION || in.p[0] != 1) && (in.len != RESPONSE || in.p[0] != 2))
		return SL_PROBE_NO;
	if (memcmp(in.p + 1, zero, 3) != 0)
		return SL_PROBE_NO;
	size_t random = in.len - MAC2;
	if (memcmp(in.p + random, zero, MAC2) != 0)
		random = in.len;
	return is_random(sl_span(in.p, random)) ? SL_PROBE_YES : SL_PROBE_NO;
}

static bool wireguard_begins(uint8_t first)
{
	return first == 1 || first == 2;
}

static enum sl_verdict wireguard_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	(void)state;
	(void)b;
	*consumed = p->bytes.len;
	return SL_DONE;
}

const struct sl_parser sl_parser_wireguard = {
	.name = "wireguard",
	.over = SL_OVER_UDP,
	.probe = wireguard_probe,
	.begins = wireguard_begins,
	.feed = wireguard_feed,
};
