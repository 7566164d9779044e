/* SPDX-License-Identifier: BSD-3-Clause */
/* hyperloglog.c - see hyperloglog.h. */
#include <math.h>

#include <sightline/hyperloglog.h>

#define REGISTER_BITS 10
_Static_assert(SL_HLL_REGISTERS == 1 << REGISTER_BITS, "as many as the bits name");

bool sl_hll_add(uint8_t registers[SL_HLL_REGISTERS], uint64_t hash)
{
	uint64_t rest = hash << REGISTER_BITS | 1u << (REGISTER_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &registers[hash >> (64 - REGISTER_BITS)];
	if (rank <= *r)
		return false;
	*r = rank;
	return true;
}

void sl_hll_join(uint8_t registers[SL_HLL_REGISTERS], const uint8_t other[SL_HLL_REGISTERS])
{
	for (unsigned i = 0; i < SL_HLL_REGISTERS; i++)
		if (other[i] > registers[i])
			registers[i] = other[i];
}

double sl_hll_estimate(const uint8_t *registers, unsigned count)
{
	double sum = 0, m = count;
	unsigned zero = 0;
	for (unsigned i = 0; i < count; i++) {
		sum += ldexp(1.0, -registers[i]);
		zero += registers[i] == 0;
	}
	double e = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	return e <= 2.5 * m && zero > 0 ? m * log(m / zero) : e;
}

uint64_t sl_hll_count(const uint8_t registers[SL_HLL_REGISTERS])
{
	return (uint64_t)(sl_hll_estimate(registers, SL_HLL_REGISTERS) + 0.5);
}
