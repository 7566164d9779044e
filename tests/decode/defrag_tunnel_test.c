/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag_tunnel_test.c - fragments of tunnels, in tunnels and in both; where they stand in a burst;
 * and which worker gets them. */
#include "pieces.h"

#include <netinet/in.h>

#include <sightline/clock.h>

struct bytes {
	uint8_t b[4096];
	size_t n;
};

static struct bytes whole4(
	uint8_t proto, uint8_t host, unsigned id, unsigned field, const void *p, size_t len)
{
	struct bytes out = { .n = 20 + len };
	uint8_t head[20] = { 0x45, 0, (uint8_t)(out.n >> 8), (uint8_t)out.n, (uint8_t)(id >> 8),
		(uint8_t)id, (uint8_t)(field >> 8), (uint8_t)field, 64, proto, 0, 0, 10, 0, 0, host,
		10, 9, 9, 9 };
	memcpy(out.b, head, 20);
	memcpy(out.b + 20, p, len);
	return out;
}

static struct bytes before(const void *head, size_t head_len, const struct bytes *in)
{
	struct bytes out = { .n = head_len + in->n };
	memcpy(out.b, head, head_len);
	memcpy(out.b + head_len, in->b, in->n);
	return out;
}

/* 40000 to 53 with `len` bytes of 'd', from 10.0.0.host. */
static struct bytes datagram(uint8_t host, size_t len)
{
	uint8_t udp[1024] = { 0x9c, 0x40, 0, 53, (uint8_t)((len + 8) >> 8), (uint8_t)(len + 8), 0,
		0 };
	memset(udp + 8, 'd', len);
	return whole4(IPPROTO_UDP, host, 1, 0, udp, len + 8);
}

static const uint8_t gre_head[] = { 0, 0, 8, 0 };

