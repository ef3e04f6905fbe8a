/* SPDX-License-Identifier: MIT */

#include "nameserver/store-rows.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
        FIND,
        IS_OBJECT,
        REGISTER,
        PUBLISH,
        CLEAR_ENDPOINTS,
        PUT_ENDPOINT,
        ENDPOINTS,
        CLEAR_TAGS,
        ADD_TAG,
        TAGS,
        NEXT_VERSION,
        FINISH,
        USE,
        REMOVE,
};

static const char *const statements[] = {
        [FIND] = "SELECT id, owner, version, bytes, ttl FROM objects WHERE name = ?1",
        [IS_OBJECT] = "SELECT object = ?2 FROM objects WHERE id = ?1",
        [REGISTER] = "INSERT INTO objects (name, object, uri, owner, version, created, ttl)"
                     " VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6) ON CONFLICT (name) DO UPDATE SET"
                     " object = excluded.object, uri = excluded.uri, owner = excluded.owner,"
                     " created = excluded.created, ttl = excluded.ttl RETURNING id",
        [PUBLISH] = "UPDATE objects SET uri = ?2, ttl = ?3 WHERE id = ?1",
        [CLEAR_ENDPOINTS] = "DELETE FROM endpoints WHERE object = ?1",
        [PUT_ENDPOINT] =
                "INSERT INTO endpoints (object, zone, path, host, port, nathost, natport, ssh)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (object, zone) DO UPDATE SET"
                " path = excluded.path, host = excluded.host, port = excluded.port,"
                " nathost = excluded.nathost, natport = excluded.natport, ssh = excluded.ssh",
        [ENDPOINTS] = STORE_RECORD_ENDPOINTS,
        [CLEAR_TAGS] = "DELETE FROM metadata WHERE object = ?1",
        [ADD_TAG] = "INSERT OR IGNORE INTO metadata (object, tag) VALUES (?1, ?2)",
        [TAGS] = STORE_RECORD_TAGS,
        [NEXT_VERSION] = "UPDATE changes SET version = version + 1 RETURNING version",
        [FINISH] = "UPDATE objects SET version = ?2, bytes = " STORE_ROWS_BYTES
                   " WHERE id = ?1 RETURNING owner, version, bytes, ttl, uri",
        [USE] = "INSERT INTO owners (uid, names, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (uid)"
                " DO UPDATE SET names = names + ?2, bytes = bytes + ?3 RETURNING names, bytes",
        [REMOVE] = "DELETE FROM objects WHERE id = ?1",
};

void store_row_deinit(StoreRow *row)
{
        free(row->uri);
        row->uri = NULL;
}

int store_rows_prepare(StoreDb *db)
{
        return store_db_prepare(db, statements, ARRAY_SIZE(statements));
}

/* Runs a statement whose only parameter is a row id. */
static int run_on(StoreDb *db, int statement, int64_t id)
{
        STORE_DB_STATEMENT(s, db, statement);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        return r ? r : store_db_run(db, s);
}

static int add_tags(StoreDb *db, int64_t id, const StoreText *tags, size_t n_tags)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < n_tags; i++) {
                STORE_DB_STATEMENT(s, db, ADD_TAG);

                r = store_db_bind_int(db, s, 1, id);
                if (r == 0)
                        r = store_db_bind_bytes(db, s, 2, tags[i]);
                if (r == 0)
                        r = store_db_run(db, s);
        }
        return r;
}

int store_rows_set_tags(StoreDb *db, int64_t id, const StoreText *tags, size_t n_tags)
{
        int r;

        r = run_on(db, CLEAR_TAGS, id);
        return r ? r : add_tags(db, id, tags, n_tags);
}

int store_rows_put_endpoint(StoreDb *db, int64_t id, const StoreEndpoint *endpoint)
{
        STORE_DB_STATEMENT(s, db, PUT_ENDPOINT);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, endpoint->zone);
        if (r == 0)
                r = store_db_bind_text(db, s, 3, endpoint->path);
        if (r == 0)
                r = store_db_bind_text(db, s, 4, endpoint->host);
        if (r == 0)
                r = store_db_bind_int(db, s, 5, endpoint->port);
        if (r == 0)
                r = store_db_bind_text(db, s, 6, endpoint->nathost);
        if (r == 0)
                r = store_db_bind_int(db, s, 7, endpoint->natport);
        if (r == 0)
                r = store_db_bind_text(db, s, 8, endpoint->ssh);
        return r ? r : store_db_run(db, s);
}

/* A statement that always has a row has none. */
static int missing(int r)
{
        return r == STORE_E_NOT_FOUND ? error_origin(-ENOTRECOVERABLE) : r;
}

/* The row in objects, new or not. */
static int put_row(StoreDb *db, const StoreObject *object, const char *uri, uid_t owner,
                   int64_t *ret_id)
{
        STORE_DB_STATEMENT(s, db, REGISTER);
        int r;

        r = store_db_bind_bytes(db, s, 1, object->name);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, object->object);
        if (r == 0)
                r = store_db_bind_text(db, s, 3, uri);
        if (r == 0)
                r = store_db_bind_int(db, s, 4, owner);
        if (r == 0)
                r = store_db_bind_int(db, s, 5, time(NULL));
        if (r == 0)
                r = store_db_bind_int(db, s, 6, object->ttl_ms);
        if (r == 0)
                r = missing(store_db_step(db, s));
        if (r)
                return r;
        *ret_id = sqlite3_column_int64(s, 0);
        return 0;
}

