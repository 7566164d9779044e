/* SPDX-License-Identifier: BSD-3-Clause */
/* digest_test.c - known answers: RFC 1321 A.5, FIPS 180-4 examples, RFC 9562 A.4. */
#include <errno.h>

#include <sightline/digest.h>

#include "test.h"

static void hex_is(enum sl_digest_kind kind, const char *text, const char *want)
{
	uint8_t out[SL_DIGEST_MAX];
	char hex[2 * SL_DIGEST_MAX + 1];
	assert_int_equal(sl_digest_of(kind, text, strlen(text), out), 0);
	sl_hex(out, strlen(want) / 2, hex);
	assert_string_equal(hex, want);
}

static void test_known_answers(void **state)
{
	hex_is(SL_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
	hex_is(SL_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	hex_is(SL_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	hex_is(SL_SHA256, "abc",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* A context is used again and again, in pieces, and also left unfinished. */
static void test_reuse(void **state)
{
	struct sl_digest *d;
	uint8_t out[SL_DIGEST_MAX], want[SL_DIGEST_MAX];
	assert_int_equal(sl_digest_of(SL_SHA256, "abcdef", 6, want), 0);
	assert_int_equal(sl_digest_new(&d, SL_SHA256), 0);
	for (int i = 0; i < 3; i++) {
		sl_digest_init(d);
		sl_digest_update(d, "left", 4);
		sl_digest_init(d);
		sl_digest_update(d, "abc", 3);
		sl_digest_update(d, NULL, 0);
		sl_digest_update(d, "def", 3);
		assert_int_equal(sl_digest_final(d, out), 32);
		assert_memory_equal(out, want, 32);
	}
	sl_digest_free(d);
}

static void test_lengths(void **state)
{
	static const size_t want[] = { [SL_MD5] = 16, [SL_SHA1] = 20, [SL_SHA256] = 32 };
	for (unsigned k = 0; k < 3; k++) {
		struct sl_digest *d;
		uint8_t out[SL_DIGEST_MAX];
		assert_int_equal(sl_digest_new(&d, (enum sl_digest_kind)k), 0);
		assert_int_equal(sl_digest_final(d, out), want[k]);
		sl_digest_free(d);
	}
	struct sl_digest *none;
	assert_int_equal(sl_digest_new(&none, (enum sl_digest_kind)7), -EINVAL);
	sl_digest_free(NULL);
}

/* The same answers as the contexts', in pieces, and from the middle of a copy. */
static void test_state(void **state)
{
	uint8_t out[SL_DIGEST_MAX], want[SL_DIGEST_MAX];
	static const size_t size[] = { 16, 20, 32 };
	for (unsigned k = 0; k < 3; k++) {
		struct sl_digest_state d, copy;
		sl_digest_begin(&d, (enum sl_digest_kind)k);
		sl_digest_add(&d, "abc", 3);
		sl_digest_add(&d, NULL, 0);
		copy = d;
		sl_digest_add(&d, "def", 3);
		assert_int_equal(sl_digest_of((enum sl_digest_kind)k, "abcdef", 6, want), 0);
		assert_int_equal(sl_digest_end(&d, out), size[k]);
		assert_memory_equal(out, want, size[k]);
		assert_int_equal(sl_digest_of((enum sl_digest_kind)k, "abc", 3, want), 0);
		assert_int_equal(sl_digest_end(&copy, out), size[k]);
		assert_memory_equal(out, want, size[k]);
	}
}

static void test_uuid5(void **state)
{
	static const uint8_t dns[16] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
		0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
	char text[SL_UUID_TEXT];
	assert_int_equal(sl_uuid5(dns, "www.example.com", 15, text), 0);
	assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_uuid5),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
