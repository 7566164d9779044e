/* SPDX-License-Identifier: BSD-3-Clause */
/* config_value.c - the text of one option becomes its value, and back. Main thread, at start. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config_value.h"

struct unit {
	const char *name;
	uint64_t scale;
};

/* By scale: a value is printed in the largest unit that divides it. */
static const struct unit size_units[] = {
	{ "TiB", UINT64_C(1) << 40 },
	{ "TB", UINT64_C(1000000000000) },
	{ "GiB", UINT64_C(1) << 30 },
	{ "GB", UINT64_C(1000000000) },
	{ "MiB", UINT64_C(1) << 20 },
	{ "MB", UINT64_C(1000000) },
	{ "KiB", UINT64_C(1) << 10 },
	{ "kB", UINT64_C(1000) },
	{ "", 1 },
	{ "B", 1 },
	{ NULL, 0 },
};

static const struct unit duration_units[] = {
	{ "d", UINT64_C(86400000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ "m", UINT64_C(60000000000) },
	{ "s", UINT64_C(1000000000) },
	{ "ms", UINT64_C(1000000) },
	{ "us", UINT64_C(1000) },
	{ "ns", 1 },
	{ NULL, 0 },
};

static void units_text(const struct unit *u, uint64_t v, char *out, size_t len)
{
	while (v % u->scale != 0)
		u++;
	snprintf(out, len, "%" PRIu64 "%s", v / u->scale, v != 0 ? u->name : "");
}

static void number_text(enum sl_opt_kind kind, double v, char *out, size_t len)
{
	if (kind == SL_OPT_DOUBLE)
		snprintf(out, len, "%.15g", v);
	else if (kind == SL_OPT_SIZE)
		units_text(size_units, (uint64_t)v, out, len);
	else if (kind == SL_OPT_DURATION)
		units_text(duration_units, (uint64_t)v, out, len);
	else
		snprintf(out, len, "%.0f", v);
}

void sl_setting_text(const struct value *v, char *out, size_t len)
{
	switch (v->opt->kind) {
	case SL_OPT_FLAG:
		snprintf(out, len, "%s", v->flag ? "true" : "false");
		break;
	case SL_OPT_U64:
		snprintf(out, len, "%" PRIu64, v->u64);
		break;
	case SL_OPT_DOUBLE:
		snprintf(out, len, "%.15g", v->number);
		break;
	case SL_OPT_SIZE:
		units_text(size_units, v->u64, out, len);
		break;
	case SL_OPT_DURATION:
		units_text(duration_units, v->u64, out, len);
		break;
	default:
		snprintf(out, len, "%s", v->text != NULL ? v->text : "");
	}
}

/* A row whose min and max are both 0 has no bounds. */
static bool bounded(const struct sl_opt *o)
{
	return o->min < o->max || o->min > 0 || o->max > 0;
}

static bool within(const struct sl_opt *o, double v)
{
	return !bounded(o) || (v >= o->min && v <= o->max);
}

void sl_value_allowed(const struct sl_opt *o, char *out, size_t len)
{
	static const char *const what[] = {
		[SL_OPT_FLAG] = "true or false",
		[SL_OPT_U64] = "a whole number",
		[SL_OPT_DOUBLE] = "a number",
		[SL_OPT_SIZE] = "a size such as 4096, 512MiB or 2GB",
		[SL_OPT_DURATION] = "a duration such as 500ms, 30s, 5m or 2h",
		[SL_OPT_TEXT] = "a text",
		[SL_OPT_LIST] = "a text, or a list of texts",
		[SL_OPT_CHOICE] = "one of",
	};
	bool numeric = o->kind >= SL_OPT_U64 && o->kind <= SL_OPT_DURATION;
	if (o->choices != NULL) {
		int at = snprintf(out, len, "one of ");
		for (const char *p = o->choices; *p != '\0' && (size_t)at + 3 < len; p++)
			at += snprintf(out + at, len - (size_t)at, *p == '|' ? ", " : "%c", *p);
		return;
	}
	snprintf(out, len, "%s", what[o->kind]);
	if (numeric && bounded(o)) {
		char lo[40], hi[40];
		number_text(o->kind, o->min, lo, sizeof(lo));
		number_text(o->kind, o->max, hi, sizeof(hi));
		size_t at = strlen(out);
		snprintf(out + at, len - at, ", from %s to %s", lo, hi);
	}
}

/* Decimal digits, then one of the units. */
static bool whole(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t v = 0;
	const char *p = text;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	if (p == text)
		return false;
	if (units == NULL || (v == 0 && *p == '\0')) {
		*out = v;
		return *p == '\0';
	}
	for (; units->name != NULL; units++)
		if (strcasecmp(p, units->name) == 0)
			return !__builtin_mul_overflow(v, units->scale, out);
	return false;
}

static bool number(const char *text, double *out)
{
	char *end;
	if (*text == '\0' || strspn(text, "0123456789.+-eE") != strlen(text))
		return false;
	double v = strtod(text, &end);
	if (*end != '\0' || !isfinite(v))
		return false;
	*out = v;
	return true;
}

static bool boolean(const char *text, bool *out)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2;
			return true;
		}
	}
	return false;
}

