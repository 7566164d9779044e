/* SPDX-License-Identifier: BSD-3-Clause */
/* tor.h - the certificate by which a Tor relay is known. */
#ifndef PARSER_TOR_H
#define PARSER_TOR_H

#include <sightline/span.h>

/* Subject and issuer of a certificate, the insides of their sequences: each is one made-up host
 * name, www, 8 to 20 characters of base32, and net for the subject, com for the issuer, as relays
 * make them (Tor, src/lib/tls/tortls.c). */
bool tor_names(struct sl_span subject, struct sl_span issuer);

#endif
