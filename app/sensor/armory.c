/* SPDX-License-Identifier: BSD-3-Clause */
/* armory.c - the indicators in force: read, compiled, published, read again on request. Control
 * thread only; workers see nothing of it but a pointer that changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/image.h>
#include <sightline/lists.h>
#include <sightline/log.h>

#include "armory.h"

#define TOLD_MAX 20 /* findings told one by one at a load; the rest are counted */

static void tell_finding(void *arg, const struct sl_finding *f)
{
	struct armory *a = arg;
	if (strcmp(f->code, "OVERRIDDEN") == 0)
		cache_say(a->notes, false, "%s: %s is %s: %s", f->file, f->id,
			sl_intel_verdict_text(f->verdict), f->reason);
	sl_count(&a->counters, SL_C_INTEL_IMPACT,
		f->verdict == SL_QUIET && strcmp(f->code, "HIGH_IMPACT") == 0);
	if (f->verdict == SL_QUIET) /* the counts tell; sightline intel check lists them */
		return;
	if (f->verdict != SL_REFUSED || strcmp(f->code, "URL_HOST_ONLY") == 0)
		return;
	bool whole = strcmp(f->code, "PARTS") == 0; /* its parts are told one by one */
	if (f->verdict == SL_REFUSED && !whole)
		sl_count(&a->counters, SL_C_FEED_BAD, 1);
	if (whole || a->told++ >= TOLD_MAX)
		return;
	const char *sep = f->part[0] != '\0' ? ": " : "";
	if (f->line > 0)
		cache_say(a->notes, true, "%s:%" PRIu64 ": %s, %s: %s%s%s", f->file, f->line,
			sl_intel_verdict_text(f->verdict), f->code, f->reason, sep, f->part);
	else
		cache_say(a->notes, true, "%s: %s, %s: %s%s%s", f->file,
			sl_intel_verdict_text(f->verdict), f->code, f->reason, sep, f->part);
}

enum sl_validity armory_validity(const struct armory *a)
{
	const char *v = sl_config_text(a->config, "validity");
	size_t ports;
	(void)sl_config_list(a->config, "port", &ports);
	if (v == NULL)
		return ports > 0 ? SL_VALID_PACKET : SL_VALID_IGNORE;
	if (strcmp(v, "packet") == 0)
		return SL_VALID_PACKET;
	return strcmp(v, "now") == 0 ? SL_VALID_NOW : SL_VALID_IGNORE;
}

uint64_t armory_judged_at(const struct armory *a)
{
	bool now = a->packet_time_ns == 0 || armory_validity(a) == SL_VALID_NOW;
	return now ? sl_clock_wall_ns() : a->packet_time_ns;
}

struct sl_intel_options armory_options(struct armory *a, const struct sl_judging *by)
{
	struct sl_intel_options o = {
		.validity = armory_validity(a), .finding = tell_finding, .arg = a
	};
	if (by != NULL) {
		o.lists = by->lists;
		o.policy = by->policy;
		o.home = by->home;
		o.past = armory_witness(a);
		o.impact_hosts = (unsigned)sl_config_u64(a->config, "impact_hosts");
		o.impact_percent = (unsigned)sl_config_u64(a->config, "impact_percent");
	}
	o.taken_as_said = by == NULL;
	o.now_ns = armory_judged_at(a);
	a->told = 0;
	return o;
}

/* Reads every path of a list, and what was handed out beside it, into one set. The first failure is
 * returned, after all were tried. */
static int read_paths(struct armory *a, const char *key, const struct armory_paths *handed,
	struct sl_intel *in, const struct sl_judging *by)
{
	struct sl_intel_options o = armory_options(a, by);
	size_t n, more = handed != NULL ? handed->count : 0;
	const char *const *path = sl_config_list(a->config, key, &n);
	int rc = 0;
	for (size_t i = 0; i < n + more; i++) {
		int r = sl_intel_read(in, i < n ? path[i] : handed->path[i - n], &o);
		if (r < 0 && rc == 0)
			rc = r;
	}
	if (a->told > TOLD_MAX)
		cache_say(a->notes, true, "%u more findings; sightline intel check lists them all",
			a->told - TOLD_MAX);
	a->said |= rc < 0;
	if (rc < 0)
		sl_error(
			"%s: not everything that it names could be read (%s); mend the path or its "
			"permissions",
			key, strerror(-rc));
	return rc;
}

