/* SPDX-License-Identifier: BSD-3-Clause */
/* answer.c - the collector's answers: each from its disk alone, so that no transfer is anything to
 * remember. Any thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "generations.h"

typedef Sightline__V1__IntelRequest Request;
typedef Sightline__V1__IntelAnswer Answer;

static bool bytes_copy(ProtobufCBinaryData *to, const void *p, size_t len)
{
	to->data = malloc(len + 1);
	if (to->data == NULL)
		return false;
	memcpy(to->data, p, len);
	to->len = len;
	return true;
}

/* ---- what is handed out ---- */

static bool say_state(Answer *a, const struct sl_generation *newest, const char *refused)
{
	Sightline__V1__IntelState *s = malloc(sizeof(*s));
	if (s == NULL)
		return false;
	sightline__v1__intel_state__init(s);
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_STATE;
	a->state = s;
	if (refused != NULL && (s->refused = strdup(refused)) == NULL)
		return false;
	if (newest->number == 0)
		return true;
	s->generation = newest->number;
	return bytes_copy(&s->sha256, newest->sha256, SL_DIGEST_MAX);
}

/* ---- chunks ---- */

struct chunk {
	uint64_t size, offset;
	ProtobufCBinaryData bytes;
};

/* Of `size` bytes that begin at `from`; SIZE_WHOLE: of all of the file. -ENOENT: there is no such
 * file, or no such place in it. */
#define SIZE_WHOLE UINT64_MAX
static int chunk_read(int folder, const char *name, uint64_t from, uint64_t size, uint64_t offset,
	struct chunk *out)
{
	struct stat st;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -ENOENT;
	int rc = fstat(fd, &st) < 0 ? -ENOENT : 0;
	if (rc == 0 && size == SIZE_WHOLE)
		size = (uint64_t)st.st_size;
	rc = rc < 0 || offset > size ? -ENOENT : 0;
	size_t len = size - offset < SL_SET_CHUNK ? (size_t)(size - offset) : SL_SET_CHUNK;
	uint8_t *p = rc == 0 ? malloc(len + 1) : NULL;
	ssize_t n = -1;
	if (p != NULL)
		n = pread(fd, p, len, (off_t)(from + offset));
	close(fd);
	if (rc == 0 && n < 0) {
		rc = p == NULL ? -ENOMEM : -EIO;
		free(p);
	}
	if (rc == 0)
		*out = (struct chunk){ size, offset, { (size_t)n, p } };
	return rc;
}

static bool say_snapshot(
	struct sl_generations *g, Answer *a, const struct snapshot *of, uint64_t offset)
{
	char name[GENERATION_NAME];
	struct chunk c;
	Sightline__V1__IntelSnapshot *s = malloc(sizeof(*s));
	if (s == NULL)
		return false;
	generation_set(of->head.number, name);
	if (chunk_read(g->folder, name, 0, SIZE_WHOLE, offset, &c) < 0) {
		free(s);
		return false;
	}
	sightline__v1__intel_snapshot__init(s);
	s->generation = of->head.number;
	s->size = c.size;
	s->offset = c.offset;
	s->chunk = c.bytes;
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT;
	a->snapshot = s;
	return bytes_copy(&s->sha256, of->sha256, SL_DIGEST_MAX) &&
	       bytes_copy(&s->identity, of->head.id, SL_DIGEST_MAX);
}

/* A change, and the step that it is one of. */
struct way {
	struct step step;
	uint8_t previous[SL_DIGEST_MAX];
};

static Sightline__V1__IntelDelta *delta_of(
	struct sl_generations *g, const struct way *w, uint64_t offset)
{
	char name[JOURNAL_NAME];
	struct chunk c;
	const struct extent *e = &w->step.change;
	Sightline__V1__IntelDelta *d = malloc(sizeof(*d));
	if (d == NULL)
		return NULL;
	journal_name(e->journal, name);
	if (chunk_read(g->folder, name, e->at, e->len, offset, &c) < 0) {
		free(d);
		return NULL;
	}
	sightline__v1__intel_delta__init(d);
	d->generation = w->step.head.number;
	d->previous = w->step.head.number - 1;
	d->size = c.size;
	d->offset = c.offset;
	d->chunk = c.bytes;
	if (bytes_copy(&d->sha256, w->step.head.id, SL_DIGEST_MAX) &&
		bytes_copy(&d->previous_sha256, w->previous, SL_DIGEST_MAX))
		return d;
	sightline__v1__intel_delta__free_unpacked(d, NULL);
	return NULL;
}

