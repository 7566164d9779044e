/* SPDX-License-Identifier: BSD-3-Clause */
/* patterns.c - expressions to Hyperscan databases, one for each set of places; what Hyperscan can't
 * take, or takes only roughly, is PCRE2's. And the rooms that workers search in. Control thread.
 *
 * Hyperscan reads bytes, without its UTF-8 mode: a value need not be valid UTF-8, and that mode
 * asks for it. So what names characters beyond ASCII goes to PCRE2. What takes any character (a
 * dot, what is not in a class) is the same in ASCII values; of others that are valid it is asked in
 * UTF-8 mode, in a database of its own, and of the rest by PCRE2. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/mem.h>

#include "trees.h"

#define SPELLED_MAX ((size_t)64 << 10)
#define TRIES 16 /* compilations of one group, each without what failed before */
#define FLAGS (HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY)

enum engine { EXACT, FILTER, SLOW };

/* An expression of a group on its way into the database. */
struct candidate {
	char *text;
	unsigned flags;
	uint8_t engine;
};

/* ---- What Hyperscan is given ---- */

static bool beyond_bytes(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '(' && text[1] == '*')
		return true;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0' || (text[i] & 0x80))
			return true;
		if (text[i] == '\\' && i + 1 < len && strchr("pPXRNx", text[++i]) != NULL &&
			(text[i] != 'x' || (i + 1 < len && text[i + 1] == '{')))
			return true;
	}
	return false;
}

/* Whether one of its characters may be one beyond ASCII: said too often rather than not. */
static bool takes_any(const struct sl_leaf *l)
{
	const struct sl_constant *c = l->constant;
	if (l->test != SL_TEST_MATCHES || c->text == NULL)
		return false;
	for (size_t i = 0; i < c->len; i++) {
		if (c->text[i] == '\\' && i + 1 < c->len) {
			if (strchr("WSDHVNC", c->text[++i]) != NULL)
				return true;
		} else if (c->text[i] == '.' ||
			   (c->text[i] == '^' && i > 0 && strchr("[:", c->text[i - 1]) != NULL)) {
			return true;
		}
	}
	return false;
}

static char *spelled(struct sl_arena *a, const struct sl_leaf *l)
{
	const struct sl_constant *c = l->constant;
	static _Thread_local char text[SPELLED_MAX];
	if (l->test == SL_TEST_MATCHES)
		return beyond_bytes(c->text, c->len) ? NULL : sl_arena_text(a, c->text, c->len);
	size_t n = sl_regex_spell((enum sl_test)l->test, c->text, c->len, text, sizeof(text));
	return n > 0 ? sl_arena_text(a, text, n) : NULL;
}

static bool hyperscan_takes(const char *text, unsigned flags)
{
	hs_expr_info_t *info = NULL;
	hs_compile_error_t *err = NULL;
	bool takes = hs_expression_info(text, flags, &info, &err) == HS_SUCCESS;
	free(info);
	hs_free_compile_error(err);
	return takes;
}

static void candidate_make(struct trees *t, struct candidate *c, const struct test *x)
{
	*c = (struct candidate){ .text = spelled(t->arena, x->leaf), .flags = FLAGS };
	c->flags |= x->leaf->caseless ? HS_FLAG_CASELESS : 0;
	if (c->text == NULL || hs_valid_platform() != HS_SUCCESS) {
		c->engine = SLOW;
	} else if (!hyperscan_takes(c->text, c->flags)) {
		c->flags |= HS_FLAG_PREFILTER;
		c->engine = hyperscan_takes(c->text, c->flags) ? FILTER : SLOW;
	}
}

/* ---- A group's database ---- */

struct chosen {
	const char **text;
	unsigned *flags, *id;
	struct candidate **candidate;
	unsigned n;
};

