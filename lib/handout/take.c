/* SPDX-License-Identifier: BSD-3-Clause */
/* take.c - the sensor's end: asks for what leads from the set that it has to the one handed out,
 * takes it chunk by chunk, and proves it before anybody sees it. What comes is not trusted: a
 * length, a place, a hash that is not what was asked for costs the transfer, never the set that is
 * in force. One thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sightline/clock.h>

#include "taker.h"

/* Deltas that are put together before a set is said to be ready, where ever more come. */
#define STEPS_MAX 64U

typedef Sightline__V1__IntelAnswer Answer;

int sl_taker_open(struct sl_taker **out, const char *dir, char *err, size_t err_len)
{
	struct sl_taker *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->files = t->ref_folder = t->history.journal.fd = -1;
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
	else if (t->torn > 0)
		snprintf(err, err_len,
			"%s: the end of the journal of the last good set is torn, and cut off",
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
	struct fold_made made;
	if (t == NULL)
		return;
	drop(t);
	if (t->fold != NULL)
		(void)fold_end(t->fold, &made);
	staged_clear(t);
	free(t->pending);
	history_fini(&t->history);
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

unsigned sl_taker_torn(const struct sl_taker *t)
{
	return t->torn;
}

/* ---- what to ask ---- */

void sl_taker_question(struct sl_taker *t, Sightline__V1__IntelRequest *q)
{
	sightline__v1__intel_request__init(q);
	q->number = ++t->number;
	q->generation = t->base.number;
	if (t->base.number > 0)
		q->sha256 = (ProtobufCBinaryData){ SL_DIGEST_MAX, t->base.id };
	q->whole = t->whole;
	q->offset = t->got;
	q->of = t->target.head.number;
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

/* The target is proven, and what the next change goes by. */
static enum sl_take arrived(struct sl_taker *t)
{
	t->whole = false;
	t->steps++;
	drop(t);
	return SL_TAKE_ASK;
}

/* The target's text is there. */
static enum sl_take text_arrived(struct sl_taker *t)
{
	char name[SL_SET_HEX + 8];
	struct fold_made m = { 0 };
	struct refs refs;
	kept_name(t->target.sha256, name);
	int rc = fold_look(t->folder, name, &m);
	if (rc == 0)
		rc = kept_refs(t, &t->target, &refs);
	if (rc < 0)
		return refuse(t, rc == -EBADMSG ? SL_TAKE_FORM : SL_TAKE_DISK);
	t->target.head.lines = m.lines;
	t->target.head.bytes = m.bytes;
	staged_clear(t);
	t->fresh = t->target;
	t->base = t->target.head;
	t->refs = refs;
	t->stale = true;
	return arrived(t);
}

/* The change from the base to the target is there, in memory. */
static enum sl_take change_arrived(struct sl_taker *t)
{
	struct sl_set_text change = { t->change, t->got };
	struct journal_head *h = &t->target.head;
	uint8_t id[SL_DIGEST_MAX];
	struct sl_set_sum sum;
	journal_chain(t->base.id, change, id);
	if (memcmp(id, h->id, sizeof(id)) != 0)
		return refuse(t, SL_TAKE_HASH);
	struct refs refs = t->refs;
	if (sl_set_change_check(change, &sum) < 0 || sum.fewer > t->base.lines + sum.more ||
		sum.bytes_fewer > t->base.bytes + sum.bytes_more ||
		kept_refs_change(&refs, change) < 0)
		return refuse(t, SL_TAKE_FORM);
	h->lines = t->base.lines + sum.more - sum.fewer;
	h->bytes = t->base.bytes + sum.bytes_more - sum.bytes_fewer;
	h->time_s = sl_clock_wall_ns() / SL_SECOND;
	if (staged_push(t, h, t->change, t->got) < 0)
		return refuse(t, SL_TAKE_DISK);
	t->change = NULL;
	t->refs = refs;
	return arrived(t);
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

static enum sl_take file_arrived(struct sl_taker *t, const uint8_t sha256[SL_DIGEST_MAX],
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

static bool hash_is(const uint8_t hash[SL_DIGEST_MAX], const ProtobufCBinaryData *said)
{
	return said->len == SL_DIGEST_MAX && memcmp(hash, said->data, SL_DIGEST_MAX) == 0;
}

static bool target_set(struct sl_taker *t, uint64_t generation, const ProtobufCBinaryData *id)
{
	if (id->len != SL_DIGEST_MAX || generation == 0)
		return false;
	t->target = (struct snapshot){ .head = { .number = generation } };
	memcpy(t->target.head.id, id->data, SL_DIGEST_MAX);
	return true;
}

static enum sl_take take_snapshot(struct sl_taker *t, const Sightline__V1__IntelSnapshot *s)
{
	char name[SL_SET_HEX + 8];
	const ProtobufCBinaryData *id = s->identity.len > 0 ? &s->identity : &s->sha256;
	if (t->phase == PHASE_NEXT) {
		if (!target_set(t, s->generation, id) || s->sha256.len != SL_DIGEST_MAX)
			return refuse(t, SL_TAKE_FORM);
		memcpy(t->target.sha256, s->sha256.data, SL_DIGEST_MAX);
		kept_name(t->target.sha256, name);
		if (disk_begin(&t->to, t->folder, name) < 0)
			return refuse(t, SL_TAKE_DISK);
		sl_digest_begin(&t->digest, SL_SHA256);
		t->stale = true;
		t->phase = PHASE_SNAPSHOT;
	}
	if (t->phase != PHASE_SNAPSHOT || t->target.head.number != s->generation ||
		!hash_is(t->target.head.id, id) || !hash_is(t->target.sha256, &s->sha256) ||
		!chunk_fits(t, s->size, s->offset, SL_SET_BYTES_MAX, &s->chunk))
		return refuse(t, SL_TAKE_FORM);
	if (!chunk_write(t, &s->chunk))
		return SL_TAKE_ASK;
	return file_arrived(t, t->target.sha256, text_arrived);
}

static bool follows(const struct sl_taker *t, const Sightline__V1__IntelDelta *d)
{
	return t->base.number > 0 && d->previous == t->base.number &&
	       d->generation == d->previous + 1 && hash_is(t->base.id, &d->previous_sha256);
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
	if (t->target.head.number != d->generation || !hash_is(t->target.head.id, &d->sha256) ||
		!chunk_fits(t, d->size, d->offset, SL_SET_CHANGE_BYTES_MAX, &d->chunk))
		return refuse(t, SL_TAKE_FORM);
	char *more = realloc(t->change, t->got + d->chunk.len + 1);
	if (more == NULL)
		return refuse(t, SL_TAKE_DISK);
	t->change = more;
	if (d->chunk.len > 0)
		memcpy(more + t->got, d->chunk.data, d->chunk.len);
	t->got += d->chunk.len;
	return t->got < t->size ? SL_TAKE_ASK : change_arrived(t);
}

/* The base is ready once all its files are there: the next that isn't. */
static enum sl_take fetch(struct sl_taker *t)
{
	size_t at = 0;
	while (at < t->refs.n && kept_has_file(t, &t->refs.ref[at]))
		at++;
	drop(t);
	if (at == t->refs.n) {
		memcpy(t->offered, t->base.id, sizeof(t->offered));
		return SL_TAKE_READY;
	}
	const struct file_ref *r = &t->refs.ref[at];
	t->phase = PHASE_FILE;
	t->stale = true;
	t->ref_folder = disk_below(t->files, r->sha256);
	if (t->ref_folder < 0 || !disk_unhex(r->sha256, t->wanted) ||
		disk_begin(&t->to, t->ref_folder, r->name) < 0)
		return refuse(t, SL_TAKE_DISK);
	sl_digest_begin(&t->digest, SL_SHA256);
	return SL_TAKE_ASK;
}

static enum sl_take take_file(struct sl_taker *t, const Sightline__V1__IntelFile *f)
{
	if (t->phase != PHASE_FILE || !hash_is(t->wanted, &f->sha256) ||
		!chunk_fits(t, f->size, f->offset, SL_SET_FILE_BYTES_MAX, &f->chunk))
		return refuse(t, SL_TAKE_FORM);
	if (!chunk_write(t, &f->chunk))
		return SL_TAKE_ASK;
	return file_arrived(t, t->wanted, fetch);
}

/* ---- whether there is something new ---- */

static bool same_set(const uint8_t a[SL_DIGEST_MAX], const uint8_t b[SL_DIGEST_MAX])
{
	return memcmp(a, b, SL_DIGEST_MAX) == 0;
}

/* Whether the base is the set in force. By its lines it is told where one was refused, from which
 * an operator may have gone back. */
static bool same_as(struct sl_taker *t, const struct step *now)
{
	if (same_set(t->base.id, now->head.id))
		return true;
	return !same_set(t->offered, now->head.id) && staged_change(t) && t->add_len == 0 &&
	       t->remove_len == 0;
}

/* The base is the newest, or has been put together of enough. */
static enum sl_take settled(struct sl_taker *t)
{
	const struct step *now = history_last(&t->history);
	t->steps = 0;
	if (t->base.number == 0)
		return SL_TAKE_IDLE;
	if (now != NULL && same_as(t, now)) {
		if (t->base.number != now->head.number)
			(void)staged_commit(t); /* the same set under another number */
		return SL_TAKE_IDLE;
	}
	if (same_set(t->base.id, t->offered)) /* and refused */
		return SL_TAKE_IDLE;
	return fetch(t);
}

/* Enough has come to be in force before the newest has; but nothing that is older than what is. */
static bool enough(const struct sl_taker *t)
{
	const struct step *now = history_last(&t->history);
	return (t->steps >= STEPS_MAX || t->pending_bytes > SL_SET_CHANGE_BYTES_MAX) &&
	       (now == NULL || now->head.number < t->base.number);
}

static enum sl_take take_state(struct sl_taker *t, const Sightline__V1__IntelState *s, bool asked)
{
	if (!asked)
		return t->phase == PHASE_NEXT ? SL_TAKE_ASK : SL_TAKE_IDLE;
	if (t->phase != PHASE_NEXT)
		return refuse(t, SL_TAKE_GONE);
	if (s->generation == t->base.number && hash_is(t->base.id, &s->sha256))
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
		for (size_t i = 0; took == SL_TAKE_ASK && t->phase == PHASE_NEXT && i < a->n_more;
			i++)
			took = take_delta(t, a->more[i]);
		break;
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_FILE:
		took = take_file(t, a->file);
		break;
	default:
		took = refuse(t, SL_TAKE_FORM);
	}
	if (took != SL_TAKE_ASK || t->phase != PHASE_NEXT)
		return took;
	if (enough(t) && settled(t) == SL_TAKE_READY)
		return SL_TAKE_READY;
	if (t->phase != PHASE_NEXT)
		return took;
	/* What is not in force is in memory. */
	if (t->pending_bytes > SL_SET_CHANGE_BYTES_MAX && staged_whole(t) < 0)
		return refuse(t, SL_TAKE_DISK);
	return took;
}

enum sl_take_fault sl_taker_why(const struct sl_taker *t)
{
	return t->why;
}

/* ---- what there is ---- */

static void describe(struct sl_taker *t, const struct journal_head *h, struct sl_taken *out)
{
	*out = (struct sl_taken){ .generation = h->number,
		.lines = h->lines,
		.paths = (const char *const *)t->path,
		.path_count = t->paths,
		.add = t->add,
		.remove = t->remove,
		.add_len = t->add_len,
		.remove_len = t->remove_len };
	memcpy(out->sha256, h->id, SL_DIGEST_MAX);
}

bool sl_taker_current(struct sl_taker *t, struct sl_taken *out)
{
	if (t->set.head.number == 0 || kept_paths(t, &t->set, &t->held) < 0 || staged_late(t) < 0)
		return false;
	describe(t, &history_last(&t->history)->head, out);
	return true;
}

int sl_taker_fold(struct sl_taker *t, struct sl_taken *out)
{
	int rc = t->set.head.number == 0 ? -ENOENT : staged_fold(t);
	return rc < 0 ? rc : sl_taker_current(t, out) ? 0 : -EIO;
}

int sl_taker_whole(struct sl_taker *t, struct sl_taken *out)
{
	int rc = t->base.number == 0 ? -ENOENT : staged_whole(t);
	if (rc == 0)
		rc = kept_paths(t, &t->fresh, &t->refs);
	if (rc < 0)
		return rc;
	staged_forget(t);
	describe(t, &t->base, out);
	return 0;
}

bool sl_taker_staged(struct sl_taker *t, struct sl_taken *out)
{
	if (t->base.number == 0)
		return false;
	if (!staged_change(t))
		return sl_taker_whole(t, out) == 0;
	describe(t, &t->base, out);
	out->paths = NULL;
	out->path_count = 0;
	return true;
}

uint64_t sl_taker_generation(const struct sl_taker *t)
{
	const struct step *now = history_last(&t->history);
	return now != NULL ? now->head.number : 0;
}

void sl_taker_again(struct sl_taker *t)
{
	memset(t->offered, 0, sizeof(t->offered));
}

int sl_taker_settle(struct sl_taker *t, bool taken)
{
	int rc = taken ? staged_commit(t) : 0;
	staged_tidy(t);
	kept_prune(t);
	return rc;
}
