/* SPDX-License-Identifier: BSD-3-Clause */
/* ip_test.c - IP headers, options, extension headers, transport headers, checksums, salt. */
#include "frame.h"

/* Cut at every length: addresses from ip_end on, ports from l4_end on, the payload as far as it is
 * there. */
static void check_cuts(const struct frame *f, size_t ip_end, size_t l4_end)
{
	for (size_t len = 0; len <= f->n; len++) {
		struct decoded d;
		decode_cut(&d, f, len, SL_LINK_RAW, false);
		assert_int_equal(d.good, len >= ip_end);
		assert_int_equal((d.p.flags & SL_PKT_L4) != 0, len >= l4_end);
		assert_int_equal(d.p.payload_len, len > l4_end ? len - l4_end : 0);
		assert_int_equal(d.p.sport, len >= l4_end ? 40000 : 0);
		assert_int_equal(d.c.c[SL_C_L4_SHORT], len >= ip_end && len < l4_end);
		decoded_free(&d);
	}
}

static void test_v4_options(void **state)
{
	for (size_t options = 0; options <= 40; options += 4) {
		struct frame f = { .n = 0 };
		put_v4(&f, 6, options, 20 + 12 + 9, 0x4000);
		put_tcp(&f, 12, 9);
		check_cuts(&f, 20 + options, 20 + options + 32);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_int_equal(d.p.tcp_seq, 1000);
		assert_int_equal(d.p.tcp_ack, 2000);
		assert_int_equal(d.p.tcp_flags, 0x18);
		assert_int_equal(d.p.tcp_window, 512);
		assert_int_equal(d.p.ip_len, f.n);
		assert_int_equal(d.c.c[SL_C_CHECKSUM_IP], 0);
		decoded_free(&d);
	}
}

static void test_v4_contradictions(void **state)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 17, 4, 8 + 4, 0);
	put_udp(&f, 4);
	struct frame short_header = f, short_total = f;
	short_header.b[0] = 0x44;
	short_total.b[3] = 23;
	struct decoded d;
	decode_frame(&d, &short_header, SL_LINK_RAW);
	assert_int_equal(d.c.drop[SL_DROP_IP_HEADER], 1);
	decoded_free(&d);
	decode_frame(&d, &short_total, SL_LINK_RAW);
	assert_int_equal(d.c.drop[SL_DROP_IP_HEADER], 1);
	decoded_free(&d);
	/* Longer than what is there: bounded by it. */
	f.b[2] = 4;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.p.payload_len, 4);
	assert_int_equal(d.c.c[SL_C_CHECKSUM_L4], 0);
	decoded_free(&d);
}

/* Padding of the link is no payload; a length of 0 is the hardware's to fill in. */
static void test_lengths(void **state)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 6, 0, 20 + 3, 0);
	put_tcp(&f, 0, 3);
	put_fill(&f, 6);
	struct decoded d;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_int_equal(d.p.payload_len, 3);
	assert_int_equal(d.p.ip_len, 43);
	decoded_free(&d);
	f.b[2] = f.b[3] = 0;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_int_equal(d.p.payload_len, 9);
	decoded_free(&d);

	struct frame g = { .n = 0 };
	put_v6(&g, 6, 0);
	put_tcp(&g, 0, 5);
	decode_frame(&d, &g, SL_LINK_RAW);
	assert_int_equal(d.p.payload_len, 5);
	assert_int_equal(d.p.ip_len, 65);
	decoded_free(&d);
}

static void test_v4_fragments(void **state)
{
	static const unsigned frag[] = { 0x2000, 0x2001, 0x0001, 0x1fff };
	for (unsigned i = 0; i < 4; i++) {
		struct frame f = { .n = 0 };
		put_v4(&f, 17, 0, 8 + 4, frag[i]);
		put_udp(&f, 4);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_true(d.good);
		assert_int_equal(d.p.flags, SL_PKT_FRAGMENT);
		assert_int_equal(d.p.sport | d.p.dport | d.p.payload_len, 0);
		assert_int_equal(d.p.proto, 17);
		assert_int_equal(d.c.c[SL_C_FRAGMENTS], 1);
		decoded_free(&d);
	}
}

