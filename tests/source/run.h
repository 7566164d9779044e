/* SPDX-License-Identifier: BSD-3-Clause */
/* run.h - captures made for a test, and a replay of them whose workers the test thread plays in
 * turn, checking each packet. */
#ifndef TESTS_SOURCE_RUN_H
#define TESTS_SOURCE_RUN_H

#include <stdio.h>

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
static inline void frame(uint8_t f[FRAME], unsigned a, unsigned b, uint32_t number)
{
	memset(f, 0, FRAME);
	f[12] = 8;
	f[14] = 0x45;
	f[14 + 12] = f[14 + 16] = 10;
	f[14 + 15] = (uint8_t)a;
	f[14 + 19] = (uint8_t)b;
	memcpy(f + FRAME - 4, &number, 4);
}

static inline uint32_t number_of(const struct sl_packet *p)
{
	uint32_t v;
	memcpy(&v, p->data + FRAME - 4, 4);
	return v;
}

/* Packets of 16 pairs of hosts in both directions, `extra` bytes longer than a frame, 1 ms apart.
 */
static inline void capture_make(const char *path, unsigned packets, uint32_t extra)
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

static inline const char *path_of(const char *name)
{
	static char paths[8][64];
	static unsigned at;
	char *p = paths[at++ % 8];
	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

/* ---- Workers ---- */

struct tally {
	uint64_t packets, captures, rehearsed;
	bool ended, rehearsing;
	int64_t last; /* number of the latest packet */
	uint32_t salt, passes;
	uint64_t sum;
};

struct run {
	struct sl_source *s;
	unsigned queues;
	struct tally q[QUEUES_MAX];
	int8_t queue_of[16]; /* each pair of hosts, -1: not seen */
};

static inline void run_start_paced(struct run *r, const char *const *paths, unsigned count,
	unsigned queues, uint32_t loop, size_t memory, struct sl_pace pace)
{
	struct sl_replay_options o = { .paths = paths,
		.path_count = count,
		.queues = queues,
		.loop = loop,
		.pace = pace,
		.memory_bytes = memory };
	char err[256] = "";
	memset(r, 0, sizeof(*r));
	memset(r->queue_of, -1, sizeof(r->queue_of));
	r->queues = queues;
	for (unsigned i = 0; i < queues; i++)
		r->q[i].last = -1;
	assert_int_equal(sl_replay_open(&r->s, &o, err, sizeof(err)), 0);
	for (unsigned i = 0; i < queues; i++)
		r->q[i].rehearsing = sl_replay_rehearses(r->s);
	assert_int_equal(sl_replay_start(r->s), 0);
}

static inline void run_start(struct run *r, const char *const *paths, unsigned count,
	unsigned queues, uint32_t loop, size_t memory)
{
	run_start_paced(r, paths, count, queues, loop, memory, (struct sl_pace){ SL_PACE_MAX, 0 });
}

/* In sanitizer builds the byte behind a packet, whatever its length, must not be read. */
static inline void tail_check(const struct sl_packet *p)
{
#ifdef __SANITIZE_ADDRESS__
	void *first = __asan_region_is_poisoned((void *)(uintptr_t)p->data, p->len + 1);
	assert_ptr_equal(first, p->data + p->len);
#endif
}

static inline void packet_check(struct run *r, unsigned queue, const struct sl_packet *p)
{
	struct tally *t = &r->q[queue];
	int64_t number = number_of(p);
	if (p->salt != t->salt) {
		assert_int_not_equal(p->salt, 0);
		t->salt = p->salt;
		t->passes++;
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
	if (t->rehearsing)
		t->rehearsed++;
	else
		t->packets++;
	t->sum += (uint64_t)number;
}

/* One burst of one queue; false once it has ended. */
static inline bool run_burst(struct run *r, unsigned queue)
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
		t->captures += !t->rehearsing;
		t->rehearsing = false;
		t->last = -1;
		t->salt = 0;
	}
	t->ended = rx == SL_RX_END;
	return !t->ended;
}

static inline void run_all(struct run *r)
{
	bool more = true;
	while (more) {
		more = false;
		for (unsigned i = 0; i < r->queues; i++)
			more |= run_burst(r, i);
	}
}

static inline uint64_t run_packets(const struct run *r)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < r->queues; i++)
		n += r->q[i].packets;
	return n;
}

static inline const struct sl_replay_result *run_result(struct run *r, unsigned i)
{
	unsigned count;
	const struct sl_replay_result *res = sl_replay_results(r->s, &count);
	assert_true(i < count);
	return &res[i];
}

static inline void run_end(struct run *r)
{
	r->s->ops->close(r->s);
}

/* The environment knows the rate of the time-stamp counter. */
static inline int folder_make(void **state)
{
	struct sl_threads t = { .workers = 1, .no_huge = true };
	unsigned workers;
	char err[256];
	if (sl_threads_start(&t, &workers, err, sizeof(err)) < 0)
		return -1;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static inline int folder_drop(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

#endif
