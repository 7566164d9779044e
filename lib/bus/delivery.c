/* SPDX-License-Identifier: BSD-3-Clause */
/* delivery.c - the sensor's end of the link to the collector: DEALER, one frame a batch.
 * Run by the publisher. Never blocks but in sl_delivery_run and _close, for as long as it was
 * allowed to. What isn't acknowledged is kept here, never in ZeroMQ: at most WINDOW batches are
 * under way, and ZMQ_IMMEDIATE gives a message only to a peer that is there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/bus.h>
#include <sightline/clock.h>

#include "socket.h"

#define WINDOW 32 /* batches under way and not acknowledged */
#define BATCH_BYTES (1u << 20) /* a batch closes beyond this */
#define QUEUE_BYTES (64u << 20)
#define ACK_MAX 4096
/* A connection that stands loses nothing, so that an answer that is missing for so long is a
 * collector that was too busy; the wait doubles each time. */
#define ANSWER_NS (30 * SL_SECOND)
#define REFUSED_NS (SL_SECOND) /* pause after "not now" */
#define NEVER_THERE_MS 500

struct batch {
	struct batch *next;
	uint64_t number;
	uint32_t sightings;
	uint32_t tries; /* times it was sent */
	bool under_way;
	uint64_t due_ns; /* under way: send again then; waiting: not before */
	size_t len, cap;
	uint8_t *bytes; /* the packed SightingBatch, complete at any time */
};

struct sl_delivery {
	void *socket, *monitor;
	char *sensor, *boot;
	size_t queue_bytes, used_bytes;
	uint32_t batch_max, under_way;
	uint64_t batch_wait_ns, open_since_ns;
	uint64_t next_number;
	struct batch *head, **tail; /* oldest first; the last one is still open if `open` */
	struct batch *open;
	bool ever;
	struct sl_delivery_state st;
};

/* ---- the queue ---- */

static size_t batch_cost(const struct batch *b)
{
	return sizeof(*b) + b->cap;
}

static int batch_grow(struct sl_delivery *d, struct batch *b, size_t more)
{
	if (b->len + more <= b->cap)
		return 0;
	size_t cap = (b->len + more) * 2;
	uint8_t *p = realloc(b->bytes, cap);
	if (p == NULL)
		return -ENOMEM;
	d->used_bytes += cap - b->cap;
	b->bytes = p;
	b->cap = cap;
	return 0;
}

static void batch_free(struct sl_delivery *d, struct batch *b)
{
	d->used_bytes -= batch_cost(b);
	d->st.waiting -= b->sightings;
	d->under_way -= b->under_way;
	if (d->open == b)
		d->open = NULL;
	free(b->bytes);
	free(b);
}

static void batch_unlink(struct sl_delivery *d, struct batch **at)
{
	struct batch *b = *at;
	*at = b->next;
	if (d->tail == &b->next)
		d->tail = at;
	batch_free(d, b);
}

static int batch_begin(struct sl_delivery *d)
{
	Sightline__V1__SightingBatch head = SIGHTLINE__V1__SIGHTING_BATCH__INIT;
	struct batch *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	d->used_bytes += sizeof(*b);
	head.sensor = d->sensor;
	head.boot = d->boot;
	head.number = b->number = ++d->next_number;
	size_t len = sightline__v1__sighting_batch__get_packed_size(&head);
	if (batch_grow(d, b, len) < 0) {
		batch_free(d, b);
		return -ENOMEM;
	}
	b->len = sightline__v1__sighting_batch__pack(&head, b->bytes);
	*d->tail = b;
	d->tail = &b->next;
	d->open = b;
	d->open_since_ns = sl_clock_mono_ns();
	return 0;
}

/* A message is the concatenation of its fields, so that one more sighting is one more field. */
#define FIELD_SIGHTINGS (4 << 3 | 2)

