/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag_test.c - what becomes of fragments, which datagram they are of, and how they are told of.
 */
#include "pieces.h"

#include <errno.h>
#include <netinet/in.h>

#include <sightline/clock.h>

struct row {
	char letter;
	uint16_t at, len;
};

static struct pieces *with_policy(const char *text)
{
	static struct sl_overlap_nets *nets;
	struct sl_defrag_options o = sl_defrag_defaults;
	sl_overlap_nets_free(nets);
	assert_int_equal(sl_overlap_nets_new(&nets), 0);
	assert_int_equal(sl_overlap_nets_add(nets, text, strlen(text)), 0);
	o.overlap = nets;
	return pieces_new(&o);
}

static const char *const policies[SL_OVERLAP_COUNT] = { "first", "last", "bsd", "linux",
	"windows" };

/* ---- What contradicts itself ---- */

static void test_teardrop(void **state)
{
	struct pieces *s = with_policy("linux");
	fill4(s, 242, 0, true, 'A', 40);
	assert_false(fill4(s, 242, 24, false, 'B', 4));
	assert_int_equal(counted(s, SL_C_FRAGMENT_TEARDROP), 1);
	assert_int_equal(counted(s, SL_C_DEFRAG_CONTRADICTED), 1);
	assert_int_equal(sl_defrag_bytes(s->d), 0);
	assert_false(fill4(s, 242, 24, false, 'B', 4)); /* what was given up stays so */
	assert_int_equal(counted(s, SL_C_FRAGMENT_LATE), 1);
	pieces_free(s);
	s = with_policy("bsd");
	fill4(s, 242, 0, true, 'A', 40);
	assert_true(fill4(s, 242, 24, false, 'B', 8));
	assert_string_equal(letters(s), "AAA");
	assert_int_equal(counted(s, SL_C_FRAGMENT_TEARDROP), 1);
	pieces_free(s);
}

static void test_ping_of_death(void **state)
{
	struct pieces *s = pieces_new(NULL);
	for (unsigned at = 0; at < 65528; at += 8192)
		fill4(s, 3, at, true, 'A', at + 8192 < 65528 ? 8192 : 65504 - at);
	assert_false(fill4(s, 3, 65504, false, 'B', 40));
	assert_int_equal(counted(s, SL_C_FRAGMENT_BIG), 1);
	/* The longest there is: header and all of it are 65535 bytes. */
	assert_false(fill4(s, 3, 65504, false, 'B', 12));
	assert_int_equal(counted(s, SL_C_FRAGMENT_BIG), 2);
	assert_true(fill4(s, 3, 65504, false, 'B', 11));
	assert_int_equal(s->p.payload_len, 0x4141 - 8); /* as its UDP header says */
	assert_int_equal(s->p.ip_len, 65535);
	s->options = 4;
	for (unsigned at = 0; at < 65504; at += 32752)
		fill4(s, 4, at, true, 'A', 32752);
	assert_false(fill4(s, 4, 65504, false, 'B', 8));
	assert_int_equal(counted(s, SL_C_FRAGMENT_BIG), 3);
	assert_true(fill4(s, 4, 65504, false, 'B', 7));
	pieces_free(s);
}

static void test_fragments_behind_the_last(void **state)
{
	for (unsigned policy = 0; policy < SL_OVERLAP_COUNT; policy++) {
		struct pieces *s = with_policy(policies[policy]);
		fill4(s, 5, 24, false, 'B', 8);
		assert_false(fill4(s, 5, 64, true, 'D', 8));
		if (policy != SL_OVERLAP_LINUX) {
			assert_false(fill4(s, 5, 16, true, 'C', 24));
			assert_false(fill4(s, 5, 32, false, 'E', 8));
			assert_int_equal(counted(s, SL_C_FRAGMENT_BEHIND), 2);
			assert_int_equal(counted(s, SL_C_FRAGMENT_LAST), 1);
			bool whole = fill4(s, 5, 0, true, 'A', 16);
			assert_true(whole);
			const char *text = letters(s);
			assert_int_equal(strlen(text), 3);
			assert_int_equal(text[0], 'A');
			assert_int_equal(text[1], 'C');
			assert_int_equal(text[2],
				policy == SL_OVERLAP_LAST || policy == SL_OVERLAP_BSD ? 'C' : 'B');
		}
		assert_int_equal(counted(s, SL_C_DEFRAG_CONTRADICTED), policy == SL_OVERLAP_LINUX);
		pieces_free(s);
	}
}

