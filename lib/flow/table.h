/* SPDX-License-Identifier: BSD-3-Clause */
/* table.h - the inside of a flow table. Private to lib/flow.
 *
 * Records never move and are found through buckets of one cache line: eight tags, eight record
 * numbers, and a chain for the few buckets that have more. Every record is on one list: open (one
 * of each rank), ended (in order of ending), taken (ended and handed out in this burst) or vacant.
 */
#ifndef SL_FLOW_TABLE_H
#define SL_FLOW_TABLE_H

#include <sightline/flow.h>
#include <sightline/hash.h>

#define NIL UINT32_MAX
#define BUCKET_SLOTS 8

struct bucket {
	alignas(64) uint16_t tag[BUCKET_SLOTS]; /* 0: free slot */
	uint32_t index[BUCKET_SLOTS];
	uint32_t more; /* number of the next bucket of the chain, 0: none */
};

/* Buckets 0 .. mask, then the ones that chains are made of. */
struct buckets {
	struct bucket *b;
	uint32_t mask;
	uint32_t total;
	uint32_t fresh; /* chain buckets from here on have never been used */
	uint32_t spare; /* freed chain buckets, linked by `more`; 0: none */
};

/* `flows` entries at most are expected. 0 or -ENOMEM. */
int buckets_init(struct buckets *bs, uint32_t flows);
void buckets_fini(struct buckets *bs);
size_t buckets_bytes(const struct buckets *bs);
/* Slots that carry this hash's tag, as a set of bits. */
unsigned bucket_match(const struct bucket *b, uint16_t tag);
/* False: the chain can't grow. */
bool buckets_put(struct buckets *bs, uint64_t hash, uint32_t index);
void buckets_remove(struct buckets *bs, uint32_t hash_low, uint32_t index);

static inline uint16_t hash_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);
	return tag ? tag : 1;
}

/* homes.c: the hashes of these tables are made with its key, so that they agree. */
struct home {
	uint8_t slot; /* from 1 on, what homes_leave wants; 0: there was no room */
	bool split; /* another table has the flow, too */
};
struct sl_hash_key homes_key(const struct sl_flow_homes *h);
void homes_prefetch(const struct sl_flow_homes *h, uint64_t hash); /* its low half is enough */
/* A flow began in a table; has ended. */
struct home homes_enter(struct sl_flow_homes *h, uint64_t hash, unsigned table);
void homes_leave(struct sl_flow_homes *h, uint32_t hash, uint8_t slot);

struct list {
	uint32_t head, tail;
};

/* Where a flow stands, for TCP its connection. */
enum flow_state {
	ST_OTHER,
	ST_UDP_NEW,
	ST_UDP, /* both sides spoke */
	ST_ICMP,
	ST_TCP_NONE, /* before its first packet */
	ST_TCP_SYN,
	ST_TCP_SYNACK,
	ST_TCP_CLIENT, /* its begin was not seen, nor anything of the responder */
	ST_TCP_SERVER, /* its begin was not seen, nor anything of the initiator */
	ST_TCP_OPEN,
	ST_TCP_CLIENT_FIN,
	ST_TCP_SERVER_FIN,
	ST_TCP_CLOSED,
	ST_COUNT
};

/* Open flows by what is put out first when the table is full. A flow leaves the first list when it
 * is answered, so that a flood can't hide behind what is; the others are told apart when one of
 * them is looked at to be put out: a packet costs nothing. */
enum rank {
	RANK_UNANSWERED, /* in order of creation */
	RANK_CLOSED,
	RANK_ORDINARY,
	RANK_VALUED, /* an indicator was found in it, or a parser reads it */
	RANK_COUNT
};

/* What a packet's key comes to. */
struct flow_key {
	uint64_t hash;
	bool one_way; /* an ICMP type without an answer: the reverse is another flow */
};