/* hop-by-hop, destination of 16 bytes, routing, authentication of 16 bytes, mobility, then UDP. */
static size_t put_extensions(struct frame *f)
{
	size_t from = f->n;
	put(f, "\x3c\0\1\4\0\0\0\0", 8);
	put(f, "\x2b\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	put(f, "\x33\0\0\0\0\0\0\0", 8);
	put(f, "\x87\2\0\0\0\0\0\1\0\0\0\1\1\2\3\4", 16);
	put(f, "\x11\0\0\0\0\0\0\0", 8);
	return f->n - from;
}

static void test_v6_extensions(void **state)
{
	struct frame f = { .n = 0 };
	put_v6(&f, 0, 56 + 8 + 4);
	size_t ext = put_extensions(&f);
	assert_int_equal(ext, 56);
	put_udp(&f, 4);
	checksum_fix(&f, 0, 40 + ext, 12, 17);
	check_cuts(&f, 40, 40 + ext + 8);
	struct decoded d;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_int_equal(d.p.proto, 17);
	assert_int_equal(d.p.dport, 53);
	assert_int_equal(d.c.c[SL_C_CHECKSUM_L4], 0);
	decoded_free(&d);
}

static void test_v6_fragment(void **state)
{
	for (unsigned more = 0; more < 2; more++) {
		struct frame f = { .n = 0 };
		put_v6(&f, 44, 8 + 8 + 4);
		put(&f, more ? "\x11\0\0\1\0\0\0\1" : "\x11\0\0\0\0\0\0\1", 8);
		put_udp(&f, 4);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_true(d.good);
		assert_int_equal(d.p.flags, more ? SL_PKT_FRAGMENT : SL_PKT_L4);
		assert_int_equal(d.p.proto, 17);
		assert_int_equal(d.p.dport, more ? 0 : 53);
		decoded_free(&d);
	}
}

/* A chain of two hundred is followed; a longer one is dropped by name. */
static void test_v6_chain(void **state)
{
	for (unsigned n = 200; n <= 201; n++) {
		struct frame f = { .n = 0 };
		put_v6(&f, 60, n * 8 + 8);
		for (unsigned i = 0; i < n; i++) {
			put8(&f, i + 1 < n ? 60 : 17);
			put(&f, "\0\1\4\0\0\0\0", 7);
		}
		put_udp(&f, 0);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_int_equal(d.good, n == 200);
		assert_int_equal(d.c.drop[SL_DROP_IP_EXTENSION], n == 201);
		decoded_free(&d);
	}
}

static void test_transport_contradictions(void **state)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 6, 0, 20 + 4, 0);
	put_tcp(&f, 0, 4);
	static const uint8_t offset[] = { 0x00, 0x40, 0x70, 0xf0 };
	for (unsigned i = 0; i < 4; i++) {
		f.b[20 + 12] = offset[i];
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_true(d.good);
		assert_int_equal(d.p.flags & SL_PKT_L4, 0);
		assert_int_equal(d.c.c[SL_C_L4_SHORT], 1);
		decoded_free(&d);
	}
}

static void test_udp_length(void **state)
{
	static const struct {
		unsigned len, payload, l4_short;
	} row[] = { { 12, 4, 0 }, { 10, 2, 0 }, { 8, 0, 0 }, { 0, 4, 0 }, { 500, 4, 0 },
		{ 7, 0, 1 }, { 1, 0, 1 } };
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct frame f = { .n = 0 };
		put_v4(&f, 17, 0, 8 + 4, 0);
		put_udp(&f, 4);
		f.b[24] = (uint8_t)(row[i].len >> 8);
		f.b[25] = (uint8_t)row[i].len;
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_true(d.good);
		assert_int_equal(d.p.payload_len, row[i].payload);
		assert_int_equal(d.c.c[SL_C_L4_SHORT], row[i].l4_short);
		decoded_free(&d);
	}
}

