/* SPDX-License-Identifier: BSD-3-Clause */
/* digest_test.c - known answers: RFC 1321 A.5, FIPS 180-4 examples, RFC 9562 A.4. */
#include <errno.h>

#include <sightline/aead.h>
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

/* RFC 5869 A.1 and RFC 9001 A.1. */
static void test_hkdf(void **state)
{
	static const uint8_t salt[20] = { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d,
		0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a };
	static const uint8_t id[8] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
	uint8_t in[22], counted[13], out[SL_DIGEST_MAX], next[SL_DIGEST_MAX];
	char text[2 * SL_DIGEST_MAX + 1];
	memset(in, 0x0b, sizeof(in));
	for (unsigned i = 0; i < sizeof(counted); i++)
		counted[i] = (uint8_t)i;
	sl_hkdf_extract(counted, sizeof(counted), in, sizeof(in), out);
	sl_hex(out, 32, text);
	assert_string_equal(
		text, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	sl_hkdf_extract(salt, sizeof(salt), id, sizeof(id), out);
	sl_hex(out, 32, text);
	assert_string_equal(
		text, "7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
	sl_hkdf_label(out, "client in", next, 32);
	sl_hex(next, 32, text);
	assert_string_equal(
		text, "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
	sl_hkdf_label(next, "quic iv", out, 12);
	sl_hex(out, 12, text);
	assert_string_equal(text, "fa044b2f42a3fd3b46fb255c");
	sl_hkdf_label(next, "a label that is longer than any in use", out, 99); /* bounded */
}

/* The first known answers of AES and of GCM; more than once, with another key between. */
static void test_aead(void **state)
{
	static const uint8_t zero[16], other[16] = { 1 };
	static const uint8_t block[16] = { 0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b, 0x88,
		0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e };
	uint8_t sealed[32] = { 0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3, 0x28, 0xc2,
		0xb9, 0x71, 0xb2, 0xfe, 0x78, 0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd, 0xf5,
		0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf };
	struct sl_span with = sl_span(zero, 0), in = sl_span(sealed, sizeof(sealed)), plain;
	struct sl_aead *a;
	uint8_t out[16];
	assert_int_equal(sl_aead_new(&a), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(sl_aead_block(a, zero, zero, out));
		assert_memory_equal(out, block, 16);
		assert_true(sl_aead_block(a, other, zero, out));
		assert_true(sl_aead_open(a, zero, zero, &with, 1, in, &plain));
		assert_int_equal(plain.len, 16);
		assert_memory_equal(plain.p, zero, 16);
		assert_false(sl_aead_open(a, other, zero, &with, 1, in, &plain));
		assert_false(sl_aead_open(a, zero, other, &with, 1, in, &plain));
	}
	with = sl_span(zero, 1);
	assert_false(sl_aead_open(a, zero, zero, &with, 1, in, &plain));
	for (size_t n = 0; n < sizeof(sealed); n++)
		assert_false(sl_aead_open(a, zero, zero, NULL, 0, sl_span(sealed, n), &plain));
	sealed[31] ^= 1;
	assert_false(sl_aead_open(a, zero, zero, NULL, 0, in, &plain));
	sl_aead_free(a);
	sl_aead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_uuid5),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
