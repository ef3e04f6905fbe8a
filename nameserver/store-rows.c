/* SPDX-License-Identifier: MIT */

#include "nameserver/store-rows.h"

#include <errno.h>
#include <time.h>

enum {
        FIND,
        REGISTER,
        CHANGED,
        PUBLISH,
        CLEAR_ENDPOINTS,
        PUT_ENDPOINT,
        ENDPOINTS,
        CLEAR_TAGS,
        ADD_TAG,
        REMOVE_NAME,
        REMOVE_RANGE,
};

static const char *const statements[] = {
        [FIND] = "SELECT id, object = ?2 FROM objects WHERE name = ?1",
        [REGISTER] = "INSERT INTO objects (name, object, uri, owner, version, created)"
                     " VALUES (?1, ?2, ?3, ?4, 1, ?5) ON CONFLICT (name) DO UPDATE SET"
                     " object = excluded.object, uri = excluded.uri, owner = excluded.owner,"
                     " version = version + 1, created = excluded.created RETURNING id",
        [CHANGED] = "UPDATE objects SET version = version + 1 WHERE id = ?1",
        [PUBLISH] = "UPDATE objects SET uri = ?2 WHERE id = ?1",
        [CLEAR_ENDPOINTS] = "DELETE FROM endpoints WHERE object = ?1",
        [PUT_ENDPOINT] =
                "INSERT INTO endpoints (object, zone, path, host, port, nathost, natport, ssh)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (object, zone) DO UPDATE SET"
                " path = excluded.path, host = excluded.host, port = excluded.port,"
                " nathost = excluded.nathost, natport = excluded.natport, ssh = excluded.ssh",
        [ENDPOINTS] = STORE_RECORD_ENDPOINTS,
        [CLEAR_TAGS] = "DELETE FROM metadata WHERE object = ?1",
        [ADD_TAG] = "INSERT OR IGNORE INTO metadata (object, tag) VALUES (?1, ?2)",
        [REMOVE_NAME] = "DELETE FROM objects WHERE name = ?1 AND name <> ?2",
        [REMOVE_RANGE] = "DELETE FROM objects WHERE name >= ?1 AND name < ?2 AND name <> ?3",
};

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

/* The row in objects, new or not. */
static int put_row(StoreDb *db, const StoreObject *object, const char *uri, int64_t *ret_id)
{
        STORE_DB_STATEMENT(s, db, REGISTER);
        int r;

        r = store_db_bind_bytes(db, s, 1, object->name);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, object->object);
        if (r == 0)
                r = store_db_bind_text(db, s, 3, uri);
        if (r == 0)
                r = store_db_bind_int(db, s, 4, object->owner);
        if (r == 0)
                r = store_db_bind_int(db, s, 5, time(NULL));
        if (r == 0)
                r = store_db_step(db, s);
        if (r)
                return r == STORE_E_NOT_FOUND ? error_origin(-ENOTRECOVERABLE) : r;
        *ret_id = sqlite3_column_int64(s, 0);
        return 0;
}

int store_rows_put(StoreDb *db, const StoreObject *object, const char *uri)
{
        int64_t id = 0;
        int r;

        r = put_row(db, object, uri, &id);
        if (r == 0)
                r = run_on(db, CLEAR_ENDPOINTS, id);
        for (size_t i = 0; r == 0 && i < object->n_endpoints; i++)
                r = store_rows_put_endpoint(db, id, &object->endpoints[i]);
        return r ? r : store_rows_set_tags(db, id, object->tags, object->n_tags);
}

int store_rows_find(StoreDb *db, StoreText name, const char *object, int64_t *ret_id,
                    bool *ret_same)
{
        STORE_DB_STATEMENT(s, db, FIND);
        int r;

        r = store_db_bind_bytes(db, s, 1, name);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, object);
        if (r == 0)
                r = store_db_step(db, s);
        if (r)
                return r;
        *ret_id = sqlite3_column_int64(s, 0);
        *ret_same = sqlite3_column_int(s, 1) != 0;
        return 0;
}

int store_rows_load_endpoints(StoreDb *db, int64_t id, StoreRecord *record)
{
        STORE_DB_STATEMENT(s, db, ENDPOINTS);

        record->id = id;
        return store_record_load_endpoints(record, db, s);
}

int store_rows_set_uri(StoreDb *db, int64_t id, const char *uri)
{
        STORE_DB_STATEMENT(s, db, PUBLISH);
        int r;

        r = store_db_bind_int(db, s, 1, id);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, uri);
        return r ? r : store_db_run(db, s);
}

int store_rows_set_changed(StoreDb *db, int64_t id)
{
        return run_on(db, CHANGED, id);
}

int store_rows_remove_name(StoreDb *db, StoreText name, StoreText keep, size_t *ret_n)
{
        STORE_DB_STATEMENT(s, db, REMOVE_NAME);
        int r;

        r = store_db_bind_bytes(db, s, 1, name);
        if (r == 0)
                r = store_db_bind_bytes(db, s, 2, keep);
        if (r == 0)
                r = store_db_run(db, s);
        *ret_n = (size_t)sqlite3_changes64(db->sqlite);
        return r;
}

int store_rows_remove_prefix(StoreDb *db, StoreText prefix, StoreText keep, size_t *ret_n)
{
        STORE_DB_STATEMENT(s, db, REMOVE_RANGE);
        int r;

        r = store_db_bind_prefix(db, s, 1, prefix);
        if (r == 0)
                r = store_db_bind_bytes(db, s, 3, keep);
        if (r == 0)
                r = store_db_run(db, s);
        *ret_n = (size_t)sqlite3_changes64(db->sqlite);
        return r;
}
