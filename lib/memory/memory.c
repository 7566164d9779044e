/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c - a memory is made and freed. Control thread. */
#include <errno.h>
#include <stdlib.h>

#include <sightline/mem.h>

#include "state.h"

#define SLOT_BYTES (sizeof(struct value) + sizeof(uint64_t) + sizeof(uint16_t))

/* What indicators are usually about; not what says little of itself (methods, subjects, texts). */
static bool is_kept(enum sl_where w)
{
	const struct sl_where_row *row = &sl_wheres[w];
	switch ((enum sl_type)row->type) {
	case SL_TYPE_IPV4:
	case SL_TYPE_DOMAIN:
	case SL_TYPE_URL:
	case SL_TYPE_EMAIL:
	case SL_TYPE_USER_AGENT:
		return true;
	case SL_TYPE_FILE:
	case SL_TYPE_CERT:
	case SL_TYPE_TRAFFIC:
	case SL_TYPE_SOFTWARE:
		return row->form == SL_FORM_HEX || w == SL_WHERE_JA4 || w == SL_WHERE_FILE_NAME;
	default:
		return false;
	}
}

/* Each place has a bit among those of its type; hosts that are addresses follow those of
 * addresses. */
static void places_number(struct sl_memory *m)
{
	uint8_t bits[SL_TYPE_COUNT] = { 0 };
	for (unsigned w = 0; w < SL_WHERE_COUNT; w++)
		m->place[w] =
			is_kept((enum sl_where)w) ? bits[sl_wheres[w].type]++ % 64 : PLACE_NONE;
	for (unsigned w = 0; w < SL_WHERE_COUNT; w++)
		m->literal[w] =
			sl_where_is_host((enum sl_where)w) ? bits[SL_TYPE_IPV4]++ % 64 : PLACE_NONE;
	for (unsigned w = 0; w < SL_WHERE_COUNT; w++) {
		if (m->place[w] != PLACE_NONE)
			m->places[sl_wheres[w].type] |= UINT64_C(1) << m->place[w];
		if (m->literal[w] != PLACE_NONE)
			m->places[SL_TYPE_IPV4] |= UINT64_C(1) << m->literal[w];
	}
}

int sl_memory_new(struct sl_memory **out, const struct sl_memory_options *o)
{
	if (o->bytes < SL_MEMORY_LEAST || o->hours < 1 || o->hours > SL_MEMORY_HOURS_MAX)
		return -EINVAL;
	struct sl_memory *m = aligned_alloc(64, sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	memset(m, 0, sizeof(*m));
	m->key = o->key;
	m->home = o->home;
	m->counters = o->counters;
	m->hours = o->hours;
	size_t sets = o->bytes / (WAYS * SLOT_BYTES);
	m->sets = sets < UINT32_MAX ? (uint32_t)sets : UINT32_MAX;
	size_t slots = (size_t)m->sets * WAYS;
	m->bytes = slots * SLOT_BYTES;
	m->block = sl_mem_map(m->bytes);
	if (m->block == NULL) {
		sl_memory_free(m);
		return -ENOMEM;
	}
	m->value = m->block;
	m->tag = (uint64_t *)(void *)(m->value + slots);
	m->age = (uint16_t *)(void *)(m->tag + slots);
	places_number(m);
	*out = m;
	return 0;
}

void sl_memory_free(struct sl_memory *m)
{
	if (m == NULL)
		return;
	if (m->block != NULL)
		sl_mem_unmap(m->block, m->bytes);
	free(m);
}
