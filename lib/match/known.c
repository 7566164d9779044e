/* SPDX-License-Identifier: BSD-3-Clause */
/* known.c - see known.h. */
#include "known.h"

#include <sightline/hot.h>

static void gather_leaf(struct known *k, const struct sl_matched *m)
{
	uint16_t leaf = m->leaf & LEAF_NUMBER;
	uint64_t bit = UINT64_C(1) << (leaf % 64);
	if (m->leaf & LEAF_DOUBT)
		k->doubt[leaf / 64] |= bit;
	if (!(m->leaf & LEAF_HOLDS))
		return;
	k->holds[leaf / 64] |= bit;
	k->where[leaf] = m->where;
}

void known_gather(struct known *k, const struct states *s, const struct sl_flow *f,
	uint32_t detection, uint32_t message, bool whole_flow)
{
	memset(k->holds, 0, sizeof(k->holds));
	memset(k->doubt, 0, sizeof(k->doubt));
	k->fired = 0;
	k->complete = false;
	k->unsure = f->unsure;
	for (const struct state *at = state_at(s, f->trees); at != NULL;
		at = state_at(s, at->next)) {
		if (at->detection != detection ||
			(!whole_flow && at->message != message && at->message != 0))
			continue;
		for (unsigned i = 0; i < at->n; i++)
			gather_leaf(k, &at->leaf[i]);
		k->unsure |= at->partial;
		if (at->message == message)
			k->fired |= at->fired;
	}
}

static bool of_names(const struct sl_leaf *l)
{
	for (unsigned w = 1; w < SL_WHERE_COUNT; w++)
		if ((l->wheres[w / 64] >> (w % 64) & 1) && sl_wheres[w].type == SL_TYPE_DOMAIN)
			return true;
	return false;
}

/* Whether the begin of a value that was cut, which is longer than what is listed, tells all that
 * the leaf asks. Of a name it doesn't: one below a listed name ends as that does. */
static bool told_by_begin(const struct sl_leaf *l)
{
	if (l->kind == SL_LEAF_TABLE)
		return !of_names(l);
	if (l->negated || (l->test != SL_TEST_STARTS && l->test != SL_TEST_EQUAL))
		return false;
	return l->constants == 1 && l->constant->len < SL_VALUE_MAX / 4;
}

static bool doubted(const struct known *k, uint16_t leaf)
{
	return k->doubt[leaf / 64] >> (leaf % 64) & 1;
}

bool known_not(const struct known *k, const struct sl_detection *d, uint16_t leaf)
{
	uint16_t present = d->leaf[leaf].present;
	if (!k->complete || k->unsure || doubted(k, leaf))
		return false;
	if (present == SL_LEAF_NONE)
		return true;
	return known_holds(k, present) && (!doubted(k, present) || told_by_begin(&d->leaf[leaf]));
}

/* The state of a message that has the leaf, or else room for it, or is new. */
static struct state *state_for(struct states *s, struct sl_flow *f, const struct saying *about,
	struct sl_matched **there, uint8_t *told_at)
{
	struct state *has = NULL, *room = NULL;
	uint16_t fired = 0;
	bool first = true;
	*told_at = 0;
	for (struct state *at = state_at(s, f->trees); at != NULL; at = state_at(s, at->next)) {
		if (at->detection != about->ref.detection || at->message != about->message)
			continue;
		first = false;
		fired |= at->fired;
		*told_at |= at->told_at;
		for (unsigned i = 0; i < at->n; i++) {
			if ((at->leaf[i].leaf & LEAF_NUMBER) != about->ref.leaf)
				continue;
			*there = &at->leaf[i];
			has = at;
		}
		if (at->n < STATE_LEAVES)
			room = at;
	}
	if (has != NULL || room != NULL)
		return has != NULL ? has : room;
	room = state_take(s, f, about->ref.detection, about->message);
	if (room != NULL) {
		bool again = first && about->again;
		room->fired = again ? about->told : fired;
		room->partial = again && about->message != 0;
		room->told_at = *told_at;
	}
	return room;
}

struct sl_matched *known_place(
	struct states *s, struct sl_flow *f, const struct saying *about, uint8_t *told_at)
{
	struct sl_matched *there = NULL;
	struct state *at = state_for(s, f, about, &there, told_at);
	if (at == NULL) {
		f->unsure |= about->under_not;
		return NULL;
	}
	at->under_not |= about->under_not;
	if (there != NULL)
		return there;
	at->leaf[at->n] = (struct sl_matched){ (uint16_t)about->ref.leaf, SL_WHERE_NONE };
	return &at->leaf[at->n++];
}
