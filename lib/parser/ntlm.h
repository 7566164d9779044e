/* SPDX-License-Identifier: BSD-3-Clause */
/* ntlm.h - the user in an NTLM authentication, whichever protocol carries it. */
#ifndef PARSER_NTLM_H
#define PARSER_NTLM_H

#include <sightline/span.h>

#define NTLM_USER_MAX 1024 /* bytes of domain, backslash and user; Windows allows 15 + 1 + 104 */

/* Looks for an AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) anywhere in a security blob, so that what
 * wraps it (SPNEGO, GSS-API, nothing) needs no reading, and writes DOMAIN\user, or the user alone
 * where no domain is said. Returns its length; 0: there is none, it is anonymous, or it lies about
 * its lengths. */
size_t ntlm_user(struct sl_span blob, uint8_t out[NTLM_USER_MAX]);
/* The same of two texts that stand by themselves. */
size_t ntlm_user_of(
	struct sl_span domain, struct sl_span user, bool unicode, uint8_t out[NTLM_USER_MAX]);

#endif