static void expect_checksum(const struct frame *f, bool ip, bool l4)
{
	struct decoded d;
	decode_frame(&d, f, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.c.c[SL_C_CHECKSUM_IP], ip);
	assert_int_equal(d.c.c[SL_C_CHECKSUM_L4], l4);
	decoded_free(&d);
	decode_cut(&d, f, f->n, SL_LINK_RAW, true);
	assert_int_equal(d.good, !ip && !l4);
	assert_int_equal(d.c.drop[SL_DROP_CHECKSUM], ip || l4);
	decoded_free(&d);
}

/* Right ones of every payload length, then each with one bit turned. */
static void test_checksums(void **state)
{
	for (size_t len = 0; len <= 300; len++) {
		for (unsigned proto = 6; proto <= 17; proto += 11) {
			for (unsigned version = 4; version <= 6; version += 2) {
				struct frame f = { .n = 0 };
				size_t l4 = version == 4 ? 20 : 40;
				size_t rest = (proto == 6 ? 20 : 8) + len;
				if (version == 4)
					put_v4(&f, proto, 0, rest, 0);
				else
					put_v6(&f, proto, rest);
				if (proto == 6)
					put_tcp(&f, 0, len);
				else
					put_udp(&f, len);
				checksum_fix(&f, 0, l4, rest, proto);
				expect_checksum(&f, false, false);
				f.b[f.n - 1] ^= 0x10;
				if (len)
					expect_checksum(&f, false, true);
			}
		}
	}
	struct frame f = { .n = 0 };
	put_v4(&f, 17, 0, 12, 0);
	put_udp(&f, 4); /* its checksum of 0 says: none */
	expect_checksum(&f, false, false);
	f.b[8]--;
	expect_checksum(&f, true, false);
	struct frame g = { .n = 0 };
	put_v6(&g, 17, 12);
	put_udp(&g, 4); /* RFC 8200 8.1: IPv6 has no such word */
	expect_checksum(&g, false, true);
}

/* What can't be judged isn't: a cut packet, a fragment. */
static void test_checksum_unknown(void **state)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 6, 0, 20 + 4, 0);
	put_tcp(&f, 0, 4);
	struct decoded d;
	decode_cut(&d, &f, f.n - 1, SL_LINK_RAW, true);
	assert_true(d.good);
	assert_int_equal(d.c.c[SL_C_CHECKSUM_L4], 0);
	decoded_free(&d);
	struct frame g = { .n = 0 };
	put_v4(&g, 6, 0, 20 + 4, 0x2000);
	put_tcp(&g, 0, 4);
	decode_cut(&d, &g, g.n, SL_LINK_RAW, true);
	assert_true(d.good);
	decoded_free(&d);
}

static void icmp_case(unsigned type, unsigned code, unsigned sport, unsigned dport)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 1, 0, 8, 0);
	put8(&f, type);
	put8(&f, code);
	put_fill(&f, 6);
	struct decoded d;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_int_equal(d.p.sport, sport);
	assert_int_equal(d.p.dport, dport);
	assert_int_equal(d.p.flags, SL_PKT_L4);
	decoded_free(&d);
}

static void test_icmp(void **state)
{
	icmp_case(8, 0, 8, 0);
	icmp_case(0, 0, 0, 8);
	icmp_case(13, 0, 13, 14);
	icmp_case(14, 0, 14, 13);
	icmp_case(3, 1, 3, 1);
	icmp_case(11, 0, 11, 0);
}

