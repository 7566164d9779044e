/* SPDX-License-Identifier: BSD-3-Clause */
/* journal_test.c - changes on disk: what a crash tore, what was written over, what is folded, on
 * either side; and going back across all of that. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "../test.h"

#include "made.h"

#include "../../lib/handout/journal.h"

typedef Sightline__V1__IntelAnswer Answer;

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

static uint64_t newest(struct made *m)
{
	struct sl_generation g = { 0 };
	(void)sl_generations_newest(m->g, &g);
	return g.number;
}

static void hand_out(struct made *m, const char *set)
{
	const struct sl_set_text t = { set, strlen(set) };
	assert_int_equal(sl_generations_add(m->g, &t, 1), 0);
}

static int change(struct made *m, const char *text)
{
	return sl_generations_change(m->g, newest(m), (struct sl_set_text){ text, strlen(text) });
}

/* The set of a generation, or of the newest. The caller frees it. */
static char *text_of(struct made *m, uint64_t number)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_int_equal(sl_generations_text(m->g, number > 0 ? number : newest(m), f), 0);
	fclose(f);
	return text;
}

static void is(struct made *m, uint64_t number, const char *set)
{
	char *text = text_of(m, number);
	assert_string_equal(text, set);
	free(text);
}

static void again(struct made *m)
{
	char err[256];
	sl_generations_close(m->g);
	m->g = NULL;
	assert_int_equal(sl_generations_open(&m->g, m->there, 3, err, sizeof(err)), 0);
}

/* Until there is nothing to ask any more. */
static enum sl_take follow(struct made *m)
{
	enum sl_take t = SL_TAKE_ASK;
	for (unsigned i = 0; i < 1000 && t == SL_TAKE_ASK; i++) {
		Sightline__V1__IntelRequest q;
		sl_taker_question(m->t, &q);
		Answer *a = sl_generations_answer(m->g, &q);
		assert_non_null(a);
		t = sl_taker_answer(m->t, a);
		sightline__v1__intel_answer__free_unpacked(a, NULL);
	}
	return t;
}

/* The newest is in force. */
static void arm(struct made *m)
{
	struct sl_taken t;
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.generation, newest(m));
	assert_int_equal(sl_taker_settle(m->t, true), 0);
}

static void sensor_again(struct made *m, char err[256])
{
	sl_taker_close(m->t);
	m->t = NULL;
	assert_int_equal(sl_taker_open(&m->t, m->here, err, 256), 0);
}

static void path_of(const char *dir, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", dir, name);
}

static size_t size_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* Turns a byte over, counted from the end. */
static void spoil(const char *path, size_t from_end)
{
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, -(long)from_end, SEEK_END), 0);
	int c = fgetc(f);
	assert_int_equal(fseek(f, -(long)from_end, SEEK_END), 0);
	fputc(c ^ 1, f);
	fclose(f);
}

/* ---- the collector ---- */

