/* SPDX-License-Identifier: BSD-3-Clause */
/* table.c - find or create the flow record of each packet of a burst.
 * Runs on one worker, on its own table. Binding never allocates, never locks, never logs; the
 * functions that make and free a table belong to control. */
#include <errno.h>
#include <netinet/in.h>

#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/mem.h>
#include <sightline/prefetch.h>

#include "table.h"

#include <sightline/hot.h>

/* Ended flows that wait to be taken and reaped have room beside max_flows: in one burst every
 * packet may end one by its gap, and sweep and flush put out as many each. */
#define SPARE_RECORDS (4 * SL_BURST)

#define X(id, name, seconds, help) [SL_FLOW_TIMEOUT_##id] = (seconds)*SL_SECOND,
const struct sl_flow_options sl_flow_defaults = {
	.max_flows = 1u << 20,
	.timeout_ns = { SL_FLOW_TIMEOUTS(X) },
};
#undef X

const char *sl_outcome_text(enum sl_outcome o)
{
#define X(id, text) [SL_OUTCOME_##id] = (text),
	static const char *const text[SL_OUTCOME_COUNT] = { SL_OUTCOMES(X) };
#undef X
	return text[o];
}

const char *sl_flow_end_text(enum sl_flow_end e)
{
	static const char *const text[] = { "open", "timeout", "closed", "evicted", "flush" };
	return text[e];
}

static void timeouts_set(struct sl_flow_table *t, const struct sl_flow_options *o)
{
	static const uint8_t of[ST_COUNT] = {
		[ST_OTHER] = SL_FLOW_TIMEOUT_OTHER,
		[ST_UDP_NEW] = SL_FLOW_TIMEOUT_UDP_NEW,
		[ST_UDP] = SL_FLOW_TIMEOUT_UDP,
		[ST_ICMP] = SL_FLOW_TIMEOUT_ICMP,
		[ST_TCP_NONE] = SL_FLOW_TIMEOUT_TCP_SYN,
		[ST_TCP_SYN] = SL_FLOW_TIMEOUT_TCP_SYN,
		[ST_TCP_SYNACK] = SL_FLOW_TIMEOUT_TCP_SYNACK,
		[ST_TCP_CLIENT] = SL_FLOW_TIMEOUT_TCP_ONE_SIDED,
		[ST_TCP_SERVER] = SL_FLOW_TIMEOUT_TCP_ONE_SIDED,
		[ST_TCP_OPEN] = SL_FLOW_TIMEOUT_TCP_OPEN,
		[ST_TCP_CLIENT_FIN] = SL_FLOW_TIMEOUT_TCP_FIN,
		[ST_TCP_SERVER_FIN] = SL_FLOW_TIMEOUT_TCP_FIN,
		[ST_TCP_CLOSED] = SL_FLOW_TIMEOUT_TCP_CLOSED,
	};
	for (unsigned s = 0; s < ST_COUNT; s++)
		t->timeout_ns[s] = o->timeout_ns[of[s]];
}

static size_t records_bytes(const struct sl_flow_table *t)
{
	return (size_t)t->records * sizeof(struct sl_flow);
}

