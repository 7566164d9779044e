/* SPDX-License-Identifier: BSD-3-Clause */
/* direction_test.c - who began a flow, what belongs to it, and what became of it. */
#include "packets.h"

static void expect_initiator(struct sl_packet first, bool sender)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = bind1(r, &first);
	assert_non_null(f);
	assert_int_equal(f->src.v4_be == first.src.v4_be, sender);
	assert_int_equal(f->sport, sender ? first.sport : first.dport);
	assert_int_equal(f->dport, sender ? first.dport : first.sport);
	assert_int_equal(first.dir, sender ? SL_TO_SERVER : SL_TO_CLIENT);
	assert_true(first.flags & SL_PKT_FLOW_NEW);
	assert_int_equal(f->packets[first.dir], 1);
	assert_int_equal(f->bytes[first.dir], 100);
	/* The other direction meets the same record. */
	struct sl_packet back = first;
	back.flags = SL_PKT_L4;
	back.src = first.dst;
	back.dst = first.src;
	back.sport = first.dport;
	back.dport = first.sport;
	back.tcp_flags = ACK;
	assert_ptr_equal(bind1(r, &back), f);
	assert_int_not_equal(back.dir, first.dir);
	assert_false(back.flags & SL_PKT_FLOW_NEW);
	rig_free(r);
}

static void test_initiator(void **state)
{
	expect_initiator(tcp(1, 40000, 2, 80, SYN, 0), true);
	expect_initiator(tcp(1, 80, 2, 40000, SYN, 0), true);
	expect_initiator(tcp(1, 80, 2, 40000, SYN | ACK, 0), false);
	expect_initiator(tcp(1, 40000, 2, 80, SYN | ACK, 0), false);
	expect_initiator(tcp(1, 40000, 2, 80, ACK, 0), true);
	expect_initiator(tcp(1, 80, 2, 40000, ACK, 0), false);
	expect_initiator(tcp(1, 8080, 2, 40000, ACK, 0), true);
	expect_initiator(tcp(1, 22, 2, 80, ACK, 0), true);
	expect_initiator(packet(UDP, 1, 40000, 2, 53, 0), true);
	expect_initiator(packet(UDP, 1, 53, 2, 40000, 0), false);
	expect_initiator(packet(UDP, 1, 123, 2, 123, 0), true);
	expect_initiator(packet(ICMP, 1, 8, 2, 0, 0), true);
	expect_initiator(packet(ICMP, 1, 0, 2, 8, 0), false);
	expect_initiator(packet(ICMP, 1, 14, 2, 13, 0), false);
}

/* An ICMP type without an answer has no other direction (Community ID v1). */
static void test_one_way(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *a = BIND(r, packet(ICMP, 1, 3, 2, 3, 0));
	struct sl_flow *b = BIND(r, packet(ICMP, 2, 3, 1, 3, 0));
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(BIND(r, packet(ICMP, 1, 3, 2, 3, 1)), a);
	assert_int_equal(b->src.v4_be, 2);
	rig_free(r);
}

/* Every part of the key tells flows apart. */
static void test_key(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	assert_ptr_not_equal(BIND(r, packet(UDP, 1, 5001, 2, 6000, 0)), f);
	assert_ptr_not_equal(BIND(r, packet(UDP, 1, 5000, 2, 6001, 0)), f);
	assert_ptr_not_equal(BIND(r, packet(UDP, 3, 5000, 2, 6000, 0)), f);
	assert_ptr_not_equal(BIND(r, packet(UDP, 1, 6000, 2, 5000, 0)), f);
	assert_ptr_not_equal(BIND(r, packet(132, 1, 5000, 2, 6000, 0)), f);
	struct sl_packet six = packet(UDP, 1, 5000, 2, 6000, 0);
	six.version = 6;
	assert_ptr_not_equal(bind1(r, &six), f);
	assert_ptr_equal(BIND(r, packet(UDP, 1, 5000, 2, 6000, 0)), f);
	assert_int_equal(sl_flow_count(r->t), 7);
	assert_int_equal(r->c.c[SL_C_FLOWS_NEW], 7);
	rig_free(r);
}

