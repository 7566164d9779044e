/* SPDX-License-Identifier: BSD-3-Clause */
/* tests.c - an observable put to the tests of its place. Worker; never allocates; each test's work
 * is bounded, and how many there are is what was listed. */
#include "trees.h"

#include <sightline/hot.h>

struct asking {
	const struct trees *t;
	struct room *room;
	const struct sl_observable *obs;
	const char *text; /* the value as text */
	size_t len;
	uint8_t version; /* an address: not 0 */
	union sl_addr addr;
	bool chars_slow; /* PCRE2 is asked what tells characters */
	touch_fn touch;
	void *arg;
	uint64_t *gave_up;
};

static void touch_all(struct asking *a, const struct test *x, enum touch how)
{
	for (uint32_t i = 0; i < x->refs; i++)
		a->touch(a->arg, x->ref[i], how);
}

/* ---- Comparisons ---- */

static bool prefix_covers(const struct operand *o, const union sl_addr *a)
{
	unsigned whole = o->bits / 8, rest = o->bits % 8;
	if (memcmp(o->addr.b, a->b, whole) != 0)
		return false;
	return rest == 0 || ((o->addr.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
}

static bool same(const struct asking *a, const struct operand *o)
{
	if (a->version != 0)
		return o->version == a->version && prefix_covers(o, &a->addr);
	return o->text != NULL && o->len == a->len && memcmp(o->text, a->text, a->len) == 0;
}

/* A value that is a number, whole and not beyond 18 digits. */
static bool number_of(const struct asking *a, int64_t *out)
{
	int64_t v = 0;
	if (a->len == 0 || a->len > 18)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		if (a->text[i] < '0' || a->text[i] > '9')
			return false;
		v = v * 10 + (a->text[i] - '0');
	}
	*out = v;
	return true;
}

/* How a value stands to a constant; false: they can't be compared. */
static bool order(const struct asking *a, const struct operand *o, int *out)
{
	int64_t v;
	if (o->number) {
		if (!number_of(a, &v))
			return false;
		if (o->whole)
			*out = v < o->integer ? -1 : v > o->integer;
		else
			*out = (double)v < o->real ? -1 : (double)v > o->real;
		return true;
	}
	if (o->text == NULL || a->version != 0)
		return false;
	size_t n = a->len < o->len ? a->len : o->len;
	int d = memcmp(a->text, o->text, n);
	*out = d != 0 ? d : a->len < o->len ? -1 : a->len > o->len;
	return true;
}

static bool equal(const struct asking *a, const struct operand *o)
{
	int d;
	if (o->number)
		return order(a, o, &d) && d == 0;
	return same(a, o);
}

static bool any_equal(const struct asking *a, const struct test *x)
{
	for (uint32_t i = 0; i < x->operands; i++)
		if (equal(a, &x->operand[i]))
			return true;
	return false;
}

/* Whether an address, or the one host that it is as a network, holds all of a listed network. */
static bool holds_network(const struct asking *a, const struct operand *o)
{
	return a->version != 0 && o->bits == (a->version == 4 ? 32 : 128) && same(a, o);
}

static bool sized(const struct asking *a, const struct test *x)
{
	int d;
	if (x->operands == 0 || !order(a, x->operand, &d))
		return x->leaf->negated; /* then nothing is said of it */
	switch (x->leaf->test) {
	case SL_TEST_LESS:
		return d < 0;
	case SL_TEST_LESS_EQUAL:
		return d <= 0;
	case SL_TEST_GREATER:
		return d > 0;
	default:
		return d >= 0;
	}
}

static bool direct(const struct asking *a, const struct test *x)
{
	bool whole = a->obs->part == SL_PART_WHOLE;
	bool is;
	switch (x->leaf->test) {
	case SL_TEST_EXISTS:
		return !x->leaf->negated;
	case SL_TEST_UNEQUAL:
		is = whole && x->operands > 0 ? !any_equal(a, x) : x->leaf->negated;
		break;
	case SL_TEST_SUBSET:
		is = whole && a->version != 0 ? any_equal(a, x) : x->leaf->negated;
		break;
	case SL_TEST_SUPERSET:
		is = x->operands > 0 && a->version != 0 ? holds_network(a, x->operand)
							: x->leaf->negated;
		break;
	case SL_TEST_EQUAL:
	case SL_TEST_IN:
		is = whole ? any_equal(a, x) : x->leaf->negated;
		break;
	default:
		is = whole ? sized(a, x) : x->leaf->negated;
		break;
	}
	return is != x->leaf->negated;
}

/* ---- Expressions ---- */

static int on_found(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	uint64_t *found = arg;
	found[id / 64] |= UINT64_C(1) << (id % 64);
	return 0;
}

/* Of a value that was cut only what its beginning tells is known. */
static bool known_of_cut(const struct test *x)
{
	return !x->leaf->negated &&
	       (x->leaf->test == SL_TEST_CONTAINS || x->leaf->test == SL_TEST_STARTS);
}

static bool may_ask(const struct asking *a, const struct test *x)
{
	return !x->dead && (a->obs->part == SL_PART_WHOLE || known_of_cut(x));
}

static void gave_up(struct asking *a, const struct test *x)
{
	++*a->gave_up;
	touch_all(a, x, TOUCH_DOUBT);
}

/* PCRE2's word; where it gives up, nothing is known. */
static void ask_slow(struct asking *a, const struct test *x)
{
	int found = sl_regex_search(x->regex, a->room->regex, a->text, a->len);
	if (found < 0)
		gave_up(a, x);
	else if ((found == 1) != x->leaf->negated)
		touch_all(a, x, x->leaf->negated ? TOUCH_HOLDS : TOUCH_FOUND);
}

static void ask_found(struct asking *a, const struct group *g)
{
	for (uint32_t word = 0; word * 64 < g->searched_count; word++) {
		for (uint64_t left = a->room->found[word]; left != 0; left &= left - 1) {
			const struct test *x =
				g->searched[word * 64 + (uint32_t)__builtin_ctzll(left)];
			if (!may_ask(a, x))
				continue;
			if (!x->exact)
				ask_slow(a, x);
			else if (!x->leaf->negated)
				touch_all(a, x, TOUCH_FOUND);
		}
	}
}

/* Those under NOT that Hyperscan didn't find; `negated` stands in the order of the ids. */
static void ask_missing(struct asking *a, const struct group *g)
{
	uint32_t id = 0;
	for (uint32_t i = 0; i < g->negated_count; i++) {
		while (g->searched[id] != g->negated[i])
			id++;
		bool known = !a->chars_slow || !g->negated[i]->chars;
		if (known && !(a->room->found[id / 64] >> (id % 64) & 1) &&
			may_ask(a, g->negated[i]))
			touch_all(a, g->negated[i], TOUCH_HOLDS);
	}
}

static bool is_ascii(const char *p, size_t len)
{
	uint64_t any = 0, word;
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		any |= word;
	}
	for (; len > 0; p++, len--)
		any |= (uint8_t)*p;
	return (any & 0x8080808080808080) == 0;
}

