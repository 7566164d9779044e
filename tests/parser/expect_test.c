/* SPDX-License-Identifier: BSD-3-Clause */
/* expect_test.c - announced flows: which flow an announcement serves, how long, and what goes when
 * there is no room. */
#include <sightline/clock.h>
#include <sightline/decode.h>
#include <sightline/expect.h>
#include <sightline/parser.h>

#include "test.h"

enum { TCP = 6, UDP = 17, ENTRIES = 4, LIFE_S = 120 };

struct rig {
	struct sl_expect *e;
	struct sl_counters c;
	struct sl_flow control;
	struct sl_batch b;
};

static struct sl_flow flow_of(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct sl_flow f = { .sport = sport, .dport = dport, .proto = TCP };
	assert_true(sl_addr_parse(src, strlen(src), &f.src, &f.version));
	assert_true(sl_addr_parse(dst, strlen(dst), &f.dst, &f.version));
	return f;
}

static struct rig *rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	assert_int_equal(sl_expect_new(&r->e, ENTRIES, &r->c), 0);
	r->control = flow_of("192.0.2.1", 40000, "192.0.2.2", 21);
	r->b.flow = &r->control;
	r->b.expect = r->e;
	return r;
}

static void rig_free(struct rig *r)
{
	sl_expect_free(r->e);
	free(r);
}

static void announce(struct rig *r, enum sl_dir end, uint16_t port, const char *note)
{
	sl_expect_announce(&r->b, &(struct sl_expected){ .end = end,
					  .port = port,
					  .proto = TCP,
					  .parser = sl_parsers[0],
					  .note = sl_span_str(note) });
}

/* The note of the announcement that serves the flow; NULL: none does. */
static const char *claimed(struct rig *r, const struct sl_flow *f, uint64_t at_ns)
{
	static char text[SL_EXPECT_NOTE + 1];
	struct sl_span note;
	const struct sl_parser *p = sl_expect_claim(r->e, f, at_ns, &note);
	if (p == NULL)
		return NULL;
	assert_ptr_equal(p, sl_parsers[0]);
	memcpy(text, note.p, note.len);
	text[note.len] = '\0';
	return text;
}

static void test_either_end(void **s)
{
	(void)s;
	struct rig *r = rig_new();
	struct sl_flow passive = flow_of("192.0.2.1", 5, "192.0.2.2", 2000);
	struct sl_flow active = flow_of("192.0.2.2", 20, "192.0.2.1", 3000);
	struct sl_flow reversed = flow_of("192.0.2.2", 2000, "192.0.2.1", 5);
	assert_null(claimed(r, &passive, 0));
	announce(r, SL_TO_SERVER, 2000, "a");
	announce(r, SL_TO_CLIENT, 3000, "b");
	assert_int_equal(sl_expect_count(r->e), 2);
	assert_string_equal(claimed(r, &passive, 0), "a");
	assert_null(claimed(r, &passive, 0)); /* one flow each */
	assert_string_equal(claimed(r, &active, 0), "b");
	assert_int_equal(sl_expect_count(r->e), 0);
	announce(r, SL_TO_SERVER, 2000, "c");
	assert_string_equal(claimed(r, &reversed, 0), "c");
	assert_int_equal(r->c.c[SL_C_EXPECTED], 3);
	assert_int_equal(r->c.c[SL_C_EXPECTED_MET], 3);
	rig_free(r);
}

static void test_other_flows(void **s)
{
	(void)s;
	struct rig *r = rig_new();
	struct sl_flow f[] = {
		flow_of("192.0.2.1", 5, "192.0.2.2", 2001),
		flow_of("192.0.2.3", 5, "192.0.2.2", 2000),
		flow_of("192.0.2.1", 5, "192.0.2.3", 2000),
		flow_of("192.0.2.1", 2000, "192.0.2.2", 5),
		flow_of("192.0.2.2", 5, "192.0.2.1", 2000),
		flow_of("192.0.2.1", 5, "192.0.2.2", 2000),
	};
	f[5].proto = UDP;
	announce(r, SL_TO_SERVER, 0, "no port");
	assert_int_equal(sl_expect_count(r->e), 0);
	announce(r, SL_TO_SERVER, 2000, "a");
	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++)
		assert_null(claimed(r, &f[i], 0));
	assert_int_equal(sl_expect_count(r->e), 1);
	r->b.expect = NULL;
	announce(r, SL_TO_SERVER, 2001, "nobody asks");
	assert_null(sl_expect_claim(NULL, &f[0], 0, NULL));
	assert_null(claimed(r, &f[0], 0));
	rig_free(r);
}

static void test_replaced(void **s)
{
	(void)s;
	struct rig *r = rig_new();
	struct sl_flow f = flow_of("192.0.2.1", 5, "192.0.2.2", 2000);
	announce(r, SL_TO_SERVER, 2000, "a");
	announce(r, SL_TO_SERVER, 2000, "bc");
	assert_int_equal(sl_expect_count(r->e), 1);
	assert_int_equal(r->c.c[SL_C_EXPECTED], 1);
	assert_string_equal(claimed(r, &f, 0), "bc");
	char large[SL_EXPECT_NOTE + 10];
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	announce(r, SL_TO_SERVER, 2000, large);
	assert_int_equal(strlen(claimed(r, &f, 0)), SL_EXPECT_NOTE);
	rig_free(r);
}

