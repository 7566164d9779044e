/* SPDX-License-Identifier: BSD-3-Clause */
/* hyperloglog.h - how many different values were seen, estimated in 1 KiB (Flajolet, Fusy,
 * Gandouet, Meunier 2007). 1024 registers: a standard error of 3.3 %; below 2560 values linear
 * counting over the registers is the better estimate, as the paper says. 64-bit hashes need no
 * correction for large numbers. Pure functions; the registers are the caller's, zeroed at first. */
#ifndef SIGHTLINE_HYPERLOGLOG_H
#define SIGHTLINE_HYPERLOGLOG_H

#include <stdbool.h>
#include <stdint.h>

#define SL_HLL_REGISTERS 1024

/* True: the estimate may have grown. */
bool sl_hll_add(uint8_t registers[SL_HLL_REGISTERS], uint64_t hash);
/* Adds what other has seen. */
void sl_hll_join(uint8_t registers[SL_HLL_REGISTERS], const uint8_t other[SL_HLL_REGISTERS]);
/* The estimate from any number of registers, each the highest rank of its hashes. */
double sl_hll_estimate(const uint8_t *registers, unsigned count);
uint64_t sl_hll_count(const uint8_t registers[SL_HLL_REGISTERS]);

#endif