static int chosen_new(struct chosen *c, size_t n)
{
	*c = (struct chosen){ .text = calloc(n, sizeof(*c->text)),
		.flags = calloc(n, sizeof(*c->flags)),
		.id = calloc(n, sizeof(*c->id)),
		.candidate = calloc(n, sizeof(struct candidate *)) };
	return c->text && c->flags && c->id && c->candidate ? 0 : -ENOMEM;
}

static void chosen_free(struct chosen *c)
{
	free(c->text);
	free(c->flags);
	free(c->id);
	free(c->candidate);
}

static void choose(struct chosen *c, struct candidate *all, size_t n)
{
	c->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (all[i].engine == SLOW)
			continue;
		c->text[c->n] = all[i].text;
		c->flags[c->n] = all[i].flags;
		c->candidate[c->n] = &all[i];
		c->id[c->n] = c->n;
		c->n++;
	}
}

/* One that fails only now (too large, most often) is tried roughly, then left to PCRE2. */
static void degrade(struct chosen *c, int which)
{
	bool one = which >= 0 && (unsigned)which < c->n;
	for (unsigned i = 0; i < c->n; i++) {
		struct candidate *k = c->candidate[i];
		if (one && i != (unsigned)which)
			continue;
		k->engine = one && k->engine == EXACT ? FILTER : SLOW;
		k->flags |= HS_FLAG_PREFILTER;
	}
}

static int database_make(struct group *g, struct candidate *all, size_t n)
{
	struct chosen c;
	int rc = chosen_new(&c, n);
	for (unsigned tries = 0; rc == 0; tries++) {
		hs_compile_error_t *err = NULL;
		choose(&c, all, n);
		if (c.n == 0)
			break;
		hs_error_t got = hs_compile_multi(
			c.text, c.flags, c.id, c.n, HS_MODE_BLOCK, NULL, &g->db, &err);
		if (got == HS_SUCCESS)
			break;
		g->db = NULL;
		rc = got == HS_NOMEM ? -ENOMEM : 0;
		degrade(&c, err != NULL && tries < TRIES ? err->expression : -1);
		hs_free_compile_error(err);
	}
	chosen_free(&c);
	return rc;
}

/* The same expressions and ids, those that tell characters, as characters. Where it can't be made
 * PCRE2 is asked. */
static int utf8_make(struct group *g, struct candidate *all, size_t n)
{
	struct chosen c;
	hs_compile_error_t *err = NULL;
	unsigned id = 0;
	int rc = chosen_new(&c, n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (all[i].engine == SLOW)
			continue;
		if (g->searched[i]->chars) {
			c.text[c.n] = all[i].text;
			c.flags[c.n] = all[i].flags | HS_FLAG_UTF8;
			c.id[c.n++] = id;
		}
		id++;
	}
	if (c.n > 0 && hs_compile_multi(c.text, c.flags, c.id, c.n, HS_MODE_BLOCK, NULL, &g->utf8,
			       &err) != HS_SUCCESS)
		g->utf8 = NULL;
	hs_free_compile_error(err);
	chosen_free(&c);
	return rc;
}

static int slow_regex(struct test *x)
{
	const struct sl_leaf *l = x->leaf;
	struct sl_pattern_error err;
	if (x->operands == 0 || x->operand[0].text == NULL)
		return 0;
	int rc = sl_regex_of_test(&x->regex, (enum sl_test)l->test, l->constant[0].text,
		l->constant[0].len, l->caseless ? SL_REGEX_CASELESS : 0, &err);
	return rc == -EBADMSG ? 0 : rc; /* the readers let none of these through: never true */
}

/* Deals the group's tests, in the order of Hyperscan's ids. */
static int deal(struct group *g, const struct candidate *all, size_t n)
{
	int rc = 0;
	g->searched_count = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct test *x = g->searched[i];
		if (all[i].engine != EXACT || x->chars)
			rc = slow_regex(x);
		x->exact = all[i].engine == EXACT;
		x->dead = all[i].engine != EXACT && x->regex == NULL;
		if (all[i].engine == SLOW) {
			g->slow[g->slow_count++] = x;
			continue;
		}
		g->searched[g->searched_count++] = x;
		if (x->chars)
			g->chars[g->chars_count++] = x;
		if (x->leaf->negated)
			g->negated[g->negated_count++] = x;
	}
	return rc;
}

