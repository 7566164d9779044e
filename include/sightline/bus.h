/* SPDX-License-Identifier: BSD-3-Clause */
/* bus.h - what goes between programs: the stream of sightings for subscribers (PUB/SUB), the
 * acknowledged link from sensor to collector (DEALER/ROUTER), and the collector's intel for its
 * sensors (likewise). The one door to libzmq. Each object belongs to one
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

/* ---- Intel: the collector's end. A question gets one answer; what is new goes to everybody who
 * asked within two minutes, 1024 at most ---- */
struct sl_desk;
int sl_desk_open(struct sl_desk **out, struct sl_bus *b, const char *url, char *bound, size_t cap);
void sl_desk_close(struct sl_desk *d);
struct sl_desk_question {
	Sightline__V1__IntelRequest *request;
	void *peer; /* opaque */
};
/* 1: a question, valid until its answer; 0: none within timeout_ms; -errno (-EINTR: a signal).
 * What can't be read is counted. */
int sl_desk_next(struct sl_desk *d, int timeout_ms, struct sl_desk_question *out);
/* Any thread: ends a wait for a question. */
void sl_desk_wake(struct sl_desk *d);
/* Frees the question; NULL: there is no answer to it. */
void sl_desk_answer(
	struct sl_desk *d, struct sl_desk_question *q, const Sightline__V1__IntelAnswer *a);
void sl_desk_announce(struct sl_desk *d, const Sightline__V1__IntelAnswer *a);
uint64_t sl_desk_unreadable(const struct sl_desk *d);
size_t sl_desk_peers(const struct sl_desk *d);

/* ---- Intel: a sensor's end, or an operator's ---- */
struct sl_asker;
int sl_asker_open(struct sl_asker **out, struct sl_bus *b, const char *url);
void sl_asker_close(struct sl_asker *k);
/* Never waits. -EAGAIN: the collector isn't there. */
int sl_asker_send(struct sl_asker *k, const Sightline__V1__IntelRequest *q);
/* 1: an answer, the caller's to free (sightline__v1__intel_answer__free_unpacked); 0: none within
 * timeout_ms; -EBADMSG: what came is none; -errno. */
int sl_asker_next(struct sl_asker *k, int timeout_ms, Sightline__V1__IntelAnswer **out);

#endif
