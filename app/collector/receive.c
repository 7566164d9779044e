/* SPDX-License-Identifier: BSD-3-Clause */
/* receive.c - what has come goes into one transaction; then it is acknowledged, then published.
 * A sensor hears "not now" when the store fails, and keeps what it has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/log.h>

#include "collector.h"

/* Batches in one transaction: one fsync for all of them. */
#define BATCHES 16

struct received {
	struct sl_intake_batch b;
	bool *news; /* of each sighting: stored or raised */
	size_t unusable;
};

static void tell_store(struct receiver *r, int rc)
{
	if (rc < 0 && r->failed == 0)
		sl_error("the store takes nothing: %s (%s); sensors keep what they have, and send "
			 "it again",
			sl_store_error(r->store), strerror(-rc));
	if (rc == 0 && r->failed != 0)
		sl_info("the store works again");
	r->failed = rc;
}

/* A sighting that no store could take must not hold up those after it. */
static bool hopeless(int rc)
{
	return rc == -EINVAL || rc == -E2BIG;
}

static int store_batch(struct receiver *r, struct received *x)
{
	const Sightline__V1__SightingBatch *batch = x->b.batch;
	for (size_t i = 0; i < batch->n_sightings; i++) {
		int rc = sl_store_put(r->store, batch->sightings[i], &x->news[i]);
		if (hopeless(rc))
			x->unusable++;
		else if (rc < 0)
			return rc;
	}
	return 0;
}

static int store_all(struct receiver *r, struct received *x, size_t n)
{
	int rc = sl_store_begin(r->store);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = x[i].news == NULL ? -ENOMEM : store_batch(r, &x[i]);
	if (rc == 0)
		rc = sl_store_commit(r->store);
	tell_store(r, rc);
	if (rc < 0)
		sl_store_rollback(r->store);
	return rc;
}

static void publish(struct receiver *r, const struct received *x)
{
	const Sightline__V1__SightingBatch *batch = x->b.batch;
	r->count[COUNT_BATCHES]++;
	r->count[COUNT_RECEIVED] += batch->n_sightings;
	r->count[COUNT_UNUSABLE] += x->unusable;
	for (size_t i = 0; i < batch->n_sightings; i++) {
		r->count[COUNT_STORED] += x->news[i];
		if (!x->news[i] || batch->sightings[i]->quiet)
			continue;
		r->count[COUNT_PUBLISHED] +=
			sl_stream_out_send(r->stream, batch->sightings[i]) == 0;
	}
}

static size_t take(struct receiver *r, struct received *x)
{
	size_t n = 0;
	while (n < BATCHES && sl_intake_next(r->intake, 0, &x[n].b) == 1) {
		size_t sightings = x[n].b.batch->n_sightings;
		x[n].news = calloc(sightings + 1, sizeof(bool));
		x[n].unusable = 0;
		n++;
	}
	r->count[COUNT_UNREADABLE] = sl_intake_unreadable(r->intake);
	return n;
}

void receiver_run(struct receiver *r, int timeout_ms)
{
	struct received x[BATCHES];
	(void)sl_bus_wait(r->intake, r->stream, timeout_ms);
	sl_stream_out_run(r->stream);
	size_t n = take(r, x);
	if (n == 0)
		return;
	bool durable = store_all(r, x, n) == 0;
	if (!durable)
		r->count[COUNT_REFUSED] += n;
	for (size_t i = 0; i < n; i++) {
		if (durable)
			publish(r, &x[i]);
		(void)sl_intake_ack(r->intake, &x[i].b, durable);
		free(x[i].news);
	}
	r->count[COUNT_REPEATED] =
		r->count[COUNT_RECEIVED] - r->count[COUNT_STORED] - r->count[COUNT_UNUSABLE];
}