static void test_quoted(void **state)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		struct frame f = { .n = 0 };
		size_t quoted = version == 4 ? 20 : 40;
		if (version == 4)
			put_v4(&f, 1, 0, 8 + quoted + 8, 0);
		else
			put_v6(&f, 58, 8 + quoted + 8);
		size_t icmp = f.n;
		put8(&f, version == 4 ? 3 : 1);
		put8(&f, 1);
		put_fill(&f, 6);
		if (version == 4)
			put_v4(&f, 17, 0, 8, 0);
		else
			put_v6(&f, 17, 8);
		put_udp(&f, 0);
		for (size_t len = icmp; len <= f.n; len++) {
			struct decoded d;
			decode_cut(&d, &f, len, SL_LINK_RAW, false);
			bool whole = len >= icmp + 8 + quoted;
			assert_int_equal((d.p.flags & SL_PKT_QUOTED) != 0, whole);
			if (whole) {
				assert_int_equal(d.p.quoted.version, version);
				assert_memory_equal(d.p.quoted.src.b, d.p.src.b, 16);
				assert_memory_equal(d.p.quoted.dst.b, d.p.dst.b, 16);
			}
			decoded_free(&d);
		}
	}
}

static void test_other_protocols(void **state)
{
	struct frame f = { .n = 0 };
	put_v4(&f, 132, 0, 12, 0);
	put16(&f, 7);
	put16(&f, 9);
	put_fill(&f, 8);
	struct decoded d;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_int_equal(d.p.sport, 7);
	assert_int_equal(d.p.dport, 9);
	decoded_free(&d);
	struct frame g = { .n = 0 };
	put_v4(&g, 89, 0, 12, 0);
	put_fill(&g, 12);
	decode_frame(&d, &g, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.p.proto, 89);
	assert_int_equal(d.p.sport | d.p.flags, 0);
	decoded_free(&d);
}

static void salted(const struct frame *f, uint32_t salt, struct sl_packet *p)
{
	struct sl_counters c = { 0 };
	struct sl_decode_options o = { 0 };
	*p = (struct sl_packet){ .data = f->b, .len = (uint32_t)f->n, .wire_len = (uint32_t)f->n };
	p->linktype = SL_LINK_RAW;
	p->salt = salt;
	assert_int_equal(sl_decode(&o, p, 1, &c), 1);
}

static uint32_t low32(const union sl_addr *a, unsigned version)
{
	const uint8_t *b = a->b + (version == 4 ? 0 : 12);
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The same is added to both addresses, to the low bits only, and never nothing. */
static void test_salt(void **state)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		struct frame f = { .n = 0 };
		if (version == 4)
			put_v4(&f, 17, 0, 8, 0);
		else
			put_v6(&f, 17, 8);
		put_udp(&f, 0);
		struct sl_packet plain, p, before;
		salted(&f, 0, &plain);
		before = plain;
		size_t end = version == 4 ? 4 : 16;
		for (uint32_t i = 1; i < 65536; i += 7) {
			unsigned bits = i & 1 ? 16 : 8;
			uint32_t add = bits == 8 ? i % 255 + 1 : i;
			uint32_t mask = version == 6 ? UINT32_MAX : (1u << bits) - 1;
			salted(&f, SL_SALT(bits, add), &p);
			uint32_t more[2] = { low32(&p.src, version) - low32(&plain.src, version),
				low32(&p.dst, version) - low32(&plain.dst, version) };
			assert_int_equal(more[0] & mask, more[1] & mask);
			assert_int_equal(more[0] & mask, version == 4 ? add : add * 0x9e3779b1u);
			assert_int_equal(
				low32(&p.src, version) & ~mask, low32(&plain.src, version) & ~mask);
			assert_memory_equal(p.src.b, plain.src.b, version == 4 ? 2 : 12);
			assert_memory_not_equal(p.src.b, before.src.b, 16);
			for (size_t k = end; k < 16; k++)
				assert_int_equal(p.src.b[k], 0);
			before = p;
		}
		assert_memory_equal(f.b + (version == 4 ? 12 : 8), plain.src.b, end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v4_options),
		cmocka_unit_test(test_v4_contradictions),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_v4_fragments),
		cmocka_unit_test(test_v6_extensions),
		cmocka_unit_test(test_v6_fragment),
		cmocka_unit_test(test_v6_chain),
		cmocka_unit_test(test_transport_contradictions),
		cmocka_unit_test(test_udp_length),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_checksum_unknown),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_salt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
