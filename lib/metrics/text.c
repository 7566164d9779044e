/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - samples as Prometheus text: those of one metric together, each metric once with its
 * help and type. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/metrics.h>

struct sample {
	char *key;
	size_t name_len, order;
	const char *help;
	uint64_t value;
};

struct gathered {
	struct sample *sample;
	size_t count, cap;
	bool no_memory;
};

static void gather(void *to, const char *key, const char *help, uint64_t value)
{
	struct gathered *g = to;
	if (g->count == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 512;
		struct sample *more = reallocarray(g->sample, cap, sizeof(*more));
		g->no_memory |= more == NULL;
		if (more == NULL)
			return;
		g->sample = more;
		g->cap = cap;
	}
	struct sample s = { strdup(key), strcspn(key, "{"), g->count, help, value };
	g->no_memory |= s.key == NULL;
	if (s.key != NULL)
		g->sample[g->count++] = s;
}

/* By name, else as they came. */
static int by_name(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int c = memcmp(x->key, y->key, n);
	if (c == 0 && x->name_len != y->name_len)
		c = x->name_len < y->name_len ? -1 : 1;
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static bool same_name(const struct sample *a, const struct sample *b)
{
	return a->name_len == b->name_len && memcmp(a->key, b->key, a->name_len) == 0;
}

static void write_sample(FILE *f, const struct sample *s, bool first)
{
	int n = (int)s->name_len;
	bool counter = n > 6 && memcmp(s->key + n - 6, "_total", 6) == 0;
	if (first)
		fprintf(f, "# HELP %.*s %s\n# TYPE %.*s %s\n", n, s->key, s->help, n, s->key,
			counter ? "counter" : "gauge");
	fprintf(f, "%s %" PRIu64 "\n", s->key, s->value);
}

int sl_metrics_text(sl_metrics_fill fill, void *arg, char **text, size_t *len)
{
	struct gathered g = { 0 };
	char *made = NULL;
	size_t n = 0;
	fill(arg, gather, &g);
	FILE *f = g.no_memory ? NULL : open_memstream(&made, &n);
	if (f != NULL && g.count > 0)
		qsort(g.sample, g.count, sizeof(*g.sample), by_name);
	for (size_t i = 0; f != NULL && i < g.count; i++)
		write_sample(f, &g.sample[i], i == 0 || !same_name(&g.sample[i - 1], &g.sample[i]));
	bool good = f != NULL && !ferror(f);
	good = (f == NULL || fclose(f) == 0) && good;
	for (size_t i = 0; i < g.count; i++)
		free(g.sample[i].key);
	free(g.sample);
	if (!good) {
		free(made);
		return -ENOMEM;
	}
	*text = made;
	*len = n;
	return 0;
}

void sl_metrics_escape(const char *text, char *out, size_t cap)
{
	size_t n = 0;
	for (; *text != '\0' && n + 2 < cap; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? 'n' : *text;
	}
	out[n] = '\0';
}