bool sl_config_size(const char *text, uint64_t *out)
{
	return whole(text, size_units, out);
}

bool sl_config_duration(const char *text, uint64_t *out)
{
	return whole(text, duration_units, out);
}

static bool chosen(const char *choices, const char *text, size_t len)
{
	for (const char *p = choices; p != NULL && len > 0; p = strchr(p, '|')) {
		p += *p == '|';
		if (strcspn(p, "|") == len && strncmp(p, text, len) == 0)
			return true;
	}
	return false;
}

static int list_add(struct sl_arena *a, struct value *v, const char *text, size_t len)
{
	if (v->opt->choices != NULL && !chosen(v->opt->choices, text, len))
		return -EINVAL;
	if (v->count == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 8;
		const char **list = sl_arena_take(a, cap * sizeof(*list));
		if (list == NULL)
			return -ENOMEM;
		if (v->count > 0)
			memcpy(list, v->list, v->count * sizeof(*list));
		v->list = list;
		v->cap = cap;
	}
	v->list[v->count] = sl_arena_text(a, text, len);
	if (v->list[v->count] == NULL)
		return -ENOMEM;
	v->count++;
	return 0;
}

static int list_set(struct sl_arena *a, struct value *v, const char *text)
{
	if (!v->opt->comma)
		return list_add(a, v, text, strlen(text));
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		const char *from = p;
		size_t n = len;
		for (; n > 0 && *from == ' '; n--)
			from++;
		while (n > 0 && from[n - 1] == ' ')
			n--;
		int rc = n == 0 ? -EINVAL : list_add(a, v, from, n);
		if (rc < 0)
			return rc;
		p += len;
		if (*p == '\0')
			return 0;
	}
}

void sl_value_clear(struct value *v, enum origin from)
{
	v->from = from;
	v->list = NULL;
	v->count = v->cap = 0;
}

static int value_read(struct sl_arena *a, struct value *v, const char *text)
{
	const struct sl_opt *o = v->opt;
	bool ok = false;
	switch (o->kind) {
	case SL_OPT_FLAG:
		ok = boolean(text, &v->flag);
		break;
	case SL_OPT_U64:
		ok = whole(text, NULL, &v->u64) && within(o, (double)v->u64);
		break;
	case SL_OPT_SIZE:
		ok = whole(text, size_units, &v->u64) && within(o, (double)v->u64);
		break;
	case SL_OPT_DURATION:
		ok = whole(text, duration_units, &v->u64) && within(o, (double)v->u64);
		break;
	case SL_OPT_DOUBLE:
		ok = number(text, &v->number) && within(o, v->number);
		break;
	case SL_OPT_CHOICE:
		ok = chosen(o->choices, text, strlen(text));
		break;
	case SL_OPT_TEXT:
		ok = true;
		break;
	case SL_OPT_LIST:
		return list_set(a, v, text);
	}
	return ok ? 0 : -EINVAL;
}

int sl_value_set(
	struct sl_arena *a, struct value *v, const char *text, enum origin from, char why[SL_WHY])
{
	struct value next = *v;
	if (v->opt->kind == SL_OPT_LIST && v->from != from)
		sl_value_clear(&next, from);
	next.from = from;
	int rc = value_read(a, &next, text);
	if (rc == -EINVAL)
		sl_value_allowed(v->opt, why, SL_WHY);
	if (rc < 0)
		return rc;
	next.text = sl_arena_text(a, text, strlen(text));
	if (next.text == NULL)
		return -ENOMEM;
	*v = next;
	return 0;
}

/* Levenshtein's distance, for words of at most 63 bytes. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[64];
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = row[j] + 1 < best ? row[j] + 1 : best;
		}
	}
	return row[b_len];
}

void sl_nearest_offer(struct nearest *n, const char *candidate)
{
	size_t len = strlen(candidate);
	if (n->word_len > 63 || len > 63)
		return;
	unsigned d = distance(n->word, n->word_len, candidate, len);
	/* A hint helps when most of the word was right. */
	if (d <= 1 + n->word_len / 3 && (n->best == NULL || d < n->distance)) {
		n->best = candidate;
		n->distance = d;
	}
}
