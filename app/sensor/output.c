/* SPDX-License-Identifier: BSD-3-Clause */
/* output.c - JSON lines on standard output, the stream for subscribers, delivery to the collector.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/bus.h>
#include <sightline/clock.h>
#include <sightline/json.h>
#include <sightline/log.h>
#include <sightline/sighting.h>

#include "output.h"

#define BUFFER_BYTES ((size_t)256 << 10)
#define BATCH 64
#define BATCH_WAIT_NS (200 * UINT64_C(1000000))
#define LAST_WAIT_MS 10000
#define ABSENT_NS                                                                                  \
	(2 * SL_SECOND) /* a collector that has not answered by then is said to be missing */

struct output {
	bool emit_sightings;
	char sensor[256];
	struct sl_json_out *json;
	char *buf;
	size_t used;
	_Atomic bool failed;
	struct sl_bus *bus;
	struct sl_stream_out *stream;
	struct sl_delivery *delivery;
	const char *collector;
	uint64_t opened_ns;
	bool said_absent;
	struct sl_counters *counters;
};

static int open_bus(struct output *o, const struct publisher_options *po, char *err, size_t err_len)
{
	const char *publish = sl_config_text(po->config, "publish");
	o->collector = sl_config_text(po->config, "collector");
	if (publish == NULL && o->collector == NULL)
		return 0;
	int rc = sl_bus_new(&o->bus);
	char bound[256];
	const char *url = publish;
	if (rc == 0 && publish != NULL) {
		rc = sl_stream_out_open(&o->stream, o->bus, publish, bound, sizeof(bound));
		if (rc == 0)
			sl_info("sightings are published on %s", bound);
	}
	if (rc == 0 && o->collector != NULL) {
		url = o->collector;
		struct sl_delivery_options d = { .url = o->collector,
			.sensor = o->sensor,
			.boot = po->boot,
			.queue_bytes = sl_config_u64(po->config, "delivery.queue"),
			.batch = BATCH,
			.batch_wait_ns = BATCH_WAIT_NS };
		rc = sl_delivery_open(&o->delivery, o->bus, &d);
		o->opened_ns = sl_clock_mono_ns();
	}
	if (rc == -EACCES)
		snprintf(err, err_len,
			"%s: without keys only loopback addresses are used; use "
			"tcp://127.0.0.1:PORT or ipc:///PATH",
			url);
	else if (rc == -EINVAL)
		snprintf(err, err_len, "%s: no address; give tcp://127.0.0.1:PORT or ipc:///PATH",
			url);
	else if (rc < 0)
		snprintf(err, err_len,
			"%s: %s; choose another address or end the program that has it", url,
			strerror(-rc));
	return rc;
}

int output_new(struct output **out, const struct publisher_options *po,
	struct sl_counters *counters, char *err, size_t err_len)
{
	struct output *o = calloc(1, sizeof(*o));
	if (o == NULL)
		return -ENOMEM;
	o->emit_sightings = po->emit_sightings;
	o->counters = counters;
	const char *name = sl_config_text(po->config, "sensor.name");
	if (name != NULL)
		snprintf(o->sensor, sizeof(o->sensor), "%s", name);
	else if (gethostname(o->sensor, sizeof(o->sensor) - 1) < 0)
		strcpy(o->sensor, "sensor");
	o->buf = malloc(BUFFER_BYTES);
	int rc = o->buf == NULL ? -ENOMEM : sl_json_out_new(&o->json);
	if (rc == 0)
		rc = open_bus(o, po, err, err_len);
	if (rc < 0) {
		output_free(o);
		return rc;
	}
	*out = o;
	return 0;
}

void output_free(struct output *o)
{
	if (o == NULL)
		return;
	if (o->stream != NULL)
		sl_stream_out_close(o->stream, 1000);
	sl_delivery_close(o->delivery, 0, NULL); /* of a start that failed */
	if (o->bus != NULL)
		sl_bus_free(o->bus);
	sl_json_out_free(o->json);
	free(o->buf);
	free(o);
}

