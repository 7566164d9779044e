/* SPDX-License-Identifier: BSD-3-Clause */
/* spread_test.c - the hash that chooses the worker: the same for an address pair in either
 * direction and below every link layer, 0 for what has no addresses, and nothing read behind the
 * packet. */
#include "bytes.h"

#include <sightline/packet.h>
#include <sightline/source.h>

#include <stdio.h>
#include <unistd.h>

#define LINKS 18

static const struct link {
	uint16_t linktype;
	uint8_t head[32];
	size_t len, type_at; /* type_at: of the bytes that name IPv4; 0: nothing does */
} links[LINKS] = {
	{ SL_LINK_ETHERNET, { [12] = 8, 0 }, 14, 12 },
	{ SL_LINK_ETHERNET, { [12] = 0x81, 0, 0, 5, 8, 0 }, 18, 16 },
	{ SL_LINK_ETHERNET, { [12] = 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0 }, 22, 20 },
	{ SL_LINK_ETHERNET, { [12] = 0x91, 0, 0, 5, 0x91, 0, 0, 6, 0x81, 0, 0, 7, 8, 0 }, 26, 24 },
	{ SL_LINK_SLL, { [14] = 8, 0 }, 16, 14 },
	{ SL_LINK_SLL, { [14] = 0x81, 0, 0, 5, 8, 0 }, 20, 18 },
	{ SL_LINK_NULL, { 2, 0, 0, 0 }, 4, 0 },
	{ SL_LINK_LOOP, { 0, 0, 0, 2 }, 4, 0 },
	{ SL_LINK_RAW, { 0 }, 0, 0 },
	{ SL_LINK_RAW_BSD, { 0 }, 0, 0 },
	{ SL_LINK_RAW_OPENBSD, { 0 }, 0, 0 },
	{ SL_LINK_IPV4, { 0 }, 0, 0 },
	/* MPLS; PPPoE below a tag; IP in IP; GRE; PPP; 802.11 */
	{ SL_LINK_ETHERNET, { [12] = 0x88, 0x47, 0, 1, 0x01, 9 }, 18, 0 },
	{ SL_LINK_ETHERNET, { [12] = 0x81, 0, 0, 5, 0x88, 0x64, 0x11, 0, 0, 1, 0, 99, 0, 0x21 }, 26,
		24 },
	{ SL_LINK_RAW, { [0] = 0x45, [9] = 4, [12] = 9, [16] = 7 }, 20, 0 },
	{ SL_LINK_RAW, { [0] = 0x45, [9] = 47, [12] = 7, [16] = 9, [22] = 8, 0 }, 24, 22 },
	{ SL_LINK_PPP, { 0xff, 3, 0, 0x21 }, 4, 2 },
	{ SL_LINK_WLAN, { [0] = 8, [24] = 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 }, 32, 30 },
};

/* Everything that the hashes were, in the capture's order. */
static unsigned hashes_of(const struct bytes *b, uint32_t *hash)
{
	char path[] = "/tmp/sightline-spread-XXXXXX", err[256];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->p, b->len), b->len);
	close(fd);
	struct sl_replay_options o = { .paths = (const char *[]){ path },
		.path_count = 1,
		.queues = 1,
		.loop = 1,
		.memory_bytes = 1 };
	struct sl_source *s;
	assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), 0);
	unlink(path);
	assert_int_equal(sl_replay_start(s), 0);
	unsigned seen = 0;
	for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END;) {
		struct sl_packet p[SL_BURST];
		uint16_t n;
		rx = s->ops->rx_burst(s, 0, p, SL_BURST, &n);
		for (unsigned i = 0; i < n; i++)
			hash[seen++] = p[i].rss_hash;
		s->ops->release(s, 0, p, n);
	}
	s->ops->close(s);
	return seen;
}

static size_t ip_of(uint8_t *p, unsigned version, bool back)
{
	size_t len = version == 4 ? 20 : 40, at = version == 4 ? 12 : 8;
	size_t width = version == 4 ? 4 : 16;
	memset(p, 0, len);
	p[0] = (uint8_t)(version << 4 | 5);
	memset(p + at, back ? 0x22 : 0x11, width);
	memset(p + at + width, back ? 0x11 : 0x22, width);
	p[at] = p[at + width] = 0x20;
	return len;
}

