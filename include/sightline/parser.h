/* SPDX-License-Identifier: BSD-3-Clause */
/* parser.h - what a protocol parser is. A function of bytes and time: no socket, clock, log,
 * allocation or global, so that worker, unit test and fuzz target run the same code. Malformed
 * input is a verdict, not an error. A new protocol is one file, one registry row
 * (lib/parser/registry.h) and its rows of the vocabulary. */
#ifndef SIGHTLINE_PARSER_H
#define SIGHTLINE_PARSER_H

#include <sightline/observable.h>
#include <sightline/span.h>
#include <sightline/stream.h>

enum sl_verdict {
	SL_MORE, /* everything given is consumed, more may follow */
	SL_FULL, /* the batch is full: match it, empty it, feed the rest (same piece, from
		    `consumed` on) again */
	SL_DONE, /* this direction will say nothing more that the parser wants */
	SL_NOT_MINE, /* it is another protocol, in both directions, from what is not consumed on:
			out->next, where the parser set it, or whatever a probe finds */
	SL_BAD, /* malformed beyond recovery: nothing more of this direction is parsed */
	SL_REST, /* of a protocol over datagrams that may begin anew: everything given is consumed,
		    and of what follows, in both directions, only a datagram that it `begins` with
		    can say anything. Until one comes it is fed nothing but SL_PIECE_END */
};

enum sl_probe {
	SL_PROBE_NO,
	SL_PROBE_YES,
	SL_PROBE_MORE /* undecided: ask again with more bytes */
};

/* Whether first bytes that were kept, `len` by now and `asked` when probes saw them last, are a
 * reason to ask again: up to SL_PROBE_EACH each is, then growth by an eighth. So a byte is looked
 * at a bounded number of times, however small the pieces are. */
#define SL_PROBE_EACH 64
static inline bool sl_probe_again(size_t len, size_t asked)
{
	return len <= SL_PROBE_EACH || len >= asked + asked / 8;
}

/* TCP_BEGIN: over TCP, and looked for at the begin of a stream alone (or where another protocol has
 * handed it over), as its mark is too weak to be believed behind any byte. */
enum { SL_OVER_TCP = 1, SL_OVER_UDP = 2, SL_OVER_TCP_BEGIN = 4 };

struct sl_parser {
	const char *name; /* as `app` of a flow: "dns" */
	uint16_t state_bytes; /* taken zeroed from the pools when first needed; 0: none */
	uint8_t over; /* SL_OVER_* */
	/* Looks at the first bytes of one direction; p->dir, datagram and the ports are hints, the
	 * content decides. */
	enum sl_probe (*probe)(const struct sl_piece *p, uint16_t sport, uint16_t dport);
	/* Whether a piece that it takes may begin with this byte: where not, the probe isn't asked.
	 * NULL: with every byte. */
	bool (*begins)(uint8_t first);
	/* Consumes one piece. *consumed (of p->bytes) is set always; with SL_FULL the worker calls
	 * again with the unconsumed rest of the same piece after the batch was emptied, and the
	 * parser goes on where it was (its place inside a message that it can't split is kept in
	 * its state: *consumed may be 0 then, but every call with an empty batch makes progress).
	 * A buffer that it takes from out->pool is its own until it gives it back, which it does
	 * before it returns SL_DONE, SL_NOT_MINE or SL_BAD, and when it is fed SL_PIECE_END. */
	enum sl_verdict (*feed)(
		void *state, const struct sl_piece *p, struct sl_batch *out, size_t *consumed);
	/* Gets the note that came with the announcement of a flow (expect.h), before it is fed.
	 * NULL: its flows are never announced. */
	void (*expected)(void *state, struct sl_span note);
};

/* Every parser, in order of probing. */
extern const struct sl_parser *const sl_parsers[];
extern const unsigned sl_parser_count;
/* Index of a parser in sl_parsers, for its counters. */
unsigned sl_parser_index(const struct sl_parser *p);
/* Makes the table of which parsers a first byte leaves. Control, before there is a worker; without
 * it probing finds the same, at the cost of looking through all of them. */
void sl_parsers_prepare(void);
/* The first parser that says yes to this piece; NULL and *more where one of them wants to see more
 * bytes. */
const struct sl_parser *sl_parser_probe(
	const struct sl_piece *p, uint8_t over, uint16_t sport, uint16_t dport, bool *more);

/* Pools of parser states, by size class; one set a worker, memory decided at start. */
struct sl_parser_pool;
int sl_parser_pool_new(struct sl_parser_pool **out, size_t bytes);
void sl_parser_pool_free(struct sl_parser_pool *p);
/* Zeroed; NULL: none left in its class. */
void *sl_parser_pool_take(struct sl_parser_pool *p, uint16_t bytes);
void sl_parser_pool_give(struct sl_parser_pool *p, void *state, uint16_t bytes);

/* One writer (the worker) each; metric sightline_parser_*_total{parser="name"}. */
struct sl_parser_counters {
	uint64_t flows; /* flows given to it */
	uint64_t messages; /* messages it numbered */
	uint64_t bad; /* flow directions it gave up on as malformed */
};

#endif
