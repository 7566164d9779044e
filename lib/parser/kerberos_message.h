/* SPDX-License-Identifier: BSD-3-Clause */
/* kerberos_message.h - what a message of Kerberos 5 says (RFC 4120), whatever carries it. */
#ifndef PARSER_KERBEROS_MESSAGE_H
#define PARSER_KERBEROS_MESSAGE_H

#include "say.h"

/* A message may begin with this byte. */
bool kerberos_may_begin(uint8_t first);
/* One does begin here. */
bool kerberos_is_message(struct sl_span in);
/* Says its names and realms. *sound: all of it could be read. False: the batch is full. */
bool kerberos_say(struct say *s, struct sl_span in, bool *sound);
/* The request that a client shows its ticket in (AP-REQ, RFC 4120 5.5.1), or in which it asks for
 * the other's first (KERB-TGT-REQUEST, draft-swift-win2k-krb-user2user), anywhere in a security
 * blob, so that what wraps it (SPNEGO, GSS-API, nothing) needs no reading; and whatever lies behind
 * it. Empty: there is none. */
struct sl_span kerberos_request_in(struct sl_span blob);

#endif
