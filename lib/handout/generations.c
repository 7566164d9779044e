/* SPDX-License-Identifier: BSD-3-Clause */
/* generations.c - what the collector has handed out: a set on disk, and the changes since. One
 * thread makes a generation at a time; any thread reads meanwhile, as nothing that has a name or a
 * place in a journal is ever changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>

#include "generations.h"

int sl_generations_open(
	struct sl_generations **out, const char *dir, unsigned keep, char *err, size_t err_len)
{
	struct sl_generations *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return -ENOMEM;
	g->keep = keep > 0 ? keep : 1;
	pthread_mutex_init(&g->writer, NULL);
	pthread_mutex_init(&g->lock, NULL);
	g->files = g->history.journal.fd = -1;
	g->folder = disk_folder(dir);
	int rc = g->folder < 0 ? g->folder : 0;
	if (rc == 0) {
		g->files = disk_below(g->folder, "files");
		rc = g->files < 0 ? g->files : 0;
	}
	if (rc == 0)
		rc = generations_read(g);
	if (rc < 0) {
		snprintf(err, err_len, "%s: %s", dir,
			rc == -EBUSY	 ? "another collector hands out from it"
			: rc == -EBADMSG ? "what it says of its generations can't be read; move "
					   "it away to begin anew"
					 : strerror(-rc));
		sl_generations_close(g);
		return rc;
	}
	generations_prune(g, false); /* of files, feeds may have some that no set names yet */
	*out = g;
	return 0;
}

void sl_generations_close(struct sl_generations *g)
{
	struct fold_made made;
	if (g == NULL)
		return;
	if (g->fold != NULL)
		(void)fold_end(g->fold, &made);
	history_fini(&g->history);
	if (g->files >= 0)
		close(g->files);
	if (g->folder >= 0)
		close(g->folder);
	pthread_mutex_destroy(&g->lock);
	pthread_mutex_destroy(&g->writer);
	free(g->set);
	free(g);
}

int sl_generations_file(
	struct sl_generations *g, const void *p, size_t len, char sha256[SL_SET_HEX])
{
	uint8_t digest[SL_DIGEST_MAX];
	int rc = sl_digest_of(SL_SHA256, p, len, digest);
	if (rc < 0)
		return rc;
	sl_hex(digest, SL_DIGEST_MAX, sha256);
	if (faccessat(g->files, sha256, F_OK, 0) == 0)
		return 0;
	return disk_write(g->files, sha256, p, len);
}

/* ---- which there are ---- */

const struct snapshot *generation_base(const struct sl_generations *g)
{
	return g->sets > 0 ? &g->set[g->sets - 1] : NULL;
}

const struct snapshot *generation_from(const struct sl_generations *g, uint64_t number)
{
	for (size_t i = g->sets; i-- > 0;) {
		uint64_t at = g->set[i].head.number;
		bool before = at <= number;
		if (history_find(&g->history, number) != NULL &&
			history_follows(&g->history, before ? at : number, before ? number : at))
			return &g->set[i];
	}
	return NULL;
}

void generation_tell(
	const struct sl_generations *g, const struct step *s, struct sl_generation *out)
{
	const struct step *last = history_last(&g->history);
	*out = (struct sl_generation){ .number = s->head.number,
		.time_s = s->head.time_s,
		.lines = s->head.lines,
		.bytes = s->head.bytes,
		.back_to = s->head.back_to,
		.delta = s->delta };
	memcpy(out->sha256, s->head.id, sizeof(out->sha256));
	out->kept = s == last || (last->head.number - s->head.number < g->keep &&
					 generation_from(g, s->head.number) != NULL);
}

bool sl_generations_newest(struct sl_generations *g, struct sl_generation *out)
{
	pthread_mutex_lock(&g->lock);
	const struct step *last = history_last(&g->history);
	if (last != NULL)
		generation_tell(g, last, out);
	pthread_mutex_unlock(&g->lock);
	return last != NULL;
}

bool sl_generations_held(struct sl_generations *g)
{
	pthread_mutex_lock(&g->lock);
	bool held = g->held;
	pthread_mutex_unlock(&g->lock);
	return held;
}

unsigned sl_generations_torn(const struct sl_generations *g)
{
	return g->history.torn;
}

/* ---- making one: by a change ---- */

static bool head_after(const struct journal_head *last, const struct sl_set_sum *sum,
	struct sl_set_text change, uint64_t back_to, struct journal_head *out)
{
	if (sum->fewer > last->lines + sum->more || sum->bytes_fewer > last->bytes)
		return false;
	*out = (struct journal_head){ .number = last->number + 1,
		.time_s = sl_clock_wall_ns() / SL_SECOND,
		.lines = last->lines + sum->more - sum->fewer,
		.bytes = last->bytes + sum->bytes_more - sum->bytes_fewer,
		.back_to = back_to };
	journal_chain(last->id, change, out->id);
	return true;
}

