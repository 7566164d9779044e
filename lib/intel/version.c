/* SPDX-License-Identifier: BSD-3-Clause */
/* version.c - which version of an indicator counts. One that comes again with a later time takes
 * the place of the one before, also of one in an earlier file of the same folder; within one
 * (folder, source, id) only. A feed is a folder: whom it says that it is from, anybody can say, so
 * none takes back what another says. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

#define SLOTS_FIRST 1024

void version_name(struct reading *r, struct version *v, const char *source, const char *id)
{
	struct sl_intel *set = r->set;
	const char *slash = strrchr(r->path, '/');
	size_t folder = slash != NULL ? (size_t)(slash - r->path) : 0;
	for (unsigned i = 0; i < 2; i++) {
		struct sl_hash_key key = set->version_key[i], other = set->version_key[!i];
		uint64_t from = sl_hash_fold(sl_hash_bytes(key, r->path, folder) ^ key.k1,
			sl_hash_bytes(other, source, strlen(source)));
		v->name[i] =
			sl_hash_fold(sl_hash_bytes(key, id, strlen(id)) ^ key.k0, from ^ other.k1);
	}
	v->nameless = id[0] == '\0';
}

static uint32_t *slot_of(const struct sl_intel *set, const struct version *v)
{
	size_t mask = set->version_slots - 1, at = v->name[0] & mask;
	while (set->version_slot[at] != 0) {
		const struct version *o = &set->versions[set->version_slot[at] - 1];
		if (o->name[0] == v->name[0] && o->name[1] == v->name[1])
			break;
		at = (at + 1) & mask;
	}
	return &set->version_slot[at];
}

static int slots_grow(struct sl_intel *set)
{
	size_t slots = set->version_slots ? set->version_slots * 2 : SLOTS_FIRST;
	uint32_t *wider = calloc(slots, sizeof(*wider));
	struct version *more = realloc(set->versions, slots / 2 * sizeof(*more));
	if (more != NULL)
		set->versions = more;
	if (wider == NULL || more == NULL) {
		free(wider);
		return -ENOMEM;
	}
	free(set->version_slot);
	set->version_slot = wider;
	set->version_slots = slots;
	for (size_t i = 0; i < set->version_count; i++)
		*slot_of(set, &set->versions[i]) = (uint32_t)i + 1;
	return 0;
}

static struct version *version_find(const struct sl_intel *set, const struct version *v)
{
	uint32_t number = set->version_slots ? *slot_of(set, v) : 0;
	return number != 0 && !v->nameless ? &set->versions[number - 1] : NULL;
}

static void tell_older(struct reading *r, const struct version *old)
{
	if (r->o->finding == NULL || old->revoked)
		return;
	struct sl_finding f = { .file = r->set->sources[old->source].path,
		.line = old->line,
		.id = old->count > 0 ? r->set->book.entry[old->first].id : "",
		.verdict = SL_CONTEXT,
		.code = "OLDER_VERSION",
		.reason = "A newer version of it was read.",
		.part = "",
		.suggestion = "",
		.scope = "" };
	r->o->finding(r->o->arg, &f);
}

/* What a version added is forgotten, and counted as what explains. */
static void bury(struct reading *r, struct version *old)
{
	struct sl_intel *set = r->set;
	struct sl_intel_source *s = &set->sources[old->source];
	tell_older(r, old);
	for (size_t i = old->first; i < old->first + old->count; i++)
		set->book.entry[i].name = NULL;
	set->dead += old->count;
	for (unsigned v = 0; v < SL_VERDICT_COUNT; v++)
		s->count[v] -= old->counted[v];
	set->wholes -= old->counted[SL_ARMED] + old->counted[SL_QUIET];
	s->in_part -= old->in_part;
	s->count[SL_CONTEXT]++;
	old->count = 0;
}

