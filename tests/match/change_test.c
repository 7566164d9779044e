/* SPDX-License-Identifier: BSD-3-Clause */
/* change_test.c - random changes, one after another, compared with a ruleset that is built anew
 * from what there is: the same hits, born in the same generations, also for flows that are older.
 */
#include <errno.h>
#include <stdio.h>

#include <sightline/book.h>

#include "drawn.h"
#include "spelled.h"

enum { THERE = 120, CHANGES = 250, LINES = 12, HITS = SL_BATCH_MAX * SL_HITS_PER_OBS };

/* What there is: in one set, in the order in which it came. */
static struct sl_indicator there[THERE * 2];
static size_t count;

static bool same(const struct sl_indicator *a, const struct sl_indicator *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->source, b->source) == 0 &&
	       strcmp(a->value, b->value) == 0 && a->type == b->type && a->match == b->match &&
	       a->where == b->where && a->port == b->port;
}

static void model_add(const struct sl_indicator *i, struct sl_change *sum)
{
	for (size_t n = 0; n < count; n++) {
		if (same(&there[n], i)) {
			there[n] = *i;
			sum->replaced++;
			return;
		}
	}
	there[count++] = *i;
	sum->added++;
}

static void model_remove(const struct sl_indicator *i, struct sl_change *sum)
{
	for (size_t n = 0; n < count; n++) {
		if (same(&there[n], i)) {
			memmove(&there[n], &there[n + 1], (--count - n) * sizeof(*there));
			sum->removed++;
			return;
		}
	}
	sum->absent++;
}

/* Two sources, so that values have several; strings of `in` stay while it does. */
static struct sl_indicator *draw(struct sl_intel *in)
{
	struct sl_indicator *i = drawn_indicator(in);
	i->source = drawn(3) ? "test" : "other";
	i->allow = drawn(20) == 0;
	i->quiet = !i->allow && drawn(10) == 0;
	return i;
}

static void copy(struct sl_intel *in, const struct sl_indicator *from)
{
	struct sl_indicator *i = made_add(in, from->type, from->value, from->match);
	const char *value = i->value;
	*i = *from;
	i->value = value;
}

static struct sl_ruleset *anew(const struct sl_ruleset *before, uint32_t generation)
{
	static const struct sl_match_options o = { .validity = SL_VALID_PACKET };
	struct sl_intel *in = made_new();
	struct sl_ruleset *rs = NULL;
	for (size_t i = 0; i < count; i++)
		copy(in, &there[i]);
	assert_int_equal(sl_ruleset_build(&rs, in, &o, before, generation), 0);
	return rs;
}

/* ---- Comparison ---- */

static int text_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What the hits of one observable say, whatever the order of indicators. */
static size_t say(
	const struct sl_ruleset *rs, const struct sl_hit *hit, uint32_t n, char (*out)[512])
{
	for (uint32_t i = 0; i < n; i++) {
		const struct sl_indicator *d = spelled(rs, hit[i].indicator);
		snprintf(out[i], sizeof(out[i]), "%u %s %s %s %u %u %u %u %u %u", hit[i].obs, d->id,
			d->source, d->value, d->match, d->where, d->port, hit[i].match,
			hit[i].known, d->quiet);
	}
	qsort(out, n, sizeof(*out), text_order);
	return n;
}

/* Hits of one value stand together, and say the same of being known. */
static void check_values(const struct sl_ruleset *rs, const struct sl_hit *hit, uint32_t n)
{
	for (uint32_t a = 0; a < n; a++) {
		for (uint32_t b = a + 1; b < n && hit[b].obs == hit[a].obs; b++) {
			const struct sl_indicator *x = spelled(rs, hit[a].indicator);
			const struct sl_indicator *y = spelled(rs, hit[b].indicator);
			bool equal = x->type == y->type && x->prefix_len == y->prefix_len &&
				     (x->version ? memcmp(&x->addr, &y->addr, 16) == 0
						 : strcmp(x->value, y->value) == 0);
			assert_int_equal(equal, hit[a].value == hit[b].value);
			if (equal)
				assert_int_equal(hit[b - 1].value, hit[b].value);
			if (equal)
				assert_int_equal(hit[a].known, hit[b].known);
		}
	}
}

