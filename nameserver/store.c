/* SPDX-License-Identifier: MIT */

#include "nameserver/store.h"

#include "nameserver/endpoint.h"
#include "nameserver/store-db.h"
#include "nameserver/store-file.h"
#include "nameserver/store-ids.h"
#include "nameserver/store-record.h"
#include "nameserver/store-schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

struct Store {
        StoreDb db;
        int lock_fd;         /* closed last */
        StoreRecord *record; /* of the object that is being changed */
};

enum {
        BEGIN,
        COMMIT,
        ROLLBACK,
        FIND,
        REGISTER,
        CHANGED,
        PUBLISH,
        CLEAR_ENDPOINTS,
        PUT_ENDPOINT,
        ENDPOINTS,
        CLEAR_TAGS,
        ADD_TAG,
        NAMES,
        REMOVE_NAME,
        REMOVE_RANGE,
        REMOVE_ROW,
};

static const char *const statements[] = {
        [BEGIN] = "BEGIN IMMEDIATE",
        [COMMIT] = "COMMIT",
        [ROLLBACK] = "ROLLBACK",
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
        [NAMES] = "SELECT id, name FROM objects",
        [REMOVE_NAME] = "DELETE FROM objects WHERE name = ?1 AND name <> ?2",
        [REMOVE_RANGE] = "DELETE FROM objects WHERE name >= ?1 AND name < ?2 AND name <> ?3",
        [REMOVE_ROW] = "DELETE FROM objects WHERE id = ?1",
};

/* -- opening and closing ---------------------------------------------------------------------- */

/* In the order that leaves a file alone which is not ours, or not sound. */
static int open_database(StoreDb *db, const char *path)
{
        CLEANUP(freep) char *mode = NULL;
        int r;

        r = store_db_open(db, path, SQLITE_OPEN_READWRITE);
        if (r == 0 && sqlite3_db_readonly(db->sqlite, "main") == 1)
                r = store_db_refuse(db, STORE_E_READONLY, "is read-only");
        if (r == 0)
                r = store_schema_check(db);
        if (r == 0)
                r = store_db_query_text(db, "PRAGMA journal_mode = WAL", &mode);
        if (r == 0 && strcmp(mode, "wal") != 0)
                r = store_db_refuse(db, STORE_E_IO, "no write-ahead log: journal mode %s", mode);
        if (r == 0)
                r = store_db_execute(db, "PRAGMA synchronous = FULL");
        if (r == 0)
                r = store_schema_migrate(db);
        if (r == 0)
                r = store_db_prepare(db, statements, ARRAY_SIZE(statements));
        return r;
}

int store_open(const char *path, Store **ret, ErrorText *error)
{
        CLEANUP(store_closep) Store *store = NULL;
        CLEANUP(freep) char *resolved = NULL;
        int r;

        store = calloc(1, sizeof(*store));
        if (!store)
                return error_origin(-ENOMEM);
        store->lock_fd = -1;
        store->record = store_record_new();
        if (!store->record)
                return error_origin(-ENOMEM);
        r = store_file_prepare(path, &resolved, &store->lock_fd, error);
        if (r)
                return r;
        r = open_database(&store->db, resolved);
        if (r)
                return store_db_report(&store->db, r, error);
        *ret = TAKE(store);
        return 0;
}

Store *store_close(Store *store)
{
        if (store) {
                store_db_close(&store->db);
                store_record_free(store->record);
                closep(&store->lock_fd);
        }
        free(store);
        return NULL;
}

const char *store_path(const Store *store)
{
        return store->db.path;
}

/* -- changes ---------------------------------------------------------------------------------- */

typedef int (*StoreChangeFn)(Store *store, void *userdata);

static int run(StoreDb *db, int statement)
{
        STORE_DB_STATEMENT(s, db, statement);

        return store_db_run(db, s);
}

/*
 * Every change comes through here, as a function that runs inside a transaction and whose failure
 * undoes what it did. When it returns 0 the change is on the disk.
 */
