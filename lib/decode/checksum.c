/* SPDX-License-Identifier: BSD-3-Clause */
/* checksum.c - the Internet checksum. Worker; pure functions.
 * A ones' complement sum may be taken in any byte order (RFC 1071 2 B), so words are added as they
 * lie, and only the result's being all ones is asked. */
#include "layers.h"

#include <immintrin.h>
#include <netinet/in.h>

#include <sightline/hot.h>

/* End-around carry: what leaves at the top comes back at the bottom. */
static inline uint64_t add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

/* `len` a multiple of 64: even and odd words of 32 bits apart, so that none carries. */
static uint64_t bulk_sum(const uint8_t *p, size_t len)
{
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i even = _mm256_setzero_si256(), odd = even;
	for (size_t i = 0; i < len; i += 64) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(p + i));
		__m256i b = _mm256_loadu_si256((const __m256i *)(p + i + 32));
		even = _mm256_add_epi64(
			even, _mm256_add_epi64(_mm256_and_si256(a, low), _mm256_and_si256(b, low)));
		odd = _mm256_add_epi64(
			odd, _mm256_add_epi64(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32)));
	}
	uint64_t part[4];
	_mm256_storeu_si256((__m256i *)part, _mm256_add_epi64(even, odd));
	return part[0] + part[1] + part[2] + part[3];
}

/* Fewer than 8 bytes; those before them are there too where `behind`. */
static inline uint64_t tail(const uint8_t *p, size_t len, bool behind)
{
	uint64_t v = 0;
	if (behind && len > 0) {
		memcpy(&v, p + len - 8, 8);
		return v >> (64 - 8 * len);
	}
	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint64_t checksum_add(uint64_t sum, const uint8_t *p, size_t len)
{
	bool behind = len >= 8;
	if (len >= 64) {
		size_t bulk = len & ~(size_t)63;
		sum = add_carry(sum, bulk_sum(p, bulk));
		p += bulk;
		len -= bulk;
	}
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		sum = add_carry(sum, v);
	}
	return add_carry(sum, tail(p, len, behind));
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
