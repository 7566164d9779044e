/* SPDX-License-Identifier: BSD-3-Clause */
/* armory_change.c - a few indicators more or fewer, without a reload. Control thread. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <sightline/book.h>
#include <sightline/clock.h>
#include <sightline/log.h>

#include "armory.h"

#define SAY_NS (10 * SL_SECOND)
#define PAYS_LEAST 100000 /* changed indicators from which on a whole build may pay */

void armory_judging_forget(struct armory *a)
{
	if (a->judges)
		sl_judging_close(&a->judging);
	a->judges = false;
}

static int judging(struct armory *a)
{
	char err[512];
	if (a->judges)
		return 0;
	int rc = sl_judging_open(&a->judging, a->config, NULL, NULL, err, sizeof(err));
	if (rc < 0)
		sl_error("%s", err);
	a->judges = rc == 0;
	return rc;
}

/* The lines as indicators, judged as those of a feed. What leaves may have come in time. */
static int lines_read(
	struct armory *a, struct sl_intel **out, const char *p, size_t len, bool leaves)
{
	*out = NULL;
	if (len == 0)
		return 0;
	int rc = sl_intel_new(out);
	if (rc < 0)
		return rc;
	a->reader.now_ns = armory_judged_at(a);
	struct sl_intel_options o = reader_options(&a->reader, &a->judging);
	o.past = armory_witness(a);
	if (leaves) { /* it was told of when it came */
		o.validity = SL_VALID_IGNORE;
		o.finding = NULL;
		o.past = NULL;
	}
	return sl_intel_read_bytes(*out, "change", p, len, &o);
}

static uint64_t refused(const struct sl_intel *in)
{
	size_t n = 0;
	uint64_t all = 0;
	const struct sl_intel_source *s = in != NULL ? sl_intel_sources(in, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		all += s[i].count[SL_REFUSED];
	return all;
}

/* Changes come many times a second: they are told of now and then, together. */
static void say(struct armory *a)
{
	struct sl_change *c = &a->changed;
	uint64_t now = sl_clock_mono_ns();
	if (a->change_said_ns != 0 && now - a->change_said_ns < SAY_NS)
		return;
	sl_info("changed: %" PRIu32 " indicators added, %" PRIu32
		" removed since this was last said; generation %" PRIu32 " in force",
		c->added, c->removed, a->generation);
	*c = (struct sl_change){ 0 };
	a->change_said_ns = now;
}

static void put_in_force(struct armory *a, struct sl_ruleset *next, const struct sl_change *sum,
	uint64_t refused_more, uint64_t refused_fewer)
{
	struct armory_counts c;
	armory_counts(a, &c);
	armory_swap(a, next);
	c.armed += (uint64_t)sum->armed;
	c.quiet += (uint64_t)sum->quiet;
	c.refused += refused_more;
	c.refused -= refused_fewer < c.refused ? refused_fewer : c.refused;
	armory_counts_change(a, &c, NULL);
	sl_count(&a->counters, SL_C_CHANGES, 1);
	sl_count(&a->counters, SL_C_CHANGE_ADDED, sum->added);
	sl_count(&a->counters, SL_C_CHANGE_REMOVED, sum->removed);
	a->changed.added += sum->added;
	a->changed.removed += sum->removed;
	say(a);
}

static bool whole_pays(const struct sl_ruleset *rs)
{
	size_t changed = sl_ruleset_changed(rs);
	return changed > PAYS_LEAST && changed > sl_ruleset_indicators(rs) / 10;
}

static const struct sl_book *book_of(const struct sl_intel *in)
{
	return in != NULL ? sl_intel_book(in) : NULL;
}

/* Whether each line was one indicator. Lines that say the same but for a name or a date are one to
 * the ruleset, which can't tell what another of them still says. */
static bool line_by_line(
	const struct sl_change *sum, const struct sl_book *more, const struct sl_book *fewer)
{
	return sum->added == (more != NULL ? more->count : 0) &&
	       sum->removed == (fewer != NULL ? fewer->count : 0) && sum->absent == 0;
}

int armory_change(struct armory *a, const char *add, size_t add_len, const char *take_out,
	size_t take_out_len)
{
	struct sl_intel *more = NULL, *fewer = NULL;
	struct sl_ruleset *next = NULL;
	struct sl_change sum;
	if (a->leaving != NULL)
		return -EAGAIN;
	int rc = judging(a);
	if (rc == 0)
		rc = lines_read(a, &more, add, add_len, false);
	if (rc == 0)
		rc = lines_read(a, &fewer, take_out, take_out_len, true);
	if (rc == 0)
		rc = sl_ruleset_change(
			&next, a->current, book_of(more), book_of(fewer), a->generation + 1, &sum);
	if (rc == 0 && !line_by_line(&sum, book_of(more), book_of(fewer))) {
		sl_ruleset_free(next);
		rc = -EOPNOTSUPP;
	}
	if (rc == 0)
		put_in_force(a, next, &sum, refused(more), refused(fewer));
	else if (rc != -EOPNOTSUPP)
		sl_count(&a->counters, SL_C_CHANGES_REFUSED, 1);
	sl_intel_free(more);
	sl_intel_free(fewer);
	return rc < 0 ? rc : whole_pays(a->current);
}
