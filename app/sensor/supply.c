/* SPDX-License-Identifier: BSD-3-Clause */
/* supply.c - intel that a collector hands out. A thread of its own asks, takes and proves it; the
 * control thread arms it (supply_arm.c); workers see nothing of either.
 * The taker is used under a lock, which the asking thread gives up where it waits: for the
 * collector, and for the control thread while a set waits to be armed. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/bus.h>
#include <sightline/clock.h>
#include <sightline/handout.h>
#include <sightline/log.h>

#include "supply_state.h"

#define ROOT_FOLDER "/var/lib/sightline"
#define PAUSE_MS 200 /* how long an end may stay unseen */
#define SILENCE_NS (10 * SL_SECOND) /* a question without an answer; and between two that are */
#define REFUSED_MAX 6 /* doublings of the pause after what was refused */

/* ---- files of what is in force ---- */

void supply_paths_free(char **path, size_t n)
{
	for (size_t i = 0; path != NULL && i < n; i++)
		free(path[i]);
	free(path);
}

char **supply_paths_copy(const struct sl_taken *t)
{
	char **path = calloc(t->path_count + 1, sizeof(*path));
	for (size_t i = 0; path != NULL && i < t->path_count; i++) {
		path[i] = strdup(t->paths[i]);
		if (path[i] != NULL)
			continue;
		supply_paths_free(path, i);
		return NULL;
	}
	return path;
}

const struct armory_paths *supply_paths(const struct supply *s)
{
	return s != NULL ? &s->paths : NULL;
}

/* ---- begin and end ---- */

static const char *folder(const struct sl_config *c)
{
	const char *dir = sl_config_text(c, "intel_kept");
	if (dir != NULL)
		return dir;
	if (geteuid() == 0)
		(void)mkdir(ROOT_FOLDER, 0750); /* opening what is below tells if that didn't do */
	return access(ROOT_FOLDER, W_OK) == 0 ? ROOT_FOLDER "/kept" : "kept";
}

static int begin_with_kept(struct supply *s)
{
	struct sl_taken t;
	if (!sl_taker_current(s->taker, &t)) {
		sl_warn("no set of the collector is kept yet: nothing of it is armed until it "
			"answers");
		return 0;
	}
	s->path = supply_paths_copy(&t);
	if (s->path == NULL)
		return -ENOMEM;
	s->paths = (struct armory_paths){ (const char *const *)s->path, t.path_count };
	s->late = t.add != NULL;
	atomic_store(&s->generation, t.generation);
	sl_info("the collector's generation %" PRIu64 " is kept: %" PRIu64 " lines", t.generation,
		t.lines);
	return 0;
}

