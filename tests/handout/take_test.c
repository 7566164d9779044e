/* SPDX-License-Identifier: BSD-3-Clause */
/* take_test.c - a collector's generations and a sensor's taker, question by question: what is
 * taken, what is refused, and what is there after a start. */
#include <errno.h>
#include <string.h>

#include "../test.h"

#include "made.h"

typedef Sightline__V1__IntelAnswer Answer;
typedef Sightline__V1__IntelRequest Request;

static int setup(void **state)
{
	struct made *m = calloc(1, sizeof(*m));
	char err[256];
	made_dirs(m);
	assert_int_equal(sl_generations_open(&m->g, m->there, 3, err, sizeof(err)), 0);
	assert_int_equal(sl_taker_open(&m->t, m->here, err, sizeof(err)), 0);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	made_clean(*state);
	free(*state);
	return 0;
}

static void hand_out(struct made *m, const char *set)
{
	const struct sl_set_text t = { set, strlen(set) };
	assert_int_equal(sl_generations_add(m->g, &t, 1), 0);
}

static Answer *asked(struct made *m)
{
	Request q;
	sl_taker_question(m->t, &q);
	Answer *a = sl_generations_answer(m->g, &q);
	assert_non_null(a);
	return a;
}

static enum sl_take give(struct made *m, Answer *a)
{
	enum sl_take t = sl_taker_answer(m->t, a);
	sightline__v1__intel_answer__free_unpacked(a, NULL);
	return t;
}

/* Until there is nothing to ask any more. */
static enum sl_take follow(struct made *m)
{
	enum sl_take t = SL_TAKE_ASK;
	for (unsigned i = 0; i < 1000 && t == SL_TAKE_ASK; i++)
		t = give(m, asked(m));
	return t;
}

static void arm(struct made *m, uint64_t generation)
{
	struct sl_taken t;
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.generation, generation);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, generation);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
}

static void test_whole_then_changes(void **state)
{
	struct made *m = *state;
	struct sl_taken t;
	assert_int_equal(follow(m), SL_TAKE_IDLE); /* nothing is handed out yet */
	assert_false(sl_taker_current(m->t, &t));
	hand_out(m, "{a}\n{b}\n");
	arm(m, 1);
	hand_out(m, "{b}\n{c}\n");
	hand_out(m, "{c}\n{d}\n");
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.generation, 3);
	assert_int_equal(t.path_count, 0);
	assert_int_equal(t.add_len, 8);
	assert_memory_equal(t.add, "{c}\n{d}\n", 8);
	assert_memory_equal(t.remove, "{a}\n{b}\n", 8);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
}

static void test_same_set_is_no_generation(void **state)
{
	struct made *m = *state;
	const struct sl_set_text t = { "{a}\n", 4 };
	hand_out(m, "{a}\n");
	assert_int_equal(sl_generations_add(m->g, &t, 1), 1);
}

static void test_files(void **state)
{
	struct made *m = *state;
	char sha256[SL_SET_HEX], line[256];
	struct sl_taken t;
	char *big = calloc(1, 3 * SL_SET_CHUNK + 7);
	assert_int_equal(sl_generations_file(m->g, big, 3 * SL_SET_CHUNK + 7, sha256), 0);
	free(big);
	snprintf(line, sizeof(line), "#file %s big.bin\n", sha256);
	hand_out(m, line);
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.path_count, 1);
	assert_null(t.add);
	FILE *f = fopen(t.paths[0], "r");
	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	assert_int_equal(ftell(f), 3 * SL_SET_CHUNK + 7);
	fclose(f);
	assert_non_null(strstr(t.paths[0], "/big.bin"));
	char *path = strdup(t.paths[0]);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
	/* It goes with the set that names it. */
	hand_out(m, "{a}\n");
	arm(m, 2);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void test_byte_changed(void **state)
{
	struct made *m = *state;
	struct sl_taken t;
	hand_out(m, "{a}\n");
	arm(m, 1);
	hand_out(m, "{a}\n{b}\n");
	Answer *a = asked(m);
	assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA);
	a->delta->chunk.data[2] ^= 1;
	assert_int_equal(give(m, a), SL_TAKE_REFUSED);
	assert_int_equal(sl_taker_why(m->t), SL_TAKE_HASH);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 1);
	/* The whole, and that is spoiled as well. */
	a = asked(m);
	assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT);
	a->snapshot->chunk.data[1] ^= 1;
	assert_int_equal(give(m, a), SL_TAKE_REFUSED);
	arm(m, 2);
}

