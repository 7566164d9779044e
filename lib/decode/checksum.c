/* SPDX-License-Identifier: BSD-3-Clause */
/* checksum.c - the Internet checksum. Worker; pure functions.
 * A ones' complement sum may be taken in any byte order (RFC 1071 2 B), so words are added as they
 * lie, and only the result's being all ones is asked. */
#include "layers.h"

#include <netinet/in.h>

#include <sightline/hot.h>

/* End-around carry: what leaves at the top comes back at the bottom. */
static inline uint64_t add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

/* `len` a multiple of 64: a plain loop over 32-bit words, which the compiler makes wide. */
static uint64_t bulk_sum(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v;
		memcpy(&v, p + i, 4);
		sum += v;
	}
	return sum;
}

uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	if (len >= 128) { /* below, setting the wide loop up costs more than it saves */
		size_t bulk = len & ~(size_t)63;
		sum = add_carry(sum, bulk_sum(p, bulk));
		p += bulk;
		len -= bulk;
	}
	uint64_t v;
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&v, p, 8);
		sum = add_carry(sum, v);
	}
	v = 0;
	for (unsigned i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return add_carry(sum, v);
}

bool checksum_right(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

uint64_t checksum_pseudo(const struct sl_packet *p, uint32_t len)
{
	uint64_t sum = (uint64_t)htonl(len) + htonl(p->proto);
	if (p->version == 4)
		return sum + p->src.v4_be + p->dst.v4_be;
	sum = add_carry(sum, p->src.q[0]);
	sum = add_carry(sum, p->src.q[1]);
	sum = add_carry(sum, p->dst.q[0]);
	return add_carry(sum, p->dst.q[1]);
}
