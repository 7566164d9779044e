/* SPDX-License-Identifier: BSD-3-Clause */
/* tunnel_test.c - everything that carries IP inside IP, cut at every length: with the inner header
 * whole the packet is known by it, before that by the outer one. */
#include "frame.h"

/* What lies between the outer IP header and the inner. */
struct tunnel {
	const char *name;
	uint8_t proto; /* of the outer IP header; with UDP `port` */
	uint16_t port;
	uint8_t n;
	const char *head; /* n bytes, UDP's header not counted */
	uint8_t inner; /* IP version */
	uint8_t tail; /* bytes behind the inner packet */
};

#define ETHERNET4 "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0"
#define ETHERNET6 "\2\0\0\0\0\2\2\0\0\0\0\1\x86\xdd"
#define TAGGED6 "\2\0\0\0\0\2\2\0\0\0\0\1\x81\0\0\7\x86\xdd"
#define BYTES(x) sizeof(x) - 1, x

static const struct tunnel tunnels[] = {
	{ "4 in IP", 4, 0, BYTES(""), 4, 0 },
	{ "6 in IP", 41, 0, BYTES(""), 6, 0 },
	{ "AH", 51, 0, BYTES("\x04\4\0\0\0\0\0\1\0\0\0\1abcdefghijkl"), 4, 0 },
	{ "EtherIP", 97, 0, BYTES("\x30\0" ETHERNET6), 6, 0 },
	{ "MPLS in IP", 137, 0, BYTES("\0\0\1\x40"), 6, 0 },
	{ "Ethernet in IP", 143, 0, BYTES(ETHERNET4), 4, 0 },
	{ "GRE", 47, 0, BYTES("\0\0\x08\0"), 4, 0 },
	{ "GRE, IPv6", 47, 0, BYTES("\0\0\x86\xdd"), 6, 0 },
	{ "GRE, checksum", 47, 0, BYTES("\x80\0\x08\0sum."), 4, 0 },
	{ "GRE, key", 47, 0, BYTES("\x20\0\x08\0key."), 4, 0 },
	{ "GRE, sequence", 47, 0, BYTES("\x10\0\x08\0seq."), 4, 0 },
	{ "GRE, all", 47, 0, BYTES("\xf0\0\x08\0sum.key.seq.\0\2\0\4road\0\2\1\2hi\0\0\0\0"), 4,
		0 },
	{ "GRE, PPP", 47, 0, BYTES("\0\0\x88\x0b\xff\3\0\x57"), 6, 0 },
	{ "PPTP", 47, 0, BYTES("\x30\1\x88\x0b\0\x2a..seq.\xff\3\0\x21"), 4, 6 },
	{ "PPTP, ack, short", 47, 0, BYTES("\x30\x81\x88\x0b\0\x2a..seq.ack.\x21"), 4, 9 },
	{ "NVGRE", 47, 0, BYTES("\x20\0\x65\x58vsid" ETHERNET4), 4, 0 },
	{ "GRE, MPLS", 47, 0, BYTES("\0\0\x88\x47\0\0\0\x40\0\0\1\x40"), 4, 0 },
	{ "ERSPAN I", 47, 0, BYTES("\0\0\x88\xbe" ETHERNET4), 4, 0 },
	{ "ERSPAN II", 47, 0, BYTES("\x10\0\x88\xbeseq.\x10\0\0\0\0\0\0\0" TAGGED6), 6, 4 },
	{ "ERSPAN III", 47, 0, BYTES("\x10\0\x22\xebseq.\x20\0\0\0\0\0\0\0\0\0\0\0" ETHERNET4), 4,
		0 },
	{ "ERSPAN III, sub-header, IP", 47, 0,
		BYTES("\x10\0\x22\xebseq.\x20\0\0\0\0\0\0\0\0\0\x08\1platform"), 6, 0 },
	{ "WCCP 1", 47, 0, BYTES("\0\0\x88\x3e"), 4, 0 },
	{ "WCCP 2", 47, 0, BYTES("\0\0\x88\x3e\0\0\0\0"), 4, 0 },
	{ "VXLAN", 17, 4789, BYTES("\x08\0\0\0\0\0\1\0" ETHERNET4), 4, 0 },
	{ "VXLAN, group, old port", 17, 8472, BYTES("\x88\x08\1\2\0\0\1\0" TAGGED6), 6, 0 },
	{ "VXLAN, policy without group", 17, 4789, BYTES("\x08\x08\x7f\x7f\0\0\1\0" ETHERNET4), 4,
		0 },
	{ "VXLAN-GPE, IPv4", 17, 4790, BYTES("\x0c\0\0\1\0\0\1\0"), 4, 0 },
	{ "VXLAN-GPE, IPv6", 17, 4790, BYTES("\x0c\0\0\2\0\0\1\0"), 6, 0 },
	{ "VXLAN-GPE, Ethernet", 17, 4790, BYTES("\x0c\0\0\3\0\0\1\0" ETHERNET6), 6, 0 },
	{ "VXLAN-GPE, MPLS", 17, 4790, BYTES("\x0c\0\0\5\0\0\1\0\0\0\1\x40"), 6, 0 },
	{ "VXLAN-GPE, NSH", 17, 4790, BYTES("\x0c\0\0\4\0\0\1\0\0\3\1\1path.ctx"), 4, 0 },
	{ "Geneve", 17, 6081, BYTES("\0\0\x65\x58\0\0\1\0" ETHERNET4), 4, 0 },
	{ "Geneve, options", 17, 6081, BYTES("\2\0\x86\xdd\0\0\1\0opt1opt2"), 6, 0 },
	{ "GTP-U", 17, 2152, BYTES("\x30\xff\0\x20teid"), 4, 5 },
	{ "GTP-U, sequence", 17, 2152, BYTES("\x32\xff\0\x24teidse\0\x85"), 4, 0 },
	{ "GTP-U, extensions", 17, 2152, BYTES("\x34\xff\0\x2cteid\0\0\0\x85\1pd\xc0\1pd\0"), 4,
		0 },
	{ "GRE over UDP", 17, 4754, BYTES("\0\0\x86\xdd"), 6, 0 },
	{ "MPLS over UDP", 17, 6635, BYTES("\0\0\1\x40"), 4, 0 },
	{ "MPLS over UDP, control word", 17, 6635, BYTES("\0\0\1\x40\0\0\0\0" ETHERNET6), 6, 0 },
	{ "L2TP", 17, 1701, BYTES("\0\2tuse\xff\3\0\x21"), 4, 0 },
	{ "L2TP, all", 17, 1701, BYTES("\x4a\2\0\x33tuseNsNr\0\3pad\0\x21"), 4, 3 },
	{ "L2TP, IPv6", 17, 1701, BYTES("\0\2tuse\x57"), 6, 0 },
	{ "AYIYA", 17, 5072,
		BYTES("\x44\x52\x11\x29"
		      "time0123456789abcdef"
		      "01234567890123456789"),
		6, 0 },
};

