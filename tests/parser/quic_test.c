/* SPDX-License-Identifier: BSD-3-Clause */
/* quic_test.c - handshakes in Initial packets: the vectors of the RFCs, hellos over any number of
 * frames, packets and datagrams in any order, and what makes a client begin anew. */
#include "cut.h"
#include "handshakes.h"
#include "quic_made.h"

static const uint8_t id_first[8] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
static const uint8_t id_other[5] = { 9, 8, 7, 6, 5 };
static uint8_t hello[2][1024]; /* of client and server, without the record's head */
static size_t hello_len[2];

#define CLIENT_SAID                                                                                \
	"quic.sni 1 www.sightline.example\n"                                                       \
	"tls.alpn 1 h2\ntls.alpn 1 http/1.1\n"                                                     \
	"ja3.hash 1 304734bb1c086c3453b387400cf83f11\n"                                            \
	"ja4.hash 1 q13d1812h2_85036bcba153_d41ae481755e\n"
#define SERVER_SAID "ja3s.hash 1 15af977ce25de452b96affa2addb1036\n"
#define SAID CLIENT_SAID SERVER_SAID "close 1 \n"

static int setup(void **s)
{
	uint8_t record[2048];
	(void)s;
	for (unsigned i = 0; i < 2; i++) {
		(void)from_hex(tls13_flight[i], record, sizeof(record));
		hello_len[i] = (size_t)(record[3] << 8 | record[4]);
		memcpy(hello[i], record + 5, hello_len[i]);
	}
	return 0;
}

static struct sl_span hello_part(unsigned who, size_t from, size_t to)
{
	return sl_span(hello[who] + from, (to < hello_len[who] ? to : hello_len[who]) - from);
}

/* One CRYPTO frame in a packet of its own, with PING before and PADDING behind it. */
static size_t packet_of(
	const struct made_quic *q, unsigned who, size_t from, size_t to, uint8_t *out)
{
	uint8_t frames[2048] = { 1 };
	size_t n = 1 + made_crypto(from, hello_part(who, from, to), frames + 1);
	return made_initial(q, sl_span(frames, n + 20), out);
}

static enum sl_verdict feed_hello(struct feed *f, const struct made_quic *q, size_t from, size_t to)
{
	uint8_t out[2048];
	size_t n = packet_of(q, q->server, from, to, out);
	return feed_guarded(f, q->server, out, n);
}

static struct made_quic made(uint32_t version, bool server)
{
	struct sl_span id = sl_span(id_first, sizeof(id_first));
	return (struct made_quic){ .version = version,
		.first_id = id,
		.to = server ? sl_span(id.p, 0) : id,
		.server = server };
}

static void end_both(struct feed *f)
{
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_SERVER, 0), SL_DONE);
	assert_int_equal(feed_mark(f, SL_PIECE_END, SL_TO_CLIENT, 0), SL_DONE);
}

/* RFC 9001 A.3 and RFC 9369 A.3: the Initial of a server. */
static void test_vectors(void **s)
{
	static const char *const hex[] = {
		"cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c"
		"69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf"
		"9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c"
		"276456cbc42158407dd074ee",
		"dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b"
		"89237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52"
		"382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43"
		"edd9ce7ca84bed8521e2e140"
	};
	struct sl_aead *a;
	(void)s;
	assert_int_equal(sl_aead_new(&a), 0);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t bytes[256];
		size_t len = from_hex(hex[i], bytes, sizeof(bytes));
		struct sl_rd r = sl_rd(sl_span(bytes, len));
		struct quic_packet p;
		struct quic_keys keys[2];
		struct sl_span plain, crypto;
		uint64_t offset;
		assert_true(quic_packet_next(&r, &p));
		assert_int_equal(p.kind, QUIC_INITIAL);
		assert_int_equal(p.all.len, len);
		assert_true(quic_keys_derive(p.version, sl_span(id_first, 8), keys));
		assert_false(quic_open(a, &keys[0], &p, &plain));
		assert_true(quic_open(a, &keys[1], &p, &plain));
		r = sl_rd(plain);
		assert_true(quic_crypto_next(&r, &offset, &crypto));
		assert_int_equal(offset, 0);
		assert_int_equal(crypto.len, 90);
		assert_int_equal(crypto.p[0], 2);
		assert_false(quic_crypto_next(&r, &offset, &crypto));
		assert_false(r.bad);
	}
	sl_aead_free(a);
}

