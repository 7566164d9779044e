/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_capture.c - any bytes as a capture file: what the reader gives must lie in its window and
 * keep to its bounds, and damage must be told in words. */
#include <stdlib.h>

#include <sightline/capture.h>
#include <sightline/compress.h>

#define PACKETS_MAX 100000 /* a compressed input may mean very many */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct sl_capture *c, const struct sl_capture_damage *damage)
{
	static volatile uint8_t sink;
	struct sl_capture_packet p;
	int rc;
	for (unsigned n = 0; n < PACKETS_MAX; n++) {
		rc = sl_capture_next(c, &p);
		if (rc != 1) {
			if (rc < 0 && damage->what[0] == '\0')
				abort();
			return;
		}
		if (p.len > SL_CAPTURE_PACKET_MAX || p.wire_len < p.len)
			abort();
		if (p.len > 0)
			sink = (uint8_t)(p.data[0] ^ p.data[p.len - 1]);
	}
	(void)sink;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_input *in;
	struct sl_capture *c;
	struct sl_capture_damage damage;
	if (sl_input_open_bytes(&in, data, size) < 0)
		return 0;
	if (sl_capture_open(&c, in, &damage) == 0) {
		read_all(c, &damage);
		sl_capture_close(c);
	} else if (damage.what[0] == '\0') {
		abort();
	}
	sl_input_close(in);
	return 0;
}
