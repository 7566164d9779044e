/* SPDX-License-Identifier: BSD-3-Clause */
/* der.h - the elements of a DER encoding (ITU-T X.690), one after the other: no recursion, no
 * allocation, each byte looked at once for each level. */
#ifndef PARSER_DER_H
#define PARSER_DER_H

#include <sightline/span.h>

enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_CONTEXT = 0x80, /* [n] is DER_CONTEXT + n */
	DER_CONSTRUCTED = 0x20,
};

struct der {
	uint8_t tag;
	struct sl_span body;
};

/* The next element. False: there is none, or it is cut or no DER (indefinite length, a length of
 * more than four bytes, a tag of more than one), and then r->bad is set. */
bool der_next(struct sl_rd *r, struct der *out);
/* Steps into the next element if it has this tag. One that is cut is entered as far as it goes, so
 * that what lies whole inside it can be read. False: another tag, or no DER. */
bool der_enter(struct sl_rd *r, uint8_t tag, struct sl_rd *in);
/* How many bytes the element takes that these begin, its head included, whether they are all here
 * or not. Where they are too few to tell: how many it takes to look further. 0: no DER. */
size_t der_size(struct sl_span begin);
/* An object identifier as dotted text. Returns its length, 0 where it doesn't fit or is none. */
size_t der_oid_text(struct sl_span oid, char *out, size_t cap);

#endif
