/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_past.c - any bytes as a sensor's lines: read, within small bounds, then asked. */
#include <sightline/intel.h>
#include <sightline/past.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char feed[] = "10.0.0.0/16\n45.45.45.45\nevil.example\n*.example\n"
				   "http://a.example/x\n45.45.0.0/16\n2001:db9::/32\n";
	struct sl_past_options o = { .values = 64, .hosts = 8, .pairs = 32 };
	struct sl_past *p;
	struct sl_intel *set;
	uint64_t bad;
	if (sl_past_new(&p, &o) < 0 || sl_intel_new(&set) < 0)
		return 0;
	sl_past_read_bytes(p, data, size, &bad);
	struct sl_witness witness = sl_past_witness(p);
	struct sl_intel_options how = { .validity = SL_VALID_IGNORE, .past = &witness };
	sl_intel_read_bytes(set, "f", feed, sizeof(feed) - 1, &how);
	sl_intel_free(set);
	sl_past_free(p);
	return 0;
}
