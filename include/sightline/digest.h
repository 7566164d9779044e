/* SPDX-License-Identifier: BSD-3-Clause */
/* digest.h - cryptographic hashes. The one door to libcrypto for them. Contexts are allocated once,
 * at start, so that init, update and final may run on a worker. */
#ifndef SIGHTLINE_DIGEST_H
#define SIGHTLINE_DIGEST_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

enum sl_digest_kind { SL_MD5, SL_SHA1, SL_SHA256 };
#define SL_DIGEST_MAX 32

struct sl_digest;
int sl_digest_new(struct sl_digest **out, enum sl_digest_kind kind);
void sl_digest_free(struct sl_digest *d);
void sl_digest_init(struct sl_digest *d);
void sl_digest_update(struct sl_digest *d, const void *p, size_t len);
/* Returns the number of bytes written: 16, 20 or 32. */
size_t sl_digest_final(struct sl_digest *d, uint8_t out[SL_DIGEST_MAX]);

/* A hash whose state lies in its owner's memory, of which there may be any number: what parsers
 * hash as it streams by. Copied by assignment. None of the calls allocates, locks or looks anything
 * up. */
#define SL_DIGEST_STATE 112
struct sl_digest_state {
	alignas(8) uint8_t mem[SL_DIGEST_STATE]; /* of the algorithm, opaque */
	uint8_t kind;
};
void sl_digest_begin(struct sl_digest_state *d, enum sl_digest_kind kind);
void sl_digest_add(struct sl_digest_state *d, const void *p, size_t len);
/* Returns the number of bytes written: 16, 20 or 32. */
size_t sl_digest_end(struct sl_digest_state *d, uint8_t out[SL_DIGEST_MAX]);

/* HKDF with SHA-256 (RFC 5869): extract, with a salt of up to 64 bytes, and the expansion by a
 * label of TLS 1.3 with an empty context (RFC 8446 7.1) to up to 32 bytes. Usable on a worker. */
void sl_hkdf_extract(const uint8_t *salt, size_t salt_len, const uint8_t *in, size_t len,
	uint8_t out[SL_DIGEST_MAX]);
void sl_hkdf_label(
	const uint8_t secret[SL_DIGEST_MAX], const char *label, uint8_t *out, size_t len);

/* All at once, and as lower-case hex with a zero behind it. Control threads. 0 or -errno. */
int sl_digest_of(enum sl_digest_kind kind, const void *p, size_t len, uint8_t out[SL_DIGEST_MAX]);
void sl_hex(const uint8_t *p, size_t len, char *out);

/* UUID version 5 (RFC 9562 5.5): SHA-1 over namespace and name; text form in out. */
#define SL_UUID_TEXT 37
int sl_uuid5(const uint8_t ns[16], const void *name, size_t len, char out[SL_UUID_TEXT]);

#endif
