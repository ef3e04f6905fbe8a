/* SPDX-License-Identifier: MIT */

#include "nameserver/store-schema.h"

#include "nameserver/store-rows.h"

#include <assert.h>
#include <string.h>

/*
 * migrations[n] leads from schema n to n + 1; an empty file is of schema 0. A step that was
 * released is never changed, only followed by another.
 *
 * Names and tags are BLOBs: SQLite's text functions end at a NUL, and names may hold one. `uri`
 * follows from the endpoints by the rule of endpoint.h, and stands here so that lookup and list
 * read one table.
 */
static const char *const migrations[] = {
        "BEGIN IMMEDIATE;"
        "CREATE TABLE objects ("
        "        id INTEGER PRIMARY KEY,"
        "        name BLOB NOT NULL UNIQUE,"
        "        object TEXT NOT NULL,"
        "        uri TEXT NOT NULL,"
        "        owner INTEGER NOT NULL,"
        "        version INTEGER NOT NULL,"
        "        created INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE endpoints ("
        "        id INTEGER PRIMARY KEY,"
        "        object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,"
        "        zone TEXT NOT NULL,"
        "        path TEXT,"
        "        host TEXT,"
        "        port INTEGER NOT NULL,"
        "        nathost TEXT,"
        "        natport INTEGER NOT NULL,"
        "        ssh TEXT,"
        "        UNIQUE (object, zone),"
        "        CHECK ((path IS NULL) <> (host IS NULL))"
        ") STRICT;"
        "CREATE TABLE metadata ("
        "        object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,"
        "        tag BLOB NOT NULL,"
        "        PRIMARY KEY (object, tag)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE INDEX metadata_by_tag ON metadata (tag, object);"
        "PRAGMA application_id = " STRINGIFY(STORE_APPLICATION_ID) ";"
                                                                   "PRAGMA user_version = 1;"
                                                                   "COMMIT",

        /* A database begins at a random change: a version of one that was lost is then told from
         * one of this. */
        "BEGIN IMMEDIATE;"
        "ALTER TABLE objects ADD COLUMN ttl INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE objects ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
        "UPDATE objects SET bytes = " STORE_ROWS_BYTES ";"
        "CREATE TABLE changes (version INTEGER NOT NULL) STRICT;"
        "INSERT INTO changes SELECT coalesce(max(version), 0) + abs(random() % 1099511627776)"
        " FROM objects;"
        "CREATE TABLE owners ("
        "        uid INTEGER PRIMARY KEY,"
        "        names INTEGER NOT NULL,"
        "        bytes INTEGER NOT NULL"
        ") STRICT;"
        "INSERT INTO owners SELECT owner, count(*), sum(bytes) FROM objects GROUP BY owner;"
        "PRAGMA user_version = 2;"
        "COMMIT",

        /* Everything is there twice, once in a table and once in an index, so that the check at the
         * start sees a change of one of them, be it a single bit; metadata and names are so
         * already. A lookup finds all it needs in the index. */
        "BEGIN IMMEDIATE;"
        "CREATE INDEX objects_twice ON objects"
        "        (name, object, uri, owner, version, created, ttl, bytes);"
        "CREATE INDEX endpoints_twice ON endpoints"
        "        (object, zone, path, host, port, nathost, natport, ssh);"
        "CREATE INDEX changes_twice ON changes (version);"
        "CREATE INDEX owners_twice ON owners (names, bytes);"
        "PRAGMA user_version = 3;"
        "COMMIT",

        /* What is in an index of all columns needs no other for its key: one is written less for
         * each object, and one for each endpoint. That a name is there once is for whoever writes
         * to see to (there is one), and for the start to check. The number of the change is twice
         * in its row, and what owners have is counted at the start. */
        "BEGIN IMMEDIATE;"
        "CREATE TABLE objects_4 ("
        "        id INTEGER PRIMARY KEY,"
        "        name BLOB NOT NULL,"
        "        object TEXT NOT NULL,"
        "        uri TEXT NOT NULL,"
        "        owner INTEGER NOT NULL,"
        "        version INTEGER NOT NULL,"
        "        created INTEGER NOT NULL,"
        "        ttl INTEGER NOT NULL,"
        "        bytes INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE endpoints_4 ("
        "        id INTEGER PRIMARY KEY,"
        "        object INTEGER NOT NULL REFERENCES objects_4 ON DELETE CASCADE,"
        "        zone TEXT NOT NULL,"
        "        path TEXT,"
        "        host TEXT,"
        "        port INTEGER NOT NULL,"
        "        nathost TEXT,"
        "        natport INTEGER NOT NULL,"
        "        ssh TEXT,"
        "        CHECK ((path IS NULL) <> (host IS NULL))"
        ") STRICT;"
        "CREATE TABLE metadata_4 ("
        "        object INTEGER NOT NULL REFERENCES objects_4 ON DELETE CASCADE,"
        "        tag BLOB NOT NULL,"
        "        PRIMARY KEY (object, tag)"
        ") STRICT, WITHOUT ROWID;"
        "INSERT INTO objects_4 SELECT id, name, object, uri, owner, version, created, ttl, bytes"
        "        FROM objects;"
        "INSERT INTO endpoints_4 SELECT id, object, zone, path, host, port, nathost, natport, ssh"
        "        FROM endpoints;"
        "INSERT INTO metadata_4 SELECT object, tag FROM metadata;"
        "CREATE TABLE changes_4 (version INTEGER NOT NULL,"
        "        again INTEGER NOT NULL CHECK (again = version)) STRICT;"
        "INSERT INTO changes_4 SELECT version, version FROM changes;"
        "DROP TABLE changes;"
        "DROP TABLE owners;"
        "DROP TABLE metadata;" /* before what it refers to, or that would take it along */
        "DROP TABLE endpoints;"
        "DROP TABLE objects;"
        "ALTER TABLE objects_4 RENAME TO objects;"
        "ALTER TABLE endpoints_4 RENAME TO endpoints;"
        "ALTER TABLE metadata_4 RENAME TO metadata;"
        "ALTER TABLE changes_4 RENAME TO changes;"
        "CREATE INDEX metadata_by_tag ON metadata (tag, object);"
        "CREATE INDEX objects_twice ON objects"
        "        (name, object, uri, owner, version, created, ttl, bytes);"
        "CREATE INDEX endpoints_twice ON endpoints"
        "        (object, zone, path, host, port, nathost, natport, ssh);"
        "PRAGMA user_version = 4;"
        "COMMIT",
};

