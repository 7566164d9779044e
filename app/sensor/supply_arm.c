/* SPDX-License-Identifier: BSD-3-Clause */
/* supply_arm.c - puts in force what a collector hands out: by what changed, or as a reload would,
 * which the asking thread waits for. Control thread. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <sightline/log.h>

#include "supply_state.h"

bool supply_waits(struct supply *s)
{
	return s != NULL && atomic_load(&s->verdict) == WAITS;
}

static uint64_t lines(const char *p, size_t len)
{
	uint64_t n = 0;
	for (const char *end = p + len; p < end; n++)
		p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
	return n;
}

/* What a reload would refuse as too few is no matter of a change either. */
static bool shrinks(const struct supply *s, struct armory *a, const struct sl_taken *t)
{
	struct armory_counts c;
	armory_counts(a, &c);
	uint64_t had = c.armed + c.quiet, fewer = lines(t->remove, t->remove_len);
	return (double)fewer > (1 - s->min_ratio) * (double)had;
}

/* By what changed where it can be. As armory_change. */
static int change(struct supply *s, struct armory *a, const struct sl_taken *t)
{
	if (t->add == NULL || shrinks(s, a, t))
		return -EOPNOTSUPP;
	int rc = armory_change(a, t->add, t->add_len, t->remove, t->remove_len);
	if (rc >= 0)
		sl_count(&s->counters, SL_C_TAKEN_CHANGE, 1);
	s->late |= rc >= 0;
	return rc;
}

/* From now on a reload reads these files; those before them stay until it is clear whether they are
 * in force. */
static int paths_begin(struct supply *s, const struct sl_taken *t)
{
	char **path = supply_paths_copy(t);
	if (path == NULL)
		return -ENOMEM;
	s->had = s->paths;
	s->had_path = s->path;
	s->path = path;
	s->paths = (struct armory_paths){ (const char *const *)path, t->path_count };
	return 0;
}

static void paths_end(struct supply *s, bool good)
{
	if (good) {
		supply_paths_free(s->had_path, s->had.count);
	} else {
		supply_paths_free(s->path, s->paths.count);
		s->path = s->had_path;
		s->paths = s->had;
	}
	s->had_path = NULL;
}

static void armed(struct supply *s, int rc)
{
	s->whole = s->building = false;
	if (rc == 0) {
		atomic_store(&s->generation, s->taken.generation);
		sl_info("the collector's generation %" PRIu64 " is in force", s->taken.generation);
	} else {
		sl_error("the collector's generation %" PRIu64
			 " is refused, until another comes or a reload (SIGHUP) is good",
			s->taken.generation);
	}
	atomic_store(&s->verdict, rc == 0 ? TAKEN : REFUSED);
	pthread_cond_signal(&s->settled);
}

/* What waits is being read as a whole, or has been. */
static void whole_look(struct supply *s, struct armory *a)
{
	int rc;
	if (!armory_reloaded(a, &rc))
		return;
	sl_count(&s->counters, rc == 0 ? SL_C_TAKEN_WHOLE : SL_C_TAKE_UNARMED, 1);
	paths_end(s, rc == 0);
	s->late &= rc != 0;
	armed(s, rc);
}

static void whole(struct supply *s, struct armory *a)
{
	int rc = s->taken.add != NULL ? sl_taker_whole(s->taker, &s->taken) : 0;
	rc = rc == 0 ? paths_begin(s, &s->taken) : rc;
	s->whole = true; /* nothing else, from the next look on */
	if (rc == 0) {
		rc = armory_reload(a);
		s->building = rc == 0;
		if (rc < 0)
			paths_end(s, false);
	}
	if (rc == 0 || rc == -EBUSY)
		return;
	sl_count(&s->counters, SL_C_TAKE_UNARMED, 1);
	armed(s, rc);
}

/* Under lock, as those above. */
static bool arm(struct supply *s, struct armory *a)
{
	int rc;
	if (s->building) {
		whole_look(s, a);
		return false;
	}
	if (s->whole && !armory_reloaded(a, &rc)) /* another's turn */
		return false;
	rc = s->whole ? -EOPNOTSUPP : change(s, a, &s->taken);
	if (rc < 0) {
		whole(s, a);
		return false;
	}
	armed(s, 0);
	return rc == 1;
}

bool supply_arm(struct supply *s, struct armory *a)
{
	pthread_mutex_lock(&s->lock);
	bool pays = arm(s, a);
	pthread_mutex_unlock(&s->lock);
	return pays;
}

/* Its paths say all that is in force, once what changed since is written into them. Under lock. */
static int paths_renew(struct supply *s)
{
	struct sl_taken t;
	int rc = sl_taker_fold(s->taker, &t);
	char **path = rc == 0 ? supply_paths_copy(&t) : NULL;
	if (path == NULL)
		return rc < 0 ? rc : -ENOMEM;
	supply_paths_free(s->path, s->paths.count);
	s->path = path;
	s->paths = (struct armory_paths){ (const char *const *)path, t.path_count };
	s->late = false;
	/* What waits was told by the taker, which has been asked since. */
	if (atomic_load(&s->verdict) == WAITS && !sl_taker_staged(s->taker, &s->taken))
		atomic_store(&s->verdict, NOTHING);
	return 0;
}

/* Under lock. As armory_reload. */
static int reload(struct supply *s, struct armory *a)
{
	int rc = s->late ? paths_renew(s) : 0;
	pthread_cond_signal(&s->settled);
	if (rc < 0) {
		sl_error("reload refused: the collector's set can't be written to be read anew: "
			 "%s; the indicators in force stay",
			strerror(-rc));
		return rc;
	}
	rc = armory_reload(a);
	s->reloads |= rc == 0;
	return rc;
}

/* Under lock. True: a reload has to come again. */
static bool reload_look(struct supply *s, const struct armory *a)
{
	int rc;
	if (!s->reloads || !armory_reloaded(a, &rc))
		return false;
	s->reloads = false;
	s->again |= rc == 0;
	return rc == -ENOENT && s->late; /* what it was to read has been folded into another file */
}

bool supply_reload(struct supply *s, struct armory *a, bool wanted)
{
	int rc;
	armory_step(a);
	if (s == NULL)
		return wanted && armory_reload(a) == -EBUSY;
	pthread_mutex_lock(&s->lock);
	wanted |= reload_look(s, a);
	if (wanted && !s->building && armory_reloaded(a, &rc))
		wanted = reload(s, a) == -EBUSY;
	pthread_mutex_unlock(&s->lock);
	return wanted;
}

int supply_catch_up(struct supply *s, struct armory *a)
{
	struct sl_taken t;
	if (s == NULL || !s->late)
		return 0;
	if (!sl_taker_current(s->taker, &t))
		return -EIO;
	if (t.add == NULL)
		return 0;
	if (armory_change(a, t.add, t.add_len, t.remove, t.remove_len) >= 0)
		return 0;
	return reload(s, a); /* nobody else has the lock yet */
}
