/* SPDX-License-Identifier: BSD-3-Clause */
/* delivery_test.c - the acknowledged link over real sockets: nothing is lost within the bound,
 * whatever the collector does; what is lost beyond it is counted. Both ends run on this thread. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "test.h"

#include <sightline/bus.h>
#include <sightline/clock.h>

#include "messages.h"

#define PATIENCE_MS 20000 /* a broken link fails the test; a working one never waits so long */

struct link {
	struct sl_bus *bus;
	struct sl_delivery *d;
	struct sl_intake *in;
	char folder[64], url[128];
	uint8_t seen[4096]; /* times that sighting n came */
	unsigned taken; /* batches */
};

static int setup(void **state)
{
	struct link *l = calloc(1, sizeof(*l));
	snprintf(l->folder, sizeof(l->folder), "/tmp/sl-bus-XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	snprintf(l->url, sizeof(l->url), "ipc://%s/in", l->folder);
	assert_int_equal(sl_bus_new(&l->bus), 0);
	*state = l;
	return 0;
}

static int teardown(void **state)
{
	struct link *l = *state;
	sl_delivery_close(l->d, 0, NULL);
	sl_intake_close(l->in);
	sl_bus_free(l->bus);
	unlink(l->url + strlen("ipc://"));
	rmdir(l->folder);
	free(l);
	return 0;
}

static void sensor_open(struct link *l, size_t queue_bytes, uint32_t batch)
{
	struct sl_delivery_options o = { .url = l->url,
		.sensor = "tap-1",
		.boot = "b007",
		.queue_bytes = queue_bytes,
		.batch = batch,
		.batch_wait_ns = 0 };
	assert_int_equal(sl_delivery_open(&l->d, l->bus, &o), 0);
}

static void collector_open(struct link *l)
{
	assert_int_equal(sl_intake_open(&l->in, l->bus, l->url, NULL, 0), 0);
}

static void collector_close(struct link *l)
{
	sl_intake_close(l->in);
	l->in = NULL;
}

static void add(struct link *l, unsigned from, unsigned to)
{
	struct made x;
	for (unsigned n = from; n <= to; n++)
		assert_int_equal(
			sl_delivery_add(l->d, made_sighting(&x, "domain-name", "feed", n)), 0);
}

static unsigned number_of(const Sightline__V1__Sighting *m)
{
	assert_true(sl_wire_sighting_whole(m));
	assert_string_equal(m->observable->type, "domain-name");
	return (unsigned)m->seq;
}

/* One round of both ends; acknowledges what came in the way asked. */
enum answer { YES, NO, NEVER };
static void turn(struct link *l, enum answer answer)
{
	struct sl_intake_batch b;
	sl_delivery_run(l->d, 5);
	while (l->in != NULL && sl_intake_next(l->in, 0, &b) == 1) {
		l->taken++;
		assert_string_equal(b.batch->sensor, "tap-1");
		assert_string_equal(b.batch->boot, "b007");
		for (size_t i = 0; answer == YES && i < b.batch->n_sightings; i++)
			l->seen[number_of(b.batch->sightings[i])]++;
		if (answer == NEVER) {
			sightline__v1__sighting_batch__free_unpacked(b.batch, NULL);
			free(b.peer);
		} else {
			assert_int_equal(sl_intake_ack(l->in, &b, answer == YES), 0);
		}
	}
}

static struct sl_delivery_state state_of(struct link *l)
{
	struct sl_delivery_state st;
	sl_delivery_state(l->d, &st);
	return st;
}

static void until_acked(struct link *l, uint64_t n)
{
	uint64_t end_ns = sl_clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);
	while (state_of(l).acked < n && sl_clock_mono_ns() < end_ns)
		turn(l, YES);
	assert_int_equal(state_of(l).acked, n);
}

