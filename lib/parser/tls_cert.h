/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_cert.h - what an X.509 certificate says (RFC 5280 4.1). */
#ifndef PARSER_TLS_CERT_H
#define PARSER_TLS_CERT_H

#include <sightline/digest.h>

#include "say.h"

#define CERT_READ 32768 /* bytes of a certificate that are read; all are hashed */

/* Hashes of a certificate, taken as its bytes come. */
struct cert_digests {
	struct sl_digest_state sha1, sha256;
};

void cert_digests_begin(struct cert_digests *d);
void cert_digests_add(struct cert_digests *d, struct sl_span in);

/* Says a certificate of whose bytes `der` is the begin, or all. d: its hashes, complete, copied
 * before they are ended; NULL where der is all of it. False: the batch is full. *sound: it could be
 * read to the end. */
bool cert_say(struct say *s, struct sl_span der, const struct cert_digests *d, bool *sound);

/* Whether it is the certificate of a Tor relay. */
bool cert_is_tor(struct sl_span der);

#endif
