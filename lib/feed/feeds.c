/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds.c - all sources: who is due, what of it is taken, and the set that they make together. One
 * thread; the states are read by others, under a lock. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <sightline/clock.h>
#include <sightline/io.h>

#include "feeds.h"

#define SETTLE_NS (SL_SECOND / 20) /* after something left, or began: others follow it */
#define CLOSED_NS (SL_SECOND / 50) /* after a file was written: it may get its name now */
#define KEEP_NS SL_SECOND /* after a new word: others may follow it before it is on the disk */
#define BACKOFF_MAX_NS (3600 * SL_SECOND)

void feeds_tell(struct sl_feeds *s, enum sl_feed_event e, const char *feed, const char *text)
{
	s->fn(s->arg, e, feed, text);
}

/* ---- begin and end ---- */

int sl_feeds_check(
	const char *const *specs, size_t n, const struct sl_feed_options *o, char *err, size_t len)
{
	struct feed *f = calloc(n + 1, sizeof(*f));
	int rc = f == NULL ? -ENOMEM : 0;
	if (n > FEEDS_MAX) {
		snprintf(err, len, "sources: %zu are more than the %d that are possible", n,
			FEEDS_MAX);
		rc = -EINVAL;
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = feed_spec(&f[i], specs[i], o, err, len);
		for (size_t k = 0; rc == 0 && k < i; k++)
			if (strcmp(f[k].name, f[i].name) == 0) {
				snprintf(err, len, "sources: two are called %s", f[i].name);
				rc = -EINVAL;
			}
	}
	free(f);
	return rc;
}

/* The word of a source that the configuration names no more. */
static void forget_stranger(void *feeds, const char *name)
{
	struct sl_feeds *s = feeds;
	bool known = name[0] == '.';
	for (size_t i = 0; i < s->all.count; i++)
		known |= keep_is_of(&s->all.feed[i], name);
	if (!known)
		unlinkat(s->folder, name, 0);
}

static int feeds_begin(struct sl_feeds *s, const char *const *specs, size_t n,
	const struct sl_feed_options *o, char *err, size_t len)
{
	uint64_t now_ns = sl_clock_mono_ns();
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct feed *f = &s->all.feed[i];
		rc = feed_spec(f, specs[i], o, err, len);
		if (rc < 0)
			break;
		s->all.count++;
		f->stop = &s->stop;
		f->st.name = f->name;
		f->fresh_ns = now_ns;
		rc = keep_read(f, s->folder);
		rc = rc == -ENOMEM ? rc
				   : 0; /* without it, the source is asked as if never before */
		if (f->kind->watched)
			watch_add(s->watch, f->location);
	}
	return rc;
}

int sl_feeds_open(struct sl_feeds **out, const char *const *specs, size_t n,
	const struct sl_feed_options *o, const char *dir, struct sl_generations *generations,
	sl_feed_fn fn, void *arg, char *err, size_t len)
{
	int rc = sl_feeds_check(specs, n, o, err, len);
	if (rc < 0)
		return rc;
	struct sl_feeds *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	*s = (struct sl_feeds){ .generations = generations, .fn = fn, .arg = arg, .dirty = true };
	pthread_mutex_init(&s->lock, NULL);
	s->all.feed = calloc(n + 1, sizeof(*s->all.feed));
	s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	(void)mkdir(dir, 0750); /* opening it tells if that didn't do */
	s->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = s->folder < 0 || s->wake < 0 ? -errno : s->all.feed == NULL ? -ENOMEM : 0;
	if (rc < 0)
		snprintf(err, len, "%s: %s", dir, strerror(-rc));
	if (rc == 0)
		rc = http_begin();
	if (rc == 0 && (rc = watch_new(&s->watch)) < 0)
		snprintf(err, len, "inotify: %s", strerror(-rc));
	if (rc == 0)
		rc = feeds_begin(s, specs, n, o, err, len);
	if (rc < 0) {
		sl_feeds_close(s);
		return rc;
	}
	(void)sl_io_each(s->folder, forget_stranger, s);
	*out = s;
	return 0;
}

void sl_feeds_close(struct sl_feeds *s)
{
	if (s == NULL)
		return;
	feeds_keep(s);
	for (size_t i = 0; i < s->all.count; i++)
		feed_forget(&s->all.feed[i]);
	union_fini(&s->all);
	watch_free(s->watch);
	if (s->wake >= 0)
		close(s->wake);
	if (s->folder >= 0)
		close(s->folder);
	pthread_mutex_destroy(&s->lock);
	free(s->all.feed);
	free(s);
	http_end();
}

/* ---- what becomes of a look ---- */

/* Between a half and one and a half: sources that fail together don't come back together. */
static uint64_t jitter(uint64_t ns)
{
	uint32_t r = UINT32_MAX / 2;
	(void)getrandom(&r, sizeof(r), GRND_NONBLOCK);
	return ns / 2 + (uint64_t)((double)ns * ((double)r / UINT32_MAX));
}

