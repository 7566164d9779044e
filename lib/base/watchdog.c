/* SPDX-License-Identifier: BSD-3-Clause */
/* watchdog.c - tells threads that stand still from a machine that does. One thread; no system call.
 */
#include <errno.h>
#include <stdlib.h>

#include <sightline/watchdog.h>

#define LATE_LOOKS 2 /* from so many looks' time on it was late, and not just busy */

struct beat {
	uint64_t count, since_ns; /* of the clock below */
	bool known;
};

struct sl_watchdog {
	unsigned threads;
	uint64_t stall_ns, look_ns;
	uint64_t last_ns; /* 0: no look yet */
	uint64_t awake_ns; /* the clock: time that passed while somebody looked */
	_Atomic uint64_t late_ns; /* any thread reads */
	struct beat beat[];
};

int sl_watchdog_new(struct sl_watchdog **out, unsigned threads, uint64_t stall_ns, uint64_t look_ns)
{
	struct sl_watchdog *w = calloc(1, sizeof(*w) + threads * sizeof(w->beat[0]));
	if (w == NULL)
		return -ENOMEM;
	w->threads = threads;
	w->stall_ns = stall_ns;
	w->look_ns = look_ns;
	*out = w;
	return 0;
}

void sl_watchdog_free(struct sl_watchdog *w)
{
	free(w);
}

void sl_watchdog_look(struct sl_watchdog *w, uint64_t now_ns)
{
	uint64_t passed = w->last_ns == 0 ? 0 : now_ns - w->last_ns;
	uint64_t most = LATE_LOOKS * w->look_ns;
	if (most > w->stall_ns / 2) /* one late look alone is nobody's end */
		most = w->stall_ns / 2;
	w->last_ns = now_ns;
	if (passed > most) {
		w->late_ns += passed - most;
		passed = most;
	}
	w->awake_ns += passed;
}

uint64_t sl_watchdog_stalled(struct sl_watchdog *w, unsigned i, uint64_t count)
{
	struct beat *b = &w->beat[i];
	if (!b->known || b->count != count)
		*b = (struct beat){ .count = count, .since_ns = w->awake_ns, .known = true };
	uint64_t still = w->awake_ns - b->since_ns;
	return still >= w->stall_ns ? still : 0;
}

uint64_t sl_watchdog_late_ns(const struct sl_watchdog *w)
{
	return w->late_ns;
}
