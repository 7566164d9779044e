/* SPDX-License-Identifier: BSD-3-Clause */
/* link_test.c - every link type, VLAN stacks, LLC. */
#include "frame.h"

#define BYTES(x) sizeof(x) - 1, x
#define MACS "\2\0\0\0\0\2\2\0\0\0\0\1"
#define WLAN "\0\0\1\1\1\1\1\1\2\2\2\2\2\2\3\3\3\3\3\3\0\0" /* behind frame control */
#define LLC "\xaa\xaa\3\0\0\0"

static void put_ip(struct frame *f, uint8_t version)
{
	if (version == 4)
		put_v4(f, 17, 0, 8 + 4, 0);
	else
		put_v6(f, 17, 8 + 4);
	put_udp(f, 4);
}

static void expect_ip(const struct decoded *d, uint8_t version)
{
	assert_true(d->good);
	assert_int_equal(d->p.version, version);
	assert_int_equal(d->p.proto, 17);
	assert_int_equal(d->p.sport, 40000);
	assert_int_equal(d->p.dport, 53);
	assert_int_equal(d->p.payload_len, 4);
	if (version == 4) {
		assert_memory_equal(d->p.src.b, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		assert_memory_equal(d->p.dst.b, "\xc6\x33\x64\x02\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	} else {
		assert_int_equal(d->p.src.b[15], 1);
		assert_int_equal(d->p.dst.b[15], 2);
	}
}

/* Decodes the frame whole and cut at every length: the addresses come exactly where the IP header
 * is whole. */
static void check(const struct frame *f, uint16_t linktype, uint8_t version)
{
	size_t ip_end = f->n - 12;
	for (size_t len = 0; len <= f->n; len++) {
		struct decoded d;
		decode_cut(&d, f, len, linktype, false);
		assert_int_equal(d.good, len >= ip_end);
		assert_int_equal((d.p.flags & SL_PKT_L4) != 0, len >= ip_end + 8);
		assert_int_equal((d.p.flags & SL_PKT_CUT) != 0, len < f->n);
		assert_int_equal(d.c.c[SL_C_CUT_PACKETS], len < f->n);
		if (len == f->n)
			expect_ip(&d, version);
		decoded_free(&d);
	}
}

static void expect_drop(const struct frame *f, uint16_t linktype, enum sl_drop drop)
{
	struct decoded d;
	decode_frame(&d, f, linktype);
	assert_false(d.good);
	assert_int_equal(d.c.drop[drop], 1);
	decoded_free(&d);
}

static void test_ethernet(void **state)
{
	for (unsigned tags = 0; tags <= 4; tags++) {
		for (uint8_t version = 4; version <= 6; version += 2) {
			static const unsigned kind[] = { 0x8100, 0x88a8, 0x9100, 0x8100, 0 };
			struct frame f = { .n = 0 };
			unsigned type = version == 4 ? 0x0800 : 0x86dd;
			put_ethernet(&f, tags ? kind[0] : type);
			for (unsigned i = 0; i < tags; i++) {
				put16(&f, 0xe000 | (100 + i)); /* priority 7 */
				put16(&f, i + 1 < tags ? kind[i + 1] : type);
			}
			put_ip(&f, version);
			check(&f, SL_LINK_ETHERNET, version);
			struct decoded d;
			decode_frame(&d, &f, SL_LINK_ETHERNET);
			assert_int_equal(d.p.vlan_count, tags);
			for (unsigned i = 0; i < tags; i++)
				assert_int_equal(d.p.vlan[i], 100 + i);
			assert_true(d.p.flags & SL_PKT_MACS);
			assert_memory_equal(d.p.data + d.p.mac_off, "\2\0\0\0\0\2", 6);
			decoded_free(&d);
		}
	}
}

/* VN-Tag, Cisco's metadata and E-TAG, between VLAN tags. */
static void test_tags_of_switches(void **state)
{
	static const struct {
		unsigned type;
		size_t bytes;
	} tags[] = { { 0x8926, 4 }, { 0x8909, 6 }, { 0x893f, 6 } };
	for (unsigned i = 0; i < 6; i++) {
		struct frame f = { .n = 0 };
		uint8_t version = i & 1 ? 6 : 4;
		put_ethernet(&f, 0x8100);
		put16(&f, 100);
		put16(&f, tags[i / 2].type);
		put_fill(&f, tags[i / 2].bytes);
		put16(&f, 0x8100);
		put16(&f, 101);
		put16(&f, version == 4 ? 0x0800 : 0x86dd);
		put_ip(&f, version);
		check(&f, SL_LINK_ETHERNET, version);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_ETHERNET);
		assert_int_equal(d.p.vlan_count, 2);
		assert_int_equal(d.p.vlan[0], 100);
		assert_int_equal(d.p.vlan[1], 101);
		decoded_free(&d);
		f.n = 14 + 4 + tags[i / 2].bytes + 1; /* not even the type behind it */
		expect_drop(&f, SL_LINK_ETHERNET, SL_DROP_SHORT);
	}
	struct frame deep = { .n = 0 };
	put_ethernet(&deep, 0x8926);
	while (deep.n < 1000) {
		put32(&deep, 0);
		put16(&deep, 0x8926);
	}
	expect_drop(&deep, SL_LINK_ETHERNET, SL_DROP_NOT_IP);
}

static void test_five_tags(void **state)
{
	struct frame f = { .n = 0 };
	put_ethernet(&f, 0x8100);
	for (unsigned i = 0; i < 5; i++) {
		put16(&f, i);
		put16(&f, i < 4 ? 0x8100 : 0x0800);
	}
	put_ip(&f, 4);
	expect_drop(&f, SL_LINK_ETHERNET, SL_DROP_VLAN_DEPTH);
}

/* The tag that the NIC took off stays where the source put it. */
static void test_stripped_tag(void **state)
{
	struct frame f = { .n = 0 };
	put_ethernet(&f, 0x8100);
	put16(&f, 8);
	put16(&f, 0x0800);
	put_ip(&f, 4);
	struct sl_packet p = { .data = f.b, .len = (uint32_t)f.n, .wire_len = (uint32_t)f.n };
	p.linktype = SL_LINK_ETHERNET;
	p.flags = SL_PKT_VLAN_STRIPPED;
	p.vlan[0] = 7;
	struct sl_counters c = { 0 };
	struct sl_decode_options o = { 0 };
	assert_int_equal(sl_decode(&o, &p, 1, &c), 1);
	assert_int_equal(p.vlan_count, 2);
	assert_int_equal(p.vlan[0], 7);
	assert_int_equal(p.vlan[1], 8);
}

static void test_802_3(void **state)
{
	struct frame snap = { .n = 0 };
	put_ethernet(&snap, 8 + 32);
	put(&snap, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
	put_ip(&snap, 4);
	check(&snap, SL_LINK_ETHERNET, 4);

	struct frame sap = { .n = 0 };
	put_ethernet(&sap, 3 + 32);
	put(&sap, "\x06\x06\x03", 3);
	put_ip(&sap, 4);
	check(&sap, SL_LINK_ETHERNET, 4);

	struct frame stp = { .n = 0 };
	put_ethernet(&stp, 38);
	put(&stp, "\x42\x42\x03", 3);
	put_fill(&stp, 35);
	expect_drop(&stp, SL_LINK_ETHERNET, SL_DROP_NOT_IP);
}

static void test_not_ip(void **state)
{
	struct frame arp = { .n = 0 };
	put_ethernet(&arp, 0x0806);
	put_fill(&arp, 28);
	expect_drop(&arp, SL_LINK_ETHERNET, SL_DROP_NOT_IP);

	struct frame odd = { .n = 0 };
	put_ethernet(&odd, 0x0800);
	put_ip(&odd, 6);
	expect_drop(&odd, SL_LINK_ETHERNET, SL_DROP_IP_VERSION);
	expect_drop(&odd, 9999, SL_DROP_LINKTYPE);
}

static void test_null(void **state)
{
	static const uint32_t family[] = { 2, 24, 28, 30 };
	for (unsigned i = 0; i < 4; i++) {
		for (int order = 0; order < 2; order++) {
			struct frame f = { .n = 0 };
			put32(&f, order ? family[i] : family[i] << 24);
			put_ip(&f, i ? 6 : 4);
			check(&f, order ? SL_LINK_LOOP : SL_LINK_NULL, i ? 6 : 4);
		}
	}
	struct frame with_type = { .n = 0 };
	put32(&with_type, 0x0f000800);
	put_ip(&with_type, 4);
	check(&with_type, SL_LINK_NULL, 4);
	struct frame f = { .n = 0 };
	put32(&f, 7);
	put_ip(&f, 4);
	expect_drop(&f, SL_LINK_NULL, SL_DROP_NOT_IP);
}

static void test_raw(void **state)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct frame f = { .n = 0 };
		put_ip(&f, version);
		check(&f, SL_LINK_RAW, version);
		check(&f, SL_LINK_RAW_BSD, version);
		check(&f, SL_LINK_RAW_OPENBSD, version);
		check(&f, version == 4 ? SL_LINK_IPV4 : SL_LINK_IPV6, version);
		expect_drop(&f, version == 4 ? SL_LINK_IPV6 : SL_LINK_IPV4, SL_DROP_IP_VERSION);
	}
}

