/* SPDX-License-Identifier: BSD-3-Clause */
/* dns_name.h - names inside DNS messages (RFC 1035 3.1 and 4.1.4). */
#ifndef PARSER_DNS_NAME_H
#define PARSER_DNS_NAME_H

#include <sightline/span.h>

#define DNS_NAME_MAX 255 /* RFC 1035 2.3.4 */

struct dns_name {
	size_t len; /* of text; labels joined with dots, bytes as they are, no final dot */
	uint8_t text[DNS_NAME_MAX];
};

/* Reads the name at the cursor of a message that begins at `message`, and moves the cursor behind
 * it. False, and the cursor bad: it is cut, too long, or compressed in a way that can't end. */
bool dns_name_read(struct sl_rd *r, const uint8_t *message, struct dns_name *out);

/* Reads a name that lies outside a DNS message: nothing to point to, and its final zero may be
 * missing (RFC 4702 3.1). */
bool dns_name_alone(struct sl_span in, struct dns_name *out);

/* Undoes the encoding of a NetBIOS name; empty where it is none. */
void dns_name_netbios(struct dns_name *n);

#endif