const char *output_sensor(const struct output *o)
{
	return o->sensor;
}

static void put(struct output *o, const char *p, size_t len)
{
	while (len > 0 && !atomic_load_explicit(&o->failed, memory_order_relaxed)) {
		ssize_t n = write(STDOUT_FILENO, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EPIPE)
				sl_error("standard output: %s", strerror(errno));
			atomic_store(&o->failed, true);
			return;
		}
		p += n;
		len -= (size_t)n;
	}
}

static void flush(struct output *o)
{
	put(o, o->buf, o->used);
	o->used = 0;
}

static void line(struct output *o)
{
	const char *p;
	size_t len;
	if (sl_json_line(o->json, &p, &len) < 0) {
		sl_count(o->counters, SL_C_LINES_LOST, 1);
		return;
	}
	if (o->used + len > BUFFER_BYTES)
		flush(o);
	if (len > BUFFER_BYTES) {
		put(o, p, len);
		return;
	}
	memcpy(o->buf + o->used, p, len);
	o->used += len;
}

void output_observable(struct output *o, const char *capture, const struct sl_record *r)
{
	sl_observable_json(o->json, capture, r);
	line(o);
}

void output_flow(struct output *o, const char *capture, const struct sl_record *r)
{
	sl_flow_json(o->json, capture, r);
	line(o);
}

void output_sighting(struct output *o, const char *capture, const Sightline__V1__Sighting *m)
{
	if (o->emit_sightings) {
		sl_sighting_json(o->json, capture, m);
		line(o);
	}
	if (o->stream != NULL && !m->quiet && sl_stream_out_send(o->stream, m) == 0)
		sl_count(o->counters, SL_C_PUBLISHED, 1);
	if (o->delivery != NULL)
		(void)sl_delivery_add(o->delivery, m); /* what it can't keep it counts as lost */
}

static void count_delivery(struct output *o, const struct sl_delivery_state *d)
{
	__atomic_store_n(&o->counters->c[SL_C_BUS_SENT], d->sent, __ATOMIC_RELAXED);
	__atomic_store_n(&o->counters->c[SL_C_BUS_ACKED], d->acked, __ATOMIC_RELAXED);
	__atomic_store_n(&o->counters->c[SL_C_BUS_LOST], d->lost, __ATOMIC_RELAXED);
}

static void watch_delivery(struct output *o)
{
	struct sl_delivery_state d;
	sl_delivery_run(o->delivery, 0);
	sl_delivery_state(o->delivery, &d);
	count_delivery(o, &d);
	if (d.connected && o->said_absent) {
		sl_info("collector %s is there now", o->collector);
		o->said_absent = false;
		o->opened_ns = sl_clock_mono_ns();
	} else if (d.connected) {
		o->opened_ns = sl_clock_mono_ns();
	} else if (!o->said_absent && sl_clock_mono_ns() - o->opened_ns > ABSENT_NS) {
		sl_warn("collector %s does not answer; sightings wait for it, as many as the queue "
			"holds",
			o->collector);
		o->said_absent = true;
	}
}

void output_run(struct output *o, bool idle)
{
	if (idle && o->used > 0)
		flush(o);
	if (o->stream != NULL)
		sl_stream_out_run(o->stream);
	if (o->delivery != NULL)
		watch_delivery(o);
}

void output_finish(struct output *o)
{
	flush(o);
	if (o->delivery == NULL)
		return;
	struct sl_delivery_state d;
	sl_delivery_close(o->delivery, LAST_WAIT_MS, &d);
	o->delivery = NULL;
	count_delivery(o, &d);
	if (d.lost > 0)
		sl_warn("collector %s: %lu sightings could not be delivered%s", o->collector,
			(unsigned long)d.lost,
			o->said_absent || d.acked > 0 ? "" : " (it does not answer)");
}

bool output_failed(const struct output *o)
{
	return atomic_load(&o->failed);
}
