/* SPDX-License-Identifier: BSD-3-Clause */
/* armory_build.c - all indicators anew: a builder reads and compiles them in a process of its own,
 * a thread makes a ruleset of what it hands over, and the control thread puts that in force, with
 * the changes that came meanwhile. Until then, and where anything goes wrong, what is in force
 * stays. Control thread; the loading thread touches its `load` alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/log.h>

#include "armory.h"

#define AGAIN_MAX 3 /* builds in a row for which the files that were handed out went away */
#define LOADER_NICE 5

struct build {
	struct armory *a;
	struct nursery *nursery;
	enum { IDLE, BUILDING, LOADING, LOADED } state;
	unsigned again;
	struct build_order *order;
	size_t order_len;
	struct sl_ruleset *from; /* what was in force when it began; NULL: nothing */
	bool heard;
	struct build_word word;
	struct load load;
	pthread_t loader;
	int loaded_rc;
	_Atomic bool loaded; /* release by the loader; pairs with the acquire in build_step */
	int last; /* what came of the last one */
	struct nursery_look look;
};

/* ---- An order ---- */

static struct build_order *order_new(const struct armory *a, bool damaged, size_t *len)
{
	size_t paths = a->handed != NULL ? a->handed->count : 0;
	*len = sizeof(struct build_order);
	for (size_t i = 0; i < paths; i++)
		*len += strlen(a->handed->path[i]) + 1;
	struct build_order *o = malloc(*len);
	if (o == NULL)
		return NULL;
	*o = (struct build_order){
		.now_ns = armory_judged_at(a), .uncached = damaged, .paths = (uint32_t)paths
	};
	char *at = (char *)(o + 1);
	for (size_t i = 0; i < paths; i++)
		at = stpcpy(at, a->handed->path[i]) + 1;
	return o;
}

static void handed_over_close(struct build *b)
{
	if (b->load.image >= 0)
		close(b->load.image);
	if (b->load.allow >= 0)
		close(b->load.allow);
	b->load.image = b->load.allow = -1;
}

/* What nobody asked for. */
static void surplus_close(struct nursery_look *l)
{
	while (l->fds > 0)
		close(l->fd[--l->fds]);
}

static int order(struct build *b, bool damaged)
{
	struct armory *a = b->a;
	free(b->order);
	b->order = order_new(a, damaged, &b->order_len);
	if (b->order == NULL)
		return -ENOMEM;
	sl_ruleset_free(b->from);
	b->from = a->current != NULL ? sl_ruleset_share(a->current) : NULL;
	if (a->current != NULL && b->from == NULL)
		return -ENOMEM;
	b->heard = false;
	b->load = (struct load){ .image = -1, .allow = -1 };
	while (nursery_look(b->nursery, &b->look, true) != NURSERY_NOTHING)
		surplus_close(&b->look); /* of the first one, its end may not be known yet */
	int rc = nursery_order(b->nursery, b->order, b->order_len,
		sl_config_u64(a->config, "intel_timeout"), a->current != NULL);
	b->state = rc == 0 ? BUILDING : IDLE;
	return rc;
}

/* Whether what was handed out is other files by now: those that the builder was to read may be
 * gone.
 */
static bool handed_anew(const struct build *b)
{
	size_t len, head = sizeof(struct build_order);
	struct build_order *now = order_new(b->a, false, &len);
	bool other = now != NULL &&
		     (len != b->order_len ||
			     memcmp((char *)now + head, (char *)b->order + head, len - head) != 0);
	free(now);
	return other;
}

/* ---- What a builder says ---- */

static void word_take(struct build *b)
{
	struct nursery_look *l = &b->look;
	unsigned wanted = 1;
	if (!b->heard && l->len == sizeof(b->word)) {
		memcpy(&b->word, l->said, sizeof(b->word));
		wanted = b->word.rc < 0 ? 0 : b->word.allow ? 2 : 1;
		b->heard = l->fds == wanted;
	}
	if (b->heard && b->load.image < 0) {
		b->load.image = wanted > 0 ? l->fd[0] : -1;
		b->load.allow = wanted > 1 ? l->fd[1] : -1;
		return;
	}
	surplus_close(l);
}

/* Why nothing comes of a builder that didn't end as it should. */
static void lost(struct build *b, enum nursery_news news, char *why, size_t cap)
{
	const struct nursery_look *l = &b->look;
	enum sl_counter counter = SL_C_BUILD_FAILED;
	if (news == NURSERY_GONE) {
		snprintf(why, cap,
			"nothing can be read any more: the process that starts builders has ended; "
			"restart the sensor");
	} else if (l->late) {
		counter = SL_C_BUILD_LATE;
		snprintf(why, cap,
			"reading and compiling took longer than intel_timeout, %" PRIu64
			" s: raise it, or look at what the files wait for",
			sl_config_u64(b->a->config, "intel_timeout") / SL_SECOND);
	} else if (l->signal != 0) {
		counter = SL_C_BUILD_KILLED;
		snprintf(why, cap, "the process that reads and compiles them was ended: %s",
			strsignal(l->signal));
	} else {
		snprintf(why, cap, "the process that reads and compiles them failed");
	}
	sl_count(&b->a->counters, counter, 1);
}

