/* SPDX-License-Identifier: BSD-3-Clause */
/* feeds_test.c - sources that are files: what is taken, what is refused, what is handed out, and
 * what is there after a start. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"

#include <sightline/clock.h>
#include <sightline/feed.h>

struct made {
	char root[64], dir[96], sources[128], file[128], spec[256];
	struct sl_generations *g;
	struct sl_feeds *f;
	unsigned told[SL_FEED_BROKEN + 1];
};

static const struct sl_feed_options options = { .interval_ns = SL_SECOND / 20,
	.timeout_ns = SL_SECOND,
	.stale_ns = 3600 * SL_SECOND,
	.max_bytes = 4096,
	.min_ratio = 0.5,
	.max_growth = 10,
	.growth_floor = 20,
	.backoff_ns = SL_SECOND / 100 };

static void tell(void *arg, enum sl_feed_event e, const char *feed, const char *text)
{
	struct made *m = arg;
	(void)feed, (void)text;
	m->told[e]++;
}

static void begin(struct made *m, const char *more)
{
	char err[512];
	const char *spec = m->spec;
	snprintf(m->spec, sizeof(m->spec), "own=%s%s", m->file, more);
	assert_int_equal(sl_generations_open(&m->g, m->dir, 3, err, sizeof(err)), 0);
	assert_int_equal(sl_feeds_open(&m->f, &spec, 1, &options, m->sources, m->g, tell, m, err,
				 sizeof(err)),
		0);
}

static void end(struct made *m)
{
	sl_feeds_close(m->f);
	sl_generations_close(m->g);
}

static int setup(void **state)
{
	struct made *m = calloc(1, sizeof(*m));
	snprintf(m->root, sizeof(m->root), "/tmp/sightline-feeds-XXXXXX");
	assert_non_null(mkdtemp(m->root));
	snprintf(m->dir, sizeof(m->dir), "%s/intel", m->root);
	snprintf(m->sources, sizeof(m->sources), "%s/sources", m->dir);
	snprintf(m->file, sizeof(m->file), "%s/own", m->root);
	*state = m;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	(void)st, (void)kind, (void)f;
	return remove(path);
}

static int teardown(void **state)
{
	struct made *m = *state;
	nftw(m->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(m);
	return 0;
}

/* n names, as native lines or as a list. */
static void write_names(const struct made *m, unsigned n, bool native)
{
	char part[160];
	snprintf(part, sizeof(part), "%s.new", m->file);
	FILE *f = fopen(part, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f,
			native ? "{\"type\":\"domain-name\",\"value\":\"n%u.example\"}\n"
			       : "n%u.example\n",
			i);
	fclose(f);
	assert_int_equal(rename(part, m->file), 0);
}

static void until(struct made *m, enum sl_feed_event e, unsigned count)
{
	for (unsigned i = 0; m->told[e] < count && i < 100000; i++)
		(void)sl_feeds_run(m->f, 10);
	assert_int_equal(m->told[e], count);
}

static uint64_t lines(struct made *m)
{
	struct sl_generation g;
	return sl_generations_newest(m->g, &g) ? g.lines : 0;
}

static void test_file_taken_and_refused(void **state)
{
	struct made *m = *state;
	write_names(m, 10, true);
	begin(m, "");
	until(m, SL_FEED_HANDED, 1);
	assert_int_equal(lines(m), 10);
	static const unsigned refused[] = { 4, 31 * 4, 0 };
	for (unsigned i = 0; i < 3; i++) {
		write_names(m, refused[i], i != 1);
		until(m, SL_FEED_REFUSED, i + 1);
		write_names(m, 10, true);
		until(m, SL_FEED_GOOD, i + 1);
	}
	assert_int_equal(lines(m), 10);
	assert_int_equal(unlink(m->file), 0);
	until(m, SL_FEED_FAILED, 1);
	assert_int_equal(lines(m), 10);
	end(m);
}

static void test_larger_than_it_may_be(void **state)
{
	struct made *m = *state;
	write_names(m, 10, true);
	begin(m, " max_size=64");
	until(m, SL_FEED_FAILED, 1);
	assert_int_equal(lines(m), 0);
	end(m);
}

static void test_start_again(void **state)
{
	struct made *m = *state;
	write_names(m, 10, false);
	begin(m, "");
	until(m, SL_FEED_HANDED, 1);
	assert_int_equal(lines(m), 1); /* a file as it is */
	end(m);
	/* While the source is away, what it said stays. */
	assert_int_equal(unlink(m->file), 0);
	begin(m, "");
	until(m, SL_FEED_FAILED, 1);
	assert_int_equal(lines(m), 1); /* a file as it is */
	assert_int_equal(m->told[SL_FEED_HANDED], 1);
	write_names(m, 4, false);
	until(m, SL_FEED_REFUSED, 1);
	write_names(m, 5, false);
	until(m, SL_FEED_HANDED, 2);
	end(m);
}

