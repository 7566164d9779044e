/* SPDX-License-Identifier: BSD-3-Clause */
/* subscribe.c - the library for subscribers: SUB, unpacking, gaps. The caller's thread.
 * What comes in is from outside: each frame is bounded, each message is checked before any of it
 * is shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/hash.h>
#include <sightline/sighting.h>
#include <sightline/subscribe.h>

#include "socket.h"

#define RECEIVE_HWM 65536
#define SENSORS 256 /* (sensor, boot) whose numbers are remembered */

struct origin {
	uint64_t hash; /* of sensor and boot; 0: free */
	uint64_t seq, used;
};

struct sl_subscriber {
	void *ctx, *socket;
	bool all; /* no narrower topic: a gap is a loss */
	bool ready;
	bool held; /* a sighting came while `ready` was awaited, and is the next */
	char ready_topic[64];
	uint64_t unreadable, received;
	struct origin origins[SENSORS];
	struct sl_hash_key key;
	zmq_msg_t frame; /* of the sighting that was shown last */
	Sightline__V1__Sighting *m;
	struct sl_seen seen;
	struct sl_seen_indicator *indicators;
	struct sl_seen_matched *matched;
	struct sl_json_out *json;
	char *line; /* the JSON text that was given last */
};

static int subscribe(struct sl_subscriber *s, const char *topic)
{
	return zmq_setsockopt(s->socket, ZMQ_SUBSCRIBE, topic, strlen(topic)) < 0 ? -zmq_errno()
										  : 0;
}

static int link_open(struct sl_subscriber *s, const char *url, const char *topic)
{
	static const struct bus_limits limits = { 1024, RECEIVE_HWM, SL_WIRE_MESSAGE_MAX };
	s->ctx = zmq_ctx_new();
	if (s->ctx == NULL)
		return -ENOMEM;
	int rc = bus_socket(&s->socket, s->ctx, ZMQ_SUB, &limits);
	/* The answer to the second subscription says that the first is in force. */
	rc = rc ? rc : subscribe(s, topic);
	rc = rc ? rc : subscribe(s, s->ready_topic);
	return rc ? rc : bus_connect(s->socket, url);
}