static void until_taken(struct link *l, unsigned batches, enum answer answer)
{
	uint64_t end_ns = sl_clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);
	while (l->taken < batches && sl_clock_mono_ns() < end_ns)
		turn(l, answer);
	assert_true(l->taken >= batches);
}

static void each_once(const struct link *l, unsigned from, unsigned to)
{
	for (unsigned n = from; n <= to; n++)
		assert_int_equal(l->seen[n], 1);
}

static void test_delivers(void **state)
{
	struct link *l = *state;
	collector_open(l);
	sensor_open(l, 0, 7);
	add(l, 1, 1000);
	until_acked(l, 1000);
	each_once(l, 1, 1000);
	struct sl_delivery_state st = state_of(l);
	assert_true(st.connected);
	assert_int_equal(st.sent, 1000);
	assert_int_equal(st.waiting, 0);
	assert_int_equal(st.lost, 0);
	assert_int_equal(st.resent, 0);
}

static void test_collector_late(void **state)
{
	struct link *l = *state;
	sensor_open(l, 0, 64);
	add(l, 1, 500);
	for (unsigned i = 0; i < 5; i++)
		turn(l, YES);
	assert_false(state_of(l).connected);
	assert_int_equal(state_of(l).sent, 0);
	assert_int_equal(state_of(l).waiting, 500);
	collector_open(l);
	until_acked(l, 500);
	each_once(l, 1, 500);
}

static void test_collector_restarts(void **state)
{
	struct link *l = *state;
	collector_open(l);
	sensor_open(l, 0, 10);
	add(l, 1, 100);
	until_acked(l, 100);
	/* The collector takes these and goes down before it has stored them. */
	add(l, 101, 200);
	until_taken(l, 11, NEVER);
	collector_close(l);
	add(l, 201, 300);
	turn(l, YES);
	collector_open(l);
	until_acked(l, 300);
	each_once(l, 1, 300);
	assert_true(state_of(l).resent > 0);
	assert_int_equal(state_of(l).lost, 0);
	assert_int_equal(state_of(l).sent, 300);
}

static void test_not_now(void **state)
{
	struct link *l = *state;
	collector_open(l);
	sensor_open(l, 0, 10);
	add(l, 1, 20);
	until_taken(l, 2, NO);
	assert_int_equal(state_of(l).acked, 0);
	until_acked(l, 20);
	each_once(l, 1, 20);
}

static void test_bound(void **state)
{
	struct link *l = *state;
	sensor_open(l, 64 * 1024, 16);
	add(l, 1, 4000);
	struct sl_delivery_state st = state_of(l);
	assert_true(st.lost > 0);
	assert_int_equal(st.lost + st.waiting, 4000);
	collector_open(l);
	until_acked(l, st.waiting);
	/* The newest are those that came. */
	for (unsigned n = 1; n <= 4000; n++)
		assert_int_equal(l->seen[n], n > st.lost);
}

static void test_close_counts(void **state)
{
	struct link *l = *state;
	struct sl_delivery_state last;
	sensor_open(l, 0, 64);
	add(l, 1, 70);
	uint64_t begin_ns = sl_clock_mono_ns();
	sl_delivery_close(l->d, 3600 * 1000, &last);
	l->d = NULL;
	/* Nobody was ever there: an hour's patience is not used up. */
	assert_true(sl_clock_mono_ns() - begin_ns < 60 * SL_SECOND);
	assert_int_equal(last.lost, 70);
	assert_int_equal(last.waiting, 0);
	assert_false(last.connected);
}

static void test_too_large(void **state)
{
	struct link *l = *state;
	struct made x;
	sensor_open(l, 0, 64);
	Sightline__V1__Sighting *m = made_sighting(&x, "domain-name", "feed", 1);
	char *text = calloc(1, SL_WIRE_MESSAGE_MAX + 1);
	memset(text, 'a', SL_WIRE_MESSAGE_MAX);
	x.observable.value = text;
	assert_int_equal(sl_delivery_add(l->d, m), -E2BIG);
	assert_int_equal(state_of(l).lost, 1);
	free(text);
}

