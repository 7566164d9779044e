/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.h - the flows of one worker: found or created by packet, timed out on packet time.
 * One table a worker, never shared, memory decided at start. Bounded: a full table puts a flow out
 * and says so. What nothing answered goes first (a flood of SYNs, a scan), the oldest of it; then
 * what is closed; then the most silent of a few of the rest; and last what an indicator was found
 * in or a parser reads. Finding it costs a bounded number of looks.
 *
 * An ICMP error that the addressed host itself sends makes the flow that it quotes `unreachable`.
 * What a router on the way sends is not used: packets are dealt to workers by address pair, so that
 * the flow may be in another table, and what is told of a flow must not depend on how many workers
 * there are. */
#ifndef SIGHTLINE_FLOW_H
#define SIGHTLINE_FLOW_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/counter.h>
#include <sightline/packet.h>

/* What became of a flow or a message, as far as seen. The order is the order of knowledge: for a
 * flow a later one replaces an earlier one, never the other way round. */
#define SL_OUTCOMES(X)                                                                             \
	X(NONE, "")                                                                                \
	X(ATTEMPTED, "attempted")                                                                  \
	X(UNREACHABLE, "unreachable")                                                              \
	X(REFUSED, "refused")                                                                      \
	X(ANSWERED, "answered") X(ESTABLISHED, "established") X(NXDOMAIN, "nxdomain")

#define X(id, text) SL_OUTCOME_##id,
enum sl_outcome { SL_OUTCOMES(X) SL_OUTCOME_COUNT };
#undef X
const char *sl_outcome_text(enum sl_outcome o);

enum sl_flow_end { SL_END_OPEN, SL_END_TIMEOUT, SL_END_CLOSED, SL_END_EVICTED, SL_END_FLUSH };
const char *sl_flow_end_text(enum sl_flow_end e);

struct sl_parser;
struct sl_said;

/* Where one direction of a TCP flow stands; lib/stream's own. */
struct sl_stream_seq {
	uint32_t first; /* sequence number of the first byte, after the SYN or where it was met */
	uint32_t next; /* after the last byte given */
	uint32_t hole_from, hole_to; /* the newest hole given up and not filled; equal: none */
	uint32_t fin : 27; /* number of the FIN seen last, where `finished`: more than most windows
			    */
	bool known : 1; /* next is valid */
	bool middle : 1; /* first is where it was met, not known from a SYN */
	bool cut : 1; /* the packet that brought the last byte given was captured short */
	bool finished : 1; /* a FIN was seen */
	bool deep : 1; /* as many bytes were given as are read of a direction */
};

/* One flow. Two cache lines that every packet touches, then what is touched when something is said.
 * Fields are read by any stage of the worker; who writes stands at each block. */
struct sl_flow {
	/* -- flow table writes -- */
	alignas(64) union sl_addr src; /* initiator */
	union sl_addr dst; /* responder */
	uint16_t sport, dport; /* of initiator, responder */
	uint8_t version, proto;
	uint8_t tcp_state; /* enum of lib/flow, opaque */
	uint8_t end; /* enum sl_flow_end; set when it leaves the table */
	uint32_t isn; /* TCP: the initiator's first sequence number, as far as known */
	uint32_t index; /* place in the table's records */
	uint64_t last_ns; /* maximum of its packets' times */
	uint32_t burst; /* number of the burst that touched it last: such a flow is never put out */
	uint32_t seen; /* the table's clock at its last packet, in its own unit */

	uint64_t packets[2]; /* by enum sl_dir */
	uint64_t bytes[2]; /* on the wire, link header included */
	uint64_t first_ns;
	uint64_t id; /* unique in this process: worker << 48 | number */
	uint16_t capture;
	uint8_t rank : 4; /* which of the lists of open flows it is on */
	uint8_t home : 4; /* where homes have it; 0: nowhere */
	uint8_t outcome; /* enum sl_outcome of the flow itself */
	uint32_t top[2]; /* TCP: number after the last byte that each side was seen to send */

