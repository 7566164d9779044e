/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_text.c - any bytes as a time, an address, a prefix: what is taken comes back as itself. */
#include <stdlib.h>
#include <string.h>

#include <sightline/addr.h>
#include <sightline/clock.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void time_round(const char *text, size_t len)
{
	uint64_t ns, again;
	char out[SL_TIME_TEXT];
	if (!sl_time_parse(text, len, &ns))
		return;
	sl_time_text(ns, out);
	/* The reader ends at the year 2500; an offset may carry an instant a day past it. */
	if (strncmp(out, "2501", 4) < 0 &&
		(!sl_time_parse(out, strlen(out), &again) || again != ns))
		abort();
}

static void addr_round(const char *text, size_t len)
{
	union sl_addr a, b;
	uint8_t v, w, bits;
	char out[SL_ADDR_TEXT];
	if (sl_addr_parse(text, len, &a, &v)) {
		size_t n = sl_addr_text(&a, v, out);
		if (!sl_addr_parse(out, n, &b, &w) || v != w || memcmp(&a, &b, sizeof(a)) != 0)
			abort();
	}
	if (sl_prefix_parse(text, len, &a, &v, &bits) && bits > (v == 4 ? 32 : 128))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	time_round((const char *)data, size);
	addr_round((const char *)data, size);
	return 0;
}