/* A peer that speaks no protobuf, or sends no frame but an empty one, is counted and survived. */
static void test_unreadable(void **state)
{
	struct link *l = *state;
	collector_open(l);
	void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DEALER);
	assert_int_equal(zmq_connect(s, l->url), 0);
	assert_true(zmq_send(s, "\xff\xff\xff", 3, 0) > 0);
	zmq_send(s, "one", 3, ZMQ_SNDMORE);
	zmq_send(s, "two", 3, ZMQ_SNDMORE);
	zmq_send(s, "three", 5, 0);
	sensor_open(l, 0, 1);
	add(l, 1, 1);
	until_acked(l, 1);
	struct sl_intake_batch b;
	uint64_t end_ns = sl_clock_mono_ns() + PATIENCE_MS * UINT64_C(1000000);
	while (sl_intake_unreadable(l->in) < 2 && sl_clock_mono_ns() < end_ns)
		assert_int_equal(sl_intake_next(l->in, 5, &b), 0);
	assert_int_equal(sl_intake_unreadable(l->in), 2);
	int linger = 0;
	zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_close(s);
	zmq_ctx_term(ctx);
}

static void test_loopback_only(void **state)
{
	struct link *l = *state;
	static const struct {
		const char *url;
		int rc;
	} cases[] = {
		{ "tcp://127.0.0.1:*", 0 },
		{ "tcp://127.9.9.9:0", 0 },
		{ "tcp://localhost:*", 0 },
		{ "tcp://*:7610", -EACCES },
		{ "tcp://0.0.0.0:7610", -EACCES },
		{ "tcp://192.0.2.1:7610", -EACCES },
		{ "tcp://[::]:7610", -EACCES },
		{ "tcp://localhost.evil.example:7610", -EACCES },
		{ "tcp://lo:7610", -EACCES },
		{ "tcp://127.0.0.1", -EINVAL },
		{ "tcp://127.0.0.1:99999", -EINVAL },
		{ "tcp://127.0.0.1:1x", -EINVAL },
		{ "udp://127.0.0.1:7610", -EINVAL },
		{ "7610", -EINVAL },
		{ "", -EINVAL },
		{ "ipc://", -EINVAL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sl_intake *in;
		char bound[128] = "";
		int rc = sl_intake_open(&in, l->bus, cases[i].url, bound, sizeof(bound));
		if (rc != cases[i].rc)
			fail_msg("%s: %d", cases[i].url, rc);
		if (rc == 0) {
			assert_int_equal(strncmp(bound, "tcp://127.", 10), 0);
			sl_intake_close(in);
		}
		struct sl_delivery_options o = { .url = cases[i].url, .sensor = "s", .boot = "b" };
		if (rc < 0)
			assert_int_equal(sl_delivery_open(&l->d, l->bus, &o), rc);
		l->d = NULL;
	}
}

static void test_tcp(void **state)
{
	struct link *l = *state;
	char bound[128];
	assert_int_equal(
		sl_intake_open(&l->in, l->bus, "tcp://127.0.0.1:*", bound, sizeof(bound)), 0);
	struct sl_intake *second;
	assert_int_equal(sl_intake_open(&second, l->bus, bound, NULL, 0), -EADDRINUSE);
	char ipc[128];
	memcpy(ipc, l->url, sizeof(ipc));
	memcpy(l->url, bound, sizeof(l->url));
	sensor_open(l, 0, 64);
	memcpy(l->url, ipc, sizeof(ipc));
	add(l, 1, 300);
	until_acked(l, 300);
	each_once(l, 1, 300);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_delivers), T(test_collector_late),
		T(test_collector_restarts), T(test_not_now), T(test_bound), T(test_close_counts),
		T(test_too_large), T(test_unreadable), T(test_loopback_only), T(test_tcp) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