static int change(Store *store, StoreChangeFn fn, void *userdata, ErrorText *error)
{
        StoreDb *db = &store->db;
        int r;

        r = run(db, BEGIN);
        if (r)
                return store_db_report(db, r, error);
        r = fn(store, userdata);
        if (r == 0)
                r = run(db, COMMIT);
        store_db_report(db, r, error);

        /* Some failures have ended the transaction already. */
        if (r && !sqlite3_get_autocommit(db->sqlite))
                (void)run(db, ROLLBACK); /* the reason is reported; this one adds nothing */
        return r;
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

static int set_tags(StoreDb *db, int64_t id, const StoreText *tags, size_t n_tags)
{
        int r;

        r = run_on(db, CLEAR_TAGS, id);
        return r ? r : add_tags(db, id, tags, n_tags);
}

static int put_endpoint(StoreDb *db, int64_t id, const StoreEndpoint *endpoint)
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

static int put_object(StoreDb *db, const StoreObject *object, const char *uri)
{
        int64_t id;
        int r;

        r = put_row(db, object, uri, &id);
        if (r == 0)
                r = run_on(db, CLEAR_ENDPOINTS, id);
        for (size_t i = 0; r == 0 && i < object->n_endpoints; i++)
                r = put_endpoint(db, id, &object->endpoints[i]);
        return r ? r : set_tags(db, id, object->tags, object->n_tags);
}

/* Finds the row of a name, and whether it stands for this object id; STORE_E_NOT_FOUND. */
static int find(StoreDb *db, StoreText name, const char *object, int64_t *ret_id, bool *ret_same)
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

typedef struct Registration Registration;

struct Registration {
        const StoreObject *object;
        bool safe;
        bool keep_tags;
};

static int register_object(Store *store, void *userdata)
{
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        int64_t id;
        bool same;
        int r;

        r = find(&store->db, object->name, object->object, &id, &same);
        if (r == 0 && registration->safe)
                return STORE_E_EXISTS;
        if (r && r != STORE_E_NOT_FOUND)
                return r;
        return put_object(&store->db, object, object->uri);
}

int store_register(Store *store, const StoreObject *object, bool safe, ErrorText *error)
{
        Registration registration = { .object = object, .safe = safe };

        return change(store, register_object, &registration, error);
}

static int load_endpoints(Store *store, int64_t id)
{
        STORE_DB_STATEMENT(s, &store->db, ENDPOINTS);

        store->record->id = id;
        return store_record_load_endpoints(store->record, &store->db, s);
}

static bool has_zone(const StoreObject *object, const char *zone)
{
        for (size_t i = 0; i < object->n_endpoints; i++)
                if (strcmp(object->endpoints[i].zone, zone) == 0)
                        return true;
        return false;
}

static int publish(Store *store, int64_t id, const char *object)
{
        CLEANUP(freep) char *uri = NULL;
        STORE_DB_STATEMENT(s, &store->db, PUBLISH);
        int r;

        uri = endpoint_publish(object, store->record->object.endpoints,
                               store->record->object.n_endpoints);
        if (!uri)
                return error_origin(-ENOMEM);
        r = store_db_bind_int(&store->db, s, 1, id);
        if (r == 0)
                r = store_db_bind_text(&store->db, s, 2, uri);
        return r ? r : store_db_run(&store->db, s);
}

static int add_endpoint(Store *store, int64_t id, const StoreObject *object)
{
        const StoreEndpoint *endpoint = &object->endpoints[0];
        int r;

        r = load_endpoints(store, id);
        if (r)
                return r;
        if (store->record->object.n_endpoints >= STORE_ENDPOINTS_MAX &&
            !has_zone(&store->record->object, endpoint->zone))
                return STORE_E_LIMIT;
        r = put_endpoint(&store->db, id, endpoint);
        if (r == 0)
                r = load_endpoints(store, id);
        if (r == 0)
                r = publish(store, id, object->object);
        return r ? r : run_on(&store->db, CHANGED, id);
}

static int put_first_endpoint(Store *store, const StoreObject *object)
{
        CLEANUP(freep) char *uri = NULL;

        uri = endpoint_publish(object->object, object->endpoints, object->n_endpoints);
        if (!uri)
                return error_origin(-ENOMEM);
        return put_object(&store->db, object, uri);
}

static int register_endpoint(Store *store, void *userdata)
{
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        int64_t id = 0;
        bool same = false;
        int r;

        r = find(&store->db, object->name, object->object, &id, &same);
        if (r && r != STORE_E_NOT_FOUND)
                return r;
        if (r == 0 && !same && registration->safe)
                return STORE_E_EXISTS;
        if (!same)
                return put_first_endpoint(store, object);
        r = add_endpoint(store, id, object);
        if (r || registration->keep_tags)
                return r;
        return set_tags(&store->db, id, object->tags, object->n_tags);
}

int store_register_endpoint(Store *store, const StoreObject *object, bool safe, bool keep_tags,
                            ErrorText *error)
{
        Registration registration = { .object = object, .safe = safe, .keep_tags = keep_tags };

        assert(object->n_endpoints == 1);
        return change(store, register_endpoint, &registration, error);
}

static int replace_tags(Store *store, void *userdata)
{
        const StoreObject *object = userdata;
        int64_t id;
        bool same;
        int r;

        r = find(&store->db, object->name, /* object= */ NULL, &id, &same);
        if (r == 0)
                r = set_tags(&store->db, id, object->tags, object->n_tags);
        return r ? r : run_on(&store->db, CHANGED, id);
}

int store_set_tags(Store *store, StoreText name, const StoreText *tags, size_t n_tags,
                   ErrorText *error)
{
        StoreObject object = { .name = name, .tags = tags, .n_tags = n_tags };

        return change(store, replace_tags, &object, error);
}

typedef struct Removal Removal;

struct Removal {
        const StoreQuery *query;
        StoreText keep;
        size_t n; /* removed so far */
};

static int remove_name(StoreDb *db, Removal *removal)
{
        STORE_DB_STATEMENT(s, db, REMOVE_NAME);
        int r;

        r = store_db_bind_bytes(db, s, 1, removal->query->text);
        if (r == 0)
                r = store_db_bind_bytes(db, s, 2, removal->keep);
        if (r == 0)
                r = store_db_run(db, s);
        removal->n = (size_t)sqlite3_changes64(db->sqlite);
        return r;
}

static int remove_prefix(StoreDb *db, Removal *removal)
{
        STORE_DB_STATEMENT(s, db, REMOVE_RANGE);
        int r;

        r = store_db_bind_prefix(db, s, 1, removal->query->text);
        if (r == 0)
                r = store_db_bind_bytes(db, s, 3, removal->keep);
        if (r == 0)
                r = store_db_run(db, s);
        removal->n = (size_t)sqlite3_changes64(db->sqlite);
        return r;
}

static int remove_matching(StoreDb *db, Removal *removal)
{
        CLEANUP(store_ids_deinit) StoreIds ids = STORE_IDS_INIT;
        int r;

        r = store_ids_match(&ids, db, db->statements[NAMES], removal->query, removal->keep);
        for (size_t i = 0; r == 0 && i < store_ids_count(&ids); i++)
                r = run_on(db, REMOVE_ROW, store_ids_get(&ids, i));
        removal->n = store_ids_count(&ids);
        return r;
}

static int remove_objects(Store *store, void *userdata)
{
        Removal *removal = userdata;

        switch (removal->query->kind) {
        case STORE_NAME:
                return remove_name(&store->db, removal);
        case STORE_PREFIX:
                return remove_prefix(&store->db, removal);
        case STORE_MATCHING:
                return remove_matching(&store->db, removal);
        case STORE_ALL:
        case STORE_ALL_TAGS:
        case STORE_ANY_TAG:
                break;
        }
        assert(!"a removal by this kind of query");
        return error_origin(-EINVAL);
}

int store_remove(Store *store, const StoreQuery *query, StoreText keep, size_t *ret_n,
                 ErrorText *error)
{
        Removal removal = { .query = query, .keep = keep };
        int r;

        r = change(store, remove_objects, &removal, error);
        if (r)
                return r;
        *ret_n = removal.n;
        return 0;
}
