/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_xml.c - STIX 1 and OpenIOC of any bytes: ends, and what it arms holds together. */
#include <string.h>

#include <sightline/intel.h>

#include "spelled.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void expect(bool yes)
{
	if (!yes)
		__builtin_trap();
}

static void finding(void *arg, const struct sl_finding *f)
{
	size_t *total = arg;
	*total += strlen(f->id) + strlen(f->code) + strlen(f->reason) + strlen(f->part);
	expect(f->code[0] != '\0' || f->verdict == SL_ARMED);
}

static void indicator(const struct sl_indicator *i, size_t detections)
{
	expect(i->type < SL_TYPE_COUNT && i->where < SL_WHERE_COUNT);
	expect(i->value != NULL && i->value[i->value_len] == '\0');
	expect(i->id != NULL && i->source != NULL && i->name != NULL && i->part != NULL);
	expect(i->tlp < SL_TLP_COUNT && i->detection <= detections);
	expect(i->match != SL_MATCH_TREE || i->detection > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	size_t total = 0, count, detections;
	struct sl_intel_options o = { .validity = SL_VALID_PACKET,
		.now_ns = UINT64_C(1) << 60,
		.finding = finding,
		.propose = true,
		.arg = &total,
		.tell_all = len & 1 };
	struct sl_intel *set;
	if (sl_intel_new(&set) < 0)
		return 0;
	sl_intel_read_bytes(set, "fuzz", p, len, &o);
	const struct sl_indicator *i = spelled_out(set, &count);
	const struct sl_detection *d = sl_intel_detections(set, &detections);
	for (size_t n = 0; n < count; n++)
		indicator(&i[n], detections);
	for (size_t n = 0; n < detections; n++)
		expect(d[n].indicator < count && d[n].leaves > 0 && d[n].expressions > 0);
	sl_intel_free(set);
	return 0;
}
