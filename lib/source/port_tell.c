/* SPDX-License-Identifier: BSD-3-Clause */
/* port_tell.c - the counters of ports, by port and queue. Control thread. */
#include <stdio.h>

#include "ports.h"

/* A name may hold what ends a label. */
static void label(const char *dev, char out[128])
{
	size_t n = 0;
	for (; *dev != '\0' && n < 120; dev++) {
		if (*dev == '"' || *dev == '\\')
			out[n++] = '\\';
		out[n++] = *dev;
	}
	out[n] = '\0';
}

void port_tell(const struct port *p, const char *name, const char *help, int queue, uint64_t value,
	sl_port_fn tell, void *arg)
{
	char key[256], number[24] = "", dev[128];
	label(p->dev, dev);
	if (queue >= 0)
		snprintf(number, sizeof(number), ",queue=\"%d\"", queue);
	snprintf(key, sizeof(key), "%s{port=\"%s\"%s}", name, dev, number);
	tell(arg, key, help, value);
}

const char port_missed_help[] = "packets that the source lost";

void port_tell_tally(const struct port *p, int queue, const struct port_tally *t, uint64_t missed,
	sl_port_fn tell, void *arg)
{
	port_tell(p, "sightline_missed_packets_total", port_missed_help, queue, missed, tell, arg);
	port_tell(p, "sightline_port_packets_total", "packets taken from a queue", queue,
		tally_get(&t->packets), tell, arg);
	port_tell(p, "sightline_port_bytes_total", "their bytes on the wire", queue,
		tally_get(&t->bytes), tell, arg);
	port_tell(p, "sightline_port_merged_frames_total",
		"frames longer than any: joined by the device, or beyond 9,728 bytes", queue,
		tally_get(&t->merged), tell, arg);
}