/* What a version has as its number: known, and what is sealed so is opened. */
static void test_versions(void **s)
{
	static const uint32_t version[] = { 1, MADE_V2, 0xff00001d, 0xff000022, 0xff00001b,
		0xff000017, 0xff000016, 0x54303530, 0x54303531, 0xfaceb002 };
	(void)s;
	for (unsigned i = 0; i < sizeof(version) / sizeof(version[0]); i++)
		for (unsigned room = 0; room < 8; room++) {
			struct made_quic c = made(version[i], false), v = made(version[i], true);
			struct feed *f = feed_new("quic", room);
			feed_hello(f, &c, 0, 9999);
			feed_hello(f, &v, 0, 9999);
			end_both(f);
			assert_string_equal(f->log, SAID);
			assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 0);
			feed_free(f);
		}
	assert_false(quic_version_known(0));
	assert_false(quic_version_known(2));
	assert_false(quic_version_known(0xff000010));
}

/* A hello in `n` frames: all orders that a step through them gives, in packets and datagrams of
 * their own, or several in one. */
static void test_any_order(void **s)
{
	(void)s;
	for (unsigned step = 1; step < 13; step++)
		for (unsigned each = 1; each < 4; each++) {
			struct feed *f = feed_new("quic", step % 5);
			struct made_quic c = made(MADE_V1, false);
			size_t size = hello_len[0] / 13 + 1, used = 0;
			uint8_t out[8192];
			for (unsigned i = 0; i < 13; i++) {
				size_t k = i * step % 13;
				c.number = i;
				used += packet_of(&c, 0, k * size, (k + 1) * size, out + used);
				if (i % each == 0) {
					feed_guarded(f, SL_TO_SERVER, out, used);
					used = 0;
				}
			}
			feed_guarded(f, SL_TO_SERVER, out, used);
			end_both(f);
			assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
			feed_free(f);
		}
}

/* Overlapping, repeated, and byte by byte from the end: bounded in runs, and then incomplete. */
static void test_overlaps(void **s)
{
	struct feed *f = feed_new("quic", 0);
	struct made_quic c = made(MADE_V1, false);
	(void)s;
	for (size_t at = hello_len[0] - 10; at > 10; at -= 10)
		feed_hello(f, &c, at - 5, at + 20);
	feed_hello(f, &c, 0, 30);
	feed_hello(f, &c, 0, 30);
	end_both(f);
	assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
	feed_free(f);
	f = feed_new("quic", 0);
	for (size_t at = 1; at < hello_len[0]; at += 2)
		feed_hello(f, &c, at, at + 1);
	assert_true(f->counters.c[SL_C_MESSAGES_PART] > 0);
	end_both(f);
	assert_string_equal(f->log, "");
	feed_free(f);
}

/* The server goes on in version 2 (RFC 9369 4), the client's second packet goes to the server's own
 * id: one connection. */
static void test_compatible_version(void **s)
{
	struct feed *f = feed_new("quic", 0);
	struct made_quic c = made(MADE_V1, false), v = made(MADE_V2, true),
			 c2 = made(MADE_V2, false);
	(void)s;
	c2.to = sl_span(id_other, sizeof(id_other));
	feed_hello(f, &c, 0, 100);
	feed_hello(f, &c2, 100, 9999);
	feed_hello(f, &v, 0, 9999);
	feed_guarded(f, SL_TO_CLIENT, "\x40\x01\x02\x03", 4); /* 1-RTT: it is complete */
	assert_string_equal(f->log, SAID);
	end_both(f);
	assert_string_equal(f->log, SAID);
	feed_free(f);
}

