/* SPDX-License-Identifier: BSD-3-Clause */
/* listed.c - indicators made up by seed. */
#include <stdio.h>
#include <stdlib.h>

#include <sightline/book.h>
#include <sightline/mem.h>

#include "listed.h"
#include "measure.h"

const struct sl_book *sl_intel_book(const struct sl_intel *in)
{
	return &in->book;
}

const struct sl_detection *sl_intel_detections(const struct sl_intel *in, size_t *count)
{
	*count = 0;
	return NULL;
}

size_t sl_intel_bytes(const struct sl_intel *in)
{
	return 0;
}

void sl_intel_free(struct sl_intel *in)
{
	sl_book_fini(&in->book);
	sl_arena_free(in->arena);
	free(in->ind);
	free(in->text);
	free(in);
}

/* About 15 letters and a zone of one or two labels; every second name has a label more. */
static size_t random_name(char *out)
{
	static const char *zone[] = { "com", "net", "org", "info", "ru", "cn", "de", "xyz", "top",
		"co.uk", "com.br", "online" };
	size_t n = 0;
	unsigned labels = 1 + (unsigned)(next_random() % 2);
	for (unsigned l = 0; l < labels; l++) {
		uint64_t r = next_random();
		for (unsigned i = 0; i < 6 + r % 7; i++)
			out[n++] = (char)('a' + (r >> (i * 4 + 8)) % 26);
		out[n++] = '.';
	}
	return n + (size_t)sprintf(out + n, "%s", zone[next_random() % 12]);
}

static void random_value(enum sl_type type, unsigned bits, char *text, struct sl_indicator *i)
{
	i->type = (uint8_t)type;
	i->version = type == SL_TYPE_IPV6 ? 6 : 4;
	i->prefix_len = (uint8_t)bits;
	i->addr = (union sl_addr){ .q = { 0, 0 } };
	i->value = text;
	if (type == SL_TYPE_IPV4) {
		i->addr.v4_be = (uint32_t)next_random();
	} else if (type == SL_TYPE_IPV6) {
		i->addr.q[0] = (next_random() & ~0xffull) | 0x20;
		i->addr.q[1] = next_random();
	} else if (type == SL_TYPE_DOMAIN) {
		i->value_len = (uint32_t)random_name(text);
		i->match = SL_MATCH_SUFFIX;
	} else {
		size_t n = (size_t)sprintf(text, "http://");
		n += random_name(text + n);
		i->value_len = (uint32_t)n + (uint32_t)sprintf(text + n, "/%u/index.html",
						     (unsigned)next_random());
	}
}

struct sl_intel *listed_new(enum sl_type type, bool cidr, size_t n)
{
	struct sl_intel *in = calloc(1, sizeof(*in));
	in->ind = calloc(n, sizeof(*in->ind));
	in->text = calloc(n, 80);
	in->n = n;
	if (sl_arena_new(&in->arena) < 0 || sl_book_init(&in->book, in->arena) < 0)
		abort();
	for (size_t k = 0; k < n; k++) {
		unsigned bits = cidr ? 16 + (unsigned)(next_random() % 15) : 32;
		struct sl_indicator *i = &in->ind[k];
		i->id = i->source = i->name = "";
		random_value(type, type == SL_TYPE_IPV6 ? 128 : bits, in->text + k * 80, i);
		if (sl_book_add(&in->book, i) < 0)
			abort();
	}
	return in;
}

void listed_ask(struct sl_batch *b, const struct sl_indicator *i, unsigned where)
{
	struct sl_observable *o = &b->obs[b->n++];
	bool addr = i->type == SL_TYPE_IPV4 || i->type == SL_TYPE_IPV6;
	*o = (struct sl_observable){ .where = (uint16_t)where, .type = i->type };
	o->value = b->text + b->used;
	o->len = addr ? (i->type == SL_TYPE_IPV4 ? 4 : 16) : i->value_len;
	memcpy(b->text + b->used, addr ? (const void *)i->addr.b : i->value, o->len);
	b->used += o->len;
}

size_t listed_host(char *out, const struct sl_indicator *below)
{
	static const char *first[] = { "www.", "mail.", "cdn.", "api.", "a.b.", "", "" };
	size_t n = (size_t)sprintf(out, "%s", first[next_random() % 7]);
	if (below == NULL)
		return n + random_name(out + n);
	memcpy(out + n, below->value, below->value_len);
	return n + below->value_len;
}
