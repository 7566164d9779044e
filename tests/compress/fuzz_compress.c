/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_compress.c - any bytes as a compressed stream: read in steps that the first byte chooses, a
 * look ahead in between. What is looked at must be what is read then. */
#include <stdlib.h>
#include <string.h>

#include <sightline/compress.h>

#define OUT_MAX ((size_t)8 << 20) /* a small input may mean a very long output */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ahead[4096], buf[4096];
	struct sl_input *in;
	if (size == 0 || sl_input_open_bytes(&in, data + 1, size - 1) < 0)
		return 0;
	size_t step = (size_t)data[0] * 16 + 1, total = 0, got = 1;
	int rc = 0;
	while (rc == 0 && got > 0 && total < OUT_MAX) {
		size_t seen = 0;
		if (data[0] & 1)
			(void)sl_input_peek(in, ahead, step, &seen);
		rc = sl_input_read(in, buf, step, &got);
		size_t both = seen < got ? seen : got;
		if (memcmp(ahead, buf, both) != 0 || (seen > 0 && got == 0))
			abort();
		total += got;
	}
	sl_input_close(in);
	return 0;
}
