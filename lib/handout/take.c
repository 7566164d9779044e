/* SPDX-License-Identifier: BSD-3-Clause */
/* take.c - the sensor's end: asks for what leads from the set that it has to the one handed out,
 * takes it chunk by chunk, and proves it before anybody sees it. What comes is not trusted: a
 * length, a place, a hash that is not what was asked for costs the transfer, never the set that is
 * in force. One thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "taker.h"

/* Deltas that are put together before a set is said to be ready, where ever more come. */
#define STEPS_MAX 64U

typedef Sightline__V1__IntelAnswer Answer;

int sl_taker_open(struct sl_taker **out, const char *dir, char *err, size_t err_len)
{
	struct sl_taker *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->files = t->ref_folder = -1;
	t->dir = strdup(dir);
	t->folder = disk_folder(dir);
	int rc = t->dir == NULL ? -ENOMEM : t->folder < 0 ? t->folder : 0;
	if (rc == 0) {
		t->files = disk_below(t->folder, "files");
		rc = t->files < 0 ? t->files : 0;
	}
	if (rc < 0) {
		snprintf(err, err_len, "%s: %s", dir,
			rc == -EBUSY ? "another sensor keeps its set there" : strerror(-rc));
		sl_taker_close(t);
		return rc;
	}
	err[0] = '\0';
	rc = kept_load(t);
	if (rc < 0 && rc != -ENOENT)
		snprintf(err, err_len,
			"%s: the last good set is damaged, and left out until the collector "
			"answers",
			dir);
	kept_prune(t);
	*out = t;
	return 0;
}

/* What is on its way is forgotten. */
static void drop(struct sl_taker *t)
{
	disk_drop(&t->to);
	if (t->ref_folder >= 0)
		close(t->ref_folder);
	t->ref_folder = -1;
	free(t->change);
	t->change = NULL;
	t->size = t->got = 0;
	t->phase = PHASE_NEXT;
}

void sl_taker_close(struct sl_taker *t)
{
	if (t == NULL)
		return;
	drop(t);
	while (t->paths > 0)
		free(t->path[--t->paths]);
	free(t->add);
	free(t->remove);
	if (t->files >= 0)
		close(t->files);
	if (t->folder >= 0)
		close(t->folder);
	free(t->dir);
	free(t);
}

/* ---- what to ask ---- */

void sl_taker_question(struct sl_taker *t, Sightline__V1__IntelRequest *q)
{
	sightline__v1__intel_request__init(q);
	q->number = ++t->number;
	q->generation = t->base.generation;
	if (t->base.generation > 0)
		q->sha256 = (ProtobufCBinaryData){ SL_DIGEST_MAX, t->base.sha256 };
	q->whole = t->whole;
	q->offset = t->got;
	q->of = t->target.generation;
	switch (t->phase) {
	case PHASE_SNAPSHOT:
		q->what = SIGHTLINE__V1__INTEL_REQUEST__WHAT__SNAPSHOT;
		break;
	case PHASE_DELTA:
		q->what = SIGHTLINE__V1__INTEL_REQUEST__WHAT__DELTA;
		break;
	case PHASE_FILE:
		q->what = SIGHTLINE__V1__INTEL_REQUEST__WHAT__FILE;
		q->file = (ProtobufCBinaryData){ SL_DIGEST_MAX, t->wanted };
		break;
	case PHASE_NEXT:
		q->of = q->offset = 0;
		break;
	}
}

/* ---- what comes ---- */

static enum sl_take refuse(struct sl_taker *t, enum sl_take_fault why)
{
	drop(t);
	t->whole = true;
	t->why = why;
	return SL_TAKE_REFUSED;
}

static enum sl_take_fault fault_of(int rc)
{
	return rc == -EBADMSG ? SL_TAKE_HASH : SL_TAKE_DISK;
}

/* Everything of the target is there and proven. */
static enum sl_take arrived(struct sl_taker *t)
{
	t->base = t->target;
	t->whole = false;
	t->steps++;
	drop(t);
	return SL_TAKE_ASK;
}

/* The next file of the target that isn't there. */
static enum sl_take next_file(struct sl_taker *t)
{
	while (t->ref_at < t->refs && kept_has_file(t, &t->ref[t->ref_at]))
		t->ref_at++;
	if (t->ref_at == t->refs)
		return arrived(t);
	const struct file_ref *r = &t->ref[t->ref_at];
	drop(t);
	t->phase = PHASE_FILE;
	t->ref_folder = disk_below(t->files, r->sha256);
	if (t->ref_folder < 0 || !disk_unhex(r->sha256, t->wanted) ||
		disk_begin(&t->to, t->ref_folder, r->name) < 0)
		return refuse(t, SL_TAKE_DISK);
	sl_digest_begin(&t->digest, SL_SHA256);
	return SL_TAKE_ASK;
}

