/* SPDX-License-Identifier: BSD-3-Clause */
/* hear.c - bench-hear: when each sighting of a stream reached a subscriber. One line for each that
 * is told for the first time: its value, the packet's time and the wall clock's, in nanoseconds.
 *
 *   bench-hear URL    until it is interrupted; first "ready" and the time, twice, from which on it
 *                     hears everything */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/subscribe.h>

static volatile sig_atomic_t over;

static void end(int number)
{
	over = 1;
}

int main(int argc, char **argv)
{
	struct sl_subscriber *sub;
	const struct sl_seen *seen;
	struct sigaction act = { .sa_handler = end };
	if (argc != 2 || sl_subscriber_open(&sub, argv[1], "sighting/") < 0) {
		fputs("usage: bench-hear URL\n", stderr);
		return 2;
	}
	sigaction(SIGINT, &act, NULL);
	if (sl_subscriber_ready(sub, -1) == 1)
		printf("ready %" PRIu64 " %" PRIu64 "\n", sl_clock_wall_ns(), sl_clock_wall_ns());
	while (!over && sl_subscriber_next(sub, -1, &seen) > 0) {
		uint64_t now_ns = sl_clock_wall_ns();
		if (seen->revision == 1)
			printf("%s %" PRIu64 " %" PRIu64 "\n", seen->value, seen->first_seen_ns,
				now_ns);
	}
	sl_subscriber_close(sub);
	return 0;
}
