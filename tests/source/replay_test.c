/* SPDX-License-Identifier: BSD-3-Clause */
/* replay_test.c - a replay from file to queues: who gets what, in which order, in how much memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/mem.h>

#include "run.h"

static void test_queues(void **state)
{
	const char *path = path_of("plain.pcap");
	capture_make(path, 10000, 0);
	for (unsigned queues = 1; queues <= QUEUES_MAX; queues++) {
		struct run r;
		run_start(&r, &path, 1, queues, 1, 64 << 20);
		run_all(&r);
		assert_int_equal(run_packets(&r), 10000);
		for (unsigned i = 0; i < queues; i++) {
			assert_int_equal(r.q[i].captures, 1);
			assert_true(r.q[i].packets > 0);
		}
		assert_int_equal(run_result(&r, 0)->packets, 10000);
		assert_int_equal(run_result(&r, 0)->error, 0);
		struct sl_replay_progress p;
		sl_replay_progress(r.s, &p);
		assert_int_equal(p.bytes_read, 24 + 10000 * (16 + FRAME));
		assert_int_equal(p.bytes_read, p.bytes_total);
		assert_int_equal(p.packets, 10000);
		run_end(&r);
	}
}

static void test_several_captures(void **state)
{
	const char *paths[] = { path_of("a.pcap"), path_of("empty.pcap"), path_of("bad"),
		path_of("b.pcap") };
	capture_make(paths[0], 300, 0);
	capture_make(paths[1], 0, 0);
	FILE *f = fopen(paths[2], "w");
	fputs("no capture at all", f);
	fclose(f);
	capture_make(paths[3], 500, 0);
	assert_int_equal(truncate(paths[3], 24 + 400 * (16 + FRAME) + 20), 0);
	struct run r;
	run_start(&r, paths, 4, 2, 1, 64 << 20);
	run_all(&r);
	assert_int_equal(run_packets(&r), 700);
	assert_int_equal(r.q[0].captures, 4);
	assert_int_equal(r.q[1].captures, 4);
	assert_int_equal(run_result(&r, 0)->error, 0);
	assert_int_equal(run_result(&r, 1)->error, 0);
	assert_int_equal(run_result(&r, 2)->error, -EBADMSG);
	assert_non_null(strstr(run_result(&r, 2)->what, "not a capture"));
	assert_int_equal(run_result(&r, 3)->error, -EBADMSG);
	assert_int_equal(run_result(&r, 3)->packets, 400);
	assert_int_equal(run_result(&r, 3)->offset, 24 + 400 * (16 + FRAME));
	assert_non_null(strstr(run_result(&r, 3)->what, "in the middle of a packet"));
	run_end(&r);
}

/* 24 times more than the pool's least. */
static void test_small_memory(void **state)
{
	const char *path = path_of("large.pcap");
	capture_make(path, 60000, 1403);
	for (unsigned queues = 1; queues <= 3; queues += 2) {
		size_t before = sl_mem_mapped_bytes();
		struct run r;
		run_start(&r, &path, 1, queues, 1, 1);
		bool more = true;
		while (more) {
			more = false;
			for (unsigned i = 0; i < r.queues; i++)
				more |= run_burst(&r, i);
			assert_true(sl_mem_mapped_bytes() - before <= (size_t)6 << 20);
		}
		assert_int_equal(run_packets(&r), 60000);
		run_end(&r);
		assert_int_equal(sl_mem_mapped_bytes(), before);
	}
}

static void test_stop(void **state)
{
	const char *path = path_of("plain.pcap");
	struct run r;
	capture_make(path, 10000, 1000);
	run_start(&r, &path, 1, 2, 1, 1);
	while (run_packets(&r) < 100)
		run_burst(&r, run_packets(&r) & 1);
	sl_replay_stop(r.s);
	uint64_t before = run_packets(&r);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(run_burst(&r, i));
		assert_int_equal(r.q[i].captures, 1);
		assert_false(run_burst(&r, i));
		assert_false(run_burst(&r, i));
	}
	assert_int_equal(run_packets(&r), before);
	assert_int_equal(run_result(&r, 0)->error, 0);
	run_end(&r);
}

