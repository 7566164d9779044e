/* SPDX-License-Identifier: BSD-3-Clause */
/* schema.c - the SQL. Times are nanoseconds since 1970, as on the wire; `message` is the whole
 * sighting, packed, and the columns are what a person asks by. */
#include "schema.h"

const char schema_sql[] = "BEGIN IMMEDIATE;"
			  "CREATE TABLE sighting("
			  " row INTEGER PRIMARY KEY,"
			  " id TEXT NOT NULL UNIQUE,"
			  " revision INTEGER NOT NULL,"
			  " sensor TEXT NOT NULL,"
			  " boot TEXT NOT NULL,"
			  " generation INTEGER NOT NULL,"
			  " first_seen INTEGER NOT NULL,"
			  " last_seen INTEGER NOT NULL,"
			  " count INTEGER NOT NULL,"
			  " type TEXT NOT NULL,"
			  " value TEXT NOT NULL,"
			  " \"where\" TEXT NOT NULL,"
			  " match TEXT NOT NULL,"
			  " direction TEXT NOT NULL,"
			  " outcome TEXT NOT NULL,"
			  " src TEXT NOT NULL,"
			  " sport INTEGER NOT NULL,"
			  " dst TEXT NOT NULL,"
			  " dport INTEGER NOT NULL,"
			  " proto TEXT NOT NULL,"
			  " community_id TEXT NOT NULL,"
			  " test INTEGER NOT NULL,"
			  " quiet INTEGER NOT NULL,"
			  " message BLOB NOT NULL);"
			  "CREATE TABLE sighting_indicator("
			  " sighting INTEGER NOT NULL REFERENCES sighting(row) ON DELETE CASCADE,"
			  " id TEXT NOT NULL,"
			  " source TEXT NOT NULL,"
			  " name TEXT NOT NULL,"
			  " PRIMARY KEY(sighting, source, id)) WITHOUT ROWID;"
			  "CREATE INDEX sighting_last_seen ON sighting(last_seen);"
			  "CREATE INDEX sighting_value ON sighting(value);"
			  "PRAGMA application_id=1397519153;" /* SCHEMA_APPLICATION */
			  "PRAGMA user_version=1;"
			  "COMMIT;";

const char put_sql[] =
	"INSERT INTO sighting(id, revision, sensor, boot, generation, first_seen, last_seen, count,"
	" type, value, \"where\", match, direction, outcome, src, sport, dst, dport, proto,"
	" community_id, test, quiet, message)"
	" VALUES(:id, :revision, :sensor, :boot, :generation, :first_seen, :last_seen, :count,"
	" :type, :value, :place, :match, :direction, :outcome, :src, :sport, :dst, :dport, :proto,"
	" :community_id, :test, :quiet, :message)"
	" ON CONFLICT(id) DO UPDATE SET revision = excluded.revision,"
	" generation = excluded.generation, first_seen = excluded.first_seen,"
	" last_seen = excluded.last_seen, count = excluded.count, outcome = excluded.outcome,"
	" test = excluded.test, quiet = excluded.quiet, message = excluded.message"
	" WHERE excluded.revision > sighting.revision"
	" OR (excluded.revision = sighting.revision AND excluded.count > sighting.count)"
	" RETURNING row";

const char members_clear_sql[] = "DELETE FROM sighting_indicator WHERE sighting = ?1";

const char member_add_sql[] = "INSERT OR IGNORE INTO sighting_indicator(sighting, id, source, "
			      "name) VALUES(?1, ?2, ?3, ?4)";