int sl_subscriber_open(struct sl_subscriber **out, const char *url, const char *topic)
{
	struct sl_subscriber *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	zmq_msg_init(&s->frame);
	int rc = sl_hash_key_draw(&s->key);
	snprintf(s->ready_topic, sizeof(s->ready_topic), "ready/%016llx%016llx",
		(unsigned long long)s->key.k0, (unsigned long long)s->key.k1);
	if (*topic == '\0')
		topic = "sighting/";
	s->all = strcmp(topic, "sighting/") == 0;
	rc = rc ? rc : sl_json_out_new(&s->json);
	rc = rc ? rc : link_open(s, url, topic);
	if (rc < 0) {
		sl_subscriber_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

static void forget_last(struct sl_subscriber *s)
{
	if (s->m != NULL)
		sightline__v1__sighting__free_unpacked(s->m, NULL);
	s->m = NULL;
	free(s->indicators);
	s->indicators = NULL;
	free(s->matched);
	s->matched = NULL;
	zmq_msg_close(&s->frame);
	zmq_msg_init(&s->frame);
}

void sl_subscriber_close(struct sl_subscriber *s)
{
	if (s == NULL)
		return;
	forget_last(s);
	zmq_msg_close(&s->frame);
	sl_json_out_free(s->json);
	free(s->line);
	if (s->socket != NULL)
		zmq_close(s->socket);
	while (s->ctx != NULL && zmq_ctx_term(s->ctx) < 0 && zmq_errno() == EINTR)
		;
	free(s);
}

/* ---- gaps ---- */

/* The place of this sensor and boot; the one unused for longest gives way. */
static struct origin *origin_of(struct sl_subscriber *s, const Sightline__V1__Sighting *m)
{
	uint64_t h = sl_hash_bytes(s->key, m->sensor, strlen(m->sensor));
	h = sl_hash_u128(s->key, h, sl_hash_bytes(s->key, m->boot, strlen(m->boot))) | 1;
	struct origin *oldest = &s->origins[0];
	for (size_t i = 0; i < SENSORS; i++) {
		if (s->origins[i].hash == h)
			return &s->origins[i];
		if (s->origins[i].used < oldest->used)
			oldest = &s->origins[i];
	}
	*oldest = (struct origin){ .hash = h };
	return oldest;
}

static uint64_t gap_before(struct sl_subscriber *s, const Sightline__V1__Sighting *m)
{
	struct origin *o = origin_of(s, m);
	uint64_t lost = o->seq && m->seq > o->seq + 1 ? m->seq - o->seq - 1 : 0;
	if (m->seq > o->seq || m->seq == 1)
		o->seq = m->seq;
	o->used = ++s->received;
	return s->all ? lost : 0;
}

/* ---- what is shown ---- */

static bool indicators_show(struct sl_subscriber *s)
{
	const Sightline__V1__Sighting *m = s->m;
	s->indicators = calloc(m->n_indicators + 1, sizeof(*s->indicators));
	if (s->indicators == NULL)
		return false;
	for (size_t i = 0; i < m->n_indicators; i++) {
		const Sightline__V1__Indicator *x = m->indicators[i];
		bool stated = x->stated_case == SIGHTLINE__V1__INDICATOR__STATED_CONFIDENCE;
		s->indicators[i] = (struct sl_seen_indicator){
			.id = x->id,
			.source = x->source,
			.name = x->name,
			.type = x->type,
			.tlp = x->tlp,
			.severity = x->severity,
			.part = x->part,
			.confidence = stated && x->confidence <= 100 ? (int)x->confidence : -1,
		};
	}
	return true;
}

/* A message from the network may leave out any part. */
static bool matched_show(struct sl_subscriber *s)
{
	static const Sightline__V1__Observable nothing = SIGHTLINE__V1__OBSERVABLE__INIT;
	const Sightline__V1__Sighting *m = s->m;
	s->matched = calloc(m->n_matched + 1, sizeof(*s->matched));
	if (s->matched == NULL)
		return false;
	for (size_t i = 0; i < m->n_matched; i++) {
		const Sightline__V1__Observable *o = m->matched[i]->observable;
		if (o == NULL)
			o = &nothing;
		s->matched[i] = (struct sl_seen_matched){ .leaf = m->matched[i]->leaf,
			.type = o->type,
			.value = o->value,
			.where = o->where };
	}
	return true;
}

static struct sl_seen_host host_show(const Sightline__V1__Host *h)
{
	if (h == NULL)
		return (struct sl_seen_host){ .name = "" };
	return (struct sl_seen_host){ h->name, h->n_roles, (const char *const *)h->roles };
}

static void seen_fill(struct sl_subscriber *s)
{
	const Sightline__V1__Sighting *m = s->m;
	s->seen = (struct sl_seen){
		.id = m->id,
		.revision = m->revision,
		.sensor = m->sensor,
		.boot = m->boot,
		.seq = m->seq,
		.first_seen_ns = m->first_seen,
		.last_seen_ns = m->last_seen,
		.count = m->count,
		.type = m->observable->type,
		.value = m->observable->value,
		.where = m->observable->where,
		.match = m->match,
		.direction = m->direction,
		.outcome = m->outcome,
		.src = m->flow->src,
		.dst = m->flow->dst,
		.proto = m->flow->proto,
		.app = m->flow->app,
		.community_id = m->flow->community_id,
		.sport = (uint16_t)m->flow->sport,
		.dport = (uint16_t)m->flow->dport,
		.indicator_count = m->n_indicators,
		.indicators = s->indicators,
		.test = m->test,
		.message = zmq_msg_data(&s->frame),
		.message_len = zmq_msg_size(&s->frame),
		.lost = gap_before(s, m),
		.matched_count = m->n_matched,
		.matched = s->matched,
		.src_host = host_show(m->src_host),
		.dst_host = host_show(m->dst_host),
		.asked_by_count = m->n_asked_by,
		.name_count = m->n_names,
		.asked_by = (const char *const *)m->asked_by,
		.names = (const char *const *)m->names,
	};
}

/* ---- receiving ---- */

/* 1: a sighting is in s->seen; 0: something else came; -errno, -EAGAIN: nothing is there. */
static int take(struct sl_subscriber *s)
{
	char topic[256];
	int n = zmq_recv(s->socket, topic, sizeof(topic), ZMQ_DONTWAIT);
	if (n < 0)
		return -zmq_errno();
	bool more = bus_more(s->socket);
	if (n == (int)strlen(s->ready_topic) && memcmp(topic, s->ready_topic, (size_t)n) == 0) {
		bus_skip(s->socket);
		s->ready = true;
		return 0;
	}
	forget_last(s);
	if (!more || zmq_msg_recv(&s->frame, s->socket, ZMQ_DONTWAIT) < 0 || bus_more(s->socket))
		goto unreadable;
	s->m = sl_wire_sighting(zmq_msg_data(&s->frame), zmq_msg_size(&s->frame));
	if (s->m == NULL || !sl_wire_sighting_whole(s->m))
		goto unreadable;
	if (!indicators_show(s) || !matched_show(s))
		return -ENOMEM;
	seen_fill(s);
	return 1;
unreadable:
	bus_skip(s->socket);
	s->unreadable++;
	return 0;
}

/* Receives until a sighting came, or until `ready` where that is asked. */
static int receive(struct sl_subscriber *s, int timeout_ms, bool until_ready)
{
	uint64_t begin_ns = sl_clock_mono_ns();
	for (;;) {
		if (until_ready && s->ready)
			return 1;
		int rc = take(s);
		if (rc == 1 || (rc < 0 && rc != -EAGAIN))
			return rc;
		uint64_t spent_ms = (sl_clock_mono_ns() - begin_ns) / 1000000;
		if (timeout_ms >= 0 && spent_ms >= (uint64_t)timeout_ms && rc < 0)
			return 0;
		if (rc == 0)
			continue;
		zmq_pollitem_t item = { .socket = s->socket, .events = ZMQ_POLLIN };
		if (zmq_poll(&item, 1, timeout_ms < 0 ? -1 : timeout_ms - (long)spent_ms) < 0)
			return -zmq_errno();
	}
}

int sl_subscriber_next(struct sl_subscriber *s, int timeout_ms, const struct sl_seen **out)
{
	if (s->held) {
		s->held = false;
		*out = &s->seen;
		return 1;
	}
	int rc = receive(s, timeout_ms, false);
	if (rc == 1)
		*out = &s->seen;
	return rc;
}

int sl_subscriber_ready(struct sl_subscriber *s, int timeout_ms)
{
	if (s->held || s->ready)
		return s->ready;
	int rc = receive(s, timeout_ms, true);
	s->held = rc == 1 && !s->ready;
	s->ready |= s->held;
	return rc;
}

uint64_t sl_subscriber_unreadable(const struct sl_subscriber *s)
{
	return s->unreadable;
}

const char *sl_subscriber_json(struct sl_subscriber *s, const struct sl_seen *seen)
{
	const char *line;
	size_t len;
	if (seen != &s->seen || s->m == NULL)
		return NULL;
	sl_sighting_json(s->json, NULL, s->m);
	if (sl_json_line(s->json, &line, &len) < 0)
		return NULL;
	free(s->line);
	s->line = strndup(line, len - 1); /* without its newline */
	return s->line;
}
