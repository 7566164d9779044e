/* SPDX-License-Identifier: BSD-3-Clause */
/* hashed.h - DPDK's rte_hash as a baseline, in memory of the same kind as the product's tables
 * (2 MiB pages where the kernel gives them). */
#ifndef SL_BENCH_HASHED_H
#define SL_BENCH_HASHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rte_hash;

/* A table of `entries` keys of key_len bytes, rte_hash_crc; `live`: read without locks while one
 * thread writes, as the product's tables are. Ends the program where it can't be. */
struct rte_hash *hashed_new(uint32_t entries, uint32_t key_len, bool live);
/* The places of n (64 at most) keys; negative: not there. */
void hashed_bulk(const struct rte_hash *h, const void **key, uint32_t n, int32_t *place);
/* Adds a key, or finds it; its place. */
int32_t hashed_add(const struct rte_hash *h, const void *key);
int32_t hashed_remove(const struct rte_hash *h, const void *key);

#endif
