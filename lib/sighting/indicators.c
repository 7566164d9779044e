/* SPDX-License-Identifier: BSD-3-Clause */
/* indicators.c - a table of counted copies, found by what they say. Publisher's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "indicators.h"
#include "text.h"

/* A feed's words are cut here, so that a sighting stays far below SL_WIRE_MESSAGE_MAX. */
#define WORD_MAX 1024
#define PART_MAX 4096 /* a pattern */

struct named {
	Sightline__V1__Indicator m;
	struct named *next;
	uint64_t hash;
	uint32_t refs;
};

int indicators_init(struct indicators *t, struct sl_hash_key key)
{
	*t = (struct indicators){ .mask = 255, .key = key };
	t->buckets = calloc(t->mask + 1, sizeof(struct named *));
	return t->buckets == NULL ? -ENOMEM : 0;
}

static void named_free(struct named *n)
{
	free(n->m.id);
	free(n->m.source);
	free(n->m.name);
	free(n->m.severity);
	free(n->m.part);
	free(n);
}

void indicators_fini(struct indicators *t)
{
	for (size_t i = 0; t->buckets != NULL && i <= t->mask; i++) {
		for (struct named *n = t->buckets[i], *next; n != NULL; n = next) {
			next = n->next;
			named_free(n);
		}
	}
	free(t->buckets);
	*t = (struct indicators){ 0 };
}

static char *word(const char *s)
{
	return text_new(sl_span_str(s ? s : ""), WORD_MAX);
}

static struct named *named_new(const struct sl_indicator *i)
{
	struct named *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	sightline__v1__indicator__init(&n->m);
	n->m.id = word(i->id);
	n->m.source = word(i->source);
	n->m.name = word(i->name);
	n->m.severity = word(i->severity);
	n->m.part = text_new(sl_span_str(i->part ? i->part : ""), PART_MAX);
	if (!n->m.id || !n->m.source || !n->m.name || !n->m.severity || !n->m.part) {
		named_free(n);
		return NULL;
	}
	n->m.type = (char *)sl_type_text(i->type);
	n->m.tlp = (char *)sl_tlp_text(i->tlp);
	if (i->confidence != SL_CONFIDENCE_NONE) {
		n->m.stated_case = SIGHTLINE__V1__INDICATOR__STATED_CONFIDENCE;
		n->m.confidence = i->confidence;
	}
	return n;
}

static uint64_t named_hash(const struct indicators *t, const Sightline__V1__Indicator *m)
{
	const char *texts[] = { m->id, m->source, m->name, m->severity, m->type, m->tlp, m->part };
	uint64_t h = m->stated_case ? 256 + m->confidence : 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		h = sl_hash_u128(t->key, h, sl_hash_bytes(t->key, texts[i], strlen(texts[i])));
	return h;
}

static bool named_equal(const Sightline__V1__Indicator *a, const Sightline__V1__Indicator *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->severity, b->severity) == 0 &&
	       strcmp(a->type, b->type) == 0 && strcmp(a->tlp, b->tlp) == 0 &&
	       strcmp(a->part, b->part) == 0 && a->stated_case == b->stated_case &&
	       a->confidence == b->confidence;
}

static void grow(struct indicators *t)
{
	size_t mask = t->mask * 2 + 1;
	struct named **buckets = calloc(mask + 1, sizeof(struct named *));
	if (buckets == NULL)
		return;
	for (size_t i = 0; i <= t->mask; i++) {
		for (struct named *n = t->buckets[i], *next; n != NULL; n = next) {
			next = n->next;
			n->next = buckets[n->hash & mask];
			buckets[n->hash & mask] = n;
		}
	}
	free(t->buckets);
	t->buckets = buckets;
	t->mask = mask;
}

Sightline__V1__Indicator *indicators_get(struct indicators *t, const struct sl_indicator *i)
{
	struct named *made = named_new(i);
	if (made == NULL)
		return NULL;
	made->hash = named_hash(t, &made->m);
	struct named *n = t->buckets[made->hash & t->mask];
	while (n != NULL && !(n->hash == made->hash && named_equal(&n->m, &made->m)))
		n = n->next;
	if (n != NULL) {
		named_free(made);
		n->refs++;
		return &n->m;
	}
	if (t->count++ > t->mask)
		grow(t);
	made->refs = 1;
	made->next = t->buckets[made->hash & t->mask];
	t->buckets[made->hash & t->mask] = made;
	return &made->m;
}

void indicators_put(struct indicators *t, Sightline__V1__Indicator *m)
{
	struct named *n = (struct named *)(void *)m; /* m is its first member */
	if (--n->refs > 0)
		return;
	struct named **at = &t->buckets[n->hash & t->mask];
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	t->count--;
	named_free(n);
}