_Static_assert(ARRAY_SIZE(migrations) == STORE_SCHEMA_VERSION, "one step for each schema");

/* An empty file is as good as none: that is what mktemp leaves, and a start cut short. */
int store_schema_identify(StoreDb *db)
{
        int64_t application_id;
        int64_t schema;
        int64_t n_tables;
        int r;

        r = store_db_query_int(db, "SELECT count(*) FROM sqlite_schema", &n_tables);
        if (r == 0)
                r = store_db_query_int(db, "PRAGMA application_id", &application_id);
        if (r == 0)
                r = store_db_query_int(db, "PRAGMA user_version", &schema);
        if (r)
                return r;

        if (application_id == 0 && schema == 0 && n_tables == 0)
                return 0;
        if (application_id != STORE_APPLICATION_ID)
                return store_db_refuse(db, STORE_E_FOREIGN,
                                       "is a database of another program; name another file");
        if (schema > STORE_SCHEMA_VERSION)
                return store_db_refuse(db, STORE_E_NEWER,
                                       "was written by a newer nameserver (schema %lld, this one "
                                       "knows %d); use that one, or name another file",
                                       (long long)schema, STORE_SCHEMA_VERSION);
        if (schema < 0)
                return store_db_refuse(db, STORE_E_DAMAGED, "is damaged: schema %lld",
                                       (long long)schema);
        return 0;
}

static int check_soundness(StoreDb *db)
{
        CLEANUP(freep) char *found = NULL;
        int r;

        r = store_db_query_text(db, "PRAGMA integrity_check(1)", &found);
        if (r)
                return r;
        if (strcmp(found, "ok") != 0)
                return store_db_refuse(db, STORE_E_DAMAGED, "is damaged: %s", found);
        return 0;
}

/* What no constraint says since schema 4. */
static int check_keys(StoreDb *db)
{
        int64_t n_names, n_zones;
        int r;

        r = store_db_query_int(db,
                               "SELECT EXISTS (SELECT 1 FROM objects INDEXED BY objects_twice"
                               " GROUP BY name HAVING count(*) > 1)",
                               &n_names);
        if (r == 0)
                r = store_db_query_int(
                        db,
                        "SELECT EXISTS (SELECT 1 FROM endpoints INDEXED BY endpoints_twice"
                        " GROUP BY object, zone HAVING count(*) > 1)",
                        &n_zones);
        if (r)
                return r;
        if (n_names || n_zones)
                return store_db_refuse(db, STORE_E_DAMAGED, "is damaged: a %s is there twice",
                                       n_names ? "name" : "zone of an object");
        return 0;
}

int store_schema_check(StoreDb *db)
{
        int64_t schema;
        int r;

        r = store_schema_identify(db);
        if (r == 0)
                r = check_soundness(db);
        if (r == 0)
                r = store_db_query_int(db, "PRAGMA user_version", &schema);
        if (r || schema < 4)
                return r;
        return check_keys(db);
}

int store_schema_migrate(StoreDb *db)
{
        int64_t schema;
        int r;

        r = store_db_query_int(db, "PRAGMA user_version", &schema);
        for (; r == 0 && schema < STORE_SCHEMA_VERSION; schema++) {
                assert(schema >= 0);
                r = store_db_execute(db, migrations[schema]);
        }
        return r;
}
