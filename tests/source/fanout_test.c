/* SPDX-License-Identifier: BSD-3-Clause */
/* fanout_test.c - the program by which the kernel chooses the socket of a packet, run by libpcap:
 * the same for both directions and every fragment, behind every layer; ports only where they are
 * asked for. The kernel itself runs it in tests/system/ports.py. */
#include "../../lib/source/fanout.h"
#include "test.h"

#include <linux/if_ether.h>

#define KEY 0x12345678u

/* libpcap's; its instructions are the kernel's (bpf(4)). */
unsigned bpf_filter(
	const struct sock_filter *code, const uint8_t *p, unsigned wire_len, unsigned len);

static struct sock_filter code[FANOUT_MAX];

static void program(bool tuple)
{
	uint16_t n = fanout_program(code, KEY, tuple);
	assert_true(n < FANOUT_MAX);
	for (uint16_t i = 0; i < n; i++)
		if (BPF_CLASS(code[i].code) == BPF_JMP && BPF_OP(code[i].code) != BPF_JA)
			assert_true(i + 1 + code[i].jt < n && i + 1 + code[i].jf < n);
}

/* The packet from its network header on; its protocol is what the kernel would know. */
static uint32_t hash(uint16_t type, const uint8_t *p, unsigned len)
{
	code[1] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, type);
	struct guarded g = guarded_new(p, len);
	uint32_t h = bpf_filter(code, g.p, len, len);
	guarded_free(&g);
	return h;
}

struct ends {
	uint8_t a, b;
	uint16_t ap, bp;
};

static unsigned ip4(uint8_t *p, struct ends e, uint8_t proto, unsigned options, uint16_t fragment)
{
	unsigned head = 20 + options * 4;
	memset(p, 0, 64);
	p[0] = (uint8_t)(0x45 + options);
	p[6] = (uint8_t)(fragment >> 8);
	p[7] = (uint8_t)fragment;
	p[9] = proto;
	p[12] = p[16] = 10;
	p[15] = e.a;
	p[19] = e.b;
	p[head] = (uint8_t)(e.ap >> 8);
	p[head + 1] = (uint8_t)e.ap;
	p[head + 2] = (uint8_t)(e.bp >> 8);
	p[head + 3] = (uint8_t)e.bp;
	return head + 8;
}

static unsigned ip6(uint8_t *p, struct ends e, uint8_t proto)
{
	memset(p, 0, 64);
	p[0] = 0x60;
	p[6] = proto;
	p[8] = p[24] = 0x20;
	p[23] = e.a;
	p[39] = e.b;
	p[40] = (uint8_t)(e.ap >> 8);
	p[41] = (uint8_t)e.ap;
	p[42] = (uint8_t)(e.bp >> 8);
	p[43] = (uint8_t)e.bp;
	return 48;
}

static struct ends turned(struct ends e)
{
	return (struct ends){ e.b, e.a, e.bp, e.ap };
}

static uint32_t hash4(struct ends e, uint8_t proto, unsigned options, uint16_t fragment)
{
	uint8_t p[64];
	return hash(ETH_P_IP, p, ip4(p, e, proto, options, fragment));
}

static uint32_t hash6(struct ends e, uint8_t proto)
{
	uint8_t p[64];
	return hash(ETH_P_IPV6, p, ip6(p, e, proto));
}

static const struct ends one = { 1, 2, 1000, 80 }, other = { 1, 2, 1001, 80 },
			 third = { 1, 3, 1000, 80 };

static void test_pair(void **state)
{
	program(false);
	for (unsigned proto = 0; proto < 256; proto++) {
		assert_int_equal(hash4(one, (uint8_t)proto, 0, 0), hash4(other, 6, 3, 0x2001));
		assert_int_equal(hash6(one, (uint8_t)proto), hash6(turned(other), 17));
	}
	assert_int_not_equal(hash4(one, 6, 0, 0), 0);
	assert_int_not_equal(hash4(one, 6, 0, 0), hash4(third, 6, 0, 0));
	assert_int_not_equal(hash6(one, 6), hash6(third, 6));
}

static void test_tuple(void **state)
{
	program(true);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t proto = i ? 17 : 6;
		for (unsigned options = 0; options < 6; options++)
			assert_int_equal(hash4(one, proto, options, 0x4000),
				hash4(turned(one), proto, 0, 0));
		assert_int_equal(hash6(one, proto), hash6(turned(one), proto));
		assert_int_not_equal(hash4(one, proto, 0, 0), hash4(other, proto, 0, 0));
		assert_int_not_equal(hash6(one, proto), hash6(other, proto));
		/* A datagram's fragments meet, the first as well. */
		assert_int_equal(hash4(one, proto, 0, 0x2000), hash4(turned(other), proto, 0, 7));
	}
	assert_int_equal(hash4(one, 1, 0, 0), hash4(turned(other), 1, 0, 0));
	assert_int_equal(hash6(one, 44), hash6(other, 44));
}

/* MPLS, PPPoE and tags before the header change nothing. */
static void test_layers(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t head[12];
		unsigned len;
	} layers[] = {
		{ ETH_P_8021Q, { 0, 5, 8, 0 }, 4 },
		{ ETH_P_8021AD, { 0, 5, 0x81, 0, 0, 6, 8, 0 }, 8 },
		{ ETH_P_MPLS_UC, { 0, 1, 0x01, 9 }, 4 },
		{ ETH_P_MPLS_UC, { 0, 1, 0x00, 9, 0, 2, 0x01, 9 }, 8 },
		{ ETH_P_PPP_SES, { 0x11, 0, 0, 1, 0, 99, 0, 0x21 }, 8 },
	};
	for (unsigned tuple = 0; tuple < 2; tuple++) {
		program(tuple);
		for (unsigned i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
			uint8_t p[96];
			memcpy(p, layers[i].head, layers[i].len);
			unsigned len = ip4(p + layers[i].len, one, 6, 0, 0);
			assert_int_equal(hash(layers[i].type, p, layers[i].len + len),
				hash4(turned(one), 6, 0, 0));
		}
	}
}

/* Cut at every length, and what is no IP: one socket, nothing read behind the end. */
static void test_cut(void **state)
{
	for (unsigned tuple = 0; tuple < 2; tuple++) {
		uint8_t p[64];
		program(tuple);
		for (unsigned len = 0; len < 20; len++) {
			(void)ip4(p, one, 6, 0, 0);
			assert_int_equal(hash(ETH_P_IP, p, len), 0);
		}
		(void)ip4(p, one, 6, 0, 0);
		assert_true((hash(ETH_P_IP, p, 22) == 0) == tuple);
		assert_int_equal(hash(ETH_P_ARP, p, 28), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_tuple),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
