/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_tree.c - any text as a pattern: whatever becomes of it, what was compiled holds together. */
#include <stdlib.h>
#include <string.h>

#include "../../lib/intel/reading.h"
#include "reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_intel_options o = {
		.validity = SL_VALID_IGNORE, .max_entries = 1000, .propose = true
	};
	struct draft meta = { .id = "i", .confidence = SL_CONFIDENCE_NONE };
	struct sl_intel *set;
	char text[4096];
	if (size >= sizeof(text) || sl_intel_new(&set) < 0)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	struct reading r = { .set = set, .o = &o, .path = "f", .name = "f" };
	if (set_source_open(set, "f", &r.source) == 0 && pattern_add(&r, &meta, text, size) == 0 &&
		reference_wrong(set) != NULL)
		abort();
	sl_intel_free(set);
	return 0;
}
