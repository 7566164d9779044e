/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng_test.c - sections, interfaces, blocks and their damage, made byte by byte. */
#include <errno.h>

#include <sightline/clock.h>

#include "bytes.h"

/* Two sections in two byte orders, each with interfaces of its own. */
static void test_sections(void **state)
{
	struct bytes b = { .big = true };
	put_shb(&b, 1, 0);
	put_idb(&b, 1, 0);
	put_idb(&b, 101, 0);
	put_epb(&b, 1, 1000000, "raw", 3, 3);
	put_epb(&b, 0, 2000000, "ether", 5, 50);
	b.big = false;
	put_shb(&b, 1, 2);
	put_idb(&b, 113, 0);
	put_epb(&b, 0, 3000000, "cooked", 6, 6);
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, SL_SECOND, "raw", 3, 101);
	next_is(r, 2 * SL_SECOND, "ether", 50, 1);
	next_is(r, 3 * SL_SECOND, "cooked", 6, 113);
	end_is_here(r);
	reading_free(r);
	cut_everywhere(&b, 3);
	/* The second section described one interface only. */
	put_epb(&b, 1, 4000000, "x", 1, 1);
	r = reading_new(b.p, b.len);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sl_capture_next(r->c, &r->p), 1);
	damage_is(r, b.len - 36, "interface 1, but 1 interfaces");
	reading_free(r);
}

static void time_is(uint8_t tsresol, int64_t tsoffset, uint64_t ticks, uint64_t want)
{
	struct bytes b = { 0 };
	put_shb(&b, 1, 0);
	put_idb_time(&b, tsresol, tsoffset);
	put_epb(&b, 0, ticks, "", 0, 0);
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, want, "", 0, 1);
	reading_free(r);
}

static void test_times(void **state)
{
	time_is(6, 0, 1500000, SL_SECOND * 3 / 2);
	time_is(9, 0, 1700000000123456789, 1700000000123456789);
	time_is(0, 0, 17, 17 * SL_SECOND);
	time_is(12, 0, 1234567, 1234);
	time_is(127, 0, UINT64_MAX, 0);
	time_is(0x80, 0, 17, 17 * SL_SECOND);
	time_is(0x80 | 10, 0, 1024 + 512, SL_SECOND * 3 / 2);
	time_is(0x80 | 63, 0, UINT64_C(1) << 63, SL_SECOND);
	time_is(0xff, 0, UINT64_MAX, 0);
	time_is(6, 1700000000, 5, 1700000000 * SL_SECOND + 5000);
	time_is(6, -1, 1500000, SL_SECOND / 2);
	time_is(6, INT64_MIN, 1500000, 0);
	time_is(0, INT64_MAX, UINT64_MAX, INT64_MAX);
}

static void test_simple_packet(void **state)
{
	struct bytes b = { 0 };
	put_shb(&b, 1, 0);
	put_idb(&b, 1, 4);
	put_epb(&b, 0, 7000000, "t", 1, 1);
	size_t at = block_begin(&b, 3);
	put(&b, 10, 4); /* wire length; the interface keeps 4 */
	put_text(&b, "abcd", 4);
	block_end(&b, at);
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, 7 * SL_SECOND, "t", 1, 1);
	next_is(r, 7 * SL_SECOND, "abcd", 10, 1);
	end_is_here(r);
	reading_free(r);
	cut_everywhere(&b, 2);
}

static void test_obsolete_packet(void **state)
{
	struct bytes b = { .big = true };
	put_shb(&b, 1, 0);
	put_idb(&b, 1, 0);
	size_t at = block_begin(&b, 2);
	put(&b, 0, 2);
	put(&b, 9, 2); /* drops */
	put(&b, 0, 4);
	put(&b, 5000000, 4);
	put(&b, 3, 4);
	put(&b, 8, 4);
	put_text(&b, "old", 3);
	block_end(&b, at);
	struct reading *r = reading_new(b.p, b.len);
	next_is(r, 5 * SL_SECOND, "old", 8, 1);
	end_is_here(r);
	reading_free(r);
}

/* Names, secrets and blocks of other people's are passed by, large ones too. */
static void test_other_blocks(void **state)
{
	static uint8_t big[4 << 20];
	static const uint32_t types[] = { 4, 5, 10, 0x0bad, 0x80000001 };
	struct bytes b = { 0 }, tail = { 0 };
	put_shb(&b, 1, 0);
	for (unsigned i = 0; i < 5; i++) {
		size_t at = block_begin(&b, types[i]);
		put_text(&b, "whatever that is", 16);
		block_end(&b, at);
	}
	put_idb(&b, 1, 0);
	memcpy(big, b.p, b.len);
	size_t at = b.len;
	uint32_t total = 3 << 20, type = 0x0bad;
	memcpy(big + at, &type, 4);
	memcpy(big + at + 4, &total, 4);
	memcpy(big + at + total - 4, &total, 4);
	put_epb(&tail, 0, 1000000, "here", 4, 4);
	memcpy(big + at + total, tail.p, tail.len);
	struct reading *r = reading_new(big, at + total + tail.len);
	next_is(r, SL_SECOND, "here", 4, 1);
	end_is_here(r);
	reading_free(r);
	r = reading_new(big, at + total - 2);
	damage_is(r, at, "cut short in the middle of a block");
	reading_free(r);
}

static void version_is_refused(uint16_t major, uint16_t minor)
{
	struct bytes b = { 0 };
	put_shb(&b, major, minor);
	struct reading *r = reading_new(b.p, b.len);
	damage_is(r, 0, "is not known");
	reading_free(r);
}

static void test_damage(void **state)
{
	version_is_refused(2, 0);
	version_is_refused(1, 1);
	struct bytes b = { 0 };
	put_shb(&b, 1, 0);
	put_idb(&b, 1, 0);
	size_t before = b.len;
	put_epb(&b, 0, 1, "abc", 3, 3);
	struct bytes w = b;
	w.p[w.len - 4] ^= 4;
	struct reading *r = reading_new(w.p, w.len);
	damage_is(r, before, "a block of 36 bytes that says 32 at its end");
	reading_free(r);
	w = b;
	w.p[before + 20] = 9; /* more captured than the block has room for */
	r = reading_new(w.p, w.len);
	damage_is(r, before, "a packet of 9 bytes in a block with room for 4");
	reading_free(r);
	w = b;
	w.p[before + 4] = 11;
	r = reading_new(w.p, w.len);
	damage_is(r, before, "a block that says it is 11 bytes long");
	reading_free(r);
	w = b;
	w.p[8] = 0;
	r = reading_new(w.p, w.len);
	damage_is(r, 0, "without its byte-order magic");
	reading_free(r);
}

static void test_options(void **state)
{
	struct bytes b = { 0 };
	put_shb(&b, 1, 0);
	size_t before = b.len, at = block_begin(&b, 1);
	put(&b, 1, 4);
	put(&b, 0, 4);
	put(&b, 2, 2); /* a name that is longer than the block */
	put(&b, 100, 2);
	put_text(&b, "eth0", 4);
	block_end(&b, at);
	struct reading *r = reading_new(b.p, b.len);
	damage_is(r, before, "an option of 100 bytes in a block with room for 4");
	reading_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_simple_packet),
		cmocka_unit_test(test_obsolete_packet),
		cmocka_unit_test(test_other_blocks),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