static void odd_fragments_are_named(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill4(s, 6, 8, true, 'A', 0);
	assert_int_equal(counted(s, SL_C_FRAGMENT_EMPTY), 1);
	fill4(s, 6, 8, false, 'A', 0);
	assert_int_equal(counted(s, SL_C_FRAGMENT_EMPTY), 2);
	fill4(s, 6, 0, true, 'A', 7);
	assert_int_equal(counted(s, SL_C_FRAGMENT_UNEVEN), 1);
	assert_int_equal(counted(s, SL_C_FRAGMENT_EMPTY), 3);
	assert_int_equal(sl_defrag_count(s->d), 0);
	fill4(s, 6, 0, true, 'A', 15); /* what receivers keep of it are 8 bytes */
	assert_int_equal(counted(s, SL_C_FRAGMENT_UNEVEN), 2);
	assert_true(fill4(s, 6, 8, false, 'B', 8));
	assert_string_equal(letters(s), "B");
	assert_int_equal(counted(s, SL_C_FRAGMENT_TINY), 0);
	s->proto = IPPROTO_TCP;
	fill4(s, 7, 0, true, 'A', 16);
	fill4(s, 7, 8, true, 'A', 16);
	assert_int_equal(counted(s, SL_C_FRAGMENT_TINY), 2);
	s->wire_more = 8;
	fill4(s, 8, 0, true, 'A', 16);
	assert_int_equal(counted(s, SL_C_FRAGMENT_CUT), 1);
	assert_int_equal(sl_defrag_count(s->d), 1);
	pieces_free(s);
}

static void copies_change_nothing(void **state)
{
	for (unsigned policy = 0; policy < SL_OVERLAP_COUNT; policy++) {
		struct pieces *s = with_policy(policies[policy]);
		for (unsigned i = 0; i < 3; i++)
			fill4(s, 6, 16, false, 'B', 13);
		fill4(s, 6, 8, true, 'A', 8);
		fill4(s, 6, 8, true, 'A', 8);
		assert_true(fill4(s, 6, 0, true, 'x', 8));
		assert_string_equal(letters(s), "ABB");
		assert_int_equal(counted(s, SL_C_FRAGMENT_COPY), 3);
		assert_int_equal(counted(s, SL_C_FRAGMENT_OVERLAP), 0);
		pieces_free(s);
	}
}

/* ---- IPv6 ---- */

static void test_overlap_in_ipv6(void **state)
{
	static const struct row second[] = { { 'A', 0, 16 }, { 'A', 8, 8 }, { 'B', 0, 24 },
		{ 'A', 16, 24 } };
	for (unsigned i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
		struct pieces *s = with_policy("first");
		fill6(s, 6, 0, true, 'A', 24);
		fill6(s, 6, second[i].at, true, second[i].letter, second[i].len);
		assert_int_equal(counted(s, SL_C_DEFRAG_OVERLAPPED), 1);
		assert_false(fill6(s, 6, 24, false, 'C', 8));
		assert_int_equal(counted(s, SL_C_FRAGMENT_LATE), 1);
		fill6(s, 7, 0, true, 'A', 24); /* another one is none the worse for it */
		assert_true(fill6(s, 7, 24, false, 'C', 8));
		assert_string_equal(letters(s), "AAC");
		pieces_free(s);
	}
}

static void copies_in_ipv6_are_left_out(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill6(s, 6, 0, true, 'A', 24);
	fill6(s, 6, 0, true, 'A', 24);
	fill6(s, 6, 32, false, 'C', 3);
	fill6(s, 6, 32, false, 'C', 3);
	assert_int_equal(counted(s, SL_C_FRAGMENT_COPY), 2);
	assert_true(fill6(s, 6, 24, true, 'B', 8));
	assert_string_equal(letters(s), "AABC");
	fill6(s, 8, 8, true, 'A', 24);
	assert_false(fill6(s, 8, 8, false, 'A', 24)); /* the same bytes, but not the same */
	assert_int_equal(counted(s, SL_C_DEFRAG_OVERLAPPED), 1);
	pieces_free(s);
}

