/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.c - capture files as a source: opening, what is known before the start, progress, results.
 * Control threads; queue.c is the workers' side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_cycles.h>

#include <sightline/compress.h>
#include <sightline/digest.h>

#include "replay.h"

static struct replay *replay_of(struct sl_source *s)
{
	return (struct replay *)s;
}

static int say(char *err, size_t err_len, int rc, const char *path, const char *what)
{
	snprintf(err, err_len, "%s: %s", path, what);
	return rc;
}

/* Missing files are named before anything starts. */
static int look_at_paths(struct replay *r, char *err, size_t err_len)
{
	bool known = true;
	for (unsigned i = 0; i < r->o.path_count; i++) {
		const char *path = r->o.paths[i];
		struct stat st;
		if (strcmp(path, "-") == 0) {
			known = false;
			continue;
		}
		if (stat(path, &st) < 0 || access(path, R_OK) < 0)
			return say(err, err_len, -errno, path, strerror(errno));
		if (S_ISDIR(st.st_mode))
			return say(err, err_len, -EISDIR, path, strerror(EISDIR));
		known = known && S_ISREG(st.st_mode);
		r->bytes_total += (uint64_t)st.st_size;
	}
	if (!known)
		r->bytes_total = 0;
	return 0;
}

/* The first capture's head is looked at before anything is taken from it. */
static int open_first(struct replay *r, char *err, size_t err_len)
{
	const char *path = r->o.paths[0];
	int rc = sl_input_open(&r->kept[0], path);
	if (rc < 0)
		return say(err, err_len, rc, path, strerror(-rc));
	r->head = malloc(SL_INPUT_PEEK);
	if (r->head == NULL)
		return say(err, err_len, -ENOMEM, path, strerror(ENOMEM));
	/* A damaged head is told where the capture is read. */
	(void)sl_input_peek(r->kept[0], r->head, SL_INPUT_PEEK, &r->head_len);
	rc = loader_open_capture(r, 0);
	return rc < 0 ? say(err, err_len, rc, path, r->damage.what) : 0;
}

static int replay_init(struct replay *r, char *err, size_t err_len)
{
	int rc = look_at_paths(r, err, err_len);
	if (rc < 0)
		return rc;
	r->keep = r->o.loop > 1 || r->o.pace.unit != SL_PACE_MAX;
	r->fresh_bits = r->o.fresh_bits > 0 ? r->o.fresh_bits : SL_FRESH_BITS;
	r->results = calloc(r->o.path_count, sizeof(*r->results));
	r->end_ns = calloc(r->o.path_count, sizeof(*r->end_ns));
	r->kept = calloc(r->o.path_count, sizeof(struct sl_input *));
	if (r->results == NULL || r->end_ns == NULL || r->kept == NULL || blocks_init(r) < 0 ||
		sl_fragment_trail_new(&r->trail) < 0)
		return say(err, err_len, -ENOMEM, "replay", strerror(ENOMEM));
	for (unsigned i = 0; i < r->o.path_count; i++)
		r->results[i].path = r->o.paths[i];
	rc = pace_init(r);
	if (rc < 0)
		return say(err, err_len, rc, "replay", strerror(-rc));
	return open_first(r, err, err_len);
}

int sl_replay_open(
	struct sl_source **out, const struct sl_replay_options *o, char *err, size_t err_len)
{
	if (o->path_count == 0 || o->queues == 0 || o->queues > UINT16_MAX)
		return say(err, err_len, -EINVAL, "replay", "no capture file or no queue");
	if (o->path_count > UINT16_MAX)
		return say(err, err_len, -EINVAL, "replay", "more than 65535 capture files");
	if (o->fresh_bits > SL_FRESH_BITS)
		return say(err, err_len, -EINVAL, "replay", "more fresh bits than there are");
	struct replay *r = aligned_alloc(alignof(struct replay), sizeof(*r));
	if (r == NULL)
		return say(err, err_len, -ENOMEM, "replay", strerror(ENOMEM));
	memset(r, 0, sizeof(*r));
	r->base.ops = o->pace.unit == SL_PACE_MAX ? &replay_ops : &paced_ops;
	r->o = *o;
	if (r->o.loop == 0)
		r->o.loop = 1;
	int rc = replay_init(r, err, err_len);
	if (rc < 0) {
		replay_close(&r->base);
		return rc;
	}
	*out = &r->base;
	return 0;
}

bool sl_replay_rehearses(const struct sl_source *s)
{
	const struct replay *r = (const struct replay *)s;
	return r->o.loop > 1 && r->o.pace.unit == SL_PACE_MAX;
}

uint64_t sl_replay_first_ts(struct sl_source *s)
{
	struct replay *r = replay_of(s);
	if (!r->first_known) {
		r->first_rc = sl_capture_next(r->capture, &r->first);
		r->first_known = true;
	}
	return r->first_rc == 1 ? r->first.ts_ns : 0;
}

