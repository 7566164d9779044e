/* SPDX-License-Identifier: BSD-3-Clause */
/* community_id.c - Community ID v1 (https://github.com/corelight/community-id-spec), seed 0.
 * Runs off the workers. */
#include <netinet/in.h>
#include <string.h>

#include <sightline/decode.h>
#include <sightline/digest.h>
#include <sightline/flow.h>

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static bool is_one_way(uint8_t proto, uint16_t sport)
{
	uint8_t back;
	return (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) &&
	       !sl_icmp_counterpart(proto, (uint8_t)sport, &back);
}

static size_t put16(uint8_t *out, uint16_t v)
{
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return 2;
}

/* RFC 4648 4. */
static void base64(const uint8_t *in, size_t len, char *out)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;
		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*out++ = digit[v >> 18];
		*out++ = digit[v >> 12 & 63];
		*out++ = i + 1 < len ? digit[v >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digit[v & 63] : '=';
	}
	*out = 0;
}

void sl_community_id(const union sl_addr *src, const union sl_addr *dst, uint8_t version,
	uint16_t sport, uint16_t dport, uint8_t proto, char out[SL_COMMUNITY_ID_TEXT])
{
	size_t addr = version == 4 ? 4 : 16;
	int order = memcmp(src->b, dst->b, addr);
	if ((order > 0 || (order == 0 && sport > dport)) && !is_one_way(proto, sport)) {
		const union sl_addr *a = src;
		src = dst;
		dst = a;
		uint16_t p = sport;
		sport = dport;
		dport = p;
	}
	uint8_t in[40] = { 0, 0 }, sum[SL_DIGEST_MAX];
	size_t n = 2;
	memcpy(in + n, src->b, addr);
	n += addr;
	memcpy(in + n, dst->b, addr);
	n += addr;
	in[n++] = proto;
	in[n++] = 0;
	if (has_ports(proto)) {
		n += put16(in + n, sport);
		n += put16(in + n, dport);
	}
	out[0] = 0;
	if (sl_digest_of(SL_SHA1, in, n, sum) < 0)
		return;
	out[0] = '1';
	out[1] = ':';
	base64(sum, 20, out + 2);
}