static void atomic_fragments_stand_alone(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill6(s, 6, 0, true, 'A', 24);
	assert_true(fill6(s, 6, 0, false, 'B', 24));
	assert_int_equal(s->p.payload_len, 16);
	assert_int_equal(counted(s, SL_C_FRAGMENT_ATOMIC), 1);
	assert_true(fill6(s, 6, 24, false, 'C', 8));
	assert_string_equal(letters(s), "AAC");
	assert_int_equal(counted(s, SL_C_FRAGMENTS), 2);
	pieces_free(s);
}

static void uneven_and_long_in_ipv6(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill6(s, 6, 0, true, 'A', 23);
	assert_int_equal(counted(s, SL_C_FRAGMENT_UNEVEN), 1);
	assert_int_equal(sl_defrag_count(s->d), 0);
	fill6(s, 6, 65528, false, 'A', 8);
	assert_int_equal(counted(s, SL_C_FRAGMENT_BIG), 1);
	fill6(s, 6, 65528, false, 'A', 7);
	assert_int_equal(counted(s, SL_C_FRAGMENT_BIG), 1);
	pieces_free(s);
}

/* The protocol is that of the fragment at offset 0, and may be an extension header. */
static void headers_may_be_in_fragments(void **state)
{
	static const uint8_t rest[] = { 17, 0, 1, 4, 0, 0, 0, 0, /* destination options */
		0x9c, 0x40, 0, 53, 0, 12, 0, 0, 'd', 'a', 't', 'a' };
	struct pieces *s = pieces_new(NULL);
	s->proto = 6; /* of a later fragment: nobody's business */
	send6(s, 6, 16, false, rest + 16, 4);
	s->proto = 60;
	assert_true(send6(s, 6, 0, true, rest, 16));
	assert_int_equal(s->p.proto, IPPROTO_UDP);
	assert_int_equal(s->p.dport, 53);
	assert_int_equal(s->p.payload_len, 4);
	assert_memory_equal(s->p.payload, "data", 4);
	assert_int_equal(s->p.ip_len, 40 + 20);
	pieces_free(s);
}

/* ---- Which datagram, and for how long ---- */

static void test_key(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill4(s, 6, 0, true, 'A', 16);
	assert_false(fill4(s, 7, 16, false, 'B', 8));
	s->proto = 253;
	assert_false(fill4(s, 6, 16, false, 'B', 8));
	s->proto = IPPROTO_UDP;
	s->host = 9;
	assert_false(fill4(s, 6, 16, false, 'B', 8));
	s->host = 1;
	s->salt = SL_SALT(16, 5); /* another pass of a loop */
	assert_false(fill4(s, 6, 16, false, 'B', 8));
	s->salt = 0;
	assert_int_equal(sl_defrag_count(s->d), 5);
	assert_true(fill4(s, 6, 16, false, 'B', 8));
	assert_int_equal(sl_defrag_count(s->d), 4);
	pieces_free(s);
}

static void test_timeout(void **state)
{
	struct pieces *s = pieces_new(NULL);
	uint64_t start = s->now_ns;
	fill4(s, 6, 0, true, 'A', 16);
	fill6(s, 6, 0, true, 'A', 16);
	s->now_ns = start + 30 * SL_SECOND;
	assert_true(fill4(s, 6, 16, false, 'B', 8));
	s->now_ns += 2 * SL_SECOND;
	fill4(s, 6, 0, true, 'A', 16);
	s->now_ns += 30 * SL_SECOND + 1;
	assert_false(fill4(s, 6, 16, false, 'B', 8));
	assert_int_equal(counted(s, SL_C_DEFRAG_TIMEOUT), 1);
	s->now_ns = start + 60 * SL_SECOND;
	assert_true(fill6(s, 6, 16, false, 'B', 8)); /* packets out of order in time as well */
	fill6(s, 7, 0, true, 'A', 16);
	s->now_ns += 60 * SL_SECOND + 1;
	assert_false(fill6(s, 7, 16, false, 'B', 8));
	assert_int_equal(counted(s, SL_C_DEFRAG_TIMEOUT), 2);
	/* What nobody asks for is gone as well, if later. */
	s->now_ns += 120 * SL_SECOND + 1;
	for (unsigned i = 0; i < 3; i++)
		fill6(s, 1, 0, false, 'A', 16);
	fill4(s, 99, 0, true, 'A', 16);
	assert_int_equal(sl_defrag_count(s->d), 1);
	assert_int_equal(counted(s, SL_C_DEFRAG_TIMEOUT), 4);
	sl_defrag_flush(s->d);
	assert_int_equal(counted(s, SL_C_DEFRAG_FLUSHED), 1);
	pieces_free(s);
}