static int group_build(struct trees *t, struct group *g)
{
	size_t n = g->searched_count;
	struct candidate *all = calloc(n, sizeof(*all));
	int rc = all == NULL ? -ENOMEM : 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		all[i].engine = SLOW;
		if (g->searched[i]->operands > 0 && g->searched[i]->operand[0].text != NULL)
			candidate_make(t, &all[i], g->searched[i]);
		g->searched[i]->chars = takes_any(g->searched[i]->leaf);
	}
	if (rc == 0)
		rc = database_make(g, all, n);
	if (rc == 0)
		rc = utf8_make(g, all, n);
	if (rc == 0)
		rc = deal(g, all, n);
	free(all);
	return rc;
}

/* ---- Rooms ---- */

static int room_make(struct trees *t, struct room *r)
{
	int rc = sl_regex_room_new(&r->regex);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < t->groups; i++)
		if ((t->group[i].db != NULL &&
			    hs_alloc_scratch(t->group[i].db, &r->scratch) != HS_SUCCESS) ||
			(t->group[i].utf8 != NULL &&
				hs_alloc_scratch(t->group[i].utf8, &r->scratch) != HS_SUCCESS))
			return -ENOMEM;
	r->found = sl_arena_take(t->arena, t->found_words * sizeof(*r->found));
	return r->found != NULL ? 0 : -ENOMEM;
}

int patterns_build(struct trees *t, unsigned workers)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->groups; i++) {
		rc = group_build(t, &t->group[i]);
		if (t->group[i].searched_count / 64 + 1 > t->found_words)
			t->found_words = t->group[i].searched_count / 64 + 1;
	}
	if (rc < 0 || (t->groups == 0 && t->flow_regex == NULL))
		return rc;
	if (t->found_words == 0)
		t->found_words = 1;
	workers = workers > 0 ? workers : 1;
	t->room = calloc(workers, sizeof(*t->room));
	if (t->room == NULL)
		return -ENOMEM;
	t->rooms = workers;
	for (unsigned i = 0; rc == 0 && i < workers; i++)
		rc = room_make(t, &t->room[i]);
	return rc;
}

void patterns_fini(struct trees *t)
{
	for (unsigned i = 0; i < t->rooms; i++) {
		hs_free_scratch(t->room[i].scratch);
		sl_regex_room_free(t->room[i].regex);
	}
	free(t->room);
	t->room = NULL;
	t->rooms = 0;
	for (size_t i = 0; i < t->groups; i++) {
		hs_free_database(t->group[i].db);
		hs_free_database(t->group[i].utf8);
	}
	for (size_t i = 0; i < t->tests; i++)
		sl_regex_free(t->test[i].regex);
	t->groups = t->tests = 0;
}

size_t trees_bytes(const struct trees *t)
{
	size_t bytes = t->arena != NULL ? sl_arena_bytes(t->arena) : 0, one = 0;
	for (size_t i = 0; i < t->groups; i++)
		if (t->group[i].db != NULL && hs_database_size(t->group[i].db, &one) == HS_SUCCESS)
			bytes += one;
	for (size_t i = 0; i < t->groups; i++)
		if (t->group[i].utf8 != NULL &&
			hs_database_size(t->group[i].utf8, &one) == HS_SUCCESS)
			bytes += one;
	for (size_t i = 0; i < t->tests; i++)
		bytes += t->test[i].regex != NULL ? sl_regex_bytes(t->test[i].regex) : 0;
	for (unsigned i = 0; i < t->rooms; i++)
		if (t->room[i].scratch != NULL &&
			hs_scratch_size(t->room[i].scratch, &one) == HS_SUCCESS)
			bytes += one;
	return bytes;
}
