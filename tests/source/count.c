/* SPDX-License-Identifier: BSD-3-Clause */
/* count.c - prints how many packets the capture reader finds in each file: `PACKETS ERROR PATH`,
 * and behind it what is damaged. counts.py compares it with capinfos. */
#include <inttypes.h>
#include <stdio.h>

#include <sightline/capture.h>
#include <sightline/compress.h>

static void count(const char *path)
{
	struct sl_input *in;
	struct sl_capture *c;
	struct sl_capture_damage damage = { 0 };
	struct sl_capture_packet p;
	uint64_t packets = 0;
	int rc = sl_input_open(&in, path);
	if (rc < 0) {
		printf("0\t%d\t%s\t\n", rc, path);
		return;
	}
	rc = sl_capture_open(&c, in, &damage);
	if (rc == 0) {
		while ((rc = sl_capture_next(c, &p)) == 1)
			packets++;
		sl_capture_close(c);
	}
	sl_input_close(in);
	printf("%" PRIu64 "\t%d\t%s\t%s (%" PRIu64 ")\n", packets, rc, path, damage.what,
		damage.offset);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		count(argv[i]);
	return 0;
}
