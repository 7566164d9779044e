/* SPDX-License-Identifier: BSD-3-Clause */
/* fresh.h - what each pass over the same packets changes in their addresses, so that its flows are
 * new ones. Private to lib/source. */
#ifndef SOURCE_FRESH_H
#define SOURCE_FRESH_H

#include <sightline/packet.h>

/* The salt of pass `pass` in the low `bits` of an IPv4 address. Any odd factor does: what is added
 * in passes that follow each other is far apart, and never 0. */
static inline uint32_t fresh_salt(unsigned bits, uint32_t pass)
{
	uint32_t all = (1u << bits) - 1;
	uint32_t add = ((pass - 1) % all + 1) * 40503u & all;
	return pass == 0 ? 0 : SL_SALT(bits, add);
}

#endif