/* A pipe can't be opened twice: its input is kept for the loader, which gives the same bytes. */
static void add_head(struct replay *r, unsigned i, struct sl_digest *d, uint8_t *buf)
{
	struct sl_input *in = r->kept[i];
	size_t got = 0;
	if (in == NULL && sl_input_open(&in, r->o.paths[i]) < 0)
		return; /* the loader will say so */
	(void)sl_input_peek(in, buf, SL_INPUT_PEEK, &got);
	sl_digest_update(d, buf, got);
	if (sl_input_file_size(in) > 0)
		sl_input_close(in);
	else
		r->kept[i] = in;
}

int sl_replay_boot_id(struct sl_source *s, uint8_t out[32])
{
	struct replay *r = replay_of(s);
	uint8_t *buf = malloc(SL_INPUT_PEEK);
	struct sl_digest *d;
	int rc = buf != NULL ? sl_digest_new(&d, SL_SHA256) : -ENOMEM;
	if (rc == 0) {
		sl_digest_update(d, r->head, r->head_len);
		for (unsigned i = 1; i < r->o.path_count; i++)
			add_head(r, i, d, buf);
		(void)sl_digest_final(d, out);
		sl_digest_free(d);
	}
	free(buf);
	return rc;
}

int sl_replay_start(struct sl_source *s)
{
	struct replay *r = replay_of(s);
	free(r->head);
	r->head = NULL;
	int rc = pthread_create(&r->thread, NULL, loader_run, r);
	r->started = rc == 0;
	return -rc;
}

void sl_replay_stop(struct sl_source *s)
{
	atomic_store_explicit(&replay_of(s)->stop, true, memory_order_relaxed);
}

static void loader_join(struct replay *r)
{
	if (!r->started || r->joined)
		return;
	pthread_join(r->thread, NULL);
	r->joined = true;
}

static uint64_t relaxed(const _Atomic uint64_t *cell)
{
	return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)cell, memory_order_relaxed);
}

/* A kept capture is read once and then passed over: how far the workers are counts as read. */
static uint64_t kept_bytes(const struct replay *r, uint64_t done_packets)
{
	uint64_t sent = relaxed(&r->kept_packets);
	double done = sent > 0 ? (double)done_packets / (double)sent : 0;
	return (uint64_t)(done * (double)relaxed(&r->files_done) * r->o.loop);
}

void sl_replay_progress(struct sl_source *s, struct sl_replay_progress *out)
{
	const struct replay *r = replay_of(s);
	uint64_t given = 0, missed = 0;
	for (unsigned i = 0; i < r->o.queues; i++) {
		given += relaxed(&r->queues[i].span[0].packets);
		missed += relaxed(&r->queues[i].missed);
	}
	*out = (struct sl_replay_progress){
		.bytes_read = r->keep ? kept_bytes(r, given + missed)
				      : relaxed(&r->files_done) + relaxed(&r->file_offset),
		.bytes_total = r->bytes_total * r->o.loop,
		.packets = given,
		.missed = missed,
		.capture = (unsigned)relaxed(&r->capture_number),
	};
}

const struct sl_replay_result *sl_replay_results(struct sl_source *s, unsigned *count)
{
	struct replay *r = replay_of(s);
	loader_join(r);
	*count = r->o.path_count;
	return r->results;
}

void sl_replay_sums(struct sl_source *s, struct sl_replay_sums *out)
{
	const struct replay *r = replay_of(s);
	double hz = (double)rte_get_tsc_hz(), ns = hz > 0 ? 1e9 / hz : 0;
	uint64_t longest = 0, all = 0, rehearsal = 0, given = 0;
	*out = (struct sl_replay_sums){ .mapped_bytes = relaxed(&r->mapped_bytes),
		.huge_bytes = relaxed(&r->huge_bytes),
		.begun_ns = relaxed(&r->begun_ns) };
	for (unsigned i = 0; i < r->o.queues; i++) {
		const struct queue *q = &r->queues[i];
		uint64_t cycles = relaxed(&q->span[0].cycles);
		longest = cycles > longest ? cycles : longest;
		all += cycles;
		rehearsal += relaxed(&q->span[1].cycles);
		given += relaxed(&q->span[0].packets);
		out->rehearsed += relaxed(&q->span[1].packets);
		out->missed += relaxed(&q->missed);
		out->wire_bytes += relaxed(&q->wire_bytes);
	}
	bool whole = r->keep && !atomic_load_explicit(&r->stop, memory_order_relaxed);
	out->sent = whole ? relaxed(&r->kept_packets) : given + out->missed;
	out->longest_ns = (uint64_t)((double)longest * ns);
	out->queues_ns = (uint64_t)((double)all * ns);
	out->rehearsed_ns = (uint64_t)((double)rehearsal * ns);
}

void replay_close(struct sl_source *s)
{
	struct replay *r = replay_of(s);
	sl_replay_stop(s);
	loader_join(r);
	loader_close_capture(r);
	for (unsigned i = 0; r->kept != NULL && i < r->o.path_count; i++)
		sl_input_close(r->kept[i]);
	pace_fini(r);
	blocks_fini(r);
	sl_fragment_trail_free(r->trail);
	free(r->kept);
	free(r->head);
	free(r->results);
	free(r->end_ns);
	free(r);
}
