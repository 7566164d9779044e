/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp_state_test.c - what a FIN, an RST and an ICMP error may say of a flow, and how long it may be
 * silent where it stands. */
#include "packets.h"

static struct sl_packet seg(bool client, uint8_t flags, uint32_t seq, uint32_t ack, double at)
{
	struct sl_packet p =
		client ? tcp(1, 4000, 2, 80, flags, at) : tcp(2, 80, 1, 4000, flags, at);
	p.tcp_seq = seq;
	p.tcp_ack = ack;
	return p;
}

static struct sl_flow *opened(struct rig *r)
{
	BIND(r, seg(true, SYN, 1000, 0, 0));
	BIND(r, seg(false, SYN | ACK, 9000, 1001, 0));
	return BIND(r, seg(true, ACK, 1001, 9001, 0));
}

/* How the flow ends when the capture does. */
static unsigned end_of(struct rig *r)
{
	sl_flow_flush(r->t);
	struct sl_flow *f = sl_flow_ended(r->t);
	assert_non_null(f);
	return f->end;
}

static void test_rst_in_sequence(void **state)
{
	static const struct {
		int32_t off;
		unsigned end;
	} row[] = { { 0, SL_END_CLOSED }, { 1, SL_END_CLOSED }, { 65535, SL_END_CLOSED },
		{ 65536, SL_END_FLUSH }, { -65536, SL_END_FLUSH }, { 1 << 30, SL_END_FLUSH } };
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rig *r = rig_new(16);
		opened(r);
		BIND(r, seg(false, RST, 9001 + (uint32_t)row[i].off, 0, 1));
		assert_int_equal(end_of(r), row[i].end);
		assert_int_equal(r->c.c[SL_C_FLOW_SEQUENCE], row[i].end == SL_END_FLUSH);
		rig_free(r);
	}
}

static void test_fin_in_sequence(void **state)
{
	struct rig *r = rig_new(16);
	opened(r);
	BIND(r, seg(true, FIN | ACK, 1001 + (2u << 20), 9001, 1));
	BIND(r, seg(false, FIN | ACK, 9001, 1001, 1));
	assert_int_equal(r->c.c[SL_C_FLOW_SEQUENCE], 1);
	assert_int_equal(end_of(r), SL_END_FLUSH);
	rig_free(r);
	r = rig_new(16);
	opened(r);
	BIND(r, seg(true, FIN | ACK, 1001, 9001, 1));
	BIND(r, seg(false, FIN | ACK, 9001, 1002, 1));
	assert_int_equal(end_of(r), SL_END_CLOSED);
	rig_free(r);
}

/* A refusal acknowledges the SYN; anybody may send another. */
static void test_refused(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, seg(true, SYN, 1000, 0, 0));
	BIND(r, seg(false, RST, 0, 0, 0));
	BIND(r, seg(false, RST | ACK, 0, 1000, 0));
	BIND(r, seg(false, RST | ACK, 0, 1002, 0));
	assert_int_equal(f->outcome, SL_OUTCOME_ATTEMPTED);
	assert_int_equal(r->c.c[SL_C_FLOW_SEQUENCE], 3);
	BIND(r, seg(false, RST | ACK, 0, 1001, 0));
	assert_int_equal(f->outcome, SL_OUTCOME_REFUSED);
	assert_int_equal(end_of(r), SL_END_CLOSED);
	rig_free(r);
	r = rig_new(16);
	f = BIND(r, seg(true, SYN, 1000, 0, 0));
	BIND(r, seg(false, RST | ACK, 0, 1001, 0)); /* forged: the server answers after all */
	BIND(r, seg(false, SYN | ACK, 9000, 1001, 0));
	BIND(r, seg(true, ACK, 1001, 9001, 0));
	assert_int_equal(f->outcome, SL_OUTCOME_ESTABLISHED);
	assert_int_equal(end_of(r), SL_END_FLUSH);
	rig_free(r);
}

/* Nothing is known of where the side that resets stands. */
static void test_rst_midstream(void **state)
{
	struct rig *r = rig_new(16);
	BIND(r, seg(true, ACK, 1001, 9001, 0));
	BIND(r, seg(false, RST, 12345678, 0, 1));
	assert_int_equal(end_of(r), SL_END_CLOSED);
	rig_free(r);
}

/* From `from`: of the packet that 1:5000 sent to 2:6000, or the other way round. */
static struct sl_packet error(uint32_t from, uint8_t type, uint8_t code, bool client, uint8_t proto)
{
	struct sl_packet p = packet(ICMP, from, type, 1, code, 1);
	p.flags |= SL_PKT_QUOTED;
	p.quoted = (struct sl_ip_pair){ .version = 4, .proto = proto };
	p.quoted.src.v4_be = client ? 1 : 2;
	p.quoted.dst.v4_be = client ? 2 : 1;
	p.quoted.sport = client ? 5000 : 6000;
	p.quoted.dport = client ? 6000 : 5000;
	return p;
}

