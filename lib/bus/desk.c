/* SPDX-License-Identifier: BSD-3-Clause */
/* desk.c - the collector's end of the link that sensors ask for intel over: ROUTER, one frame a
 * message. A sensor that takes no answers loses them and asks again: nothing waits for it. One
 * thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sightline/bus.h>
#include <sightline/clock.h>

#include "socket.h"

#define IDENTITY_MAX 255 /* as intake.c */
#define PEERS_MAX 1024
#define HEARD_NS (120 * SL_SECOND)
#define ANSWERS_WAITING 64

struct peer {
	size_t len;
	uint64_t heard_ns;
	uint8_t identity[IDENTITY_MAX];
};

struct sl_desk {
	void *socket;
	int wake; /* an event */
	uint64_t unreadable;
	size_t peers;
	struct peer peer[PEERS_MAX];
};

int sl_desk_open(struct sl_desk **out, struct sl_bus *b, const char *url, char *bound, size_t cap)
{
	static const struct bus_limits limits = { ANSWERS_WAITING, ANSWERS_WAITING,
		SL_WIRE_INTEL_REQUEST_MAX };
	struct sl_desk *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return -ENOMEM;
	d->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int rc = d->wake < 0 ? -errno : 0;
	if (rc < 0)
		goto fail_free;
	rc = bus_socket(&d->socket, b->ctx, ZMQ_ROUTER, &limits);
	if (rc < 0)
		goto fail_wake;
	rc = bus_bind(d->socket, url, bound, cap);
	if (rc < 0)
		goto fail_socket;
	*out = d;
	return 0;
fail_socket:
	zmq_close(d->socket);
fail_wake:
	close(d->wake);
fail_free:
	free(d);
	return rc;
}

void sl_desk_close(struct sl_desk *d)
{
	if (d == NULL)
		return;
	zmq_close(d->socket);
	close(d->wake);
	free(d);
}

void sl_desk_wake(struct sl_desk *d)
{
	uint64_t one = 1;
	(void)!write(d->wake, &one, sizeof(one));
}

/* Who hasn't asked for long is no longer there; at the bound the one that was silent longest goes.
 */
static void hear(struct sl_desk *d, const struct peer *who)
{
	uint64_t now_ns = sl_clock_mono_ns();
	struct peer *at = NULL, *oldest = &d->peer[0];
	for (size_t i = 0; at == NULL && i < d->peers;) {
		struct peer *p = &d->peer[i];
		bool same = p->len == who->len && memcmp(p->identity, who->identity, p->len) == 0;
		if (same)
			at = p;
		else if (now_ns - p->heard_ns > HEARD_NS)
			*p = d->peer[--d->peers];
		else {
			oldest = p->heard_ns < oldest->heard_ns ? p : oldest;
			i++;
		}
	}
	if (at == NULL)
		at = d->peers < PEERS_MAX ? &d->peer[d->peers++] : oldest;
	*at = *who;
	at->heard_ns = now_ns;
}

/* 1: a question; 0: a message that is none; -EAGAIN: nothing is there. */
static int take(struct sl_desk *d, struct sl_desk_question *out)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	if (peer == NULL)
		return -ENOMEM;
	int n = zmq_recv(d->socket, peer->identity, sizeof(peer->identity), ZMQ_DONTWAIT);
	int rc = n < 0 ? -zmq_errno() : 0;
	peer->len = n < 0 ? 0 : (size_t)n;
	if (rc == 0 && peer->len <= IDENTITY_MAX && bus_more(d->socket)) {
		uint8_t bytes[SL_WIRE_INTEL_REQUEST_MAX];
		n = zmq_recv(d->socket, bytes, sizeof(bytes), ZMQ_DONTWAIT);
		bool one = n >= 0 && n <= (int)sizeof(bytes) && !bus_more(d->socket);
		out->request = one ? sl_wire_intel_request(bytes, (size_t)n) : NULL;
		rc = out->request != NULL;
	}
	bus_skip(d->socket);
	if (rc != 1) {
		free(peer);
		return rc;
	}
	hear(d, peer);
	out->peer = peer;
	return 1;
}

int sl_desk_next(struct sl_desk *d, int timeout_ms, struct sl_desk_question *out)
{
	int rc = take(d, out);
	if (rc == -EAGAIN) {
		uint64_t woken;
		zmq_pollitem_t item[] = { { .socket = d->socket, .events = ZMQ_POLLIN },
			{ .fd = d->wake, .events = ZMQ_POLLIN } };
		if (zmq_poll(item, 2, timeout_ms) < 0)
			return -zmq_errno();
		if (item[1].revents != 0)
			(void)!read(d->wake, &woken, sizeof(woken));
		rc = take(d, out);
	}
	d->unreadable += rc == 0;
	return rc == -EAGAIN ? 0 : rc;
}

static void send_to(struct sl_desk *d, const struct peer *p, const uint8_t *bytes, size_t len)
{
	if (zmq_send(d->socket, p->identity, p->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
		(void)zmq_send(d->socket, bytes, len, ZMQ_DONTWAIT);
}

static uint8_t *packed(const Sightline__V1__IntelAnswer *a, size_t *len)
{
	*len = sightline__v1__intel_answer__get_packed_size(a);
	uint8_t *p = malloc(*len + 1);
	if (p != NULL)
		sightline__v1__intel_answer__pack(a, p);
	return p;
}

void sl_desk_answer(
	struct sl_desk *d, struct sl_desk_question *q, const Sightline__V1__IntelAnswer *a)
{
	size_t len;
	uint8_t *p = a != NULL ? packed(a, &len) : NULL;
	if (p != NULL)
		send_to(d, q->peer, p, len);
	free(p);
	sightline__v1__intel_request__free_unpacked(q->request, NULL);
	free(q->peer);
	*q = (struct sl_desk_question){ 0 };
}

void sl_desk_announce(struct sl_desk *d, const Sightline__V1__IntelAnswer *a)
{
	size_t len;
	uint8_t *p = packed(a, &len);
	for (size_t i = 0; p != NULL && i < d->peers; i++)
		send_to(d, &d->peer[i], p, len);
	free(p);
}

uint64_t sl_desk_unreadable(const struct sl_desk *d)
{
	return d->unreadable;
}

size_t sl_desk_peers(const struct sl_desk *d)
{
	return d->peers;
}