/* The target's text is there. */
static enum sl_take text_arrived(struct sl_taker *t)
{
	int rc = kept_files(t, &t->target);
	if (rc < 0)
		return refuse(t, rc == -EBADMSG ? SL_TAKE_FORM : SL_TAKE_DISK);
	t->ref_at = 0;
	return next_file(t);
}

/* A chunk has to be the one that was asked for, of a whole that keeps its size. */
static bool chunk_fits(struct sl_taker *t, uint64_t size, uint64_t offset, uint64_t max,
	const ProtobufCBinaryData *chunk)
{
	if (t->got == 0)
		t->size = size;
	return size == t->size && size <= max && offset == t->got && chunk->len <= size - t->got &&
	       (chunk->len > 0 || size == 0);
}

/* To the disk. True: all of it has come. */
static bool chunk_write(struct sl_taker *t, const ProtobufCBinaryData *chunk)
{
	if (chunk->len > 0) {
		fwrite(chunk->data, 1, chunk->len, t->to.f); /* an error is disk_name's to see */
		sl_digest_add(&t->digest, chunk->data, chunk->len);
	}
	t->got += chunk->len;
	return t->got == t->size;
}

static enum sl_take file_end(struct sl_taker *t, const uint8_t sha256[SL_DIGEST_MAX],
	enum sl_take (*then)(struct sl_taker *))
{
	uint8_t digest[SL_DIGEST_MAX];
	sl_digest_end(&t->digest, digest);
	if (memcmp(digest, sha256, sizeof(digest)) != 0)
		return refuse(t, SL_TAKE_HASH);
	if (disk_name(&t->to) < 0)
		return refuse(t, SL_TAKE_DISK);
	return then(t);
}

static bool target_is(
	const struct sl_taker *t, uint64_t generation, const ProtobufCBinaryData *sha256)
{
	return t->target.generation == generation && sha256->len == SL_DIGEST_MAX &&
	       memcmp(t->target.sha256, sha256->data, SL_DIGEST_MAX) == 0;
}

static bool target_set(struct sl_taker *t, uint64_t generation, const ProtobufCBinaryData *sha256)
{
	if (sha256->len != SL_DIGEST_MAX || generation == 0)
		return false;
	t->target = (struct kept){ .generation = generation };
	memcpy(t->target.sha256, sha256->data, SL_DIGEST_MAX);
	sl_hex(sha256->data, SL_DIGEST_MAX, t->target.hex);
	return true;
}

static enum sl_take take_snapshot(struct sl_taker *t, const Sightline__V1__IntelSnapshot *s)
{
	char name[128];
	if (t->phase == PHASE_NEXT) {
		if (!target_set(t, s->generation, &s->sha256))
			return refuse(t, SL_TAKE_FORM);
		kept_name(&t->target, name);
		if (disk_begin(&t->to, t->folder, name) < 0)
			return refuse(t, SL_TAKE_DISK);
		sl_digest_begin(&t->digest, SL_SHA256);
		t->phase = PHASE_SNAPSHOT;
	}
	if (t->phase != PHASE_SNAPSHOT || !target_is(t, s->generation, &s->sha256) ||
		!chunk_fits(t, s->size, s->offset, SL_SET_BYTES_MAX, &s->chunk))
		return refuse(t, SL_TAKE_FORM);
	if (!chunk_write(t, &s->chunk))
		return SL_TAKE_ASK;
	return file_end(t, t->target.sha256, text_arrived);
}

static bool follows(const struct sl_taker *t, const Sightline__V1__IntelDelta *d)
{
	return t->base.generation > 0 && d->previous == t->base.generation &&
	       d->generation == d->previous + 1 && d->previous_sha256.len == SL_DIGEST_MAX &&
	       memcmp(d->previous_sha256.data, t->base.sha256, SL_DIGEST_MAX) == 0;
}

static enum sl_take take_delta(struct sl_taker *t, const Sightline__V1__IntelDelta *d)
{
	if (t->phase != PHASE_NEXT && t->phase != PHASE_DELTA)
		return refuse(t, SL_TAKE_FORM);
	if (!follows(t, d))
		return refuse(t, SL_TAKE_SKIPPED);
	if (t->phase == PHASE_NEXT && !target_set(t, d->generation, &d->sha256))
		return refuse(t, SL_TAKE_FORM);
	t->phase = PHASE_DELTA;
	if (!target_is(t, d->generation, &d->sha256) ||
		!chunk_fits(t, d->size, d->offset, SL_SET_CHANGE_BYTES_MAX, &d->chunk))
		return refuse(t, SL_TAKE_FORM);
	char *more = realloc(t->change, t->got + d->chunk.len + 1);
	if (more == NULL)
		return refuse(t, SL_TAKE_DISK);
	t->change = more;
	if (d->chunk.len > 0)
		memcpy(more + t->got, d->chunk.data, d->chunk.len);
	t->got += d->chunk.len;
	if (t->got < t->size)
		return SL_TAKE_ASK;
	int rc = kept_apply(t, (struct sl_set_text){ t->change, t->got });
	return rc < 0 ? refuse(t, fault_of(rc)) : text_arrived(t);
}

