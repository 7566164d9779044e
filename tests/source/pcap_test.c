/* SPDX-License-Identifier: BSD-3-Clause */
/* pcap_test.c - the classic format in all its forms, made byte by byte. */
#include <errno.h>

#include <sightline/clock.h>

#include "bytes.h"

#define MICRO 0xa1b2c3d4
#define NANO 0xa1b23c4d
#define MODIFIED 0xa1b2cd34

static void test_orders_and_units(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		struct bytes b = { .big = i & 1 };
		bool nano = i & 2;
		put_pcap_header(&b, nano ? NANO : MICRO, 1);
		put_pcap_record(&b, 1700000000, 999999, "first", 5, 5);
		put_pcap_record(&b, 1700000001, 7, "", 0, 60);
		put_pcap_record(&b, 4294967295, 0, "last", 4, 1500);
		struct reading *r = reading_new(b.p, b.len);
		assert_int_equal(r->opened, 0);
		next_is(r, 1700000000 * SL_SECOND + (nano ? 999999 : 999999000), "first", 5, 1);
		next_is(r, 1700000001 * SL_SECOND + (nano ? 7 : 7000), "", 60, 1);
		next_is(r, 4294967295 * SL_SECOND, "last", 1500, 1);
		end_is_here(r);
		reading_free(r);
		cut_everywhere(&b, 3);
	}
}

static void test_modified(void **state)
{
	struct bytes b = { 0 };
	put_pcap_header(&b, MODIFIED, 1);
	for (int i = 0; i < 2; i++) {
		put_pcap_record(&b, 10, 20, "", 0, 5);
		b.len -= 8; /* the lengths come once more, and behind them what is added */
		put(&b, 5, 4);
		put(&b, 5, 4);
		put(&b, 2, 4); /* interface, protocol, type */
		put(&b, 0x0800, 2);
		put(&b, 0, 2);
		put_text(&b, "bytes", 5);
	}
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, 10 * SL_SECOND + 20000, "bytes", 5, 1);
	next_is(r, 10 * SL_SECOND + 20000, "bytes", 5, 1);
	end_is_here(r);
	reading_free(r);
}

static void test_header_fields(void **state)
{
	struct bytes b = { 0 };
	put_pcap_header(&b, MICRO, 0x24000071); /* FCS of 2 words, its flag, SLL */
	put_pcap_record(&b, 1, 0, "abc", 3, 2); /* longer than on the wire: can't be */
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, SL_SECOND, "abc", 3, 113);
	end_is_here(r);
	reading_free(r);
	b.p[4] = 1; /* major version */
	r = reading_new(b.p, b.len);
	damage_is(r, 4, "pcap version 1.4 is not known");
	reading_free(r);
}

/* Version 2.2 and before: wire length first. 2.3: whichever order makes sense. */
static void test_swapped_lengths(void **state)
{
	for (unsigned minor = 2; minor <= 3; minor++) {
		struct bytes b = { 0 };
		put_pcap_header(&b, MICRO, 1);
		b.p[6] = (uint8_t)minor;
		put_pcap_record(&b, 1, 0, "", 0, 0);
		b.len -= 8;
		put(&b, 100, 4);
		put(&b, 3, 4);
		put_text(&b, "abc", 3);
		struct reading *r = reading_new(b.p, b.len);
		next_is(r, SL_SECOND, "abc", 100, 1);
		end_is_here(r);
		reading_free(r);
	}
}

static void test_length_bound(void **state)
{
	struct bytes b = { 0 };
	put_pcap_header(&b, MICRO, 1);
	put_pcap_record(&b, 1, 0, "abc", 3, 3);
	put_pcap_record(&b, 2, 0, "", 0, 3);
	b.len -= 8;
	put(&b, SL_CAPTURE_PACKET_MAX + 1, 4);
	put(&b, SL_CAPTURE_PACKET_MAX + 1, 4);
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, SL_SECOND, "abc", 3, 1);
	damage_is(r, 24 + 19, "262145 bytes");
	reading_free(r);
	/* The longest that there can be is read, from a window that must move for it. */
	static uint8_t big[24 + 5 * (16 + SL_CAPTURE_PACKET_MAX)];
	size_t at = 24;
	memcpy(big, b.p, 24);
	for (unsigned i = 0; i < 5; i++) {
		static const uint32_t len = SL_CAPTURE_PACKET_MAX;
		memcpy(big + at + 8, &len, 4);
		memcpy(big + at + 12, &len, 4);
		memset(big + at + 16, (int)i, len);
		at += 16 + len;
	}
	r = reading_new(big, at);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(sl_capture_next(r->c, &r->p), 1);
		assert_int_equal(r->p.len, SL_CAPTURE_PACKET_MAX);
		assert_int_equal(r->p.data[0], i);
		assert_int_equal(r->p.data[r->p.len - 1], i);
	}
	end_is_here(r);
	reading_free(r);
}

static void test_not_a_capture(void **state)
{
	struct reading *r = reading_new("", 0);
	damage_is(r, 0, "it is empty");
	reading_free(r);
	r = reading_new("PK\3\4 and so on", 14);
	damage_is(r, 0, "first bytes 50 4b 03 04 20 61 6e 64");
	reading_free(r);
	r = reading_new("\xd4\xc3", 2);
	damage_is(r, 0, "not a capture file");
	reading_free(r);
	struct bytes b = { 0 };
	put_pcap_header(&b, MICRO, 1);
	r = reading_new(b.p, b.len); /* a header alone is a capture of nothing */
	end_is_here(r);
	reading_free(r);
	r = reading_new(b.p, b.len - 1);
	damage_is(r, 0, "in the middle of the file header");
	reading_free(r);
}

/* The stream that the capture comes in breaks off: that is what is said. */
static void test_compressed_damage(void **state)
{
	static const uint8_t gz[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff };
	struct reading *r = reading_new(gz, sizeof(gz));
	damage_is(r, 0, "compressed file is damaged");
	reading_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders_and_units),
		cmocka_unit_test(test_modified),
		cmocka_unit_test(test_header_fields),
		cmocka_unit_test(test_swapped_lengths),
		cmocka_unit_test(test_length_bound),
		cmocka_unit_test(test_not_a_capture),
		cmocka_unit_test(test_compressed_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
