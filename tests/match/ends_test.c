/* SPDX-License-Identifier: BSD-3-Clause */
/* ends_test.c - what the filters say of the ends of packets. That they miss none, change_test.c
 * asks. */
#include <stdio.h>

#include "made.h"

/* What is not listed is seldom said to be. */
static void test_ends_of_nobody(void **state)
{
	struct sl_intel *in = made_new();
	uint64_t seed = 7;
	char text[64];
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t x = made_random(&seed);
		snprintf(text, sizeof(text), "10.%u.%u.%u%s", (unsigned)x & 255,
			(unsigned)(x >> 8) & 255, (unsigned)(x >> 16) & 255, i % 4 ? "" : "/24");
		made_add(in, SL_TYPE_IPV4, text, SL_MATCH_EXACT);
	}
	struct sl_match_options o = { 0 };
	struct sl_ruleset *rs = made_ruleset(in, &o);
	unsigned said = 0;
	for (unsigned i = 0; i < 200; i++) {
		struct sl_packet pkt[SL_BURST] = { 0 };
		for (unsigned k = 0; k < SL_BURST; k++) {
			pkt[k].version = 4;
			pkt[k].src.v4_be = (uint32_t)made_random(&seed) | 0x80;
			pkt[k].dst.v4_be = (uint32_t)made_random(&seed) | 0x80;
		}
		said += (unsigned)__builtin_popcountll(sl_match_ends(rs, pkt, SL_BURST));
	}
	assert_in_range(said, 0, 200 * SL_BURST / 20);
	sl_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ends_of_nobody) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
