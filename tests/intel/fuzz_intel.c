/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz_intel.c - a feed of any bytes, by whichever reader takes it; what is armed is in normal
 * form.
 */
#include <string.h>

#include <sightline/intel.h>

#include "spelled.h"
#include "reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void finding(void *arg, const struct sl_finding *f)
{
	size_t *total = arg;
	*total += strlen(f->id) + strlen(f->code) + strlen(f->reason) + strlen(f->part);
}

static void expect(bool yes)
{
	if (!yes)
		__builtin_trap();
}

static void indicator(const struct sl_indicator *i)
{
	if (i->match == SL_MATCH_TREE) {
		expect(strlen(i->value) == i->value_len && i->type < SL_TYPE_COUNT);
		return;
	}
	expect(i->match < SL_MATCH_COUNT && i->type != SL_TYPE_NONE && i->type < SL_TYPE_COUNT &&
		i->where < SL_WHERE_COUNT);
	expect(i->value_len > 0 && i->value_len <= SL_VALUE_MAX && i->value[i->value_len] == '\0');
	expect(i->id[0] != '\0' && i->source != NULL && i->name != NULL && i->tlp < SL_TLP_COUNT);
	if (i->type != SL_TYPE_IPV4 && i->type != SL_TYPE_IPV6)
		return;
	char text[SL_ADDR_TEXT];
	size_t n = sl_addr_text(&i->addr, i->version, text);
	expect(strncmp(text, i->value, n) == 0 && i->prefix_len > 0);
	expect(i->prefix_len <= (i->version == 4 ? 32 : 128));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	size_t total = 0, count, sources;
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
	const struct sl_intel_source *s = sl_intel_sources(set, &sources);
	uint64_t told = 0;
	for (size_t n = 0; n < sources; n++)
		told += s[n].count[SL_ARMED] + s[n].count[SL_QUIET];
	/* URL_HOST_ONLY adds a quiet part that no verdict counts. */
	expect(sources >= 1 && told <= sl_intel_wholes(set));
	expect(sl_intel_wholes(set) <= count && reference_wrong(set) == NULL);
	for (size_t n = 0; n < count; n++)
		indicator(&i[n]);
	sl_intel_free(set);
	return 0;
}
