/* SPDX-License-Identifier: BSD-3-Clause */
/* members.c - see members.h. Publisher's thread. */
#include <stdlib.h>
#include <string.h>

#include <sightline/breaker.h>

#include "members.h"
#include "text.h"

struct member {
	uint64_t watched; /* its name with the breaker; 0: that says nothing of it */
	bool quiet; /* by its feed or policy */
};

/* Where the member of the same source, id and part stands, or the place behind the last. */
static size_t member_find(const Sightline__V1__Sighting *m, const Sightline__V1__Indicator *i)
{
	size_t at = 0;
	while (at < m->n_indicators && (strcmp(m->indicators[at]->id, i->id) != 0 ||
					       strcmp(m->indicators[at]->source, i->source) != 0 ||
					       strcmp(m->indicators[at]->part, i->part) != 0))
		at++;
	return at;
}

/* Room for one more. */
static bool member_room(struct entry *e)
{
	size_t n = e->m.n_indicators + 1;
	if (n > ENTRY_INDICATORS)
		return false;
	Sightline__V1__Indicator **list = reallocarray(e->m.indicators, n, sizeof(void *));
	if (list == NULL)
		return false;
	e->m.indicators = list;
	struct member *member = reallocarray(e->member, n, sizeof(*member));
	if (member == NULL)
		return false;
	e->member = member;
	return true;
}

/* Takes over the count of `i`. Its member, NULL: there is no room. */
static struct member *member_put(
	struct entry *e, const struct entry_scope *sc, Sightline__V1__Indicator *i)
{
	size_t at = member_find(&e->m, i);
	if (at < e->m.n_indicators) {
		e->changed |= e->m.indicators[at] != i;
		indicators_put(sc->indicators, e->m.indicators[at]);
	} else if (member_room(e)) {
		e->changed = true;
		e->m.n_indicators++;
		e->member[at] = (struct member){ .quiet = true };
	} else {
		indicators_put(sc->indicators, i);
		return NULL;
	}
	e->m.indicators[at] = i;
	return &e->member[at];
}

static void quiet_reason_set(Sightline__V1__Sighting *m, const char *reason)
{
	char *text = reason ? text_new(sl_span_str(reason), 256) : NULL;
	if (m->quiet_reason != (char *)protobuf_c_empty_string)
		free(m->quiet_reason);
	m->quiet_reason = text ? text : (char *)protobuf_c_empty_string;
}

static void member_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r,
	const struct sl_ruleset *rs, uint32_t number)
{
	struct sl_indicator i;
	sl_ruleset_indicator(rs, number, &i);
	Sightline__V1__Indicator *named = indicators_get(sc->indicators, &i);
	struct member *m = named != NULL ? member_put(e, sc, named) : NULL;
	e->changed |= i.test && !e->m.test;
	e->m.test |= i.test;
	e->changed |= e->m.before_valid && r->ts_ns >= i.valid_from_ns;
	e->m.before_valid &= r->ts_ns < i.valid_from_ns;
	if (i.quiet && e->m.quiet && e->m.quiet_reason[0] == '\0')
		quiet_reason_set(&e->m, i.quiet_reason);
	if (m == NULL) {
		e->loud |= !i.quiet;
		sl_count(sc->o->counters, SL_C_SIGHTING_UNNAMED, 1);
		return;
	}
	m->quiet &= i.quiet;
	if (m->watched == 0)
		m->watched = sl_breaker_take(sc->o->breaker, &i, sl_ruleset_born(rs, number), r);
}

void members_add(struct entry *e, const struct entry_scope *sc, const struct sl_record *r,
	const struct sl_ruleset *rs)
{
	for (uint16_t n = 0; n < r->indicator_count; n++)
		member_add(e, sc, r, rs, sl_record_indicators(r)[n]);
	e->changed |= members_judge(e, sc);
}

bool members_judge(struct entry *e, const struct entry_scope *sc)
{
	const struct sl_breaker *b = sc->o->breaker;
	bool loud = e->loud, broken = false, was_quiet = e->m.quiet, spread = e->spreads;
	struct sl_breaker_event why;
	char text[160];
	for (size_t i = 0; i < e->m.n_indicators; i++) {
		const struct member *m = &e->member[i];
		enum sl_breaker_what what = sl_breaker_says(b, m->watched, e->question.ts_ns, &why);
		loud |= !m->quiet && what != SL_BREAKER_QUIET;
		if (what != SL_BREAKER_LOUD)
			sl_breaker_text(b, &why, text, sizeof(text));
		broken |= what == SL_BREAKER_QUIET;
		if (what == SL_BREAKER_OUTBREAK && !e->spreads)
			e->spreads = entry_context_add(&e->m, "outbreak",
					     text_new(sl_span_str(text), sizeof(text))) == 0;
	}
	e->m.quiet = !loud;
	if (loud && was_quiet)
		quiet_reason_set(&e->m, NULL);
	else if (!loud && broken && strcmp(e->m.quiet_reason, text) != 0)
		quiet_reason_set(&e->m, text);
	return e->m.quiet != was_quiet || e->spreads != spread;
}

void members_fini(struct entry *e, const struct entry_scope *sc)
{
	for (size_t i = 0; i < e->m.n_indicators; i++)
		indicators_put(sc->indicators, e->m.indicators[i]);
	free(e->m.indicators);
	free(e->member);
	quiet_reason_set(&e->m, NULL);
}
