/* SPDX-License-Identifier: BSD-3-Clause */
/* life_test.c - how flows end: gaps, closes, sweeps, eviction, flush; and that nothing is lost or
 * used twice on the way. */
#include "packets.h"

static void test_gap_splits(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	assert_ptr_equal(BIND(r, packet(UDP, 1, 5000, 2, 6000, 120)), f);
	struct sl_flow *g = BIND(r, packet(UDP, 2, 6000, 1, 5000, 240.5));
	assert_ptr_not_equal(f, g);
	assert_int_equal(f->end, SL_END_TIMEOUT);
	assert_int_equal(g->src.v4_be, 2);
	assert_ptr_equal(sl_flow_ended(r->t), f);
	assert_null(sl_flow_ended(r->t));
	rig_free(r);
}

/* What the sweeps have seen to: nothing that is over by then is left, and it comes close to the
 * clock as they go on. */
static void test_swept(void **state)
{
	struct rig *r = rig_new(1024);
	uint64_t last_ns = 0;
	for (uint32_t i = 0; i < 1000; i++)
		BIND(r, packet(UDP, i, 5000, 2000, 6000, 0));
	assert_true(sl_flow_swept(r->t) <= T0);
	for (unsigned s = 1; s < 2000; s += 7) {
		uint64_t now_ns = T0 + s * SL_SECOND;
		BIND(r, packet(UDP, 1000 + s, 5000, 5000, 6000, s));
		sl_flow_sweep(r->t, now_ns);
		uint64_t swept_ns = sl_flow_swept(r->t);
		assert_true(swept_ns >= last_ns && swept_ns <= now_ns);
		last_ns = swept_ns;
		while (sl_flow_ended(r->t) != NULL)
			;
		sl_flow_reap(r->t);
		if (swept_ns > T0 + (120 + 11) * SL_SECOND) /* of the thousand none is left */
			assert_true(sl_flow_count(r->t) <= s / 7 + 1);
	}
	assert_true(last_ns > T0 + 131 * SL_SECOND);
	for (unsigned i = 0; i < 64; i++)
		sl_flow_sweep(r->t, T0 + 9000 * SL_SECOND);
	assert_int_equal(sl_flow_swept(r->t), T0 + 9000 * SL_SECOND);
	while (sl_flow_flush(r->t))
		;
	/* Another capture, of an earlier time. */
	sl_flow_sweep(r->t, T0 / 2);
	assert_int_equal(sl_flow_swept(r->t), T0 / 2);
	rig_free(r);
}

/* A new SYN on the ports of a connection that is closed, or that began with another number. */
static void test_new_syn(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, tcp(1, 4000, 2, 80, SYN, 0));
	BIND(r, tcp(2, 80, 1, 4000, SYN | ACK, 0));
	BIND(r, tcp(1, 4000, 2, 80, ACK, 0));
	assert_ptr_equal(BIND(r, tcp(1, 4000, 2, 80, SYN, 0)), f); /* the same once more */
	struct sl_packet p = tcp(1, 4000, 2, 80, SYN, 1);
	p.tcp_seq = 5000;
	struct sl_flow *g = bind1(r, &p);
	assert_ptr_not_equal(f, g);
	assert_int_equal(f->end, SL_END_CLOSED);
	BIND(r, tcp(1, 4000, 2, 80, FIN | ACK, 1));
	BIND(r, tcp(2, 80, 1, 4000, FIN | ACK, 1));
	assert_ptr_equal(BIND(r, tcp(1, 4000, 2, 80, ACK, 1)), g); /* the last ACK */
	struct sl_flow *h = BIND(r, tcp(2, 80, 1, 4000, SYN, 2));
	assert_ptr_not_equal(g, h);
	assert_int_equal(g->end, SL_END_CLOSED);
	assert_int_equal(h->src.v4_be, 2);
	rig_free(r);
}

/* An attempt that nothing answered stays one flow, whatever number it tries with. */
static void test_syn_again(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, tcp(1, 4000, 2, 80, SYN, 0));
	struct sl_packet p = tcp(1, 4000, 2, 80, SYN, 1);
	p.tcp_seq = 77;
	assert_ptr_equal(bind1(r, &p), f);
	rig_free(r);
}