static void count_sources(const struct sl_intel *in, struct armory_counts *c)
{
	size_t n;
	const struct sl_intel_source *s = sl_intel_sources(in, &n);
	*c = (struct armory_counts){ .feeds = n };
	for (size_t i = 0; i < n; i++) {
		c->armed += s[i].count[SL_ARMED];
		c->quiet += s[i].count[SL_QUIET];
		c->refused += s[i].count[SL_REFUSED];
		c->not_valid += s[i].count[SL_NOT_VALID];
	}
}

void armory_counts_change(struct armory *a, const struct armory_counts *c, struct armory_feed *feed)
{
	feeds_handed(feed, a->handed);
	feeds_follow(a->feed, feed);
	a->looked_ns = feed != NULL ? 0 : a->looked_ns;
	pthread_mutex_lock(&a->lock);
	struct armory_feed *old = feed != NULL || a->feed == NULL ? a->feed : NULL;
	a->counts = *c;
	a->counts.generation = a->generation;
	a->counts.loaded_s = sl_clock_wall_ns() / SL_SECOND;
	if (feed != NULL)
		a->feed = feed;
	pthread_mutex_unlock(&a->lock);
	feeds_free(old);
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

/* The values that are never reported; NULL: the configuration names none. */
static int allow_lists(struct armory *a, struct sl_intel **out)
{
	size_t n;
	(void)sl_config_list(a->config, "allow", &n);
	*out = NULL;
	if (n == 0)
		return 0;
	int rc = sl_intel_new(out);
	return rc < 0 ? rc : read_paths(a, "allow", NULL, *out, NULL);
}

/* Takes the set. The allow-list is read anew with it, and copied. */
static int compile(
	struct armory *a, struct sl_intel *in, struct sl_image_in *image, struct sl_ruleset **out)
{
	struct sl_match_options o = { .validity = armory_validity(a),
		.home = a->home,
		.workers = a->workers,
		.image = image };
	struct sl_intel *allow;
	int rc = allow_lists(a, &allow);
	o.allow = allow;
	if (rc == 0)
		rc = sl_ruleset_build(out, in, &o, a->current, a->generation + 1);
	else
		sl_intel_free(in);
	sl_intel_free(allow);
	return rc;
}

/* The lists are read anew at each load, and let go after it: they are as large as a feed. */
static int judged_paths(struct armory *a, struct sl_intel *in, struct armory_feed **feed)
{
	struct sl_judging by;
	char err[512];
	int rc = sl_judging_open(&by, a->config, NULL, NULL, err, sizeof(err));
	if (rc < 0) {
		sl_error("%s", err);
		a->said = true;
		return rc;
	}
	rc = read_paths(a, "intel", a->handed, in, &by);
	if (sl_policy_uses(by.policy) > 0)
		cache_say(a->notes, false, "verdicts that the configuration gave: %" PRIu64,
			sl_policy_uses(by.policy));
	*feed = feeds_of(in, by.policy);
	sl_judging_close(&by);
	return rc;
}

/* Whether anything came of it where something must, and the feeds may follow on those before; else
 * why, where there is more to say than what is returned. */
static int sound(struct armory *a, bool must_arm, const struct sl_intel *in,
	const struct armory_feed *feed, struct armory_counts *c, char why[FEEDS_WHY])
{
	if (!feeds_sound(a->config, a->feed, feed, why))
		return -ESTALE;
	const char *useless = must_arm ? useless_source(in) : NULL;
	count_sources(in, c);
	if (!must_arm || (useless == NULL && c->armed + c->quiet > 0))
		return 0;
	sl_error("%s%sno usable indicator; mend the feed (sightline intel check says what is "
		 "wrong), or start with --allow-empty",
		useless != NULL ? useless : "", useless != NULL ? ": " : "");
	a->said = true;
	return -ENODATA;
}

/* A load on its way, and what comes of it. */
struct load {
	bool must_arm;
	struct sl_intel *in;
	struct sl_ruleset *made;
	struct armory_counts *counts;
	struct armory_feed *feed;
	char *why;
};

static int load_files(struct armory *a, struct load *l)
{
	uint64_t bad = a->counters.c[SL_C_FEED_BAD], now_ns = armory_judged_at(a);
	int rc = sl_intel_new(&l->in);
	if (rc < 0)
		return rc;
	a->notes = armory_witness(a) == NULL ? a->cache : NULL;
	rc = judged_paths(a, l->in, &l->feed);
	a->notes = NULL;
	a->sum = (struct cache_sum){ .out_of_time = sl_intel_out_of_time(l->in, now_ns),
		.feed_bad = a->counters.c[SL_C_FEED_BAD] - bad };
	sl_intel_holds(l->in, &a->sum.from_ns, &a->sum.until_ns);
	if (rc == 0)
		rc = sound(a, l->must_arm, l->in, l->feed, l->counts, l->why);
	if (rc < 0) {
		sl_intel_free(l->in);
		return rc;
	}
	a->sum.not_valid = l->counts->not_valid;
	rc = compile(a, l->in, NULL, &l->made);
	a->unkept = rc == 0 && a->cache != NULL && armory_witness(a) == NULL;
	return rc;
}

/* -EBADMSG: what stands in the image is damaged. */
static int load_image(struct armory *a, struct sl_image_in *image, struct load *l)
{
	char err[512];
	struct sl_policy *policy = NULL;
	int rc = sl_intel_load(&l->in, image);
	if (rc < 0)
		return rc;
	rc = sl_judging_policy(&policy, a->config, err, sizeof(err));
	if (rc == 0)
		l->feed = feeds_of(l->in, policy);
	sl_policy_free(policy);
	if (rc == 0)
		rc = sound(a, l->must_arm, l->in, l->feed, l->counts, l->why);
	if (rc < 0) {
		sl_intel_free(l->in);
		return rc;
	}
	uint64_t out_of_time = sl_intel_out_of_time(l->in, armory_judged_at(a));
	rc = compile(a, l->in, image, &l->made);
	if (rc == 0 && !sl_image_ended(image)) {
		sl_ruleset_free(l->made);
		rc = -EBADMSG;
	}
	if (rc < 0)
		return rc;
	const struct cache_sum *sum = cache_used(a->cache, out_of_time);
	sl_count(&a->counters, SL_C_FEED_BAD, sum->feed_bad);
	l->counts->not_valid = sum->not_valid;
	return 0;
}

static int load(struct armory *a, bool must_arm, struct sl_ruleset **out,
	struct armory_counts *counts, struct armory_feed **feed, char why[FEEDS_WHY])
{
	struct load l = { .must_arm = must_arm, .counts = counts, .why = why };
	struct sl_image_in *image = NULL;
	int rc = -EBADMSG;
	*feed = NULL;
	why[0] = '\0';
	if (a->cache != NULL && armory_witness(a) != NULL)
		sl_info("indicators are read from their files: what the network did of late judges "
			"them, too");
	else if (a->cache != NULL)
		image = cache_open(a->cache, a->handed, armory_validity(a), armory_judged_at(a));
	if (image != NULL)
		rc = load_image(a, image, &l);
	sl_image_close(image);
	if (image != NULL && rc == -EBADMSG) {
		cache_damaged(a->cache);
		feeds_free(l.feed);
		l.feed = NULL;
	}
	if (rc == -EBADMSG)
		rc = load_files(a, &l);
	if (rc < 0) {
		feeds_free(l.feed);
		return rc;
	}
	*feed = l.feed;
	*out = l.made;
	return 0;
}

/* What was made of files is written down for the next time, while it is in force already. */
static void keep(struct armory *a)
{
	if (a->unkept)
		cache_keep(a->cache, a->handed, armory_validity(a), &a->sum, a->current);
	a->unkept = false;
}

static void tell_counts(const struct armory_counts *c)
{
	sl_info("indicators: %" PRIu64 " armed, %" PRIu64 " quiet, %" PRIu64 " refused, %" PRIu64
		" not valid at packet time",
		c->armed, c->quiet, c->refused, c->not_valid);
}

static int home_nets(struct armory *a)
{
	size_t n;
	const char *const *net = sl_config_list(a->config, "home_net", &n);
	int rc = sl_nets_new(&a->home);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = sl_nets_add(a->home, net[i], strlen(net[i]));
		a->said |= rc == -EINVAL;
		if (rc == -EINVAL)
			sl_error("--home-net: '%s' is neither an address nor a prefix such as "
				 "10.0.0.0/8",
				net[i]);
	}
	return rc;
}

