/* SPDX-License-Identifier: BSD-3-Clause */
/* aead.h - AES-128 as the Initial packets of QUIC use it (RFC 9001 5.3 and 5.4): one block for the
 * protection of the header, GCM for the payload. The keys of an Initial are no secret, they follow
 * from bytes of the packet. What it needs is allocated once, at start: opening runs on a worker and
 * neither allocates nor locks. One a worker, never shared. */
#ifndef SIGHTLINE_AEAD_H
#define SIGHTLINE_AEAD_H

#include <sightline/span.h>

#define SL_AEAD_KEY 16
#define SL_AEAD_IV 12
#define SL_AEAD_TAG 16

struct sl_aead;
/* 0, -ENOMEM, or -ENOTSUP where libcrypto has no AES-128. Control, as is _free. */
int sl_aead_new(struct sl_aead **out);
void sl_aead_free(struct sl_aead *a);

/* One block. False: libcrypto refused. */
bool sl_aead_block(
	struct sl_aead *a, const uint8_t key[SL_AEAD_KEY], const uint8_t in[16], uint8_t out[16]);
/* Opens `sealed`, whose last SL_AEAD_TAG bytes are the tag; `with` are the parts of what is
 * authenticated besides. True: *out is the plain text, which is good until the next call. */
bool sl_aead_open(struct sl_aead *a, const uint8_t key[SL_AEAD_KEY], const uint8_t iv[SL_AEAD_IV],
	const struct sl_span *with, unsigned with_count, struct sl_span sealed,
	struct sl_span *out);

#endif