static void wait_longer(struct feed *f, uint64_t now_ns)
{
	uint64_t most = f->o.interval_ns < BACKOFF_MAX_NS ? f->o.interval_ns : BACKOFF_MAX_NS;
	uint64_t wait_ns = f->o.backoff_ns;
	for (unsigned i = 0; i < f->failures && wait_ns < most; i++)
		wait_ns *= 2;
	f->failures++;
	f->due_ns = now_ns + jitter(wait_ns < most ? wait_ns : most);
	if (f->due_ns < f->after_ns)
		f->due_ns = f->after_ns;
	f->after_ns = 0;
}

static void count(struct sl_feeds *s, uint64_t *what)
{
	pthread_mutex_lock(&s->lock);
	(*what)++;
	pthread_mutex_unlock(&s->lock);
}

/* Said once, until it is good again or bad in another way. */
static void look_bad(struct sl_feeds *s, struct feed *f, enum sl_feed_event e, uint64_t now_ns)
{
	count(s, e == SL_FEED_REFUSED ? &f->st.refused : &f->st.failed);
	if (!f->bad || f->bad_as != e)
		feeds_tell(s, e, f->name, f->said);
	f->bad = true;
	f->bad_as = e;
	wait_longer(f, now_ns);
}

static void confirmed(struct sl_feeds *s, struct feed *f, uint64_t now_ns)
{
	bool was = f->bad || f->st.stale;
	f->failures = 0;
	f->bad = false;
	f->fresh_ns = now_ns;
	f->due_ns = now_ns + f->o.interval_ns;
	pthread_mutex_lock(&s->lock);
	f->st.stale = false;
	f->st.confirmed_s = sl_clock_wall_ns() / SL_SECOND;
	pthread_mutex_unlock(&s->lock);
	if (was)
		feeds_tell(s, SL_FEED_GOOD, f->name, "it is good again");
}

/* Whether so many indicators can be believed; f->said. */
static bool believable(struct feed *f, const struct pieces *p, int rc, uint64_t n)
{
	uint64_t had = f->has ? f->st.indicators : 0, bytes = 0;
	for (size_t i = 0; i < p->count; i++)
		bytes += p->piece[i].len;
	if (bytes == 0)
		snprintf(f->said, sizeof(f->said), "it is empty");
	else if (rc == -EBADMSG)
		snprintf(f->said, sizeof(f->said), "in no format that is known");
	else if (rc < 0)
		snprintf(f->said, sizeof(f->said), "it can't be read: %s", strerror(-rc));
	else if (n == 0)
		snprintf(f->said, sizeof(f->said), "no usable indicator is in it");
	else if (f->has && (double)n < f->o.min_ratio * (double)had)
		snprintf(f->said, sizeof(f->said),
			"%" PRIu64 " of %" PRIu64
			" indicators would be left, less than min_ratio %g",
			n, had, f->o.min_ratio);
	else if (f->has && n > had && (double)n > f->o.max_growth * (double)had &&
		 n - had > f->o.growth_floor)
		snprintf(f->said, sizeof(f->said),
			"%" PRIu64 " indicators instead of %" PRIu64 ", more than max_growth %g", n,
			had, f->o.max_growth);
	else
		return true;
	return false;
}

static uint64_t usable_of(const struct pieces *p, const struct feed *f)
{
	uint64_t n = 0;
	for (size_t i = 0; i < p->count; i++)
		n += p->piece[i].same ? part_find(f, p->piece[i].key)->usable : p->piece[i].usable;
	return n;
}

static void look_new(struct sl_feeds *s, struct feed *f, struct pieces *p, uint64_t now_ns)
{
	char text[128];
	int rc = pieces_read(p);
	uint64_t n = rc == 0 ? usable_of(p, f) : 0;
	if (!believable(f, p, rc, n)) {
		look_bad(s, f, SL_FEED_REFUSED, now_ns);
		return;
	}
	rc = union_take(&s->all, f, p, s->generations);
	if (rc == -E2BIG) {
		snprintf(f->said, sizeof(f->said),
			"with it there were more than %d files that are no native lines",
			SL_SET_FILES_MAX);
		look_bad(s, f, SL_FEED_REFUSED, now_ns);
		return;
	}
	if (rc < 0) {
		snprintf(f->said, sizeof(f->said), "it can't be kept: %s", strerror(-rc));
		look_bad(s, f, SL_FEED_FAILED, now_ns);
		return;
	}
	f->known = f->pending;
	f->unkept = true;
	s->keep_ns = s->keep_ns == 0 ? now_ns + KEEP_NS : s->keep_ns;
	s->dirty |= rc == 0;
	pthread_mutex_lock(&s->lock);
	f->st.indicators = n;
	pthread_mutex_unlock(&s->lock);
	confirmed(s, f, now_ns);
	count(s, rc == 1 ? &f->st.same : &f->st.taken);
	snprintf(text, sizeof(text), "%" PRIu64 " indicators", n);
	feeds_tell(s, SL_FEED_TAKEN, f->name, text);
}