static void test_first_packet(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_packet p = packet(UDP, 1, 5000, 2, 6000, 2);
	p.vlan_count = 2;
	p.vlan[0] = 10;
	p.vlan[1] = 20;
	p.port = 9;
	struct sl_flow *f = bind1(r, &p);
	assert_int_equal(f->vlan_count, 2);
	assert_int_equal(f->vlan[1], 20);
	assert_int_equal(f->capture, 9);
	assert_int_equal(f->id >> 48, 3);
	assert_true(f->first_ns == p.ts_ns && f->last_ns == p.ts_ns);
	/* An earlier time never turns the clock back. */
	BIND(r, packet(UDP, 2, 6000, 1, 5000, 1));
	assert_true(f->last_ns == p.ts_ns);
	BIND(r, packet(UDP, 2, 6000, 1, 5000, 3));
	assert_true(f->last_ns == T0 + 3 * SL_SECOND);
	rig_free(r);
}

/* A packet that decode gave up on is left alone. */
static void test_unbound(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_packet p[2] = { packet(UDP, 1, 5000, 2, 6000, 0),
		packet(UDP, 1, 5000, 2, 6000, 0) };
	p[0].version = 0;
	sl_flow_bind(r->t, p, 2);
	assert_null(p[0].flow);
	assert_non_null(p[1].flow);
	rig_free(r);
}

static uint8_t outcome_of(const char *script)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = NULL;
	for (double at = 0; *script; script++, at++) {
		bool back = *script >= 'a'; /* a small letter comes from the responder */
		uint8_t flags = ACK;
		switch (*script & ~0x20) {
		case 'S':
			flags = back ? SYN | ACK : SYN;
			break;
		case 'R':
			flags = RST | ACK;
			break;
		case 'F':
			flags = FIN | ACK;
			break;
		}
		f = back ? BIND(r, tcp(2, 2000, 1, 1024, flags, at))
			 : BIND(r, tcp(1, 1024, 2, 2000, flags, at));
	}
	assert_int_equal(sl_flow_count(r->t), 1);
	uint8_t outcome = f->outcome;
	rig_free(r);
	return outcome;
}

static void test_outcomes(void **state)
{
	assert_int_equal(outcome_of("S"), SL_OUTCOME_ATTEMPTED);
	assert_int_equal(outcome_of("SSS"), SL_OUTCOME_ATTEMPTED);
	assert_int_equal(outcome_of("Sr"), SL_OUTCOME_REFUSED);
	assert_int_equal(outcome_of("SR"), SL_OUTCOME_ATTEMPTED);
	assert_int_equal(outcome_of("Ss"), SL_OUTCOME_ANSWERED);
	assert_int_equal(outcome_of("Ssr"), SL_OUTCOME_ANSWERED);
	assert_int_equal(outcome_of("SsA"), SL_OUTCOME_ESTABLISHED);
	assert_int_equal(outcome_of("SsAFf"), SL_OUTCOME_ESTABLISHED);
	assert_int_equal(outcome_of("SsAr"), SL_OUTCOME_ESTABLISHED);
	assert_int_equal(outcome_of("A"), SL_OUTCOME_ATTEMPTED);
	assert_int_equal(outcome_of("Aa"), SL_OUTCOME_ESTABLISHED);
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, packet(UDP, 1, 5000, 2, 53, 0));
	assert_int_equal(f->outcome, SL_OUTCOME_ATTEMPTED);
	BIND(r, packet(UDP, 2, 53, 1, 5000, 0));
	assert_int_equal(f->outcome, SL_OUTCOME_ANSWERED);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initiator),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_first_packet),
		cmocka_unit_test(test_unbound),
		cmocka_unit_test(test_outcomes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