static void counts_mark(const struct reading *r, struct version *v)
{
	const struct sl_intel_source *s = &r->set->sources[r->source];
	for (unsigned i = 0; i < SL_VERDICT_COUNT; i++)
		v->counted[i] = (uint32_t)s->count[i] - v->counted[i];
	v->in_part = (uint32_t)s->in_part - v->in_part;
}

enum version_order version_begin(struct reading *r, struct version *v)
{
	struct version *old = version_find(r->set, v);
	if (old != NULL && old->modified_ns > v->modified_ns && v->modified_ns != 0)
		return VERSION_OLDER;
	if (old != NULL && old->modified_ns == v->modified_ns && v->modified_ns != 0 &&
		(old->revoked || !v->revoked))
		return VERSION_SAME;
	if (old != NULL && old->revoked && v->modified_ns == 0)
		return VERSION_OLDER; /* nothing says that it came after */
	bool newer = old != NULL && (old->modified_ns < v->modified_ns || v->revoked);
	if (newer)
		bury(r, old);
	v->first = r->set->book.count;
	v->source = (uint32_t)r->source;
	memset(v->counted, 0, sizeof(v->counted));
	v->in_part = 0;
	counts_mark(r, v); /* modulo 2^32: what is added is less */
	return VERSION_COUNTS;
}

int version_end(struct reading *r, struct version *v)
{
	struct sl_intel *set = r->set;
	struct version *old = version_find(set, v);
	counts_mark(r, v);
	v->count = (uint32_t)(set->book.count - v->first);
	if (old != NULL && old->modified_ns <= v->modified_ns) {
		*old = *v;
		return 0;
	}
	if (old != NULL)
		old->revoked |= v->revoked;
	if (old != NULL || v->nameless)
		return 0;
	if (reading_full_of_versions(r))
		return -E2BIG;
	bool full = set->version_count * 2 >= set->version_slots;
	if ((full && slots_grow(set) < 0) || set->versions == NULL)
		return -ENOMEM;
	set->versions[set->version_count] = *v;
	*slot_of(set, v) = (uint32_t)++set->version_count;
	return 0;
}

int version_revoke(struct reading *r, const char *source, const char *id, uint64_t written_ns)
{
	struct version v = { .modified_ns = written_ns, .revoked = true };
	version_name(r, &v, source, id);
	return version_begin(r, &v) == VERSION_COUNTS ? version_end(r, &v) : 0;
}

/* ---- The dead are taken out ---- */

static size_t items_close(struct sl_intel *set, size_t *moved)
{
	size_t n = 0;
	for (size_t i = 0; i < set->book.count; i++) {
		moved[i] = n;
		if (set->book.entry[i].name != NULL)
			set->book.entry[n++] = set->book.entry[i];
	}
	moved[set->book.count] = n;
	return n;
}

/* Detections stand in the order of their indicators. */
static void detections_close(struct sl_intel *set, const size_t *moved)
{
	size_t n = 0;
	for (size_t i = 0; i < set->detection_count; i++) {
		struct sl_detection d = set->detections[i];
		if (moved[d.indicator] == moved[d.indicator + 1])
			continue;
		d.indicator = (uint32_t)moved[d.indicator];
		set->detections[n++] = d;
	}
	set->detection_count = n;
	size_t from = 0;
	for (size_t i = 0; i < n; i++) {
		for (; from <= set->detections[i].indicator; from++)
			if (set->book.entry[from].detection != 0)
				set->book.entry[from].detection = (uint32_t)i + 1;
	}
}

int set_close_ranks(struct sl_intel *set)
{
	if (set->dead == 0)
		return 0;
	size_t *moved = malloc((set->book.count + 1) * sizeof(*moved));
	if (moved == NULL)
		return -ENOMEM;
	set->book.count = items_close(set, moved);
	detections_close(set, moved);
	for (size_t i = 0; i < set->version_count; i++) {
		struct version *v = &set->versions[i];
		v->first = moved[v->first];
	}
	set->dead = 0;
	free(moved);
	return 0;
}
