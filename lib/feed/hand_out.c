/* SPDX-License-Identifier: BSD-3-Clause */
/* hand_out.c - from what all sources say to the next generation, and what is done once it is told:
 * that which nobody waits for. The thread that runs the sources. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/clock.h>

#include "feeds.h"

#define AGAIN_NS (10 * SL_SECOND) /* after a set that could not be handed out */

/* By what changed. -ESTALE: that isn't known, or not of what is handed out. */
static int add_change(struct sl_feeds *s)
{
	char *text;
	size_t len;
	if (s->all.handed == 0)
		return -ESTALE;
	if (sl_set_compose(s->all.change, s->all.changes, false, &text, &len) < 0)
		return -ESTALE;
	int rc = sl_generations_change(
		s->generations, s->all.handed, (struct sl_set_text){ text, len });
	free(text);
	return rc < 0 && rc != -EAGAIN ? -ESTALE : rc;
}

static int add_whole(struct sl_feeds *s)
{
	struct sl_set_text *sets = NULL;
	size_t n = 0;
	int rc = union_sets(&s->all, &sets, &n);
	/* Before any source has said a word there is nothing to hand out. */
	if (rc == 0)
		rc = n == 0 && s->all.count > 0 ? 1 : sl_generations_add(s->generations, sets, n);
	free(sets);
	return rc;
}

/* *out: the generation that is the union of all sources. */
static int add(struct sl_feeds *s, struct sl_generation *out)
{
	uint64_t after = s->all.handed;
	int rc = add_change(s);
	bool whole = rc == -ESTALE;
	if (whole)
		rc = add_whole(s);
	(void)sl_generations_newest(s->generations, out);
	if (!whole) /* whatever an operator did meanwhile */
		out->number = after + (rc == 0);
	return rc;
}

int feeds_hand_out(struct sl_feeds *s)
{
	struct sl_generation g = { 0 };
	char text[128];
	int rc = add(s, &g);
	union_handed(&s->all, rc >= 0 ? g.number : 0);
	s->dirty = rc < 0;
	if (rc == -EAGAIN) {
		if (!s->held)
			feeds_tell(s, SL_FEED_HELD, "",
				"an older generation is held: what sources say is "
				"not handed out; sightline intel resume ends that");
		s->held = true;
		return 0;
	}
	s->held = false;
	if (rc < 0) {
		snprintf(text, sizeof(text), "the set can't be handed out: %s", strerror(-rc));
		if (!s->broken)
			feeds_tell(s, SL_FEED_BROKEN, "", text);
		s->broken = true;
		s->again_ns = sl_clock_mono_ns() + AGAIN_NS;
		return rc;
	}
	s->broken = false;
	if (rc == 1 || g.number == 0)
		return 0;
	snprintf(
		text, sizeof(text), "generation %" PRIu64 ": %" PRIu64 " lines", g.number, g.lines);
	feeds_tell(s, SL_FEED_HANDED, "", text);
	return 1;
}

void feeds_tidy(struct sl_feeds *s)
{
	char text[128];
	int rc = s->dirty ? 0 : sl_generations_tidy(s->generations);
	if (s->keep_ns != 0 && sl_clock_mono_ns() >= s->keep_ns)
		feeds_keep(s);
	if (rc == 0)
		return;
	snprintf(text, sizeof(text), "the last changes may be lost with the power: %s",
		strerror(-rc));
	feeds_tell(s, SL_FEED_BROKEN, "", text);
}

void feeds_keep(struct sl_feeds *s)
{
	char text[128];
	s->keep_ns = 0;
	for (size_t i = 0; i < s->all.count; i++) {
		struct feed *f = &s->all.feed[i];
		int rc = f->unkept ? keep_write(f, s->folder) : 0;
		if (rc == 0)
			continue;
		snprintf(text, sizeof(text), "its last good word can't be kept: %s", strerror(-rc));
		feeds_tell(s, SL_FEED_BROKEN, f->name, text);
	}
}
