/* SPDX-License-Identifier: BSD-3-Clause */
/* trail.c - where the first fragment of a datagram led, for the ones behind it. Who deals out
 * packets; making and freeing is control's. A name has a few places; where all are taken, the one
 * that was used longest ago is. */
#include <errno.h>
#include <stdlib.h>

#include "fragments.h"

#define SETS 1024u
#define WAYS 4u

struct step {
	uint64_t name;
	uint64_t tick; /* of its last use; 0: none yet */
	struct sl_ip_pair pair;
	bool by_later; /* a later fragment came before the first, which then follows it */
};

struct sl_fragment_trail {
	uint64_t tick;
	struct step step[SETS][WAYS];
};

int sl_fragment_trail_new(struct sl_fragment_trail **out)
{
	struct sl_fragment_trail *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	*out = t;
	return 0;
}

void sl_fragment_trail_free(struct sl_fragment_trail *t)
{
	free(t);
}

#include <sightline/hot.h>

void sl_fragment_trail_clear(struct sl_fragment_trail *t)
{
	memset(t, 0, sizeof(*t));
}

/* Any odd constants do: the same capture is dealt out in the same way each time, and who knows them
 * can mislead the dealing out of their own fragments alone. */
uint64_t trail_name(const struct datagram_key *key)
{
	static const struct sl_hash_key fixed = { 0x243f6a8885a308d3u, 0x13198a2e03707345u };
	return sl_hash_bytes(fixed, key, sizeof(*key));
}

/* Its place, or the one that it may have. */
static struct step *step_of(struct sl_fragment_trail *t, uint64_t name, bool *known)
{
	struct step *set = t->step[name % SETS], *oldest = set;
	*known = true;
	for (struct step *s = set; s < set + WAYS; s++) {
		if (s->tick != 0 && s->name == name)
			return s;
		if (s->tick < oldest->tick)
			oldest = s;
	}
	*known = false;
	return oldest;
}

bool trail_follow(struct sl_fragment_trail *t, uint64_t name, bool first, struct sl_ip_pair *pair)
{
	bool known;
	struct step *s = step_of(t, name, &known);
	if (known && (!first || s->by_later)) {
		s->tick = ++t->tick;
		*pair = s->pair;
		return false;
	}
	*s = (struct step){ .name = name, .tick = ++t->tick, .pair = *pair, .by_later = !first };
	return first;
}

void trail_leads(struct sl_fragment_trail *t, uint64_t name, const struct sl_ip_pair *pair)
{
	bool known;
	struct step *s = step_of(t, name, &known);
	if (known)
		s->pair = *pair;
}
