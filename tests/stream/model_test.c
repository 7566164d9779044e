/* SPDX-License-Identifier: BSD-3-Clause */
/* model_test.c - a stream cut into segments at random, which come in any order, twice, and
 * overlapping: within the bounds the pieces are the stream, byte for byte; with other bytes in the
 * copies they are what a plain array of the policy says; and beyond the bounds the work is bounded,
 * which is counted in places of lists looked at or moved. */
#include "rig.h"

#define STREAM 20000

struct cut {
	uint32_t at, len;
};

struct made {
	uint8_t stream[STREAM];
	struct cut cut[8192];
	unsigned n;
};

static void add_cut(struct made *m, uint32_t at, uint32_t len)
{
	if (m->n < sizeof(m->cut) / sizeof(m->cut[0]))
		m->cut[m->n++] = (struct cut){ at, at + len > STREAM ? STREAM - at : len };
}

/* Every byte lies in one segment at least; about half of them come again, at other cuts. */
static void make(struct made *m, uint64_t *seed, uint32_t longest)
{
	m->n = 0;
	for (uint32_t i = 0; i < STREAM; i++)
		m->stream[i] = (uint8_t)random_next(seed);
	for (uint32_t at = 0, len; at < STREAM; at += len) {
		len = 1 + random_next(seed) % longest;
		add_cut(m, at, len);
		if (random_next(seed) % 2)
			add_cut(m, random_next(seed) % STREAM, 1 + random_next(seed) % longest);
	}
}

/* Each segment changes places with one at most `far` away. */
static void shuffle(struct made *m, uint64_t *seed, unsigned far)
{
	for (unsigned i = 0; i + 1 < m->n; i++) {
		unsigned room = m->n - i < far ? m->n - i : far;
		unsigned k = i + random_next(seed) % room;
		struct cut c = m->cut[i];
		m->cut[i] = m->cut[k];
		m->cut[k] = c;
	}
}

static void push(struct rig *r, const uint8_t *bytes, struct cut c, uint8_t flags)
{
	struct sl_packet p = { .proto = 6, .flags = SL_PKT_L4, .flow = &r->flow };
	p.tcp_flags = flags;
	p.tcp_seq = r->base + c.at;
	p.payload = bytes;
	p.payload_len = c.len;
	sl_stream_push(r->s, &p);
}

/* Appends what is ready; a gap fails. */
static uint32_t gather(struct rig *r, uint8_t *got, uint32_t n)
{
	struct sl_piece p;
	while (sl_stream_next(r->s, &p)) {
		assert_int_equal(p.kind, SL_PIECE_BYTES);
		assert_true(p.bytes.len <= STREAM - n);
		memcpy(got + n, p.bytes.p, p.bytes.len);
		n += (uint32_t)p.bytes.len;
	}
	return n;
}

static void open_run(struct rig *r)
{
	struct sl_piece p;
	r->base--;
	push(r, NULL, (struct cut){ 0, 0 }, SYN);
	r->base++;
	assert_false(sl_stream_next(r->s, &p));
}

static void test_any_order(void **state)
{
	static struct made m;
	static uint8_t got[STREAM];
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t random = seed;
		struct sl_stream_options o = sl_stream_defaults;
		o.overlap = (enum sl_overlap)(seed % SL_OVERLAP_COUNT);
		struct rig *r = rig_with(seed % 3 ? UINT32_MAX - 10000 : 5, &o);
		make(&m, &random, seed % 5 ? 1460 : 100);
		/* Whole reversal of order is within the bounds only where segments are few. */
		shuffle(&m, &random, seed % 5 ? m.n : 200);
		open_run(r);
		uint32_t n = 0;
		for (unsigned i = 0; i < m.n; i++) {
			struct guarded g = guarded_new(m.stream + m.cut[i].at, m.cut[i].len);
			push(r, g.p, m.cut[i], ACK);
			n = gather(r, got, n);
			guarded_free(&g);
		}
		assert_int_equal(n, STREAM);
		assert_memory_equal(got, m.stream, STREAM);
		assert_int_equal(count(r, SL_C_STREAM_CONFLICT), 0);
		assert_int_equal(r->flow.missing[SL_TO_SERVER], 0);
		assert_int_equal(sl_stream_bytes(r->s), 0);
		rig_free(r);
	}
}

/* The stream as the policies say it, byte by byte: whose it is, and whether it was given. */
struct model {
	uint8_t byte[STREAM];
	bool known[STREAM];
	uint32_t from[STREAM], to[STREAM];
	uint32_t next;
};

static bool newer_wins(const struct model *m, enum sl_overlap overlap, uint32_t i, struct cut c)
{
	switch (overlap) {
	case SL_OVERLAP_FIRST:
		return false;
	case SL_OVERLAP_LAST:
		return true;
	case SL_OVERLAP_BSD:
		return c.at < m->from[i];
	case SL_OVERLAP_WINDOWS:
		return c.at < m->from[i] && c.at + c.len > m->to[i];
	case SL_OVERLAP_LINUX:
		break;
	}
	return c.at < m->from[i] || (c.at == m->from[i] && c.at + c.len > m->to[i]);
}

