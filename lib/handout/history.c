/* SPDX-License-Identifier: BSD-3-Clause */
/* history.c - the steps that journals hold: see history.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "history.h"

const struct step *history_last(const struct history *h)
{
	return h->count > 0 ? &h->all[h->count - 1] : NULL;
}

const struct step *history_find(const struct history *h, uint64_t number)
{
	uint64_t first = h->count > 0 ? h->all[0].head.number : 0;
	return h->count > 0 && number >= first && number - first < h->count
		       ? &h->all[number - first]
		       : NULL;
}

bool history_follows(const struct history *h, uint64_t from, uint64_t to)
{
	for (uint64_t n = to; n > from; n--) {
		const struct step *s = history_find(h, n);
		if (s == NULL || !s->delta)
			return false;
	}
	return from <= to;
}

int history_room(struct history *h)
{
	if (h->all != NULL && h->count < h->room)
		return 0;
	size_t room = h->room * 2 + 64;
	struct step *more = realloc(h->all, room * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	memset(more + h->room, 0, (room - h->room) * sizeof(*more));
	h->all = more;
	h->room = room;
	return 0;
}

void history_push(struct history *h, const struct step *s)
{
	if (h->count < h->room) /* there is: history_room */
		h->all[h->count++] = *s;
}

void history_fini(struct history *h)
{
	journal_end(&h->journal);
	free(h->all);
	h->all = NULL;
	h->count = h->room = 0;
}

/* ---- reading ---- */

/* Names of journals, the oldest first. */
struct found {
	uint64_t *of;
	size_t count, room;
	bool memory;
};

