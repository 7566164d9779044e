/* SPDX-License-Identifier: BSD-3-Clause */
/* loader.c - the thread that reads captures ahead of the workers. It alone waits: for the file, or
 * for a block to come back. Ends with the last capture, or soon after a stop. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/compress.h>

#include "replay.h"

#define REHEARSED 1000000 /* packets */

static void set_relaxed(_Atomic uint64_t *cell, uint64_t v)
{
	atomic_store_explicit(cell, v, memory_order_relaxed);
}

int loader_open_capture(struct replay *r, unsigned i)
{
	r->damage = (struct sl_capture_damage){ 0 };
	r->in = r->kept[i];
	r->kept[i] = NULL;
	int rc = r->in != NULL ? 0 : sl_input_open(&r->in, r->o.paths[i]);
	if (rc < 0) {
		snprintf(r->damage.what, sizeof(r->damage.what), "%s", strerror(-rc));
		return rc;
	}
	rc = sl_capture_open(&r->capture, r->in, &r->damage);
	if (rc < 0 && r->damage.what[0] == '\0')
		snprintf(r->damage.what, sizeof(r->damage.what), "%s", strerror(-rc));
	return rc;
}

void loader_close_capture(struct replay *r)
{
	sl_capture_close(r->capture);
	r->capture = NULL;
	sl_input_close(r->in);
	r->in = NULL;
}

static int next_packet(struct replay *r, struct sl_capture_packet *p)
{
	if (!r->first_known)
		return sl_capture_next(r->capture, p);
	r->first_known = false;
	*p = r->first;
	return r->first_rc;
}

/* When the packet falls due at a rate: once all before it have come, and itself. */
static void place_due(struct replay *r, struct queue *q, struct slot *slot)
{
	struct block *b = q->filling;
	if (b->count == 1)
		b->due = r->steps;
	slot->due = (uint32_t)(r->steps - b->due);
}

static int place(struct replay *r, unsigned capture, const struct sl_capture_packet *p)
{
	uint32_t hash = spread_hash(r->trail, p->linktype, p->data, p->len);
	struct queue *q = &r->queues[spread_queue(hash, r->o.queues)];
	struct slot *slot;
	int rc;
	r->steps += pace_steps(r, p->wire_len);
	if (q->filling != NULL && r->steps - q->filling->due > UINT32_MAX)
		block_seal(r, q);
	uint8_t *room = block_room(r, q, p->len, &slot, &rc);
	if (room == NULL)
		return rc;
	memcpy(room, p->data, p->len);
	place_due(r, q, slot);
	slot->ts_ns = p->ts_ns;
	slot->wire_len = p->wire_len;
	slot->hash = hash;
	slot->linktype = p->linktype;
	slot->capture = (uint16_t)capture;
	if (p->ts_ns < r->lowest_ns)
		r->lowest_ns = p->ts_ns;
	if (p->ts_ns > r->highest_ns)
		r->highest_ns = p->ts_ns;
	slot->clock_ns = r->highest_ns;
	return 0;
}

/* What there is goes on to the workers while more is waited for. */
static bool flush_and_wait(void *replay)
{
	struct replay *r = replay;
	blocks_flush(r);
	return !atomic_load_explicit(&r->stop, memory_order_relaxed);
}

/* Why it is not the capture's own fault. */
static void own_trouble(struct replay *r, int rc)
{
	if (rc == -EFBIG)
		snprintf(r->damage.what, sizeof(r->damage.what),
			"--loop and --speed need the whole capture in memory, and it does not fit "
			"in the %zu MiB of replay_memory: raise it in the configuration",
			(size_t)r->block_max * BLOCK_BYTES >> 20);
	else
		snprintf(r->damage.what, sizeof(r->damage.what), "%s", strerror(-rc));
	r->damage.offset = sl_input_offset(r->in);
}

