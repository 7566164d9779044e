/* SPDX-License-Identifier: BSD-3-Clause */
/* asker.c - a sensor's end of the link that intel comes over, and an operator's: DEALER, one frame
 * a message. What goes wrong on the way is the asker's to notice: it asks again. One thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/bus.h>

#include "socket.h"

struct sl_asker {
	void *socket;
};

int sl_asker_open(struct sl_asker **out, struct sl_bus *b, const char *url)
{
	static const struct bus_limits limits = { 16, 64, SL_WIRE_INTEL_ANSWER_MAX };
	int immediate = 1; /* a question waits for nobody in a queue: it would be an old one */
	struct sl_asker *k = calloc(1, sizeof(*k));
	if (k == NULL)
		return -ENOMEM;
	int rc = bus_socket(&k->socket, b->ctx, ZMQ_DEALER, &limits);
	if (rc < 0)
		goto fail_free;
	if (zmq_setsockopt(k->socket, ZMQ_IMMEDIATE, &immediate, sizeof(immediate)) < 0)
		rc = -zmq_errno();
	if (rc == 0)
		rc = bus_connect(k->socket, url);
	if (rc < 0)
		goto fail_socket;
	*out = k;
	return 0;
fail_socket:
	zmq_close(k->socket);
fail_free:
	free(k);
	return rc;
}

void sl_asker_close(struct sl_asker *k)
{
	if (k == NULL)
		return;
	zmq_close(k->socket);
	free(k);
}

int sl_asker_send(struct sl_asker *k, const Sightline__V1__IntelRequest *q)
{
	uint8_t bytes[SL_WIRE_INTEL_REQUEST_MAX];
	size_t len = sightline__v1__intel_request__get_packed_size(q);
	if (len > sizeof(bytes))
		return -E2BIG;
	sightline__v1__intel_request__pack(q, bytes);
	return zmq_send(k->socket, bytes, len, ZMQ_DONTWAIT) < 0 ? -zmq_errno() : 0;
}

int sl_asker_next(struct sl_asker *k, int timeout_ms, Sightline__V1__IntelAnswer **out)
{
	zmq_pollitem_t item = { .socket = k->socket, .events = ZMQ_POLLIN };
	if (zmq_poll(&item, 1, timeout_ms) < 0)
		return -zmq_errno();
	zmq_msg_t m;
	zmq_msg_init(&m);
	int rc = zmq_msg_recv(&m, k->socket, ZMQ_DONTWAIT) < 0 ? -zmq_errno() : 1;
	if (rc == 1) {
		bool one = !bus_more(k->socket);
		bus_skip(k->socket);
		*out = one ? sl_wire_intel_answer(zmq_msg_data(&m), zmq_msg_size(&m)) : NULL;
		rc = *out != NULL ? 1 : -EBADMSG;
	}
	zmq_msg_close(&m);
	return rc == -EAGAIN ? 0 : rc;
}