int armory_new(struct armory **out, const struct sl_config *c, unsigned workers,
	uint64_t packet_time_ns, bool must_arm, const struct armory_paths *handed)
{
	struct armory *a = calloc(1, sizeof(*a));
	if (a == NULL)
		return -ENOMEM;
	a->config = c;
	a->workers = workers;
	a->packet_time_ns = packet_time_ns;
	a->handed = handed;
	pthread_mutex_init(&a->lock, NULL);
	struct armory_counts counts = { 0 };
	struct armory_feed *feed = NULL;
	char why[FEEDS_WHY];
	int rc = home_nets(a);
	if (rc == 0)
		rc = cache_new(&a->cache, c, &a->counters);
	if (rc == 0)
		rc = load(a, must_arm, &a->current, &counts, &feed, why);
	if (rc < 0) {
		if (!a->said)
			sl_error("indicators: %s", strerror(-rc));
		armory_free(a);
		return rc;
	}
	a->generation = 1;
	armory_counts_change(a, &counts, feed);
	tell_counts(&counts);
	keep(a);
	*out = a;
	return 0;
}

void armory_free(struct armory *a)
{
	if (a == NULL)
		return;
	if (a->leaving != NULL)
		sl_ruleset_free(a->leaving);
	if (a->current != NULL)
		sl_ruleset_free(a->current);
	armory_judging_forget(a);
	armory_past_free(a);
	cache_free(a->cache);
	sl_nets_free(a->home);
	feeds_free(a->feed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

const struct sl_nets *armory_home(const struct armory *a)
{
	return a->home;
}

int armory_start(struct armory *a, struct publisher *p)
{
	a->publisher = p;
	publisher_admit(p, a->current);
	(void)sl_ruleset_publish(a->current); /* the first: there is no old one */
	return 0;
}

static void refuse(struct armory *a, const char *why)
{
	sl_count(&a->counters, SL_C_RELOADS_REFUSED, 1);
	sl_error("reload refused: %s; the indicators in force stay (%" PRIu64 " armed)", why,
		a->counts.armed);
}

void armory_swap(struct armory *a, struct sl_ruleset *next)
{
	publisher_admit(a->publisher, next);
	a->leaving = sl_ruleset_publish(next);
	a->current = next;
	a->generation++;
	armory_retro(a);
	publisher_retire(a->publisher, a->leaving);
}

int armory_reload(struct armory *a)
{
	struct sl_ruleset *next = NULL;
	struct armory_counts c = { 0 };
	struct armory_feed *feed;
	char why[FEEDS_WHY];
	int rc = load(a, false, &next, &c, &feed, why);
	if (rc < 0) {
		refuse(a, why[0] != '\0' ? why : strerror(-rc));
		return rc;
	}
	uint64_t had = a->counts.armed + a->counts.quiet, has = c.armed + c.quiet;
	double ratio = sl_config_double(a->config, "reload_min_ratio");
	if ((double)has < ratio * (double)had) {
		snprintf(why, sizeof(why),
			"%" PRIu64 " of %" PRIu64
			" indicators would be left, less than --reload-min-ratio %g",
			has, had, ratio);
		refuse(a, why);
		a->unkept = false; /* it stays out of the cache as well */
		feeds_free(feed);
		sl_ruleset_free(next);
		return -ERANGE;
	}
	armory_judging_forget(a);
	armory_swap(a, next);
	armory_counts_change(a, &c, feed);
	sl_count(&a->counters, SL_C_RELOADS, 1);
	tell_counts(&c);
	sl_info("reloaded: generation %" PRIu32 " in force", a->generation);
	keep(a);
	return 0;
}

bool armory_settle(struct armory *a)
{
	if (a->leaving == NULL)
		return true;
	if (!publisher_retired(a->publisher))
		return false;
	sl_ruleset_free(a->leaving);
	a->leaving = NULL;
	return true;
}

void armory_counts(struct armory *a, struct armory_counts *out)
{
	pthread_mutex_lock(&a->lock);
	*out = a->counts;
	pthread_mutex_unlock(&a->lock);
}

void armory_feeds(struct armory *a, void (*fn)(void *arg, const struct armory_feed *f), void *arg)
{
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; a->feed != NULL && i < FEEDS_TOLD && a->feed[i].path != NULL; i++)
		if (!a->feed[i].handed)
			fn(arg, &a->feed[i]);
	pthread_mutex_unlock(&a->lock);
}

const struct sl_counters *armory_counters(const struct armory *a)
{
	return &a->counters;
}