/* What follows on the last. */
static int append(struct sl_generations *g, struct sl_set_text change, uint64_t back_to)
{
	const struct step *last = history_last(&g->history);
	struct step s = { .delta = true };
	struct sl_set_sum sum;
	int rc = sl_set_change_check(change, &sum);
	if (rc == 0 && !head_after(&last->head, &sum, change, back_to, &s.head))
		rc = -EBADMSG;
	if (rc == 0 && s.head.bytes > SL_SET_BYTES_MAX)
		rc = -EFBIG;
	if (rc == 0) {
		pthread_mutex_lock(&g->lock);
		rc = history_room(&g->history);
		pthread_mutex_unlock(&g->lock);
	}
	if (rc == 0)
		rc = history_write(&g->history, &s.head, change, &s.change);
	if (rc < 0)
		return rc;
	s.files = sum.files > 0;
	g->stale |= s.files;
	pthread_mutex_lock(&g->lock);
	history_push(&g->history, &s);
	g->since += change.len;
	pthread_mutex_unlock(&g->lock);
	return 0;
}

int sl_generations_change(struct sl_generations *g, uint64_t after, struct sl_set_text change)
{
	pthread_mutex_lock(&g->writer);
	const struct step *last = history_last(&g->history);
	int rc = 0;
	if (g->held)
		rc = -EAGAIN;
	else if (last == NULL || last->head.number != after || g->damaged)
		rc = -ESTALE;
	else if (change.len > SL_SET_CHANGE_BYTES_MAX)
		rc = -EFBIG;
	else
		rc = change.len == 0 ? 1 : append(g, change, 0);
	pthread_mutex_unlock(&g->writer);
	return rc;
}

int sl_generations_tidy(struct sl_generations *g)
{
	pthread_mutex_lock(&g->writer);
	int rc = g->history.journal.fd >= 0 ? journal_sync(&g->history.journal) : 0;
	generations_fold(g);
	pthread_mutex_unlock(&g->writer);
	return rc;
}

/* ---- making one: by a whole set ---- */

static int enlist(struct sl_generations *g, const struct snapshot *s, bool held)
{
	struct step step = { .head = s->head };
	pthread_mutex_lock(&g->lock);
	int rc = history_room(&g->history);
	if (rc == 0)
		rc = generations_enlist(g, s);
	if (rc == 0)
		history_push(&g->history, &step);
	g->since = rc == 0 ? 0 : g->since;
	pthread_mutex_unlock(&g->lock);
	if (rc == 0)
		rc = history_turn(&g->history);
	if (rc == 0)
		rc = generations_write(g, held);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&g->lock);
	g->held = held;
	pthread_mutex_unlock(&g->lock);
	g->damaged = false;
	g->fold_at = 0;
	generations_prune(g, s->head.back_to == 0); /* else feeds may have some that none names */
	return 0;
}

/* Whether taking the change is less work than taking the set. */
static bool small(uint64_t change, uint64_t set)
{
	return change <= SL_SET_CHANGE_BYTES_MAX && change <= set / 2 + SL_SET_CHUNK;
}

/* What makes the set of what is handed out, as a file on its way. */
static int change_make(struct sl_generations *g, struct sl_set_text now, struct disk_file *d)
{
	struct sl_set_text before = { NULL, 0 };
	int rc = generations_present(g, &before);
	if (rc == 0)
		rc = disk_begin(d, g->folder, "change");
	if (rc == 0)
		rc = sl_set_change(before, now, d->f);
	if (rc == 0 && fflush(d->f) != 0)
		rc = -errno;
	sl_set_unmap(&before);
	return rc;
}

/* By a change where there is one. 1: it is the same; -EFBIG: by the whole. */
static int make_change(struct sl_generations *g, struct sl_set_text now)
{
	struct disk_file d = { .f = NULL };
	struct sl_set_text change = { NULL, 0 };
	if (g->sets == 0)
		return -EFBIG;
	int rc = change_make(g, now, &d);
	if (rc == 0)
		rc = sl_set_map(g->folder, d.part, &change);
	if (rc == 0)
		rc = change.len == 0		  ? 1
		     : small(change.len, now.len) ? append(g, change, 0)
						  : -EFBIG;
	sl_set_unmap(&change);
	disk_drop(&d);
	/* Where what there was can't be read any more, it is as if it were another. */
	return rc == -EBADMSG || rc == -ENOENT ? -EFBIG : rc;
}

/* The text lies under d, on its way to be the next set. */
static int make(struct sl_generations *g, struct disk_file *d, uint64_t back_to)
{
	const struct step *last = history_last(&g->history);
	struct snapshot s = { .head = { .number = last != NULL ? last->head.number + 1 : 1,
				      .time_s = sl_clock_wall_ns() / SL_SECOND,
				      .back_to = back_to } };
	struct sl_set_text now = { NULL, 0 };
	int rc = fflush(d->f) != 0 ? -errno : sl_set_map(g->folder, d->part, &now);
	if (rc < 0)
		return rc;
	s.head.bytes = now.len;
	rc = now.len > SL_SET_BYTES_MAX ? -EFBIG : sl_set_check(now, &s.head.lines, NULL, NULL);
	if (rc == 0)
		rc = sl_digest_of(SL_SHA256, now.p, now.len, s.sha256);
	memcpy(s.head.id, s.sha256, sizeof(s.head.id));
	if (rc == 0)
		rc = back_to == 0 ? make_change(g, now) : -EFBIG;
	sl_set_unmap(&now);
	if (rc != -EFBIG || s.head.bytes > SL_SET_BYTES_MAX)
		return rc;
	rc = disk_keep(d);
	return rc < 0 ? rc : enlist(g, &s, back_to != 0);
}

