/* SPDX-License-Identifier: BSD-3-Clause */
/* spread.c - which worker gets a packet: a hash of its address pair, the same in both directions,
 * as a NIC's symmetric RSS over addresses would give. Ports are not in it, so that fragments and
 * all that two hosts say to each other meet. Runs on the loader; decode judges the packet, not
 * this. */
#include <sightline/hash.h>
#include <sightline/packet.h>
#include <sightline/span.h>

#include "replay.h"

#define TAGS_MAX 8

/* Any odd constants do: this hash is no secret and guards nothing. */
#define MIX_A 0x9e3779b97f4a7c15u
#define MIX_B 0xd6e8feb86659fd93u

/* Commutative in (a, b): both directions give the same. */
static uint32_t pair_hash(uint64_t a, uint64_t b)
{
	uint64_t h = sl_hash_fold(a ^ MIX_A, b ^ MIX_A);
	return (uint32_t)(sl_hash_fold(h, MIX_B) >> 32);
}

static uint64_t word(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	memcpy(&v, p, n);
	return v;
}

static uint64_t address6(const uint8_t *p)
{
	return sl_hash_fold(word(p, 8) ^ MIX_B, word(p + 8, 8) ^ MIX_A);
}

static uint32_t ip_hash(const uint8_t *p, uint32_t len)
{
	if (len >= 20 && p[0] >> 4 == 4)
		return pair_hash(word(p + 12, 4), word(p + 16, 4));
	if (len >= 40 && p[0] >> 4 == 6)
		return pair_hash(address6(p + 8), address6(p + 24));
	return 0;
}

static bool is_tag(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

/* From an EtherType at p[at] on; `body` is where what it names begins. */
static uint32_t ethertype_hash(const uint8_t *p, uint32_t len, uint32_t at, uint32_t body)
{
	for (unsigned tags = 0; tags <= TAGS_MAX; tags++) {
		if (len < body || len < at + 2)
			return 0;
		uint16_t type = (uint16_t)(p[at] << 8 | p[at + 1]);
		if (type == 0x0800 || type == 0x86dd)
			return ip_hash(p + body, len - body);
		if (!is_tag(type))
			return 0;
		at = body + 2;
		body += 4;
	}
	return 0;
}

uint32_t spread_hash(uint16_t linktype, const uint8_t *p, uint32_t len)
{
	switch (linktype) {
	case SL_LINK_ETHERNET:
		return ethertype_hash(p, len, 12, 14);
	case SL_LINK_SLL:
		return ethertype_hash(p, len, 14, 16);
	case SL_LINK_SLL2:
		return ethertype_hash(p, len, 0, 20);
	case SL_LINK_NULL:
	case SL_LINK_LOOP: /* the family's number differs between systems: the version tells */
		return len > 4 ? ip_hash(p + 4, len - 4) : 0;
	case SL_LINK_RAW:
	case SL_LINK_RAW_BSD:
	case SL_LINK_RAW_OPENBSD:
	case SL_LINK_IPV4:
	case SL_LINK_IPV6:
		return ip_hash(p, len);
	default:
		return 0;
	}
}
