/* SPDX-License-Identifier: BSD-3-Clause */
/* utf16.h - the texts of Windows protocols, as UTF-8. */
#ifndef PARSER_UTF16_H
#define PARSER_UTF16_H

#include <sightline/span.h>

/* Little-endian UTF-16 up to its first zero; an odd last byte is left out. A surrogate without its
 * other half keeps its own three bytes, which are no valid UTF-8 and are escaped where they are
 * told. Returns the length written to out, as much as whole characters fit. */
size_t utf16_text(struct sl_span in, uint8_t *out, size_t cap);

#endif