static void model_push(struct model *m, enum sl_overlap overlap, const uint8_t *bytes, struct cut c)
{
	for (uint32_t i = c.at; i < c.at + c.len; i++) {
		if (i < m->next || (m->known[i] && !newer_wins(m, overlap, i, c)))
			continue;
		m->byte[i] = bytes[i - c.at];
		m->from[i] = c.at;
		m->to[i] = c.at + c.len;
		m->known[i] = true;
	}
	while (m->next < STREAM && m->known[m->next])
		m->next++;
}

static void test_other_bytes(void **state)
{
	static struct made m;
	static struct model model;
	static uint8_t got[STREAM], other[STREAM];
	uint64_t conflicts = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t random = seed;
		struct sl_stream_options o = sl_stream_defaults;
		o.overlap = (enum sl_overlap)(seed % SL_OVERLAP_COUNT);
		struct rig *r = rig_with(UINT32_MAX - 3000, &o);
		make(&m, &random, seed % 3 ? 700 : 40);
		shuffle(&m, &random, 60);
		memset(&model, 0, sizeof(model));
		open_run(r);
		uint32_t n = 0;
		for (unsigned i = 0; i < m.n; i++) {
			for (uint32_t k = 0; k < m.cut[i].len; k++)
				other[k] = (uint8_t)random_next(&random);
			struct guarded g = guarded_new(other, m.cut[i].len);
			model_push(&model, o.overlap, g.p, m.cut[i]);
			push(r, g.p, m.cut[i], ACK);
			n = gather(r, got, n);
			guarded_free(&g);
			assert_int_equal(n, model.next);
		}
		assert_int_equal(n, STREAM);
		assert_memory_equal(got, model.byte, STREAM);
		conflicts += count(r, SL_C_STREAM_CONFLICT);
		rig_free(r);
	}
	assert_true(conflicts > 1000);
}

/* ---- Work and memory beyond the bounds ---- */

#define MANY 100000

/* 100,000 segments of a byte each in the order that `at` says, none of which fills the first hole:
 * every one costs a bounded number of steps, memory stays below the bound, and no byte is given
 * twice. */
static void many(uint32_t (*at)(uint32_t i, uint64_t *seed), uint32_t len)
{
	static const uint8_t bytes[2048];
	uint64_t seed = 7, total = 0;
	enum { REACH = 2 * MANY + sizeof(bytes) };
	struct rig *r = rig_with(UINT32_MAX - 100, &sl_stream_defaults);
	open_run(r);
	for (uint32_t i = 0; i < MANY; i++) {
		struct sl_piece p;
		push(r, bytes, (struct cut){ at(i, &seed), len }, 0);
		while (sl_stream_next(r->s, &p))
			total += p.kind == SL_PIECE_BYTES ? p.bytes.len : 0;
		assert_true(sl_stream_bytes(r->s) <= (2 << 20) + 65536);
	}
	sl_stream_end(r->s, &r->flow);
	for (struct sl_piece p; sl_stream_next(r->s, &p);)
		total += p.kind == SL_PIECE_BYTES ? p.bytes.len : 0;
	assert_in_range(total, 1, REACH);
	/* Bisection of 1,024 places, and moving them once or twice. */
	assert_true(sl_stream_work(r->s) <= (uint64_t)MANY * (11 + 3 * 1024));
	rig_free(r);
}

static uint32_t at_holes(uint32_t i, uint64_t *seed)
{
	return 1 + 2 * i;
}

static uint32_t at_reverse(uint32_t i, uint64_t *seed)
{
	return 2 * (MANY - i);
}

static uint32_t at_random(uint32_t i, uint64_t *seed)
{
	return 1 + random_next(seed) % (2 * MANY);
}

static uint32_t at_contiguous_reverse(uint32_t i, uint64_t *seed)
{
	return MANY - i;
}

static uint32_t at_same(uint32_t i, uint64_t *seed)
{
	return 5;
}

static void test_work_is_bounded(void **state)
{
	many(at_holes, 1);
	many(at_reverse, 1);
	many(at_random, 1);
	many(at_contiguous_reverse, 1);
	many(at_same, 1);
	many(at_holes, 2048);
	many(at_reverse, 2048);
	many(at_random, 2048);
}

/* In order of arrival behind one hole, which is how a lost packet looks: a handful of steps each.
 */
static void test_work_of_a_lost_packet(void **state)
{
	static const uint8_t bytes[100];
	struct rig *r = rig_with(1, &sl_stream_defaults);
	struct sl_piece p;
	open_run(r);
	for (uint32_t i = 1; i <= 1000; i++) {
		push(r, bytes, (struct cut){ 100 * i, 100 }, 0);
		assert_false(sl_stream_next(r->s, &p));
	}
	push(r, bytes, (struct cut){ 0, 100 }, 0);
	unsigned n = 0;
	while (sl_stream_next(r->s, &p))
		n += (unsigned)p.bytes.len;
	assert_int_equal(n, 100100);
	assert_true(sl_stream_work(r->s) < 1001 * 15);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_other_bytes),
		cmocka_unit_test(test_work_is_bounded),
		cmocka_unit_test(test_work_of_a_lost_packet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
