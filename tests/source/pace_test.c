/* SPDX-License-Identifier: BSD-3-Clause */
/* pace_test.c - looped and paced replays: passes, their addresses and times, the ring that a paced
 * queue has, and what is missed. */
#include <errno.h>

#include <sightline/clock.h>

#include "run.h"

static void test_loop(void **state)
{
	const char *paths[] = { path_of("loop.pcap"), path_of("loop2.pcap") };
	capture_make(paths[0], 20000, 0);
	capture_make(paths[1], 10, 0);
	struct run r;
	run_start(&r, paths, 2, 3, 3, 64 << 20); /* 3 passes */
	run_all(&r);
	assert_int_equal(run_packets(&r), 3 * 20010);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(r.q[i].captures, 2); /* none between the passes */
	assert_int_equal(run_result(&r, 0)->packets, 20000);
	struct sl_replay_progress p;
	sl_replay_progress(r.s, &p);
	assert_int_equal(p.bytes_total, 3 * (2 * 24 + 20010 * (16 + FRAME)));
	assert_int_equal(p.bytes_read, p.bytes_total);
	struct sl_replay_sums sums;
	sl_replay_sums(r.s, &sums);
	assert_int_equal(sums.sent, 3 * 20010);
	assert_int_equal(sums.missed, 0);
	assert_int_equal(sums.rehearsed, 3 * 20000);
	assert_int_equal(r.q[0].rehearsed + r.q[1].rehearsed + r.q[2].rehearsed, sums.rehearsed);
	assert_true(sums.mapped_bytes >= 20010 * (size_t)FRAME && sums.mapped_bytes <= 64 << 20);
	assert_true(sums.longest_ns > 0 && sums.longest_ns <= sums.queues_ns);
	run_end(&r);
}

/* Each pass changes other bits, none of them those above, and no two that follow each other the
 * same. */
static void test_fresh_bits(void **state)
{
	const char *path = path_of("fresh.pcap");
	capture_make(path, 1, 0);
	for (unsigned bits = 8; bits <= SL_FRESH_BITS; bits += 8) {
		struct sl_replay_options o = { .paths = &path,
			.path_count = 1,
			.queues = 1,
			.loop = (1u << bits) + 2,
			.fresh_bits = (uint8_t)bits,
			.memory_bytes = 8 << 20 };
		static uint16_t times[65536];
		struct sl_packet p[SL_BURST];
		struct sl_source *s;
		char err[256];
		uint16_t n;
		unsigned ends = 0;
		memset(times, 0, sizeof(times));
		assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), 0);
		assert_int_equal(sl_replay_start(s), 0);
		for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END; s->ops->release(s, 0, p, n)) {
			rx = s->ops->rx_burst(s, 0, p, SL_BURST, &n);
			ends += rx == SL_RX_END_CAPTURE;
			if (n == 0 || ends == 0)
				continue;
			assert_int_equal(p->salt >> 16, p->salt ? bits : 0);
			times[p->salt & 0xffff]++;
		}
		assert_int_equal(times[0], 1);
		unsigned twice = 0;
		for (unsigned i = 1; i < 1u << bits; i++) {
			assert_in_range(times[i], 1, 2);
			twice += times[i] == 2;
		}
		assert_int_equal(twice, 2); /* the last two passes have those of the first two */
		s->ops->close(s);
	}
}

static void test_loop_times(void **state)
{
	const char *path = path_of("times.pcap");
	capture_make(path, 100, 0); /* 99 ms long, and a second between the passes */
	struct run r;
	struct sl_packet p[SL_BURST];
	uint64_t seen = 0, end_ns[2];
	unsigned ends = 0;
	run_start(&r, &path, 1, 1, 3, 64 << 20);
	for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END;) {
		uint16_t n;
		rx = r.s->ops->rx_burst(r.s, 0, p, 7, &n);
		if (rx == SL_RX_END_CAPTURE)
			end_ns[ends++] = p->ts_ns;
		for (unsigned i = 0; ends > 0 && i < n; i++, seen++) {
			uint64_t pass = seen / 100, at = seen % 100;
			assert_int_equal(!!p[i].salt, pass > 0);
			assert_int_equal(p[i].ts_ns,
				1000 * SL_SECOND + at * 1000000 + pass * (SL_SECOND + 99000000));
		}
		r.s->ops->release(r.s, 0, p, n);
	}
	assert_int_equal(seen, 300);
	assert_int_equal(ends, 2);
	assert_int_equal(end_ns[0], 0); /* of the rehearsal */
	assert_int_equal(end_ns[1], 1000 * SL_SECOND + 99000000 + 2 * (SL_SECOND + 99000000));
	run_end(&r);
}

static void test_loop_too_large(void **state)
{
	const char *path = path_of("toolarge.pcap");
	capture_make(path, 10000, 1400);
	struct run r;
	run_start(&r, &path, 1, 2, 2, 4 << 20);
	run_all(&r);
	assert_int_equal(run_packets(&r), 0);
	assert_int_equal(run_result(&r, 0)->error, -EFBIG);
	assert_non_null(strstr(run_result(&r, 0)->what, "--loop"));
	run_end(&r);
}

