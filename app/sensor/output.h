/* SPDX-License-Identifier: BSD-3-Clause */
/* output.h - where the publisher's words go: JSON lines, the stream, the collector. Publisher's
 * thread only, but for output_failed. Private to app/sensor. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <sightline/wire.h>

#include "sensor.h"

struct output;
/* Opens what the configuration asks for. -EINVAL, -EADDRINUSE ...: err says which endpoint, why,
 * and the fix. */
int output_new(struct output **out, const struct publisher_options *o, struct sl_counters *counters,
	char *err, size_t err_len);
void output_free(struct output *o);
const char *output_sensor(const struct output *o); /* this sensor's name */
void output_observable(struct output *o, const char *capture, const struct sl_record *r);
void output_flow(struct output *o, const char *capture, const struct sl_record *r);
void output_sighting(struct output *o, const char *capture, const Sightline__V1__Sighting *m);
/* Between bursts: the collector's acknowledgements; `idle` also writes out what is buffered. */
void output_run(struct output *o, bool idle);
/* Writes out all, waits for the collector within bounds, counts what it did not take. */
void output_finish(struct output *o);
bool output_failed(const struct output *o);

#endif