static void put_sll(struct frame *f, unsigned hardware, unsigned type)
{
	put16(f, 0);
	put16(f, hardware);
	put16(f, 6);
	put_fill(f, 8);
	put16(f, type);
}

static void test_cooked(void **state)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		unsigned type = version == 4 ? 0x0800 : 0x86dd;
		struct frame f = { .n = 0 };
		put_sll(&f, 1, type);
		put_ip(&f, version);
		check(&f, SL_LINK_SLL, version);

		struct frame g = { .n = 0 };
		put16(&g, type);
		put16(&g, 0);
		put32(&g, 3);
		put16(&g, 1);
		put16(&g, 6);
		put_fill(&g, 8);
		put_ip(&g, version);
		check(&g, SL_LINK_SLL2, version);
	}
	struct frame tagged = { .n = 0 };
	put_sll(&tagged, 1, 0x8100);
	put16(&tagged, 12);
	put16(&tagged, 0x0800);
	put_ip(&tagged, 4);
	check(&tagged, SL_LINK_SLL, 4);
	struct frame netlink = { .n = 0 };
	put_sll(&netlink, 824, 0x0800);
	put_ip(&netlink, 4);
	expect_drop(&netlink, SL_LINK_SLL, SL_DROP_NOT_IP);
}

/* What lies before the IP header, link type by link type. */
static const struct {
	const char *name;
	uint16_t linktype;
	uint8_t n;
	const char *head;
	uint8_t version;
} heads[] = {
	{ "PPP", SL_LINK_PPP, BYTES("\xff\3\0\x21"), 4 },
	{ "PPP, no address", SL_LINK_PPP, BYTES("\0\x57"), 6 },
	{ "PPP, short protocol", SL_LINK_PPP, BYTES("\x21"), 4 },
	{ "PPP, address, short protocol", SL_LINK_PPP_HDLC, BYTES("\xff\3\x57"), 6 },
	{ "PPP, MPLS", SL_LINK_PPP, BYTES("\xff\3\2\x81\0\0\1\x40"), 4 },
	{ "PPP, pppd", SL_LINK_PPP_PPPD, BYTES("\1\3\0\x21"), 4 },
	{ "PPP, direction", SL_LINK_PPP_WITH_DIR, BYTES("\1\xff\3\0\x57"), 6 },
	{ "PPPoE link", SL_LINK_PPPOE, BYTES("\x11\0\0\1\0\x22\0\x21"), 4 },
	{ "PPPoE", SL_LINK_ETHERNET, BYTES(MACS "\x88\x64\x11\0\0\1\0\x36\0\x57"), 6 },
	{ "PPPoE in QinQ", SL_LINK_ETHERNET,
		BYTES(MACS "\x88\xa8\0\1\x81\0\0\2\x88\x64\x11\0\0\1\0\x22\0\x21"), 4 },
	{ "Cisco HDLC", SL_LINK_CISCO_HDLC, BYTES("\x0f\0\x08\0"), 4 },
	{ "Cisco HDLC, multicast", SL_LINK_PPP_HDLC, BYTES("\x8f\0\x86\xdd"), 6 },
	{ "Cisco HDLC, direction", SL_LINK_CISCO_HDLC_WITH_DIR, BYTES("\0\x0f\0\x08\0"), 4 },
	{ "Frame Relay", SL_LINK_FRAME_RELAY, BYTES("\x18\x41\3\xcc"), 4 },
	{ "Frame Relay, padded", SL_LINK_FRAME_RELAY, BYTES("\x18\x41\3\0\x8e"), 6 },
	{ "Frame Relay, four bytes", SL_LINK_FRAME_RELAY, BYTES("\x18\x40\x40\x41\3\xcc"), 4 },
	{ "Frame Relay, Cisco", SL_LINK_FRAME_RELAY, BYTES("\x18\x41\x86\xdd"), 6 },
	{ "Frame Relay, SNAP", SL_LINK_FRAME_RELAY_WITH_DIR,
		BYTES("\0\x18\x41\3\0\x80\0\0\0\x08\0"), 4 },
	{ "Frame Relay, bridged", SL_LINK_FRAME_RELAY,
		BYTES("\x18\x41\3\0\x80\0\x80\xc2\0\7" MACS "\x08\0"), 4 },
	{ "LLC over ATM", SL_LINK_ATM_LLC, BYTES("\xaa\xaa\3\0\0\0\x86\xdd"), 6 },
	{ "LLC, NLPID", SL_LINK_ATM_LLC, BYTES("\xfe\xfe\3\xcc"), 4 },
	{ "MPLS link", SL_LINK_MPLS, BYTES("\0\0\0\x40\0\0\1\x40"), 6 },
	{ "MPLS", SL_LINK_ETHERNET, BYTES(MACS "\x88\x47\0\0\0\x40\0\0\1\x40"), 4 },
	{ "MPLS, channel", SL_LINK_MPLS, BYTES("\0\0\1\x40\x10\0\0\x57"), 6 },
	{ "MPLS, pseudowire", SL_LINK_MPLS, BYTES("\0\0\1\x40" MACS "\x08\0"), 4 },
	{ "MPLS, control word, tag", SL_LINK_MPLS,
		BYTES("\0\0\1\x40\0\0\0\0" MACS "\x81\0\0\7\x86\xdd"), 6 },
	{ "MPLS, a MAC address like IPv4's first byte", SL_LINK_MPLS,
		BYTES("\0\0\1\x40\x44xxxxxyyyyyy\x08\0"), 4 },
	{ "bridged in Ethernet", SL_LINK_ETHERNET, BYTES(MACS "\x65\x58" MACS "\x86\xdd"), 6 },
	{ "802.11", SL_LINK_WLAN, BYTES("\x08\1" WLAN LLC "\x08\0"), 4 },
	{ "802.11, four addresses", SL_LINK_WLAN, BYTES("\x08\3" WLAN "MAC..." LLC "\x08\0"), 4 },
	{ "802.11, QoS", SL_LINK_WLAN, BYTES("\x88\2" WLAN "\0\0" LLC "\x86\xdd"), 6 },
	{ "802.11, QoS and HT", SL_LINK_WLAN, BYTES("\x88\x82" WLAN "\0\0HT.." LLC "\x08\0"), 4 },
	{ "802.11, aggregate", SL_LINK_WLAN,
		BYTES("\x88\2" WLAN "\x80\0"
		      "macmacMACMAC\0\x28" LLC "\x08\0"),
		4 },
	{ "radiotap", SL_LINK_RADIOTAP, BYTES("\0\0\x0a\0\0\0\0\0xx\x08\1" WLAN LLC "\x08\0"), 4 },
	{ "radiotap, padded", SL_LINK_RADIOTAP,
		BYTES("\0\0\x21\0\3\0\0\x80\0\0\0\x80\0\0\0\0"
		      "microsec"
		      "microse."
		      "\x20"
		      "\x88\2" WLAN "\0\0"
		      "pa" LLC "\x86\xdd"),
		6 },
	{ "Prism", SL_LINK_PRISM, BYTES("\x44\0\0\0\x0c\0\0\0wlan\x08\1" WLAN LLC "\x08\0"), 4 },
	{ "AVS", SL_LINK_AVS, BYTES("\x80\x21\x10\1\0\0\0\x0cwlan\x08\1" WLAN LLC "\x86\xdd"), 6 },
};

