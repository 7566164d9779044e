/* SPDX-License-Identifier: BSD-3-Clause */
/* store_test.c - the store on a real file. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include <sightline/store.h>

#include "../bus/messages.h"

struct fixture {
	char folder[64], path[128], err[256];
	struct sl_store *s;
};

static void reopen(struct fixture *f)
{
	sl_store_close(f->s);
	f->s = NULL;
	assert_int_equal(sl_store_open(&f->s, f->path, f->err, sizeof(f->err)), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	snprintf(f->folder, sizeof(f->folder), "/tmp/sl-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/s.db", f->folder);
	reopen(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const ends[] = { "", "-wal", "-shm" };
	sl_store_close(f->s);
	for (size_t i = 0; i < 3; i++) {
		char path[160];
		snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		unlink(path);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

static bool put(struct fixture *f, unsigned n, uint32_t revision, uint64_t count)
{
	struct made x;
	bool changed = false;
	made_sighting(&x, "domain-name", "feed", n);
	x.m.revision = revision;
	x.m.count = count;
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), 0);
	return changed;
}

/* One number out of the file, as another program sees it. */
static long long ask(struct fixture *f, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	long long v = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return v;
}

static void test_revisions(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(sl_store_begin(f->s), 0);
	assert_true(put(f, 1, 1, 1));
	assert_false(put(f, 1, 1, 1)); /* a repeat changes nothing */
	assert_true(put(f, 1, 3, 30));
	assert_false(put(f, 1, 2, 20)); /* nor does one that was overtaken */
	assert_true(put(f, 1, 3, 31)); /* one that counted more is newer */
	assert_false(put(f, 1, 3, 30));
	assert_true(put(f, 2, 1, 1));
	assert_int_equal(sl_store_commit(f->s), 0);
	assert_int_equal(sl_store_count(f->s), 2);
	assert_int_equal(ask(f, "SELECT count FROM sighting WHERE value = 'n1.evil.example'"), 31);
	assert_int_equal(
		ask(f, "SELECT revision FROM sighting WHERE value = 'n1.evil.example'"), 3);
	assert_int_equal(ask(f, "SELECT sum(count) FROM sighting"), 32);
	assert_int_equal(ask(f, "SELECT count(*) FROM sighting_indicator"), 2);
	assert_int_equal(ask(f, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void test_indicators_follow(void **state)
{
	struct fixture *f = *state;
	struct made x;
	bool changed;
	made_sighting(&x, "domain-name", "feed", 1);
	Sightline__V1__Indicator second = x.indicator, *both[] = { &x.indicator, &second };
	second.source = (char *)"other";
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), 0);
	x.m.revision = 2;
	x.m.indicators = both;
	x.m.n_indicators = 2;
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), 0);
	assert_true(changed);
	assert_int_equal(ask(f, "SELECT count(*) FROM sighting_indicator"), 2);
	assert_int_equal(ask(f, "SELECT count(*) FROM sighting s JOIN sighting_indicator i ON "
				"i.sighting = s.row WHERE i.source = 'other' AND s.dport = 53"),
		1);
}

static void test_reopen(void **state)
{
	struct fixture *f = *state;
	assert_true(put(f, 1, 2, 5));
	reopen(f);
	assert_int_equal(sl_store_count(f->s), 1);
	assert_false(put(f, 1, 2, 5));
	assert_true(put(f, 1, 3, 6));
}

static void test_message_is_whole(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;
	sqlite3_stmt *q;
	assert_true(put(f, 7, 1, 4));
	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT message FROM sighting", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	Sightline__V1__Sighting *m =
		sl_wire_sighting(sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
	assert_non_null(m);
	assert_int_equal(m->count, 4);
	assert_string_equal(m->observable->value, "n7.evil.example");
	sightline__v1__sighting__free_unpacked(m, NULL);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void test_rollback(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(sl_store_begin(f->s), 0);
	assert_true(put(f, 1, 1, 1));
	sl_store_rollback(f->s);
	sl_store_rollback(f->s); /* without a transaction it does nothing */
	assert_int_equal(sl_store_count(f->s), 0);
	assert_int_equal(sl_store_begin(f->s), 0);
	assert_true(put(f, 1, 1, 1));
	assert_int_equal(sl_store_commit(f->s), 0);
	assert_int_equal(sl_store_count(f->s), 1);
}

static void test_incomplete(void **state)
{
	struct fixture *f = *state;
	struct made x;
	bool changed = false;
	made_sighting(&x, "domain-name", "feed", 1);
	x.m.flow = NULL;
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), -EINVAL);
	made_sighting(&x, "domain-name", "feed", 1);
	x.m.observable = NULL;
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), -EINVAL);
	made_sighting(&x, "domain-name", "feed", 1);
	x.m.id = (char *)"'; DROP TABLE sighting; --";
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), -EINVAL);
	made_sighting(&x, "domain-name", "feed", 1);
	x.observable.value = (char *)"'; DROP TABLE sighting; --";
	x.m.count = UINT64_MAX;
	assert_int_equal(sl_store_put(f->s, &x.m, &changed), 0);
	assert_true(changed);
	assert_int_equal(ask(f, "SELECT count FROM sighting"), INT64_MAX);
}

static void write_file(const char *path, const void *p, size_t len)
{
	FILE *to = fopen(path, "w");
	assert_non_null(to);
	assert_int_equal(fwrite(p, 1, len, to), len);
	fclose(to);
}

/* A file that isn't ours is refused and stays as it was, to the byte. */
static void test_foreign(void **state)
{
	struct fixture *f = *state;
	struct sl_store *s;
	char text[4096], after[4096];
	sl_store_close(f->s);
	f->s = NULL;
	unlink(f->path);
	memset(text, 'x', sizeof(text));
	write_file(f->path, text, sizeof(text));
	assert_int_equal(sl_store_open(&s, f->path, f->err, sizeof(f->err)), -EBADF);
	assert_non_null(strstr(f->err, "not an SQLite database"));
	FILE *from = fopen(f->path, "r");
	assert_int_equal(fread(after, 1, sizeof(after), from), sizeof(after));
	fclose(from);
	assert_memory_equal(text, after, sizeof(text));

	unlink(f->path);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE mine(x)", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(sl_store_open(&s, f->path, f->err, sizeof(f->err)), -EPROTO);
	assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_master"), 1);
	assert_int_equal(ask(f, "PRAGMA application_id"), 0);
}

/* A later schema is not guessed at. */
static void test_later_version(void **state)
{
	struct fixture *f = *state;
	struct sl_store *s;
	sqlite3 *db;
	assert_true(put(f, 1, 1, 1));
	sl_store_close(f->s);
	f->s = NULL;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=2", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(sl_store_open(&s, f->path, f->err, sizeof(f->err)), -EPROTO);
	assert_non_null(strstr(f->err, f->path));
}

static void test_no_such_folder(void **state)
{
	struct fixture *f = *state;
	struct sl_store *s;
	assert_true(sl_store_open(&s, "/proc/none/s.db", f->err, sizeof(f->err)) < 0);
	assert_non_null(strstr(f->err, "/proc/none/s.db"));
}

/* What is asked by has an index, and there are no more than promised. */
static void test_indexes(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND "
				"sql IS NOT NULL"),
		2);
	assert_int_equal(ask(f, "PRAGMA user_version"), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(test_revisions), T(test_indicators_follow),
		T(test_reopen), T(test_message_is_whole), T(test_rollback), T(test_incomplete),
		T(test_foreign), T(test_later_version), T(test_no_such_folder), T(test_indexes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