static void test_time(void **s)
{
	(void)s;
	struct rig *r = rig_new();
	struct sl_flow f = flow_of("192.0.2.1", 5, "192.0.2.2", 2000);
	r->b.ts_ns = 10 * SL_SECOND;
	announce(r, SL_TO_SERVER, 2000, "a");
	assert_string_equal(claimed(r, &f, (10 + LIFE_S) * SL_SECOND), "a");
	announce(r, SL_TO_SERVER, 2000, "a");
	assert_null(claimed(r, &f, (10 + LIFE_S) * SL_SECOND + 1));
	assert_int_equal(r->c.c[SL_C_EXPECTED_EXPIRED], 1);
	announce(r, SL_TO_SERVER, 2000, "old");
	r->b.ts_ns = (11 + LIFE_S) * SL_SECOND;
	announce(r, SL_TO_SERVER, 2001, "new");
	assert_int_equal(sl_expect_count(r->e), 1);
	assert_int_equal(r->c.c[SL_C_EXPECTED_EXPIRED], 2);
	sl_expect_clear(r->e);
	assert_int_equal(sl_expect_count(r->e), 0);
	assert_int_equal(r->c.c[SL_C_EXPECTED_EXPIRED], 3);
	rig_free(r);
}

/* What was announced first goes first; what was announced again is not the oldest any more. */
static void test_full(void **s)
{
	(void)s;
	struct rig *r = rig_new();
	for (uint16_t i = 0; i < ENTRIES; i++)
		announce(r, SL_TO_SERVER, (uint16_t)(2000 + i), "a");
	announce(r, SL_TO_SERVER, 2000, "again");
	announce(r, SL_TO_SERVER, 3000, "more");
	assert_int_equal(sl_expect_count(r->e), ENTRIES);
	assert_int_equal(r->c.c[SL_C_EXPECTED_EVICTED], 1);
	struct sl_flow f = flow_of("192.0.2.1", 5, "192.0.2.2", 2001);
	assert_null(claimed(r, &f, 0));
	f.dport = 2000;
	assert_string_equal(claimed(r, &f, 0), "again");
	/* Many rounds through few records: every one is found, none is left over. */
	for (unsigned i = 0; i < 1000; i++) {
		f.dport = (uint16_t)(4000 + i);
		announce(r, SL_TO_SERVER, f.dport, "z");
		assert_true(sl_expect_count(r->e) <= ENTRIES);
		assert_string_equal(i % 3 ? claimed(r, &f, 0) : "z", "z");
	}
	const uint64_t *c = r->c.c;
	assert_int_equal(c[SL_C_EXPECTED],
		c[SL_C_EXPECTED_MET] + c[SL_C_EXPECTED_EVICTED] + sl_expect_count(r->e));
	rig_free(r);
}

/* The address in the message: the end's own, salted as the pass is, or a third one. */
static void test_address(void **s)
{
	(void)s;
	static const uint8_t own[] = { 192, 0, 2, 2 }, third[] = { 10, 0, 0, 1 }, v6[16] = { 32 };
	struct rig *r = rig_new();
	struct sl_expected what = { .end = SL_TO_SERVER,
		.port = 2000,
		.proto = TCP,
		.parser = sl_parsers[0],
		.note = sl_span_str("a") };
	for (uint32_t pass = 0; pass < 3; pass++) {
		uint32_t salt = pass > 0 ? SL_SALT(16, 251 * pass) : 0;
		r->control = flow_of("192.0.2.1", 40000, "192.0.2.2", 21);
		sl_decode_salt(&r->control.src, 4, salt);
		sl_decode_salt(&r->control.dst, 4, salt);
		r->b.salt = salt;
		sl_expect_announce_at(&r->b, &what, sl_span(own, 4));
		assert_int_equal(r->c.c[SL_C_EXPECTED_ELSEWHERE], 0);
		struct sl_flow f = r->control;
		f.dport = 2000;
		assert_string_equal(claimed(r, &f, 0), "a");
	}
	sl_expect_announce_at(&r->b, &what, sl_span(third, 4));
	sl_expect_announce_at(&r->b, &what, sl_span(v6, 16));
	assert_int_equal(r->c.c[SL_C_EXPECTED_ELSEWHERE], 2);
	struct sl_flow f = r->control;
	f.dport = 2000;
	assert_string_equal(claimed(r, &f, 0), "a"); /* as behind a NAT */
	rig_free(r);
}

static void test_sizes(void **s)
{
	(void)s;
	struct sl_expect *e;
	struct sl_counters c = { 0 };
	assert_int_equal(sl_expect_new(&e, 0, &c), -22);
	assert_int_equal(sl_expect_new(&e, UINT32_MAX, &c), -22);
	sl_expect_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_either_end),
		cmocka_unit_test(test_other_flows),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
