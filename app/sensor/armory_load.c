/* SPDX-License-Identifier: BSD-3-Clause */
/* armory_load.c - what a builder handed over becomes a ruleset. On the control thread at the start,
 * on a thread of its own where packets flow: copies, checks, and the expressions of trees, which
 * are compiled once more (builder.c says why). */
#include <errno.h>
#include <stdio.h>

#include <sightline/image.h>
#include <sightline/log.h>

#include "armory.h"

/* What the reading of one load goes through. */
struct image {
	struct sl_image_in *in, *allow_in;
	struct sl_intel *allow;
};

static void count_sources(const struct sl_intel *in, struct armory_counts *c)
{
	size_t n;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	*c = (struct armory_counts){ .feeds = n };
	for (size_t i = 0; i < n; i++) {
		c->armed += s[i].count[SL_ARMED];
		c->quiet += s[i].count[SL_QUIET];
		c->refused += s[i].count[SL_REFUSED];
	}
}

/* A feed in which there was something to arm and nothing could be. */
static const char *useless_source(const struct sl_intel *in)
{
	size_t n;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	for (size_t i = 0; i < n; i++)
		if (s[i].count[SL_ARMED] + s[i].count[SL_QUIET] + s[i].count[SL_NOT_VALID] == 0 &&
			s[i].count[SL_CONTEXT] == 0)
			return s[i].path;
	return NULL;
}

/* Whether anything came of it where something must, and the feeds may follow on those before. */
static int sound(struct load *l, const struct sl_intel *in)
{
	if (!feeds_sound(l->a->config, l->a->feed, l->feed, l->why))
		return -ESTALE;
	const char *useless = l->must_arm ? useless_source(in) : NULL;
	count_sources(in, &l->counts);
	if (!l->must_arm || (useless == NULL && l->counts.armed + l->counts.quiet > 0))
		return 0;
	snprintf(l->why, sizeof(l->why),
		"%s%sno usable indicator; mend the feed (sightline intel check says what is "
		"wrong), or start with --allow-empty",
		useless != NULL ? useless : "", useless != NULL ? ": " : "");
	return -ENODATA;
}

static int feeds_find(struct load *l, const struct sl_intel *in)
{
	char err[512];
	struct sl_policy *policy = NULL;
	int rc = sl_judging_policy(&policy, l->a->config, err, sizeof(err));
	if (rc == 0)
		l->feed = feeds_of(in, policy);
	sl_policy_free(policy);
	return rc;
}

/* Of the indicators that are not valid as many more or fewer are told as of the book's entries. */
static uint64_t not_valid(const struct cache_sum *sum, uint64_t out_of_time)
{
	uint64_t then = sum->out_of_time, n = sum->not_valid;
	if (out_of_time >= then)
		return n + out_of_time - then;
	return n - (n < then - out_of_time ? n : then - out_of_time);
}

static int allow_take(struct load *l, struct image *i)
{
	if (l->allow < 0)
		return 0;
	int rc = sl_image_open_fd(&i->allow_in, l->allow);
	if (rc == 0)
		rc = sl_intel_load(&i->allow, i->allow_in);
	return rc == 0 && !sl_image_ended(i->allow_in) ? -EBADMSG : rc;
}

/* Takes the set. */
static int compile(struct load *l, struct image *i, struct sl_intel *in)
{
	struct sl_match_options o = { .validity = reader_validity(l->a->config),
		.home = l->a->home,
		.allow = i->allow,
		.workers = l->a->workers,
		.image = i->in };
	int rc = sl_ruleset_build(&l->made, in, &o, l->before, l->generation);
	if (rc < 0 || sl_image_ended(i->in))
		return rc;
	sl_ruleset_free(l->made);
	l->made = NULL;
	return -EBADMSG;
}

static int past(struct load *l, const struct sl_book *book)
{
	struct sl_change sum = { 0 };
	if (l->before == NULL || armory_witness(l->a) == NULL)
		return 0;
	int rc = armory_judge_past(l->a, &l->made, book, l->before, &sum);
	l->counts.armed += (uint64_t)sum.armed;
	l->counts.quiet += (uint64_t)sum.quiet;
	l->counts.refused += sum.removed;
	sl_count(&l->counted, SL_C_INTEL_IMPACT, sum.replaced);
	return rc;
}

static int image_take(struct load *l, struct image *i)
{
	struct sl_intel *in = NULL;
	int rc = sl_image_open_fd(&i->in, l->image);
	if (rc == 0 && !cache_head(l->cache, i->in, &l->sum))
		rc = -EBADMSG;
	if (rc == 0)
		rc = allow_take(l, i);
	if (rc == 0)
		rc = sl_intel_load(&in, i->in);
	if (rc < 0)
		return rc;
	rc = feeds_find(l, in);
	if (rc == 0)
		rc = sound(l, in);
	if (rc < 0) {
		sl_intel_free(in);
		return rc;
	}
	const struct sl_book *book = sl_intel_book(in);
	l->counts.not_valid = not_valid(&l->sum, sl_intel_out_of_time(in, armory_judged_at(l->a)));
	rc = compile(l, i, in);
	return rc < 0 ? rc : past(l, book);
}

int load_image(struct load *l)
{
	struct image i = { 0 };
	int rc = image_take(l, &i);
	sl_image_close(i.in);
	sl_image_close(i.allow_in);
	sl_intel_free(i.allow);
	if (rc == -EPROTO) /* no image at all */
		rc = -EBADMSG;
	if (rc < 0) {
		sl_ruleset_free(l->made);
		feeds_free(l->feed);
		l->made = NULL;
		l->feed = NULL;
	}
	return rc;
}
