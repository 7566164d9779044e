/* SPDX-License-Identifier: BSD-3-Clause */
/* digest.c - MD5, SHA-1 and SHA-256 by libcrypto. Init, update and final run on a worker too: the
 * algorithm is fetched and the context is made once, in sl_digest_new, and only reset after that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include <sightline/digest.h>

struct sl_digest {
	EVP_MD *md; /* owned: fetched, so that init looks nothing up */
	EVP_MD_CTX *ctx; /* owned */
};

static const char *const names[] = { [SL_MD5] = "MD5", [SL_SHA1] = "SHA1", [SL_SHA256] = "SHA256" };

int sl_digest_new(struct sl_digest **out, enum sl_digest_kind kind)
{
	if ((unsigned)kind >= sizeof(names) / sizeof(names[0]))
		return -EINVAL;
	struct sl_digest *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return -ENOMEM;
	d->md = EVP_MD_fetch(NULL, names[kind], NULL);
	d->ctx = EVP_MD_CTX_new();
	/* The first init allocates the algorithm's state; later ones reuse it. */
	if (d->md == NULL || d->ctx == NULL || EVP_DigestInit_ex2(d->ctx, d->md, NULL) != 1) {
		int rc = d->md == NULL ? -ENOTSUP : -ENOMEM;
		sl_digest_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void sl_digest_free(struct sl_digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	EVP_MD_free(d->md);
	free(d);
}

void sl_digest_init(struct sl_digest *d)
{
	(void)EVP_DigestInit_ex2(d->ctx, d->md, NULL);
}

void sl_digest_update(struct sl_digest *d, const void *p, size_t len)
{
	if (len > 0)
		(void)EVP_DigestUpdate(d->ctx, p, len);
}

size_t sl_digest_final(struct sl_digest *d, uint8_t out[SL_DIGEST_MAX])
{
	unsigned len = 0;
	(void)EVP_DigestFinal_ex(d->ctx, out, &len);
	return len;
}

int sl_digest_of(enum sl_digest_kind kind, const void *p, size_t len, uint8_t out[SL_DIGEST_MAX])
{
	struct sl_digest *d;
	int rc = sl_digest_new(&d, kind);
	if (rc < 0)
		return rc;
	sl_digest_update(d, p, len);
	(void)sl_digest_final(d, out);
	sl_digest_free(d);
	return 0;
}

void sl_hex(const uint8_t *p, size_t len, char *out)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < len; i++) {
		*out++ = hex[p[i] >> 4];
		*out++ = hex[p[i] & 15];
	}
	*out = '\0';
}

int sl_uuid5(const uint8_t ns[16], const void *name, size_t len, char out[SL_UUID_TEXT])
{
	struct sl_digest *d;
	int rc = sl_digest_new(&d, SL_SHA1);
	if (rc < 0)
		return rc;
	uint8_t h[SL_DIGEST_MAX];
	sl_digest_update(d, ns, 16);
	sl_digest_update(d, name, len);
	(void)sl_digest_final(d, h);
	sl_digest_free(d);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x50); /* version 5 */
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
	static const uint8_t part[] = { 4, 2, 2, 2, 6 };
	const uint8_t *p = h;
	for (size_t i = 0; i < sizeof(part); i++) {
		sl_hex(p, part[i], out);
		p += part[i];
		out += (size_t)2 * part[i];
		*out++ = i + 1 < sizeof(part) ? '-' : '\0';
	}
	return 0;
}