static void test_sweep(void **state)
{
	struct rig *r = rig_new(256);
	for (uint32_t i = 0; i < 100; i++)
		BIND(r, packet(UDP, i, 5000, 200, 6000, i < 50 ? 0 : 100));
	for (unsigned i = 0; i < 10; i++)
		sl_flow_sweep(r->t, T0 + 119 * SL_SECOND);
	assert_int_equal(sl_flow_count(r->t), 100);
	/* Bounded work in each call, and all of it in the end. */
	sl_flow_sweep(r->t, T0 + 140 * SL_SECOND);
	assert_true(sl_flow_count(r->t) > 50);
	for (unsigned i = 0; i < 10; i++)
		sl_flow_sweep(r->t, T0 + 140 * SL_SECOND);
	assert_int_equal(sl_flow_count(r->t), 50);
	unsigned n = 0;
	for (struct sl_flow *f; (f = sl_flow_ended(r->t)) != NULL; n++)
		assert_int_equal(f->end, SL_END_TIMEOUT);
	assert_int_equal(n, 50);
	rig_free(r);
}

/* One flow's story as a line that doesn't depend on which record held it. */
struct story {
	uint64_t first_ns, last_ns, packets[2];
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto, end, outcome;
};

#define STORIES 60000
struct book {
	struct story s[STORIES];
	size_t n;
};

static void book_drain(struct book *b, struct rig *r)
{
	for (struct sl_flow *f; (f = sl_flow_ended(r->t)) != NULL;) {
		assert_true(b->n < STORIES);
		struct story *s = &b->s[b->n++];
		s->first_ns = f->first_ns;
		s->last_ns = f->last_ns;
		s->packets[0] = f->packets[0];
		s->packets[1] = f->packets[1];
		s->src = f->src.v4_be;
		s->dst = f->dst.v4_be;
		s->sport = f->sport;
		s->dport = f->dport;
		s->proto = f->proto;
		s->end = f->end;
		s->outcome = f->outcome;
	}
	sl_flow_reap(r->t);
}

static int story_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct story));
}

/* Traffic among few hosts and ports with long silences, so that all kinds of ends happen; `back`:
 * its time also runs backwards. */
static struct sl_packet traffic(uint64_t *seed, double *now, bool back)
{
	uint32_t v = random_next(seed);
	*now += v % 97 == 0 ? 200 : (v % 100) / 100.0;
	if (back && v % 53 == 0)
		*now -= *now < 300 ? 0 : v % 251;
	static const uint8_t flag[] = { SYN, SYN | ACK, ACK, ACK, ACK, FIN | ACK, RST, ACK };
	uint32_t a = 1 + random_next(seed) % 12, b = 20 + random_next(seed) % 12;
	struct sl_packet p = tcp(a, 5000, b, 6000, flag[v >> 8 & 7], *now);
	p.tcp_seq = v >> 12 & 3;
	if (v & 1 << 16)
		p.proto = UDP;
	if (v & 1 << 17) {
		p.src.v4_be = b;
		p.dst.v4_be = a;
		p.sport = 6000;
		p.dport = 5000;
	}
	return p;
}

enum { PACKETS = 60000 };

static void play(struct book *b, bool back, unsigned tables, bool sweep, unsigned burst)
{
	struct rig *r[3];
	struct sl_packet wait[3][SL_BURST];
	unsigned waiting[3] = { 0 };
	uint64_t seed = 42;
	double now = 0;
	uint64_t clock_ns = 0;
	for (unsigned i = 0; i < tables; i++)
		r[i] = rig_new(4096);
	for (unsigned i = 0; i < PACKETS; i++) {
		struct sl_packet p = traffic(&seed, &now, back);
		clock_ns = p.ts_ns > clock_ns ? p.ts_ns : clock_ns;
		p.clock_ns = clock_ns;
		unsigned w = (p.src.v4_be + p.dst.v4_be) % tables;
		wait[w][waiting[w]++] = p;
		if (waiting[w] < burst)
			continue;
		sl_flow_bind(r[w]->t, wait[w], (uint16_t)waiting[w]);
		waiting[w] = 0;
		for (unsigned k = 0; sweep && k < 4; k++)
			sl_flow_sweep(r[w]->t, p.ts_ns);
		book_drain(b, r[w]);
	}
	for (unsigned w = 0; w < tables; w++) {
		sl_flow_bind(r[w]->t, wait[w], (uint16_t)waiting[w]);
		sl_flow_sweep(r[w]->t, clock_ns);
		while (sl_flow_flush(r[w]->t))
			book_drain(b, r[w]);
		book_drain(b, r[w]);
		assert_int_equal(sl_flow_count(r[w]->t), 0);
		assert_int_equal(r[w]->c.c[SL_C_FLOWS_NEW], ends(&r[w]->c));
		rig_free(r[w]);
	}
	qsort(b->s, b->n, sizeof(b->s[0]), story_order);
}