static void test_changes(void **state)
{
	struct made *m = *state;
	assert_int_equal(sl_generations_change(m->g, 0, (struct sl_set_text){ "+{a}\n", 5 }),
		-ESTALE); /* of what? */
	hand_out(m, "{a}\n{b}\n");
	assert_int_equal(change(m, "-{a}\n+{c}\n"), 0);
	is(m, 0, "{b}\n{c}\n");
	is(m, 1, "{a}\n{b}\n");
	assert_int_equal(change(m, ""), 1);
	assert_int_equal(
		sl_generations_change(m->g, 1, (struct sl_set_text){ "+{d}\n", 5 }), -ESTALE);
	static const char *const wrong[] = { "+{d}", "{d}\n", "+{e}\n+{d}\n", "+x\n",
		"-{a}\n-{b}\n-{c}\n" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(change(m, wrong[i]), -EBADMSG);
	assert_int_equal(newest(m), 2);
	assert_int_equal(sl_generations_tidy(m->g), 0);
	again(m);
	assert_int_equal(newest(m), 2);
	is(m, 0, "{b}\n{c}\n");
	assert_int_equal(sl_generations_torn(m->g), 0);
}

/* Cut at every length: what is whole stays, what isn't is cut off, and writing goes on. */
static void test_torn(void **state)
{
	struct made *m = *state;
	char path[256];
	hand_out(m, "{a}\n");
	path_of(m->there, "journal-1", path);
	assert_int_equal(change(m, "+{b}\n"), 0);
	size_t one = size_of(path);
	assert_int_equal(change(m, "+{c}\n"), 0);
	size_t two = size_of(path);
	for (size_t cut = two - 1; cut > one; cut -= 7 < cut - one ? 7 : cut - one) {
		assert_int_equal(truncate(path, (off_t)cut), 0);
		again(m);
		assert_int_equal(newest(m), 2);
		assert_int_equal(sl_generations_torn(m->g), 1);
		assert_int_equal(size_of(path), one);
		is(m, 0, "{a}\n{b}\n");
		assert_int_equal(change(m, "+{c}\n"), 0);
	}
	again(m);
	assert_int_equal(sl_generations_torn(m->g), 0);
	is(m, 0, "{a}\n{b}\n{c}\n");
}

/* A byte of the first record is another: neither it nor what follows on it counts. */
static void test_spoiled(void **state)
{
	struct made *m = *state;
	char path[256];
	hand_out(m, "{a}\n");
	path_of(m->there, "journal-1", path);
	assert_int_equal(change(m, "+{b}\n"), 0);
	size_t one = size_of(path);
	assert_int_equal(change(m, "+{c}\n"), 0);
	spoil(path, size_of(path) - one + 75); /* in the change's own bytes */
	again(m);
	assert_int_equal(newest(m), 1);
	assert_int_equal(sl_generations_torn(m->g), 1);
	is(m, 0, "{a}\n");
}

/* A record with a right sum that doesn't follow: of another set, or with one left out. */
static void test_skipped(void **state)
{
	struct made *m = *state;
	hand_out(m, "{a}\n");
	for (unsigned i = 0; i < 2; i++) {
		struct journal j = { .fd = -1 };
		struct journal_head h = { .number = i == 0 ? 3 : 2, .lines = 2, .bytes = 8 };
		int folder = open(m->there, O_RDONLY | O_DIRECTORY);
		uint64_t at;
		assert_int_equal(journal_begin(&j, folder, 1, 0), 0);
		assert_int_equal(journal_add(&j, &h, (struct sl_set_text){ "+{b}\n", 5 }, &at), 0);
		journal_end(&j);
		close(folder);
		again(m);
		assert_int_equal(newest(m), 1);
		assert_int_equal(sl_generations_torn(m->g), 1);
	}
}

/* 1 MiB of changes is a new snapshot, made beside. */
static void grow(struct made *m)
{
	size_t len = 200000;
	char *text = malloc(len + 64);
	memset(text, 'x', len + 64);
	for (unsigned i = 0; i < 8; i++) {
		for (unsigned k = 0; k < 4; k++) {
			char *p = text + k * len / 4;
			memcpy(p, "+{", 2);
			snprintf(p + 2, 16, "%05u.%u", i, k);
			p[9] = 'x';
			p[len / 4 - 2] = '}';
			p[len / 4 - 1] = '\n';
		}
		assert_int_equal(
			sl_generations_change(m->g, newest(m), (struct sl_set_text){ text, len }),
			0);
		for (unsigned k = 0; k < 4; k++)
			text[k * len / 4] = '-';
		assert_int_equal(
			sl_generations_change(m->g, newest(m), (struct sl_set_text){ text, len }),
			0);
	}
	free(text);
}

static void test_folded(void **state)
{
	struct made *m = *state;
	char path[256];
	hand_out(m, "{a}\n{b}\n");
	arm(m);
	grow(m);
	path_of(m->there, "set-17", path);
	for (unsigned i = 0; i < 1000000 && access(path, F_OK) < 0; i++) {
		assert_int_equal(sl_generations_tidy(m->g), 0);
		sched_yield();
	}
	while (newest(m) < 20)
		assert_int_equal(change(m, newest(m) % 2 != 0 ? "-{a}\n" : "+{a}\n"), 0);
	/* Who has what was before it follows by changes, all the same. */
	struct sl_generation g;
	assert_true(sl_generations_newest(m->g, &g));
	arm(m);
	is(m, 0, "{b}\n");
	again(m);
	assert_int_equal(newest(m), 20);
	assert_int_equal(sl_generations_torn(m->g), 0);
	is(m, 0, "{b}\n");
	/* And back across the snapshot. */
	assert_int_equal(sl_generations_back(m->g, 0), 0);
	is(m, 0, "{a}\n{b}\n");
	arm(m);
}

/* A set that has next to nothing of the one before is no change; back to that is possible as well.
 */
static void test_back_across_a_whole(void **state)
{
	struct made *m = *state;
	size_t len = 600000;
	char *set = malloc(len + 1);
	hand_out(m, "{a}\n");
	assert_int_equal(change(m, "+{b}\n"), 0);
	arm(m);
	for (size_t at = 0; at < len; at += 60000) {
		memset(set + at, 'y', 60000);
		memcpy(set + at, "{", 1);
		set[at + 1] = (char)('0' + at / 60000);
		memcpy(set + at + 59998, "}\n", 2);
	}
	set[len] = '\0';
	hand_out(m, set);
	arm(m);
	assert_int_equal(change(m, "+{a}\n"), 0);
	is(m, 2, "{a}\n{b}\n");
	assert_int_equal(sl_generations_back(m->g, 2), 0);
	is(m, 0, "{a}\n{b}\n");
	arm(m);
	again(m);
	assert_true(sl_generations_held(m->g));
	is(m, 0, "{a}\n{b}\n");
	free(set);
}

/* ---- the sensor ---- */

static void test_sensor_starts_from_its_journal(void **state)
{
	struct made *m = *state;
	char err[256];
	struct sl_taken t;
	hand_out(m, "{a}\n");
	arm(m);
	assert_int_equal(change(m, "+{b}\n"), 0);
	arm(m);
	assert_int_equal(change(m, "-{a}\n+{c}\n"), 0);
	arm(m);
	sensor_again(m, err);
	assert_string_equal(err, "");
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 3);
	assert_int_equal(t.lines, 2);
	assert_int_equal(t.path_count, 1); /* says {a} */
	assert_memory_equal(t.add, "{b}\n{c}\n", 8);
	assert_memory_equal(t.remove, "{a}\n", 4);
	assert_int_equal(sl_taker_fold(m->t, &t), 0);
	assert_null(t.add);
	assert_int_equal(t.path_count, 1);
	assert_int_equal(size_of(t.paths[0]), 8);
	assert_int_equal(follow(m), SL_TAKE_IDLE);
	sensor_again(m, err);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 3);
	assert_null(t.add);
	assert_int_equal(change(m, "+{a}\n"), 0);
	arm(m);
}

