/* SPDX-License-Identifier: BSD-3-Clause */
/* addr.h - IP addresses as bytes, their text and prefixes. Pure functions; any thread. */
#ifndef SIGHTLINE_ADDR_H
#define SIGHTLINE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Network order. An IPv4 address lies in the first four bytes, the rest is zero; which of the two
 * it is stands beside it (`version`, 4 or 6). */
union sl_addr {
	uint8_t b[16];
	uint32_t v4_be;
	uint64_t q[2];
};

#define SL_ADDR_TEXT 46 /* longest text and its zero */

/* Dotted form, or RFC 5952. Returns its length. */
size_t sl_addr_text(const union sl_addr *a, uint8_t version, char out[SL_ADDR_TEXT]);
/* Strict dotted decimal (four parts, no leading zero) or RFC 4291 text without a zone. */
bool sl_addr_parse(const char *text, size_t len, union sl_addr *out, uint8_t *version);

/* A sorted set of prefixes, for HOME_NET and allow-lists; built once, read by any thread. */
struct sl_nets;
int sl_nets_new(struct sl_nets **out);
void sl_nets_free(struct sl_nets *n);
/* "10.0.0.0/8" or an address alone. -EINVAL: neither. Bits beyond the prefix length are cleared. */
int sl_nets_add(struct sl_nets *n, const char *text, size_t len);
bool sl_nets_has(const struct sl_nets *n, const union sl_addr *a, uint8_t version);
bool sl_nets_empty(const struct sl_nets *n);

/* Reads "ADDRESS/LEN"; bits beyond LEN are cleared in *out. */
bool sl_prefix_parse(
	const char *text, size_t len, union sl_addr *out, uint8_t *version, uint8_t *prefix_len);

#endif