static bool say_delta(struct sl_generations *g, Answer *a, const struct way *w, uint64_t offset)
{
	a->delta = delta_of(g, w, offset);
	if (a->delta != NULL)
		a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA;
	return a->delta != NULL;
}

/* Behind the first, which is whole, those that fit beside it. */
static void say_more(struct sl_generations *g, Answer *a, const struct way *w, size_t n)
{
	size_t room = SL_SET_CHUNK - a->delta->chunk.len;
	if (n == 0 || a->delta->chunk.len < a->delta->size)
		return;
	a->more = calloc(n, sizeof(Sightline__V1__IntelDelta *));
	for (size_t i = 0; a->more != NULL && i < n && w[i].step.change.len <= room; i++) {
		Sightline__V1__IntelDelta *d = delta_of(g, &w[i], 0);
		if (d == NULL)
			return;
		a->more[a->n_more++] = d;
		room -= d->chunk.len;
	}
}

static bool say_file(struct sl_generations *g, Answer *a, const Request *q)
{
	char name[SL_SET_HEX];
	struct chunk c;
	if (q->file.len != SL_DIGEST_MAX)
		return false;
	sl_hex(q->file.data, SL_DIGEST_MAX, name);
	Sightline__V1__IntelFile *f = malloc(sizeof(*f));
	if (f == NULL)
		return false;
	if (chunk_read(g->files, name, 0, SIZE_WHOLE, q->offset, &c) < 0) {
		free(f);
		return false;
	}
	sightline__v1__intel_file__init(f);
	f->size = c.size;
	f->offset = c.offset;
	f->chunk = c.bytes;
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_FILE;
	a->file = f;
	return bytes_copy(&f->sha256, q->file.data, SL_DIGEST_MAX);
}

static bool say_generations(const struct sl_generation *all, size_t n, bool held, Answer *a)
{
	Sightline__V1__IntelGenerations *l = malloc(sizeof(*l));
	if (l == NULL)
		return false;
	sightline__v1__intel_generations__init(l);
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_GENERATIONS;
	a->generations = l;
	l->held = held;
	l->generations = calloc(n + 1, sizeof(Sightline__V1__IntelGeneration *));
	for (size_t i = 0; l->generations != NULL && i < n; i++) {
		Sightline__V1__IntelGeneration *o = malloc(sizeof(*o));
		if (o == NULL)
			return false;
		sightline__v1__intel_generation__init(o);
		l->generations[l->n_generations++] = o;
		o->generation = all[i].number;
		o->time = all[i].time_s;
		o->lines = all[i].lines;
		o->back_to = all[i].back_to;
		o->kept = all[i].kept;
		if (!bytes_copy(&o->sha256, all[i].sha256, SL_DIGEST_MAX))
			return false;
	}
	return l->generations != NULL;
}

/* ---- which ---- */

#define MORE_MAX 64 /* changes beside one */

/* What an answer needs to know, as it is now. */
struct view {
	struct sl_generation newest; /* number 0: nothing is handed out yet */
	bool current; /* it is what the sensor has */
	struct snapshot base, asked; /* number 0: there is none */
	struct way way[1 + MORE_MAX];
	size_t ways;
	struct sl_generation *all; /* where they are asked for */
	size_t count;
	bool held;
};

/* The steps behind `after`, each a change of the one before. */
static void ways(const struct history *h, const struct step *after, size_t most, struct view *v)
{
	for (uint64_t n = after->head.number; v->ways < most; n++) {
		const struct step *before = history_find(h, n), *next = history_find(h, n + 1);
		if (next == NULL || !next->delta)
			break;
		v->way[v->ways].step = *next;
		memcpy(v->way[v->ways++].previous, before->head.id, SL_DIGEST_MAX);
	}
}

/* Whether a set came since that is no change of the one before: then what leads there is in vain.
 */
static bool cut_off(const struct sl_generations *g, const struct step *from)
{
	for (size_t i = g->sets; i-- > 0 && g->set[i].head.number > from->head.number;) {
		const struct step *s = history_find(&g->history, g->set[i].head.number);
		if (s == NULL || !s->delta)
			return true;
	}
	return false;
}

