/* SPDX-License-Identifier: BSD-3-Clause */
/* utf8.h - private to lib/json: whether bytes are UTF-8 (RFC 3629), and making them so. Pure. */
#ifndef SL_JSON_UTF8_H
#define SL_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool sl_utf8_valid(const char *p, size_t len);
/* Each byte that belongs to no character becomes U+FFFD; out has room for three times len. Returns
 * the length written. */
size_t sl_utf8_mend(const char *p, size_t len, char *out);

#endif
