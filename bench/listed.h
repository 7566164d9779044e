/* SPDX-License-Identifier: BSD-3-Clause */
/* listed.h - indicators made up by seed, for benches of the tables: stands in for lib/intel's set,
 * so that neither files nor strings are measured. */
#ifndef SL_BENCH_LISTED_H
#define SL_BENCH_LISTED_H

#include <sightline/book.h>
#include <sightline/match.h>

struct sl_intel {
	struct sl_indicator *ind;
	struct sl_arena *arena;
	struct sl_book book;
	size_t n;
	char *text;
};

/* n of one type, each another; cidr: IPv4 prefixes of 16 to 30 bits. */
struct sl_intel *listed_new(enum sl_type type, bool cidr, size_t n);
/* The value as an observable of the batch, which has to have room. */
void listed_ask(struct sl_batch *b, const struct sl_indicator *i, unsigned where);
/* A name as hosts ask for: one to four labels and a zone, below a listed one where that is given;
 * its length. `out` has room for 128 bytes. */
size_t listed_host(char *out, const struct sl_indicator *below);

#endif
