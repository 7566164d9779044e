/* SPDX-License-Identifier: BSD-3-Clause */
/* shed.c - when a worker begins to leave things undone, and when it does them again. Worker. */
#include <stdbool.h>

#include <sightline/shed.h>

#include <sightline/hot.h>

#define CALM (SL_QUEUE_FULL / 4)
#define GROWN (SL_QUEUE_FULL / 32)
#define FULL_STILL (SL_QUEUE_FULL * 15 / 16)

const char *sl_shed_name(enum sl_shed_level level)
{
#define X(id, name, what) [SL_SHED_##id] = (name),
	static const char *const names[] = { [SL_SHED_NONE] = "", SL_SHED_LEVELS(X) };
#undef X
	return names[level];
}

/* How full the queue is where the level is left for the next one. */
static const unsigned above[SL_SHED_LEVEL_COUNT] = {
	[SL_SHED_NONE] = SL_QUEUE_FULL * 4 / 8,
	[SL_SHED_BODIES] = SL_QUEUE_FULL * 5 / 8,
	[SL_SHED_ELEPHANTS] = SL_QUEUE_FULL * 6 / 8,
	[SL_SHED_STREAMS] = SL_QUEUE_FULL * 7 / 8,
	[SL_SHED_NAMES] = UINT32_MAX,
};

/* A worker that was kept from its work for a moment finds its queue full and empties it: that the
 * queue is full is no reason to shed more, only that it fills up, or stays full. */
static bool too_much(const struct sl_shed *s, unsigned fill)
{
	bool grows = s->level == SL_SHED_NONE || fill >= s->lowest + GROWN;
	return fill >= above[s->level] && (grows || fill >= FULL_STILL);
}

void sl_shed_look(struct sl_shed *s, unsigned fill, uint64_t now)
{
	if (fill >= CALM)
		s->busy_at = now;
	if (too_much(s, fill)) {
		s->level++;
		s->lowest = fill;
	} else if (s->level > SL_SHED_NONE && now - s->busy_at >= s->patience) {
		s->level--;
		s->busy_at = now;
	}
	if (fill < s->lowest)
		s->lowest = fill;
}
