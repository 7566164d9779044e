/* SPDX-License-Identifier: BSD-3-Clause */
/* sieve_test.c - what is excluded, and which packets are copies of others. */
#include <errno.h>

#include <sightline/clock.h>
#include <sightline/sieve.h>

#include "frame.h"

/* ---- Exclusions ---- */

struct bench {
	struct sl_exclusions *e;
	struct sl_sieve *s;
	struct sl_counters c;
};

static void bench_open(struct bench *b, enum sl_copies copies, const char *const *rules)
{
	struct sl_sieve_options o = { .copies = copies, .window_ns = 50 * SL_SECOND / 1000 };
	*b = (struct bench){ .e = NULL };
	assert_int_equal(sl_exclusions_new(&b->e), 0);
	for (; rules != NULL && *rules != NULL; rules++)
		assert_int_equal(sl_exclusions_add(b->e, *rules, strlen(*rules)), 0);
	if (rules != NULL)
		o.exclude = b->e;
	assert_int_equal(sl_sieve_new(&b->s, &o, &b->c), 0);
}

static void bench_close(struct bench *b)
{
	sl_sieve_free(b->s);
	sl_exclusions_free(b->e);
}

static const struct sl_packet plain = { .version = 4,
	.proto = 6,
	.flags = SL_PKT_L4,
	.src.b = { 10, 1, 2, 3 },
	.dst.b = { 192, 0, 2, 9 },
	.sport = 40000,
	.dport = 3260,
	.vlan_count = 2,
	.vlan = { 100, 7 },
	.outer_count = 1,
	.outer = { { .version = 6,
		.src.b = { 0x20, 1, 0xd, 0xb8, 0, 1 },
		.dst.b = { 0x20, 1, 0xd, 0xb8, 0, 2 } } } };

static bool goes(const char *rule, struct sl_packet p)
{
	struct bench b;
	bench_open(&b, SL_COPIES_KEEP, (const char *const[]){ "port:1", rule, NULL });
	sl_sieve(b.s, &p, 1);
	assert_int_equal(b.c.drop[SL_DROP_EXCLUDED], p.version == 0);
	bench_close(&b);
	return p.version == 0;
}

static void test_rules(void **state)
{
	static const char *const yes[] = { "10.1.2.3", "10.0.0.0/8", "192.0.2.9/32", "0.0.0.0/0",
		"2001:db8:2::/48", "port:3260", "port:3000-3300", "port:40000", "tcp", "proto:6",
		"vlan:7", "vlan:100", "10.0.0.0/8+port:3260", "tcp+vlan:7+192.0.2.0/24+port:3260" };
	static const char *const no[] = { "10.1.2.4", "11.0.0.0/8", "2001:db8:3::/48", "port:3261",
		"port:0-3259", "udp", "vlan:8", "vlan:0", "10.0.0.0/8+port:3261", "udp+vlan:7" };
	struct sl_packet p = plain;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(goes(yes[i], plain));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(goes(no[i], plain));
	p.proto = 1; /* 40000 is a type then */
	assert_false(goes("port:40000", p));
	assert_true(goes("icmp", p));
	p = plain;
	p.flags = 0;
	assert_false(goes("port:3260", p));
}

static void test_rules_refused(void **state)
{
	static const char *const bad[] = { "", "+", "tcp+", "+tcp", "port:", "port:x", "port:65536",
		"port:9-8", "port:1-", "port:1-2-3", "vlan:4096", "vlan:-1", "proto:256",
		"10.0.0.0/33", "10.0.0", "tcp+udp", "port:1+port:2", "tcp tcp", "10.0.0.0/8,tcp",
		"port:99999999999" };
	struct sl_exclusions *e;
	assert_int_equal(sl_exclusions_new(&e), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sl_exclusions_add(e, bad[i], strlen(bad[i])), -EINVAL);
	for (size_t i = 0; i < SL_EXCLUSIONS_MAX; i++)
		assert_int_equal(sl_exclusions_add(e, "tcp", 3), 0);
	assert_int_equal(sl_exclusions_add(e, "tcp", 3), -E2BIG);
	sl_exclusions_free(e);
}

/* Lost datagrams have been counted; fragments that are let through are no drop. */
static void test_lost(void **state)
{
	struct bench b;
	struct sl_packet p[2] = { plain, plain };
	bench_open(&b, SL_COPIES_KEEP, (const char *const[]){ "10.0.0.0/8", NULL });
	p[1].src.b[0] = 9;
	sl_sieve_lost(b.s, p, 2);
	assert_int_equal(p[0].version, 0);
	assert_int_equal(p[1].version, 4);
	assert_int_equal(b.c.drop[SL_DROP_EXCLUDED], 0);
	p[0] = plain;
	p[0].flags = SL_PKT_FRAGMENT;
	sl_sieve(b.s, p, 1);
	assert_int_equal(p[0].flags & SL_PKT_FRAGMENT, 0); /* it is dropped, not held */
	assert_int_equal(b.c.drop[SL_DROP_EXCLUDED], 1);
	bench_close(&b);
}

