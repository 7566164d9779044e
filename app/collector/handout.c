/* SPDX-License-Identifier: BSD-3-Clause */
/* handout.c - intel from sources to sensors: a thread that asks the sources and makes generations
 * of what they say, and one that answers sensors and tells them what is new. Neither waits for the
 * other: a generation is in its file before anybody hears of it. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sightline/log.h>

#include "collector.h"

#define TICK_MS 200 /* how long an end may stay unseen */
#define ROOT_FOLDER "/var/lib/sightline"

struct handout {
	struct sl_generations *generations;
	struct sl_feeds *feeds;
	struct sl_desk *desk;
	pthread_t asking, answering;
	bool asks, answers; /* these threads run */
	atomic_bool stop;
	uint64_t told; /* the generation that sensors were told of last; the answering thread */
	uint64_t count[HAND_COUNT]; /* written by the answering thread */
	uint64_t peers;
	char at[256];
};

static void on_event(void *arg, enum sl_feed_event e, const char *feed, const char *text)
{
	const struct handout *h = arg;
	switch (e) {
	case SL_FEED_REFUSED:
		sl_error("source %s refused: %s; what it said before stays", feed, text);
		break;
	case SL_FEED_STALE:
	case SL_FEED_FAILED:
		sl_warn("source %s: %s; what it said before stays", feed, text);
		break;
	case SL_FEED_BROKEN:
		sl_error("intel%s%s: %s", feed[0] != '\0' ? " of source " : "", feed, text);
		break;
	case SL_FEED_HELD:
		sl_warn("intel: %s", text);
		break;
	case SL_FEED_HANDED:
		sl_desk_wake(h->desk); /* sensors hear of it before anything else is done */
		sl_info("intel: %s", text);
		break;
	case SL_FEED_TAKEN:
	case SL_FEED_GOOD:
		sl_info("source %s: %s", feed, text);
		break;
	}
}

void handout_options(const struct sl_config *c, struct sl_feed_options *out)
{
	*out = (struct sl_feed_options){ .interval_ns = sl_config_u64(c, "feed.interval"),
		.timeout_ns = sl_config_u64(c, "feed.timeout"),
		.stale_ns = sl_config_u64(c, "feed.stale"),
		.max_bytes = sl_config_u64(c, "feed.max_size"),
		.min_ratio = sl_config_double(c, "feed.min_ratio"),
		.max_growth = sl_config_double(c, "feed.max_growth"),
		.growth_floor = sl_config_u64(c, "feed.growth_floor"),
		.backoff_ns = sl_config_u64(c, "feed.backoff") };
}

static int folders(struct handout *h, const struct sl_config *c, char *err, size_t err_len)
{
	struct sl_feed_options o;
	size_t n;
	char sources[4096];
	const char *const *source = sl_config_list(c, "sources", &n);
	const char *dir = sl_config_text(c, "intel_dir");
	if (dir == NULL && geteuid() == 0)
		(void)mkdir(ROOT_FOLDER, 0750); /* opening what is below tells if that didn't do */
	if (dir == NULL)
		dir = access(ROOT_FOLDER, W_OK) == 0 ? ROOT_FOLDER "/intel" : "intel";
	handout_options(c, &o);
	int rc = sl_generations_open(
		&h->generations, dir, (unsigned)sl_config_u64(c, "generations"), err, err_len);
	if (rc < 0)
		return rc;
	snprintf(sources, sizeof(sources), "%s/sources", dir);
	return sl_feeds_open(
		&h->feeds, source, n, &o, sources, h->generations, on_event, h, err, err_len);
}

int handout_open(struct handout **out, const struct sl_config *c, struct sl_bus *b, char *err,
	size_t err_len)
{
	size_t n;
	(void)sl_config_list(c, "sources", &n);
	if (n == 0)
		return 0;
	struct handout *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return -ENOMEM;
	const char *url = sl_config_text(c, "hand_out");
	int rc = folders(h, c, err, err_len);
	if (rc == 0) {
		rc = sl_desk_open(&h->desk, b, url, h->at, sizeof(h->at));
		if (rc < 0)
			snprintf(err, err_len,
				"--hand-out %s: %s; give tcp://127.0.0.1:PORT or ipc:///PATH", url,
				rc == -EACCES ? "without keys only loopback addresses are used"
					      : strerror(-rc));
	}
	if (rc < 0) {
		handout_close(h);
		return rc;
	}
	*out = h;
	return 0;
}

static void *ask(void *arg)
{
	struct handout *h = arg;
	while (!atomic_load(&h->stop))
		(void)sl_feeds_run(h->feeds, 1000);
	return NULL;
}

static void add(uint64_t *cell, uint64_t n)
{
	__atomic_store_n(cell, *cell + n, __ATOMIC_RELAXED);
}

static void count_answer(struct handout *h, const Sightline__V1__IntelAnswer *a)
{
	switch (a->about_case) {
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT:
		add(&h->count[HAND_SNAPSHOTS], a->snapshot->offset == 0);
		add(&h->count[HAND_BYTES], a->snapshot->chunk.len);
		break;
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA:
		add(&h->count[HAND_DELTAS], (a->delta->offset == 0) + a->n_more);
		add(&h->count[HAND_BYTES], a->delta->chunk.len);
		for (size_t i = 0; i < a->n_more; i++)
			add(&h->count[HAND_BYTES], a->more[i]->chunk.len);
		break;
	case SIGHTLINE__V1__INTEL_ANSWER__ABOUT_FILE:
		add(&h->count[HAND_FILES], a->file->offset == 0);
		add(&h->count[HAND_BYTES], a->file->chunk.len);
		break;
	default:
		break;
	}
}