/* After a Retry the client begins anew with another id; the message stays the same. */
static void test_retry(void **s)
{
	static const uint8_t retry[] = { 0xf0, 0, 0, 0, 1, 0, 5, 9, 8, 7, 6, 5, 't', 'o', 'k', 'e',
		'n' };
	static const uint8_t negotiation[] = { 0x80, 0, 0, 0, 0, 0, 5, 9, 8, 7, 6, 5, 0, 0, 0, 1 };
	(void)s;
	for (unsigned i = 0; i < 2; i++) {
		struct feed *f = feed_new("quic", 0);
		struct made_quic c = made(MADE_V1, false), v = made(MADE_V1, true);
		feed_hello(f, &c, 0, 9999);
		if (i == 0)
			feed_guarded(f, SL_TO_CLIENT, retry, sizeof(retry));
		else
			feed_guarded(f, SL_TO_CLIENT, negotiation, sizeof(negotiation));
		c.first_id = c.to = v.first_id = sl_span(id_other, sizeof(id_other));
		feed_hello(f, &c, 0, 9999);
		feed_hello(f, &v, 0, 9999);
		end_both(f);
		assert_string_equal(f->log, CLIENT_SAID SAID);
		feed_free(f);
	}
}

/* The same ports, another connection: another message. */
static void test_second_connection(void **s)
{
	struct made_quic c = made(MADE_V1, false);
	(void)s;
	for (unsigned room = 0; room < 4; room++) {
		struct feed *f = feed_new("quic", room);
		c.first_id = c.to = sl_span(id_first, sizeof(id_first));
		feed_hello(f, &c, 0, 9999);
		c.first_id = c.to = sl_span(id_other, sizeof(id_other));
		feed_hello(f, &c, 0, 9999);
		assert_non_null(strstr(f->log, "close 1 \nquic.sni 2 www.sightline.example\n"));
		end_both(f);
		feed_free(f);
	}
}

/* Behind the handshake nothing but a long header is read: a connection that begins anew, with or
 * without a Retry, in any order with what is still sent of the one before. */
static void test_rest(void **s)
{
	static const uint8_t secret[] = { 0x41, 1, 2, 3 };
	(void)s;
	for (unsigned bypasses = 0; bypasses < 2; bypasses++) {
		struct feed *f = feed_new("quic", 0);
		struct made_quic c = made(MADE_V1, false), v = made(MADE_V1, true);
		f->bypasses = bypasses;
		assert_int_equal(feed_hello(f, &c, 0, 9999), SL_MORE);
		assert_int_equal(feed_hello(f, &v, 0, 9999), SL_MORE);
		for (unsigned dir = 0; dir < 2; dir++)
			assert_int_equal(feed_guarded(f, dir, secret, sizeof(secret)), SL_REST);
		assert_string_equal(f->log, SAID);
		c.first_id = c.to = v.first_id = sl_span(id_other, sizeof(id_other));
		assert_int_equal(feed_hello(f, &c, 0, 100), SL_MORE);
		assert_int_equal(feed_guarded(f, SL_TO_CLIENT, secret, sizeof(secret)), SL_REST);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, secret, sizeof(secret)), SL_REST);
		assert_int_equal(feed_hello(f, &c, 100, 9999), SL_MORE);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, secret, sizeof(secret)), SL_REST);
		assert_non_null(strstr(f->log, "close 1 \nquic.sni 2 www.sightline.example\n"));
		assert_non_null(strstr(f->log, "close 2 \n"));
		end_both(f);
		feed_free(f);
	}
}

/* A packet for another connection behind the first is ignored, as its receiver does. */
static void test_stray_packet(void **s)
{
	(void)s;
	for (unsigned room = 0; room < 8; room++) {
		struct made_quic c = made(MADE_V1, false), other = c;
		uint8_t datagram[4096];
		struct feed *f = feed_new("quic", room);
		other.to = other.first_id = sl_span(id_other, sizeof(id_other));
		size_t n = packet_of(&c, 0, 0, 100, datagram);
		n += packet_of(&other, 0, 7, 200, datagram + n);
		feed_guarded(f, SL_TO_SERVER, datagram, n);
		feed_hello(f, &c, 100, 9999);
		end_both(f);
		assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
		assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
		feed_free(f);
	}
}

