/* SPDX-License-Identifier: BSD-3-Clause */
/* tree.c - making trees, and instants. Control threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

int sl_pattern_new(struct sl_pattern **out)
{
	struct sl_pattern *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	int rc = sl_arena_new(&p->arena);
	if (rc < 0) {
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void sl_pattern_free(struct sl_pattern *p)
{
	if (p == NULL)
		return;
	sl_arena_free(p->arena);
	free(p);
}

struct sl_node *sl_pattern_root(const struct sl_pattern *p)
{
	return p->root;
}

void sl_pattern_root_set(struct sl_pattern *p, struct sl_node *root)
{
	p->root = root;
}

struct sl_node *sl_pattern_group(struct sl_pattern *p, enum sl_node_kind kind)
{
	struct sl_node *n = p->nodes < NODES_MAX ? sl_arena_take(p->arena, sizeof(*n)) : NULL;
	if (n == NULL)
		return NULL;
	p->nodes++;
	n->kind = kind;
	return n;
}

void sl_pattern_append(struct sl_node *group, struct sl_node *child)
{
	struct sl_node **at = &group->child;
	while (*at != NULL)
		at = &(*at)->next;
	*at = child;
	child->next = NULL;
}

static bool constants_copy(
	struct sl_pattern *p, struct sl_node *n, const struct sl_constant *from, size_t count)
{
	if (count > CONSTANTS_MAX - p->constants)
		return false;
	struct sl_constant *to = sl_arena_take(p->arena, (count + 1) * sizeof(*to));
	if (to == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		to[i] = from[i];
		if (from[i].text == NULL)
			continue;
		to[i].text = sl_arena_text(p->arena, from[i].text, from[i].len);
		if (to[i].text == NULL)
			return false;
	}
	p->constants += count;
	n->constant = to;
	n->constants = count;
	return true;
}

struct sl_node *sl_pattern_test(struct sl_pattern *p, const char *path, enum sl_test test,
	const struct sl_constant *constant, size_t constants)
{
	struct words w = { .p = p, .text = path, .len = strlen(path) };
	struct sl_path read;
	words_next(&w);
	if (!path_read(&w, &read) || w.word != WORD_END)
		return NULL;
	struct sl_node *n = sl_pattern_group(p, SL_NODE_TEST);
	if (n == NULL || !constants_copy(p, n, constant, constants))
		return NULL;
	n->path = read;
	n->test = test;
	return n;
}

struct sl_node *sl_pattern_equal(
	struct sl_pattern *p, const char *path, const char *text, size_t len)
{
	struct sl_constant c = { .kind = SL_CONSTANT_TEXT, .text = text, .len = len };
	return sl_pattern_test(p, path, SL_TEST_EQUAL, &c, 1);
}

/* ---- Instants ---- */

/* Days since 1970 of a date of the Gregorian calendar, also of one that is none (30 February
 * counts on). */
static int64_t days_from(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool two_digits(const char *p, int64_t low, int64_t high, int64_t *out)
{
	*out = (p[0] - '0') * 10 + (p[1] - '0');
	return *out >= low && *out <= high;
}

static bool fraction(const char *p, size_t len, uint32_t *out)
{
	uint32_t ns = 0, unit = 100000000;
	for (size_t i = 0; i < len; i++, unit /= 10) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		ns += (uint32_t)(p[i] - '0') * unit;
	}
	*out = ns;
	return len > 0;
}

bool sl_instant_read(const char *text, size_t len, struct sl_instant *out)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t fixed = sizeof(shape) - 1;
	int64_t century, year, month, day, hour, minute, second;
	if (len < fixed + 1 || text[len - 1] != 'Z')
		return false;
	for (size_t i = 0; i < fixed; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	if (!two_digits(text, 0, 99, &century) || !two_digits(text + 2, 0, 99, &year) ||
		!two_digits(text + 5, 1, 12, &month) || !two_digits(text + 8, 1, 31, &day) ||
		!two_digits(text + 11, 0, 23, &hour) || !two_digits(text + 14, 0, 59, &minute) ||
		!two_digits(text + 17, 0, 60, &second))
		return false;
	out->nanoseconds = 0;
	if (len > fixed + 1 && (text[fixed] != '.' || !fraction(text + fixed + 1, len - fixed - 2,
							      &out->nanoseconds)))
		return false;
	out->seconds = days_from(century * 100 + year, month, day) * 86400 + hour * 3600 +
		       minute * 60 + second;
	/* The leap second of the last minute that four digits can write is none of them. */
	return out->seconds <= 253402300799;
}