static bool is_utf8(struct sl_span s)
{
	while (s.len > 0) {
		size_t n = sl_utf8_len(s);
		if (n == 0)
			return false;
		s = sl_span_from(s, n);
	}
	return true;
}

static bool scan(struct asking *a, const hs_database_t *db)
{
	return hs_scan(db, a->text, (unsigned)a->len, 0, a->room->scratch, on_found,
		       a->room->found) == HS_SUCCESS;
}

/* Forgets what the bytes said to those that tell characters. */
static void chars_forget(struct asking *a, const struct group *g)
{
	uint32_t id = 0;
	for (uint32_t i = 0; i < g->chars_count; i++) {
		while (g->searched[id] != g->chars[i])
			id++;
		a->room->found[id / 64] &= ~(UINT64_C(1) << (id % 64));
	}
}

static void ask_hyperscan(struct asking *a, const struct group *g)
{
	memset(a->room->found, 0, (g->searched_count / 64 + 1) * sizeof(uint64_t));
	bool scanned = scan(a, g->db);
	a->chars_slow = false;
	if (g->chars_count > 0 && !is_ascii(a->text, a->len)) {
		chars_forget(a, g);
		a->chars_slow = g->utf8 == NULL || !is_utf8(sl_span(a->text, a->len));
		scanned = scanned && (a->chars_slow || scan(a, g->utf8));
	}
	for (uint32_t i = 0; !scanned && i < g->searched_count; i++)
		gave_up(a, g->searched[i]);
	if (!scanned)
		return;
	ask_found(a, g);
	ask_missing(a, g);
	for (uint32_t i = 0; a->chars_slow && i < g->chars_count; i++)
		if (may_ask(a, g->chars[i]))
			ask_slow(a, g->chars[i]);
}

static void ask_group(struct asking *a, const struct group *g)
{
	if (g->db != NULL)
		ask_hyperscan(a, g);
	for (uint32_t i = 0; i < g->slow_count; i++)
		if (may_ask(a, g->slow[i]))
			ask_slow(a, g->slow[i]);
}

void tests_ask(const struct trees *t, struct room *room, const struct sl_observable *o,
	touch_fn touch, void *arg, uint64_t *gave_up)
{
	char text[SL_ADDR_TEXT + 1];
	const struct place *p = &t->place[o->where];
	struct asking a = { .t = t,
		.room = room,
		.obs = o,
		.text = (const char *)o->value,
		.len = o->len,
		.touch = touch,
		.arg = arg,
		.gave_up = gave_up };
	enum sl_form form = (enum sl_form)sl_wheres[o->where].form;
	if (o->part != SL_PART_WHOLE && o->part != SL_PART_TRUNCATED)
		return;
	if (form == SL_FORM_ADDR && (o->len == 4 || o->len == 16)) {
		a.version = o->len == 4 ? 4 : 6;
		a.addr = (union sl_addr){ .q = { 0, 0 } };
		memcpy(a.addr.b, o->value, o->len);
	}
	if (a.version != 0 || (form == SL_FORM_MAC && o->len == 6)) {
		a.len = sl_value_text((enum sl_where)o->where, sl_span(o->value, o->len), text);
		a.text = text;
	}
	for (uint32_t i = 0; i < p->direct_count; i++) {
		if (direct(&a, p->direct[i]))
			touch_all(&a, p->direct[i], TOUCH_HOLDS);
		if (o->part != SL_PART_WHOLE && p->direct[i]->leaf->test == SL_TEST_EXISTS)
			touch_all(&a, p->direct[i], TOUCH_DOUBT);
	}
	for (uint32_t i = 0; room != NULL && i < p->group_count; i++)
		ask_group(&a, p->group[i]);
}
