/* SPDX-License-Identifier: MIT */

#include "nameserver/store-rows.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum {
        FIND,
        IS_OBJECT,
        ADD,
        REPLACE,
        PUBLISH,
        CLEAR_ENDPOINTS,
        ADD_ENDPOINT,
        REPLACE_ENDPOINT,
        ENDPOINTS,
        CLEAR_TAGS,
        ADD_TAG,
        TAGS,
        VERSION,
        SET_VERSION,
        FINISH,
        OWNERS,
        REMOVE,
};

static const char *const statements[] = {
        [FIND] = "SELECT id, owner, version, bytes, ttl FROM objects WHERE name = ?1",
        [IS_OBJECT] = "SELECT object = ?2 FROM objects WHERE id = ?1",
        [ADD] = "INSERT INTO objects (name, object, uri, owner, version, created, ttl, bytes)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        [REPLACE] = "UPDATE objects SET object = ?2, uri = ?3, owner = ?4, version = ?5,"
                    " created = ?6, ttl = ?7, bytes = ?8 WHERE name = ?1",
        [PUBLISH] = "UPDATE objects SET uri = ?2, ttl = ?3 WHERE id = ?1",
        [CLEAR_ENDPOINTS] = "DELETE FROM endpoints WHERE object = ?1",
        [ADD_ENDPOINT] =
                "INSERT INTO endpoints (object, zone, path, host, port, nathost, natport, ssh)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        [REPLACE_ENDPOINT] = "UPDATE endpoints SET path = ?3, host = ?4, port = ?5, nathost = ?6,"
                             " natport = ?7, ssh = ?8 WHERE object = ?1 AND zone = ?2",
        [ENDPOINTS] = STORE_RECORD_ENDPOINTS,
        [CLEAR_TAGS] = "DELETE FROM metadata WHERE object = ?1",
        [ADD_TAG] = "INSERT OR IGNORE INTO metadata (object, tag) VALUES (?1, ?2)",
        [TAGS] = STORE_RECORD_TAGS,
        [VERSION] = "SELECT version FROM changes",
        [SET_VERSION] = "UPDATE changes SET version = ?1, again = ?1",
        [FINISH] = "UPDATE objects SET version = ?2, bytes = " STORE_ROWS_BYTES
                   " WHERE id = ?1 RETURNING owner, version, bytes, ttl, uri",
        [OWNERS] = "SELECT owner, count(*), sum(bytes) FROM objects GROUP BY owner",
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

/* @statement: one of the two with these parameters. */
static int write_endpoint(StoreDb *db, int statement, int64_t id, const StoreEndpoint *endpoint)
{
        STORE_DB_STATEMENT(s, db, statement);
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

int store_rows_put_endpoint(StoreDb *db, int64_t id, const StoreEndpoint *endpoint)
{
        int r;

        r = write_endpoint(db, REPLACE_ENDPOINT, id, endpoint);
        if (r || sqlite3_changes(db->sqlite) > 0)
                return r;
        return write_endpoint(db, ADD_ENDPOINT, id, endpoint);
}

/* A statement that always has a row has none. */
static int missing(int r)
{
        return r == STORE_E_NOT_FOUND ? error_origin(-ENOTRECOVERABLE) : r;
}

/* The row in objects, new or not. */
static int put_row(StoreDb *db, const StoreObject *object, const char *uri, const StoreRow *row)
{
        STORE_DB_STATEMENT(s, db, row->id ? REPLACE : ADD);
        int r;

        r = store_db_bind_bytes(db, s, 1, object->name);
        if (r == 0)
                r = store_db_bind_text(db, s, 2, object->object);
        if (r == 0)
                r = store_db_bind_text(db, s, 3, uri);
        if (r == 0)
                r = store_db_bind_int(db, s, 4, row->owner);
        if (r == 0)
                r = store_db_bind_int(db, s, 5, row->version);
        if (r == 0)
                r = store_db_bind_int(db, s, 6, time(NULL));
        if (r == 0)
                r = store_db_bind_int(db, s, 7, row->ttl_ms);
        if (r == 0)
                r = store_db_bind_int(db, s, 8, row->n_bytes);
        return r ? r : store_db_run(db, s);
}

/* The last that is told of a zone is the one that counts. */
static bool is_last_of_zone(const StoreObject *object, size_t at)
{
        for (size_t i = at + 1; i < object->n_endpoints; i++) {
                if (strcmp(object->endpoints[i].zone, object->endpoints[at].zone) == 0)
                        return false;
        }
        return true;
}

static int clear_row(StoreDb *db, int64_t id)
{
        int r;

        r = run_on(db, CLEAR_ENDPOINTS, id);
        return r ? r : run_on(db, CLEAR_TAGS, id);
}

int store_rows_put(StoreDb *db, const StoreObject *object, const char *uri, StoreRow *row)
{
        int r;

        r = put_row(db, object, uri, row);
        if (r == 0 && row->id)
                r = clear_row(db, row->id);
        else if (r == 0)
                row->id = sqlite3_last_insert_rowid(db->sqlite);
        for (size_t i = 0; r == 0 && i < object->n_endpoints; i++) {
                if (is_last_of_zone(object, i))
                        r = write_endpoint(db, ADD_ENDPOINT, row->id, &object->endpoints[i]);
        }
        return r ? r : add_tags(db, row->id, object->tags, object->n_tags);
}

static size_t length(const char *text)
{
        return text ? strlen(text) : 0;
}

static size_t endpoint_bytes(const StoreEndpoint *endpoint)
{
        return strlen(endpoint->zone) + length(endpoint->path ? endpoint->path : endpoint->host) +
               length(endpoint->nathost) + length(endpoint->ssh);
}

static int compare_texts(const void *a, const void *b)
{
        const StoreText *one = a, *other = b;

        if (one->n != other->n)
                return one->n < other->n ? -1 : 1;
        return one->n ? memcmp(one->at, other->at, one->n) : 0;
}

/* Each counts once. */
static int tags_bytes(const StoreText *tags, size_t n_tags, int64_t *ret)
{
        CLEANUP(freep) StoreText *sorted = NULL;

        *ret = n_tags ? (int64_t)tags[0].n : 0;
        if (n_tags < 2)
                return 0;
        sorted = reallocarray(NULL, n_tags, sizeof(*sorted));
        if (!sorted)
                return error_origin(-ENOMEM);
        memcpy(sorted, tags, n_tags * sizeof(*sorted));
        qsort(sorted, n_tags, sizeof(*sorted), compare_texts);
        *ret = (int64_t)sorted[0].n;
        for (size_t i = 1; i < n_tags; i++) {
                if (compare_texts(&sorted[i - 1], &sorted[i]) != 0)
                        *ret += (int64_t)sorted[i].n;
        }
        return 0;
}

int store_rows_bytes(const StoreObject *object, const char *uri, int64_t *ret)
{
        size_t n = object->name.n + strlen(object->object) + strlen(uri);
        int64_t n_tags = 0;
        int r;

        for (size_t i = 0; i < object->n_endpoints; i++) {
                if (is_last_of_zone(object, i))
                        n += endpoint_bytes(&object->endpoints[i]);
        }
        r = tags_bytes(object->tags, object->n_tags, &n_tags);
        if (r)
                return r;
        *ret = (int64_t)n + n_tags;
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

int store_rows_version(StoreDb *db, int64_t *ret)
{
        STORE_DB_STATEMENT(s, db, VERSION);
        int r;

        r = missing(store_db_step(db, s));
        if (r)
                return r;
        *ret = sqlite3_column_int64(s, 0);
        return 0;
}

int store_rows_set_version(StoreDb *db, int64_t version)
{
        STORE_DB_STATEMENT(s, db, SET_VERSION);
        int r;

        r = store_db_bind_int(db, s, 1, version);
        return r ? r : store_db_run(db, s);
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

int store_rows_owners(StoreDb *db, StoreOwnerFn fn, void *userdata)
{
        STORE_DB_STATEMENT(s, db, OWNERS);
        int r;

        while ((r = store_db_step(db, s)) == 0) {
                const StoreUsage usage = { .n_names = sqlite3_column_int64(s, 1),
                                           .n_bytes = sqlite3_column_int64(s, 2) };

                r = fn((uid_t)sqlite3_column_int64(s, 0), &usage, userdata);
                if (r)
                        return r;
        }
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

int store_rows_remove(StoreDb *db, int64_t id)
{
        return run_on(db, REMOVE, id);
}
