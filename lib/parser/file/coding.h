/* SPDX-License-Identifier: BSD-3-Clause */
/* coding.h - the content codings of one file, undone layer by layer within bounds. */
#ifndef PARSER_FILE_CODING_H
#define PARSER_FILE_CODING_H

#include <sightline/inflate.h>

#include "file.h"

/* What a coding may make of its input: CODING_FREE bytes, beyond that CODING_RATIO bytes for each
 * byte that came, CODING_MAX in all. Real pages stay below 50. */
#define CODING_FREE ((uint64_t)1 << 20)
#define CODING_RATIO 200
#define CODING_MAX ((uint64_t)1 << 30)

enum coding_fault { CODING_GOOD, CODING_BROKEN, CODING_BOMB, CODING_NO_MEMORY };

struct coding {
	struct sl_inflate *layer[SL_CODINGS_MAX]; /* outermost first */
	uint8_t layers;
	uint8_t fault; /* enum coding_fault; after it nothing is decoded */
	uint64_t in, out; /* bytes that came, and that were made of them by all layers */
};

typedef void coding_sink(void *to, struct sl_batch *b, struct sl_span bytes);

/* `kind` as a header lists them, SL_CODING_NONE where there is none. */
void coding_begin(struct coding *c, struct sl_batch *b, const enum sl_coding kind[SL_CODINGS_MAX]);
/* Undoes the codings of the bytes, and gives to sink what comes out, in order. */
void coding_feed(
	struct coding *c, struct sl_batch *b, struct sl_span in, coding_sink *sink, void *to);
/* Whether the codings may end here. */
bool coding_whole(const struct coding *c);
/* Gives back what the decoders hold. */
void coding_end(struct coding *c);

#endif