static void tell_operator(struct handout *h, const Sightline__V1__IntelRequest *q,
	const Sightline__V1__IntelAnswer *a)
{
	bool done = a->about_case == SIGHTLINE__V1__INTEL_ANSWER__ABOUT_STATE &&
		    a->state->refused[0] == '\0';
	if (!done)
		return;
	if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__ROLLBACK) {
		add(&h->count[HAND_ROLLBACKS], 1);
		sl_warn("intel: an operator went back: generation %llu is handed out and held",
			(unsigned long long)a->state->generation);
	}
	if (q->what == SIGHTLINE__V1__INTEL_REQUEST__WHAT__RESUME) {
		sl_info("intel: an operator resumes: what sources say is handed out again");
		sl_feeds_wake(h->feeds);
	}
}

static void announce(struct handout *h)
{
	struct sl_generation g;
	if (!sl_generations_newest(h->generations, &g) || g.number == h->told)
		return;
	Sightline__V1__IntelAnswer *a = sl_generations_announce(h->generations);
	if (a == NULL)
		return;
	sl_desk_announce(h->desk, a);
	sightline__v1__intel_answer__free_unpacked(a, NULL);
	h->told = g.number;
}

static void *answer(void *arg)
{
	struct handout *h = arg;
	while (!atomic_load(&h->stop)) {
		struct sl_desk_question q;
		int rc = sl_desk_next(h->desk, TICK_MS, &q);
		if (rc == 1) {
			Sightline__V1__IntelAnswer *a =
				sl_generations_answer(h->generations, q.request);
			add(&h->count[HAND_QUESTIONS], 1);
			if (a != NULL) {
				count_answer(h, a);
				tell_operator(h, q.request, a);
			}
			sl_desk_answer(h->desk, &q, a);
			if (a != NULL)
				sightline__v1__intel_answer__free_unpacked(a, NULL);
		}
		__atomic_store_n(
			&h->count[HAND_UNREADABLE], sl_desk_unreadable(h->desk), __ATOMIC_RELAXED);
		__atomic_store_n(&h->peers, sl_desk_peers(h->desk), __ATOMIC_RELAXED);
		announce(h);
	}
	return NULL;
}

int handout_start(struct handout *h)
{
	int rc = pthread_create(&h->answering, NULL, answer, h);
	h->answers = rc == 0;
	if (rc == 0) {
		rc = pthread_create(&h->asking, NULL, ask, h);
		h->asks = rc == 0;
	}
	return -rc;
}

void handout_close(struct handout *h)
{
	if (h == NULL)
		return;
	atomic_store(&h->stop, true);
	if (h->feeds != NULL)
		sl_feeds_stop(h->feeds);
	if (h->asks)
		pthread_join(h->asking, NULL);
	if (h->answers)
		pthread_join(h->answering, NULL);
	sl_desk_close(h->desk);
	sl_feeds_close(h->feeds);
	sl_generations_close(h->generations);
	free(h);
}

const char *handout_at(const struct handout *h)
{
	return h->at;
}

/* ---- counters ---- */

struct sink {
	sl_metric_fn put;
	void *to;
};

static void put_feed(void *arg, const struct sl_feed_state *st)
{
	const struct sink *k = arg;
	const struct {
		const char *key, *help;
		uint64_t value;
	} each[] = {
		{ "sightline_source_indicators{source=\"%s\"}", "usable indicators of a source",
			st->indicators },
		{ "sightline_source_stale{source=\"%s\"}",
			"1: it was not confirmed for longer than it may be", st->stale },
		{ "sightline_source_confirmed_seconds{source=\"%s\"}",
			"when a source was last confirmed, seconds since 1970", st->confirmed_s },
		{ "sightline_source_looks_total{source=\"%s\",result=\"taken\"}",
			"looks at a source", st->taken },
		{ "sightline_source_looks_total{source=\"%s\",result=\"same\"}",
			"looks at a source", st->same },
		{ "sightline_source_looks_total{source=\"%s\",result=\"failed\"}",
			"looks at a source", st->failed },
		{ "sightline_source_looks_total{source=\"%s\",result=\"refused\"}",
			"looks at a source", st->refused },
	};
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		char key[256];
		snprintf(key, sizeof(key), each[i].key, st->name);
		k->put(k->to, key, each[i].help, each[i].value);
	}
}

void handout_each(struct handout *h, sl_metric_fn put, void *to)
{
#define X(id, metric, help) { metric, help },
	static const struct {
		const char *metric, *help;
	} each[] = { HANDOUT_COUNTERS(X) };
#undef X
	struct sl_generation g = { 0 };
	struct sink k = { put, to };
	for (unsigned i = 0; i < HAND_COUNT; i++)
		put(to, each[i].metric, each[i].help,
			__atomic_load_n(&h->count[i], __ATOMIC_RELAXED));
	(void)sl_generations_newest(h->generations, &g);
	put(to, "sightline_intel_generation", "what is handed out", g.number);
	put(to, "sightline_intel_lines", "indicators and files of it", g.lines);
	put(to, "sightline_intel_held", "1: an operator went back, and it stays",
		sl_generations_held(h->generations));
	put(to, "sightline_intel_torn_records_total",
		"changes whose record the last start found torn, and cut off",
		sl_generations_torn(h->generations));
	put(to, "sightline_intel_peers", "who asked within two minutes",
		__atomic_load_n(&h->peers, __ATOMIC_RELAXED));
	sl_feeds_each(h->feeds, put_feed, &k);
}
