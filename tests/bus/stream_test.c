/* SPDX-License-Identifier: BSD-3-Clause */
/* stream_test.c - publisher and subscribers over real sockets, in one thread. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

#include "test.h"

#include <sightline/bus.h>
#include <sightline/subscribe.h>

#include "messages.h"

struct fixture {
	struct sl_bus *bus;
	struct sl_stream_out *out;
	char url[128];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(sl_bus_new(&f->bus), 0);
	assert_int_equal(
		sl_stream_out_open(&f->out, f->bus, "tcp://127.0.0.1:*", f->url, sizeof(f->url)),
		0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	sl_stream_out_close(f->out, 0);
	sl_bus_free(f->bus);
	free(f);
	return 0;
}

static struct sl_subscriber *subscribed(struct fixture *f, const char *topic)
{
	struct sl_subscriber *s;
	assert_int_equal(sl_subscriber_open(&s, f->url, topic), 0);
	for (unsigned i = 0; i < 4000 && sl_subscriber_ready(s, 5) == 0; i++)
		sl_stream_out_run(f->out);
	assert_int_equal(sl_subscriber_ready(s, 0), 1);
	return s;
}

static void send_one(struct fixture *f, const char *type, const char *source, unsigned n)
{
	struct made x;
	assert_int_equal(sl_stream_out_send(f->out, made_sighting(&x, type, source, n)), 0);
}

static const struct sl_seen *next(struct sl_subscriber *s)
{
	const struct sl_seen *seen = NULL;
	assert_int_equal(sl_subscriber_next(s, 20000, &seen), 1);
	return seen;
}

static void test_all_of_it(void **state)
{
	struct fixture *f = *state;
	struct sl_subscriber *s = subscribed(f, "");
	send_one(f, "domain-name", "feed", 1);
	const struct sl_seen *x = next(s);
	assert_string_equal(x->id, "00000000-0000-5000-8000-000000000001");
	assert_int_equal(x->revision, 1);
	assert_string_equal(x->sensor, "tap-1");
	assert_string_equal(x->type, "domain-name");
	assert_string_equal(x->value, "n1.evil.example");
	assert_string_equal(x->where, "dns.query");
	assert_string_equal(x->src, "10.0.0.1");
	assert_int_equal(x->dport, 53);
	assert_int_equal(x->count, 1);
	assert_int_equal(x->indicator_count, 1);
	assert_string_equal(x->indicators[0].source, "feed");
	assert_int_equal(x->indicators[0].confidence, -1);
	assert_int_equal(x->lost, 0);
	Sightline__V1__Sighting *m = sl_wire_sighting(x->message, x->message_len);
	assert_non_null(m);
	assert_string_equal(m->outcome, "answered");
	sightline__v1__sighting__free_unpacked(m, NULL);
	const char *json = sl_subscriber_json(s, x);
	assert_non_null(json);
	assert_int_equal(strncmp(json, "{\"record\":\"sighting\",\"id\":\"00000000-", 35), 0);
	assert_null(strchr(json, '\n'));
	sl_subscriber_close(s);
}

static void test_topics(void **state)
{
	struct fixture *f = *state;
	struct sl_subscriber *names = subscribed(f, "sighting/domain-name/");
	struct sl_subscriber *feed = subscribed(f, "sighting/domain-name/feed");
	struct sl_subscriber *all = subscribed(f, "sighting/");
	send_one(f, "ipv4-addr", "feed", 1);
	send_one(f, "domain-name", "other", 2);
	Sightline__V1__Heartbeat beat = SIGHTLINE__V1__HEARTBEAT__INIT;
	beat.sensor = (char *)"tap-1";
	assert_int_equal(sl_stream_out_heartbeat(f->out, &beat), 0);
	send_one(f, "domain-name", "feed", 3);
	assert_int_equal(next(names)->seq, 2);
	const struct sl_seen *x = next(names);
	assert_int_equal(x->seq, 3);
	assert_int_equal(next(feed)->seq, 3);
	for (unsigned n = 1; n <= 3; n++)
		assert_int_equal(next(all)->seq, n);
	assert_int_equal(sl_subscriber_unreadable(all), 0);
	sl_subscriber_close(names);
	sl_subscriber_close(feed);
	sl_subscriber_close(all);
}

static void test_gaps(void **state)
{
	struct fixture *f = *state;
	struct sl_subscriber *s = subscribed(f, "sighting/");
	static const struct {
		unsigned seq, lost;
	} order[] = { { 5, 0 }, { 6, 0 }, { 10, 3 }, { 8, 0 }, { 11, 0 }, { 1, 0 }, { 2, 0 } };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		send_one(f, "url", "feed", order[i].seq);
		const struct sl_seen *x = next(s);
		assert_int_equal(x->seq, order[i].seq);
		assert_int_equal(x->lost, order[i].lost);
	}
	sl_subscriber_close(s);
}

/* What a publisher sends that is no sighting is counted and passed over. */
static void test_unreadable(void **state)
{
	(void)state;
	void *ctx = zmq_ctx_new(), *pub = zmq_socket(ctx, ZMQ_XPUB);
	char url[128];
	size_t len = sizeof(url);
	struct sl_subscriber *s;
	const struct sl_seen *x;
	char subscription[128];
	assert_int_equal(zmq_bind(pub, "tcp://127.0.0.1:*"), 0);
	zmq_getsockopt(pub, ZMQ_LAST_ENDPOINT, url, &len);
	assert_int_equal(sl_subscriber_open(&s, url, ""), 0);
	assert_true(zmq_recv(pub, subscription, sizeof(subscription), 0) > 0);
	zmq_send(pub, "sighting/url/", 13, 0);
	zmq_send(pub, "sighting/url/", 13, ZMQ_SNDMORE);
	zmq_send(pub, "\xff\xff", 2, 0);
	zmq_send(pub, "sighting/url/", 13, ZMQ_SNDMORE);
	zmq_send(pub, "", 0, 0); /* a message that says nothing is no sighting */
	zmq_send(pub, "sighting/url/", 13, ZMQ_SNDMORE);
	zmq_send(pub, "a", 1, ZMQ_SNDMORE);
	zmq_send(pub, "b", 1, 0);
	for (unsigned i = 0; i < 4000 && sl_subscriber_unreadable(s) < 4; i++)
		assert_int_equal(sl_subscriber_next(s, 5, &x), 0);
	assert_int_equal(sl_subscriber_unreadable(s), 4);
	sl_subscriber_close(s);
	zmq_close(pub);
	zmq_ctx_term(ctx);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct sl_subscriber *s;
	struct sl_stream_out *out;
	assert_int_equal(sl_subscriber_open(&s, "tcp://192.0.2.1:7611", ""), -EACCES);
	assert_int_equal(sl_subscriber_open(&s, "nonsense", ""), -EINVAL);
	assert_int_equal(sl_stream_out_open(&out, f->bus, "tcp://*:7611", NULL, 0), -EACCES);
	assert_int_equal(sl_stream_out_open(&out, f->bus, f->url, NULL, 0), -EADDRINUSE);
}