/* Entries that undo others' hits tell nothing by themselves, and nobody asks for them alone. */
static uint32_t without_leaves(struct sl_hit *hit, uint32_t n)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!hit[i].leaf)
			hit[left++] = hit[i];
	return left;
}

/* An address that is hit is said to be listed, whichever end of a packet it is. */
static void check_ends(const struct sl_ruleset *rs, const struct made_batch *m,
	const struct sl_hit *hit, uint32_t n)
{
	static struct sl_packet pkt[SL_BURST];
	uint64_t found;
	for (unsigned i = 0; i < m->b.n; i++) {
		const struct sl_observable *o = &m->b.obs[i];
		pkt[i] = (struct sl_packet){ .version = o->type == SL_TYPE_IPV4	  ? 4
							: o->type == SL_TYPE_IPV6 ? 6
										  : 0 };
		if (pkt[i].version != 0)
			memcpy(i % 2 ? pkt[i].src.b : pkt[i].dst.b, o->value, o->len);
	}
	found = sl_match_ends(rs, pkt, (uint16_t)m->b.n);
	for (uint32_t i = 0; i < n; i++)
		assert_true(pkt[hit[i].obs].version == 0 || found >> hit[i].obs & 1);
	for (unsigned i = 0; i < m->b.n; i++)
		assert_true(pkt[i].version != 0 || !(found >> i & 1));
}

static void compare(const struct sl_ruleset *rs, const struct sl_ruleset *model)
{
	static struct sl_hit hit[2][HITS];
	static char text[2][SL_HITS_PER_OBS * 64][512];
	struct made_batch *m = made_batch_new();
	m->flow.sport = 1111;
	m->flow.dport = 2222;
	uint32_t age = drawn(2) ? drawn(sl_ruleset_generation(rs) + 1) : UINT32_MAX;
	m->flow.generation = age;
	for (unsigned i = 0; i < 60; i++) {
		drawn_observable(m);
		m->b.obs[i].flags = age != UINT32_MAX ? SL_OBS_AGAIN : 0;
	}
	uint32_t n = made_match(rs, m, hit[0], HITS), k = made_match(model, m, hit[1], HITS);
	check_ends(rs, m, hit[0], n);
	n = without_leaves(hit[0], n);
	k = without_leaves(hit[1], k);
	check_values(rs, hit[0], n);
	assert_int_equal(n, k);
	say(rs, hit[0], n, text[0]);
	say(model, hit[1], k, text[1]);
	for (uint32_t i = 0; i < n; i++)
		assert_string_equal(text[0][i], text[1][i]);
	free(m);
}

static void compare_wants(const struct sl_ruleset *rs, const struct sl_ruleset *model)
{
	uint64_t a[(SL_WHERE_COUNT + 63) / 64], b[(SL_WHERE_COUNT + 63) / 64];
	sl_ruleset_want(rs, a);
	sl_ruleset_want(model, b);
	for (unsigned i = 0; i < (SL_WHERE_COUNT + 63) / 64; i++)
		assert_int_equal(b[i] & ~a[i], 0);
}

/* ---- Changes ---- */

static struct sl_intel *kept[CHANGES * 2 + 1]; /* whose strings the model borrows */

