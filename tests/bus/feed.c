/* SPDX-License-Identifier: BSD-3-Clause */
/* feed.c - delivers made-up sightings to a collector, as a sensor would: feed URL COUNT.
 * Exit 0: all were acknowledged. */
#include <stdio.h>
#include <stdlib.h>

#include <sightline/bus.h>

#include "messages.h"

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct sl_bus *bus;
	struct sl_delivery *d;
	struct sl_delivery_state last;
	struct sl_delivery_options o = { .url = argv[1], .sensor = "tap-1", .boot = "b007" };
	unsigned count = (unsigned)atoi(argv[2]);
	if (sl_bus_new(&bus) < 0)
		return 1;
	if (sl_delivery_open(&d, bus, &o) < 0) {
		sl_bus_free(bus);
		return 2;
	}
	for (unsigned n = 1; n <= count; n++) {
		struct made x;
		sl_delivery_add(d, made_sighting(&x, n % 2 ? "domain-name" : "url", "feed", n));
		sl_delivery_run(d, 0);
	}
	sl_delivery_close(d, 60000, &last);
	sl_bus_free(bus);
	printf("%u sightings, %llu acknowledged\n", count, (unsigned long long)last.acked);
	return last.acked == count ? 0 : 1;
}