/* Sweeps, the size of bursts and the number of tables change no flow. */
static void same_flows(bool back)
{
	struct book *want = calloc(1, sizeof(*want)), *got = calloc(1, sizeof(*got));
	play(want, back, 1, false, 1);
	assert_true(want->n > 1000);
	static const struct {
		unsigned tables, burst;
		bool sweep;
	} row[] = { { 1, 1, true }, { 1, 64, true }, { 2, 64, true }, { 3, 17, true },
		{ 3, 64, false } };
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		memset(got, 0, sizeof(*got));
		play(got, back, row[i].tables, row[i].sweep, row[i].burst);
		assert_int_equal(got->n, want->n);
		assert_memory_equal(got->s, want->s, want->n * sizeof(want->s[0]));
	}
	free(want);
	free(got);
}

static void test_same_flows(void **state)
{
	same_flows(false);
}

static void test_same_flows_backwards(void **state)
{
	same_flows(true);
}

static void test_eviction(void **state)
{
	struct rig *r = rig_new(8);
	struct sl_packet p[16];
	for (uint32_t i = 0; i < 16; i++)
		p[i] = packet(UDP, i, 5000, 100, 6000, i);
	sl_flow_bind(r->t, p, 16);
	for (unsigned i = 0; i < 8; i++)
		assert_non_null(p[i].flow);
	for (unsigned i = 8; i < 16; i++)
		assert_null(p[i].flow); /* never one that this burst uses */
	assert_int_equal(r->c.c[SL_C_FLOWS_EVICTED], 0);
	sl_flow_reap(r->t);

	struct sl_flow *kept = BIND(r, packet(UDP, 3, 5000, 100, 6000, 20));
	struct sl_flow *taken = BIND(r, packet(UDP, 50, 5000, 100, 6000, 20));
	assert_non_null(taken);
	struct sl_flow *out = sl_flow_ended(r->t);
	assert_non_null(out);
	assert_ptr_not_equal(out, kept);
	assert_ptr_not_equal(out, taken);
	assert_int_equal(out->end, SL_END_EVICTED);
	assert_int_equal(sl_flow_count(r->t), 8);
	assert_int_equal(r->c.c[SL_C_FLOWS_EVICTED], 1);
	rig_free(r);
}

/* Both sides speak. */
static struct sl_flow *answered(struct rig *r, uint32_t src, double at)
{
	BIND(r, packet(UDP, src, 5000, 100, 6000, at));
	struct sl_flow *f = BIND(r, packet(UDP, 100, 6000, src, 5000, at));
	sl_flow_reap(r->t);
	return f;
}

static uint32_t put_out(struct rig *r)
{
	struct sl_flow *out = sl_flow_ended(r->t);
	assert_non_null(out);
	assert_null(sl_flow_ended(r->t));
	uint32_t src = out->src.v4_be;
	sl_flow_reap(r->t);
	return src;
}

/* Of those that were answered, the one silent longest goes. */
static void test_eviction_age(void **state)
{
	struct rig *r = rig_new(4);
	static const uint32_t order[] = { 3, 2, 0, 1 };
	for (uint32_t i = 0; i < 4; i++)
		answered(r, i, 0);
	for (unsigned i = 0; i < 4; i++)
		answered(r, order[i], 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_non_null(answered(r, 50 + i, 2));
		assert_int_equal(put_out(r), order[i]);
	}
	assert_int_equal(r->c.c[SL_C_EVICTED_ORDINARY], 4);
	rig_free(r);
}