static void test_generation_skipped(void **state)
{
	struct made *m = *state;
	hand_out(m, "{a}\n");
	arm(m, 1);
	hand_out(m, "{a}\n{b}\n");
	for (unsigned i = 0; i < 3; i++) {
		Request q;
		sl_taker_question(m->t, &q);
		q.whole = false;
		Answer *a = sl_generations_answer(m->g, &q);
		assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA);
		a->delta->generation += i == 0;
		a->delta->previous += i == 1;
		a->delta->previous_sha256.data[0] ^= i == 2;
		assert_int_equal(give(m, a), SL_TAKE_REFUSED);
		assert_int_equal(sl_taker_why(m->t), SL_TAKE_SKIPPED);
	}
	arm(m, 2);
}

/* A chunk of another place, size or transfer. */
static void test_chunks_that_do_not_fit(void **state)
{
	struct made *m = *state;
	size_t len = 3 * SL_SET_CHUNK;
	char *set = malloc(len);
	size_t at = 0;
	for (unsigned i = 0; at + 16 < len; i++)
		at += (size_t)sprintf(set + at, "{%08u}\n", i);
	hand_out(m, set);
	free(set);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(give(m, asked(m)), SL_TAKE_ASK);
		Answer *a = asked(m);
		assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT);
		a->snapshot->offset += i == 0;
		a->snapshot->size += i == 1;
		a->snapshot->generation += i == 2;
		a->snapshot->sha256.len -= i == 3;
		a->snapshot->chunk.len = i == 4 ? 0 : a->snapshot->chunk.len;
		assert_int_equal(give(m, a), SL_TAKE_REFUSED);
		assert_int_equal(sl_taker_why(m->t), SL_TAKE_FORM);
	}
	/* One that went lost is asked for again; one of a question that was given up is passed
	 * over. */
	assert_int_equal(give(m, asked(m)), SL_TAKE_ASK);
	Answer *late = asked(m);
	Answer *a = asked(m);
	assert_int_equal(a->snapshot->offset, SL_SET_CHUNK);
	assert_int_equal(give(m, a), SL_TAKE_ASK);
	assert_int_equal(give(m, late), SL_TAKE_IDLE);
	arm(m, 1);
}

static void test_announced(void **state)
{
	struct made *m = *state;
	hand_out(m, "{a}\n");
	assert_int_equal(give(m, sl_generations_announce(m->g)), SL_TAKE_ASK);
	arm(m, 1);
}

static void test_refused_is_not_offered_again(void **state)
{
	struct made *m = *state;
	struct sl_taken t;
	hand_out(m, "{a}\n");
	arm(m, 1);
	hand_out(m, "{b}\n");
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_int_equal(sl_taker_settle(m->t, false), 0);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 1);
	/* Unless what refused it is gone. */
	sl_taker_again(m->t);
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_int_equal(sl_taker_settle(m->t, false), 0);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
	/* What comes after it is a change of it, and is told against what is in force. */
	hand_out(m, "{b}\n{c}\n");
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_memory_equal(t.add, "{b}\n{c}\n", 8);
	assert_memory_equal(t.remove, "{a}\n", 4);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
}