/* All packets of the open capture. 0 at its end or at a stop; -errno, and r->damage. */
static int load(struct replay *r, unsigned i)
{
	struct sl_replay_result *res = &r->results[i];
	struct sl_capture_packet p;
	int rc;
	sl_fragment_trail_clear(r->trail);
	r->lowest_ns = UINT64_MAX;
	r->highest_ns = 0;
	r->steps = 0;
	sl_input_while_waiting(r->in, flush_and_wait, r);
	while ((rc = next_packet(r, &p)) == 1) {
		rc = place(r, i, &p);
		if (rc < 0) {
			own_trouble(r, rc);
			return rc;
		}
		if (atomic_load_explicit(&r->stop, memory_order_relaxed))
			return 0;
		res->packets++;
		if (res->packets % 1024 == 0)
			set_relaxed(&r->file_offset, sl_input_file_offset(r->in));
	}
	set_relaxed(&r->file_offset, sl_input_file_offset(r->in));
	return rc == -ECANCELED ? 0 : rc;
}

/* As many passes as the capture has, and no more than give a good mean. */
static void rehearse(struct replay *r, uint64_t packets)
{
	uint64_t passes = packets > 0 ? REHEARSED / packets + 1 : 1;
	struct tour tour = { .passes = passes < r->o.loop ? (uint32_t)passes : r->o.loop };
	blocks_send_mark(r, LANE_REHEARSAL);
	blocks_send_kept(r, &tour);
	blocks_send_mark(r, LANE_END_CAPTURE);
}

static void send_kept(struct replay *r, unsigned i)
{
	uint64_t packets = r->results[i].packets;
	struct tour tour = { .passes = r->o.loop,
		.back = true,
		.period_ns = r->highest_ns - r->lowest_ns + SL_SECOND,
		.first_ns = r->lowest_ns };
	bool original = r->o.pace.unit == SL_PACE_ORIGINAL;
	tour.period_steps = original ? tour.period_ns : r->steps;
	if (i == 0 && sl_replay_rehearses(&r->base))
		rehearse(r, packets);
	if (packets == 0 || (r->o.pace.unit != SL_PACE_MAX && !blocks_await_idle(r, i)))
		return;
	set_relaxed(&r->kept_packets, r->kept_packets + packets * r->o.loop);
	tour.begin_tsc = pace_begin_tsc(r);
	if (r->o.pace.unit != SL_PACE_MAX)
		set_relaxed(&r->begun_ns, sl_clock_wall_ns() + PACE_LEAD_NS);
	blocks_send_kept(r, &tour);
}

/* What was read goes to the workers; a kept capture that broke off for want of memory does not,
 * because its passes would not be the capture's. */
static void hand_over(struct replay *r, unsigned i, int rc)
{
	struct sl_replay_result *res = &r->results[i];
	if (r->keep && (rc == -EFBIG || rc == -ENOMEM)) {
		blocks_drop_kept(r);
		res->packets = 0;
	}
	if (r->keep)
		send_kept(r, i);
	else
		blocks_flush(r);
	if (res->packets > 0)
		r->end_ns[i] = r->highest_ns +
			       (r->o.loop - 1) * (r->highest_ns - r->lowest_ns + SL_SECOND);
	blocks_send_mark(r, LANE_END_CAPTURE);
}

static void capture_done(struct replay *r, unsigned i, int rc)
{
	struct sl_replay_result *res = &r->results[i];
	hand_over(r, i, rc);
	if (rc < 0) {
		res->error = rc;
		res->offset = r->damage.offset;
		memcpy(res->what, r->damage.what, sizeof(res->what));
	}
	uint64_t size = r->in != NULL ? sl_input_file_size(r->in) : 0;
	loader_close_capture(r);
	set_relaxed(&r->file_offset, 0);
	set_relaxed(&r->files_done, r->files_done + size);
}

void *loader_run(void *replay)
{
	struct replay *r = replay;
	pthread_setname_np(pthread_self(), "sl-loader");
	for (unsigned i = 0; i < r->o.path_count; i++) {
		if (atomic_load_explicit(&r->stop, memory_order_relaxed))
			break;
		set_relaxed(&r->capture_number, i);
		int rc = r->capture != NULL ? 0 : loader_open_capture(r, i);
		if (rc == 0)
			rc = load(r, i);
		capture_done(r, i, rc);
	}
	blocks_send_mark(r, LANE_END);
	return NULL;
}
