/* SPDX-License-Identifier: BSD-3-Clause */
/* bus.h - sightings between programs: the stream for subscribers (PUB/SUB) and the acknowledged
 * link from sensor to collector (DEALER/ROUTER). The one door to libzmq. Each object belongs to one
 * thread. Without keys, TCP endpoints are loopback only (127.0.0.0/8, [::1], localhost): anything
 * else is refused with -EACCES; ipc:// and inproc:// always pass; what is no endpoint of these
 * kinds is -EINVAL. */
#ifndef SIGHTLINE_BUS_H
#define SIGHTLINE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sightline/wire.h>

struct sl_bus; /* a ZeroMQ context; made before threads are pinned */
int sl_bus_new(struct sl_bus **out);
void sl_bus_free(struct sl_bus *b);
/* Whether an endpoint may be used: 0, -EACCES, -EINVAL as above. */
int sl_bus_check(const char *url);

/* ---- Stream: two frames, topic "sighting/<observable type>/<source>" and message ----
 * One message for each sighting message: where indicators of several sources matched, the topic
 * names the first, and the message has them all. Sending never waits; a subscriber that falls
 * 16,384 messages behind loses what comes next and sees the gap in `seq`. */
struct sl_stream_out;
/* Binds url ("tcp://127.0.0.1:7611", "ipc:///run/..."); bound gets the actual endpoint (port 0
 * resolved). */
int sl_stream_out_open(
	struct sl_stream_out **out, struct sl_bus *b, const char *url, char *bound, size_t cap);
void sl_stream_out_close(struct sl_stream_out *s, int linger_ms);
int sl_stream_out_send(struct sl_stream_out *s, const Sightline__V1__Sighting *m);
int sl_stream_out_heartbeat(struct sl_stream_out *s, const Sightline__V1__Heartbeat *m);
/* Takes new subscriptions and answers those who asked whether theirs is in force. Sending does it
 * too; who may be idle calls it now and then. */
void sl_stream_out_run(struct sl_stream_out *s);

/* ---- Delivery: the sensor's end. Batches are kept until acknowledged; at the bound the oldest are
 * lost, counted ---- */
struct sl_delivery_options {
	const char *url;
	const char *sensor, *boot;
	size_t queue_bytes; /* bound of what is not yet acknowledged; 0: 64 MiB */
	uint32_t batch; /* sightings in a batch at most; 0: 64 */
	uint64_t batch_wait_ns; /* a batch that isn't full goes after so long */
};
struct sl_delivery_state {
	bool connected;
	uint64_t sent, acked, lost; /* sightings; sent: handed over at least once */
	uint64_t resent; /* sightings sent again, after a reconnect or without an answer */
	uint64_t waiting; /* sightings not yet acknowledged */
};
struct sl_delivery;
int sl_delivery_open(
	struct sl_delivery **out, struct sl_bus *b, const struct sl_delivery_options *o);
/* Copies m. 0; -E2BIG, -ENOMEM: it counts as lost. */
int sl_delivery_add(struct sl_delivery *d, const Sightline__V1__Sighting *m);
/* Sends what is due, takes acknowledgements; waits at most timeout_ms for one. */
void sl_delivery_run(struct sl_delivery *d, int timeout_ms);
void sl_delivery_state(const struct sl_delivery *d, struct sl_delivery_state *out);
/* Waits until all is acknowledged, at most timeout_ms (half a second where no collector was ever
 * there), frees d,
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
/* Waits until a sensor or a subscriber has sent something, at most timeout_ms (-1: for ever). How
 * many of the two, or -errno (-EINTR: a signal). */
int sl_bus_wait(struct sl_intake *in, struct sl_stream_out *out, int timeout_ms);
/* File descriptor that becomes readable when there may be something (ZMQ_FD semantics). */
int sl_intake_fd(const struct sl_intake *in);

#endif
