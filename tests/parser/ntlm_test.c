/* SPDX-License-Identifier: BSD-3-Clause */
/* ntlm_test.c - users in NTLM authentications: in Unicode and not, with and without a domain,
 * without flags, and lying about their lengths. */
#include "../../lib/parser/ntlm.h"
#include "cut.h"

/* An AUTHENTICATE_MESSAGE whose payload begins at `payload`. */
static size_t made(uint8_t *b, uint32_t payload, uint32_t flags, const char *domain,
	size_t domain_len, const char *user, size_t user_len)
{
	memset(b, 0, payload);
	memcpy(b, "NTLMSSP\0\3", 9);
	b[28] = (uint8_t)domain_len;
	b[32] = (uint8_t)payload;
	b[36] = (uint8_t)user_len;
	b[40] = (uint8_t)(payload + domain_len);
	if (payload >= 64)
		b[60] = (uint8_t)flags;
	memcpy(b + payload, domain, domain_len);
	memcpy(b + payload + domain_len, user, user_len);
	return payload + domain_len + user_len;
}

static void expect_user(const uint8_t *b, size_t len, const char *want)
{
	uint8_t out[NTLM_USER_MAX];
	struct guarded g = guarded_new(b, len);
	size_t n = ntlm_user(sl_span(g.p, g.len), out);
	guarded_free(&g);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(out, want, n);
}

static void test_users(void **s)
{
	(void)s;
	uint8_t b[512];
	expect_user(b, made(b, 64, 1, "D\0O\0", 4, "a\0\xe9\0", 4), "DO\\a\xc3\xa9");
	expect_user(b, made(b, 64, 0, "DO", 2, "ab", 2), "DO\\ab");
	expect_user(b, made(b, 64, 1, "", 0, "a\0", 2), "a");
	expect_user(b, made(b, 64, 1, "D\0", 2, "", 0), "");
	expect_user(b, made(b, 52, 0, "D\0", 2, "a\0", 2), "D\\a");
	expect_user(b, made(b, 52, 0, "DO", 2, "ab", 2), "DO\\ab");
	/* A surrogate pair, and half of one. */
	expect_user(b, made(b, 64, 1, "", 0, "\x3d\xd8\0\xde", 4), "\xf0\x9f\x98\x80");
	expect_user(b,
		made(b, 64, 1, "", 0,
			"\x3d\xd8"
			"a\0",
			4),
		"\xed\xa0\xbd"
		"a");
}

static void test_inside(void **s)
{
	(void)s;
	uint8_t b[512] = "xxNTLMSSP\0\1\0\0\0yy";
	size_t n = made(b + 20, 64, 1, "D\0", 2, "a\0", 2);
	expect_user(b, 20 + n, "D\\a");
	for (size_t i = 0; i < n; i++)
		expect_user(b, 20 + i, "");
}

static void test_lies(void **s)
{
	(void)s;
	uint8_t b[512];
	size_t n = made(b, 64, 1, "D\0", 2, "a\0", 2);
	b[43] = 0xff; /* where the user is */
	expect_user(b, n, "");
	n = made(b, 64, 1, "D\0", 2, "a\0", 2);
	b[29] = 0xff; /* how long the domain is */
	expect_user(b, n, "");
	n = made(b, 64, 1, "D\0", 2, "a\0", 2);
	b[8] = 2; /* another message */
	expect_user(b, n, "");
	uint8_t all[70000];
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t) "NTLMSSP"[i % 8];
	expect_user(all, sizeof(all), "");
}

static void test_long(void **s)
{
	(void)s;
	uint8_t b[3000], out[NTLM_USER_MAX];
	size_t n = made(b, 64, 0, "", 0, "", 0);
	memset(b + n, 'x', 2000);
	b[28] = b[36] = 0xd0; /* 2000 */
	b[29] = b[37] = 0x07;
	b[40] = 64;
	assert_int_equal(ntlm_user(sl_span(b, n + 2000), out), NTLM_USER_MAX);
	assert_int_equal(out[NTLM_USER_MAX / 2 - 1], '\\');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
