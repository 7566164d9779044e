/* SPDX-License-Identifier: BSD-3-Clause */
/* ask.c - what the memories of all workers say of an indicator together. Any thread but theirs;
 * reads what they write. */
#include <sightline/hyperloglog.h>

#include "state.h"

#define READS_MAX 1000 /* of a value that its worker changes meanwhile */

/* What the memories know of a value. */
struct heard {
	uint32_t newest; /* hour of all memories, to which `hours` are counted back */
	uint64_t count, places;
	uint64_t hours[HOUR_WORDS];
	uint8_t rank[SKETCH];
	uint32_t first_ago, last_ago;
	union sl_addr first, last;
	uint8_t first_version, last_version;
	bool any;
};

/* ---- One value of one memory ---- */

static void value_copy(const struct value *v, struct value *out)
{
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		out->hours[i] = GET(v->hours[i]);
	for (unsigned i = 0; i < SKETCH_WORDS; i++) {
		out->now[i] = GET(v->now[i]);
		out->before[i] = GET(v->before[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		out->first.q[i] = GET(v->first.q[i]);
		out->last.q[i] = GET(v->last.q[i]);
	}
	out->places = GET(v->places);
	out->count = GET(v->count);
	out->hour = GET(v->hour);
	out->first_version = GET(v->first_version);
	out->last_version = GET(v->last_version);
}

/* The value is whole where its sequence was even and the same before and after (pairs with
 * change_begin and change_end), and still this hash's. */
static bool slot_read(const struct sl_memory *m, size_t slot, uint64_t hash, struct value *out)
{
	const struct value *v = &m->value[slot];
	for (unsigned i = 0; i < READS_MAX; i++) {
		uint16_t before = GET(v->sequence);
		if (GET(m->tag[slot]) != hash)
			return false;
		value_copy(v, out);
		if (before % 2 == 0 && GET(v->sequence) == before && GET(m->tag[slot]) == hash)
			return true;
	}
	return false;
}

static bool value_read(const struct sl_memory *m, uint64_t hash, struct value *out)
{
	for (unsigned which = 0; which < 2; which++) {
		size_t set = memory_set(m, hash, which);
		for (unsigned way = 0; way < WAYS; way++)
			if (GET(m->tag[set + way]) == hash && slot_read(m, set + way, hash, out))
				return true;
	}
	return false;
}

/* ---- All of them ---- */

static void ranks_add(uint8_t rank[SKETCH], const uint64_t sketch[SKETCH_WORDS])
{
	for (unsigned i = 0; i < SKETCH; i++) {
		uint8_t r = (uint8_t)(sketch[i / 16] >> (i % 16 * 4) & 15);
		rank[i] = r > rank[i] ? r : rank[i];
	}
}

static uint32_t newest_of(const struct sl_memories *m)
{
	uint32_t newest = 0;
	for (unsigned i = 0; i < m->count; i++)
		newest = GET(m->of[i]->newest) > newest ? GET(m->of[i]->newest) : newest;
	return newest;
}

/* Hours ago of the first and the last bit. */
static void hours_ends(const uint64_t h[HOUR_WORDS], uint32_t *first, uint32_t *last)
{
	*first = *last = 0;
	for (unsigned i = HOUR_WORDS; i-- > 0;)
		if (h[i] != 0)
			*last = 64 * i + (unsigned)__builtin_ctzll(h[i]);
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		if (h[i] != 0)
			*first = 64 * i + 63 - (unsigned)__builtin_clzll(h[i]);
}

static void hear(struct heard *all, const struct sl_memory *m, struct value *v)
{
	unsigned had, left;
	uint32_t by = all->newest > v->hour ? all->newest - v->hour : 0, first, last;
	left = by < m->hours ? hours_shift(v->hours, by, m->hours, &had) : 0;
	if (left == 0)
		return;
	hours_ends(v->hours, &first, &last);
	uint32_t span = all->newest / m->hours, was = v->hour / m->hours;
	if (span == was)
		ranks_add(all->rank, v->before);
	ranks_add(all->rank, v->now);
	if (v->first_version != 0 && (all->first_version == 0 || first > all->first_ago)) {
		all->first_ago = first;
		all->first = v->first;
		all->first_version = v->first_version;
	}
	if (v->last_version != 0 && (all->last_version == 0 || last < all->last_ago)) {
		all->last_ago = last;
		all->last = v->last;
		all->last_version = v->last_version;
	}
	for (unsigned i = 0; i < HOUR_WORDS; i++)
		all->hours[i] |= v->hours[i];
	all->count += (uint64_t)v->count * left / had;
	all->places |= v->places;
	all->any = true;
}

static uint32_t hosts_of(const struct heard *h)
{
	uint64_t n = (uint64_t)(sl_hll_estimate(h->rank, SKETCH) + 0.5);
	if (n > h->count)
		n = h->count;
	return h->first_version == 0 ? 0 : n > 0 ? (uint32_t)n : 1;
}

static unsigned labels_of(const struct sl_indicator *i)
{
	unsigned n = 1;
	for (uint32_t at = 0; at < i->value_len; at++)
		n += i->value[at] == '.';
	return n;
}

/* The key of what i looks for; false: it is not kept. */
static bool key_of(const struct sl_memory *m, const struct sl_indicator *i, uint64_t *key)
{
	bool name = i->type == SL_TYPE_DOMAIN;
	bool below = name && (i->match == SL_MATCH_SUFFIX || i->below != SL_BELOW_NO);
	if (i->match != SL_MATCH_EXACT && !(name && i->match == SL_MATCH_SUFFIX))
		return false;
	if (i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6) {
		*key = memory_key(m, i->type, ASK_AT, memory_addr(m, &i->addr, i->version));
		return i->prefix_len == (i->version == 4 ? 32 : 128) &&
		       (m->home == NULL || !sl_nets_has(m->home, &i->addr, i->version));
	}
	if (below && (labels_of(i) < 2 || labels_of(i) > SL_MEMORY_LABELS))
		return false;
	*key = memory_text(m, i->type, below ? ASK_ANY : ASK_AT, i->value, i->value_len);
	return true;
}

/* The bits of the places where i is looked for; 0: nothing of it is kept. */
static uint64_t places_of(const struct sl_memory *m, const struct sl_indicator *i)
{
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	uint8_t type = addr ? SL_TYPE_IPV4 : i->type, place = PLACE_NONE;
	if (i->where == SL_WHERE_NONE)
		return m->places[type];
	if (sl_wheres[i->where].type == type)
		place = m->place[i->where];
	else if (addr)
		place = m->literal[i->where];
	return place != PLACE_NONE ? UINT64_C(1) << place : 0;
}

bool sl_memories_ask(
	const struct sl_memories *m, const struct sl_indicator *i, struct sl_past_answer *out)
{
	uint64_t key, places;
	*out = (struct sl_past_answer){ 0 };
	if (m->count == 0 || !key_of(m->of[0], i, &key) || (places = places_of(m->of[0], i)) == 0)
		return false;
	struct heard all = { .newest = newest_of(m) };
	for (unsigned n = 0; n < m->count; n++) {
		struct value v;
		if (value_read(m->of[n], key, &v))
			hear(&all, m->of[n], &v);
	}
	if (!all.any || (all.places & places) == 0)
		return true;
	uint32_t first, last;
	hours_ends(all.hours, &first, &last);
	*out = (struct sl_past_answer){ .count = all.count > 0 ? all.count : 1,
		.hosts = hosts_of(&all),
		.at_most = i->port != 0 || (all.places & ~places) != 0,
		.first_ns = (uint64_t)(all.newest - 1 - first) * HOUR_NS,
		.last_ns = (uint64_t)(all.newest - 1 - last) * HOUR_NS,
		.first_host = all.first,
		.last_host = all.last,
		.first_version = all.first_version,
		.last_version = all.last_version };
	return true;
}

/* ---- What they know in all ---- */

void sl_memories_sum(const struct sl_memories *m, struct sl_past_sum *out)
{
	uint8_t rank[NETWORK] = { 0 };
	uint32_t newest = newest_of(m), oldest = UINT32_MAX, gone = 0;
	*out = (struct sl_past_sum){ 0 };
	for (unsigned n = 0; n < m->count; n++) {
		const struct sl_memory *one = m->of[n];
		uint32_t began = GET(one->oldest), lost = GET(one->gone);
		out->observables += GET(one->observables);
		out->left_out += GET(one->left_out);
		oldest = began != 0 && began < oldest ? began : oldest;
		gone = lost > gone ? lost : gone;
		for (unsigned i = 0; i < 2 * NETWORK; i++) {
			uint8_t r = GET(one->network[i / NETWORK][i % NETWORK]);
			rank[i % NETWORK] = r > rank[i % NETWORK] ? r : rank[i % NETWORK];
		}
	}
	if (newest == 0)
		return;
	uint32_t from = gone >= oldest ? gone + 1 : oldest, kept = m->of[0]->hours;
	if (newest >= kept && from < newest - kept + 1)
		from = newest - kept + 1;
	out->hours = from > newest ? 1 : newest - from + 1;
	out->first_ns = (uint64_t)(newest - out->hours) * HOUR_NS;
	out->last_ns = (uint64_t)newest * HOUR_NS - 1;
	out->hosts = (uint32_t)(sl_hll_estimate(rank, NETWORK) + 0.5);
}
