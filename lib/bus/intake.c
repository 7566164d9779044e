/* SPDX-License-Identifier: BSD-3-Clause */
/* intake.c - the collector's end of the link from the sensors: ROUTER, one frame a batch.
 * Bounded by frame size and by batches that wait for each sensor; ZeroMQ stops reading from a
 * sensor whose queue is full, and the sensor keeps what isn't acknowledged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/bus.h>
#include <sightline/clock.h>

#include "socket.h"

#define BATCHES_WAITING 64
/* An identity that ZeroMQ makes has 5 bytes; a peer may choose one of 255 at most. */
#define IDENTITY_MAX 255

struct peer {
	size_t len;
	uint8_t identity[IDENTITY_MAX];
};

struct sl_intake {
	void *socket;
	uint64_t unreadable;
};

int sl_intake_open(
	struct sl_intake **out, struct sl_bus *b, const char *url, char *bound, size_t cap)
{
	static const struct bus_limits limits = { 1024, BATCHES_WAITING, SL_WIRE_BATCH_MAX };
	struct sl_intake *in = calloc(1, sizeof(*in));
	if (in == NULL)
		return -ENOMEM;
	int rc = bus_socket(&in->socket, b->ctx, ZMQ_ROUTER, &limits);
	if (rc < 0)
		goto fail_free;
	rc = bus_bind(in->socket, url, bound, cap);
	if (rc < 0)
		goto fail_socket;
	*out = in;
	return 0;
fail_socket:
	zmq_close(in->socket);
fail_free:
	free(in);
	return rc;
}

void sl_intake_close(struct sl_intake *in)
{
	if (in == NULL)
		return;
	/* Acknowledgements on their way are worth a moment: without them batches come twice. */
	int linger_ms = 200;
	zmq_setsockopt(in->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	zmq_close(in->socket);
	free(in);
}

/* 1: a readable batch; 0: a message that isn't one; -EAGAIN: nothing is there. */
static int take(struct sl_intake *in, struct sl_intake_batch *out)
{
	struct peer *peer = malloc(sizeof(*peer));
	if (peer == NULL)
		return -ENOMEM;
	zmq_msg_t m;
	zmq_msg_init(&m);
	Sightline__V1__SightingBatch *batch = NULL;
	int rc = zmq_recv(in->socket, peer->identity, sizeof(peer->identity), ZMQ_DONTWAIT);
	if (rc < 0) {
		rc = -zmq_errno();
		goto fail;
	}
	peer->len = (size_t)rc;
	rc = 0;
	if (peer->len > IDENTITY_MAX || !bus_more(in->socket))
		goto fail_message;
	if (zmq_msg_recv(&m, in->socket, ZMQ_DONTWAIT) < 0 || bus_more(in->socket))
		goto fail_message;
	batch = sl_wire_batch(zmq_msg_data(&m), zmq_msg_size(&m));
	if (batch == NULL)
		goto fail_message;
	zmq_msg_close(&m);
	*out = (struct sl_intake_batch){ .batch = batch, .peer = peer };
	return 1;
fail_message:
	bus_skip(in->socket);
fail:
	zmq_msg_close(&m);
	free(peer);
	return rc;
}

int sl_intake_next(struct sl_intake *in, int timeout_ms, struct sl_intake_batch *out)
{
	uint64_t end_ns =
		sl_clock_mono_ns() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000000;
	for (;;) {
		int rc = take(in, out);
		if (rc == 1 || (rc < 0 && rc != -EAGAIN))
			return rc;
		in->unreadable += rc == 0;
		uint64_t now_ns = sl_clock_mono_ns();
		if (timeout_ms >= 0 && now_ns >= end_ns)
			return 0;
		if (rc == 0)
			continue;
		long wait_ms = timeout_ms < 0 ? -1 : (long)((end_ns - now_ns + 999999) / 1000000);
		zmq_pollitem_t item = { .socket = in->socket, .events = ZMQ_POLLIN };
		if (zmq_poll(&item, 1, wait_ms) < 0)
			return -zmq_errno();
	}
}

int sl_intake_ack(struct sl_intake *in, struct sl_intake_batch *b, bool ok)
{
	Sightline__V1__Ack ack = SIGHTLINE__V1__ACK__INIT;
	ack.sensor = b->batch->sensor;
	ack.boot = b->batch->boot;
	ack.number = b->batch->number;
	ack.ok = ok;
	struct peer *peer = b->peer;
	size_t len = sightline__v1__ack__get_packed_size(&ack);
	uint8_t *p = malloc(len);
	int rc = -ENOMEM;
	if (p != NULL) {
		sightline__v1__ack__pack(&ack, p);
		/* A sensor that has gone meanwhile sends the batch again when it is back. */
		rc = zmq_send(in->socket, peer->identity, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
					     0 ||
				     zmq_send(in->socket, p, len, ZMQ_DONTWAIT) < 0
			     ? -zmq_errno()
			     : 0;
	}
	free(p);
	free(peer);
	sightline__v1__sighting_batch__free_unpacked(b->batch, NULL);
	*b = (struct sl_intake_batch){ 0 };
	return rc;
}

uint64_t sl_intake_unreadable(const struct sl_intake *in)
{
	return in->unreadable;
}

int sl_intake_fd(const struct sl_intake *in)
{
	int fd = -1;
	size_t len = sizeof(fd);
	return zmq_getsockopt(in->socket, ZMQ_FD, &fd, &len) == 0 ? fd : -1;
}

void *bus_intake_socket(struct sl_intake *in)
{
	return in->socket;
}