/* ---- Pace ---- */

static void pace_is(const char *text, enum sl_pace_unit unit, double per_second)
{
	struct sl_pace p;
	assert_true(sl_pace_parse(text, &p));
	assert_int_equal(p.unit, unit);
	assert_true(p.per_second == per_second);
}

static void test_pace_text(void **state)
{
	static const char *const wrong[] = { "", "fast", "10", "gbit", "10 gbit", "10gbits",
		"-1gbit", "0mpps", "nangbit", "infpps", "0x10pps", "1e3pps", "1.2.3gbit", ".5gbit",
		"10Gbit", "9999999999999999gbit", "0.9pps" };
	struct sl_pace p;
	pace_is("max", SL_PACE_MAX, 0);
	pace_is("original", SL_PACE_ORIGINAL, 0);
	pace_is("10gbit", SL_PACE_BITS, 1e10);
	pace_is("2.5mbit", SL_PACE_BITS, 2.5e6);
	pace_is("5mpps", SL_PACE_PACKETS, 5e6);
	pace_is("300kpps", SL_PACE_PACKETS, 3e5);
	pace_is("1000pps", SL_PACE_PACKETS, 1000);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sl_pace_parse(wrong[i], &p));
}

/* Everything falls due at once: each queue's ring takes what it holds, and the rest is missed. */
static void test_pace_ring(void **state)
{
	const char *paths[] = { path_of("flood.pcap"), path_of("flood2.pcap") };
	capture_make(paths[0], 20000, 100);
	capture_make(paths[1], 100, 0);
	for (unsigned queues = 1; queues <= 3; queues += 2) {
		struct run r;
		struct sl_replay_sums sums;
		run_start_paced(&r, paths, 2, queues, 2, 64 << 20,
			(struct sl_pace){ SL_PACE_PACKETS, 1e15 });
		run_all(&r);
		sl_replay_sums(r.s, &sums);
		assert_int_equal(sums.sent, 2 * 20100);
		assert_int_equal(sums.rehearsed, 0);
		assert_int_equal(run_packets(&r), queues * SL_PACE_RING + 200);
		assert_int_equal(run_packets(&r) + sums.missed, sums.sent);
		assert_in_range(sums.wire_bytes, run_packets(&r) * FRAME + 4096 * 100,
			run_packets(&r) * (FRAME + 100 + SL_PACE_GAP) + 4);
		for (unsigned i = 0; i < queues; i++) {
			assert_int_equal(r.q[i].captures, 2);
			assert_true(r.q[i].passes > 0); /* of the second capture */
		}
		struct sl_replay_progress p;
		sl_replay_progress(r.s, &p);
		assert_int_equal(p.missed, sums.missed);
		assert_int_equal(p.bytes_read, p.bytes_total);
		run_end(&r);
	}
}

/* At rates that anything keeps up with, each packet comes once and in order; none comes early. */
static void test_pace_rates(void **state)
{
	static const struct sl_pace paces[] = { { SL_PACE_ORIGINAL, 0 }, { SL_PACE_PACKETS, 20000 },
		{ SL_PACE_BITS, 20000 * 8 * (FRAME + SL_PACE_GAP) } };
	static const uint64_t least_ns[] = { 499000000, 50000000, 50000000 };
	const char *path = path_of("paced.pcap");
	for (unsigned i = 0; i < 3; i++) {
		struct run r;
		struct sl_replay_sums sums;
		unsigned packets = i == 0 ? 500 : 1000; /* 1 ms apart */
		capture_make(path, packets, 0);
		run_start_paced(&r, &path, 1, 2, 1, 64 << 20, paces[i]);
		run_all(&r);
		sl_replay_sums(r.s, &sums);
		assert_int_equal(sums.sent, packets);
		assert_int_equal(run_packets(&r) + sums.missed, sums.sent);
		assert_true(sums.longest_ns >= least_ns[i]);
		run_end(&r);
	}
}

static void test_pace_stop(void **state)
{
	const char *path = path_of("slow.pcap");
	struct run r;
	capture_make(path, 1000, 0);
	run_start_paced(&r, &path, 1, 2, 1000, 64 << 20, (struct sl_pace){ SL_PACE_PACKETS, 1000 });
	while (run_packets(&r) < 10) {
		run_burst(&r, 0);
		run_burst(&r, 1);
	}
	sl_replay_stop(r.s);
	run_all(&r);
	assert_int_equal(r.q[0].captures, 1);
	struct sl_replay_sums sums;
	sl_replay_sums(r.s, &sums);
	assert_int_equal(sums.sent, run_packets(&r) + sums.missed);
	assert_true(sums.longest_ns > 0);
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_fresh_bits),
		cmocka_unit_test(test_loop_times),
		cmocka_unit_test(test_loop_too_large),
		cmocka_unit_test(test_pace_text),
		cmocka_unit_test(test_pace_ring),
		cmocka_unit_test(test_pace_rates),
		cmocka_unit_test(test_pace_stop),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
