/* SPDX-License-Identifier: BSD-3-Clause */
/* quic_packet.h - packets of QUIC with a long header, and the opening of Initials: version 1 (RFC
 * 9000 17.2, RFC 9001 5), version 2 (RFC 9369), the drafts from 17 on, and what was built upon
 * these. Everything that an Initial is sealed with follows from its version and from the
 * connection id that the client chose. */
#ifndef PARSER_QUIC_PACKET_H
#define PARSER_QUIC_PACKET_H

#include <sightline/aead.h>
#include <sightline/span.h>

#define QUIC_ID_MAX 20

enum quic_kind {
	QUIC_INITIAL,
	QUIC_EARLY, /* 0-RTT */
	QUIC_HANDSHAKE,
	QUIC_RETRY,
	QUIC_NEGOTIATION, /* of versions: has none itself */
	QUIC_SHORT, /* 1-RTT */
	QUIC_STRANGE /* long header of a version that is not known: all that is left */
};

struct quic_packet {
	enum quic_kind kind;
	uint32_t version;
	struct sl_span to, from; /* connection ids */
	struct sl_span all; /* the packet, protected as it is */
	size_t number_at; /* of an Initial: where its packet number begins */
};

struct quic_keys {
	uint8_t key[SL_AEAD_KEY], iv[SL_AEAD_IV], hp[SL_AEAD_KEY];
};

/* The next packet of a datagram. False: no more, or none that is sound. */
bool quic_packet_next(struct sl_rd *r, struct quic_packet *p);
bool quic_version_known(uint32_t version);
/* Keys of the client's and the server's Initials. False: the version is not known. */
bool quic_keys_derive(uint32_t version, struct sl_span id, struct quic_keys keys[2]);
/* Takes the protection off. True: it was sealed with these keys, and *plain holds its frames until
 * the next call. */
bool quic_open(struct sl_aead *a, const struct quic_keys *k, const struct quic_packet *p,
	struct sl_span *plain);

/* The next CRYPTO frame (RFC 9000 19.6) among those that an Initial may have (12.4). False: no
 * more. r->bad: something else was there. */
bool quic_crypto_next(struct sl_rd *r, uint64_t *offset, struct sl_span *bytes);

/* A variable-length integer (RFC 9000 16). */
static inline uint64_t quic_varint(struct sl_rd *r)
{
	uint8_t first = sl_rd8(r);
	uint64_t v = first & 0x3f;
	for (unsigned n = (1u << (first >> 6)) - 1; n > 0; n--)
		v = v << 8 | sl_rd8(r);
	return r->bad ? 0 : v;
}

#endif
