/* SPDX-License-Identifier: BSD-3-Clause */
/* stream.c - the stream for subscribers: XPUB, two frames, topic and message.
 * Never waits for a subscriber. One that reads too slowly loses messages beyond SUBSCRIBER_HWM
 * without a word from ZeroMQ, and sees it from the gap in `seq`.
 *
 * A subscriber that wants to know when its subscription is in force subscribes to "ready/<anything
 * of its own>" last: subscriptions arrive in order, and this end answers that one with an empty
 * message under the same topic. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/bus.h>

#include "socket.h"

#define SUBSCRIBER_HWM 16384
#define TOPIC_MAX 256
#define READY "ready/"
/* Subscriptions looked at in one go, so that a client that does nothing else can't hold us up. */
#define SUBSCRIPTIONS_A_RUN 256

struct sl_stream_out {
	void *socket;
	uint8_t *buf; /* packed message, grows */
	size_t cap;
};

int sl_stream_out_open(
	struct sl_stream_out **out, struct sl_bus *b, const char *url, char *bound, size_t cap)
{
	static const struct bus_limits limits = { SUBSCRIBER_HWM, 1024, TOPIC_MAX + 1 };
	struct sl_stream_out *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int rc = bus_socket(&s->socket, b->ctx, ZMQ_XPUB, &limits);
	if (rc < 0)
		goto fail_free;
	rc = bus_bind(s->socket, url, bound, cap);
	if (rc < 0)
		goto fail_socket;
	*out = s;
	return 0;
fail_socket:
	zmq_close(s->socket);
fail_free:
	free(s);
	return rc;
}

void sl_stream_out_close(struct sl_stream_out *s, int linger_ms)
{
	if (s == NULL)
		return;
	zmq_setsockopt(s->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	zmq_close(s->socket);
	free(s->buf);
	free(s);
}

void *bus_stream_socket(struct sl_stream_out *s)
{
	return s->socket;
}

void sl_stream_out_run(struct sl_stream_out *s)
{
	char m[TOPIC_MAX + 1];
	for (unsigned i = 0; i < SUBSCRIPTIONS_A_RUN; i++) {
		int n = zmq_recv(s->socket, m, sizeof(m), ZMQ_DONTWAIT);
		if (n < 0)
			return;
		bool asks = n > (int)sizeof(READY) && n <= (int)sizeof(m) && m[0] == 1 &&
			    memcmp(m + 1, READY, sizeof(READY) - 1) == 0;
		if (!asks)
			continue;
		zmq_send(s->socket, m + 1, (size_t)n - 1, ZMQ_SNDMORE | ZMQ_DONTWAIT);
		zmq_send(s->socket, "", 0, ZMQ_DONTWAIT);
	}
}

static int send_packed(struct sl_stream_out *s, const char *topic, const ProtobufCMessage *m)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	if (len > s->cap) {
		uint8_t *buf = realloc(s->buf, len * 2);
		if (buf == NULL)
			return -ENOMEM;
		s->buf = buf;
		s->cap = len * 2;
	}
	protobuf_c_message_pack(m, s->buf);
	sl_stream_out_run(s);
	if (zmq_send(s->socket, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
		zmq_send(s->socket, s->buf, len, ZMQ_DONTWAIT) < 0)
		return -zmq_errno();
	return 0;
}

/* A topic is a line that people type: what is no printable character becomes '_'. */
static void topic_clean(char *t)
{
	for (; *t; t++)
		if ((unsigned char)*t < ' ' || *t == 127)
			*t = '_';
}

int sl_stream_out_send(struct sl_stream_out *s, const Sightline__V1__Sighting *m)
{
	char topic[TOPIC_MAX];
	const char *source = m->n_indicators ? m->indicators[0]->source : "";
	snprintf(topic, sizeof(topic), "sighting/%s/%s", m->observable ? m->observable->type : "",
		source);
	topic_clean(topic);
	return send_packed(s, topic, &m->base);
}

int sl_stream_out_heartbeat(struct sl_stream_out *s, const Sightline__V1__Heartbeat *m)
{
	char topic[TOPIC_MAX];
	snprintf(topic, sizeof(topic), "heartbeat/%s", m->sensor);
	topic_clean(topic);
	return send_packed(s, topic, &m->base);
}