struct sl_flow_table {
	struct sl_flow *flows;
	struct buckets buckets;
	struct sl_hash_key key;
	struct sl_counters *counters;
	struct sl_flow_homes *homes; /* NULL: not asked */
	unsigned number; /* of this table there */
	uint64_t timeout_ns[ST_COUNT];
	uint64_t clock_ns; /* never runs backwards */
	uint64_t next_id;
	uint32_t max_open, records;
	uint32_t open_count;
	uint32_t fresh; /* records from here on have never been used */
	uint32_t burst;
	uint32_t sweep_hand, flush_hand;
	uint64_t sweep_circle_ns; /* clock when the hand began its circle */
	uint64_t swept_ns; /* the same of the last circle that came round */
	struct list open[RANK_COUNT], ended, taken;
	uint32_t vacant; /* linked by next */
	uint32_t opened_count; /* flows of this burst that homes were not told of yet */
	struct {
		uint64_t hash;
		uint32_t index;
	} opened[SL_BURST];
	struct flow_key keys[SL_BURST];
	struct sl_packet quoted; /* what an ICMP error quotes, as a packet to find its flow by */
};

/* The clock in a flow's 32 bits: about a quarter of a second, compared modulo 2^32. */
#define SEEN_SHIFT 28
static inline uint32_t seen_of(uint64_t clock_ns)
{
	return (uint32_t)(clock_ns >> SEEN_SHIFT);
}
static inline uint64_t silent_ns(const struct sl_flow_table *t, const struct sl_flow *f)
{
	return (uint64_t)(seen_of(t->clock_ns) - f->seen) << SEEN_SHIFT;
}
/* No packet came for so long that it has ended, by the clock. */
static inline bool flow_is_silent(const struct sl_flow_table *t, const struct sl_flow *f)
{
	return silent_ns(t, f) > t->timeout_ns[f->tcp_state] + SL_FLOW_SLACK_NS;
}

/* The first time that it is told is where the sweeps begin: nothing is older. */
static inline void clock_move(struct sl_flow_table *t, uint64_t ns)
{
	if (ns <= t->clock_ns)
		return;
	if (t->clock_ns == 0)
		t->sweep_circle_ns = t->swept_ns = ns;
	t->clock_ns = ns;
}

void list_append(struct sl_flow_table *t, struct list *l, struct sl_flow *f);
void list_remove(struct sl_flow_table *t, struct list *l, struct sl_flow *f);
struct sl_flow *list_shift(struct sl_flow_table *t, struct list *l);
void vacant_push(struct sl_flow_table *t, struct sl_flow *f);
struct sl_flow *vacant_pop(struct sl_flow_table *t);

/* Takes an open flow out of the table and puts it on the list of the ended. */
void flow_end(struct sl_flow_table *t, struct sl_flow *f, enum sl_flow_end why);
/* SL_END_CLOSED of a connection that both sides closed, whatever came to end its record. */
enum sl_flow_end flow_end_of(const struct sl_flow *f, enum sl_flow_end otherwise);
/* Puts an open flow on the list of its rank. */
void flow_rank(struct sl_flow_table *t, struct sl_flow *f);
/* Ends the flow that matters least. False: each that was looked at is in use. */
bool flow_evict(struct sl_flow_table *t);

/* Is the sender of a flow's first packet its responder? */
bool state_first_is_reply(const struct sl_packet *p);
/* Does this packet open another connection on an existing flow's ports? dir: as it would have in
 * the flow. */
bool state_is_new_connection(const struct sl_flow *f, const struct sl_packet *p, enum sl_dir dir);
uint8_t state_first(const struct sl_packet *p);
/* What the first packet of a TCP flow says of the initiator's first sequence number. */
uint32_t state_isn(const struct sl_packet *p, enum sl_dir dir);
/* Moves the flow's state and outcome on by one packet. False: a FIN or RST out of sequence, which
 * changes nothing. */
bool state_step(struct sl_flow *f, const struct sl_packet *p);
/* Does this ICMP error say that its quoted packet didn't arrive? */
bool state_is_unreachable(const struct sl_packet *p);
void state_unreachable(struct sl_flow *f);

#endif