static void change_draw(struct sl_intel *more, struct sl_intel *fewer, struct sl_change *want)
{
	*want = (struct sl_change){ 0 };
	for (unsigned n = drawn(LINES); n > 0; n--) {
		if (count > 0 && drawn(4))
			copy(fewer, &there[drawn((unsigned)count)]);
		else
			(void)draw(fewer);
	}
	const struct sl_book *b = sl_intel_book(fewer);
	struct sl_indicator i;
	for (size_t n = 0; n < b->count; n++) {
		sl_book_get(b, n, &i);
		model_remove(&i, want);
	}
	unsigned lines = count < THERE ? drawn(LINES) : 0;
	for (unsigned n = 0; n < lines; n++) {
		if (count > 0 && drawn(4) == 0) {
			copy(more, &there[drawn((unsigned)count)]);
		} else {
			struct sl_indicator one = *draw(more);
			if (drawn(4) == 0)
				copy(more, &one);
		}
	}
	b = sl_intel_book(more);
	for (size_t n = 0; n < b->count; n++) {
		sl_book_get(b, n, &i);
		model_add(&i, want);
	}
}

static void test_changes(void **state)
{
	(void)state;
	struct sl_change sum, want;
	uint64_t added = 0, removed = 0;
	struct sl_intel *first = kept[0] = made_new();
	for (unsigned i = 0; i < 60; i++)
		(void)draw(first);
	const struct sl_book *b = sl_intel_book(first);
	for (size_t n = 0; n < b->count; n++) {
		struct sl_indicator i;
		sl_book_get(b, n, &i);
		model_add(&i, &want);
	}
	struct sl_ruleset *model = anew(NULL, 1), *rs = anew(NULL, 1);
	for (uint32_t g = 2; g < CHANGES + 2; g++) {
		struct sl_intel *more = made_new(), *fewer = made_new();
		struct sl_ruleset *next = NULL;
		kept[g * 2 - 3] = more;
		kept[g * 2 - 2] = fewer;
		change_draw(more, fewer, &want);
		assert_int_equal(sl_ruleset_change(&next, rs, sl_intel_book(more),
					 sl_intel_book(fewer), g, &sum),
			0);
		struct sl_ruleset *fresh = anew(model, g);
		sl_ruleset_free(model);
		model = fresh;
		if (drawn(2)) /* the one before may live on, or not */
			compare(rs, rs);
		sl_ruleset_free(rs);
		rs = next;
		assert_int_equal(sum.removed, want.removed);
		assert_int_equal(sum.absent, want.absent);
		assert_int_equal(sum.added, want.added);
		assert_int_equal(sl_ruleset_generation(rs), g);
		assert_int_equal(sl_ruleset_indicators(rs), sl_ruleset_indicators(model));
		compare_wants(rs, model);
		for (unsigned i = 0; i < 4; i++)
			compare(rs, model);
		added += sum.added;
		removed += sum.removed;
	}
	assert_true(added > CHANGES && removed > CHANGES);
	sl_ruleset_free(rs);
	sl_ruleset_free(model);
	for (unsigned i = 0; i <= CHANGES * 2; i++)
		sl_intel_free(kept[i]);
	assert_int_equal(made_live(), 0);
}

/* Two sets are drawn, as are changes of the first; on the second, which was built meanwhile, they
 * come to the same as a set that is built anew after the one that was in force. */