/* A connection that begins before the hello of the one before is whole. */
static void test_half_before(void **s)
{
	(void)s;
	struct made_quic c = made(MADE_V1, false), other = c;
	struct feed *f = feed_new("quic", 0);
	other.to = other.first_id = sl_span(id_other, sizeof(id_other));
	feed_hello(f, &other, 0, 100);
	feed_hello(f, &c, 0, 9999);
	end_both(f);
	assert_string_equal(f->log, CLIENT_SAID "close 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

/* What doesn't open says nothing, and after so many packets isn't tried any more; all are counted.
 */
static void test_sealed(void **s)
{
	struct feed *f = feed_new("quic", 0);
	struct made_quic c = made(MADE_V1, false);
	uint8_t out[2048];
	size_t n = packet_of(&c, 0, 0, 9999, out);
	(void)s;
	out[n - 1] ^= 1;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, out, n), SL_MORE);
	feed_hello(f, &c, 0, 9999);
	assert_string_equal(f->log, "");
	assert_int_equal(f->counters.c[SL_C_QUIC_SEALED], 101);
	feed_free(f);
	f = feed_new("quic", 0);
	sl_aead_free(f->b.aead);
	f->b.aead = NULL; /* there is nothing to open with */
	feed_hello(f, &c, 0, 9999);
	assert_string_equal(f->log, "");
	feed_free(f);
}

/* Frames that an Initial may not have, and lengths that lie. */
static void test_odd_frames(void **s)
{
	static const char *const frames[] = { "08000102030405", "0680ffffff4400000000",
		"06ffffffffffffffff0100", "02000040ff00", "0600440000", "1c00ffffffffffffffff",
		"030000000000", "0600041800000000000000" };
	struct made_quic c = made(MADE_V1, false);
	(void)s;
	for (unsigned i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		uint8_t in[64] = { 0 }, out[256];
		size_t n = from_hex(frames[i], in, sizeof(in));
		struct feed *f = feed_new("quic", 0);
		n = made_initial(&c, sl_span(in, n), out);
		assert_int_equal(feed_guarded(f, SL_TO_SERVER, out, n), SL_MORE);
		assert_string_equal(f->log, "");
		end_both(f);
		feed_free(f);
	}
}

/* Half a hello is used as far as it goes, when the flow ends. */
static void test_half(void **s)
{
	struct feed *f = feed_new("quic", 1);
	struct made_quic c = made(MADE_V1, false);
	(void)s;
	feed_hello(f, &c, 0, 160);
	assert_string_equal(f->log, "");
	end_both(f);
	assert_string_equal(f->log, "quic.sni 1 www.sightline.example\nclose 1 \n");
	assert_int_equal(f->counters.c[SL_C_MESSAGES_PART], 1);
	feed_free(f);
}

static void test_cut(void **s)
{
	struct made_quic c = made(MADE_V1, false);
	uint8_t out[2048];
	(void)s;
	cut_everywhere("quic", SL_TO_SERVER, out, packet_of(&c, 0, 0, 9999, out));
}

static enum sl_probe probe_hex(const char *hex)
{
	uint8_t bytes[256];
	struct sl_piece p = { .bytes = sl_span(bytes, from_hex(hex, bytes, sizeof(bytes))),
		.datagram = true };
	bool more;
	const struct sl_parser *got = sl_parser_probe(&p, SL_OVER_UDP, 40000, 443, &more);
	return got != NULL && strcmp(got->name, "quic") == 0 ? SL_PROBE_YES : SL_PROBE_NO;
}

static void test_probe(void **s)
{
	(void)s;
	assert_int_equal(probe_hex("c00000000100000004aabbccdd"), SL_PROBE_YES);
	assert_int_equal(probe_hex("800000000000046162636400000001"), SL_PROBE_YES);
	assert_int_equal(probe_hex("8000000000000461626364000000010a"), SL_PROBE_NO);
	assert_int_equal(probe_hex("80000000000004616263641a2a3a4a"), SL_PROBE_NO);
	assert_int_equal(probe_hex("c00000000200000004aabbccdd"), SL_PROBE_NO);
	assert_int_equal(probe_hex("c000000001150000000000000000000000000000000000000000000000"),
		SL_PROBE_NO);
	assert_int_equal(probe_hex("400000000100000004aabbccdd"), SL_PROBE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_compatible_version),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_second_connection),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_stray_packet),
		cmocka_unit_test(test_half_before),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_odd_frames),
		cmocka_unit_test(test_half),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_probe),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