	/* -- stream and parser stage write -- */
	struct sl_stream_seq seq[2]; /* by enum sl_dir */
	uint32_t generation; /* the worker's: of the ruleset that it was last looked up in as a
				whole */
	const struct sl_parser *parser; /* chosen once; NULL: none yet, or none will be */
	void *parser_state; /* from the state pools; of a flow without a parser: the worker's */
	void *stream; /* segments held by lib/stream; NULL: none */
	uint8_t probe_left[2]; /* how long a parser may still be looked for, by direction */
	uint8_t parser_dead; /* bit by enum sl_dir: the parser gave up on this direction */
	uint8_t shed; /* bits: SL_SHED_BIT of each level that it met, SL_SHED_BYPASSED */

	/* -- worker writes -- */
	bool hit : 1; /* an indicator was satisfied by one of its addresses */
	bool rests : 1; /* the parser waits for a datagram that it begins with */
	bool unsure : 1; /* a leaf that a NOT asks about was true, and could not be kept */
	uint8_t told : 5; /* enum sl_outcome that went with the last such hit */

	/* -- flow table writes -- */
	uint8_t vlan_count : 4;
	uint8_t top_known : 4; /* bit by enum sl_dir */

	/* -- worker writes -- */
	uint16_t tunnels; /* as its first packet that was in any had them */

	/* -- stream stage writes -- */
	uint64_t missing[2]; /* TCP payload bytes that no packet brought, by direction */

	/* -- worker writes -- */
	struct sl_said
		*said; /* what this flow said of itself, for context and re-lookup; NULL: nothing */
	uint32_t message; /* messages numbered so far */
	uint32_t outer; /* fold of the tunnel's addresses that were told last; 0: none */
	uint32_t trees; /* head of its list of states of detections; 0: none */

	/* -- flow table writes, at a flow's begin and end -- */
	uint32_t hash; /* low bits: its bucket */
	uint32_t prev, next; /* neighbours in the list it is on: open, ended, taken, vacant */
	uint16_t vlan[SL_VLAN_MAX];
};
static_assert(sizeof(struct sl_flow) == 256, "four cache lines");

/* How long a flow may be silent, by where it stands: id, name in the configuration, default in
 * seconds, help. */
#define SL_FLOW_TIMEOUTS(X)                                                                        \
	X(OTHER, "other", 60, "neither TCP, UDP nor ICMP")                                         \
	X(ICMP, "icmp", 30, "ICMP")                                                                \
	X(UDP_NEW, "udp_new", 120, "UDP of one side only")                                         \
	X(UDP, "udp", 120, "UDP of both sides")                                                    \
	X(TCP_SYN, "tcp_syn", 60, "a SYN that nothing answered")                                   \
	X(TCP_SYNACK, "tcp_synack", 60, "a SYN that was answered, and no more")                    \
	X(TCP_ONE_SIDED, "tcp_one_sided", 600,                                                     \
		"TCP of which the begin and one of the sides were not seen")                       \
	X(TCP_OPEN, "tcp_open", 600, "an open TCP connection")                                     \
	X(TCP_FIN, "tcp_fin", 600, "TCP that one side closed")                                     \
	X(TCP_CLOSED, "tcp_closed", 30, "TCP that both sides closed, or that was reset")

#define X(id, name, s, help) SL_FLOW_TIMEOUT_##id,
enum sl_flow_timeout { SL_FLOW_TIMEOUTS(X) SL_FLOW_TIMEOUT_COUNT };
#undef X

/* Which tables have a flow; shared by the tables of all workers. It is asked when a flow begins:
 * one that another table has as well, and that has not ended there, is counted as split. Its
 * packets did not come to one worker, so that nothing that needs both directions or the order is
 * right. */
struct sl_flow_homes;
/* Control. `tables` of max_flows each; their numbers are below `tables`. 0, -EINVAL: more than can
 * be told apart (254), -ENOMEM. Freed after the tables. */
