/* SPDX-License-Identifier: BSD-3-Clause */
/* lint_past.c - what a network saw before says of an indicator: an address that it reaches by the
 * name of an ordinary host, and what would have fired nearly everywhere, is quiet. Control threads.
 *
 * Only names that were asked for count. Whoever answers may put any other name beside them, and so
 * have his address taken for an ordinary one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sightline/lists.h>

#include "lint.h"

#define HOSTS_LEAST 20
#define PERCENT_LEAST 10
#define NAMES_SHOWN 3
#define HIGH_IMPACT "HIGH_IMPACT"

static const char *kept(const struct reading *r, const char *text, const char *without)
{
	const char *k = sl_arena_intern(r->set->arena, text, strlen(text));
	return k != NULL ? k : without;
}

/* What is armed by anybody who asks for a name below it says nothing of the host. */
static bool ordinary(const struct reading *r, const char *name)
{
	struct judgement j = { SL_ARMED, "", "" };
	lint_name(r, name, strlen(name), &j);
	return j.verdict == SL_QUIET && strcmp(j.code, "DYNAMIC_DNS_ZONE") != 0;
}

static bool ordinary_host(
	const struct reading *r, const struct sl_past_answer *past, struct judgement *out)
{
	char text[NAMES_SHOWN * 260 + 128], names[NAMES_SHOWN * 260] = "";
	size_t used = 0, found = 0;
	for (uint32_t i = 0; i < past->name_count; i++) {
		if (!ordinary(r, past->name[i]))
			continue;
		if (found++ < NAMES_SHOWN)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.255s",
				used > 0 ? ", " : "", past->name[i]);
	}
	if (found == 0)
		return false;
	snprintf(text, sizeof(text),
		"This network reaches it as %s: a hit there is ordinary traffic; look for a name "
		"or URL instead.",
		names);
	*out = (struct judgement){ SL_QUIET, "ORDINARY_HOST",
		kept(r, text, "This network reaches it as an ordinary host.") };
	return true;
}

/* It would be quiet; what is in force loud stays so: whoever waits for it waits for this. */
static bool too_many(const struct sl_witness *w, unsigned hosts, unsigned percent,
	const struct sl_indicator *i, const struct sl_past_answer *past, char why[SL_PAST_WHY])
{
	struct sl_past_sum sum;
	char hours[32] = "";
	if (past->hosts < (hosts != 0 ? hosts : HOSTS_LEAST))
		return false;
	w->sum(w->arg, &sum);
	percent = percent != 0 ? percent : PERCENT_LEAST;
	if ((uint64_t)past->hosts * 100 < (uint64_t)sum.hosts * percent ||
		(w->armed != NULL && w->armed(w->arg, i)))
		return false;
	uint64_t share = (uint64_t)past->hosts * 100 / (sum.hosts > 0 ? sum.hosts : 1);
	if (sum.hours > 0)
		snprintf(hours, sizeof(hours), " in the last %" PRIu32 " h", sum.hours);
	snprintf(why, SL_PAST_WHY,
		"It would have fired %s%" PRIu64 " times%s on %" PRIu64
		" %% of this network's hosts: a hit tells nothing; put a port, name or URL beside "
		"it.",
		past->at_most ? "at most " : "", past->count, hours, share < 100 ? share : 100);
	return true;
}

bool sl_past_impact(const struct sl_witness *w, unsigned hosts, unsigned percent,
	const struct sl_indicator *i, char why[SL_PAST_WHY])
{
	struct sl_past_answer past;
	return w->ask(w->arg, i, &past) && past.count > 0 &&
	       too_many(w, hosts, percent, i, &past, why);
}

uint8_t lint_impact(const struct reading *r, const struct draft *d)
{
	const char *source = d->source != NULL && d->source[0] ? d->source : r->name;
	int says = sl_policy_would(r->o->policy, source, r->path, HIGH_IMPACT);
	return says == SL_ARMED || says == SL_REFUSED ? (uint8_t)says : SL_QUIET;
}

bool lint_past(const struct reading *r, const struct sl_indicator *i, struct judgement *out,
	struct sl_past_answer *past)
{
	const struct sl_witness *w = r->o->past;
	char why[SL_PAST_WHY];
	if (w == NULL || out->verdict == SL_REFUSED || !w->ask(w->arg, i, past))
		return false;
	if (out->verdict != SL_ARMED || past->count == 0)
		return true;
	bool lone = i->port == 0 && !past->at_most && r->o->lists != NULL;
	if (lone && ordinary_host(r, past, out))
		return true;
	if (too_many(w, r->o->impact_hosts, r->o->impact_percent, i, past, why))
		*out = (struct judgement){ SL_QUIET, HIGH_IMPACT,
			kept(r, why, "It would have fired on too many of this network's hosts.") };
	else if (out->code[0] == '\0')
		lint_past_tree(out, past);
	return true;
}

void lint_past_tree(struct judgement *out, const struct sl_past_answer *past)
{
	if (past->count > 0 && out->verdict == SL_ARMED && out->code[0] == '\0')
		*out = (struct judgement){ SL_ARMED, "SEEN",
			"This network saw it before; look at the hosts that did." };
}