static void rebase_once(void)
{
	struct sl_intel *files[2] = { made_new(), made_new() }, *more[3], *fewer[3];
	static struct sl_indicator first[THERE * 2], now[THERE * 2];
	struct sl_indicator i;
	struct sl_change sum, want;
	size_t had, has;
	count = 0;
	for (unsigned n = 0; n < 40; n++)
		model_add(draw(files[0]), &want);
	memcpy(first, there, sizeof(first));
	had = count;
	struct sl_ruleset *from = anew(NULL, 1), *to = sl_ruleset_share(from), *out = NULL;
	assert_non_null(to);
	for (unsigned n = 0; n < 3; n++) {
		struct sl_ruleset *next;
		change_draw(more[n] = made_new(), fewer[n] = made_new(), &want);
		assert_int_equal(sl_ruleset_change(&next, to, sl_intel_book(more[n]),
					 sl_intel_book(fewer[n]), n + 2, &sum),
			0);
		sl_ruleset_free(to);
		to = next;
	}
	memcpy(now, there, sizeof(now));
	has = count;
	/* The files of the second: most of the first, and others. */
	count = 0;
	for (size_t n = 0; n < had; n++)
		if (drawn(5))
			there[count++] = first[n];
	for (unsigned n = 0; n < 10; n++)
		model_add(draw(files[1]), &want);
	struct sl_ruleset *next = anew(from, 2);
	sl_ruleset_renumber(next, 5);
	for (size_t n = 0; n < had; n++) {
		size_t k = 0;
		while (k < has && !same(&first[n], &now[k]))
			k++;
		if (k == has)
			model_remove(&first[n], &want);
	}
	for (size_t k = 0; k < has; k++) {
		size_t n = 0;
		while (n < had && !same(&first[n], &now[k]))
			n++;
		i = now[k];
		if (n == had || i.quiet != first[n].quiet || i.allow != first[n].allow)
			model_add(&i, &want);
	}
	struct sl_ruleset *model = anew(to, 5);
	assert_int_equal(sl_ruleset_rebase(&out, next, from, to, 5, &sum), 0);
	assert_int_equal(sl_ruleset_generation(out), 5);
	assert_int_equal(sl_ruleset_indicators(out), sl_ruleset_indicators(model));
	sl_ruleset_free(from);
	sl_ruleset_free(to);
	sl_ruleset_free(next);
	for (unsigned n = 0; n < 20; n++)
		compare(out, model);
	sl_ruleset_free(out);
	sl_ruleset_free(model);
	for (unsigned n = 0; n < 3; n++) {
		sl_intel_free(more[n]);
		sl_intel_free(fewer[n]);
	}
	sl_intel_free(files[0]);
	sl_intel_free(files[1]);
	assert_int_equal(made_live(), 0);
}

static void test_rebased(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		rebase_once();
}

/* Many small ones: layers join, and everything is found in the end. */
static void test_many(void **state)
{
	(void)state;
	enum { MANY = 4000, STEP = 20 };
	static struct sl_hit hit[HITS];
	char text[64];
	struct sl_ruleset *rs = made_ruleset(made_new(), NULL);
	struct sl_change sum;
	for (unsigned i = 0; i < MANY; i += STEP) {
		struct sl_intel *more = made_new();
		for (unsigned k = i; k < i + STEP; k++) {
			sprintf(text, "10.0.%u.%u", k >> 8, k & 255);
			made_add(more, SL_TYPE_IPV4, text, SL_MATCH_EXACT);
			sprintf(text, "host%u.example", k);
			made_add(more, SL_TYPE_DOMAIN, text, SL_MATCH_SUFFIX);
		}
		struct sl_ruleset *next;
		assert_int_equal(
			sl_ruleset_change(&next, rs, sl_intel_book(more), NULL, i / STEP + 2, &sum),
			0);
		assert_int_equal(sum.armed, 2 * STEP);
		sl_intel_free(more);
		sl_ruleset_free(rs);
		rs = next;
	}
	assert_int_equal(sl_ruleset_indicators(rs), 2 * MANY);
	struct made_batch *m = made_batch_new();
	for (unsigned i = 0; i < MANY + 10; i++) {
		sl_batch_empty(&m->b);
		sprintf(text, "10.0.%u.%u", i >> 8, i & 255);
		made_addr(m, SL_WHERE_IP_SRC, text);
		sprintf(text, "www.host%u.example", i);
		made_text(m, SL_WHERE_DNS_QUERY, text);
		assert_int_equal(made_match(rs, m, hit, HITS), i < MANY ? 2 : 0);
	}
	free(m);
	sl_ruleset_free(rs);
}

