/* SPDX-License-Identifier: BSD-3-Clause */
/* parameter.h - the parameters behind a header field's value, as in
 * `attachment; filename="a.exe"`: RFC 2045 5.1, RFC 2231, RFC 8187. */
#ifndef PARSER_PARAMETER_H
#define PARSER_PARAMETER_H

#include <sightline/span.h>

#define PARAMETER_MAX 512 /* longest value that is kept */

/* The value of the parameter `name` (lower case) in out: quotes off, percent-encoding of an
 * extended value undone, sections in their order put together. An extended value wins over a plain
 * one. Returns its length, cut at cap; 0: there is none. One pass, but for a value's quotes.
 * Worker; pure. */
size_t parameter(struct sl_span field, const char *name, uint8_t *out, size_t cap);

/* Percent-encoding undone; `in` may be out. Returns the length, cut at cap. */
size_t parameter_unescape(struct sl_span in, uint8_t *out, size_t cap);

#endif
