/* SPDX-License-Identifier: BSD-3-Clause */
/* gssapi.h - who authenticates, and for what, in a security blob whichever protocol carries it: the
 * user of NTLM, the service and the realm of a Kerberos ticket. */
#ifndef PARSER_GSSAPI_H
#define PARSER_GSSAPI_H

#include "say.h"

/* Whether it tells any of it. */
bool gssapi_tells(struct sl_span blob);
/* False: the batch is full. */
bool gssapi_say(struct say *s, struct sl_span blob);

#endif