static void batch_append(struct batch *b, const Sightline__V1__Sighting *m, size_t len)
{
	uint8_t *p = b->bytes + b->len;
	*p++ = FIELD_SIGHTINGS;
	size_t v = len;
	for (; v > 0x7f; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	p += sightline__v1__sighting__pack(m, p);
	b->len = (size_t)(p - b->bytes);
	b->sightings++;
}

/* At the bound the oldest go. */
static void queue_bound(struct sl_delivery *d)
{
	while (d->used_bytes > d->queue_bytes && d->head != NULL && d->head->next != NULL) {
		d->st.lost += d->head->sightings;
		batch_unlink(d, &d->head);
	}
}

int sl_delivery_add(struct sl_delivery *d, const Sightline__V1__Sighting *m)
{
	size_t len = sightline__v1__sighting__get_packed_size(m);
	int rc = len > SL_WIRE_MESSAGE_MAX ? -E2BIG : 0;
	if (rc == 0 && d->open != NULL && d->open->len + len > BATCH_BYTES)
		d->open = NULL;
	if (rc == 0 && d->open == NULL)
		rc = batch_begin(d);
	if (rc == 0)
		rc = batch_grow(d, d->open, len + 8);
	if (rc < 0) {
		d->st.lost++;
		return rc;
	}
	batch_append(d->open, m, len);
	d->st.waiting++;
	if (d->open->sightings >= d->batch_max)
		d->open = NULL;
	queue_bound(d);
	return 0;
}

/* ---- the link ---- */

/* Everything goes again: what the lost connection took with it isn't known. */
static void forget_under_way(struct sl_delivery *d)
{
	for (struct batch *b = d->head; b != NULL; b = b->next) {
		b->under_way = false;
		b->due_ns = 0;
	}
	d->under_way = 0;
}

static void monitor_event(struct sl_delivery *d, uint16_t event)
{
	d->st.connected = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
	d->ever |= d->st.connected;
	forget_under_way(d);
}

static void take_events(struct sl_delivery *d)
{
	uint8_t frame[6];
	int n;
	while ((n = zmq_recv(d->monitor, frame, sizeof(frame), ZMQ_DONTWAIT)) >= 0) {
		uint16_t event = 0;
		if (n >= 2)
			memcpy(&event, frame, sizeof(event));
		bus_skip(d->monitor);
		monitor_event(d, event);
	}
}

static void take_ack(struct sl_delivery *d, const Sightline__V1__Ack *a)
{
	if (strcmp(a->sensor, d->sensor) != 0 || strcmp(a->boot, d->boot) != 0)
		return;
	struct batch **at = &d->head;
	while (*at != NULL && (*at)->number != a->number)
		at = &(*at)->next;
	struct batch *b = *at;
	if (b == NULL || b->tries == 0)
		return;
	if (a->ok) {
		d->st.acked += b->sightings;
		batch_unlink(d, at);
		return;
	}
	d->under_way -= b->under_way;
	b->under_way = false;
	b->due_ns = sl_clock_mono_ns() + REFUSED_NS;
}

/* True: something came. */
static bool take_acks(struct sl_delivery *d)
{
	uint8_t frame[ACK_MAX];
	bool came = false;
	int n;
	while ((n = zmq_recv(d->socket, frame, sizeof(frame), ZMQ_DONTWAIT)) >= 0) {
		bool one = !bus_more(d->socket) && n <= (int)sizeof(frame);
		bus_skip(d->socket);
		came = true;
		Sightline__V1__Ack *a =
			one ? sightline__v1__ack__unpack(NULL, (size_t)n, frame) : NULL;
		if (a == NULL)
			continue;
		take_ack(d, a);
		sightline__v1__ack__free_unpacked(a, NULL);
	}
	return came;
}

static bool send_batch(struct sl_delivery *d, struct batch *b, uint64_t now_ns)
{
	if (zmq_send(d->socket, b->bytes, b->len, ZMQ_DONTWAIT) < 0)
		return false;
	if (b->tries == 0)
		d->st.sent += b->sightings;
	else
		d->st.resent += b->sightings;
	d->under_way += !b->under_way;
	b->under_way = true;
	unsigned doublings = b->tries < 6 ? b->tries : 6;
	b->due_ns = now_ns + (ANSWER_NS << doublings);
	b->tries++;
	return true;
}

/* Sends what may go. How long until something is due without an event from outside, in
 * nanoseconds. */
static uint64_t send_due(struct sl_delivery *d)
{
	uint64_t now_ns = sl_clock_mono_ns(), wait_ns = UINT64_MAX;
	if (d->open != NULL && now_ns - d->open_since_ns >= d->batch_wait_ns)
		d->open = NULL;
	if (d->open != NULL)
		wait_ns = d->open_since_ns + d->batch_wait_ns - now_ns;
	if (!d->st.connected)
		return wait_ns;
	for (struct batch *b = d->head; b != NULL && b != d->open; b = b->next) {
		if (b->due_ns > now_ns) {
			wait_ns = wait_ns < b->due_ns - now_ns ? wait_ns : b->due_ns - now_ns;
			continue;
		}
		if (!b->under_way && d->under_way >= WINDOW)
			break;
		if (!send_batch(d, b, now_ns))
			return wait_ns < SL_SECOND / 100 ? wait_ns : SL_SECOND / 100;
	}
	return wait_ns;
}

void sl_delivery_run(struct sl_delivery *d, int timeout_ms)
{
	take_events(d);
	bool came = take_acks(d);
	uint64_t wait_ns = send_due(d);
	/* An answer that was there already is what the caller waits for: after the last one
	 * nothing more comes. */
	if (timeout_ms <= 0 || came)
		return;
	uint64_t wait_ms = wait_ns / 1000000 + 1;
	zmq_pollitem_t items[] = {
		{ .socket = d->socket, .events = ZMQ_POLLIN },
		{ .socket = d->monitor, .events = ZMQ_POLLIN },
	};
	if (zmq_poll(items, 2, wait_ms < (uint64_t)timeout_ms ? (long)wait_ms : timeout_ms) < 0)
		return;
	take_events(d);
	take_acks(d);
	send_due(d);
}

void sl_delivery_state(const struct sl_delivery *d, struct sl_delivery_state *out)
{
	*out = d->st;
}

/* ---- begin and end ---- */

static int monitor_open(struct sl_delivery *d, struct sl_bus *b)
{
	char at[64];
	snprintf(at, sizeof(at), "inproc://delivery-monitor-%u", b->monitors++);
	if (zmq_socket_monitor(
		    d->socket, at, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) < 0)
		return -zmq_errno();
	static const struct bus_limits limits = { 0, 0, -1 };
	int rc = bus_socket(&d->monitor, b->ctx, ZMQ_PAIR, &limits);
	if (rc == 0 && zmq_connect(d->monitor, at) < 0)
		rc = -zmq_errno();
	return rc;
}

static int link_open(struct sl_delivery *d, struct sl_bus *b, const char *url)
{
	static const struct bus_limits limits = { WINDOW * 2, 1024, ACK_MAX };
	int immediate = 1;
	int rc = bus_socket(&d->socket, b->ctx, ZMQ_DEALER, &limits);
	if (rc < 0)
		return rc;
	if (zmq_setsockopt(d->socket, ZMQ_IMMEDIATE, &immediate, sizeof(immediate)) < 0)
		return -zmq_errno();
	rc = monitor_open(d, b);
	return rc < 0 ? rc : bus_connect(d->socket, url);
}

static void delivery_free(struct sl_delivery *d)
{
	while (d->head != NULL)
		batch_unlink(d, &d->head);
	if (d->socket != NULL) {
		zmq_socket_monitor(d->socket, NULL, 0);
		zmq_close(d->socket);
	}
	if (d->monitor != NULL)
		zmq_close(d->monitor);
	free(d->sensor);
	free(d->boot);
	free(d);
}

int sl_delivery_open(
	struct sl_delivery **out, struct sl_bus *b, const struct sl_delivery_options *o)
{
	struct sl_delivery *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return -ENOMEM;
	d->tail = &d->head;
	d->queue_bytes = o->queue_bytes ? o->queue_bytes : QUEUE_BYTES;
	d->batch_max = o->batch ? o->batch : 64;
	d->batch_wait_ns = o->batch_wait_ns;
	d->sensor = strdup(o->sensor);
	d->boot = strdup(o->boot);
	int rc = d->sensor == NULL || d->boot == NULL ? -ENOMEM : link_open(d, b, o->url);
	if (rc < 0) {
		delivery_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void sl_delivery_close(struct sl_delivery *d, int timeout_ms, struct sl_delivery_state *last)
{
	if (d == NULL)
		return;
	uint64_t begin_ns = sl_clock_mono_ns();
	d->open = NULL;
	while (d->head != NULL) {
		uint64_t spent_ms = (sl_clock_mono_ns() - begin_ns) / 1000000;
		int limit_ms =
			!d->ever && timeout_ms > NEVER_THERE_MS ? NEVER_THERE_MS : timeout_ms;
		if (spent_ms >= (uint64_t)limit_ms)
			break;
		sl_delivery_run(d, limit_ms - (int)spent_ms);
	}
	d->st.lost += d->st.waiting;
	d->st.waiting = 0;
	if (last != NULL)
		*last = d->st;
	for (struct batch *b = d->head; b != NULL; b = b->next)
		b->sightings = 0;
	delivery_free(d);
}
