/* SPDX-License-Identifier: MIT */

#include "nameserver/store.h"

#include "nameserver/endpoint.h"
#include "nameserver/store-db.h"
#include "nameserver/store-file.h"
#include "nameserver/store-rows.h"
#include "nameserver/store-schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct Store {
        StoreDb db;
        int lock_fd;         /* closed last */
        StoreRecord *record; /* of the object that is being changed */
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
                r = store_rows_prepare(db);
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

/*
 * Every change comes through here, as a function that runs inside a transaction and whose failure
 * undoes what it did. When it returns 0 the change is on the disk.
 */
static int change(Store *store, StoreChangeFn fn, void *userdata, ErrorText *error)
{
        StoreDb *db = &store->db;
        int r;

        r = store_db_execute(db, "BEGIN IMMEDIATE");
        if (r)
                return store_db_report(db, r, error);
        r = fn(store, userdata);
        if (r == 0)
                r = store_db_execute(db, "COMMIT");
        store_db_report(db, r, error);

        /* Some failures have ended the transaction already. The reason is reported; whether this
         * fails too adds nothing. */
        if (r && !sqlite3_get_autocommit(db->sqlite) && store_db_execute(db, "ROLLBACK"))
                store_db_report(db, r, NULL);
        return r;
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

        r = store_rows_find(&store->db, object->name, object->object, &id, &same);
        if (r == 0 && registration->safe)
                return STORE_E_EXISTS;
        if (r && r != STORE_E_NOT_FOUND)
                return r;
        return store_rows_put(&store->db, object, object->uri);
}

int store_register(Store *store, const StoreObject *object, bool safe, ErrorText *error)
{
        Registration registration = { .object = object, .safe = safe };

        return change(store, register_object, &registration, error);
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
        CLEANUP(freep)
        char *uri = endpoint_publish(object, store->record->object.endpoints,
                                     store->record->object.n_endpoints);

        return uri ? store_rows_set_uri(&store->db, id, uri) : error_origin(-ENOMEM);
}

static int add_endpoint(Store *store, int64_t id, const StoreObject *object)
{
        const StoreEndpoint *endpoint = &object->endpoints[0];
        int r;

        r = store_rows_load_endpoints(&store->db, id, store->record);
        if (r)
                return r;
        if (store->record->object.n_endpoints >= STORE_ENDPOINTS_MAX &&
            !has_zone(&store->record->object, endpoint->zone))
                return STORE_E_LIMIT;
        r = store_rows_put_endpoint(&store->db, id, endpoint);
        if (r == 0)
                r = store_rows_load_endpoints(&store->db, id, store->record);
        if (r == 0)
                r = publish(store, id, object->object);
        return r ? r : store_rows_set_changed(&store->db, id);
}

static int put_first_endpoint(Store *store, const StoreObject *object)
{
        CLEANUP(freep) char *uri = NULL;

        uri = endpoint_publish(object->object, object->endpoints, object->n_endpoints);
        if (!uri)
                return error_origin(-ENOMEM);
        return store_rows_put(&store->db, object, uri);
}

static int register_endpoint(Store *store, void *userdata)
{
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        int64_t id = 0;
        bool same = false;
        int r;

        r = store_rows_find(&store->db, object->name, object->object, &id, &same);
        if (r && r != STORE_E_NOT_FOUND)
                return r;
        if (r == 0 && !same && registration->safe)
                return STORE_E_EXISTS;
        if (!same)
                return put_first_endpoint(store, object);
        r = add_endpoint(store, id, object);
        if (r || registration->keep_tags)
                return r;
        return store_rows_set_tags(&store->db, id, object->tags, object->n_tags);
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

        r = store_rows_find(&store->db, object->name, /* object= */ NULL, &id, &same);
        if (r == 0)
                r = store_rows_set_tags(&store->db, id, object->tags, object->n_tags);
        return r ? r : store_rows_set_changed(&store->db, id);
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
        size_t n; /* removed */
};

static int remove_objects(Store *store, void *userdata)
{
        Removal *removal = userdata;

        return store_rows_remove(&store->db, removal->query, removal->keep, &removal->n);
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
