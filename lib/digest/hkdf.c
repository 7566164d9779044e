/* SPDX-License-Identifier: BSD-3-Clause */
/* hkdf.c - HMAC (RFC 2104) and HKDF (RFC 5869) with SHA-256, the latter with the labels of TLS 1.3
 * (RFC 8446 7.1). Worker; pure, never allocates. */
#include <string.h>

#include <sightline/digest.h>
#include <sightline/hot.h>

#define BLOCK 64
#define HASH 32
#define LABEL_MAX 32 /* "tls13 " and the longest label in use */

static void pad_key(struct sl_digest_state *d, const uint8_t *key, size_t len, uint8_t with)
{
	uint8_t block[BLOCK] = { 0 };
	memcpy(block, key, len);
	for (unsigned i = 0; i < BLOCK; i++)
		block[i] ^= with;
	sl_digest_begin(d, SL_SHA256);
	sl_digest_add(d, block, BLOCK);
}

/* Of a key no longer than a block. */
static void hmac(const uint8_t *key, size_t key_len, const uint8_t *in, size_t len,
	uint8_t out[SL_DIGEST_MAX])
{
	struct sl_digest_state d;
	pad_key(&d, key, key_len, 0x36);
	sl_digest_add(&d, in, len);
	(void)sl_digest_end(&d, out);
	pad_key(&d, key, key_len, 0x5c);
	sl_digest_add(&d, out, HASH);
	(void)sl_digest_end(&d, out);
}

void sl_hkdf_extract(const uint8_t *salt, size_t salt_len, const uint8_t *in, size_t len,
	uint8_t out[SL_DIGEST_MAX])
{
	hmac(salt, salt_len < BLOCK ? salt_len : BLOCK, in, len, out);
}

void sl_hkdf_label(const uint8_t secret[SL_DIGEST_MAX], const char *label, uint8_t *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[2 + 1 + LABEL_MAX + 1 + 1], sum[SL_DIGEST_MAX];
	size_t n = strlen(label), at = 0, head = sizeof(prefix) - 1;
	n = n < LABEL_MAX - head ? n : LABEL_MAX - head;
	len = len < HASH ? len : HASH;
	info[at++] = 0;
	info[at++] = (uint8_t)len;
	info[at++] = (uint8_t)(head + n);
	memcpy(info + at, prefix, head);
	memcpy(info + at + head, label, n);
	at += head + n;
	info[at++] = 0; /* no context */
	info[at++] = 1; /* the first block of HKDF-Expand, and the only one */
	hmac(secret, HASH, info, at, sum);
	memcpy(out, sum, len);
}
