/* SPDX-License-Identifier: BSD-3-Clause */
/* book_test.c - what is written in a book is read from it, and what is alike is kept once. */
#include <sightline/book.h>
#include <sightline/mem.h>

#include "test.h"

#define MANY 5000 /* over the room that a book begins with */

struct held {
	struct sl_arena *arena;
	struct sl_book book;
};

static int setup(void **state)
{
	struct held *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	assert_int_equal(sl_arena_new(&h->arena), 0);
	assert_int_equal(sl_book_init(&h->book, h->arena), 0);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct held *h = *state;
	sl_book_fini(&h->book);
	sl_arena_free(h->arena);
	free(h);
	return 0;
}

/* One with something in every member. */
static struct sl_indicator full(void)
{
	return (struct sl_indicator){ .id = "id",
		.source = "source",
		.name = "name",
		.severity = "high",
		.labels = "a,b",
		.quiet_reason = "why",
		.part = "[a:b = 1]",
		.value = "2001:db8::1/127",
		.value_len = 15,
		.where = SL_WHERE_DNS_ANSWER_IP,
		.port = 443,
		.type = SL_TYPE_IPV6,
		.match = SL_MATCH_BELOW,
		.version = 6,
		.prefix_len = 127,
		.tlp = SL_TLP_RED,
		.confidence = 80,
		.test = true,
		.quiet = true,
		.allow = true,
		.below = SL_BELOW_YES,
		.leaf = 7,
		.detection = 9,
		.addr = { .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } },
		.valid_from_ns = 1,
		.valid_until_ns = 2,
		.reported_ns = 3 };
}

static void assert_same(const struct sl_indicator *a, const struct sl_indicator *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->source, b->source);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->severity, b->severity);
	assert_string_equal(a->labels, b->labels);
	assert_string_equal(a->quiet_reason, b->quiet_reason);
	assert_string_equal(a->part, b->part);
	assert_int_equal(a->value_len, b->value_len);
	assert_memory_equal(a->value, b->value, a->value_len);
	assert_int_equal(a->where, b->where);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->match, b->match);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->prefix_len, b->prefix_len);
	assert_int_equal(a->tlp, b->tlp);
	assert_int_equal(a->confidence, b->confidence);
	assert_int_equal(a->test, b->test);
	assert_int_equal(a->quiet, b->quiet);
	assert_int_equal(a->allow, b->allow);
	assert_int_equal(a->below, b->below);
	assert_int_equal(a->leaf, b->leaf);
	assert_int_equal(a->detection, b->detection);
	assert_memory_equal(a->addr.b, b->addr.b, 16);
	assert_int_equal(a->valid_from_ns, b->valid_from_ns);
	assert_int_equal(a->valid_until_ns, b->valid_until_ns);
	assert_int_equal(a->reported_ns, b->reported_ns);
}

static void test_all_of_it(void **state)
{
	struct held *h = *state;
	struct sl_indicator in = full(), out;
	assert_int_equal(sl_book_add(&h->book, &in), 0);
	sl_book_get(&h->book, 0, &out);
	assert_same(&in, &out);
	in = (struct sl_indicator){ .id = "",
		.source = "",
		.name = "",
		.severity = "",
		.labels = "",
		.quiet_reason = "",
		.part = "",
		.value = "evil.example",
		.value_len = 12,
		.type = SL_TYPE_DOMAIN };
	assert_int_equal(sl_book_add(&h->book, &in), 0);
	sl_book_get(&h->book, 1, &out);
	assert_same(&in, &out);
}

/* A difference in any one member is not lost in what is kept once. */
static void test_one_member(void **state)
{
	struct held *h = *state;
	struct sl_indicator in[20], out;
	for (size_t i = 0; i < 20; i++)
		in[i] = full();
	in[1].source = "another";
	in[2].severity = "low";
	in[3].labels = "c";
	in[4].quiet_reason = "because";
	in[5].part = "another part";
	in[6].where = SL_WHERE_IP_SRC;
	in[7].match = SL_MATCH_EXACT;
	in[8].prefix_len = 126;
	in[9].tlp = SL_TLP_CLEAR;
	in[10].confidence = 81;
	in[11].test = false;
	in[12].quiet = false;
	in[13].allow = false;
	in[14].below = SL_BELOW_NO;
	in[15].valid_from_ns = 0;
	in[16].valid_until_ns = 0;
	in[17].reported_ns = 0;
	in[18].port = 0;
	in[19].name = "another name";
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(sl_book_add(&h->book, &in[i]), 0);
	for (size_t i = 0; i < 20; i++) {
		sl_book_get(&h->book, i, &out);
		assert_same(&in[i], &out);
	}
	assert_int_equal(h->book.kinds, 15);
	assert_int_equal(h->book.whens, 4);
}

static void test_kept_once(void **state)
{
	struct held *h = *state;
	struct sl_indicator in = full(), out;
	in.type = SL_TYPE_IPV4;
	in.version = 4;
	in.prefix_len = 32;
	for (uint32_t i = 0; i < MANY; i++) {
		in.addr = (union sl_addr){ .v4_be = i };
		in.valid_from_ns = i % 3;
		assert_int_equal(sl_book_add(&h->book, &in), 0);
	}
	assert_int_equal(h->book.count, MANY);
	assert_int_equal(h->book.kinds, 1);
	assert_int_equal(h->book.whens, 3);
	assert_true(sl_book_bytes(&h->book) < MANY * 50 + 16384);
	for (uint32_t i = 0; i < MANY; i++) {
		sl_book_get(&h->book, i, &out);
		assert_int_equal(out.addr.v4_be, i);
		assert_int_equal(out.addr.q[1], 0);
		assert_int_equal(out.valid_from_ns, i % 3);
	}
}

/* As many kinds as entries: nothing is taken for another. */
static void test_all_different(void **state)
{
	struct held *h = *state;
	struct sl_indicator in = full(), out;
	for (uint32_t i = 0; i < MANY; i++) {
		in.confidence = (uint8_t)(i % 100);
		in.where = (uint16_t)(i / 100 % SL_WHERE_COUNT);
		in.valid_until_ns = i + 10;
		assert_int_equal(sl_book_add(&h->book, &in), 0);
	}
	assert_int_equal(h->book.kinds, MANY);
	assert_int_equal(h->book.whens, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		sl_book_get(&h->book, i, &out);
		assert_int_equal(out.confidence, i % 100);
		assert_int_equal(out.where, i / 100 % SL_WHERE_COUNT);
		assert_int_equal(out.valid_until_ns, i + 10);
	}
}

static void test_put(void **state)
{
	struct held *h = *state;
	struct sl_indicator in = full(), other = full(), out;
	assert_int_equal(sl_book_add(&h->book, &in), 0);
	sl_book_get(&h->book, 0, &out);
	out.tlp = SL_TLP_GREEN;
	assert_int_equal(sl_book_put(&h->book, 0, &out), 0);
	in.tlp = SL_TLP_GREEN;
	sl_book_get(&h->book, 0, &out);
	assert_same(&in, &out);
	other.value = "2001:db8::2";
	other.value_len = 11;
	other.addr.b[15] = 2;
	assert_int_equal(sl_book_put(&h->book, 0, &other), 0);
	sl_book_get(&h->book, 0, &out);
	assert_same(&other, &out);
	assert_int_equal(h->book.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_member, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_different, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