static void look(struct sl_feeds *s, struct feed *f)
{
	struct pieces p = { NULL, 0 };
	f->said[0] = '\0';
	enum look l = f->kind->look(f, &p);
	uint64_t now_ns = sl_clock_mono_ns();
	switch (l) {
	case LOOK_NEW:
		look_new(s, f, &p, now_ns);
		break;
	case LOOK_SAME:
		confirmed(s, f, now_ns);
		count(s, &f->st.same);
		break;
	case LOOK_FAILED:
		if (!atomic_load(&s->stop))
			look_bad(s, f, SL_FEED_FAILED, now_ns);
		break;
	case LOOK_LATER:
		f->due_ns = now_ns + SETTLE_NS;
		break;
	}
	if (f->again && f->due_ns > now_ns + SETTLE_NS)
		f->due_ns = now_ns + SETTLE_NS;
	pieces_free(&p);
}

static void watch_stale(struct sl_feeds *s, struct feed *f, uint64_t now_ns)
{
	char text[96];
	if (f->st.stale || now_ns - f->fresh_ns <= f->o.stale_ns)
		return;
	pthread_mutex_lock(&s->lock);
	f->st.stale = true;
	pthread_mutex_unlock(&s->lock);
	snprintf(text, sizeof(text), "stale: not confirmed for %" PRIu64 " s",
		(now_ns - f->fresh_ns) / SL_SECOND);
	feeds_tell(s, SL_FEED_STALE, f->name, text);
}

/* ---- all of them ---- */

/* Whether the path is the location or below it, and not hidden there. */
static bool concerns(const struct feed *f, const char *path)
{
	size_t n = strlen(f->location);
	while (n > 1 && f->location[n - 1] == '/')
		n--;
	if (path == NULL)
		return true;
	return strncmp(path, f->location, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/' || n == 1) && strstr(path + n, "/.") == NULL;
}

static void on_changed(void *arg, const char *path, enum watch_change what)
{
	static const uint64_t after_ns[] = {
		[WATCH_BEGUN] = SETTLE_NS, [WATCH_CLOSED] = CLOSED_NS, [WATCH_NAMED] = 0
	};
	struct sl_feeds *s = arg;
	uint64_t due_ns = sl_clock_mono_ns() + after_ns[what];
	for (size_t i = 0; i < s->all.count; i++) {
		struct feed *f = &s->all.feed[i];
		if (!f->kind->watched || !concerns(f, path))
			continue;
		if (what != WATCH_BEGUN && f->told_count < TOLD_MAX)
			f->told[f->told_count++] = file_key(path);
		if (f->due_ns > due_ns)
			f->due_ns = due_ns;
	}
}

static void wait_for(struct sl_feeds *s, int timeout_ms)
{
	uint64_t now_ns = sl_clock_mono_ns(), next_ns = now_ns + (uint64_t)timeout_ms * 1000000;
	for (size_t i = 0; i < s->all.count; i++)
		if (s->all.feed[i].due_ns < next_ns)
			next_ns = s->all.feed[i].due_ns;
	if (s->keep_ns != 0 && s->keep_ns < next_ns)
		next_ns = s->keep_ns;
	struct pollfd fds[] = { { .fd = watch_fd(s->watch), .events = POLLIN },
		{ .fd = s->wake, .events = POLLIN } };
	uint64_t wait_ms = next_ns > now_ns ? (next_ns - now_ns + 999999) / 1000000 : 0, woken;
	if (poll(fds, 2, (int)wait_ms) <= 0)
		return;
	if (fds[1].revents != 0) {
		(void)!read(s->wake, &woken, sizeof(woken));
		s->dirty = true; /* what is handed out may be what was gone back to */
	}
	watch_take(s->watch, on_changed, s);
}

int sl_feeds_run(struct sl_feeds *s, int timeout_ms)
{
	bool held = s->held, waits = held || s->again_ns > sl_clock_mono_ns();
	int rc = 0;
	if (!s->dirty || waits)
		wait_for(s, timeout_ms);
	uint64_t now_ns = sl_clock_mono_ns();
	for (size_t i = 0; i < s->all.count && !atomic_load(&s->stop); i++) {
		struct feed *f = &s->all.feed[i];
		if (f->due_ns <= now_ns) {
			if (f->kind->watched)
				watch_add(s->watch, f->location);
			look(s, f);
		}
		watch_stale(s, f, sl_clock_mono_ns());
	}
	if (s->dirty && !atomic_load(&s->stop) && s->again_ns <= sl_clock_mono_ns() &&
		!(held && sl_generations_held(s->generations)))
		rc = feeds_hand_out(s);
	feeds_tidy(s);
	return rc;
}

void sl_feeds_wake(struct sl_feeds *s)
{
	uint64_t one = 1;
	(void)!write(s->wake, &one, sizeof(one));
}

void sl_feeds_stop(struct sl_feeds *s)
{
	atomic_store(&s->stop, true);
	sl_feeds_wake(s);
}

void sl_feeds_each(
	struct sl_feeds *s, void (*fn)(void *arg, const struct sl_feed_state *st), void *arg)
{
	for (size_t i = 0; i < s->all.count; i++) {
		pthread_mutex_lock(&s->lock);
		struct sl_feed_state st = s->all.feed[i].st;
		pthread_mutex_unlock(&s->lock);
		fn(arg, &st);
	}
}