/* What nothing answered goes first, what was closed next, and last what an indicator was found in,
 * whatever their ages. */
static void test_eviction_rank(void **state)
{
	struct rig *r = rig_new(6);
	answered(r, 1, 0)->hit = true;
	answered(r, 2, 1);
	BIND(r, tcp(3, 4000, 100, 80, ACK, 2));
	BIND(r, tcp(3, 4000, 100, 80, RST, 2));
	sl_flow_reap(r->t);
	answered(r, 4, 3);
	BIND(r, tcp(5, 4000, 100, 80, SYN, 4));
	sl_flow_reap(r->t);
	BIND(r, packet(UDP, 6, 5000, 100, 6000, 5));
	sl_flow_reap(r->t);
	static const uint32_t order[] = { 5, 6, 3, 2, 4 };
	for (uint32_t i = 0; i < 5; i++) {
		answered(r, 50 + i, 6)->hit = true;
		assert_int_equal(put_out(r), order[i]);
	}
	answered(r, 60, 7); /* nothing else is left */
	assert_int_equal(put_out(r), 1);
	assert_int_equal(r->c.c[SL_C_EVICTED_UNANSWERED], 2);
	assert_int_equal(r->c.c[SL_C_EVICTED_CLOSED], 1);
	assert_int_equal(r->c.c[SL_C_EVICTED_ORDINARY], 2);
	assert_int_equal(r->c.c[SL_C_EVICTED_VALUED], 1);
	rig_free(r);
}

/* A flood of SYNs puts out its own kind only. */
static void test_eviction_flood(void **state)
{
	enum { N = 4096 };
	struct rig *r = rig_new(N);
	for (uint32_t i = 0; i < N / 2; i++)
		answered(r, 1000 + i, 0);
	for (uint32_t i = 0; i < 20 * N; i++) {
		assert_non_null(BIND(r, tcp(100000 + i, 4000, 7, 80, SYN, 1)));
		for (struct sl_flow *f; (f = sl_flow_ended(r->t)) != NULL;)
			assert_int_equal(f->tcp_state != 0 && f->src.v4_be >= 100000, 1);
		sl_flow_reap(r->t);
	}
	assert_int_equal(sl_flow_count(r->t), N);
	assert_int_equal(r->c.c[SL_C_FLOWS_EVICTED], r->c.c[SL_C_EVICTED_UNANSWERED]);
	rig_free(r);
}

/* An ended record keeps what it says until it was taken and the burst was over. */
static void test_reap(void **state)
{
	struct rig *r = rig_new(4);
	struct sl_flow *f = BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	BIND(r, packet(UDP, 1, 5000, 2, 6000, 500));
	struct sl_flow *taken = sl_flow_ended(r->t);
	assert_ptr_equal(taken, f);
	for (uint32_t i = 0; i < 100; i++) {
		BIND(r, packet(UDP, 100 + i, 5000, 2, 6000, 500));
		assert_int_equal(f->src.v4_be, 1);
		assert_true(f->last_ns == T0);
	}
	rig_free(r);
}

/* Nobody takes what has ended: the table gets full and says so, and goes on afterwards. */
static void test_ended_pile_up(void **state)
{
	struct rig *r = rig_new(4);
	unsigned unbound = 0;
	for (uint32_t i = 0; i < 2000; i++) {
		unbound += BIND(r, packet(UDP, i, 5000, 2, 6000, i)) == NULL;
		sl_flow_reap(r->t);
	}
	assert_true(unbound > 0);
	while (sl_flow_ended(r->t))
		;
	sl_flow_reap(r->t);
	assert_non_null(BIND(r, packet(UDP, 5000, 5000, 2, 6000, 3000)));
	rig_free(r);
}

