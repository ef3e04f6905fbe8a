/* SPDX-License-Identifier: MIT */

#include "nameserver/store.h"

#include "base/buffer.h"
#include "nameserver/endpoint.h"
#include "nameserver/store-db.h"
#include "nameserver/store-file.h"
#include "nameserver/store-group.h"
#include "nameserver/store-rows.h"
#include "nameserver/store-schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct Store {
        char *path;
        int lock_fd;         /* closed last */
        StoreDb db;          /* of the thread that runs a group, as all below */
        StoreRecord *record; /* of the object that is being changed */
        StoreGroup group;
};

/* -- opening and closing ---------------------------------------------------------------------- */

static int connect(StoreDb *db, const char *path)
{
        int r;

        r = store_db_open(db, path, SQLITE_OPEN_READWRITE);
        if (r == 0 && sqlite3_db_readonly(db->sqlite, "main") == 1)
                r = store_db_refuse(db, STORE_E_READONLY, "is read-only");
        return r;
}

/* What every connection that writes needs, once it is known that the file is ours. */
static int make_ready(StoreDb *db)
{
        CLEANUP(freep) char *mode = NULL;
        int r;

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

/* In the order that leaves a file alone which is not ours, or not sound. */
static int open_database(Store *store)
{
        int r;

        r = connect(&store->db, store->path);
        if (r == 0)
                r = store_schema_check(&store->db);
        return r ? r : make_ready(&store->db);
}

/* Reads back who the file belongs to; its soundness was seen at the start. */
static int reopen_database(void *context)
{
        Store *store = context;
        int r;

        store_db_close(&store->db);
        r = connect(&store->db, store->path);
        if (r == 0)
                r = store_schema_identify(&store->db);
        return r ? r : make_ready(&store->db);
}

int store_open(const char *path, Store **ret, ErrorText *error)
{
        CLEANUP(store_closep) Store *store = NULL;
        int r;

        store = calloc(1, sizeof(*store));
        if (!store)
                return error_origin(-ENOMEM);
        store->lock_fd = -1;
        store_group_init(&store->group, &store->db, reopen_database, store);
        store->record = store_record_new();
        if (!store->record)
                return error_origin(-ENOMEM);
        r = store_file_prepare(path, &store->path, &store->lock_fd, error);
        if (r)
                return r;
        r = open_database(store);
        if (r)
                return store_db_report(&store->db, r, error);
        *ret = TAKE(store);
        return 0;
}

Store *store_close(Store *store)
{
        if (store) {
                store_db_close(&store->db);
                store_group_deinit(&store->group);
                store_record_free(store->record);
                closep(&store->lock_fd);
                free(store->path);
        }
        free(store);
        return NULL;
}

const char *store_path(const Store *store)
{
        return store->path;
}

/* -- changes ---------------------------------------------------------------------------------- */

typedef struct Registration Registration;

struct Registration {
        const StoreObject *object;
        bool safe;
        bool keep_tags;
};

static int register_object(void *context, void *userdata)
{
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        Store *store = context;
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

        return store_group_change(&store->group, register_object, &registration, error);
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

static int register_endpoint(void *context, void *userdata)
{
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        Store *store = context;
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
        return store_group_change(&store->group, register_endpoint, &registration, error);
}

static int replace_tags(void *context, void *userdata)
{
        const StoreObject *object = userdata;
        Store *store = context;
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

        return store_group_change(&store->group, replace_tags, &object, error);
}

/* -- removal ---------------------------------------------------------------------------------- */

typedef struct Removal Removal;

struct Removal {
        const StoreQuery *query;
        StoreText keep;
        const Buffer *names; /* of STORE_MATCHING: each its size_t and its bytes */
        size_t n;            /* removed */
};

static int remove_names(Store *store, Removal *removal)
{
        const uint8_t *at = removal->names->data;
        const uint8_t *end = at + removal->names->n;
        StoreText name;
        size_t n;
        int r = 0;

        while (r == 0 && at < end) {
                memcpy(&name.n, at, sizeof(name.n));
                name.at = (const char *)at + sizeof(name.n);
                at += sizeof(name.n) + name.n;
                r = store_rows_remove_name(&store->db, name, removal->keep, &n);
                if (r == 0)
                        removal->n += n;
        }
        return r;
}

static int remove_objects(void *context, void *userdata)
{
        Removal *removal = userdata;
        Store *store = context;

        removal->n = 0;
        switch (removal->query->kind) {
        case STORE_NAME:
                return store_rows_remove_name(&store->db, removal->query->text, removal->keep,
                                              &removal->n);
        case STORE_PREFIX:
                return store_rows_remove_prefix(&store->db, removal->query->text, removal->keep,
                                                &removal->n);
        case STORE_MATCHING:
                return remove_names(store, removal);
        case STORE_ALL:
        case STORE_ALL_TAGS:
        case STORE_ANY_TAG:
                break;
        }
        assert(!"a removal by this kind of query");
        return error_origin(-EINVAL);
}

/* Outside of the transaction, so that a slow pattern keeps nobody from changing anything. */
static int find_names(StoreReader *reader, const StoreQuery *query, Buffer *ret, ErrorText *error)
{
        const StoreObject *object;
        size_t n;
        int r;

        r = store_reader_begin(reader, query, /* with= */ 0, &n, error);
        if (r)
                return r;
        while ((r = store_reader_next(reader, &object, error)) == 0) {
                r = buffer_append(ret, &object->name.n, sizeof(object->name.n));
                if (r == 0)
                        r = buffer_append(ret, object->name.at, object->name.n);
                if (r)
                        break;
        }
        store_reader_end(reader);
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

int store_remove(Store *store, StoreReader *reader, const StoreQuery *query, StoreText keep,
                 size_t *ret_n, ErrorText *error)
{
        CLEANUP(buffer_deinit) Buffer names = BUFFER_INIT(SIZE_MAX / 2);
        Removal removal = { .query = query, .keep = keep, .names = &names };
        int r = 0;

        if (query->kind == STORE_MATCHING)
                r = find_names(reader, query, &names, error);
        if (r == 0)
                r = store_group_change(&store->group, remove_objects, &removal, error);
        if (r)
                return r;
        *ret_n = removal.n;
        return 0;
}
