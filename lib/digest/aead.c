/* SPDX-License-Identifier: BSD-3-Clause */
/* aead.c - AES-128 by libcrypto. The ciphers are fetched and set once, at start; a worker only
 * gives the contexts another key, which allocates nothing: an init that named the cipher again
 * would make the algorithm's state anew. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include <sightline/aead.h>

#define PLAIN_MAX 65536 /* what a datagram can carry */

struct sl_aead {
	EVP_CIPHER *ecb, *gcm; /* owned, as are the contexts */
	EVP_CIPHER_CTX *block, *open;
	uint8_t plain[PLAIN_MAX];
};

static EVP_CIPHER_CTX *context(EVP_CIPHER *c, bool encrypt)
{
	static const uint8_t none[SL_AEAD_KEY];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx != NULL && EVP_CipherInit_ex2(ctx, c, none, none, encrypt, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int sl_aead_new(struct sl_aead **out)
{
	struct sl_aead *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	a->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	if (a->ecb == NULL || a->gcm == NULL) {
		sl_aead_free(a);
		return -ENOTSUP;
	}
	a->block = context(a->ecb, true);
	a->open = context(a->gcm, false);
	if (a->block == NULL || a->open == NULL) {
		sl_aead_free(a);
		return -ENOMEM;
	}
	*out = a;
	return 0;
}

void sl_aead_free(struct sl_aead *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->block);
	EVP_CIPHER_CTX_free(a->open);
	EVP_CIPHER_free(a->ecb);
	EVP_CIPHER_free(a->gcm);
	free(a);
}

bool sl_aead_block(
	struct sl_aead *a, const uint8_t key[SL_AEAD_KEY], const uint8_t in[16], uint8_t out[16])
{
	int n = 0;
	return EVP_EncryptInit_ex2(a->block, NULL, key, NULL, NULL) == 1 &&
	       EVP_EncryptUpdate(a->block, out, &n, in, 16) == 1 && n == 16;
}

bool sl_aead_open(struct sl_aead *a, const uint8_t key[SL_AEAD_KEY], const uint8_t iv[SL_AEAD_IV],
	const struct sl_span *with, unsigned with_count, struct sl_span sealed, struct sl_span *out)
{
	uint8_t tag[SL_AEAD_TAG];
	int n = 0, last = 0;
	if (sealed.len < SL_AEAD_TAG || sealed.len - SL_AEAD_TAG > PLAIN_MAX)
		return false;
	size_t len = sealed.len - SL_AEAD_TAG;
	memcpy(tag, sealed.p + len, SL_AEAD_TAG);
	if (EVP_DecryptInit_ex2(a->open, NULL, key, iv, NULL) != 1)
		return false;
	for (unsigned i = 0; i < with_count; i++)
		if (with[i].len > 0 &&
			EVP_DecryptUpdate(a->open, NULL, &n, with[i].p, (int)with[i].len) != 1)
			return false;
	n = 0;
	if (len > 0 && EVP_DecryptUpdate(a->open, a->plain, &n, sealed.p, (int)len) != 1)
		return false;
	if (EVP_CIPHER_CTX_ctrl(a->open, EVP_CTRL_AEAD_SET_TAG, SL_AEAD_TAG, tag) != 1 ||
		EVP_DecryptFinal_ex(a->open, a->plain + n, &last) != 1)
		return false;
	*out = sl_span(a->plain, (size_t)n);
	return true;
}
