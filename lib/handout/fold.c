/* SPDX-License-Identifier: BSD-3-Clause */
/* fold.c - a new snapshot of an old one and the changes since, beside everything else: it reads
 * files that nobody changes any more, and writes one that nobody knows yet. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"
#include "history.h"

#define NICE 10

struct fold {
	pthread_t thread;
	struct fold_work work;
	struct fold_made made;
	int rc;
	atomic_bool done;
};

int fold_work(const struct history *h, uint64_t from, uint64_t to, struct fold_work *out)
{
	const struct step *first = history_find(h, from + 1);
	size_t n = to > from ? (size_t)(to - from) : 0;
	if (n > 0 && (first == NULL || !history_follows(h, from, to)))
		return -ENOENT;
	*out = (struct fold_work){
		.folder = h->folder, .change = calloc(n + 1, sizeof(*out->change)), .changes = n
	};
	if (out->change == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		out->change[i] = first[i].change;
	return 0;
}

void fold_work_free(struct fold_work *w)
{
	free(w->change);
	w->change = NULL;
}

/* The changes' texts, in journals that are mapped once each. */
struct texts {
	struct sl_set_text *map, *change;
	size_t maps;
};

static int texts_open(const struct fold_work *w, struct texts *t)
{
	*t = (struct texts){ .map = calloc(w->changes + 1, sizeof(*t->map)),
		.change = calloc(w->changes + 1, sizeof(*t->change)) };
	int rc = t->map == NULL || t->change == NULL ? -ENOMEM : 0;
	for (size_t i = 0; rc == 0 && i < w->changes; i++) {
		const struct extent *e = &w->change[i];
		char name[JOURNAL_NAME];
		journal_name(e->journal, name);
		if (i == 0 || e->journal != e[-1].journal) {
			rc = sl_set_map(w->folder, name, &t->map[t->maps]);
			t->maps += rc == 0;
		}
		if (rc < 0)
			break;
		const struct sl_set_text *m = &t->map[t->maps - 1];
		if (e->at > m->len || e->len > m->len - e->at)
			rc = -EBADMSG;
		else
			t->change[i] = (struct sl_set_text){ m->p + e->at, e->len };
	}
	return rc;
}

static void texts_close(struct texts *t)
{
	for (size_t i = 0; i < t->maps; i++)
		sl_set_unmap(&t->map[i]);
	free(t->map);
	free(t->change);
}

int fold_change(const struct fold_work *w, bool back, char **out, size_t *len)
{
	struct texts t;
	int rc = texts_open(w, &t);
	if (rc == 0)
		rc = sl_set_compose(t.change, w->changes, back, out, len);
	texts_close(&t);
	return rc;
}

int fold_look(int folder, const char *name, struct fold_made *out)
{
	struct sl_set_text text;
	int rc = sl_set_map(folder, name, &text);
	if (rc < 0)
		return rc;
	out->bytes = text.len;
	rc = text.len > SL_SET_BYTES_MAX ? -EFBIG : sl_set_check(text, &out->lines, NULL, NULL);
	if (rc == 0)
		rc = sl_digest_of(SL_SHA256, text.p, text.len, out->sha256);
	sl_set_unmap(&text);
	return rc;
}

int fold_make(const struct fold_work *w, struct fold_made *out)
{
	struct sl_set_text base = { NULL, 0 };
	struct disk_file d;
	char *change = NULL;
	size_t len = 0;
	*out = (struct fold_made){ 0 };
	int rc = fold_change(w, false, &change, &len);
	if (rc == 0)
		rc = sl_set_map(w->folder, w->from, &base);
	if (rc == 0)
		rc = disk_begin(&d, w->folder, w->to);
	if (rc == 0) {
		rc = sl_set_apply(base, (struct sl_set_text){ change, len }, d.f);
		if (rc == 0)
			rc = disk_keep(&d);
		else
			disk_drop(&d);
	}
	sl_set_unmap(&base);
	free(change);
	if (rc == 0)
		rc = fold_look(w->folder, w->to, out);
	return rc;
}

/* ---- beside everything else ---- */

static void *run(void *arg)
{
	struct fold *f = arg;
	(void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	f->rc = fold_make(&f->work, &f->made);
	atomic_store(&f->done, true);
	return NULL;
}

int fold_start(struct fold **out, struct fold_work *w)
{
	struct fold *f = calloc(1, sizeof(*f));
	if (f == NULL) {
		fold_work_free(w);
		return -ENOMEM;
	}
	f->work = *w;
	int rc = -pthread_create(&f->thread, NULL, run, f);
	if (rc < 0) {
		fold_work_free(&f->work);
		free(f);
		return rc;
	}
	*out = f;
	return 0;
}

bool fold_done(const struct fold *f)
{
	return atomic_load(&f->done);
}

int fold_end(struct fold *f, struct fold_made *out)
{
	pthread_join(f->thread, NULL);
	int rc = f->rc;
	*out = f->made;
	fold_work_free(&f->work);
	free(f);
	return rc;
}
