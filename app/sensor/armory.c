/* SPDX-License-Identifier: BSD-3-Clause */
/* armory.c - the indicators in force: read, compiled, published, read again on request. Control
 * thread only; workers see nothing of it but a pointer that changes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/lists.h>
#include <sightline/log.h>

#include "armory.h"

#define TOLD_MAX 20 /* findings told one by one at a load; the rest are counted */

static void tell_finding(void *arg, const struct sl_finding *f)
{
	struct armory *a = arg;
	if (strcmp(f->code, "OVERRIDDEN") == 0)
		sl_info("%s: %s is %s: %s", f->file, f->id, sl_intel_verdict_text(f->verdict),
			f->reason);
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
		sl_warn("%s:%" PRIu64 ": %s, %s: %s%s%s", f->file, f->line,
			sl_intel_verdict_text(f->verdict), f->code, f->reason, sep, f->part);
	else
		sl_warn("%s: %s, %s: %s%s%s", f->file, sl_intel_verdict_text(f->verdict), f->code,
			f->reason, sep, f->part);
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
	o.now_ns = a->packet_time_ns;
	if (o.now_ns == 0 || o.validity == SL_VALID_NOW)
		o.now_ns = sl_clock_wall_ns();
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
		sl_warn("%u more findings; sightline intel check lists them all",
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
static int compile(struct armory *a, struct sl_intel *in, struct sl_ruleset **out)
{
	struct sl_match_options o = {
		.validity = armory_validity(a), .home = a->home, .workers = a->workers
	};
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
		sl_info("verdicts that the configuration gave: %" PRIu64,
			sl_policy_uses(by.policy));
	*feed = feeds_of(in, by.policy);
	sl_judging_close(&by);
	return rc;
}

/* why: what is wrong, where there is more to say than what is returned. */
static int load(struct armory *a, bool must_arm, struct sl_ruleset **out,
	struct armory_counts *counts, struct armory_feed **feed, char why[FEEDS_WHY])
{
	struct sl_intel *in;
	*feed = NULL;
	why[0] = '\0';
	int rc = sl_intel_new(&in);
	if (rc < 0)
		return rc;
	rc = judged_paths(a, in, feed);
	if (rc == 0 && !feeds_sound(a->config, a->feed, *feed, why))
		rc = -ESTALE;
	if (rc < 0)
		goto fail;
	const char *useless = must_arm ? useless_source(in) : NULL;
	count_sources(in, counts);
	if (must_arm && (useless != NULL || counts->armed + counts->quiet == 0)) {
		sl_error("%s%sno usable indicator; mend the feed (sightline intel check says what "
			 "is wrong), "
			 "or start with --allow-empty",
			useless != NULL ? useless : "", useless != NULL ? ": " : "");
		a->said = true;
		rc = -ENODATA;
		goto fail;
	}
	rc = compile(a, in, out);
	if (rc < 0)
		feeds_free(*feed);
	return rc;
fail:
	feeds_free(*feed);
	sl_intel_free(in);
	return rc;
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
		fn(arg, &a->feed[i]);
	pthread_mutex_unlock(&a->lock);
}

const struct sl_counters *armory_counters(const struct armory *a)
{
	return &a->counters;
}
