/* SPDX-License-Identifier: BSD-3-Clause */
/* replay_test.c - a replay from file to queues: who gets what, in which order, in how much memory.
 * The test thread plays all workers in turn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/mem.h>
#include <sightline/source.h>

#include "bytes.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define QUEUES_MAX 4
#define FRAME 64

/* ---- Captures ---- */

static char folder[] = "/tmp/sightline-replay-XXXXXX";

/* Ethernet, IPv4, a number that tells the packet: from host a to host b, or from b to a. */
static void frame(uint8_t f[FRAME], unsigned a, unsigned b, uint32_t number)
{
	memset(f, 0, FRAME);
	f[12] = 8;
	f[14] = 0x45;
	f[14 + 12] = f[14 + 16] = 10;
	f[14 + 15] = (uint8_t)a;
	f[14 + 19] = (uint8_t)b;
	memcpy(f + FRAME - 4, &number, 4);
}

static uint32_t number_of(const struct sl_packet *p)
{
	uint32_t v;
	memcpy(&v, p->data + FRAME - 4, 4);
	return v;
}

/* Packets of 16 pairs of hosts in both directions, `extra` bytes longer than a frame, 1 ms apart.
 */
static void capture_make(const char *path, unsigned packets, uint32_t extra)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	struct bytes b = { 0 };
	static uint8_t tail[65536];
	put_pcap_header(&b, 0xa1b2c3d4, 1);
	assert_int_equal(fwrite(b.p, b.len, 1, f), 1);
	for (unsigned i = 0; i < packets; i++) {
		uint8_t bytes[FRAME];
		unsigned pair = i * 7 % 16;
		frame(bytes, i & 1 ? pair : 100 + pair, i & 1 ? 100 + pair : pair, i);
		b.len = 0;
		put_pcap_record(&b, 1000 + i / 1000, i % 1000 * 1000, "", 0, 0);
		b.len -= 8;
		put(&b, FRAME + extra, 4);
		put(&b, FRAME + extra + (i == 5), 4);
		assert_int_equal(fwrite(b.p, b.len, 1, f), 1);
		assert_int_equal(fwrite(bytes, FRAME, 1, f), 1);
		assert_int_equal(fwrite(tail, 1, extra, f), extra);
	}
	assert_int_equal(fclose(f), 0);
}

static const char *path_of(const char *name)
{
	static char paths[8][64];
	static unsigned at;
	char *p = paths[at++ % 8];
	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

/* ---- Workers ---- */

struct tally {
	uint64_t packets, captures;
	bool ended;
	int64_t last; /* number of the latest packet */
	uint32_t salt;
	uint64_t sum;
};

struct run {
	struct sl_source *s;
	unsigned queues;
	struct tally q[QUEUES_MAX];
	int8_t queue_of[16]; /* each pair of hosts, -1: not seen */
};

static void run_start(struct run *r, const char *const *paths, unsigned count, unsigned queues,
	uint32_t loop, size_t memory)
{
	struct sl_replay_options o = { .paths = paths,
		.path_count = count,
		.queues = queues,
		.loop = loop,
		.memory_bytes = memory };
	char err[256] = "";
	memset(r, 0, sizeof(*r));
	memset(r->queue_of, -1, sizeof(r->queue_of));
	r->queues = queues;
	for (unsigned i = 0; i < queues; i++)
		r->q[i].last = -1;
	assert_int_equal(sl_replay_open(&r->s, &o, err, sizeof(err)), 0);
	assert_int_equal(sl_replay_start(r->s), 0);
}

/* In sanitizer builds the byte behind a packet, whatever its length, must not be read. */
static void tail_check(const struct sl_packet *p)
{
#ifdef __SANITIZE_ADDRESS__
	void *first = __asan_region_is_poisoned((void *)(uintptr_t)p->data, p->len + 1);
	assert_ptr_equal(first, p->data + p->len);
#endif
}

static void packet_check(struct run *r, unsigned queue, const struct sl_packet *p)
{
	struct tally *t = &r->q[queue];
	int64_t number = number_of(p);
	if (p->salt != t->salt) {
		assert_int_equal(p->salt, t->salt + 1);
		t->salt = p->salt;
		t->last = -1;
	}
	assert_true(number > t->last); /* the capture's order */
	t->last = number;
	tail_check(p);
	assert_int_equal(p->linktype, 1);
	assert_int_equal(p->port, t->captures);
	assert_int_equal(!!(p->flags & SL_PKT_CUT), number == 5);
	assert_int_equal(p->wire_len, p->len + (number == 5));
	int8_t *owner = &r->queue_of[number * 7 % 16];
	assert_true(*owner == -1 || *owner == (int8_t)queue); /* both directions meet */
	*owner = (int8_t)queue;
	t->packets++;
	t->sum += (uint64_t)number;
}

/* One burst of one queue; false once it has ended. */
static bool run_burst(struct run *r, unsigned queue)
{
	struct sl_packet p[SL_BURST];
	uint16_t n = 0;
	struct tally *t = &r->q[queue];
	enum sl_rx rx = r->s->ops->rx_burst(r->s, (uint16_t)queue, p, SL_BURST, &n);
	assert_true(rx == SL_RX_OK || n == 0);
	for (unsigned i = 0; i < n; i++)
		packet_check(r, queue, &p[i]);
	r->s->ops->release(r->s, (uint16_t)queue, p, n);
	if (rx == SL_RX_END_CAPTURE) {
		t->captures++;
		t->last = -1;
		t->salt = 0;
	}
	t->ended = rx == SL_RX_END;
	return !t->ended;
}

static void run_all(struct run *r)
{
	bool more = true;
	while (more) {
		more = false;
		for (unsigned i = 0; i < r->queues; i++)
			more |= run_burst(r, i);
	}
}

static uint64_t run_packets(const struct run *r)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < r->queues; i++)
		n += r->q[i].packets;
	return n;
}