int sl_flow_homes_new(struct sl_flow_homes **out, unsigned tables, uint32_t max_flows);
void sl_flow_homes_free(struct sl_flow_homes *h); /* NULL is allowed */

struct sl_flow_options {
	struct sl_flow_homes *homes; /* borrowed; NULL: the table is the only one */
	uint32_t max_flows; /* records; memory is about 300 bytes each, touched as it is used */
	uint64_t timeout_ns[SL_FLOW_TIMEOUT_COUNT]; /* of silence after which a flow has ended */
};
extern const struct sl_flow_options sl_flow_defaults;

struct sl_flow_table;

int sl_flow_table_new(struct sl_flow_table **out, unsigned worker, const struct sl_flow_options *o,
	struct sl_counters *counters);
void sl_flow_table_free(struct sl_flow_table *t);
size_t sl_flow_table_bytes(const struct sl_flow_table *t);

/* Binds pkt[0..n): sets flow, dir and SL_PKT_FLOW_NEW of each good packet. A record bound in this
 * burst stays valid until sl_flow_reap. A flow whose own gap exceeded its timeout ends, and a new
 * one begins; so does one of which no packet came while the clock went on by more than that and the
 * slack, as happens where time runs backwards. This never depends on when a sweep ran, nor, as each
 * packet carries its capture's clock, on how flows were spread over tables. Flows that end go to
 * the list that sl_flow_ended gives. A good packet without a flow: the table is full of flows that
 * this burst uses; the caller counts it. */
void sl_flow_bind(struct sl_flow_table *t, struct sl_packet *pkt, uint16_t n);

/* Puts flows that are silent for longer than their timeout on the list of the ended, a bounded
 * number for each call. now_ns moves the table's clock, which is the maximum of what it was told
 * and of the clocks of the packets bound, so that a table that gets no packets can be told the
 * time, too. A flow leaves here SL_FLOW_SLACK_NS later than its timeout, so that packets slightly
 * out of order in time find the same flow as they would without a sweep. After each burst. */
void sl_flow_sweep(struct sl_flow_table *t, uint64_t now_ns);
/* Sweeps have looked at every flow since the clock was here: what should have left by then has. */
uint64_t sl_flow_swept(const struct sl_flow_table *t);
#define SL_FLOW_SLACK_NS (UINT64_C(10) * 1000000000)
/* Who tells others the time tells no later one than what was swept and this, less the slack, so
 * that what a flow's end decides comes so long after its timeout at the latest. */
#define SL_FLOW_LEAVE_NS (UINT64_C(60) * 1000000000)
/* Every open flow ends (SL_END_FLUSH, or SL_END_TIMEOUT / SL_END_CLOSED where its own state says
 * so), in order of their records, a bounded number for each call; false: none is left. At the end
 * of a capture. Whether a flow's own timeout has passed is judged by the table's clock: a last
 * sl_flow_sweep with the time that all workers together have reached makes the answer independent
 * of how flows were spread over them. Once none is left the clock starts anew. */
bool sl_flow_flush(struct sl_flow_table *t);
/* The next flow that has ended and not been taken yet, oldest first, or NULL. It stays readable
 * until sl_flow_reap; its parser state and `said` are the taker's to give back. */
struct sl_flow *sl_flow_ended(struct sl_flow_table *t);
/* The burst is over: records of taken flows may be used again. */
void sl_flow_reap(struct sl_flow_table *t);
uint32_t sl_flow_count(const struct sl_flow_table *t);

/* Community ID v1 (https://github.com/corelight/community-id-spec), seed 0, from initiator and
 * responder as the flow has them. Any thread but workers: it takes a SHA-1. */
#define SL_COMMUNITY_ID_TEXT 32
void sl_community_id(const union sl_addr *src, const union sl_addr *dst, uint8_t version,
	uint16_t sport, uint16_t dport, uint8_t proto, char out[SL_COMMUNITY_ID_TEXT]);

#endif