/* What nobody asks for is gone also where no packet comes any more. */
static void test_time_without_packets(void **state)
{
	struct pieces *s = pieces_new(NULL);
	for (unsigned i = 0; i < 2000; i++)
		fill4(s, i, 0, true, 'A', 16);
	uint64_t late_ns = s->now_ns + 120 * SL_SECOND;
	for (unsigned i = 0; i < 100; i++)
		if (!sl_defrag_clock(s->d, late_ns - SL_SECOND))
			break;
	assert_int_equal(sl_defrag_count(s->d), 2000);
	unsigned calls = 0;
	while (sl_defrag_clock(s->d, late_ns + SL_SECOND)) {
		take_lost(s);
		calls++;
	}
	take_lost(s);
	assert_true(calls >= 2 && calls < 100);
	assert_int_equal(sl_defrag_count(s->d), 0);
	assert_int_equal(counted(s, SL_C_DEFRAG_TIMEOUT), 2000);
	assert_int_equal(s->lost, 2000);
	assert_false(sl_defrag_clock(s->d, 0)); /* a clock never runs backwards */
	pieces_free(s);
}

/* The second copy of the fragment that made a datagram whole says nothing new. */
static void copies_after_the_end(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill4(s, 6, 0, true, 'A', 16);
	assert_true(fill4(s, 6, 16, false, 'B', 8));
	assert_false(fill4(s, 6, 16, false, 'B', 8));
	assert_int_equal(sl_defrag_count(s->d), 1);
	assert_true(fill4(s, 6, 0, true, 'C', 16)); /* it may as well be of another one */
	assert_string_equal(letters(s), "CB");
	fill4(s, 6, 16, false, 'B', 8);
	sl_defrag_flush(s->d);
	take_lost(s);
	assert_int_equal(s->lost, 0);
	assert_int_equal(counted(s, SL_C_DEFRAG_AGAIN), 1);
	assert_int_equal(counted(s, SL_C_DEFRAG_FLUSHED), 0);
	pieces_free(s);
}

/* Time runs backwards between packets: a datagram is not too old for what came before it. */
static void time_runs_backwards(void **state)
{
	struct pieces *s = pieces_new(NULL);
	s->now_ns = 100000 * SL_SECOND;
	fill4(s, 5, 0, true, 'A', 16);
	s->now_ns = SL_SECOND;
	fill4(s, 6, 0, true, 'A', 16);
	fill4(s, 6, 24, false, 'A', 16);
	assert_true(fill4(s, 6, 16, true, 'B', 8));
	s->now_ns = 100001 * SL_SECOND;
	assert_true(fill4(s, 5, 16, false, 'B', 8));
	pieces_free(s);
}

/* A datagram that is whole brings what was held before it; one that is lost is told of as it was.
 */
