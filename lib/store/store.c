/* SPDX-License-Identifier: BSD-3-Clause */
/* store.c - sightings in SQLite. Collector's thread.
 * Write-ahead log with synchronous=FULL: a commit is on the disk when it returns, which is what an
 * acknowledgement to a sensor promises; batching pays for it. Two secondary indexes and no more:
 * each costs a random write for each sighting. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sightline/store.h>

#include "schema.h"

struct sl_store {
	sqlite3 *db;
	sqlite3_stmt *put, *members_clear, *member_add, *count;
	sqlite3_stmt *begin, *commit;
	uint8_t *buf; /* packed message, grows */
	size_t cap;
};

static int error_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOTADB:
		return -EBADF;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -E2BIG;
	default:
		return -EIO;
	}
}

/* ---- opening ---- */

static int pragma_number(sqlite3 *db, const char *sql, int *out)
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
	if (rc != SQLITE_OK)
		return error_of(rc);
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW ? 0 : error_of(rc);
}

/* Ours, empty, or somebody else's. */
static int schema_check(sqlite3 *db)
{
	int application = 0, version = 0, tables = 0;
	int rc = pragma_number(db, "PRAGMA application_id", &application);
	rc = rc ? rc : pragma_number(db, "PRAGMA user_version", &version);
	rc = rc ? rc : pragma_number(db, "SELECT count(*) FROM sqlite_master", &tables);
	if (rc < 0)
		return rc;
	if (application == 0 && version == 0 && tables == 0)
		return error_of(sqlite3_exec(db, schema_sql, NULL, NULL, NULL));
	return application == SCHEMA_APPLICATION && version == SCHEMA_VERSION ? 0 : -EPROTO;
}

static int prepare(struct sl_store *s)
{
	struct {
		sqlite3_stmt **to;
		const char *sql;
	} list[] = { { &s->put, put_sql }, { &s->members_clear, members_clear_sql },
		{ &s->member_add, member_add_sql }, { &s->count, "SELECT count(*) FROM sighting" },
		{ &s->begin, "BEGIN IMMEDIATE" }, { &s->commit, "COMMIT" } };
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int rc = sqlite3_prepare_v3(
			s->db, list[i].sql, -1, SQLITE_PREPARE_PERSISTENT, list[i].to, NULL);
		if (rc != SQLITE_OK)
			return error_of(rc);
	}
	return 0;
}

static int db_open(struct sl_store *s, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = error_of(sqlite3_open_v2(path, &s->db, flags, NULL));
	if (rc < 0)
		return rc;
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, 5000);
	/* The check comes before the first write: a foreign file stays as it is. */
	rc = schema_check(s->db);
	if (rc < 0)
		return rc;
	rc = sqlite3_exec(s->db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;", NULL,
		NULL, NULL);
	return rc == SQLITE_OK ? prepare(s) : error_of(rc);
}

int sl_store_open(struct sl_store **out, const char *path, char *err, size_t err_len)
{
	struct sl_store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	int rc = db_open(s, path);
	if (rc == 0) {
		*out = s;
		return 0;
	}
	const char *what = rc == -EPROTO  ? "not a store of this version of Sightline"
			   : rc == -EBADF ? "not an SQLite database"
			   : s->db	  ? sqlite3_errmsg(s->db)
					  : strerror(-rc);
	if (err != NULL)
		snprintf(err, err_len, "%s: %s", path, what);
	sl_store_close(s);
	return rc;
}

void sl_store_close(struct sl_store *s)
{
	if (s == NULL)
		return;
	sqlite3_stmt *all[] = { s->put, s->members_clear, s->member_add, s->count, s->begin,
		s->commit };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(s->db);
	free(s->buf);
	free(s);
}

/* ---- writing ---- */

static int run(sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);
	sqlite3_reset(q);
	return error_of(rc);
}

int sl_store_begin(struct sl_store *s)
{
	return run(s->begin);
}

int sl_store_commit(struct sl_store *s)
{
	return run(s->commit);
}