static void find(void *arg, const char *name)
{
	struct found *f = arg;
	char same[JOURNAL_NAME];
	uint64_t of;
	if (sscanf(name, "journal-%" SCNu64, &of) != 1)
		return;
	journal_name(of, same);
	if (strcmp(same, name) != 0)
		return;
	if (f->count == f->room) {
		size_t room = f->room * 2 + 16;
		uint64_t *more = realloc(f->of, room * sizeof(*more));
		f->memory |= more == NULL;
		if (more == NULL)
			return;
		f->of = more;
		f->room = room;
	}
	f->of[f->count++] = of;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static int found_read(struct found *f, int folder)
{
	*f = (struct found){ 0 };
	disk_each(folder, find, f);
	if (f->count > 0)
		qsort(f->of, f->count, sizeof(*f->of), ascending);
	return f->memory ? -ENOMEM : 0;
}

/* Records of all journals, as they are told. */
struct reading {
	struct history *records; /* may have gaps */
	uint64_t of;
	int rc;
};

static int take(void *arg, const struct journal_record *r)
{
	struct reading *g = arg;
	const struct step *last = history_last(g->records);
	uint8_t id[SL_DIGEST_MAX];
	if (last != NULL && r->head.number <= last->head.number)
		return 1;
	if (last != NULL && r->head.number == last->head.number + 1) {
		journal_chain(last->head.id, r->change, id);
		if (memcmp(id, r->head.id, sizeof(id)) != 0)
			return 1;
	}
	g->rc = history_room(g->records);
	if (g->rc < 0)
		return 1;
	struct step s = { r->head, { g->of, r->at, r->change.len }, true, r->sum.files > 0 };
	history_push(g->records, &s);
	return 0;
}

static int journal_steps(struct history *records, uint64_t of, unsigned *torn)
{
	char name[JOURNAL_NAME];
	struct sl_set_text t;
	struct reading g = { records, of, 0 };
	journal_name(of, name);
	int rc = sl_set_map(records->folder, name, &t);
	if (rc < 0)
		return rc;
	*torn += journal_read(t, take, &g) < t.len;
	sl_set_unmap(&t);
	return g.rc;
}

/* Whether a record is what follows on the step. */
static bool follows(const struct history *records, const struct step *on, const struct step *r)
{
	uint8_t id[SL_DIGEST_MAX];
	struct extent e = r->change;
	struct fold_work w = { .folder = records->folder, .change = &e, .changes = 1 };
	char *change;
	size_t len;
	if (on->delta) /* take has seen to it */
		return true;
	if (fold_change(&w, false, &change, &len) < 0)
		return false;
	journal_chain(on->head.id, (struct sl_set_text){ change, len }, id);
	free(change);
	return memcmp(id, r->head.id, sizeof(id)) == 0;
}

/* Snapshots and records as one row: of a snapshot for which there is a record, that. */
static int join(
	struct history *h, const struct history *records, const struct step *known, size_t n)
{
	static const struct step none;
	const struct step *r = records->count > 0 ? records->all : &none;
	const struct step *end = r + records->count;
	const struct step *k = known, *base = &known[n - 1];
	while (r < end || k <= base) {
		const struct step *last = history_last(h), *s = NULL;
		bool set = k <= base && (r == end || k->head.number <= r->head.number);
		uint64_t at = set ? k->head.number : r->head.number;
		bool both = set && r < end && r->head.number == at;
		bool next = last != NULL && last->head.number + 1 == at;
		if (last != NULL && !next && at > base->head.number)
			break;
		if (last != NULL && !next) /* a gap: what is older is of no use */
			h->count = 0;
		if ((both || !set) && (!next || follows(records, last, r)))
			s = r;
		if (set && (s == NULL || memcmp(s->head.id, k->head.id, SL_DIGEST_MAX) != 0))
			s = k;
		r += both || !set;
		k += set;
		if (s == NULL) { /* at a snapshot there is one */
			h->torn++;
			if (at > base->head.number)
				break;
			h->count = 0;
			continue;
		}
		int rc = history_room(h);
		if (rc < 0)
			return rc;
		history_push(h, s);
	}
	h->torn += r < end;
	return 0;
}

/* Writing goes on behind the last record that counts. */
static int journal_open(struct history *h)
{
	const struct step *last = history_last(h);
	uint64_t size = 0;
	h->journal_of = last->head.number;
	if (last->delta) {
		h->journal_of = last->change.journal;
		size = last->change.at + last->change.len + JOURNAL_SUM_LEN;
	}
	return journal_begin(&h->journal, h->folder, h->journal_of, size);
}

int history_read(struct history *h, int folder, const struct step *known, size_t n)
{
	struct found f;
	struct history records = { .folder = folder, .journal = { .fd = -1 } };
	*h = (struct history){ .folder = folder, .journal = { .fd = -1 } };
	int rc = found_read(&f, folder);
	for (size_t i = 0; rc == 0 && i < f.count; i++)
		rc = journal_steps(&records, f.of[i], &h->torn);
	if (rc == 0)
		rc = join(h, &records, known, n);
	if (rc == 0)
		rc = journal_open(h);
	free(f.of);
	history_fini(&records);
	if (rc == 0)
		history_sweep(h);
	else
		history_fini(h);
	return rc;
}

int history_begin(struct history *h, int folder, const struct step *known)
{
	*h = (struct history){ .folder = folder, .journal = { .fd = -1 } };
	int rc = history_room(h);
	if (rc < 0)
		return rc;
	history_push(h, known);
	return history_turn(h);
}

/* ---- writing ---- */

int history_write(struct history *h, const struct journal_head *head, struct sl_set_text change,
	struct extent *at)
{
	*at = (struct extent){ .journal = h->journal_of, .len = change.len };
	return journal_add(&h->journal, head, change, &at->at);
}

int history_turn(struct history *h)
{
	const struct step *last = history_last(h);
	if (last->head.number == h->journal_of)
		return 0;
	int rc = journal_begin(&h->journal, h->folder, last->head.number, 0);
	if (rc == 0)
		h->journal_of = last->head.number;
	return rc;
}

void history_forget(struct history *h, uint64_t number)
{
	size_t n = 0;
	while (n < h->count && h->all[n].head.number < number)
		n++;
	/* A journal stays whole: its first step, too. */
	while (n > 0 && n < h->count && h->all[n].delta && h->all[n - 1].delta &&
		h->all[n].change.journal == h->all[n - 1].change.journal)
		n--;
	memmove(h->all, h->all + n, (h->count - n) * sizeof(*h->all));
	h->count -= n;
}

void history_cut(struct history *h, uint64_t number)
{
	size_t n = 0;
	while (n < h->count && h->all[n].head.number < number)
		n++;
	memmove(h->all, h->all + n, (h->count - n) * sizeof(*h->all));
	h->count -= n;
	if (h->count > 0)
		h->all[0].delta = false;
}

void history_sweep(const struct history *h)
{
	struct found f;
	if (found_read(&f, h->folder) == 0)
		for (size_t i = 0; i < f.count; i++) {
			bool named = f.of[i] == h->journal_of;
			char name[JOURNAL_NAME];
			for (size_t k = 0; !named && k < h->count; k++)
				named = h->all[k].delta && h->all[k].change.journal == f.of[i];
			journal_name(f.of[i], name);
			if (!named)
				unlinkat(h->folder, name, 0);
		}
	free(f.of);
}

int history_change(
	const struct history *h, uint64_t from, uint64_t to, bool back, char **out, size_t *len)
{
	struct fold_work w;
	int rc = fold_work(h, from, to, &w);
	if (rc < 0)
		return rc;
	rc = fold_change(&w, back, out, len);
	fold_work_free(&w);
	return rc;
}
