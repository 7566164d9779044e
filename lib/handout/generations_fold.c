/* SPDX-License-Identifier: BSD-3-Clause */
/* generations_fold.c - a collector's snapshots that are made of the last one and the changes since.
 * Who makes a generation; the work itself is a thread's of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generations.h"

#define SHARE 8 /* of the set: changes of so many bytes are worth a new one */
#define LEAST ((uint64_t)1 << 20)
#define STEPS_MOST 65536

static int work(const struct sl_generations *g, const char *to, struct fold_work *out)
{
	const struct snapshot *base = generation_base(g);
	int rc = fold_work(
		&g->history, base->head.number, history_last(&g->history)->head.number, out);
	if (rc < 0)
		return rc;
	generation_set(base->head.number, out->from);
	snprintf(out->to, sizeof(out->to), "%s", to);
	return 0;
}

static void begin(struct sl_generations *g)
{
	const struct snapshot *base = generation_base(g);
	const struct step *last = history_last(&g->history);
	struct fold_work w;
	char name[GENERATION_NAME];
	uint64_t most = base->head.bytes / SHARE > LEAST ? base->head.bytes / SHARE : LEAST;
	most = most > g->fold_at ? most : g->fold_at;
	if (g->since <= most && last->head.number - base->head.number <= STEPS_MOST)
		return;
	generation_set(last->head.number, name);
	if (work(g, name, &w) == 0 && fold_start(&g->fold, &w) == 0)
		g->fold_to = last->head.number;
}

/* Of the steps behind a snapshot. */
static uint64_t changes_behind(const struct sl_generations *g, uint64_t number)
{
	const struct history *h = &g->history;
	uint64_t bytes = 0;
	for (size_t i = h->count; i-- > 0 && h->all[i].head.number > number;)
		bytes += h->all[i].change.len;
	return bytes;
}

static int install(struct sl_generations *g, const struct fold_made *made)
{
	const struct step *s = history_find(&g->history, g->fold_to);
	const struct snapshot *base = generation_base(g);
	if (s == NULL || base->head.number >= g->fold_to ||
		!history_follows(&g->history, base->head.number, g->fold_to))
		return -ESTALE; /* another whole set has come meanwhile */
	struct snapshot next = { .head = s->head };
	memcpy(next.sha256, made->sha256, sizeof(next.sha256));
	if (made->lines != s->head.lines || made->bytes != s->head.bytes)
		return -EBADMSG;
	pthread_mutex_lock(&g->lock);
	int rc = generations_enlist(g, &next);
	g->since = rc == 0 ? changes_behind(g, g->fold_to) : g->since;
	pthread_mutex_unlock(&g->lock);
	if (rc == 0)
		rc = history_turn(&g->history);
	if (rc == 0)
		rc = generations_write(g, g->held);
	return rc;
}

static void end(struct sl_generations *g)
{
	struct fold_made made;
	char name[GENERATION_NAME];
	int rc = fold_end(g->fold, &made);
	g->fold = NULL;
	if (rc == 0)
		rc = install(g, &made);
	g->fold_at = 0;
	if (rc == 0) {
		generations_prune(g, g->stale && !g->held);
		return;
	}
	/* Where the disk was full the journal grows on for now; where the changes don't fit the
	 * snapshot, the next set is handed out whole. */
	g->damaged |= rc == -EBADMSG;
	g->fold_at = 2 * g->since;
	generation_set(g->fold_to, name);
	unlinkat(g->folder, name, 0);
}

void generations_fold(struct sl_generations *g)
{
	if (g->fold != NULL && fold_done(g->fold))
		end(g);
	if (g->fold == NULL && g->sets > 0 && !g->damaged)
		begin(g);
}

int generations_present(struct sl_generations *g, struct sl_set_text *out)
{
	struct fold_work w;
	struct fold_made made;
	char name[GENERATION_NAME];
	if (history_last(&g->history)->head.number == generation_base(g)->head.number) {
		generation_set(generation_base(g)->head.number, name);
		return sl_set_map(g->folder, name, out);
	}
	int rc = work(g, "present", &w);
	if (rc < 0)
		return rc;
	rc = fold_make(&w, &made);
	fold_work_free(&w);
	if (rc == 0)
		rc = sl_set_map(g->folder, "present", out);
	unlinkat(g->folder, "present", 0);
	return rc;
}
