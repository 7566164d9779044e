/* SPDX-License-Identifier: BSD-3-Clause */
/* image_use.c - what an image may lead to is done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/image.h>

#include "image_use.h"

#define HITS 1024

struct use {
	struct sl_batch batch;
	struct sl_flow flow;
	struct sl_counters counters;
	struct sl_hit hit[HITS];
	const struct sl_ruleset *rs;
	uint32_t hits;
	volatile size_t sum; /* so that nothing that is read is left out */
};

int image_set_build(struct image_set *out, struct sl_intel *in, struct sl_image_in *image,
	const struct sl_ruleset *previous, uint32_t generation)
{
	const struct sl_match_options o = { .validity = SL_VALID_IGNORE, .image = image };
	out->book = sl_intel_book(in);
	return sl_ruleset_build(&out->rs, in, &o, previous, generation);
}

int image_set_load(struct image_set *out, const uint8_t *p, size_t len,
	const struct sl_ruleset *previous, uint32_t generation)
{
	struct sl_intel *in;
	struct sl_image_in *image;
	int rc = sl_image_open_bytes(&image, p, len, true);
	if (rc < 0)
		return rc;
	rc = sl_intel_load(&in, image);
	if (rc == 0)
		rc = image_set_build(out, in, image, previous, generation);
	if (rc == 0 && !sl_image_ended(image)) {
		sl_ruleset_free(out->rs);
		rc = -EBADMSG;
	}
	sl_image_close(image);
	return rc;
}

static void spell(struct use *u, const struct sl_indicator *i)
{
	u->sum += strlen(i->id) + strlen(i->source) + strlen(i->name) + strlen(i->severity) +
		  strlen(i->labels) + strlen(i->quiet_reason) + strlen(i->part) + i->addr.b[15];
	for (uint32_t k = 0; k < i->value_len; k++)
		u->sum += (uint8_t)i->value[k];
}

static void look_up(struct use *u)
{
	uint16_t from = 0;
	while (from < u->batch.n) {
		uint32_t n = sl_match(u->rs, &u->batch, &from, u->hit, HITS, &u->counters);
		for (uint32_t i = 0; i < n; i++) {
			struct sl_indicator one;
			sl_ruleset_indicator(u->rs, u->hit[i].indicator, &one);
			spell(u, &one);
		}
		u->hits += n;
	}
	sl_batch_empty(&u->batch);
}

static void say(struct use *u, enum sl_where w, const void *p, size_t len)
{
	if (len == 0 || len > SL_VALUE_MAX)
		return;
	if (!sl_batch_has_room(&u->batch, 1, (uint32_t)len))
		look_up(u);
	(void)sl_batch_add(&u->batch, w, SL_TO_SERVER, 1, sl_span(p, len));
}

static void say_text(struct use *u, enum sl_where w, const struct sl_indicator *i)
{
	char text[SL_VALUE_MAX + 8];
	if (i->value_len > SL_VALUE_MAX - 5)
		return;
	say(u, w, i->value, i->value_len);
	memcpy(text, "www.", 4);
	memcpy(text + 4, i->value, i->value_len);
	say(u, w, text, i->value_len + 4);
	memcpy(text, i->value, i->value_len);
	memcpy(text + i->value_len, "/more", 5);
	say(u, w, text, i->value_len + 5);
}

static void say_value(struct use *u, const struct sl_indicator *i)
{
	if (i->version != 0) {
		say(u, SL_WHERE_IP_DST, i->addr.b, i->version == 4 ? 4 : 16);
		return;
	}
	for (unsigned w = SL_WHERE_NONE + 1; w < SL_WHERE_COUNT; w++)
		if (i->where == w || (i->where == SL_WHERE_NONE && sl_wheres[w].type == i->type &&
					     sl_wheres[w].form != SL_FORM_ADDR)) {
			say_text(u, (enum sl_where)w, i);
			return;
		}
}

uint32_t image_set_hits(const struct image_set *set, uint32_t again)
{
	struct use *u = calloc(1, sizeof(*u));
	if (u == NULL)
		abort();
	u->rs = set->rs;
	u->flow.generation = again;
	sl_batch_want_all(&u->batch);
	u->batch.flow = &u->flow;
	u->batch.counters = &u->counters;
	u->batch.flags = again != 0 ? SL_OBS_AGAIN : 0;
	for (size_t n = 0; n < set->book->count; n++) {
		struct sl_indicator i;
		sl_book_get(set->book, n, &i);
		spell(u, &i);
		say_value(u, &i);
	}
	look_up(u);
	uint32_t hits = u->hits;
	free(u);
	return hits;
}