static const struct sl_replay_result *run_result(struct run *r, unsigned i)
{
	unsigned count;
	const struct sl_replay_result *res = sl_replay_results(r->s, &count);
	assert_true(i < count);
	return &res[i];
}

static void run_end(struct run *r)
{
	r->s->ops->close(r->s);
}

/* ---- Tests ---- */

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
	run_end(&r);
}

static void test_loop_times(void **state)
{
	const char *path = path_of("times.pcap");
	capture_make(path, 100, 0); /* 99 ms long, and a second between the passes */
	struct run r;
	struct sl_packet p[SL_BURST];
	uint64_t seen = 0;
	run_start(&r, &path, 1, 1, 3, 64 << 20);
	for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END;) {
		uint16_t n;
		rx = r.s->ops->rx_burst(r.s, 0, p, 7, &n);
		for (unsigned i = 0; i < n; i++, seen++) {
			uint64_t pass = seen / 100, at = seen % 100;
			assert_int_equal(p[i].salt, pass);
			assert_int_equal(p[i].ts_ns,
				1000 * SL_SECOND + at * 1000000 + pass * (SL_SECOND + 99000000));
		}
		r.s->ops->release(r.s, 0, p, n);
	}
	assert_int_equal(seen, 300);
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

/* Held packets keep their bytes while the pool goes round; the share is bounded. */
static void test_hold(void **state)
{
	const char *path = path_of("hold.pcap");
	capture_make(path, 20000, 1400);
	struct run r;
	struct sl_packet p[SL_BURST], kept[64];
	uint32_t number[64];
	unsigned held = 0, refused = 0;
	run_start(&r, &path, 1, 1, 1, 8 << 20);
	for (enum sl_rx rx = SL_RX_OK; rx != SL_RX_END;) {
		uint16_t n;
		rx = r.s->ops->rx_burst(r.s, 0, p, SL_BURST, &n);
		if (n > 0 && held < 64 && number_of(p) % 100 < SL_BURST) {
			int rc = r.s->ops->hold(r.s, 0, p);
			assert_true(rc == 0 || rc == -ENOBUFS);
			refused += rc < 0;
			if (rc == 0) {
				number[held] = number_of(p);
				kept[held++] = *p;
			}
		}
		r.s->ops->release(r.s, 0, p, n);
	}
	assert_true(held > 4 && refused > 0);
	for (unsigned i = 0; i < held; i++) {
		assert_int_equal(number_of(&kept[i]), number[i]);
		r.s->ops->drop_held(r.s, 0, kept[i].owner);
	}
	run_end(&r);
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
	struct sl_replay_options o = { paths, 2, 1, 1, 1 };
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

static int folder_make(void **state)
{
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_drop(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_several_captures),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_loop_times),
		cmocka_unit_test(test_loop_too_large),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_silent_pipe),
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_before_start),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