/* A byte in the outer source tells it from the inner. */
static void put_ip(struct frame *f, uint8_t version, unsigned proto, size_t rest)
{
	if (version == 4)
		put_v4(f, proto, 0, rest, 0);
	else
		put_v6(f, proto, rest);
}

static void put_outer(struct frame *f, uint8_t version, unsigned proto, size_t rest)
{
	put_ip(f, version, proto, rest);
	f->b[f->n - (version == 4 ? 5 : 17)] = 99;
}

static size_t ip_len(uint8_t version)
{
	return version == 4 ? 20 : 40;
}

/* One tunnel's packet: Ethernet, the outer IP header, the tunnel, the inner IP header, UDP with
 * four bytes. The ends of both IP headers are told. */
static void put_tunnel(struct frame *f, const struct tunnel *t, uint8_t outer, size_t end[2])
{
	size_t in = ip_len(t->inner) + 12, rest = t->n + in + t->tail;
	put_ethernet(f, outer == 4 ? 0x0800 : 0x86dd);
	put_outer(f, outer, t->proto, rest + (t->port ? 8 : 0));
	end[0] = f->n;
	if (t->port) {
		put16(f, 40000);
		put16(f, t->port);
		put16(f, (unsigned)rest + 8);
		put16(f, 0);
	}
	put(f, t->head, t->n);
	put_ip(f, t->inner, 17, 12);
	end[1] = f->n;
	put_udp(f, 4);
	put_fill(f, t->tail);
}