static void test_sensor_journal_torn(void **state)
{
	struct made *m = *state;
	char err[256], path[256];
	struct sl_taken t;
	hand_out(m, "{a}\n");
	arm(m);
	assert_int_equal(change(m, "+{b}\n"), 0);
	arm(m);
	assert_int_equal(change(m, "+{c}\n"), 0);
	arm(m);
	path_of(m->here, "journal-1", path);
	spoil(path, 1);
	sensor_again(m, err);
	assert_non_null(strstr(err, "torn"));
	assert_int_equal(sl_taker_torn(m->t), 1);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 2);
	arm(m);
	sensor_again(m, err);
	assert_int_equal(sl_taker_torn(m->t), 0);
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 3);
}

/* What lines can't be armed by is asked for as a text. */
static void test_sensor_whole(void **state)
{
	struct made *m = *state;
	char err[256];
	struct sl_taken t;
	hand_out(m, "{a}\n");
	arm(m);
	assert_int_equal(change(m, "+{b}\n"), 0);
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_non_null(t.add);
	assert_int_equal(sl_taker_whole(m->t, &t), 0);
	assert_null(t.add);
	assert_int_equal(t.path_count, 1);
	assert_int_equal(size_of(t.paths[0]), 8);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
	sensor_again(m, err);
	assert_string_equal(err, "");
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 2);
	assert_int_equal(change(m, "-{a}\n"), 0);
	arm(m);
}

/* A collector that begins anew hands out other generations of the same numbers. */
static void test_sensor_of_another_row(void **state)
{
	struct made *m = *state;
	struct sl_taken t;
	char err[256];
	hand_out(m, "{a}\n{b}\n");
	arm(m);
	assert_int_equal(change(m, "+{c}\n"), 0);
	arm(m);
	sl_generations_close(m->g);
	m->g = NULL;
	snprintf(m->there, sizeof(m->there), "%s/anew", m->root);
	assert_int_equal(sl_generations_open(&m->g, m->there, 3, err, sizeof(err)), 0);
	hand_out(m, "{a}\n{d}\n");
	assert_int_equal(follow(m), SL_TAKE_READY);
	assert_true(sl_taker_staged(m->t, &t));
	assert_int_equal(t.generation, 1);
	assert_memory_equal(t.add, "{d}\n", 4);
	assert_memory_equal(t.remove, "{b}\n{c}\n", 8);
	assert_int_equal(sl_taker_settle(m->t, true), 0);
	sensor_again(m, err);
	assert_string_equal(err, "");
	assert_true(sl_taker_current(m->t, &t));
	assert_int_equal(t.generation, 1);
	assert_null(t.add);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_changes), T(test_torn), T(test_spoiled),
		T(test_skipped), T(test_folded), T(test_back_across_a_whole),
		T(test_sensor_starts_from_its_journal), T(test_sensor_journal_torn),
		T(test_sensor_whole), T(test_sensor_of_another_row) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
