/* SPDX-License-Identifier: BSD-3-Clause */
/* reached_test.c - what a queue of a replay says while it has no packet: how far in time it is. The
 * test thread plays all workers in turn. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/compress.h>
#include <sightline/source.h>

#include "bytes.h"

#define QUEUES 3
#define FRAME 64
#define FILLER 1300
#define FILLERS (SL_INPUT_PEEK / (16 + FILLER) + 2) /* a pipe is read that far before the start */

/* One packet of IPv4 between two hosts, filled up to len bytes, at so many seconds. */
static void put_packet(struct bytes *b, unsigned from, unsigned to, uint32_t seconds, uint32_t len)
{
	static char f[FILLER];
	memset(f, 0, sizeof(f));
	f[12] = 8;
	f[14] = 0x45;
	f[14 + 12] = f[14 + 16] = 10;
	f[14 + 15] = (uint8_t)from;
	f[14 + 19] = (uint8_t)to;
	put_pcap_record(b, seconds, 0, f, len, len);
}

struct queue {
	uint64_t packets, reached_ns, last_ns; /* of this capture */
	unsigned captures;
	bool ended;
};

static struct sl_source *opened(const char *const *paths, unsigned n)
{
	struct sl_replay_options o = {
		.paths = paths, .path_count = n, .queues = QUEUES, .memory_bytes = 1
	};
	struct sl_source *s;
	char err[256] = "";
	assert_int_equal(sl_replay_open(&s, &o, err, sizeof(err)), 0);
	assert_int_equal(sl_replay_start(s), 0);
	return s;
}

/* Asks a queue once; what it said before holds for what it gives now. */
static void ask(struct sl_source *s, unsigned number, struct queue *q)
{
	struct sl_packet p[SL_BURST];
	uint16_t n = 0;
	enum sl_rx rx = s->ops->rx_burst(s, (uint16_t)number, p, SL_BURST, &n);
	for (unsigned i = 0; i < n; i++) {
		assert_true(p[i].ts_ns >= q->reached_ns);
		q->last_ns = p[i].ts_ns;
	}
	q->packets += n;
	if (rx == SL_RX_OK && n == 0) {
		uint64_t now_ns = s->ops->now(s, (uint16_t)number);
		assert_true(now_ns == 0 || now_ns >= q->reached_ns);
		q->reached_ns = now_ns;
	}
	s->ops->release(s, (uint16_t)number, p, n);
	if (rx == SL_RX_END_CAPTURE) {
		q->captures++;
		q->reached_ns = q->last_ns = 0;
	}
	q->ended = rx == SL_RX_END;
}

static void put_bytes(int fd, struct bytes *b)
{
	assert_int_equal(write(fd, b->p, b->len), b->len);
	b->len = 0;
}

/* Everything lands on one queue; the others say the same time as soon as it is read. */
static void test_queues_without_packets(void **state)
{
	int fd[2];
	char path[32];
	const char *paths = path;
	struct queue q[QUEUES] = { 0 };
	struct bytes b = { 0 };
	assert_int_equal(pipe(fd), 0);
	(void)fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd[0]);
	put_pcap_header(&b, 0xa1b2c3d4, 1);
	put_bytes(fd[1], &b);
	for (unsigned i = 0; i < FILLERS; i++) {
		put_packet(&b, 1, 2, 1000, FILLER);
		put_bytes(fd[1], &b);
	}
	struct sl_source *s = opened(&paths, 1);
	uint64_t packets = FILLERS;
	for (uint32_t at = 1000; at < 1005; at++) {
		unsigned there = 0;
		for (unsigned i = 0; there < QUEUES; i = (i + 1) % QUEUES) {
			ask(s, i, &q[i]);
			there = 0;
			for (unsigned k = 0; k < QUEUES; k++)
				there += q[k].reached_ns == at * SL_SECOND;
		}
		assert_int_equal(q[0].packets + q[1].packets + q[2].packets, packets);
		put_packet(&b, 2, 1, at + 1, FRAME);
		put_bytes(fd[1], &b);
		packets++;
	}
	sl_replay_stop(s);
	s->ops->close(s);
	close(fd[0]);
	close(fd[1]);
}

/* Hosts of very different traffic, and a second capture of an earlier time. */
static void capture_make(const char *path, uint32_t seconds)
{
	FILE *f = fopen(path, "w");
	struct bytes b = { 0 };
	assert_non_null(f);
	put_pcap_header(&b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 20000; i++) {
		unsigned host = i % 1000 == 0 ? 3 + i / 1000 : i % 50 == 0 ? 2 : 1;
		put_packet(&b, host, 100 + host, seconds + i / 10, FILLER);
		assert_int_equal(fwrite(b.p, b.len, 1, f), 1);
		b.len = 0;
	}
	assert_int_equal(fclose(f), 0);
}

static void test_nothing_earlier_follows(void **state)
{
	char path[2][64];
	const char *const paths[] = { path[0], path[1] };
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path[i], sizeof(path[i]), "/tmp/sightline-reached-%d-%u", getpid(), i);
		capture_make(path[i], i == 0 ? 900000 : 1000);
	}
	for (unsigned slow = 0; slow <= QUEUES; slow++) { /* one that is asked seldom, or none */
		struct queue q[QUEUES] = { 0 };
		struct sl_source *s = opened(paths, 2);
		for (unsigned i = 0, ended = 0; ended < QUEUES; i++) {
			unsigned k = i % QUEUES;
			if ((k == slow && i % 64 >= QUEUES) || q[k].ended)
				continue;
			ask(s, k, &q[k]);
			if (q[k].captures > 0)
				assert_true(q[k].reached_ns < 900000 * SL_SECOND);
			ended += q[k].ended;
		}
		assert_int_equal(q[0].packets + q[1].packets + q[2].packets, 40000);
		s->ops->close(s);
	}
	unlink(path[0]);
	unlink(path[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues_without_packets),
		cmocka_unit_test(test_nothing_earlier_follows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