static void expect_outside(const struct decoded *d, const struct tunnel *t, uint8_t outer)
{
	assert_true(d->good);
	assert_int_equal(d->p.version, outer);
	assert_int_equal(d->p.src.b[outer == 4 ? 3 : 15], 99);
	assert_int_equal(d->p.outer_count, 0);
	assert_int_equal(d->p.tunnels, 0);
	assert_int_equal(d->c.c[SL_C_TUNNEL_HEADERS], 0);
	if (d->p.flags & SL_PKT_L4)
		assert_int_equal(d->p.dport, t->port);
}

/* By how its name begins. */
static enum sl_tunnel kind_of(const struct tunnel *t)
{
	static const struct {
		const char *name;
		enum sl_tunnel kind;
	} kinds[] = { { "4 in IP", SL_TUNNEL_IPIP }, { "6 in IP", SL_TUNNEL_IPIP },
		{ "AH", SL_TUNNEL_IPIP }, { "EtherIP", SL_TUNNEL_ETHERIP },
		{ "MPLS", SL_TUNNEL_MPLS }, { "Ethernet in IP", SL_TUNNEL_SRV6 },
		{ "GRE", SL_TUNNEL_GRE }, { "NVGRE", SL_TUNNEL_GRE }, { "PPTP", SL_TUNNEL_PPTP },
		{ "ERSPAN", SL_TUNNEL_ERSPAN }, { "WCCP", SL_TUNNEL_WCCP },
		{ "VXLAN", SL_TUNNEL_VXLAN }, { "Geneve", SL_TUNNEL_GENEVE },
		{ "GTP", SL_TUNNEL_GTP }, { "L2TP", SL_TUNNEL_L2TP },
		{ "AYIYA", SL_TUNNEL_AYIYA } };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(t->name, kinds[i].name, strlen(kinds[i].name)) == 0)
			return kinds[i].kind;
	return SL_TUNNEL_NONE;
}

static void expect_inside(const struct decoded *d, const struct tunnel *t, uint8_t outer)
{
	assert_true(d->good);
	assert_int_equal(d->p.version, t->inner);
	assert_int_equal(d->p.proto, 17);
	assert_int_equal(d->p.src.b[t->inner == 4 ? 3 : 15], 1);
	assert_int_equal(d->p.outer_count, 1);
	assert_int_equal(d->p.outer[0].version, outer);
	assert_int_equal(d->p.tunnels, kind_of(t));
	assert_int_equal(d->p.outer[0].src.b[outer == 4 ? 3 : 15], 99);
	assert_int_equal(d->c.c[SL_C_TUNNEL_HEADERS], 1);
	assert_int_equal(d->c.c[SL_C_TUNNEL_BROKEN], 0);
	if (outer == 4)
		assert_memory_equal(d->p.outer[0].dst.b, "\xc6\x33\x64\x02\0\0\0\0", 8);
	if (t->inner == 4)
		assert_memory_equal(d->p.dst.b, "\xc6\x33\x64\x02\0\0\0\0", 8);
}

static void check(const struct tunnel *t, uint8_t outer)
{
	struct frame f = { .n = 0 };
	size_t end[2];
	put_tunnel(&f, t, outer, end);
	for (size_t len = 0; len <= f.n; len++) {
		struct decoded d;
		decode_cut(&d, &f, len, SL_LINK_ETHERNET, false);
		if (len < end[0])
			assert_false(d.good);
		else if (len < end[1])
			expect_outside(&d, t, outer);
		else
			expect_inside(&d, t, outer);
		bool l4 = len >= end[1] + 8;
		if (len >= end[1])
			assert_int_equal((d.p.flags & SL_PKT_L4) != 0, l4);
		if (l4) {
			assert_int_equal(d.p.sport, 40000);
			assert_int_equal(d.p.dport, 53);
			size_t payload = len - end[1] - 8;
			assert_int_equal(d.p.payload_len, payload < 4 ? payload : 4);
		}
		decoded_free(&d);
	}
}