static void test_start_again(void **state)
{
	struct made *m = *state;
	struct sl_taken t;
	struct sl_taker *other;
	char err[256];
	hand_out(m, "{a}\n");
	arm(m, 1);
	assert_int_equal(sl_taker_open(&other, m->here, err, sizeof(err)), -EBUSY);
	sl_taker_close(m->t);
	assert_int_equal(sl_taker_open(&m->t, m->here, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 1);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
	/* Generations are there again, too. */
	sl_generations_close(m->g);
	assert_int_equal(sl_generations_open(&m->g, m->there, 3, err, sizeof(err)), 0);
	hand_out(m, "{b}\n");
	arm(m, 2);
}

static void test_back_and_resume(void **state)
{
	struct made *m = *state;
	const struct sl_set_text more = { "{d}\n", 4 };
	struct sl_generation g;
	hand_out(m, "{a}\n");
	hand_out(m, "{b}\n");
	hand_out(m, "{c}\n");
	assert_int_equal(sl_generations_back(m->g, 9), -ENOENT);
	assert_int_equal(sl_generations_back(m->g, 0), 0);
	assert_true(sl_generations_newest(m->g, &g));
	assert_int_equal(g.number, 4);
	assert_int_equal(g.back_to, 2);
	assert_int_equal(sl_generations_add(m->g, &more, 1), -EAGAIN);
	/* Three are kept: what is older can't be gone back to. */
	assert_int_equal(sl_generations_back(m->g, 1), -ENOENT);
	assert_true(sl_generations_held(m->g));
	assert_int_equal(sl_generations_resume(m->g), 0);
	assert_int_equal(sl_generations_add(m->g, &more, 1), 0);
	arm(m, 5);
}

/* What is handed out again after going back is no set to go back to. */
static void test_back_resume_back(void **state)
{
	struct made *m = *state;
	struct sl_generation g;
	hand_out(m, "{a}\n");
	hand_out(m, "{b}\n");
	assert_int_equal(sl_generations_back(m->g, 0), 0);
	assert_int_equal(sl_generations_resume(m->g), 0);
	hand_out(m, "{b}\n");
	assert_int_equal(sl_generations_back(m->g, 0), 0);
	assert_true(sl_generations_newest(m->g, &g));
	assert_int_equal(g.number, 5);
	assert_int_equal(g.back_to, 3);
	/* Before that set there was none. */
	assert_int_equal(sl_generations_back(m->g, 0), -ENOENT);
}

/* What has next to nothing of the set before is handed out whole, and nothing leads there. */
static void test_way_that_is_gone(void **state)
{
	struct made *m = *state;
	size_t len = 12 * SL_SET_LINE_MAX;
	char *set = malloc(len + 1);
	hand_out(m, "{a}\n");
	arm(m, 1);
	hand_out(m, "{a}\n{b}\n");
	for (size_t at = 0; at < len; at += SL_SET_LINE_MAX / 2) {
		memset(set + at, 'x', SL_SET_LINE_MAX / 2);
		set[at] = '{';
		set[at + 1] = (char)('a' + at / (SL_SET_LINE_MAX / 2));
		set[at + SL_SET_LINE_MAX / 2 - 1] = '\n';
	}
	set[len] = '\0';
	hand_out(m, set);
	free(set);
	Answer *a = asked(m);
	assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_SNAPSHOT);
	assert_int_equal(give(m, a), SL_TAKE_ASK);
	arm(m, 3);
}

/* Changes that wait come beside the first, as one answer. */
static void test_many_changes_at_once(void **state)
{
	struct made *m = *state;
	char set[2048] = "";
	struct sl_taken t;
	for (unsigned i = 10; i < 50; i++) {
		snprintf(set + strlen(set), 16, "{%u}\n", i);
		hand_out(m, set);
		if (i == 10)
			arm(m, 1);
	}
	Answer *a = asked(m);
	assert_int_equal(a->about_case, SIGHTLINE__V1__INTEL_ANSWER__ABOUT_DELTA);
	assert_int_equal(a->n_more, 38);
	/* One of them is another: those before it are good. */
	a->more[20]->chunk.data[2] ^= 1;
	assert_int_equal(give(m, a), SL_TAKE_REFUSED);
	assert_int_equal(sl_taker_why(m->t), SL_TAKE_HASH);
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.generation, 40);
	assert_int_equal(t.add_len, 39 * 5);
	assert_int_equal(t.remove_len, 0);
}

/* A file that isn't there any more is no matter on the way, and one at its end. */
static void test_file_that_is_gone(void **state)
{
	struct made *m = *state;
	char sha256[SL_SET_HEX], line[256], path[256];
	for (unsigned i = 1; i <= 7; i++) {
		assert_int_equal(sl_generations_file(m->g, &i, sizeof(i), sha256), 0);
		snprintf(line, sizeof(line), "#file %s own.bin\n{a}\n", sha256);
		hand_out(m, line);
		if (i == 1 || i == 4 || i == 7)
			arm(m, i);
		snprintf(path, sizeof(path), "%s/files/%s", m->there, sha256);
		if (i == 3 || i == 6)
			assert_int_equal(unlink(path), 0);
		if (i != 6)
			continue;
		assert_int_equal(follow(m), SL_TAKE_REFUSED);
		assert_int_equal(sl_taker_why(m->t), SL_TAKE_GONE);
	}
}

/* What is known by its number alone may be another set. */
static void test_collector_that_began_anew(void **state)
{
	struct made *m = *state;
	char err[256];
	hand_out(m, "{a}\n");
	arm(m, 1);
	sl_generations_close(m->g);
	snprintf(m->there, sizeof(m->there), "%s/anew", m->root);
	assert_int_equal(sl_generations_open(&m->g, m->there, 3, err, sizeof(err)), 0);
	hand_out(m, "{b}\n");
	arm(m, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_whole_then_changes),
		T(test_same_set_is_no_generation), T(test_files), T(test_byte_changed),
		T(test_generation_skipped), T(test_chunks_that_do_not_fit), T(test_announced),
		T(test_refused_is_not_offered_again), T(test_start_again), T(test_back_and_resume),
		T(test_back_resume_back), T(test_way_that_is_gone), T(test_file_that_is_gone),
		T(test_collector_that_began_anew), T(test_many_changes_at_once) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
