/* SPDX-License-Identifier: BSD-3-Clause */
/* text.h - bytes that a packet or a feed said, as text that every reader of the messages takes. */
#ifndef SL_SIGHTING_TEXT_H
#define SL_SIGHTING_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <sightline/span.h>

/* Protobuf strings must be UTF-8, and in C end at a zero. A zero or a byte that is no UTF-8 becomes
 * \xNN, as in the normal forms; so does what a cut left of a character. New memory, or NULL.
 * Strings longer than max are cut before the character that would not fit. */
char *text_new(struct sl_span in, size_t max);

#endif
