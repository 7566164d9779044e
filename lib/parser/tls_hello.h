/* SPDX-License-Identifier: BSD-3-Clause */
/* tls_hello.h - what a ClientHello or ServerHello says (RFC 8446 4.1.2 and 4.1.3), and the
 * fingerprints of it. For every carrier of a hello: TLS over TCP, QUIC, DTLS. All spans lie in the
 * input. */
#ifndef PARSER_TLS_HELLO_H
#define PARSER_TLS_HELLO_H

#include <sightline/span.h>

#include "say.h"

#define TLS_HELLO_MAX 16384 /* bytes of a hello that are read; Chrome's are below 2,000 */

enum { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2, TLS_CERTIFICATE = 11 };

struct tls_hello {
	uint16_t version; /* legacy_version */
	bool cut; /* not all of it was there: names count, fingerprints don't */
	bool has_server_name; /* the extension was there, whatever stands in it */
	bool dtls; /* versions count downwards (RFC 9147 5.3) */
	struct sl_span ciphers; /* pairs of bytes, as all lists here; one pair of a server */
	struct sl_span extensions; /* type, length, body ... */
	/* bodies of extensions without the length of their list, empty where not there */
	struct sl_span server_names, alpn, groups, formats, versions, signatures;
	struct sl_span ech; /* body of encrypted_client_hello */
};

/* Reads the body of a handshake message, without its four bytes of header. False: nothing of use
 * was there. */
bool tls_client_hello_read(struct sl_span body, struct tls_hello *h);
bool tls_server_hello_read(struct sl_span body, struct tls_hello *h);

/* Says names, protocols and, of a hello that is not cut, fingerprints. carrier: as tls_ja4 has it.
 * JA3 is a fingerprint of TLS: what it comes to of DTLS, whose versions are other numbers, has
 * places of its own in the vocabulary. False: the batch is full. */
bool tls_client_hello_say(struct say *say, const struct tls_hello *h, char carrier);
bool tls_server_hello_say(struct say *say, const struct tls_hello *h, char carrier);

/* The next name of type host_name (RFC 6066 3), or protocol (RFC 7301 3.1). False: no more. */
bool tls_server_name_next(struct sl_rd *r, struct sl_span *name);
bool tls_alpn_next(struct sl_rd *r, struct sl_span *name);

/* RFC 8701: values that mean nothing, sent to keep servers tolerant. */
static inline bool tls_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

/* What tells one encrypted ClientHello from another (RFC 9849 5): KDF, AEAD and configuration id in
 * hex, "0001-0001-2a". A client without a configuration sends the same with random numbers (GREASE,
 * 6.2), on purpose not to be told apart. False: it is not the outer hello's. */
#define TLS_ECH_TEXT 13
bool tls_ech(const struct tls_hello *h, char out[TLS_ECH_TEXT]);

#define TLS_JA3_TEXT 33
#define TLS_JA4_TEXT 37
/* MD5 in hex of version,ciphers,extensions,groups,formats (https://github.com/salesforce/ja3). */
void tls_ja3(const struct tls_hello *h, char out[TLS_JA3_TEXT]);
/* The same of version,cipher,extensions of a ServerHello. */
void tls_ja3s(const struct tls_hello *h, char out[TLS_JA3_TEXT]);
/* JA4, the TLS client fingerprint (https://github.com/FoxIO-LLC/ja4, BSD-3-Clause); carrier: 't'
 * TCP, 'q' QUIC, 'd' DTLS. Of the family's methods this is the only one that is free. */
void tls_ja4(const struct tls_hello *h, char carrier, char out[TLS_JA4_TEXT]);

#endif
