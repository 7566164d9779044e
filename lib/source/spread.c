/* SPDX-License-Identifier: BSD-3-Clause */
/* spread.c - which worker gets a packet: a hash of its address pair, the same in both directions,
 * as a NIC's symmetric RSS over inner addresses would give. Ports are not in it, so that fragments
 * and all that two hosts say to each other meet. The pair is the one that decode makes the flow's
 * key: of a packet in a tunnel the innermost, of one whose inside is broken the outermost that is
 * whole, so that no flow is in two workers. The fragments of a tunnel's datagram follow its first
 * one, which holds the inner addresses (struct sl_fragment_trail). Runs on the loader; decode on
 * the worker judges the packet, not this. */
#include <sightline/decode.h>
#include <sightline/hash.h>
#include <sightline/packet.h>

#include "spread.h"

#define PROTO_TCP 6
#define PROTO_UDP 17

/* Any odd constants do: this hash is no secret and guards nothing. */
#define MIX_A 0x9e3779b97f4a7c15u
#define MIX_B 0xd6e8feb86659fd93u

/* Commutative in (a, b): both directions give the same. */
static uint32_t pair_hash(uint64_t a, uint64_t b)
{
	uint64_t h = sl_hash_fold(a ^ MIX_A, b ^ MIX_A);
	return (uint32_t)(sl_hash_fold(h, MIX_B) >> 32);
}

static uint64_t address6(const union sl_addr *a)
{
	return sl_hash_fold(a->q[0] ^ MIX_B, a->q[1] ^ MIX_A);
}

/* What most packets are, without decoding them: TCP in IPv4 right behind Ethernet's header. */
static bool plain_hash(uint16_t linktype, const uint8_t *p, uint32_t len, uint32_t *hash)
{
	if (linktype != SL_LINK_ETHERNET || len < 34 || p[12] != 0x08 || p[13] != 0 ||
		p[14] >> 4 != 4 || p[23] != PROTO_TCP)
		return false;
	union sl_addr src, dst;
	memcpy(src.b, p + 26, 4);
	memcpy(dst.b, p + 30, 4);
	*hash = pair_hash(src.v4_be, dst.v4_be);
	return true;
}

/* Decodes it; its pair's hash. */
static uint32_t decoded_hash(struct sl_packet *k, struct sl_fragment_trail *trail,
	uint16_t linktype, const uint8_t *p, uint32_t len)
{
	struct sl_decode_options o = { .ignore_checksums = true, .trail = trail };
	static _Thread_local struct sl_counters unused; /* the worker's decode counts the packet */
	k->data = p;
	k->len = k->wire_len = len;
	k->linktype = linktype;
	k->flags = 0;
	k->salt = 0;
	(void)sl_decode(&o, k, 1, &unused);
	switch (k->version) {
	case 4:
		return pair_hash(k->src.v4_be, k->dst.v4_be);
	case 6:
		return pair_hash(address6(&k->src), address6(&k->dst));
	default:
		return 0;
	}
}

uint32_t spread_hash(
	struct sl_fragment_trail *trail, uint16_t linktype, const uint8_t *p, uint32_t len)
{
	struct sl_packet k;
	uint32_t hash;
	if (plain_hash(linktype, p, len, &hash))
		return hash;
	return decoded_hash(&k, trail, linktype, p, len);
}

uint32_t spread_hash_tuple(
	struct sl_fragment_trail *trail, uint16_t linktype, const uint8_t *p, uint32_t len)
{
	struct sl_packet k;
	uint32_t hash = decoded_hash(&k, trail, linktype, p, len);
	bool ports = k.version != 0 && (k.flags & SL_PKT_L4) != 0 &&
		     (k.flags & SL_PKT_FRAGMENT) == 0 &&
		     (k.proto == PROTO_TCP || k.proto == PROTO_UDP);
	return ports ? pair_hash(k.sport, k.dport) ^ hash : hash;
}