/* What was gone back from is handed out again though no source says anything new. */
static void test_resumed(void **state)
{
	struct made *m = *state;
	write_names(m, 10, true);
	begin(m, "");
	until(m, SL_FEED_HANDED, 1);
	write_names(m, 12, true);
	until(m, SL_FEED_HANDED, 2);
	assert_int_equal(sl_generations_back(m->g, 0), 0);
	assert_int_equal(lines(m), 10);
	assert_int_equal(sl_generations_resume(m->g), 0);
	sl_feeds_wake(m->f);
	until(m, SL_FEED_HANDED, 3);
	assert_int_equal(lines(m), 12);
	end(m);
}

static void test_native_lines_get_their_source(void **state)
{
	struct made *m = *state;
	char path[160], text[1024] = "";
	FILE *f = fopen(m->file, "w");
	fputs("# ours\n\n  {\"type\":\"domain-name\",\"value\":\"b.example\",\"source\":\"x\"} \r\n"
	      "{\"type\":\"domain-name\",\"value\":\"a.example\"}\n",
		f);
	fclose(f);
	begin(m, "");
	until(m, SL_FEED_HANDED, 1);
	end(m);
	snprintf(path, sizeof(path), "%s/set-1", m->dir);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text,
		"{\"source\":\"own\",\"type\":\"domain-name\",\"value\":\"a.example\"}\n"
		"{\"type\":\"domain-name\",\"value\":\"b.example\",\"source\":\"x\"}\n");
}

/* A line that can't stand by itself leaves the file as it is. */
static void test_native_file_with_a_bad_line(void **state)
{
	static const char *const bad[] = { "nonsense\n", "{\"a\":1} {\"b\":2}\n", "{}\n",
		"{\"type\":\"domain-name\",\"value\":\"a.example\",\"source\":7}\n" };
	struct made *m = *state;
	for (unsigned i = 0; i < 4; i++) {
		FILE *f = fopen(m->file, "w");
		fprintf(f, "{\"type\":\"domain-name\",\"value\":\"a%u.example\"}\n%s", i, bad[i]);
		fclose(f);
		begin(m, " min_ratio=0");
		until(m, SL_FEED_HANDED, i + 1);
		assert_int_equal(lines(m), 1);
		end(m);
	}
}

/* What a source says, as the only set that there is. The caller frees it. */
static char *set_of(struct made *m, const char *said)
{
	char *text = calloc(1, 4096);
	FILE *f = fopen(m->file, "w");
	fputs(said, f);
	fclose(f);
	begin(m, " min_ratio=0");
	until(m, SL_FEED_HANDED, m->told[SL_FEED_HANDED] + 1);
	struct sl_generation g;
	assert_true(sl_generations_newest(m->g, &g));
	f = fmemopen(text, 4096, "w");
	assert_int_equal(sl_generations_text(m->g, g.number, f), 0);
	fclose(f);
	end(m);
	return text;
}

/* A list goes by the line where native lines say all of it, else as it is. */
static void test_lists_as_lines(void **state)
{
	static const char *const lines_of[] = { "6.6.6.6\nhttps://a.example/x\n*.zone.example\n",
		"0.0.0.0 a.example\n0.0.0.0 b.example\n", "||a.example^\n||b.example^\n" };
	static const char *const files_of[] = { "6.6.6.6\nno value at all\n", "6.6.6.6:8080\n",
		"6.6.6.6\n10.0.0.300\n" };
	struct made *m = *state;
	for (unsigned i = 0; i < 3; i++) {
		char *set = set_of(m, lines_of[i]);
		assert_memory_equal(set, "{\"source\":\"own\",", 16);
		assert_null(strstr(set, "#file"));
		free(set);
		set = set_of(m, files_of[i]);
		assert_memory_equal(set, "#file ", 6);
		assert_null(strstr(set, "{"));
		free(set);
	}
}

static void test_specs(void **state)
{
	static const char *const wrong[] = { "", "a", "=x", "a=", "a/b=/x", ".a=/x", "a=/x y",
		"a=/x y=1", "a=/x interval=0", "a=/x max_size=3GiB", "a=/x min_ratio=nan",
		"a=/x max_growth=0.5", "a=ftp://x", "a=misp+https://x" };
	char err[512];
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(sl_feeds_check(&wrong[i], 1, &options, err, sizeof(err)), -EINVAL);
	const char *good =
		"a= https://x.example/y?z=1 interval=1h timeout=5s stale=2h max_size=1MiB "
		"min_ratio=0 max_growth=1";
	assert_int_equal(sl_feeds_check(&good, 1, &options, err, sizeof(err)), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_file_taken_and_refused),
		T(test_larger_than_it_may_be), T(test_start_again), T(test_resumed),
		T(test_native_lines_get_their_source), T(test_native_file_with_a_bad_line),
		T(test_lists_as_lines), T(test_specs) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
