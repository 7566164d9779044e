/* SPDX-License-Identifier: BSD-3-Clause */
/* entry.c - counts what is said of indicators: one verdict each, however many parts it has. Control
 * threads. */
#include <stdio.h>
#include <string.h>

#include "reading.h"

#define ENTRIES_MAX UINT64_C(20000000)
#define LEAVES_EACH 4 /* on average */
#define LEAVES_MORE UINT64_C(65536)
#define VERSIONS_EACH 2 /* what was taken back is remembered as well */
#define VERSIONS_MORE 1024

static uint64_t entries_most(const struct reading *r)
{
	return r->o->max_entries ? r->o->max_entries : ENTRIES_MAX;
}

bool reading_full(const struct reading *r)
{
	uint64_t most = entries_most(r);
	return r->set->wholes >= most || r->set->book.count / LEAVES_EACH >= most + LEAVES_MORE;
}

bool reading_full_of_versions(const struct reading *r)
{
	return r->set->version_count >= entries_most(r) * VERSIONS_EACH + VERSIONS_MORE;
}

static void count(struct reading *r, enum sl_intel_verdict v)
{
	r->set->sources[r->source].count[v]++;
	r->set->wholes += v == SL_ARMED || v == SL_QUIET;
}

void reading_count(struct reading *r, enum sl_intel_verdict v)
{
	if (r->entry.open)
		r->entry.seen[v] = true;
	else
		count(r, v);
}

void entry_open(struct reading *r)
{
	r->entry = (struct entry){ .open = true };
}

void entry_part(struct reading *r)
{
	static const enum sl_intel_verdict order[] = { SL_ARMED, SL_QUIET, SL_NOT_VALID, SL_REFUSED,
		SL_CONTEXT };
	struct entry *e = &r->entry;
	for (size_t i = 0; i < SL_VERDICT_COUNT; i++) {
		if (!e->seen[order[i]])
			continue;
		e->parts[order[i]]++;
		e->of_time += order[i] <= SL_QUIET && e->seen[SL_NOT_VALID];
		break;
	}
	memset(e->seen, 0, sizeof(e->seen));
}

/* Of several parts: how they fared together. */
static void tell_parts(struct reading *r, const struct draft *meta, enum sl_intel_verdict whole,
	size_t n, size_t good)
{
	char reason[96];
	snprintf(reason, sizeof(reason), "%zu of %zu parts are %s.", good, n,
		sl_intel_verdict_text(whole == SL_QUIET ? SL_QUIET : SL_ARMED));
	struct sl_finding f = { .line = meta->line,
		.id = meta->id,
		.verdict = whole,
		.code = "PARTS",
		.reason = reason };
	if (good < n || r->o->tell_all)
		reading_tell(r, &f);
	else
		count(r, whole);
}

void entry_close(struct reading *r, const struct draft *meta)
{
	static const enum sl_intel_verdict order[] = { SL_ARMED, SL_QUIET, SL_NOT_VALID, SL_REFUSED,
		SL_CONTEXT };
	struct entry e = r->entry;
	size_t n = 0, first = 0;
	r->entry.open = false;
	for (size_t i = 0; i < SL_VERDICT_COUNT; i++)
		n += e.parts[i];
	while (first < SL_VERDICT_COUNT - 1 && e.parts[order[first]] == 0)
		first++;
	enum sl_intel_verdict whole = order[first];
	if (n == 0)
		return;
	if (n > 1)
		tell_parts(r, meta, whole, n, whole <= SL_QUIET ? e.parts[whole] : 0);
	else
		count(r, whole);
	if (e.of_time > 0)
		count(r, SL_NOT_VALID);
	if (whole <= SL_QUIET && e.parts[whole] < n)
		r->set->sources[r->source].in_part++;
}