/* As many flows as fit are all found again, whatever bucket they share. */
static void test_full_table(void **state)
{
	enum { N = 50000 };
	struct rig *r = rig_new(N);
	struct sl_flow **f = calloc(N, sizeof(f[0]));
	for (uint32_t i = 0; i < N; i++) {
		f[i] = BIND(r, packet(UDP, i, 5000, i + 1, 6000, 0));
		assert_non_null(f[i]);
		sl_flow_reap(r->t);
	}
	for (uint32_t i = 0; i < N; i++)
		assert_ptr_equal(BIND(r, packet(UDP, i + 1, 6000, i, 5000, 0)), f[i]);
	assert_int_equal(sl_flow_count(r->t), N);
	assert_int_equal(r->c.c[SL_C_FLOWS_EVICTED], 0);
	assert_true(sl_flow_table_bytes(r->t) < (size_t)N * 400 + 500000);
	free(f);
	rig_free(r);
}

static void test_flush(void **state)
{
	struct rig *r = rig_new(1024);
	for (uint32_t i = 0; i < 300; i++)
		BIND(r, packet(UDP, 1000 - i, 5000, 2, 6000, i));
	BIND(r, tcp(1, 4000, 2, 80, ACK, 300));
	BIND(r, tcp(1, 4000, 2, 80, RST, 300));
	/* Touched again: the order stays that of the records. */
	BIND(r, packet(UDP, 2, 6000, 1000 - 250, 5000, 300));
	unsigned calls = 1;
	while (sl_flow_flush(r->t))
		calls++;
	assert_true(calls >= 4);
	uint64_t id = 0;
	for (uint32_t i = 0; i < 301; i++) {
		struct sl_flow *f = sl_flow_ended(r->t);
		assert_non_null(f);
		assert_true(f->id > id);
		id = f->id;
		assert_int_equal(f->end, i == 300  ? SL_END_CLOSED
					 : i < 180 ? SL_END_TIMEOUT
						   : SL_END_FLUSH);
	}
	assert_null(sl_flow_ended(r->t));
	assert_int_equal(sl_flow_count(r->t), 0);
	rig_free(r);
}

/* The next capture is of an earlier time: it owes nothing to the clock of the last one. */
static void test_flush_forgets(void **state)
{
	struct rig *r = rig_new(16);
	BIND(r, packet(UDP, 1, 5000, 2, 6000, 100000));
	assert_false(sl_flow_flush(r->t));
	assert_non_null(sl_flow_ended(r->t));
	sl_flow_reap(r->t);
	BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	for (unsigned i = 0; i < 10; i++)
		sl_flow_sweep(r->t, T0);
	assert_int_equal(sl_flow_count(r->t), 1);
	assert_false(sl_flow_flush(r->t));
	assert_int_equal(sl_flow_ended(r->t)->end, SL_END_FLUSH);
	rig_free(r);
}

/* opened = open + ended, with a table far too small for its traffic. */
static void test_identity(void **state)
{
	struct rig *r = rig_new(32);
	uint64_t seed = 7, bound = 0;
	double now = 0;
	for (unsigned i = 0; i < 2000; i++) {
		struct sl_packet p[SL_BURST];
		for (unsigned k = 0; k < SL_BURST; k++)
			p[k] = traffic(&seed, &now, false);
		sl_flow_bind(r->t, p, SL_BURST);
		for (unsigned k = 0; k < SL_BURST; k++)
			bound += p[k].flow != NULL;
		sl_flow_sweep(r->t, p[SL_BURST - 1].ts_ns);
		while (sl_flow_ended(r->t))
			;
		sl_flow_reap(r->t);
		assert_int_equal(r->c.c[SL_C_FLOWS_NEW], sl_flow_count(r->t) + ends(&r->c));
		assert_true(sl_flow_count(r->t) <= 32);
	}
	assert_true(bound > 0 && r->c.c[SL_C_FLOWS_EVICTED] > 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gap_splits),
		cmocka_unit_test(test_new_syn),
		cmocka_unit_test(test_syn_again),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_swept),
		cmocka_unit_test(test_same_flows),
		cmocka_unit_test(test_same_flows_backwards),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_eviction_age),
		cmocka_unit_test(test_eviction_rank),
		cmocka_unit_test(test_eviction_flood),
		cmocka_unit_test(test_reap),
		cmocka_unit_test(test_ended_pile_up),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_flush_forgets),
		cmocka_unit_test(test_identity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