static void test_nothing_to_do(void **state)
{
	struct sl_sieve_options o = { .copies = SL_COPIES_KEEP };
	struct sl_sieve *s = (struct sl_sieve *)(void *)&o;
	struct sl_counters c = { 0 };
	assert_int_equal(sl_sieve_new(&s, &o, &c), 0);
	assert_null(s);
}

/* ---- Copies ---- */

/* Made by decode from real bytes, so that what is compared is what decode gives. */
struct made {
	struct frame f;
	struct decoded d;
};

static void make(struct made *m, uint16_t id, uint8_t ttl, const char *payload)
{
	m->f = (struct frame){ .n = 0 };
	size_t len = strlen(payload);
	put_v4(&m->f, 17, 0, 8 + len, 0);
	m->f.b[4] = (uint8_t)(id >> 8);
	m->f.b[5] = (uint8_t)id;
	m->f.b[8] = ttl;
	put_udp(&m->f, len);
	for (size_t i = 0; i < len; i++)
		m->f.b[m->f.n - len + i] = (uint8_t)payload[i];
	decode_frame(&m->d, &m->f, SL_LINK_RAW);
	assert_true(m->d.p.flags & SL_PKT_L4);
	assert_int_equal(m->d.p.ip_id, id);
	assert_int_equal(m->d.p.l4_len, 8);
}

static bool dropped(struct bench *b, uint64_t ts_ns, uint16_t id, uint8_t ttl, const char *payload)
{
	struct made m;
	make(&m, id, ttl, payload);
	m.d.p.ts_ns = ts_ns;
	sl_sieve(b->s, &m.d.p, 1);
	decoded_free(&m.d);
	return m.d.p.version == 0;
}

static void test_copies(void **state)
{
	struct bench b;
	const uint64_t ms = SL_SECOND / 1000;
	bench_open(&b, SL_COPIES_DROP, NULL);
	assert_false(dropped(&b, 1000 * ms, 7, 64, "payload"));
	assert_true(dropped(&b, 1001 * ms, 7, 64, "payload"));
	assert_true(dropped(&b, 1002 * ms, 7, 63, "payload")); /* a router lies between */
	assert_true(dropped(&b, 999 * ms, 7, 64, "payload")); /* time runs backwards */
	assert_false(dropped(&b, 1003 * ms, 8, 64, "payload")); /* sent again */
	assert_false(dropped(&b, 1003 * ms, 7, 64, "paYload"));
	assert_false(dropped(&b, 1003 * ms, 7, 64, "payloa"));
	assert_true(dropped(&b, 1050 * ms, 7, 64, "payload"));
	assert_false(dropped(&b, 1051 * ms, 7, 64, "payload")); /* longer after the first */
	assert_true(dropped(&b, 1100 * ms, 7, 64, "payload"));
	assert_int_equal(b.c.drop[SL_DROP_DUPLICATE], 5);
	assert_int_equal(b.c.c[SL_C_COPIES], 5);
	assert_int_equal(b.c.c[SL_C_COPIES_LOOKED], 10);
	bench_close(&b);
}

/* One in 64 is looked at; a packet and its copy alike, and nothing is dropped. */
static void test_count(void **state)
{
	struct bench b;
	bench_open(&b, SL_COPIES_COUNT, NULL);
	for (unsigned i = 0; i < 8000; i++)
		for (unsigned n = 0; n < 2; n++)
			assert_false(dropped(&b, i * 100000, (uint16_t)i, 64, "payload"));
	assert_in_range(b.c.c[SL_C_COPIES_LOOKED], 16000 / 128, 16000 / 32);
	assert_int_equal(b.c.c[SL_C_COPIES] * 2, b.c.c[SL_C_COPIES_LOOKED]);
	assert_int_equal(b.c.drop[SL_DROP_DUPLICATE], 0);
	bench_close(&b);
}

/* More packets than the table remembers: it forgets, and never takes one for another. */
static void test_table_full(void **state)
{
	struct bench b;
	struct sl_packet p = plain;
	static const uint8_t bytes[20];
	bench_open(&b, SL_COPIES_DROP, NULL);
	for (uint32_t i = 0; i < 600000; i++) {
		p.version = 4;
		p.tcp_seq = i;
		p.payload = bytes + 20;
		p.l4_len = 20;
		p.ts_ns = i;
		sl_sieve(b.s, &p, 1);
		assert_int_equal(p.version, 4);
	}
	assert_int_equal(b.c.c[SL_C_COPIES_LOOKED], 600000);
	bench_close(&b);
}

/* What can't be told is let through: no transport, fragments, datagrams put together, cut packets
 * without identification. */
static void test_not_looked_at(void **state)
{
	struct bench b;
	static const uint8_t bytes[20];
	bench_open(&b, SL_COPIES_DROP, NULL);
	static const uint8_t flags[] = { 0, SL_PKT_FRAGMENT | SL_PKT_L4,
		SL_PKT_REASSEMBLED | SL_PKT_L4, SL_PKT_CUT | SL_PKT_L4 };
	for (unsigned i = 0; i < 8; i++) {
		struct sl_packet p = plain;
		p.flags = flags[i / 2];
		p.payload = bytes;
		sl_sieve(b.s, &p, 1);
		assert_int_equal(p.version, 4);
	}
	assert_int_equal(b.c.c[SL_C_COPIES_LOOKED], 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_refused),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_not_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
