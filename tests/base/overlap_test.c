/* SPDX-License-Identifier: BSD-3-Clause */
/* overlap_test.c - whose policy an address has: the longest network that covers it. */
#include "test.h"

#include <errno.h>

#include <sightline/overlap.h>

static int add(struct sl_overlap_nets *n, const char *text)
{
	struct guarded g = guarded_new(text, strlen(text));
	int rc = sl_overlap_nets_add(n, (const char *)g.p, g.len);
	guarded_free(&g);
	return rc;
}

static enum sl_overlap of(const struct sl_overlap_nets *n, const char *text)
{
	union sl_addr a;
	uint8_t version;
	assert_true(sl_addr_parse(text, strlen(text), &a, &version));
	return sl_overlap_of(n, &a, version);
}

static void the_longest_network_counts(void **state)
{
	static const char *const in[] = { "10.1.0.0/16=windows", "10.0.0.0/8=bsd", "bsd",
		"10.1.2.3=first", "10.1.2.0/24=last", "2001:db8::/32=windows", "::/0=first" };
	struct sl_overlap_nets *n;
	assert_int_equal(sl_overlap_nets_new(&n), 0);
	assert_int_equal(of(n, "10.1.2.3"), SL_OVERLAP_LINUX);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_int_equal(add(n, in[i]), 0);
	assert_int_equal(of(n, "10.1.2.3"), SL_OVERLAP_FIRST);
	assert_int_equal(of(n, "10.1.2.4"), SL_OVERLAP_LAST);
	assert_int_equal(of(n, "10.1.3.4"), SL_OVERLAP_WINDOWS);
	assert_int_equal(of(n, "10.2.3.4"), SL_OVERLAP_BSD);
	assert_int_equal(of(n, "192.0.2.1"), SL_OVERLAP_BSD);
	assert_int_equal(of(n, "2001:db8::1"), SL_OVERLAP_WINDOWS);
	assert_int_equal(of(n, "a01:203::"), SL_OVERLAP_FIRST); /* 10.1.2.3's bytes */
	assert_int_equal(add(n, "linux"), 0);
	assert_int_equal(of(n, "192.0.2.1"), SL_OVERLAP_LINUX);
	sl_overlap_nets_free(n);
	sl_overlap_nets_free(NULL);
	assert_int_equal(of(NULL, "192.0.2.1"), SL_OVERLAP_LINUX);
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const odd[] = { "", "=", "linux=", "=linux", "Linux", "solaris",
		"10.0.0.0/8", "10.0.0.0/8=", "10.0.0.0/33=bsd", "10.0.0/8=bsd", "10.0.0.0/8=bsd ",
		"10.0.0.0/8==bsd", "192.0.2.1/32=last" };
	struct sl_overlap_nets *n;
	assert_int_equal(sl_overlap_nets_new(&n), 0);
	assert_int_equal(add(n, "192.0.2.1=bsd"), 0);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(add(n, odd[i]), -EINVAL);
	assert_int_equal(of(n, "192.0.2.1"), SL_OVERLAP_BSD);
	assert_int_equal(of(n, "10.0.0.1"), SL_OVERLAP_LINUX);
	sl_overlap_nets_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_network_counts),
		cmocka_unit_test(what_is_neither_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
