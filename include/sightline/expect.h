/* SPDX-License-Identifier: BSD-3-Clause */
/* expect.h - flows that another flow announces: FTP's control connection names the port of a data
 * connection, TFTP's request that of its answer. The parser of the one says which parser will
 * understand the other and leaves it a note; the worker asks when it first wants a parser for a
 * flow.
 *
 * One table a worker, never shared, memory decided at start. It is full of what was announced last:
 * the oldest announcement goes. An announcement serves one flow, expires on packet time, and is
 * replaced by another for the same ends.
 *
 * Packets are dealt to workers by their pair of addresses, so only flows between the two ends of
 * the announcing flow are announced: with them any number of workers says the same. What names a
 * third address (FTP between two servers, RFC 959 figure 2) is counted
 * (SL_C_EXPECTED_ELSEWHERE), not followed, because another worker may have that flow. */
#ifndef SIGHTLINE_EXPECT_H
#define SIGHTLINE_EXPECT_H

#include <sightline/observable.h>
#include <sightline/span.h>

struct sl_expect;
struct sl_parser;

#define SL_EXPECT_NOTE 320 /* bytes of a note at most */

struct sl_expected {
	enum sl_dir end; /* SL_TO_SERVER: the port is at the announcing flow's responder, else at
			    its initiator; the other end's port may be any */
	uint16_t port;
	uint8_t proto; /* IANA number */
	const struct sl_parser *parser;
	struct sl_span note; /* copied; what is longer than SL_EXPECT_NOTE is cut */
};

/* -EINVAL, -ENOMEM. Control, as is _free. */
int sl_expect_new(struct sl_expect **out, uint32_t entries, struct sl_counters *counters);
void sl_expect_free(struct sl_expect *e);

/* Announces a flow between the ends of b->flow, from b->ts_ns on. Without b->expect it does
 * nothing. Parsers, on the worker. */
void sl_expect_announce(struct sl_batch *b, const struct sl_expected *what);
/* The same where the message names an address: 4 or 16 bytes as they stand in the payload. A third
 * address is counted, and the end is taken for the one meant: it may be its name behind a NAT. */
void sl_expect_announce_at(
	struct sl_batch *b, const struct sl_expected *what, struct sl_span address);

/* The parser that was announced for this flow, or NULL. *note is good until the next call of
 * anything here; the announcement is used up. Costs one comparison where nothing is announced. */
const struct sl_parser *sl_expect_claim(
	struct sl_expect *e, const struct sl_flow *f, uint64_t now_ns, struct sl_span *note);
/* Forgets all: the next capture may be of another time. */
void sl_expect_clear(struct sl_expect *e);
uint32_t sl_expect_count(const struct sl_expect *e);

#endif
