/* SPDX-License-Identifier: BSD-3-Clause */
/* hash.h - the keyed hash of every table that an attacker can fill (flows, intel).
 * Multiply-fold over 64x64->128 products (the construction of wyhash, Wang Yi 2019): non-linear in
 * the key, unlike CRC32, whose collisions survive any seed. Pure functions; any thread. The NIC's
 * hash only chooses the worker, never the bucket. */
#ifndef SIGHTLINE_HASH_H
#define SIGHTLINE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* 128 secret bits, drawn once for each process. */
struct sl_hash_key {
	uint64_t k0, k1;
};

/* Random bits from the kernel. 0, or -errno. */
int sl_hash_key_draw(struct sl_hash_key *out);

static inline uint64_t sl_hash_fold(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t sl_hash_u64(struct sl_hash_key k, uint64_t v)
{
	return sl_hash_fold(
		sl_hash_fold(v ^ k.k0, k.k1 ^ 0x9e3779b97f4a7c15u), k.k0 ^ 0xd6e8feb86659fd93u);
}

static inline uint64_t sl_hash_u128(struct sl_hash_key k, uint64_t lo, uint64_t hi)
{
	return sl_hash_fold(sl_hash_fold(lo ^ k.k0, hi ^ k.k1), k.k0 ^ 0xd6e8feb86659fd93u);
}

static inline uint64_t sl_hash_bytes(struct sl_hash_key k, const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t h = k.k0 ^ len * 0xd6e8feb86659fd93u;
	for (; len >= 16; b += 16, len -= 16) {
		uint64_t lo, hi;
		memcpy(&lo, b, 8);
		memcpy(&hi, b + 8, 8);
		h = sl_hash_fold(lo ^ k.k1, hi ^ h);
	}
	uint64_t t[2] = { 0, 0 };
	if (len)
		memcpy(t, b, len);
	h = sl_hash_fold(t[0] ^ k.k1, t[1] ^ h);
	return sl_hash_fold(h ^ k.k0, k.k1 ^ 0x9e3779b97f4a7c15u);
}

#endif