static void every_fragment_is_told_of(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill4(s, 6, 16, true, 'B', 8);
	assert_int_equal(s->p.version, 0);
	assert_int_equal(s->p.flags, SL_PKT_FRAGMENT);
	send4(s, 6, 0, true,
		"\x9c\x40\x00\x35\x00\x28\x00\x00"
		"AAAAAAAA",
		16);
	assert_int_equal(s->p.version, 0);
	assert_true(fill4(s, 6, 24, false, 'C', 16));
	assert_int_equal(s->p.held_packets, 2);
	assert_int_equal(s->p.held_bytes, 28 + 36);
	send4(s, 7, 0, true, "\x9c\x40\x00\x35\x00\x28\x00\x00", 8);
	uint64_t then = s->now_ns;
	s->now_ns += SL_SECOND;
	fill4(s, 7, 24, true, 'B', 8);
	s->salt = SL_SALT(16, 9);
	fill4(s, 7, 24, true, 'B', 8);
	s->salt = 0;
	s->now_ns += 200 * SL_SECOND;
	for (unsigned i = 0; i < 4; i++)
		assert_true(fill6(s, 1, 0, false, 'A', 8));
	assert_int_equal(s->lost, 2);
	assert_true(s->last_lost.dst.b[3] != 2); /* of another pass, as its packets would be */
	fill4(s, 7, 0, true, 'A', 8);
	send4(s, 8, 0, true, "\x9c\x40\x00\x35\x00\x28\x00\x00", 8);
	then = s->now_ns;
	s->now_ns += SL_SECOND;
	fill4(s, 8, 24, true, 'B', 8);
	sl_defrag_flush(s->d);
	take_lost(s);
	const struct sl_packet *p = &s->last_lost;
	assert_int_equal(s->lost, 4);
	assert_int_equal(p->ts_ns, then);
	assert_int_equal(p->src.b[0], 192);
	assert_int_equal(p->dst.b[3], 2);
	assert_int_equal(p->proto, IPPROTO_UDP);
	assert_int_equal(p->dport, 53);
	assert_int_equal(p->flags, SL_PKT_FRAGMENT | SL_PKT_L4);
	assert_int_equal(p->held_packets, 1);
	assert_int_equal(p->wire_len, 56);
	assert_int_equal(p->payload_len, 0);
	pieces_free(s);
}

/* Given up, its packet tells of it at once, and so do those that come too late. */
static void what_is_given_up_is_told_of(void **state)
{
	struct pieces *s = pieces_new(NULL);
	fill6(s, 6, 0, true, 'A', 24);
	assert_int_equal(s->p.version, 0);
	fill6(s, 6, 8, true, 'A', 24);
	assert_int_equal(s->p.version, 6);
	assert_int_equal(s->p.flags, SL_PKT_FRAGMENT);
	assert_int_equal(s->p.src.b[15], 1);
	assert_int_equal(s->p.held_packets, 1);
	fill6(s, 6, 32, false, 'A', 24);
	assert_int_equal(s->p.version, 6);
	assert_int_equal(s->p.held_packets, 0);
	sl_defrag_flush(s->d);
	take_lost(s);
	assert_int_equal(s->lost, 0);
	pieces_free(s);
}

static void options_out_of_range(void **state)
{
	struct sl_defrag_options o = sl_defrag_defaults;
	struct sl_counters c;
	struct sl_defrag *d;
	o.memory_bytes = 1000;
	assert_int_equal(sl_defrag_new(&d, &o, &c), -EINVAL);
	o = sl_defrag_defaults;
	o.max_datagrams = 0;
	assert_int_equal(sl_defrag_new(&d, &o, &c), -EINVAL);
	o = sl_defrag_defaults;
	o.max_fragments = 0;
	assert_int_equal(sl_defrag_new(&d, &o, &c), -EINVAL);
	sl_defrag_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_teardrop),
		cmocka_unit_test(test_ping_of_death),
		cmocka_unit_test(test_fragments_behind_the_last),
		cmocka_unit_test(odd_fragments_are_named),
		cmocka_unit_test(copies_change_nothing),
		cmocka_unit_test(test_overlap_in_ipv6),
		cmocka_unit_test(copies_in_ipv6_are_left_out),
		cmocka_unit_test(atomic_fragments_stand_alone),
		cmocka_unit_test(uneven_and_long_in_ipv6),
		cmocka_unit_test(headers_may_be_in_fragments),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_time_without_packets),
		cmocka_unit_test(copies_after_the_end),
		cmocka_unit_test(time_runs_backwards),
		cmocka_unit_test(every_fragment_is_told_of),
		cmocka_unit_test(what_is_given_up_is_told_of),
		cmocka_unit_test(options_out_of_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
