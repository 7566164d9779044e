/* SPDX-License-Identifier: BSD-3-Clause */
/* read_test.c - asked while its worker goes on: what is read is always one value's own, whole,
 * however many make room for others meanwhile. */
#include <pthread.h>
#include <stdatomic.h>

#include "seen.h"

#define VALUES 1000
#define ANSWERS 5000 /* that said something, before the test ends */

static _Atomic bool done;

/* Value n is said by host n alone, both halves of whose address are n: parts of two hosts would
 * show. */
static void numbers(unsigned n, union sl_addr *value, union sl_addr *host)
{
	*value = (union sl_addr){ .b = { 203, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
	*host = (union sl_addr){ .b = { 0xfe, 0x80, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, 0,
					 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 1, 0 } };
}

static void *worker(void *arg)
{
	struct seen *s = arg;
	for (unsigned n = 0; !atomic_load_explicit(&done, memory_order_relaxed);
		n = (n + 7) % VALUES) {
		union sl_addr value;
		s->flow.id++;
		s->flow.version = 6;
		numbers(n, &value, &s->flow.src);
		s->batch.flow = &s->flow;
		s->batch.ts_ns = s->ts_ns;
		(void)sl_batch_add_addr(
			&s->batch, SL_WHERE_DNS_ANSWER_IP, SL_TO_SERVER, 1, &value, 4);
		take(s);
		s->ts_ns += SL_SECOND;
	}
	return NULL;
}

static void whole(void **state)
{
	struct seen *s = seen_with(SL_MEMORY_LEAST, 100); /* half of them fit */
	pthread_t thread;
	unsigned answers = 0;
	done = false;
	assert_int_equal(pthread_create(&thread, NULL, worker, s), 0);
	for (unsigned n = 0; answers < ANSWERS; n = (n + 1) % VALUES) {
		struct sl_past_answer a;
		struct sl_past_sum sum;
		struct sl_indicator i = { .type = SL_TYPE_IPV4,
			.match = SL_MATCH_EXACT,
			.version = 4,
			.prefix_len = 32 };
		union sl_addr host;
		numbers(n, &i.addr, &host);
		sl_memories_sum(&s->all, &sum);
		if (!sl_memories_ask(&s->all, &i, &a) || a.count == 0)
			continue;
		answers++;
		assert_memory_equal(a.first_host.b, host.b, 16);
		assert_memory_equal(a.last_host.b, host.b, 16);
		assert_int_equal(a.hosts, 1);
		assert_true(a.first_ns <= a.last_ns);
	}
	done = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	seen_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whole) };
	return cmocka_run_group_tests(tests, make, clean);
}
