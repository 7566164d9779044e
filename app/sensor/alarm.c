/* SPDX-License-Identifier: BSD-3-Clause */
/* alarm.c - what the tap loses, judged every ten seconds by what happened in them, and said when it
 * changes. Control thread; who tells counters reads the verdicts. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>
#include <sightline/log.h>
#include <sightline/tap.h>

#include "sensor.h"

#define LOOK_NS (10 * SL_SECOND)
#define TOPICS_MAX 96

struct topic {
	char name[160]; /* written before it is counted */
	_Atomic bool bad;
};

struct alarms {
	struct sl_metrics *before; /* owned; NULL: no look yet */
	uint64_t looked_ns;
	_Atomic unsigned count; /* release after a new one; pairs with the acquire in alarms_each */
	struct topic topic[TOPICS_MAX];
};

int alarms_new(struct alarms **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? -ENOMEM : 0;
}

void alarms_free(struct alarms *a)
{
	if (a == NULL)
		return;
	sl_metrics_free(a->before);
	free(a);
}

static struct topic *topic_of(struct alarms *a, const char *name)
{
	unsigned n = atomic_load_explicit(&a->count, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++)
		if (strcmp(a->topic[i].name, name) == 0)
			return &a->topic[i];
	if (n == TOPICS_MAX || strlen(name) >= sizeof(a->topic[n].name))
		return NULL;
	memcpy(a->topic[n].name, name, strlen(name) + 1);
	atomic_store_explicit(&a->count, n + 1, memory_order_release);
	return &a->topic[n];
}

static void judge(void *arg, const struct sl_host_finding *f)
{
	struct topic *t = topic_of(arg, f->topic);
	bool bad = f->grade != SL_HOST_OK;
	if (t == NULL || atomic_load_explicit(&t->bad, memory_order_relaxed) == bad)
		return;
	atomic_store_explicit(&t->bad, bad, memory_order_relaxed);
	if (bad)
		sl_warn("tap: %s: %s; %s", f->topic, f->what, f->mend);
	else
		sl_info("tap: %s: good again: %s", f->topic, f->what);
}

static struct sl_metrics *snapshot(struct stats_view *v)
{
	struct sl_metrics *m = NULL;
	char *text;
	size_t len;
	if (sl_metrics_text(stats_each, v, &text, &len) < 0)
		return NULL;
	if (sl_metrics_parse(&m, text, len) < 0)
		m = NULL;
	free(text);
	return m;
}

void alarms_look(struct alarms *a, struct stats_view *v, uint64_t now_ns)
{
	if (a->before != NULL && now_ns - a->looked_ns < LOOK_NS)
		return;
	struct sl_metrics *now = snapshot(v);
	if (now == NULL)
		return;
	if (a->before != NULL) {
		sl_tap_silence(a->before, now, (double)(now_ns - a->looked_ns) / 1e9, judge, a);
		sl_tap_shares(a->before, now, judge, a);
	}
	sl_metrics_free(a->before);
	a->before = now;
	a->looked_ns = now_ns;
}

void alarms_each(
	const struct alarms *a, void (*fn)(void *arg, const char *topic, bool bad), void *arg)
{
	unsigned n = atomic_load_explicit(&a->count, memory_order_acquire);
	for (unsigned i = 0; i < n; i++)
		fn(arg, a->topic[i].name,
			atomic_load_explicit(&a->topic[i].bad, memory_order_relaxed));
}
