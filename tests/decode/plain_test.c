/* SPDX-License-Identifier: BSD-3-Clause */
/* plain_test.c - the short way and the layers give the same view. A frame of Ethernet may go the
 * short way; the same bytes from the IP header on, as raw IP, never do. */
#include <sightline/span.h>

#include "frame.h"

enum { ETHERNET = 14 };

struct each {
	struct sl_packet p;
	struct sl_counters c;
};

static void decode_as(struct each *e, const uint8_t *b, uint32_t len, uint32_t wire_len,
	uint16_t link, uint16_t flags, unsigned how)
{
	struct sl_decode_options o = { .verify_checksums = how & 1, .headers_only = how & 2 };
	memset(e, 0, sizeof(*e));
	memset(&e->p, 0xee, sizeof(e->p));
	e->p.data = b;
	e->p.len = len;
	e->p.wire_len = wire_len;
	e->p.ts_ns = 1;
	e->p.salt = 0;
	e->p.linktype = link;
	e->p.flags = flags;
	(void)sl_decode(&o, &e->p, 1, &e->c);
}

/* What decode owns of a view that is good, but for where it lies in the frame. */
static void expect_same_view(const struct sl_packet *a, const struct sl_packet *b)
{
#define SAME(field) assert_int_equal(a->field, b->field)
	assert_int_equal(a->flags & ~SL_PKT_MACS, b->flags);
	SAME(version), SAME(proto), SAME(ip_len), SAME(ip_id), SAME(hops), SAME(outer_count);
	SAME(vlan_count), SAME(tunnels), SAME(dir), SAME(l4_len), SAME(payload_len);
	SAME(held_packets), SAME(held_bytes);
	SAME(tcp_seq), SAME(tcp_ack), SAME(tcp_flags), SAME(tcp_window);
	assert_memory_equal(&a->src, &b->src, sizeof(a->src));
	assert_memory_equal(&a->dst, &b->dst, sizeof(a->dst));
	SAME(sport), SAME(dport);
	assert_null(a->flow);
	assert_ptr_equal(a->payload, b->payload);
	if (a->proto == 6 && a->flags & SL_PKT_L4)
		SAME(tcp_urgent);
#undef SAME
}

/* Of a frame of Ethernet both ways, and with each use of checksums. */
static void expect_same(const struct frame *f, uint32_t len, uint16_t flags)
{
	bool four = f->b[12] == 0x08;
	struct each a, b;
	for (unsigned how = 0; how < 4; how++) {
		decode_as(&a, f->b, len, (uint32_t)f->n, SL_LINK_ETHERNET, flags, how);
		decode_as(&b, f->b + ETHERNET, len - ETHERNET, (uint32_t)f->n - ETHERNET,
			four ? SL_LINK_IPV4 : SL_LINK_IPV6, flags, how);
		assert_int_equal(a.p.version, b.p.version);
		assert_memory_equal(&a.c, &b.c, sizeof(a.c));
		if (a.p.version != 0)
			expect_same_view(&a.p, &b.p);
	}
}

static void make(struct frame *f, unsigned version, unsigned proto, size_t payload)
{
	size_t rest = (proto == 6 ? 20 : 8) + payload;
	f->n = 0;
	put_ethernet(f, version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		put_v4(f, proto, 0, rest, 0);
	else
		put_v6(f, proto, rest);
	if (proto == 6)
		put_tcp(f, 0, payload);
	else
		put_udp(f, payload);
	checksum_fix(f, ETHERNET, ETHERNET + (version == 4 ? 20 : 40), rest, proto);
}

/* Every value of every byte behind the Ethernet header; the checksum of IPv4's header wrong, and
 * put right. */
static void test_each_byte(void **state)
{
	static const size_t payloads[] = { 0, 1, 44, 200 };
	struct frame f;
	for (unsigned i = 0; i < 16; i++) {
		unsigned version = i & 1 ? 6 : 4, proto = i & 2 ? 17 : 6;
		make(&f, version, proto, payloads[i >> 2]);
		size_t heads = f.n < 100 ? f.n : 100;
		for (size_t at = ETHERNET; at < heads; at++) {
			uint8_t was = f.b[at];
			for (unsigned v = 0; v < 256; v++) {
				f.b[at] = (uint8_t)v;
				expect_same(&f, (uint32_t)f.n, 0);
				if (version == 4 && at < ETHERNET + 20 && at / 2 != 12) {
					uint8_t sum[2] = { f.b[24], f.b[25] };
					header_fix(&f, ETHERNET);
					expect_same(&f, (uint32_t)f.n, 0);
					memcpy(f.b + 24, sum, 2);
				}
			}
			f.b[at] = was;
		}
	}
}

/* Cut at every length, behind padding, with what the source says of the packet. */
static void test_each_length(void **state)
{
	static const uint16_t flags[] = { 0, SL_PKT_CUT, SL_PKT_VLAN_STRIPPED, SL_PKT_UNSUMMED };
	struct frame f;
	for (unsigned i = 0; i < 16; i++) {
		make(&f, i & 1 ? 6 : 4, i & 2 ? 17 : 6, 20);
		if (i & 4)
			f.b[f.n - 1] ^= 1; /* a wrong checksum */
		if (i & 8)
			put_fill(&f, 7);
		for (unsigned k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
			for (size_t len = ETHERNET; len <= f.n; len++)
				expect_same(&f, (uint32_t)len, flags[k]);
	}
}

/* Whatever port a tunnel may have. */
static void test_ports_of_tunnels(void **state)
{
	struct frame f;
	for (unsigned port = 0; port <= 65535; port += port < 9000 ? 1 : 977) {
		make(&f, 4, 17, 60);
		f.b[ETHERNET + 20 + 2] = (uint8_t)(port >> 8);
		f.b[ETHERNET + 20 + 3] = (uint8_t)port;
		expect_same(&f, (uint32_t)f.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_each_length), cmocka_unit_test(test_ports_of_tunnels) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
