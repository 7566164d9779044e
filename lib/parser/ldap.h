/* SPDX-License-Identifier: BSD-3-Clause */
/* ldap.h - the filter of an LDAP search, as text. */
#ifndef PARSER_LDAP_H
#define PARSER_LDAP_H

#include <sightline/observable.h>

#define LDAP_FILTER_MAX (SL_VALUE_MAX + 1) /* what is longer is seen to be cut */

/* The string of RFC 4515 for a Filter of RFC 4511 4.5.1.7, as far as it reads and as there is room,
 * with 16 levels of brackets at most. Returns its length. */
size_t ldap_filter_text(struct sl_span filter, uint8_t out[LDAP_FILTER_MAX]);

#endif