static void test_heads(void **state)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct frame f = { .n = 0 };
		print_message("%s\n", heads[i].name);
		put(&f, heads[i].head, heads[i].n);
		put_ip(&f, heads[i].version);
		check(&f, heads[i].linktype, heads[i].version);
	}
}

static void expect_drop_of(const char *head, size_t n, uint16_t linktype)
{
	struct frame f = { .n = 0 };
	put(&f, head, n);
	put_ip(&f, 4);
	expect_drop(&f, linktype, SL_DROP_NOT_IP);
}

/* Control and management, encryption, later fragments, what nobody knows. */
static void test_heads_without_ip(void **state)
{
	expect_drop_of("\xff\3\xc0\x21", 4, SL_LINK_PPP); /* LCP */
	expect_drop_of("\x11\x09\0\0\0\x20", 6, SL_LINK_PPPOE); /* discovery */
	expect_drop_of("\x0f\0\x80\x35", 4, SL_LINK_CISCO_HDLC); /* SLARP */
	expect_drop_of("\x18\x40\x40\x40\x41\3\xcc", 7, SL_LINK_FRAME_RELAY);
	expect_drop_of("\xfe\xfe\3\x83", 4, SL_LINK_ATM_LLC); /* IS-IS */
	expect_drop_of("\0\0\1\x40\x10\0\0\7", 8, SL_LINK_MPLS); /* BFD, no IP */
	expect_drop_of("\x80\0" WLAN, 24, SL_LINK_WLAN); /* beacon */
	expect_drop_of("\x48\1" WLAN, 24, SL_LINK_WLAN); /* no data */
	expect_drop_of("\x08\x41" WLAN LLC "\x08\0", 32, SL_LINK_WLAN);
	expect_drop_of("\x08\1"
		       "durationMAC.MAC.MAC.\1\0" LLC "\x08\0",
		32, SL_LINK_WLAN);
	expect_drop_of("\1\0\x08\0\0\0\0\0", 8, SL_LINK_RADIOTAP);
	expect_drop_of("\0\0\0\7\0\0\0\7", 8, SL_LINK_PRISM);
}

/* A stack of labels, and frames in each other, without end. */
static void test_depth(void **state)
{
	struct frame labels = { .n = 0 }, frames = { .n = 0 };
	while (labels.n < 2000)
		put32(&labels, 0x40);
	expect_drop(&labels, SL_LINK_MPLS, SL_DROP_NOT_IP);
	while (frames.n < 2000)
		put_ethernet(&frames, 0x6558);
	expect_drop(&frames, SL_LINK_ETHERNET, SL_DROP_NOT_IP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_tags_of_switches),
		cmocka_unit_test(test_five_tags),
		cmocka_unit_test(test_stripped_tag),
		cmocka_unit_test(test_802_3),
		cmocka_unit_test(test_not_ip),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_cooked),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_heads_without_ip),
		cmocka_unit_test(test_depth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
