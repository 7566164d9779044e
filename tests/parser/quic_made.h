/* SPDX-License-Identifier: BSD-3-Clause */
/* quic_made.h - Initial packets made for the tests: sealed as RFC 9001 5 has it, around frames of
 * any content. */
#ifndef TEST_PARSER_QUIC_MADE_H
#define TEST_PARSER_QUIC_MADE_H

#include <openssl/evp.h>

#include "../../lib/parser/quic_packet.h"

#define MADE_V1 1u
#define MADE_V2 0x6b3343cfu

struct made_quic {
	uint32_t version;
	struct sl_span first_id; /* that the client chose: what the keys follow from */
	struct sl_span to; /* connection id that the packet is for */
	bool server;
	uint32_t number;
};

static inline void made_seal(const struct quic_keys *k, const uint8_t iv[12], struct sl_span with,
	struct sl_span plain, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	if (EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, iv) != 1 ||
		EVP_EncryptUpdate(c, NULL, &n, with.p, (int)with.len) != 1 ||
		(n = 0, plain.len > 0 &&
				EVP_EncryptUpdate(c, out, &n, plain.p, (int)plain.len) != 1) ||
		EVP_EncryptFinal_ex(c, out + n, &last) != 1 ||
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, out + plain.len) != 1)
		abort();
	EVP_CIPHER_CTX_free(c);
}

/* Returns the length; out has room for 64 bytes more than the frames. */
static inline size_t made_initial(const struct made_quic *q, struct sl_span frames, uint8_t *out)
{
	static const uint8_t from[4] = { 's', 'c', 'i', 'd' };
	struct quic_keys keys[2];
	struct sl_aead *a;
	uint8_t iv[12], mask[16];
	size_t n = 0, len = 4 + frames.len + 16;
	if (!quic_keys_derive(q->version, q->first_id, keys) || sl_aead_new(&a) < 0)
		abort();
	const struct quic_keys *k = &keys[q->server];
	out[n++] = q->version == MADE_V2 ? 0xd3 : 0xc3;
	for (int i = 3; i >= 0; i--)
		out[n++] = (uint8_t)(q->version >> 8 * i);
	out[n++] = (uint8_t)q->to.len;
	if (q->to.len > 0)
		memcpy(out + n, q->to.p, q->to.len);
	n += q->to.len;
	out[n++] = sizeof(from);
	memcpy(out + n, from, sizeof(from));
	n += sizeof(from);
	out[n++] = 0; /* no token */
	out[n++] = (uint8_t)(0x40 | len >> 8);
	out[n++] = (uint8_t)len;
	size_t number_at = n;
	memcpy(iv, k->iv, sizeof(iv));
	for (int i = 3; i >= 0; i--) {
		out[n] = (uint8_t)(q->number >> 8 * i);
		iv[11 - i] ^= out[n++];
	}
	made_seal(k, iv, sl_span(out, n), frames, out + n);
	if (!sl_aead_block(a, k->hp, out + number_at + 4, mask))
		abort();
	out[0] ^= mask[0] & 15;
	for (unsigned i = 0; i < 4; i++)
		out[number_at + i] ^= mask[1 + i];
	sl_aead_free(a);
	return n + frames.len + 16;
}

/* A CRYPTO frame. Returns its length. */
static inline size_t made_crypto(size_t offset, struct sl_span bytes, uint8_t *out)
{
	out[0] = 6;
	out[1] = (uint8_t)(0x80 | offset >> 24);
	out[2] = (uint8_t)(offset >> 16);
	out[3] = (uint8_t)(offset >> 8);
	out[4] = (uint8_t)offset;
	out[5] = (uint8_t)(0x40 | bytes.len >> 8);
	out[6] = (uint8_t)bytes.len;
	if (bytes.len > 0)
		memcpy(out + 7, bytes.p, bytes.len);
	return 7 + bytes.len;
}

#endif