/* A publisher that goes and comes back is found again. */
static void test_publisher_restarts(void **state)
{
	struct fixture *f = *state;
	struct sl_subscriber *s = subscribed(f, "");
	send_one(f, "url", "feed", 1);
	assert_int_equal(next(s)->seq, 1);
	sl_stream_out_close(f->out, 0);
	char url[128];
	memcpy(url, f->url, sizeof(url));
	/* ZeroMQ gives the port back on a thread of its own. */
	int rc = -EADDRINUSE;
	f->out = NULL;
	for (unsigned i = 0; i < 1000000 && rc == -EADDRINUSE; i++)
		rc = sl_stream_out_open(&f->out, f->bus, url, f->url, sizeof(f->url));
	assert_int_equal(rc, 0);
	const struct sl_seen *x = NULL;
	unsigned n = 1;
	for (unsigned i = 0; i < 4000 && x == NULL; i++) {
		send_one(f, "url", "feed", ++n);
		if (sl_subscriber_next(s, 5, &x) == 0)
			x = NULL;
	}
	assert_non_null(x);
	assert_int_equal(x->lost, x->seq - 2);
	sl_subscriber_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_all_of_it), T(test_topics), T(test_gaps),
		T(test_unreadable), T(test_refused), T(test_publisher_restarts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
