/* SPDX-License-Identifier: BSD-3-Clause */
/* age.c - when an entry of a feed is from, and whether that is too long ago. Control threads.
 *
 * What was seen last counts, then the begin of its validity, then when the entry was written, then
 * when the whole file was published. A date that can't be read is none: no validity hangs on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>

#include "lint.h"

bool time_read(const char *text, uint64_t *out)
{
	while (*text == ' ')
		text++;
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (sl_time_parse(text, len, out))
		return true;
	if (strspn(text, "0123456789") != len)
		return false;
	if (len == 8) {
		char date[11] = { text[0], text[1], text[2], text[3], '-', text[4], text[5], '-',
			text[6], text[7], '\0' };
		return sl_time_parse(date, 10, out);
	}
	if (len < 9 || len > 10)
		return false;
	*out = strtoull(text, NULL, 10) * SL_SECOND;
	return true;
}

/* Of "2024-03-01 12:34:56 UTC" and its like the day is enough. 0: no date. */
static uint64_t date_of(const char *text)
{
	uint64_t ns = 0;
	if (text == NULL || text[0] == '\0' || time_read(text, &ns))
		return ns;
	return strlen(text) > 10 && sl_time_parse(text, 10, &ns) ? ns : 0;
}

uint64_t age_reported(const struct draft *d, uint64_t valid_from_ns, uint64_t published_ns)
{
	uint64_t first = date_of(d->first_seen), last = date_of(d->last_seen);
	uint64_t seen = last > first ? last : first;
	if (seen == 0)
		seen = valid_from_ns;
	if (seen == 0)
		seen = date_of(d->written);
	return seen != 0 ? seen : published_ns;
}

static const char *kept(const struct reading *r, const char *text)
{
	const char *k = sl_arena_intern(r->set->arena, text, strlen(text));
	return k != NULL ? k : "It is older than its source's max_age.";
}

void lint_age(const struct reading *r, const struct sl_indicator *i, uint64_t max_age_ns,
	struct judgement *out)
{
	char day[SL_TIME_TEXT], text[128];
	if (max_age_ns == 0 || out->verdict != SL_ARMED || i->valid_until_ns != 0 ||
		r->o->validity == SL_VALID_IGNORE)
		return;
	if (i->reported_ns == 0) {
		if (out->code[0] == '\0')
			*out = (struct judgement){ SL_ARMED, "UNDATED",
				"Its source sets max_age, and nothing says when it is from; say "
				"published=DATE for the source." };
		return;
	}
	if (max_age_ns >= UINT64_MAX - i->reported_ns ||
		!reading_reached(r, i->reported_ns + max_age_ns + 1))
		return;
	sl_time_text(i->reported_ns, day);
	snprintf(text, sizeof(text),
		"It is of %.10s, longer ago than its source's max_age; ask its author whether it "
		"still holds.",
		day);
	*out = (struct judgement){ SL_QUIET, "AGED", kept(r, text) };
}