void sl_store_rollback(struct sl_store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static int pack(struct sl_store *s, const Sightline__V1__Sighting *m, size_t *len)
{
	*len = sightline__v1__sighting__get_packed_size(m);
	if (*len > s->cap) {
		uint8_t *buf = realloc(s->buf, *len * 2);
		if (buf == NULL)
			return -ENOMEM;
		s->buf = buf;
		s->cap = *len * 2;
	}
	sightline__v1__sighting__pack(m, s->buf);
	return 0;
}

static void bind_text(sqlite3_stmt *q, const char *name, const char *text)
{
	int at = sqlite3_bind_parameter_index(q, name);
	sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

/* SQLite's integers are signed: what is larger is stored as the largest. */
static void bind_number(sqlite3_stmt *q, const char *name, uint64_t v)
{
	int at = sqlite3_bind_parameter_index(q, name);
	sqlite3_bind_int64(q, at, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

static void bind_flow(sqlite3_stmt *q, const Sightline__V1__Flow *f)
{
	bind_text(q, ":src", f->src);
	bind_number(q, ":sport", f->sport);
	bind_text(q, ":dst", f->dst);
	bind_number(q, ":dport", f->dport);
	bind_text(q, ":proto", f->proto);
	bind_text(q, ":community_id", f->community_id);
}

static void bind_sighting(sqlite3_stmt *q, const Sightline__V1__Sighting *m)
{
	bind_text(q, ":id", m->id);
	bind_number(q, ":revision", m->revision);
	bind_text(q, ":sensor", m->sensor);
	bind_text(q, ":boot", m->boot);
	bind_number(q, ":generation", m->generation);
	bind_number(q, ":first_seen", m->first_seen);
	bind_number(q, ":last_seen", m->last_seen);
	bind_number(q, ":count", m->count);
	bind_text(q, ":type", m->observable->type);
	bind_text(q, ":value", m->observable->value);
	bind_text(q, ":place", m->observable->where);
	bind_text(q, ":match", m->match);
	bind_text(q, ":direction", m->direction);
	bind_text(q, ":outcome", m->outcome);
	bind_number(q, ":test", m->test);
	bind_number(q, ":quiet", m->quiet);
	bind_flow(q, m->flow);
}

static int members_put(struct sl_store *s, sqlite3_int64 row, const Sightline__V1__Sighting *m)
{
	sqlite3_bind_int64(s->members_clear, 1, row);
	int rc = run(s->members_clear);
	for (size_t i = 0; rc == 0 && i < m->n_indicators; i++) {
		const Sightline__V1__Indicator *x = m->indicators[i];
		sqlite3_bind_int64(s->member_add, 1, row);
		sqlite3_bind_text(s->member_add, 2, x->id, -1, SQLITE_STATIC);
		sqlite3_bind_text(s->member_add, 3, x->source, -1, SQLITE_STATIC);
		sqlite3_bind_text(s->member_add, 4, x->name, -1, SQLITE_STATIC);
		rc = run(s->member_add);
	}
	sqlite3_clear_bindings(s->member_add);
	return rc;
}

int sl_store_put(struct sl_store *s, const Sightline__V1__Sighting *m, bool *changed)
{
	size_t len;
	if (!sl_wire_sighting_whole(m))
		return -EINVAL;
	int rc = pack(s, m, &len);
	if (rc < 0)
		return rc;
	bind_sighting(s->put, m);
	int at = sqlite3_bind_parameter_index(s->put, ":message");
	sqlite3_bind_blob64(s->put, at, s->buf, len, SQLITE_STATIC);
	/* A row comes back only where something was inserted or raised. */
	rc = sqlite3_step(s->put);
	bool news = rc == SQLITE_ROW;
	sqlite3_int64 row = news ? sqlite3_column_int64(s->put, 0) : 0;
	if (news)
		rc = sqlite3_step(s->put);
	sqlite3_reset(s->put);
	sqlite3_clear_bindings(s->put);
	rc = error_of(rc);
	if (rc == 0 && news)
		rc = members_put(s, row, m);
	if (rc == 0)
		*changed = news;
	return rc;
}

uint64_t sl_store_count(struct sl_store *s)
{
	uint64_t n = 0;
	if (sqlite3_step(s->count) == SQLITE_ROW)
		n = (uint64_t)sqlite3_column_int64(s->count, 0);
	sqlite3_reset(s->count);
	return n;
}

const char *sl_store_error(const struct sl_store *s)
{
	return sqlite3_errmsg(s->db);
}
