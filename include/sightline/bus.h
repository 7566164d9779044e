/* SPDX-License-Identifier: BSD-3-Clause */
/* bus.h - sightings between programs: the stream for subscribers (PUB/SUB) and the acknowledged
 * link from sensor to collector (DEALER/ROUTER). The one door to libzmq. Each object belongs to one
 * thread. Without keys, TCP endpoints are loopback only: anything else is refused with -EACCES. */
#ifndef SIGHTLINE_BUS_H
#define SIGHTLINE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/wire.h>

struct sl_bus; /* a ZeroMQ context; made before threads are pinned */
int sl_bus_new(struct sl_bus **out);
void sl_bus_free(struct sl_bus *b);

/* ---- Stream: two frames, topic "sighting/<observable type>/<source>" and message ---- */
struct sl_stream_out;
/* Binds url ("tcp://127.0.0.1:7611", "ipc:///run/..."); bound gets the actual endpoint (port 0
 * resolved). */
int sl_stream_out_open(
	struct sl_stream_out **out, struct sl_bus *b, const char *url, char *bound, size_t cap);
void sl_stream_out_close(struct sl_stream_out *s, int linger_ms);
int sl_stream_out_send(struct sl_stream_out *s, const Sightline__V1__Sighting *m);
int sl_stream_out_heartbeat(struct sl_stream_out *s, const Sightline__V1__Heartbeat *m);

/* ---- Delivery: the sensor's end. Batches are kept until acknowledged; at the bound the oldest are
 * lost, counted ---- */
struct sl_delivery_options {
	const char *url;
	const char *sensor, *boot;
	size_t queue_bytes; /* bound of what is not yet acknowledged */
	uint32_t batch; /* sightings in a batch at most (64) */
	uint64_t batch_wait_ns; /* a batch that isn't full goes after so long */
};
struct sl_delivery_state {
	bool connected;
	uint64_t sent, acked, lost; /* sightings */
	uint64_t waiting; /* sightings not yet acknowledged */
};
struct sl_delivery;
int sl_delivery_open(
	struct sl_delivery **out, struct sl_bus *b, const struct sl_delivery_options *o);
int sl_delivery_add(struct sl_delivery *d, const Sightline__V1__Sighting *m);
/* Sends what is due, takes acknowledgements; waits at most timeout_ms for one. */
void sl_delivery_run(struct sl_delivery *d, int timeout_ms);
void sl_delivery_state(const struct sl_delivery *d, struct sl_delivery_state *out);
/* Waits until all is acknowledged, at most timeout_ms (less where no collector was ever there),
 * then counts the rest as lost. */
void sl_delivery_close(struct sl_delivery *d, int timeout_ms, struct sl_delivery_state *last);

/* ---- Delivery: the collector's end ---- */
struct sl_intake;
int sl_intake_open(
	struct sl_intake **out, struct sl_bus *b, const char *url, char *bound, size_t cap);
void sl_intake_close(struct sl_intake *in);
/* The next batch, or NULL after timeout_ms; unreadable messages are counted, not returned. Valid
 * until its ack. */
struct sl_intake_batch {
	Sightline__V1__SightingBatch *batch;
	void *peer; /* opaque */
};
int sl_intake_next(struct sl_intake *in, int timeout_ms, struct sl_intake_batch *out);
/* The batch is durable (ok) or can't be taken now (not ok: it will come again). Frees it. */
int sl_intake_ack(struct sl_intake *in, struct sl_intake_batch *b, bool ok);
uint64_t sl_intake_unreadable(const struct sl_intake *in);
/* File descriptor that becomes readable when there may be something (ZMQ_FD semantics). */
int sl_intake_fd(const struct sl_intake *in);

#endif