static int text_begin(struct sl_generations *g, struct disk_file *d)
{
	const struct step *last = history_last(&g->history);
	char name[GENERATION_NAME];
	generation_set(last != NULL ? last->head.number + 1 : 1, name);
	return disk_begin(d, g->folder, name);
}

int sl_generations_add(struct sl_generations *g, const struct sl_set_text *sets, size_t n)
{
	struct disk_file d = { .f = NULL };
	pthread_mutex_lock(&g->writer);
	int rc = g->held ? -EAGAIN : text_begin(g, &d);
	if (rc == 0)
		rc = sl_set_union(sets, n, d.f);
	if (rc == 0)
		rc = make(g, &d, 0);
	disk_drop(&d);
	pthread_mutex_unlock(&g->writer);
	return rc;
}

/* ---- going back ---- */

/* The newest before the one handed out, or the one that is named. */
static const struct step *back_find(const struct sl_generations *g, uint64_t to)
{
	const struct history *h = &g->history;
	const struct step *last = history_last(h);
	if (to != 0 || last == NULL)
		return history_find(h, to);
	/* Going back again goes further back than where the set first stood; what was gone back
	 * from may have been handed out again since. Each set differs from the one before it. */
	uint64_t below = last->head.number;
	for (const struct step *o = last;
		o != NULL && o->head.back_to != 0 && o->head.back_to < below;
		o = history_find(h, o->head.back_to))
		below = o->head.back_to;
	return history_find(h, below - 1);
}

static int hold(struct sl_generations *g, bool held)
{
	int rc = g->held == held ? 0 : generations_write(g, held);
	if (rc < 0)
		return rc;
	pthread_mutex_lock(&g->lock);
	g->held = held;
	pthread_mutex_unlock(&g->lock);
	return 0;
}

int sl_generations_text(struct sl_generations *g, uint64_t number, FILE *out)
{
	struct sl_set_text base = { NULL, 0 };
	struct fold_work w = { .change = NULL };
	char name[GENERATION_NAME], *change = NULL;
	size_t len = 0;
	pthread_mutex_lock(&g->lock);
	const struct snapshot *s = generation_from(g, number);
	uint64_t from = s != NULL ? s->head.number : 0;
	bool back = from > number;
	int rc = s == NULL ? -ENOENT
			   : fold_work(&g->history, back ? number : from, back ? from : number, &w);
	pthread_mutex_unlock(&g->lock);
	generation_set(from, name);
	if (rc == 0)
		rc = fold_change(&w, back, &change, &len);
	if (rc == 0)
		rc = sl_set_map(g->folder, name, &base);
	if (rc == 0)
		rc = sl_set_apply(base, (struct sl_set_text){ change, len }, out);
	sl_set_unmap(&base);
	free(change);
	fold_work_free(&w);
	return rc;
}

/* By taking back the changes since. -EFBIG: by the whole. */
static int back_change(struct sl_generations *g, uint64_t to)
{
	const struct step *last = history_last(&g->history);
	char *change = NULL;
	size_t len = 0;
	if (!history_follows(&g->history, to, last->head.number))
		return -EFBIG;
	int rc = history_change(&g->history, to, last->head.number, true, &change, &len);
	if (rc == 0)
		rc = len == 0 ? 1 : !small(len, last->head.bytes) ? -EFBIG : hold(g, true);
	if (rc == 0) {
		rc = append(g, (struct sl_set_text){ change, len }, to);
		if (rc < 0)
			(void)hold(g, false);
	}
	free(change);
	return rc;
}

static int back_whole(struct sl_generations *g, uint64_t to)
{
	struct disk_file d;
	int rc = text_begin(g, &d);
	if (rc < 0)
		return rc;
	rc = sl_generations_text(g, to, d.f);
	if (rc == 0)
		rc = make(g, &d, to);
	disk_drop(&d);
	return rc;
}

int sl_generations_back(struct sl_generations *g, uint64_t to)
{
	struct sl_generation old = { 0 };
	pthread_mutex_lock(&g->writer);
	const struct step *s = back_find(g, to);
	if (s != NULL)
		generation_tell(g, s, &old);
	int rc = old.kept ? back_change(g, old.number) : -ENOENT;
	if (rc == -EFBIG)
		rc = back_whole(g, old.number);
	if (rc == 1) /* it is handed out already: what is asked for is that it stays */
		rc = hold(g, true);
	if (rc == 0)
		rc = journal_sync(&g->history.journal);
	pthread_mutex_unlock(&g->writer);
	return rc;
}

int sl_generations_resume(struct sl_generations *g)
{
	pthread_mutex_lock(&g->writer);
	int rc = hold(g, false);
	pthread_mutex_unlock(&g->writer);
	return rc;
}