static void expect_datagram(const struct pieces *s, uint8_t host, size_t len, unsigned outer)
{
	assert_int_equal(s->p.outer_count, outer);
	assert_int_equal(s->p.src.b[3], host);
	assert_int_equal(s->p.dport, 53);
	assert_int_equal(s->p.payload_len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(s->p.payload[i], 'd');
}

/* Sends the payload of an outer header in pieces of n bytes; true: the last made it whole. */
static bool send_cut(struct pieces *s, unsigned id, const struct bytes *in, size_t n, bool v6)
{
	bool done = false;
	for (size_t at = 0; at < in->n; at += n) {
		size_t len = in->n - at < n ? in->n - at : n;
		assert_false(done);
		done = (v6 ? send6 : send4)(s, id, (unsigned)at, at + n < in->n, in->b + at, len);
	}
	return done;
}

static void tunnels_in_fragments(void **state)
{
	static const uint8_t vxlan[] = { 0x30, 0x39, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0,
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
	for (size_t n = 8; n <= 64; n += 8) {
		struct pieces *s = pieces_new(NULL);
		struct bytes in = datagram(7, 50), gre = before(gre_head, 4, &in);
		struct bytes udp = before(vxlan, sizeof(vxlan), &in);
		s->proto = IPPROTO_GRE;
		assert_true(send_cut(s, 1, &gre, n, false));
		expect_datagram(s, 7, 50, 1);
		assert_true(send_cut(s, 1, &gre, n, true));
		expect_datagram(s, 7, 50, 1);
		assert_int_equal(s->p.outer[0].version, 6);
		s->proto = IPPROTO_IPIP;
		assert_true(send_cut(s, 2, &in, n, false));
		expect_datagram(s, 7, 50, 1);
		s->proto = IPPROTO_UDP;
		assert_true(send_cut(s, 3, &udp, n, false));
		expect_datagram(s, 7, 50, 1);
		assert_int_equal(s->p.outer[0].src.b[0], 192);
		pieces_free(s);
	}
}

/* A datagram in fragments, each in GRE, each of these in fragments in IPv6. */
static void fragments_in_fragments(void **state)
{
	struct pieces *s = pieces_new(NULL);
	struct bytes in = datagram(7, 200);
	s->proto = IPPROTO_GRE;
	for (unsigned at = 0; at < 208; at += 64) {
		size_t len = 208 - at < 64 ? 208 - at : 64;
		struct bytes part = whole4(IPPROTO_UDP, 7, 99,
			(at + 64 < 208 ? 0x2000 : 0) | at / 8, in.b + 20 + at, len);
		struct bytes gre = before(gre_head, 4, &part);
		assert_int_equal(send_cut(s, 5 + at, &gre, 24, true), at + 64 >= 208);
	}
	expect_datagram(s, 7, 200, 1);
	assert_int_equal(counted(s, SL_C_DEFRAG_WHOLE), 5);
	pieces_free(s);
}

/* What can't be gone into keeps the outside. */
static void broken_inside(void **state)
{
	struct pieces *s = pieces_new(NULL);
	s->proto = IPPROTO_GRE;
	struct bytes in = datagram(7, 50), gre = before(gre_head, 4, &in);
	gre.b[4] = 0x95;
	assert_true(send_cut(s, 1, &gre, 16, false));
	assert_int_equal(s->p.outer_count, 0);
	assert_int_equal(s->p.proto, IPPROTO_GRE);
	assert_int_equal(counted(s, SL_C_TUNNEL_BROKEN), 1);
	pieces_free(s);
}

/* Two datagrams whole in one burst, and a packet between them: each has its own bytes, in the place
 * of the fragment that was missing. */
static void places_in_a_burst(void **state)
{
	struct pieces *s = pieces_new(NULL);
	struct sl_decode_options o = { .defrag = s->d };
	struct bytes a = datagram(1, 64), b = datagram(2, 64), c = datagram(3, 16);
	struct bytes frame[5] = { whole4(IPPROTO_UDP, 1, 4, 0x2000, a.b + 20, 40),
		whole4(IPPROTO_UDP, 2, 4, 0x2000, b.b + 20, 40),
		whole4(IPPROTO_UDP, 2, 4, 5, b.b + 60, 32), c,
		whole4(IPPROTO_UDP, 1, 4, 5, a.b + 60, 32) };
	static const unsigned want[5] = { 0, 0, 64, 16, 64 };
	struct sl_packet p[5];
	memset(p, 0, sizeof(p));
	for (unsigned i = 0; i < 5; i++) {
		p[i].data = frame[i].b;
		p[i].len = p[i].wire_len = (uint32_t)frame[i].n;
		p[i].linktype = SL_LINK_RAW;
	}
	assert_int_equal(sl_decode(&o, p, 5, &s->c), 3);
	s->sent = s->whole_packets = 5;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(p[i].payload_len, want[i]);
	assert_int_equal(p[2].src.b[3], 2);
	assert_int_equal(p[4].src.b[3], 1);
	assert_true(p[2].payload != p[4].payload);
	assert_int_equal(p[0].flags & SL_PKT_FRAGMENT, SL_PKT_FRAGMENT);
	assert_int_equal(p[4].flags, SL_PKT_REASSEMBLED | SL_PKT_L4);
	pieces_free(s);
}

static struct sl_packet dealt(struct sl_fragment_trail *t, const struct bytes *frame)
{
	struct sl_decode_options o = { .trail = t, .ignore_checksums = true };
	struct sl_counters c = { 0 };
	struct sl_packet p = { .data = frame->b, .linktype = SL_LINK_RAW };
	p.len = p.wire_len = (uint32_t)frame->n;
	assert_int_equal(sl_decode(&o, &p, 1, &c), 1);
	return p;
}

/* All fragments of a tunnel's datagram go where its inner addresses lead. */
static void fragments_follow_the_first(void **state)
{
	struct sl_fragment_trail *t;
	assert_int_equal(sl_fragment_trail_new(&t), 0);
	struct bytes in = datagram(7, 200), gre = before(gre_head, 4, &in);
	struct bytes first = whole4(IPPROTO_GRE, 1, 4, 0x2000, gre.b, 64);
	struct bytes second = whole4(IPPROTO_GRE, 1, 4, 0x2000 | 8, gre.b + 64, 64);
	struct bytes other = whole4(IPPROTO_GRE, 1, 5, 0x2000 | 8, gre.b + 64, 64);
	struct bytes other_first = whole4(IPPROTO_GRE, 1, 5, 0x2000, gre.b, 64);
	assert_int_equal(dealt(t, &first).src.b[3], 7);
	assert_int_equal(dealt(t, &second).src.b[3], 7);
	assert_int_equal(dealt(t, &second).src.b[3], 7);
	/* Where a later one was first, that decides. */
	assert_int_equal(dealt(t, &other).src.b[3], 1);
	assert_int_equal(dealt(t, &other_first).src.b[3], 1);
	assert_int_equal(dealt(t, &other).src.b[3], 1);
	sl_fragment_trail_clear(t);
	assert_int_equal(dealt(t, &other_first).src.b[3], 7);
	assert_int_equal(dealt(t, &other).src.b[3], 7);
	/* No tunnel, no difference. */
	struct bytes plain = whole4(IPPROTO_UDP, 9, 6, 0x2000, in.b + 20, 64);
	assert_int_equal(dealt(t, &plain).src.b[3], 9);
	sl_fragment_trail_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_in_fragments),
		cmocka_unit_test(fragments_in_fragments),
		cmocka_unit_test(broken_inside),
		cmocka_unit_test(places_in_a_burst),
		cmocka_unit_test(fragments_follow_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