static enum sl_take take_file(struct sl_taker *t, const Sightline__V1__IntelFile *f)
{
	if (t->phase != PHASE_FILE || f->sha256.len != SL_DIGEST_MAX ||
		memcmp(f->sha256.data, t->wanted, SL_DIGEST_MAX) != 0 ||
		!chunk_fits(t, f->size, f->offset, SL_SET_FILE_BYTES_MAX, &f->chunk))
		return refuse(t, SL_TAKE_FORM);
	if (!chunk_write(t, &f->chunk))
		return SL_TAKE_ASK;
	return file_end(t, t->wanted, next_file);
}

/* ---- whether there is something new ---- */

static bool same_set(const uint8_t a[SL_DIGEST_MAX], const uint8_t b[SL_DIGEST_MAX])
{
	return memcmp(a, b, SL_DIGEST_MAX) == 0;
}

/* The base is the newest, or has been put together of enough. */
static enum sl_take settled(struct sl_taker *t)
{
	t->steps = 0;
	if (t->base.generation == 0)
		return SL_TAKE_IDLE;
	/* Another collector, or one that began anew, gives its sets numbers that there were. */
	if (t->current.generation > 0 && same_set(t->base.sha256, t->current.sha256)) {
		if (t->base.generation != t->current.generation)
			(void)kept_commit(t); /* the same set under another number */
		return SL_TAKE_IDLE;
	}
	if (same_set(t->base.sha256, t->offered)) /* and refused */
		return SL_TAKE_IDLE;
	memcpy(t->offered, t->base.sha256, sizeof(t->offered));
	return SL_TAKE_READY;
}

static enum sl_take take_state(struct sl_taker *t, const Sightline__V1__IntelState *s, bool asked)
{
	if (!asked)
		return t->phase == PHASE_NEXT ? SL_TAKE_ASK : SL_TAKE_IDLE;
	if (t->phase != PHASE_NEXT)
		return refuse(t, SL_TAKE_GONE);
	if (s->generation == t->base.generation && s->sha256.len == SL_DIGEST_MAX &&
		same_set(s->sha256.data, t->base.sha256))
		return settled(t);
	return SL_TAKE_IDLE;
}

enum sl_take sl_taker_answer(struct sl_taker *t, const Answer *a)
{
	enum sl_take took = SL_TAKE_IDLE;
	bool asked = a->number != 0 && a->number == t->number;
	if (!asked && (a->number != 0 || a->about_case != SIGHTLINE__V1__INTEL_ANSWER__ABOUT_STATE))
		return SL_TAKE_IDLE; /* to a question that was given up */
	switch (a->about_case) {
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_STATE:
		return take_state(t, a->state, asked);
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT:
		took = take_snapshot(t, a->snapshot);
		break;
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA:
		took = take_delta(t, a->delta);
		break;
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_FILE:
		took = take_file(t, a->file);
		break;
	default:
		took = refuse(t, SL_TAKE_FORM);
	}
	if (took == SL_TAKE_ASK && t->steps >= STEPS_MAX && settled(t) == SL_TAKE_READY)
		return SL_TAKE_READY;
	return took;
}

enum sl_take_fault sl_taker_why(const struct sl_taker *t)
{
	return t->why;
}

/* ---- what there is ---- */

static bool describe(struct sl_taker *t, const struct kept *k, struct sl_taken *out)
{
	if (k->generation == 0 || kept_paths(t, k) < 0)
		return false;
	*out = (struct sl_taken){ .generation = k->generation,
		.lines = k->lines,
		.paths = (const char *const *)t->path,
		.path_count = t->paths };
	memcpy(out->sha256, k->sha256, SL_DIGEST_MAX);
	return true;
}

bool sl_taker_current(struct sl_taker *t, struct sl_taken *out)
{
	return describe(t, &t->current, out);
}

uint64_t sl_taker_generation(const struct sl_taker *t)
{
	return t->current.generation;
}

bool sl_taker_staged(struct sl_taker *t, struct sl_taken *out)
{
	if (!describe(t, &t->base, out))
		return false;
	if (kept_change(t)) {
		out->add = t->add;
		out->add_len = t->add_len;
		out->remove = t->remove;
		out->remove_len = t->remove_len;
	}
	return true;
}

void sl_taker_again(struct sl_taker *t)
{
	memset(t->offered, 0, sizeof(t->offered));
}

int sl_taker_settle(struct sl_taker *t, bool taken)
{
	int rc = taken ? kept_commit(t) : 0;
	kept_prune(t);
	return rc;
}