static void test_tunnels(void **state)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		print_message("%s\n", tunnels[i].name);
		check(&tunnels[i], 4);
		check(&tunnels[i], 6);
	}
}

/* Each bit of each tunnel header, the other way round: whatever becomes of it, the packet is known
 * by one of the two headers, and nothing behind it is read. */
static void test_every_bit(void **state)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		struct frame f = { .n = 0 };
		size_t end[2];
		put_tunnel(&f, &tunnels[i], 4, end);
		for (size_t bit = end[0] * 8; bit < end[1] * 8; bit++) {
			struct decoded d;
			f.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			decode_frame(&d, &f, SL_LINK_ETHERNET);
			assert_true(d.good);
			if (d.p.outer_count == 0)
				assert_int_equal(d.p.src.b[3], 99);
			else
				assert_int_equal(d.p.outer[0].src.b[3], 99);
			decoded_free(&d);
			f.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* Other traffic of a tunnel's port: a DNS message with a port that somebody chose. */
static void test_only_the_port(void **state)
{
	static const uint16_t ports[] = { 1701, 2152, 3544, 4754, 4789, 4790, 5072, 6081, 6635,
		8472 };
	static const char dns[] = "\x45\x31\x81\x80\0\1\0\1\0\0\0\0\7example\3com\0\0\1\0\1"
				  "\xc0\x0c\0\1\0\1\0\0\1\0\0\4\1\2\3\4more than forty bytes";
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		struct frame f = { .n = 0 };
		struct tunnel t = { .port = ports[i] };
		put_outer(&f, 4, 17, 8 + sizeof(dns));
		put16(&f, 53);
		put16(&f, ports[i]);
		put16(&f, 8 + sizeof(dns));
		put16(&f, 0);
		put(&f, dns, sizeof(dns));
		for (unsigned first = 0; first < 256; first++) {
			struct decoded d;
			f.b[28] = (uint8_t)first;
			decode_frame(&d, &f, SL_LINK_RAW);
			expect_outside(&d, &t, 4);
			assert_int_equal(d.p.payload_len, sizeof(dns));
			decoded_free(&d);
		}
	}
}

/* A bubble behind both of Teredo's own headers, and one between ports of nobody's. */
static void test_teredo(void **state)
{
	for (int own_port = 0; own_port < 2; own_port++) {
		static const char heads[] = "\0\1\2\3idautnonce...+\0\0po.adr";
		size_t head = own_port ? sizeof(heads) - 1 : 0;
		struct frame f = { .n = 0 };
		put_outer(&f, 4, 17, 8 + head + 52);
		put16(&f, 40000);
		put16(&f, own_port ? 3544 : 40001);
		put16(&f, (unsigned)(8 + head + 52));
		put16(&f, 0);
		put(&f, heads, head);
		size_t at = f.n;
		put_v6(&f, 17, 12);
		size_t end = f.n;
		put_udp(&f, 4);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		assert_int_equal(d.p.outer_count, 0); /* an address of somebody else's */
		decoded_free(&d);
		memcpy(f.b + at + 8, "\x20\1\0\0", 4);
		for (size_t len = 0; len <= f.n; len++) {
			decode_cut(&d, &f, len, SL_LINK_RAW, false);
			assert_int_equal(d.good, len >= 20);
			assert_int_equal(d.p.version == 6, len >= end);
			assert_int_equal(d.p.outer_count, len >= end);
			decoded_free(&d);
		}
	}
}

/* Five headers are followed, of a sixth is counted; the flow is the fifth's. */
static void test_depth(void **state)
{
	for (unsigned n = 1; n <= 20; n++) {
		struct frame f = { .n = 0 };
		for (unsigned i = 0; i < n; i++) {
			put_v4(&f, i + 1 < n ? 4 : 17, 0, (n - i - 1) * 20u + 12, 0);
			f.b[f.n - 5] = (uint8_t)(100 + i);
		}
		put_udp(&f, 4);
		struct decoded d;
		decode_frame(&d, &f, SL_LINK_RAW);
		unsigned outer = n <= SL_OUTER_MAX ? n - 1 : SL_OUTER_MAX;
		assert_true(d.good);
		assert_int_equal(d.p.outer_count, outer);
		for (unsigned i = 0; i < outer; i++)
			assert_int_equal(d.p.outer[i].src.b[3], 100 + i);
		assert_int_equal(d.p.src.b[3], 100 + outer);
		assert_int_equal(d.p.proto, n <= SL_OUTER_MAX + 1 ? 17 : 4);
		assert_int_equal(d.c.c[SL_C_TUNNEL_DEEP], n > SL_OUTER_MAX + 1);
		assert_int_equal(d.c.c[SL_C_TUNNEL_BROKEN], 0);
		decoded_free(&d);
	}
}