int sl_flow_table_new(struct sl_flow_table **out, unsigned worker, const struct sl_flow_options *o,
	struct sl_counters *counters)
{
	if (o->max_flows == 0 || o->max_flows > NIL - SPARE_RECORDS)
		return -EINVAL;
	struct sl_flow_table *t = sl_mem_map(sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	int rc = 0;
	if (o->homes != NULL)
		t->key = homes_key(o->homes);
	else
		rc = sl_hash_key_draw(&t->key);
	if (rc < 0)
		goto fail_table;
	rc = buckets_init(&t->buckets, o->max_flows);
	if (rc < 0)
		goto fail_table;
	t->max_open = o->max_flows;
	t->records = o->max_flows + SPARE_RECORDS;
	t->flows = sl_mem_map(records_bytes(t));
	if (t->flows == NULL) {
		rc = -ENOMEM;
		goto fail_buckets;
	}
	timeouts_set(t, o);
	t->counters = counters;
	t->homes = o->homes;
	t->number = worker;
	t->next_id = ((uint64_t)worker << 48) + 1;
	t->burst = 1;
	t->ended = t->taken = (struct list){ NIL, NIL };
	for (unsigned r = 0; r < RANK_COUNT; r++)
		t->open[r] = (struct list){ NIL, NIL };
	t->vacant = NIL;
	*out = t;
	return 0;
fail_buckets:
	buckets_fini(&t->buckets);
fail_table:
	sl_mem_unmap(t, sizeof(*t));
	return rc;
}

void sl_flow_table_free(struct sl_flow_table *t)
{
	if (t == NULL)
		return;
	sl_mem_unmap(t->flows, records_bytes(t));
	buckets_fini(&t->buckets);
	sl_mem_unmap(t, sizeof(*t));
}

size_t sl_flow_table_bytes(const struct sl_flow_table *t)
{
	return sizeof(*t) + records_bytes(t) + buckets_bytes(&t->buckets);
}

uint32_t sl_flow_count(const struct sl_flow_table *t)
{
	return __atomic_load_n(&t->open_count, __ATOMIC_RELAXED);
}

/* Both directions of a flow give the same hash: the ends are put in order first. */
static inline struct flow_key key_of(const struct sl_flow_table *t, const struct sl_packet *p)
{
	const union sl_addr *a = &p->src, *b = &p->dst;
	uint64_t ap = p->sport, bp = p->dport;
	if (a->q[0] > b->q[0] || (a->q[0] == b->q[0] && a->q[1] > b->q[1]) ||
		(a->q[0] == b->q[0] && a->q[1] == b->q[1] && ap > bp)) {
		a = &p->dst;
		b = &p->src;
		ap = p->dport;
		bp = p->sport;
	}
	uint64_t rest = ap << 48 | bp << 32 | (uint64_t)p->proto << 8 | p->version;
	uint64_t h = sl_hash_fold(a->q[0] ^ t->key.k0, b->q[0] ^ t->key.k1);
	if (p->version == 6)
		h ^= sl_hash_fold(a->q[1] ^ t->key.k1, b->q[1] ^ ~t->key.k0);
	struct flow_key k = { .hash = sl_hash_u128(t->key, h, rest) };
	uint8_t back;
	if ((p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6) && p->flags & SL_PKT_L4)
		k.one_way = !sl_icmp_counterpart(p->proto, (uint8_t)p->sport, &back);
	return k;
}

static bool addr_eq(const union sl_addr *a, const union sl_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static bool flow_is(const struct sl_flow *f, const struct sl_packet *p, bool one_way, uint8_t *dir)
{
	if (f->version != p->version || f->proto != p->proto)
		return false;
	if (f->sport == p->sport && f->dport == p->dport && addr_eq(&f->src, &p->src) &&
		addr_eq(&f->dst, &p->dst)) {
		*dir = SL_TO_SERVER;
		return true;
	}
	if (one_way || f->sport != p->dport || f->dport != p->sport || !addr_eq(&f->src, &p->dst) ||
		!addr_eq(&f->dst, &p->src))
		return false;
	*dir = SL_TO_CLIENT;
	return true;
}

static inline struct sl_flow *flow_find(
	const struct sl_flow_table *t, const struct sl_packet *p, struct flow_key k, uint8_t *dir)
{
	const struct bucket *b = &t->buckets.b[k.hash & t->buckets.mask];
	uint16_t tag = hash_tag(k.hash);
	for (;;) {
		for (unsigned set = bucket_match(b, tag); set; set &= set - 1) {
			struct sl_flow *f = &t->flows[b->index[__builtin_ctz(set)]];
			if (flow_is(f, p, k.one_way, dir))
				return f;
		}
		if (b->more == 0)
			return NULL;
		b = &t->buckets.b[b->more];
	}
}

static struct sl_flow *record_take(struct sl_flow_table *t)
{
	/* Without a record nobody is put out in vain. */
	if (t->vacant == NIL && t->fresh == t->records)
		return NULL;
	if (t->open_count == t->max_open && !flow_evict(t))
		return NULL;
	struct sl_flow *f = vacant_pop(t);
	if (f)
		return f;
	f = &t->flows[t->fresh];
	f->index = t->fresh++;
	return f;
}

static struct sl_flow *flow_open(struct sl_flow_table *t, struct sl_packet *p, struct flow_key k)
{
	struct sl_flow *f = record_take(t);
	if (f == NULL)
		return NULL;
	uint32_t index = f->index;
	bool reply = state_first_is_reply(p);
	p->dir = reply ? SL_TO_CLIENT : SL_TO_SERVER;
	*f = (struct sl_flow){
		.src = reply ? p->dst : p->src,
		.dst = reply ? p->src : p->dst,
		.sport = reply ? p->dport : p->sport,
		.dport = reply ? p->sport : p->dport,
		.version = p->version,
		.proto = p->proto,
		.tcp_state = state_first(p),
		.index = index,
		.last_ns = p->ts_ns,
		.first_ns = p->ts_ns,
		.isn = state_isn(p, p->dir),
		.capture = p->port,
		.vlan_count = p->vlan_count,
		.hash = (uint32_t)k.hash,
	};
	if (!buckets_put(&t->buckets, k.hash, index)) {
		f->end = SL_END_EVICTED; /* the sweep must not take it for an open one */
		vacant_push(t, f);
		return NULL;
	}
	f->id = t->next_id++;
	memcpy(f->vlan, p->vlan, p->vlan_count * sizeof(p->vlan[0]));
	list_append(t, &t->open[f->rank], f);
	__atomic_store_n(&t->open_count, t->open_count + 1, __ATOMIC_RELAXED);
	sl_count(t->counters, SL_C_FLOWS_NEW, 1);
	p->flags |= SL_PKT_FLOW_NEW;
	if (t->homes != NULL) {
		t->opened[t->opened_count].hash = k.hash;
		t->opened[t->opened_count++].index = index;
		homes_prefetch(t->homes, k.hash);
	}
	return f;
}

/* Flows that ended already are told of, too: they leave when they are reaped, like all. */
static __attribute__((noinline)) void homes_tell(struct sl_flow_table *t)
{
	for (uint32_t i = 0; i < t->opened_count; i++) {
		struct home home = homes_enter(t->homes, t->opened[i].hash, t->number);
		t->flows[t->opened[i].index].home = home.slot & 15;
		if (home.split)
			sl_count(t->counters, SL_C_FLOWS_SPLIT, 1);
		if (home.slot == 0)
			sl_count(t->counters, SL_C_FLOWS_UNWATCHED, 1);
	}
	t->opened_count = 0;
}

/* Whether a packet belongs to the flow of its key, or begins the next one. Where time runs
 * backwards a flow may have none of the silence that the clock has seen go by: a sweep would have
 * ended it, so it has ended whether one ran or not. */
static bool flow_is_over(struct sl_flow_table *t, struct sl_flow *f, const struct sl_packet *p)
{
	if (flow_is_silent(t, f) ||
		(p->ts_ns > f->last_ns && p->ts_ns - f->last_ns > t->timeout_ns[f->tcp_state])) {
		flow_end(t, f, flow_end_of(f, SL_END_TIMEOUT));
		return true;
	}
	if (state_is_new_connection(f, p, p->dir)) {
		flow_end(t, f, SL_END_CLOSED);
		return true;
	}
	return false;
}

/* The flow of the packet that an ICMP error quotes, which its initiator sent, where the host that
 * it was sent to says so. Kept out of the way of what every packet goes through. */
static __attribute__((noinline)) void quoted_unreachable(
	struct sl_flow_table *t, const struct sl_packet *p)
{
	struct sl_packet *q = &t->quoted;
	if (p->quoted.proto == 0 || !addr_eq(&p->src, &p->quoted.dst) ||
		!addr_eq(&p->dst, &p->quoted.src))
		return;
	q->src = p->quoted.src;
	q->dst = p->quoted.dst;
	q->version = p->quoted.version;
	q->proto = p->quoted.proto;
	q->sport = p->quoted.sport;
	q->dport = p->quoted.dport;
	q->flags = SL_PKT_L4;
	struct sl_flow *f = flow_find(t, q, key_of(t, q), &q->dir);
	if (f == NULL || q->dir != SL_TO_SERVER || flow_is_silent(t, f))
		return;
	state_unreachable(f);
	sl_count(t->counters, SL_C_FLOW_UNREACHABLE, 1);
}

static void packet_bind(struct sl_flow_table *t, struct sl_packet *p, struct flow_key k)
{
	clock_move(t, p->clock_ns > p->ts_ns ? p->clock_ns : p->ts_ns);
	struct sl_flow *f = flow_find(t, p, k, &p->dir);
	if (f == NULL || flow_is_over(t, f, p))
		f = flow_open(t, p, k);
	p->flow = f;
	if (f == NULL)
		return;
	if (p->ts_ns > f->last_ns)
		f->last_ns = p->ts_ns;
	f->seen = seen_of(t->clock_ns);
	f->burst = t->burst;
	f->packets[p->dir] += 1 + p->held_packets;
	f->bytes[p->dir] += p->wire_len + p->held_bytes;
	if (!state_step(f, p))
		sl_count(t->counters, SL_C_FLOW_SEQUENCE, 1);
	if (f->rank == RANK_UNANSWERED && f->outcome >= SL_OUTCOME_ANSWERED)
		flow_rank(t, f);
	if (p->flags & SL_PKT_QUOTED && state_is_unreachable(p))
		quoted_unreachable(t, p);
}

/* The record that the packet most likely belongs to: the first whose tag agrees. */
static void record_prefetch(const struct sl_flow_table *t, struct flow_key k)
{
	const struct bucket *b = &t->buckets.b[k.hash & t->buckets.mask];
	unsigned set = bucket_match(b, hash_tag(k.hash));
	if (set) {
		const struct sl_flow *f = &t->flows[b->index[__builtin_ctz(set)]];
		sl_prefetch(f);
		sl_prefetch(&f->packets);
	}
}

void sl_flow_bind(struct sl_flow_table *t, struct sl_packet *pkt, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (pkt[i].version == 0)
			continue;
		t->keys[i] = key_of(t, &pkt[i]);
		sl_prefetch(&t->buckets.b[t->keys[i].hash & t->buckets.mask]);
	}
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].version)
			record_prefetch(t, t->keys[i]);
	for (uint16_t i = 0; i < n; i++)
		if (pkt[i].version)
			packet_bind(t, &pkt[i], t->keys[i]);
	if (t->opened_count > 0)
		homes_tell(t);
}
