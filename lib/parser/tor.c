/* SPDX-License-Identifier: BSD-3-Clause */
/* tor.c - Tor, recognised by the certificate of a relay, whose names nobody else makes like that
 * (tor-spec 2.1 forbids no form, tortls.c has this one). It is in clear up to TLS 1.2 alone; with
 * 1.3 a made-up server name is all there is, which proves nothing. The TLS parser hands over at the
 * end of its handshake; nothing more can be read. Worker. */
#include "tor.h"
#include "der.h"
#include "parsers.h"
#include <sightline/hot.h>

#define LABEL_MIN 8
#define LABEL_MAX 20

static bool is_base32(struct sl_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') && (s.p[i] < '2' || s.p[i] > '7'))
			return false;
	return s.len >= LABEL_MIN && s.len <= LABEL_MAX;
}

/* One common name and nothing else: www, a made-up label, a suffix. */
static bool is_made_up(struct sl_span name, const char *suffix)
{
	struct sl_rd r = sl_rd(name), set, pair;
	struct der oid, value;
	if (!der_enter(&r, DER_SET, &set) || !der_enter(&set, DER_SEQUENCE, &pair) ||
		!der_next(&pair, &oid) || !der_next(&pair, &value) || sl_rd_left(&r) > 0 ||
		sl_rd_left(&set) > 0)
		return false;
	size_t ends = strlen(suffix), begins = 4;
	struct sl_span v = value.body;
	return sl_span_eq(oid.body, sl_span("\x55\x04\x03", 3)) && v.len > begins + ends &&
	       memcmp(v.p, "www.", begins) == 0 && memcmp(v.p + v.len - ends, suffix, ends) == 0 &&
	       is_base32(sl_span(v.p + begins, v.len - begins - ends));
}

bool tor_names(struct sl_span subject, struct sl_span issuer)
{
	return is_made_up(subject, ".net") && is_made_up(issuer, ".com");
}

static enum sl_probe tor_probe(const struct sl_piece *p, uint16_t sport, uint16_t dport)
{
	(void)p;
	(void)sport;
	(void)dport;
	return SL_PROBE_NO;
}

static enum sl_verdict tor_feed(
	void *state, const struct sl_piece *p, struct sl_batch *b, size_t *consumed)
{
	(void)state;
	(void)b;
	*consumed = p->bytes.len;
	return SL_DONE;
}

const struct sl_parser sl_parser_tor = {
	.name = "tor",
	.over = SL_OVER_TCP,
	.probe = tor_probe,
	.begins = parser_never,
	.feed = tor_feed,
};
