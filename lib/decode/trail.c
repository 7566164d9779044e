/* SPDX-License-Identifier: BSD-3-Clause */
/* trail.c - where the first fragment of a datagram led, for the ones behind it. Who deals out
 * packets; making and freeing is control's. One place for each name: a newer datagram takes an
 * older one's. */
#include <errno.h>
#include <stdlib.h>

#include "fragments.h"

#define STEPS 4096u

struct step {
	uint64_t name;
	struct sl_ip_pair pair;
	bool used, by_later; /* a later fragment came before the first, which then follows it */
};

struct sl_fragment_trail {
	struct step step[STEPS];
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

static struct step *step_of(struct sl_fragment_trail *t, uint64_t name)
{
	return &t->step[name % STEPS];
}

bool trail_follow(struct sl_fragment_trail *t, uint64_t name, bool first, struct sl_ip_pair *pair)
{
	struct step *s = step_of(t, name);
	bool known = s->used && s->name == name;
	if (known && (!first || s->by_later)) {
		*pair = s->pair;
		return false;
	}
	*s = (struct step){ .name = name, .pair = *pair, .used = true, .by_later = !first };
	return first;
}

void trail_leads(struct sl_fragment_trail *t, uint64_t name, const struct sl_ip_pair *pair)
{
	struct step *s = step_of(t, name);
	if (s->used && s->name == name)
		s->pair = *pair;
}
