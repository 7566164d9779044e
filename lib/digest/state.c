/* SPDX-License-Identifier: BSD-3-Clause */
/* state.c - hashes whose state lies in their owner's memory. Worker; never allocates.
 * libcrypto calls these functions deprecated in favour of contexts that it allocates itself, one
 * for each hash that is open. A worker has as many open as it has certificates in flight, in
 * memory that was decided at start, and there is no other way to have that. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <assert.h>
#include <sightline/digest.h>
#include <sightline/hot.h>

static_assert(sizeof(SHA256_CTX) <= SL_DIGEST_STATE && sizeof(SHA_CTX) <= SL_DIGEST_STATE &&
		      sizeof(MD5_CTX) <= SL_DIGEST_STATE,
	"the state of every algorithm fits");

void sl_digest_begin(struct sl_digest_state *d, enum sl_digest_kind kind)
{
	d->kind = (uint8_t)kind;
	switch (kind) {
	case SL_MD5:
		(void)MD5_Init((MD5_CTX *)d->mem);
		break;
	case SL_SHA1:
		(void)SHA1_Init((SHA_CTX *)d->mem);
		break;
	case SL_SHA256:
		(void)SHA256_Init((SHA256_CTX *)d->mem);
		break;
	}
}

void sl_digest_add(struct sl_digest_state *d, const void *p, size_t len)
{
	if (len == 0)
		return;
	switch ((enum sl_digest_kind)d->kind) {
	case SL_MD5:
		(void)MD5_Update((MD5_CTX *)d->mem, p, len);
		break;
	case SL_SHA1:
		(void)SHA1_Update((SHA_CTX *)d->mem, p, len);
		break;
	case SL_SHA256:
		(void)SHA256_Update((SHA256_CTX *)d->mem, p, len);
		break;
	}
}

size_t sl_digest_end(struct sl_digest_state *d, uint8_t out[SL_DIGEST_MAX])
{
	switch ((enum sl_digest_kind)d->kind) {
	case SL_MD5:
		(void)MD5_Final(out, (MD5_CTX *)d->mem);
		return 16;
	case SL_SHA1:
		(void)SHA1_Final(out, (SHA_CTX *)d->mem);
		return 20;
	case SL_SHA256:
		(void)SHA256_Final(out, (SHA256_CTX *)d->mem);
		return 32;
	}
	return 0;
}