/* Goes on until the builder has ended; wait: waits, until there is its image. 0: it made one; 1:
 * not yet; -errno, and why where it was not said. */
static int attend(struct build *b, bool wait, char *why, size_t cap)
{
	enum nursery_news news;
	why[0] = '\0';
	do {
		news = nursery_look(b->nursery, &b->look, wait);
		if (news == NURSERY_WORD)
			word_take(b);
	} while ((news == NURSERY_WORD && !(wait && b->load.image >= 0)) ||
		 (wait && news == NURSERY_NOTHING));
	if (news == NURSERY_NOTHING)
		return 1;
	b->state = IDLE;
	bool ended = news == NURSERY_ENDED && b->look.status == 0;
	if (b->heard && (news == NURSERY_WORD || ended)) {
		sl_counters_add(&b->a->counters, &b->word.counters);
		if (b->word.rc < 0 && !b->word.said)
			snprintf(why, cap, "%s", strerror(-b->word.rc));
		return b->word.rc;
	}
	handed_over_close(b);
	lost(b, news, why, cap);
	return -ECHILD;
}

/* ---- Loading ---- */

static void load_begin(struct build *b, bool must_arm)
{
	b->load.a = b->a;
	b->load.cache = b->a->cache;
	b->load.before = b->from;
	b->load.generation = b->from != NULL ? sl_ruleset_generation(b->from) + 1 : 1;
	b->load.must_arm = must_arm;
}

static void *loader(void *arg)
{
	struct build *b = arg;
	(void)prctl(PR_SET_NAME, "sl-intel");
	(void)setpriority(PRIO_PROCESS, 0, LOADER_NICE); /* this thread alone */
	b->loaded_rc = load_image(&b->load);
	atomic_store(&b->loaded, true);
	return NULL;
}

/* Of what was handed out then; by now it may be other files. */
static void handed_mark(const struct build *b, struct armory_feed *f)
{
	const char *at = (const char *)(b->order + 1);
	for (uint32_t i = 0; i < b->order->paths; i++) {
		feeds_handed(f, &(struct armory_paths){ &at, 1 });
		at += strlen(at) + 1;
	}
}

/* What is told of what is in force now, and what the cache is to be. */
static void told(struct build *b)
{
	struct armory *a = b->a;
	struct load *l = &b->load;
	sl_counters_add(&a->counters, &l->counted);
	if (b->word.cached) {
		sl_count(&a->counters, SL_C_FEED_BAD, l->sum.feed_bad);
		cache_used(a->cache);
	}
	handed_mark(b, l->feed);
	armory_counts_change(a, &l->counts, l->feed);
	l->feed = NULL;
	armory_tell_counts(&l->counts);
}

static void done(struct build *b, bool good)
{
	if (b->word.keep && b->load.image >= 0)
		cache_place(b->a->cache, b->load.image, good);
	handed_over_close(b);
	feeds_free(b->load.feed);
	sl_ruleset_free(b->load.made);
	sl_ruleset_free(b->from);
	b->load.feed = NULL;
	b->load.made = b->from = NULL;
	b->state = IDLE;
}

/* ---- The first ---- */

static int first(struct build *b, bool must_arm, bool damaged, char *why, size_t cap)
{
	int rc = order(b, damaged);
	if (rc < 0) {
		snprintf(why, cap, "%s", strerror(-rc));
		return rc;
	}
	rc = attend(b, true, why, cap);
	if (rc < 0)
		return rc;
	load_begin(b, must_arm);
	rc = load_image(&b->load);
	if (rc == -EBADMSG && b->word.cached) {
		handed_over_close(b);
		cache_damaged(b->a->cache);
		return first(b, must_arm, true, why, cap);
	}
	if (rc < 0)
		snprintf(why, cap, "%s", b->load.why[0] != '\0' ? b->load.why : strerror(-rc));
	return rc;
}

int build_first(struct build *b, bool must_arm)
{
	struct armory *a = b->a;
	char why[512] = "";
	int rc = first(b, must_arm, false, why, sizeof(why));
	if (rc == -ENODATA)
		sl_error("%s", why);
	else if (why[0] != '\0')
		sl_error("indicators: %s", why);
	if (rc == 0) {
		a->current = b->load.made;
		b->load.made = NULL;
		a->generation = 1;
		told(b);
	}
	done(b, rc == 0);
	return rc;
}

/* ---- Those that follow ---- */

static void state_tell(struct armory *a, bool building, bool failed)
{
	pthread_mutex_lock(&a->lock);
	a->counts.building = building;
	a->counts.failed = failed;
	pthread_mutex_unlock(&a->lock);
}