/* A pipe that stays open: what came down it is delivered, and a stop does not wait for more. */
static void test_silent_pipe(void **state)
{
	int fd[2];
	char path[32];
	const char *paths = path;
	struct bytes b = { 0 };
	uint8_t bytes[FRAME];
	struct run r;
	assert_int_equal(pipe(fd), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
	/* The head that the boot id is made of must be there, or opening waits for it. */
	put_pcap_header(&b, 0xa1b2c3d4, 1);
	assert_int_equal(write(fd[1], b.p, b.len), b.len);
	frame(bytes, 1, 2, 0);
	unsigned packets = (SL_INPUT_PEEK / (16 + FRAME)) + 2; /* some 64 KiB: the pipe's size */
	static uint8_t all[(SL_INPUT_PEEK / (16 + FRAME) + 2) * (16 + FRAME)];
	size_t at = 0;
	for (unsigned i = 0; i < packets; i++) {
		frame(bytes, 0, 100, i * 16);
		b.len = 0;
		put_pcap_record(&b, 1, 0, "", 0, 0);
		b.len -= 8;
		put(&b, FRAME, 4);
		put(&b, FRAME, 4);
		memcpy(all + at, b.p, b.len);
		memcpy(all + at + b.len, bytes, FRAME);
		at += b.len + FRAME;
	}
	(void)fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	assert_int_equal(write(fd[1], all, at), at);
	run_start(&r, &paths, 1, 1, 1, 1);
	while (run_packets(&r) < packets)
		assert_true(run_burst(&r, 0));
	sl_replay_stop(r.s);
	run_all(&r);
	assert_int_equal(run_packets(&r), packets);
	assert_int_equal(run_result(&r, 0)->packets, packets);
	run_end(&r);
	close(fd[0]);
	close(fd[1]);
}

static void test_open_errors(void **state)
{
	struct sl_source *s;
	char err[256];
	const char *paths[] = { path_of("plain.pcap"), path_of("missing.pcap") };
	struct sl_replay_options o = { .paths = paths, .path_count = 2, .queues = 1, .loop = 1 };
	capture_make(paths[0], 10, 0);
	assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "missing.pcap: No such file"));
	o.paths = (const char *[]){ folder };
	o.path_count = 1;
	assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), -EISDIR);
	paths[0] = path_of("nothing");
	fclose(fopen(paths[0], "w"));
	o.paths = paths;
	assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), -EBADMSG);
	assert_non_null(strstr(err, "not a capture file: it is empty"));
}

/* Known before the start, and nothing is lost by looking. */
static void test_before_start(void **state)
{
	const char *paths[] = { path_of("one.pcap"), path_of("two.pcap") };
	capture_make(paths[0], 2000, 0);
	capture_make(paths[1], 20, 0);
	struct sl_replay_options o = {
		.paths = paths, .path_count = 2, .queues = 1, .loop = 1, .memory_bytes = 1
	};
	uint8_t id[2][32];
	char err[256];
	struct run r = { .queues = 1 };
	memset(r.queue_of, -1, sizeof(r.queue_of));
	r.q[0].last = -1;
	assert_int_equal(sl_replay_open(&r.s, &o, err, sizeof(err)), 0);
	assert_int_equal(sl_replay_first_ts(r.s), 1000 * SL_SECOND);
	assert_int_equal(sl_replay_boot_id(r.s, id[0]), 0);
	assert_int_equal(sl_replay_boot_id(r.s, id[1]), 0);
	assert_memory_equal(id[0], id[1], 32);
	assert_int_equal(sl_replay_start(r.s), 0);
	run_all(&r);
	assert_int_equal(run_packets(&r), 2020);
	run_end(&r);
	paths[1] = paths[0];
	assert_int_equal(sl_replay_open(&r.s, &o, err, sizeof(err)), 0);
	assert_int_equal(sl_replay_boot_id(r.s, id[1]), 0);
	assert_memory_not_equal(id[0], id[1], 32);
	run_end(&r); /* without ever having been started */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_several_captures),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_silent_pipe),
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_before_start),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