static void view_next(const struct sl_generations *g, const Request *q, struct view *v)
{
	const struct step *s = history_find(&g->history, q->generation);
	if (q->whole || s == NULL || q->sha256.len != SL_DIGEST_MAX ||
		memcmp(q->sha256.data, s->head.id, SL_DIGEST_MAX) != 0)
		return;
	v->current = s == history_last(&g->history);
	if (!cut_off(g, s))
		ways(&g->history, s, 1 + MORE_MAX, v);
}

static void view_asked(const struct sl_generations *g, const Request *q, struct view *v)
{
	const struct step *before = q->of > 0 ? history_find(&g->history, q->of - 1) : NULL;
	if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__DELTA && before != NULL)
		ways(&g->history, before, 1, v);
	for (size_t i = 0; i < g->sets; i++)
		if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__SNAPSHOT &&
			g->set[i].head.number == q->of)
			v->asked = g->set[i];
}

static bool view_all(const struct sl_generations *g, struct view *v)
{
	const struct history *h = &g->history;
	size_t most = (size_t)g->keep * NAMES_OF_SET;
	size_t from = h->count > most ? h->count - most : 0;
	v->all = calloc(h->count - from + 1, sizeof(*v->all));
	v->held = g->held;
	for (size_t i = from; v->all != NULL && i < h->count; i++)
		generation_tell(g, &h->all[i], &v->all[v->count++]);
	return v->all != NULL;
}

static bool view_take(struct sl_generations *g, const Request *q, struct view *v)
{
	bool good = true;
	pthread_mutex_lock(&g->lock);
	if (g->sets > 0) {
		generation_tell(g, history_last(&g->history), &v->newest);
		v->base = *generation_base(g);
		if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__NEXT)
			view_next(g, q, v);
		view_asked(g, q, v);
	}
	if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__GENERATIONS)
		good = view_all(g, v);
	pthread_mutex_unlock(&g->lock);
	return good;
}

static bool say_next(struct sl_generations *g, const struct view *v, Answer *a)
{
	if (v->newest.number == 0 || v->current)
		return false;
	if (v->ways == 0)
		return say_snapshot(g, a, &v->base, 0);
	if (!say_delta(g, a, &v->way[0], 0))
		return false;
	say_more(g, a, v->way + 1, v->ways - 1);
	return true;
}

static bool say_asked(struct sl_generations *g, const struct view *v, const Request *q, Answer *a)
{
	switch (q->what) {
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__NEXT:
		return say_next(g, v, a);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__SNAPSHOT:
		return v->asked.head.number > 0 && say_snapshot(g, a, &v->asked, q->offset);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__DELTA:
		return v->ways > 0 && say_delta(g, a, &v->way[0], q->offset);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__FILE:
		return say_file(g, a, q);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__GENERATIONS:
		return say_generations(v->all, v->count, v->held, a);
	default:
		return false;
	}
}

/* An operator's; NULL: done. */
static const char *obey(struct sl_generations *g, const Request *q)
{
	int rc = 0;
	if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__ROLLBACK)
		rc = sl_generations_back(g, q->of);
	else if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__RESUME)
		rc = sl_generations_resume(g);
	return rc == -ENOENT ? "the set of that generation is not kept"
	       : rc < 0	     ? strerror(-rc)
			     : NULL;
}

Sightline__V1__IntelAnswer *sl_generations_answer(
	struct sl_generations *g, const Sightline__V1__IntelRequest *q)
{
	Answer *a = malloc(sizeof(*a));
	struct view *v = calloc(1, sizeof(*v));
	bool good = a != NULL && v != NULL;
	if (a != NULL)
		sightline__v1__intel_answer__init(a);
	if (good) {
		a->number = q->number;
		const char *refused = obey(g, q);
		good = view_take(g, q, v);
		if (good && !say_asked(g, v, q, a) &&
			a->about_case == SIGHTLINE__V1__INTEL_ANSWER__ABOUT__NOT_SET)
			good = say_state(a, &v->newest, refused);
		free(v->all);
	}
	free(v);
	if (good)
		return a;
	if (a != NULL)
		sightline__v1__intel_answer__free_unpacked(a, NULL);
	return NULL;
}

Sightline__V1__IntelAnswer *sl_generations_announce(struct sl_generations *g)
{
	Sightline__V1__IntelRequest q = SIGHTLINE__V1__INTEL_REQUEST__INIT;
	q.what = SIGHTLINE__V1__INTEL_REQUEST__WHAT__RESUME + 1; /* asks for nothing: the state */
	return sl_generations_answer(g, &q);
}
