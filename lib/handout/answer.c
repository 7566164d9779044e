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
	if (newest == NULL)
		return true;
	s->generation = newest->number;
	return bytes_copy(&s->sha256, newest->sha256, SL_DIGEST_MAX);
}

/* ---- chunks ---- */

struct chunk {
	uint64_t size, offset;
	ProtobufCBinaryData bytes;
};

/* -ENOENT: there is no such file, or no such place in it. */
static int chunk_read(int folder, const char *name, uint64_t offset, struct chunk *out)
{
	struct stat st;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -ENOENT;
	int rc = fstat(fd, &st) < 0 || offset > (uint64_t)st.st_size ? -ENOENT : 0;
	uint8_t *p = rc == 0 ? malloc(SL_SET_CHUNK) : NULL;
	ssize_t n = -1;
	if (p != NULL)
		n = pread(fd, p, SL_SET_CHUNK, (off_t)offset);
	close(fd);
	if (rc == 0 && n < 0) {
		rc = p == NULL ? -ENOMEM : -EIO;
		free(p);
	}
	if (rc == 0)
		*out = (struct chunk){ (uint64_t)st.st_size, offset, { (size_t)n, p } };
	return rc;
}

static bool say_snapshot(
	struct sl_generations *g, Answer *a, const struct sl_generation *of, uint64_t offset)
{
	char name[GENERATION_NAME];
	struct chunk c;
	Sightline__V1__IntelSnapshot *s = malloc(sizeof(*s));
	if (s == NULL)
		return false;
	generation_set(of->number, name);
	if (chunk_read(g->folder, name, offset, &c) < 0) {
		free(s);
		return false;
	}
	sightline__v1__intel_snapshot__init(s);
	s->generation = of->number;
	s->size = c.size;
	s->offset = c.offset;
	s->chunk = c.bytes;
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT;
	a->snapshot = s;
	return bytes_copy(&s->sha256, of->sha256, SL_DIGEST_MAX);
}

static bool say_delta(struct sl_generations *g, Answer *a, const struct sl_generation *of,
	const struct sl_generation *before, uint64_t offset)
{
	char name[GENERATION_NAME];
	struct chunk c;
	Sightline__V1__IntelDelta *d = malloc(sizeof(*d));
	if (d == NULL)
		return false;
	generation_delta(of->number, name);
	if (chunk_read(g->folder, name, offset, &c) < 0) {
		free(d);
		return false;
	}
	sightline__v1__intel_delta__init(d);
	d->generation = of->number;
	d->previous = before->number;
	d->size = c.size;
	d->offset = c.offset;
	d->chunk = c.bytes;
	a->about_case = SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA;
	a->delta = d;
	return bytes_copy(&d->sha256, of->sha256, SL_DIGEST_MAX) &&
	       bytes_copy(&d->previous_sha256, before->sha256, SL_DIGEST_MAX);
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
	if (chunk_read(g->files, name, q->offset, &c) < 0) {
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
	l->generations = calloc(n + 1, sizeof(*l->generations));
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

/* The list as it is now, for one answer. */
struct view {
	struct sl_generation *all, *newest;
	size_t count;
	bool held;
};

static bool view_take(struct sl_generations *g, struct view *v)
{
	pthread_mutex_lock(&g->lock);
	v->all = malloc((g->count + 1) * sizeof(*v->all));
	v->count = v->all != NULL ? g->count : 0;
	v->held = g->held;
	if (v->count > 0)
		memcpy(v->all, g->all, v->count * sizeof(*v->all));
	pthread_mutex_unlock(&g->lock);
	v->newest = v->count > 0 ? &v->all[v->count - 1] : NULL;
	return v->all != NULL;
}

static const struct sl_generation *view_find(const struct view *v, uint64_t number)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->all[i].number == number)
			return &v->all[i];
	return NULL;
}

static bool has(const Request *q, const struct sl_generation *one)
{
	return q->generation == one->number && q->sha256.len == SL_DIGEST_MAX &&
	       memcmp(q->sha256.data, one->sha256, SL_DIGEST_MAX) == 0;
}

/* The first delta on the way from what the sensor has; NULL: there is no way. */
static const struct sl_generation *way(const struct view *v, const Request *q)
{
	for (size_t i = 0; !q->whole && i + 1 < v->count; i++) {
		if (!has(q, &v->all[i]))
			continue;
		for (size_t k = i + 1; k < v->count; k++)
			if (!v->all[k].delta || v->all[k].number != v->all[k - 1].number + 1)
				return NULL;
		return &v->all[i + 1];
	}
	return NULL;
}

static bool say_next(struct sl_generations *g, const struct view *v, const Request *q, Answer *a)
{
	if (v->newest == NULL || (!q->whole && has(q, v->newest)))
		return false;
	const struct sl_generation *first = way(v, q);
	return first != NULL ? say_delta(g, a, first, first - 1, 0)
			     : say_snapshot(g, a, v->newest, 0);
}

static bool say_delta_of(
	struct sl_generations *g, const struct view *v, const Request *q, Answer *a)
{
	const struct sl_generation *of = view_find(v, q->of);
	return of != NULL && of > v->all && of->delta && say_delta(g, a, of, of - 1, q->offset);
}

static bool say_asked(struct sl_generations *g, const struct view *v, const Request *q, Answer *a)
{
	const struct sl_generation *of;
	switch (q->what) {
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__NEXT:
		return say_next(g, v, q, a);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__SNAPSHOT:
		of = view_find(v, q->of);
		return of != NULL && of->kept && say_snapshot(g, a, of, q->offset);
	case SIGHTLINE__V1__INTEL_REQUEST__WHAT__DELTA:
		return say_delta_of(g, v, q, a);
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
	struct view v = { 0 };
	if (a == NULL)
		return NULL;
	sightline__v1__intel_answer__init(a);
	a->number = q->number;
	const char *refused = obey(g, q);
	bool good = view_take(g, &v);
	if (good && !say_asked(g, &v, q, a) &&
		a->about_case == SIGHTLINE__V1__INTEL_ANSWER__ABOUT__NOT_SET)
		good = say_state(a, v.newest, refused);
	free(v.all);
	if (good)
		return a;
	sightline__v1__intel_answer__free_unpacked(a, NULL);
	return NULL;
}

Sightline__V1__IntelAnswer *sl_generations_announce(struct sl_generations *g)
{
	Sightline__V1__IntelRequest q = SIGHTLINE__V1__INTEL_REQUEST__INIT;
	q.what = SIGHTLINE__V1__INTEL_REQUEST__WHAT__RESUME + 1; /* asks for nothing: the state */
	return sl_generations_answer(g, &q);
}