/* Frames in frames without IP between them end, too, and don't take the outside along. */
static void test_frames_without_end(void **state)
{
	struct frame f = { .n = 0 };
	put_outer(&f, 4, 143, 1900);
	while (f.n < 1900)
		put_ethernet(&f, 0x6558);
	struct decoded d;
	decode_frame(&d, &f, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.p.outer_count, 0);
	assert_int_equal(d.c.c[SL_C_TUNNEL_DEEP], 1);
	decoded_free(&d);

	struct frame labels = { .n = 0 };
	put_outer(&labels, 4, 137, 1900);
	while (labels.n < 1900) /* each of them may be a pseudowire with or without control word */
		put(&labels,
			"\0\0\1\x40\0\0\0\0"
			"\0\0\0\0\0\2\2\0\0\0\0\1\x88\x47",
			22);
	decode_frame(&d, &labels, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.c.c[SL_C_TUNNEL_DEEP], 1);
	decoded_free(&d);
}

/* What carries no IP is known by its outside; so is what a wrong checksum inside drops. */
static void test_outside_only(void **state)
{
	struct decoded d;
	struct frame arp = { .n = 0 };
	put_outer(&arp, 4, 47, 4 + 14 + 28);
	put(&arp, "\0\0\x65\x58", 4);
	put_ethernet(&arp, 0x0806);
	put_fill(&arp, 28);
	decode_frame(&d, &arp, SL_LINK_RAW);
	assert_true(d.good);
	assert_int_equal(d.p.proto, 47);
	assert_int_equal(d.c.c[SL_C_TUNNEL_OTHER], 1);
	assert_int_equal(d.c.c[SL_C_TUNNEL_BROKEN], 0);
	decoded_free(&d);

	struct frame wrong = { .n = 0 };
	put_v4(&wrong, 4, 0, 32, 0);
	put_outer(&wrong, 4, 17, 12); /* the patched byte is in no checksum */
	put_udp(&wrong, 4);
	decode_cut(&d, &wrong, wrong.n, SL_LINK_RAW, true);
	assert_true(d.good);
	assert_int_equal(d.p.outer_count, 0);
	assert_int_equal(d.p.proto, 4);
	assert_int_equal(d.c.c[SL_C_TUNNEL_BROKEN], 1);
	decoded_free(&d);
}

/* A fragment of a tunnel is not followed; a fragment inside a tunnel is the inner flow's. */
static void test_fragments(void **state)
{
	struct decoded d;
	struct frame outer = { .n = 0 }, inner = { .n = 0 };
	put_v4(&outer, 4, 0, 32, 0x2000);
	put_v4(&outer, 17, 0, 12, 0);
	put_udp(&outer, 4);
	decode_frame(&d, &outer, SL_LINK_RAW);
	assert_int_equal(d.p.outer_count, 0);
	assert_true(d.p.flags & SL_PKT_FRAGMENT);
	decoded_free(&d);
	put_v4(&inner, 4, 0, 32, 0);
	put_v4(&inner, 17, 0, 12, 0x2000);
	put_udp(&inner, 4);
	decode_frame(&d, &inner, SL_LINK_RAW);
	assert_int_equal(d.p.outer_count, 1);
	assert_int_equal(d.p.proto, 17);
	assert_true(d.p.flags & SL_PKT_FRAGMENT);
	assert_false(d.p.flags & SL_PKT_L4);
	decoded_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tunnels),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_only_the_port),
		cmocka_unit_test(test_teredo),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_frames_without_end),
		cmocka_unit_test(test_outside_only),
		cmocka_unit_test(test_fragments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
