/* SPDX-License-Identifier: BSD-3-Clause */
/* subscribe.c - a program of yours that reads the stream of sightings.
 *     cc subscribe.c -o subscribe $(pkg-config --cflags --libs sightline)
 *     ./subscribe [URL [COUNT]]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/subscribe.h>

static void show(const struct sl_seen *s)
{
	if (s->lost)
		fprintf(stderr, "%" PRIu64 " sightings of %s were lost\n", s->lost, s->sensor);
	printf("%s %s=%s seen %" PRIu64 " times, %s -> %s", s->id, s->where, s->value, s->count,
		s->src, s->dst);
	for (size_t i = 0; i < s->indicator_count; i++)
		printf(", %s of %s", s->indicators[i].id, s->indicators[i].source);
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *url = argc > 1 ? argv[1] : "tcp://127.0.0.1:7611";
	long left = argc > 2 ? atol(argv[2]) : -1;
	struct sl_subscriber *sub;
	int rc = sl_subscriber_open(&sub, url, "sighting/");
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", url, strerror(-rc));
		return 2;
	}
	/* Only who must not miss the first message waits for this. */
	if (sl_subscriber_ready(sub, -1) == 1)
		fprintf(stderr, "subscribed to %s\n", url);
	const struct sl_seen *seen;
	while (left != 0 && (rc = sl_subscriber_next(sub, -1, &seen)) > 0) {
		show(seen);
		left -= left > 0;
	}
	sl_subscriber_close(sub);
	return rc < 0 && rc != -EINTR;
}
