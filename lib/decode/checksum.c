/* SPDX-License-Identifier: BSD-3-Clause */
/* checksum.c - the Internet checksum. Worker; pure functions.
 * A ones' complement sum may be taken in any byte order (RFC 1071 2 B), so words are added as they
 * lie, and only the result's being all ones is asked. */
#include "layers.h"

#include <sightline/hot.h>

uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	for (; len >= 4; p += 4, len -= 4) {
		uint32_t v;
		memcpy(&v, p, 4);
		sum += v;
	}
	uint32_t rest = 0;
	if (len)
		memcpy(&rest, p, len);
	return sum + rest;
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
	const uint8_t tail[8] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
		(uint8_t)len, 0, 0, 0, p->proto };
	size_t addr = p->version == 4 ? 4 : 16;
	uint64_t sum = checksum_add(0, p->src.b, addr);
	sum = checksum_add(sum, p->dst.b, addr);
	return checksum_add(sum, tail, sizeof(tail));
}