int store_rows_put(StoreDb *db, const StoreObject *object, const char *uri, uid_t owner,
                   int64_t *ret_id)
{
        int64_t id = 0;
        int r;

        r = put_row(db, object, uri, owner, &id);
        if (r == 0)
                r = run_on(db, CLEAR_ENDPOINTS, id);
        for (size_t i = 0; r == 0 && i < object->n_endpoints; i++)
                r = store_rows_put_endpoint(db, id, &object->endpoints[i]);
        if (r == 0)
                r = store_rows_set_tags(db, id, object->tags, object->n_tags);
        if (r)
                return r;
        *ret_id = id;
        return 0;
}

int store_rows_find(StoreDb *db, StoreText name, StoreRow *ret)
{
        STORE_DB_STATEMENT(s, db, FIND);
        int r;

        r = store_db_bind_bytes(db, s, 1, name);
        if (r == 0)
                r = store_db_step(db, s);
        if (r)
                return r;
        *ret = (StoreRow){
                .id = sqlite3_column_int64(s, 0),
                .owner = (uid_t)sqlite3_column_int64(s, 1),
                .version = sqlite3_column_int64(s, 2),
                .n_bytes = sqlite3_column_int64(s, 3),
                .ttl_ms = sqlite3_column_int64(s, 4),
        };
        return 0;
}

int store_rows_is_object(StoreDb *db, int64_t id, const char *object, bool *ret)
{
        STORE_DB_STATEMENT(s, db, IS_OBJECT);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, object);
        if (r == 0)
                r = missing(store_db_step(db, s));
        if (r)
                return r;
        *ret = sqlite3_column_int(s, 0) != 0;
        return 0;
}

int store_rows_load_endpoints(StoreDb *db, int64_t id, StoreRecord *record)
{
        STORE_DB_STATEMENT(s, db, ENDPOINTS);

        record->id = id;
        return store_record_load_endpoints(record, db, s);
}

int store_rows_load_tags(StoreDb *db, int64_t id, StoreRecord *record)
{
        STORE_DB_STATEMENT(s, db, TAGS);

        record->id = id;
        return store_record_load_tags(record, db, s);
}

int store_rows_hash_tags(StoreDb *db, int64_t id, Buffer *ret)
{
        STORE_DB_STATEMENT(s, db, TAGS);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        while (r == 0 && (r = store_db_step(db, s)) == 0) {
                uint64_t hash = store_tag_hash(store_db_column_bytes(s, 0));

                r = buffer_append(ret, &hash, sizeof(hash));
        }
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

int store_rows_publish(StoreDb *db, int64_t id, const char *uri, int64_t ttl_ms)
{
        STORE_DB_STATEMENT(s, db, PUBLISH);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, uri);
        if (r == 0)
                r = store_db_bind_int(db, s, 3, ttl_ms);
        return r ? r : store_db_run(db, s);
}

int store_rows_next_version(StoreDb *db, int64_t *ret)
{
        STORE_DB_STATEMENT(s, db, NEXT_VERSION);
        int r;

        r = missing(store_db_step(db, s));
        if (r)
                return r;
        *ret = sqlite3_column_int64(s, 0);
        return 0;
}

int store_rows_finish(StoreDb *db, int64_t id, int64_t version, StoreRow *ret)
{
        STORE_DB_STATEMENT(s, db, FINISH);
        const char *uri;
        int r;

        r = store_db_bind_int(db, s, 1, id);
        if (r == 0)
                r = store_db_bind_int(db, s, 2, version);
        if (r == 0)
                r = missing(store_db_step(db, s));
        if (r)
                return r;
        uri = store_db_column_text(s, 4);
        *ret = (StoreRow){
                .id = id,
                .owner = (uid_t)sqlite3_column_int64(s, 0),
                .version = sqlite3_column_int64(s, 1),
                .n_bytes = sqlite3_column_int64(s, 2),
                .ttl_ms = sqlite3_column_int64(s, 3),
                .uri = uri ? strdup(uri) : NULL,
        };
        return ret->uri ? 0 : error_origin(-ENOMEM);
}

int store_rows_use(StoreDb *db, uid_t owner, int64_t n_names, int64_t n_bytes, StoreUsage *ret)
{
        STORE_DB_STATEMENT(s, db, USE);
        int r;

        r = store_db_bind_int(db, s, 1, owner);
        if (r == 0)
                r = store_db_bind_int(db, s, 2, n_names);
        if (r == 0)
                r = store_db_bind_int(db, s, 3, n_bytes);
        if (r == 0)
                r = missing(store_db_step(db, s));
        if (r)
                return r;
        *ret = (StoreUsage){
                .n_names = sqlite3_column_int64(s, 0),
                .n_bytes = sqlite3_column_int64(s, 1),
        };
        return 0;
}

int store_rows_remove(StoreDb *db, int64_t id)
{
        return run_on(db, REMOVE, id);
}