/* What names IPv4 is made to name IPv6. */
static void name_v6(const struct link *l, uint8_t *p)
{
	if (l->linktype == SL_LINK_NULL)
		p[0] = 30;
	else if (l->linktype == SL_LINK_LOOP)
		p[3] = 30;
	else if (l->type_at > 0 && p[l->type_at] == 0)
		p[l->type_at + 1] = 0x57; /* PPP's number */
	else if (l->type_at > 0)
		memcpy(p + l->type_at, "\x86\xdd", 2);
}

static void put_links(struct bytes *b, unsigned version)
{
	put_shb(b, 1, 0);
	for (unsigned i = 0; i < LINKS; i++) {
		bool named = version == 6 && links[i].linktype == SL_LINK_IPV4;
		put_idb(b, named ? SL_LINK_IPV6 : links[i].linktype, 0);
	}
	for (unsigned i = 0; i < 2 * LINKS; i++) {
		const struct link *l = &links[i / 2];
		uint8_t p[128];
		memcpy(p, l->head, l->len);
		if (version == 6)
			name_v6(l, p);
		size_t len = l->len + ip_of(p + l->len, version, i & 1);
		put_epb(b, i / 2, i, (const char *)p, (uint32_t)len, (uint32_t)len);
	}
}

static void test_links(void **state)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		struct bytes b = { 0 };
		uint32_t hash[2 * LINKS];
		put_links(&b, version);
		assert_int_equal(hashes_of(&b, hash), 2 * LINKS);
		assert_true(hash[0] != 0);
		for (unsigned i = 0; i < 2 * LINKS; i++)
			assert_int_equal(hash[i], hash[0]);
	}
}

/* A tunnel's packet whose inside is cut is one of the tunnel's ends' own flow. */
static void test_broken_inside(void **state)
{
	struct bytes b = { 0 };
	uint32_t hash[3];
	uint8_t p[60] = { [0] = 0x45, [9] = 47, [22] = 8, 0 };
	(void)ip_of(p, 4, false);
	put_shb(&b, 1, 0);
	put_idb(&b, SL_LINK_RAW, 0);
	put_epb(&b, 0, 0, (const char *)p, 20, 20);
	p[9] = 47;
	p[22] = 8;
	(void)ip_of(p + 24, 4, false);
	p[24 + 12] = 0x33;
	put_epb(&b, 0, 0, (const char *)p, 24 + 19, 24 + 20);
	put_epb(&b, 0, 0, (const char *)p, 24 + 20, 24 + 20);
	assert_int_equal(hashes_of(&b, hash), 3);
	assert_int_equal(hash[1], hash[0]);
	assert_true(hash[2] != hash[0] && hash[2] != 0);
}

/* ARP, an unknown link, a header cut at every length, tags without end. */
static void test_no_address(void **state)
{
	struct bytes b = { 0 };
	uint32_t hash[64];
	uint8_t p[64] = { [12] = 8, 6 };
	put_shb(&b, 1, 0);
	put_idb(&b, SL_LINK_ETHERNET, 0);
	put_idb(&b, 147, 0);
	put_idb(&b, SL_LINK_NULL, 0);
	put_epb(&b, 0, 0, (const char *)p, 60, 60);
	put_epb(&b, 1, 0, (const char *)p, 60, 60);
	for (unsigned i = 12; i < 64; i += 4)
		memcpy(p + i, "\x81\0\0\1", 4);
	put_epb(&b, 0, 0, (const char *)p, 64, 64);
	memset(p, 0, sizeof(p));
	p[12] = 8;
	(void)ip_of(p + 14, 4, false);
	for (unsigned len = 0; len < 34; len++)
		put_epb(&b, 0, 0, (const char *)p, len, 34);
	for (unsigned len = 0; len < 6; len++)
		put_epb(&b, 2, 0, (const char *)p, len, 34);
	unsigned n = hashes_of(&b, hash);
	assert_int_equal(n, 3 + 34 + 6);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(hash[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_broken_inside),
		cmocka_unit_test(test_no_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
