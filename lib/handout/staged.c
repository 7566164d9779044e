/* SPDX-License-Identifier: BSD-3-Clause */
/* staged.c - what a sensor has in force, what has come and is proven, and the way from one to the
 * other. What a change costs here is that of its lines: a text is made beside, or where somebody
 * has to read the whole. One thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "taker.h"

#define SHARE 2 /* of the text: changes of so many bytes are worth a new one */
#define LEAST ((uint64_t)1 << 20)
#define FOLDED "set-folded"

int staged_push(struct sl_taker *t, const struct journal_head *head, char *text, size_t len)
{
	if (t->pendings == t->room) {
		size_t room = t->room * 2 + 8;
		struct pending *more = realloc(t->pending, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		t->pending = more;
		t->room = room;
	}
	t->pending[t->pendings++] = (struct pending){ *head, text, len };
	t->pending_bytes += len;
	t->base = *head;
	return 0;
}

void staged_clear(struct sl_taker *t)
{
	while (t->pendings > 0)
		free(t->pending[--t->pendings].text);
	t->pending_bytes = 0;
}

static uint64_t in_force(const struct sl_taker *t)
{
	const struct step *s = history_last(&t->history);
	return s != NULL ? s->head.number : 0;
}

/* ---- changes ---- */

void staged_forget(struct sl_taker *t)
{
	free(t->add);
	free(t->remove);
	t->add = t->remove = NULL;
	t->add_len = t->remove_len = 0;
}

static int lines_set(struct sl_taker *t, struct sl_set_text change)
{
	staged_forget(t);
	return sl_set_change_split(change, &t->add, &t->add_len, &t->remove, &t->remove_len);
}

static int no_file(void *arg, bool add, const char sha256[SL_SET_HEX], const char *name)
{
	(void)arg, (void)add, (void)sha256, (void)name;
	return -ENOTSUP;
}

/* What makes the fresh text of the one before it; -EFBIG: too much. Mapped, and nameless. */
static int between_texts(struct sl_taker *t, struct sl_set_text *out)
{
	char from[SL_SET_HEX + 8], to[SL_SET_HEX + 8];
	struct disk_file d = { .f = NULL };
	struct sl_set_text a = { NULL, 0 }, b = { NULL, 0 };
	kept_name(t->set.sha256, from);
	kept_name(t->fresh.sha256, to);
	int rc = sl_set_map(t->folder, from, &a);
	if (rc == 0)
		rc = sl_set_map(t->folder, to, &b);
	if (rc == 0)
		rc = disk_begin(&d, t->folder, "change");
	if (rc == 0)
		rc = sl_set_change(a, b, d.f);
	if (rc == 0 && fflush(d.f) != 0)
		rc = -errno;
	if (rc == 0)
		rc = sl_set_map(t->folder, d.part, out);
	disk_drop(&d);
	sl_set_unmap(&a);
	sl_set_unmap(&b);
	if (rc == 0 && out->len > SL_SET_CHANGE_BYTES_MAX) {
		sl_set_unmap(out);
		rc = -EFBIG;
	}
	return rc;
}

/* The way from what is in force to the fresh text: back to the text that it began with, and over.
 */
static int way_to_fresh(struct sl_taker *t, struct sl_set_text way[2], char **back)
{
	size_t len;
	if (t->set.head.number == 0)
		return -ENOENT;
	int rc = history_change(&t->history, t->set.head.number, in_force(t), true, back, &len);
	if (rc == 0)
		way[0] = (struct sl_set_text){ *back, len };
	return rc < 0 ? rc : between_texts(t, &way[1]);
}

static int pending_change(
	struct sl_taker *t, const struct sl_set_text *first, size_t n, char **out, size_t *len)
{
	struct sl_set_text *all = calloc(n + t->pendings + 1, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		all[i] = first[i];
	for (size_t i = 0; i < t->pendings; i++)
		all[n + i] = (struct sl_set_text){ t->pending[i].text, t->pending[i].len };
	int rc = sl_set_compose(all, n + t->pendings, false, out, len);
	free(all);
	return rc;
}

bool staged_change(struct sl_taker *t)
{
	struct sl_set_text way[2] = { { NULL, 0 }, { NULL, 0 } };
	char *back = NULL, *text = NULL;
	size_t len, n = t->fresh.head.number > 0 ? 2 : 0;
	staged_forget(t);
	int rc = n > 0 ? way_to_fresh(t, way, &back) : t->set.head.number > 0 ? 0 : -ENOENT;
	if (rc == 0)
		rc = pending_change(t, way, n, &text, &len);
	if (rc == 0 && len > SL_SET_CHANGE_BYTES_MAX)
		rc = -EFBIG;
	if (rc == 0)
		rc = sl_set_change_files((struct sl_set_text){ text, len }, no_file, NULL);
	if (rc == 0)
		rc = lines_set(t, (struct sl_set_text){ text, len });
	free(text);
	free(back);
	sl_set_unmap(&way[1]);
	return rc == 0;
}

int staged_late(struct sl_taker *t)
{
	char *text;
	size_t len;
	staged_forget(t);
	if (t->set.head.number == in_force(t))
		return 0;
	int rc = history_change(&t->history, t->set.head.number, in_force(t), false, &text, &len);
	if (rc < 0)
		return rc;
	rc = lines_set(t, (struct sl_set_text){ text, len });
	free(text);
	return rc;
}

/* ---- texts ---- */

/* Gives a text that was made its own name. */
static int name_it(struct sl_taker *t, const char *made, const struct fold_made *m,
	const struct journal_head *head, struct snapshot *out)
{
	char name[SL_SET_HEX + 8];
	if (m->lines != head->lines || m->bytes != head->bytes)
		return -EBADMSG;
	kept_name(m->sha256, name);
	if (renameat(t->folder, made, t->folder, name) < 0)
		return -errno;
	out->head = *head;
	memcpy(out->sha256, m->sha256, sizeof(out->sha256));
	t->stale = true;
	return 0;
}

static int fold_of(struct sl_taker *t, struct fold_work *w)
{
	int rc = fold_work(&t->history, t->set.head.number, in_force(t), w);
	if (rc < 0)
		return rc;
	kept_name(t->set.sha256, w->from);
	snprintf(w->to, sizeof(w->to), FOLDED);
	return 0;
}

/* What is in force goes on from the text. */
static int go_on_from(struct sl_taker *t, const struct snapshot *s)
{
	int rc = kept_point(t, s, &t->held);
	if (rc < 0)
		return rc;
	t->set = *s;
	history_cut(&t->history, s->head.number);
	rc = history_turn(&t->history);
	history_sweep(&t->history);
	return rc;
}

static void fold_take(struct sl_taker *t, bool use)
{
	struct fold_made made = { 0 };
	struct snapshot s = { 0 };
	int rc = fold_end(t->fold, &made);
	t->fold = NULL;
	use &= memcmp(t->fold_from, t->set.sha256, sizeof(t->fold_from)) == 0;
	if (rc == 0 && use)
		rc = name_it(t, FOLDED, &made, &t->folding.head, &s);
	if (rc == 0 && use)
		rc = go_on_from(t, &s);
	unlinkat(t->folder, FOLDED, 0);
	t->fold_at = rc < 0 ? 2 * t->history.journal.size : 0;
	if (use && rc == -EBADMSG) /* the changes are not of this text */
		t->whole = true;
}

int staged_fold(struct sl_taker *t)
{
	struct fold_work w;
	struct fold_made made = { 0 };
	struct snapshot s = { 0 };
	if (t->fold != NULL)
		fold_take(t, true);
	if (t->set.head.number == in_force(t))
		return 0;
	int rc = fold_of(t, &w);
	if (rc < 0)
		return rc;
	rc = fold_make(&w, &made);
	fold_work_free(&w);
	if (rc == 0)
		rc = name_it(t, FOLDED, &made, &history_last(&t->history)->head, &s);
	if (rc == 0)
		rc = go_on_from(t, &s);
	t->whole |= rc == -EBADMSG;
	return rc;
}

/* Changes in memory, on a text. */
static int text_make(struct sl_taker *t, const struct snapshot *from, struct snapshot *out)
{
	char name[SL_SET_HEX + 8], *change;
	size_t len;
	struct disk_file d = { .f = NULL };
	struct sl_set_text base = { NULL, 0 };
	struct fold_made made = { 0 };
	kept_name(from->sha256, name);
	int rc = pending_change(t, NULL, 0, &change, &len);
	if (rc < 0)
		return rc;
	rc = sl_set_map(t->folder, name, &base);
	if (rc == 0)
		rc = disk_begin(&d, t->folder, FOLDED);
	if (rc == 0)
		rc = sl_set_apply(base, (struct sl_set_text){ change, len }, d.f);
	if (rc == 0)
		rc = disk_name(&d);
	disk_drop(&d);
	sl_set_unmap(&base);
	free(change);
	if (rc == 0)
		rc = fold_look(t->folder, FOLDED, &made);
	return rc < 0 ? rc : name_it(t, FOLDED, &made, &t->base, out);
}

int staged_whole(struct sl_taker *t)
{
	struct snapshot s = { 0 };
	if (t->fresh.head.number > 0 && t->pendings == 0)
		return 0;
	int rc = t->fresh.head.number > 0 ? 0 : staged_fold(t);
	if (rc == 0 && t->pendings > 0)
		rc = text_make(t, t->fresh.head.number > 0 ? &t->fresh : &t->set, &s);
	else if (rc == 0)
		s = t->set;
	t->whole |= rc == -EBADMSG;
	if (rc < 0)
		return rc;
	t->fresh = s;
	staged_clear(t);
	return 0;
}

void staged_tidy(struct sl_taker *t)
{
	struct fold_work w;
	uint64_t most = t->set.head.bytes / SHARE > LEAST ? t->set.head.bytes / SHARE : LEAST;
	most = most > t->fold_at ? most : t->fold_at;
	if (t->fold != NULL && fold_done(t->fold))
		fold_take(t, true);
	if (t->fold != NULL || t->whole || t->set.head.number == 0 ||
		t->history.journal.size <= most || fold_of(t, &w) < 0 ||
		fold_start(&t->fold, &w) < 0)
		return;
	t->folding.head = history_last(&t->history)->head;
	memcpy(t->fold_from, t->set.sha256, sizeof(t->fold_from));
}

/* ---- in force ---- */

static int begin_with_fresh(struct sl_taker *t)
{
	struct step known = { .head = t->fresh.head };
	if (t->fold != NULL)
		fold_take(t, false);
	int rc = kept_point(t, &t->fresh, &t->refs);
	if (rc < 0)
		return rc;
	t->set = t->fresh;
	t->fresh = (struct snapshot){ 0 };
	history_fini(&t->history);
	t->stale = true;
	/* A journal of that name is of another row of generations, and nothing in it follows. */
	rc = history_begin(&t->history, t->folder, &known);
	history_sweep(&t->history);
	return rc;
}

static int record(struct sl_taker *t, const struct pending *p)
{
	struct sl_set_text change = { p->text, p->len };
	struct step s = { .head = p->head, .delta = true };
	int rc = history_room(&t->history);
	if (rc == 0)
		rc = history_write(&t->history, &s.head, change, &s.change);
	if (rc == 0)
		history_push(&t->history, &s);
	return rc;
}

int staged_commit(struct sl_taker *t)
{
	size_t n = 0;
	int rc = t->fresh.head.number > 0 ? begin_with_fresh(t) : 0;
	for (; rc == 0 && n < t->pendings; n += rc == 0)
		rc = record(t, &t->pending[n]);
	if (rc == 0 && n > 0)
		rc = journal_sync(&t->history.journal);
	for (size_t i = 0; i < n; i++) {
		t->pending_bytes -= t->pending[i].len;
		free(t->pending[i].text);
	}
	if (n > 0)
		memmove(t->pending, t->pending + n, (t->pendings - n) * sizeof(*t->pending));
	t->pendings -= n;
	if (rc == 0)
		t->held = t->refs;
	return rc;
}