static void test_unreachable(void **state)
{
	struct rig *r = rig_new(16);
	struct sl_flow *f = BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	BIND(r, error(2, 3, 4, true, UDP)); /* too large */
	BIND(r, error(2, 11, 0, true, UDP)); /* lived too short */
	BIND(r, error(2, 3, 1, false, UDP)); /* of an answer */
	BIND(r, error(2, 3, 1, true, TCP)); /* another flow's */
	BIND(r, error(2, 3, 1, true, 0)); /* of a fragment */
	BIND(r, error(9, 3, 1, true, UDP)); /* a router's */
	assert_int_equal(f->outcome, SL_OUTCOME_ATTEMPTED);
	BIND(r, error(2, 3, 1, true, UDP));
	assert_int_equal(f->outcome, SL_OUTCOME_UNREACHABLE);
	assert_int_equal(r->c.c[SL_C_FLOW_UNREACHABLE], 1);
	BIND(r, packet(UDP, 2, 6000, 1, 5000, 2)); /* and yet it was answered */
	BIND(r, error(2, 3, 1, true, UDP));
	assert_int_equal(f->outcome, SL_OUTCOME_ANSWERED);
	rig_free(r);
}

/* A packet that comes `gap` seconds after the last: is it the same flow's? */
static void expect_timeout(struct rig *r, struct sl_flow *f, struct sl_packet p, unsigned seconds)
{
	p.ts_ns = f->last_ns + seconds * SL_SECOND;
	assert_ptr_equal(bind1(r, &p), f);
	p.ts_ns = f->last_ns + seconds * SL_SECOND + 1;
	assert_ptr_not_equal(bind1(r, &p), f);
	assert_int_equal(f->end, SL_END_TIMEOUT);
	rig_free(r);
}

static void test_timeout_each_state(void **state)
{
	struct sl_flow_options o = sl_flow_defaults;
	for (unsigned i = 0; i < SL_FLOW_TIMEOUT_COUNT; i++)
		o.timeout_ns[i] = (10 + i) * SL_SECOND;
	struct rig *r = rig_with(&o);
	expect_timeout(r, BIND(r, seg(true, SYN, 1000, 0, 0)), seg(true, SYN, 1000, 0, 0),
		10 + SL_FLOW_TIMEOUT_TCP_SYN);
	r = rig_with(&o);
	BIND(r, seg(true, SYN, 1000, 0, 0));
	expect_timeout(r, BIND(r, seg(false, SYN | ACK, 9000, 1001, 0)),
		seg(false, SYN | ACK, 9000, 1001, 0), 10 + SL_FLOW_TIMEOUT_TCP_SYNACK);
	r = rig_with(&o);
	expect_timeout(r, BIND(r, seg(true, ACK, 1000, 0, 0)), seg(true, ACK, 1000, 0, 0),
		10 + SL_FLOW_TIMEOUT_TCP_ONE_SIDED);
	r = rig_with(&o);
	expect_timeout(r, opened(r), seg(true, ACK, 1001, 9001, 0), 10 + SL_FLOW_TIMEOUT_TCP_OPEN);
	r = rig_with(&o);
	opened(r);
	expect_timeout(r, BIND(r, seg(true, FIN | ACK, 1001, 9001, 0)),
		seg(true, ACK, 1002, 9001, 0), 10 + SL_FLOW_TIMEOUT_TCP_FIN);
	r = rig_with(&o);
	expect_timeout(r, BIND(r, packet(UDP, 1, 5000, 2, 6000, 0)),
		packet(UDP, 1, 5000, 2, 6000, 0), 10 + SL_FLOW_TIMEOUT_UDP_NEW);
	r = rig_with(&o);
	BIND(r, packet(UDP, 1, 5000, 2, 6000, 0));
	expect_timeout(r, BIND(r, packet(UDP, 2, 6000, 1, 5000, 0)),
		packet(UDP, 1, 5000, 2, 6000, 0), 10 + SL_FLOW_TIMEOUT_UDP);
	r = rig_with(&o);
	expect_timeout(r, BIND(r, packet(ICMP, 1, 8, 2, 0, 0)), packet(ICMP, 1, 8, 2, 0, 0),
		10 + SL_FLOW_TIMEOUT_ICMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rst_in_sequence),
		cmocka_unit_test(test_fin_in_sequence),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_rst_midstream),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_timeout_each_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