/* What a base says twice is one after it is said again, and none once it is taken out. */
static void test_twice(void **state)
{
	(void)state;
	struct sl_hit hit[SL_HITS_PER_OBS];
	struct sl_intel *in = made_new(), *same_again = made_new();
	struct sl_change sum;
	struct sl_ruleset *rs, *more, *none;
	made_add(in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT);
	made_add(in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT);
	made_add(same_again, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT)->confidence = 7;
	rs = made_ruleset(in, NULL);
	struct made_batch *m = made_batch_new();
	made_text(m, SL_WHERE_DNS_QUERY, "evil.example");
	assert_int_equal(made_match(rs, m, hit, SL_HITS_PER_OBS), 2);
	const struct sl_book *book = sl_intel_book(same_again);
	assert_int_equal(sl_ruleset_change(&more, rs, book, NULL, 2, &sum), 0);
	assert_int_equal(sum.replaced, 1);
	assert_int_equal(sum.armed, -1);
	assert_int_equal(sl_ruleset_indicators(more), 1);
	assert_int_equal(made_match(more, m, hit, SL_HITS_PER_OBS), 1);
	assert_int_equal(spelled(more, hit[0].indicator)->confidence, 7);
	assert_int_equal(sl_ruleset_change(&none, more, NULL, book, 3, &sum), 0);
	assert_int_equal(sum.removed, 1);
	assert_int_equal(made_match(none, m, hit, SL_HITS_PER_OBS), 0);
	assert_int_equal(made_match(rs, m, hit, SL_HITS_PER_OBS), 2); /* as it was */
	free(m);
	sl_intel_free(same_again);
	sl_ruleset_free(rs);
	sl_ruleset_free(none);
	sl_ruleset_free(more);
	assert_int_equal(made_live(), 0);
}

/* A value's indicators move together: each that a change says anew is one replaced, once. */
static void test_two_of_one_value(void **state)
{
	(void)state;
	static const char *const id[] = { "a", "b", "b", "c" };
	struct sl_intel *in = made_new(), *anew = made_new();
	struct sl_change sum;
	struct sl_ruleset *rs, *next;
	for (unsigned i = 0; i < 2; i++)
		made_add(in, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT)->id = id[i];
	for (unsigned i = 0; i < 4; i++)
		made_add(anew, SL_TYPE_DOMAIN, "evil.example", SL_MATCH_EXACT)->id = id[i];
	rs = made_ruleset(in, NULL);
	assert_int_equal(sl_ruleset_change(&next, rs, sl_intel_book(anew), NULL, 2, &sum), 0);
	assert_int_equal(sum.replaced, 2);
	assert_int_equal(sum.added, 1);
	assert_int_equal(sum.armed, 1);
	assert_int_equal(sl_ruleset_indicators(next), 3);
	sl_intel_free(anew);
	sl_ruleset_free(rs);
	sl_ruleset_free(next);
}

static void test_refused(void **state)
{
	(void)state;
	struct sl_intel *tree = made_new(), *long_name = made_new();
	struct sl_change sum;
	struct sl_ruleset *next = NULL, *rs = made_ruleset(made_new(), NULL);
	char name[1200];
	made_add(tree, SL_TYPE_DOMAIN, "[a]", SL_MATCH_TREE);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	made_add(long_name, SL_TYPE_DOMAIN, name, SL_MATCH_EXACT);
	assert_int_equal(
		sl_ruleset_change(&next, rs, sl_intel_book(tree), NULL, 2, &sum), -EOPNOTSUPP);
	assert_int_equal(
		sl_ruleset_change(&next, rs, NULL, sl_intel_book(tree), 2, &sum), -EOPNOTSUPP);
	assert_int_equal(
		sl_ruleset_change(&next, rs, sl_intel_book(long_name), NULL, 2, &sum), -EINVAL);
	assert_null(next);
	sl_intel_free(tree);
	sl_intel_free(long_name);
	sl_ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_rebased),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_two_of_one_value),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