int supply_open(struct supply **out, const struct sl_config *c, char *err, size_t err_len)
{
	const char *url = sl_config_text(c, "intel_from");
	if (url == NULL)
		return 0;
	struct supply *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->min_ratio = sl_config_double(c, "reload_min_ratio");
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->settled, NULL);
	int rc = sl_taker_open(&s->taker, folder(c), err, err_len);
	if (rc == 0 && err[0] != '\0')
		sl_warn("%s", err);
	if (rc == 0)
		sl_count(&s->counters, SL_C_TAKE_TORN, sl_taker_torn(s->taker));
	if (rc == 0)
		err[0] = '\0';
	if (rc == 0)
		rc = begin_with_kept(s);
	if (rc == 0)
		rc = sl_bus_new(&s->bus);
	if (rc == 0) {
		rc = sl_asker_open(&s->asker, s->bus, url);
		if (rc < 0)
			snprintf(err, err_len, "--collector-intel %s: %s", url,
				rc == -EACCES
					? "without keys only loopback addresses are used; give "
					  "tcp://127.0.0.1:PORT or ipc:///PATH"
					: "no address; give tcp://127.0.0.1:PORT or ipc:///PATH");
	}
	if (rc < 0) {
		supply_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void supply_close(struct supply *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stop, true);
	pthread_cond_signal(&s->settled);
	pthread_mutex_unlock(&s->lock);
	if (s->runs)
		pthread_join(s->thread, NULL);
	sl_asker_close(s->asker);
	sl_bus_free(s->bus);
	sl_taker_close(s->taker);
	supply_paths_free(s->path, s->paths.count);
	pthread_cond_destroy(&s->settled);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- asking ---- */

static void refused(struct supply *s, uint64_t now_ns)
{
	static const struct {
		enum sl_counter counter;
		const char *what;
	} why[SL_TAKE_FAULTS] = {
		[SL_TAKE_FORM] = { SL_C_TAKE_FORM, "it is not what was asked for, or no set" },
		[SL_TAKE_HASH] = { SL_C_TAKE_HASH, "its hash is another" },
		[SL_TAKE_SKIPPED] = { SL_C_TAKE_SKIPPED, "it is a change of another set" },
		[SL_TAKE_DISK] = { SL_C_TAKE_DISK, "it can't be kept" },
		[SL_TAKE_GONE] = { SL_C_TAKE_GONE, "it isn't kept there any more" },
	};
	enum sl_take_fault f = sl_taker_why(s->taker);
	sl_count(&s->counters, why[f].counter, 1);
	sl_error("what the collector hands out is refused: %s; what is in force stays, the whole "
		 "is asked for again",
		why[f].what);
	/* The whole at once; where that is wrong as well, less and less often. */
	unsigned doublings = s->refused < REFUSED_MAX ? s->refused : REFUSED_MAX;
	s->next_ns = now_ns + (s->refused > 0 ? SL_SECOND << doublings : 0);
	s->refused++;
}

/* The set that stayed in force may be what is handed out again. */
static void again_in_force(struct supply *s)
{
	uint64_t generation = sl_taker_generation(s->taker);
	if (generation <= atomic_load(&s->generation))
		return;
	atomic_store(&s->generation, generation);
	sl_info("the collector's generation %" PRIu64 " is in force: it is the set that was",
		generation);
}

/* What was taken can't be read back; it is tried again. */
static void unread(struct supply *s, uint64_t now_ns)
{
	sl_count(&s->counters, SL_C_TAKE_UNREAD, 1);
	sl_error("what the collector hands out can't be read where it is kept; look at the disk "
		 "below intel_kept");
	sl_taker_again(s->taker);
	s->next_ns = now_ns + SILENCE_NS;
}

static void take(struct supply *s, const Sightline__V1__IntelAnswer *a)
{
	uint64_t now_ns = sl_clock_mono_ns();
	enum sl_take t = sl_taker_answer(s->taker, a);
	if (!atomic_load(&s->answers))
		sl_info("the collector hands out intel");
	atomic_store(&s->answers, true);
	s->said_away = false;
	s->asked = false;
	s->heard_ns = now_ns;
	s->next_ns = t == SL_TAKE_IDLE ? now_ns + SILENCE_NS : now_ns;
	if (t == SL_TAKE_IDLE)
		again_in_force(s);
	if (t == SL_TAKE_REFUSED)
		refused(s, now_ns);
	if (t != SL_TAKE_READY)
		return;
	s->refused = 0;
	if (!sl_taker_staged(s->taker, &s->taken)) {
		unread(s, now_ns);
		return;
	}
	atomic_store(&s->verdict, WAITS); /* release: pairs with supply_waits */
	pthread_kill(s->control, SUPPLY_SIGNAL);
}

static void away(struct supply *s)
{
	atomic_store(&s->answers, false);
	if (!s->said_away)
		sl_warn("the collector does not answer: generation %" PRIu64
			" of its intel stays in force",
			atomic_load(&s->generation));
	s->said_away = true;
}

static void ask(struct supply *s, uint64_t now_ns)
{
	Sightline__V1__IntelRequest q;
	if (s->asked) {
		sl_count(&s->counters, SL_C_TAKE_SILENT, 1);
		away(s);
	}
	sl_taker_question(s->taker, &q);
	int rc = sl_asker_send(s->asker, &q);
	s->asked = rc == 0;
	s->next_ns = now_ns + (rc == 0 ? SILENCE_NS : SL_SECOND / 2);
	if (rc < 0 && now_ns - s->heard_ns > SILENCE_NS)
		away(s);
}

/* What the control thread said is kept for the next start. */
static void settle(struct supply *s)
{
	unsigned v = atomic_load(&s->verdict);
	if (v != TAKEN && v != REFUSED)
		return;
	int rc = sl_taker_settle(s->taker, v == TAKEN);
	if (rc < 0)
		sl_error("the set in force can't be kept for the next start: %s", strerror(-rc));
	atomic_store(&s->verdict, NOTHING);
}

/* Without the lock: waits for the collector. NULL: nothing came. */
static Sightline__V1__IntelAnswer *hear(struct supply *s, uint64_t now_ns)
{
	Sightline__V1__IntelAnswer *a = NULL;
	uint64_t wait_ms = s->next_ns > now_ns ? (s->next_ns - now_ns) / 1000000 + 1 : 0;
	pthread_mutex_unlock(&s->lock);
	int rc = sl_asker_next(s->asker, (int)(wait_ms < PAUSE_MS ? wait_ms : PAUSE_MS), &a);
	pthread_mutex_lock(&s->lock);
	if (rc == -EBADMSG)
		sl_count(&s->counters, SL_C_TAKE_UNREADABLE, 1);
	return rc == 1 ? a : NULL;
}

static void *run(void *arg)
{
	struct supply *s = arg;
	s->heard_ns = sl_clock_mono_ns();
	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stop)) {
		uint64_t now_ns = sl_clock_mono_ns();
		if (atomic_load(&s->verdict) == WAITS) {
			pthread_cond_wait(&s->settled, &s->lock);
			continue;
		}
		settle(s);
		if (s->again) {
			s->again = false;
			sl_taker_again(s->taker);
			s->next_ns = s->asked ? s->next_ns : now_ns;
		}
		if (now_ns >= s->next_ns)
			ask(s, now_ns);
		Sightline__V1__IntelAnswer *a = hear(s, now_ns);
		if (a == NULL)
			continue;
		take(s, a);
		sightline__v1__intel_answer__free_unpacked(a, NULL);
	}
	settle(s);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int supply_start(struct supply *s)
{
	if (s == NULL)
		return 0;
	s->control = pthread_self();
	int rc = pthread_create(&s->thread, NULL, run, s);
	s->runs = rc == 0;
	return -rc;
}

const struct sl_counters *supply_counters(const struct supply *s)
{
	return &s->counters;
}

void supply_state(const struct supply *s, uint64_t *generation, bool *connected)
{
	*generation = atomic_load(&s->generation);
	*connected = atomic_load(&s->answers);
}