static void refuse(struct build *b, int rc, const char *why)
{
	struct armory *a = b->a;
	sl_count(&a->counters, SL_C_RELOADS_REFUSED, 1);
	sl_error("reload refused: %s; the indicators in force stay (%" PRIu64 " armed)",
		why[0] != '\0' ? why : strerror(-rc), a->counts.armed);
	b->last = rc;
	done(b, false);
	state_tell(a, false, true);
}

int armory_reload(struct armory *a)
{
	struct build *b = a->build;
	if (b->state != IDLE)
		return -EBUSY;
	b->again = 0;
	int rc = order(b, false);
	if (rc < 0)
		refuse(b, rc,
			rc == -EPIPE ? "the process that starts builders has ended; restart "
				       "the sensor"
				     : "");
	else
		state_tell(a, true, false);
	return rc;
}

bool armory_reloaded(const struct armory *a, int *rc)
{
	*rc = a->build->last;
	return a->build->state == IDLE;
}

/* The same changes as to what was in force. *next is the armory's own. */
static int caught_up(struct build *b, struct sl_ruleset **next)
{
	struct armory *a = b->a;
	struct load *l = &b->load;
	struct sl_change sum;
	*next = l->made;
	if (a->generation + 1 == l->generation) {
		l->made = NULL;
		return 0;
	}
	sl_ruleset_renumber(l->made, a->generation + 1);
	int rc = sl_ruleset_rebase(next, l->made, b->from, a->current, a->generation + 1, &sum);
	if (rc < 0)
		return rc;
	l->counts.armed += (uint64_t)sum.armed;
	l->counts.quiet += (uint64_t)sum.quiet;
	sl_info("changes that came while the indicators were read hold on the new ones: %" PRIu32
		" added, %" PRIu32 " replaced, %" PRIu32 " removed",
		sum.added, sum.replaced, sum.removed);
	return 0;
}

static void put_in_force(struct build *b)
{
	struct armory *a = b->a;
	struct sl_ruleset *next;
	char why[FEEDS_WHY];
	uint64_t had = a->counts.armed + a->counts.quiet;
	uint64_t has = b->load.counts.armed + b->load.counts.quiet;
	double ratio = sl_config_double(a->config, "reload_min_ratio");
	if ((double)has < ratio * (double)had) {
		snprintf(why, sizeof(why),
			"%" PRIu64 " of %" PRIu64
			" indicators would be left, less than --reload-min-ratio %g",
			has, had, ratio);
		refuse(b, -ERANGE, why);
		return;
	}
	int rc = caught_up(b, &next);
	if (rc < 0) {
		refuse(b, rc, "");
		return;
	}
	armory_judging_forget(a);
	armory_swap(a, next);
	sl_count(&a->counters, SL_C_RELOADS, 1);
	told(b);
	b->last = 0;
	done(b, true);
	sl_info("reloaded: generation %" PRIu32 " in force", a->generation);
}

static void step_building(struct build *b)
{
	char why[512];
	int rc = attend(b, false, why, sizeof(why));
	if (rc > 0)
		return;
	if (rc < 0 && rc != -ECHILD && b->again < AGAIN_MAX && handed_anew(b)) {
		b->again++;
		sl_info("the collector handed out others while these were read: once more");
		rc = order(b, false);
		if (rc == 0)
			return;
	}
	if (rc == 0) {
		load_begin(b, false);
		atomic_store(&b->loaded, false);
		rc = -pthread_create(&b->loader, NULL, loader, b);
		b->state = rc == 0 ? LOADING : IDLE;
	}
	if (rc < 0)
		refuse(b, rc, why);
}

static void step_loading(struct build *b)
{
	if (!atomic_load(&b->loaded))
		return;
	pthread_join(b->loader, NULL);
	int rc = b->loaded_rc;
	b->state = LOADED;
	if (rc == -EBADMSG && b->word.cached) {
		cache_damaged(b->a->cache);
		handed_over_close(b);
		rc = order(b, true);
	}
	if (rc < 0)
		refuse(b, rc, b->load.why);
}

void armory_step(struct armory *a)
{
	struct build *b = a->build;
	if (b->state == BUILDING)
		step_building(b);
	else if (b->state == LOADING)
		step_loading(b);
	if (b->state == LOADED && armory_settle(a))
		put_in_force(b);
}

/* ---- Life ---- */

int build_new(struct build **out, struct armory *a, struct nursery *nursery)
{
	struct build *b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	b->a = a;
	b->nursery = nursery;
	b->load.image = b->load.allow = -1;
	*out = b;
	return 0;
}

void armory_stop(struct armory *a)
{
	if (a == NULL)
		return;
	if (a->build->state == LOADING)
		pthread_join(a->build->loader, NULL);
	done(a->build, false);
}

void build_free(struct build *b)
{
	if (b != NULL)
		free(b->order);
	free(b);
}
