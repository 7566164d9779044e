/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_image.c - bytes that somebody wrote in the place of a compiled set: refused, or a set that
 * can be searched. The first byte says whether the rest is a file, with its blocks and their
 * checksums, or what would stand in them. */
#include <sightline/image.h>

#include "image_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_set set;
	struct sl_image_in *in;
	uint8_t bytes[512];
	if (size == 0)
		return 0;
	if (data[0] & 1) {
		if (sl_image_open_bytes(&in, data + 1, size - 1, false) < 0)
			return 0;
		while (!sl_image_bad(in))
			sl_image_take(in, bytes, sizeof(bytes));
		sl_image_close(in);
		return 0;
	}
	if (image_set_load(&set, data + 1, size - 1, NULL, 1) < 0)
		return 0;
	(void)image_set_hits(&set, 0);
	sl_ruleset_free(set.rs);
	return 0;
}
