/* SPDX-License-Identifier: MIT */

#include "nameserver/store.h"

#include "base/buffer.h"
#include "nameserver/endpoint.h"
#include "nameserver/network-tag.h"
#include "nameserver/store-db.h"
#include "nameserver/store-edit.h"
#include "nameserver/store-file.h"
#include "nameserver/store-group.h"
#include "nameserver/store-schema.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct Store {
        char *path;
        int lock_fd;         /* closed last */
        StoreDb db;          /* of the thread that runs a group, as all below */
        StoreRecord *record; /* of the object that is being changed */
        StoreTally tally;
        StoreGroup group;
        StoreNewsQueue news_one; /* of the change that runs */
        StoreNewsQueue news;     /* of those before it in the transaction */
        StoreNewsFn on_news;     /* or NULL */
        void *userdata;          /* of on_news */
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
static int make_ready(Store *store)
{
        CLEANUP(freep) char *mode = NULL;
        StoreDb *db = &store->db;
        int r;

        r = store_db_execute(db, "PRAGMA synchronous = FULL"); /* as store-wal.h needs it */
        if (r == 0)
                r = store_db_query_text(db, "PRAGMA journal_mode = WAL", &mode);
        if (r == 0 && strcmp(mode, "wal") != 0)
                r = store_db_refuse(db, STORE_E_IO, "no write-ahead log: journal mode %s", mode);
        if (r == 0)
                r = store_schema_migrate(db);
        if (r == 0)
                r = store_rows_prepare(db);
        return r ? r : store_tally_load(&store->tally);
}

/* In the order that leaves a file alone which is not ours, or not sound. */
static int open_database(Store *store)
{
        int r;

        r = connect(&store->db, store->path);
        if (r == 0)
                r = store_schema_check(&store->db);
        return r ? r : make_ready(store);
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
        return r ? r : make_ready(store);
}

static int write_tally(void *context)
{
        Store *store = context;

        return store_tally_write(&store->tally);
}

/* News of what stands go on; they are told when all is on the disk, or not at all. */
static void on_step(void *context, StoreGroupStep step)
{
        Store *store = context;

        switch (step) {
        case STORE_GROUP_KEPT:
                store_tally_keep(&store->tally);
                STAILQ_CONCAT(&store->news, &store->news_one);
                break;
        case STORE_GROUP_UNDONE:
                store_tally_undo(&store->tally);
                store_news_deliver(&store->news_one, NULL, NULL);
                break;
        case STORE_GROUP_COMMITTED:
                store_tally_committed(&store->tally);
                store_news_deliver(&store->news, store->on_news, store->userdata);
                break;
        case STORE_GROUP_LOST:
                store_tally_lost(&store->tally);
                store_news_deliver(&store->news_one, NULL, NULL);
                store_news_deliver(&store->news, NULL, NULL);
                break;
        }
}

int store_open(const char *path, Store **ret, ErrorText *error)
{
        CLEANUP(store_closep) Store *store = NULL;
        int r;

        store = calloc(1, sizeof(*store));
        if (!store)
                return error_origin(-ENOMEM);
        store->lock_fd = -1;
        STAILQ_INIT(&store->news_one);
        STAILQ_INIT(&store->news);
        store_group_init(&store->group, &store->db, reopen_database, store);
        store->group.write = write_tally;
        store->group.on_step = on_step;
        store_tally_init(&store->tally, &store->db);
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
                store_tally_deinit(&store->tally);
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

uint64_t store_tag_hash(StoreText tag)
{
        uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

        for (size_t i = 0; i < tag.n; i++)
                hash = (hash ^ (unsigned char)tag.at[i]) * 0x100000001b3u;
        return hash;
}

void store_on_news(Store *store, StoreNewsFn fn, void *userdata)
{
        store->on_news = fn;
        store->userdata = userdata;
}

typedef struct Registration Registration;

struct Registration {
        const StoreObject *object;
        const StoreTerms *terms;
};

static int register_object(void *context, void *userdata)
{
        CLEANUP(store_edit_deinit) StoreEdit edit;
        const Registration *registration = userdata;
        Store *store = context;
        const StoreObject *object = registration->object;
        const StoreTerms *terms = registration->terms;
        int r;

        r = store_edit_begin(&edit, &store->tally, &store->news_one, object->name, terms);
        if (r)
                return r;
        if (edit.is_known && terms->safe)
                return STORE_E_EXISTS;
        r = store_edit_check(&edit);
        return r ? r : store_edit_put(&edit, object, object->uri);
}

int store_register(Store *store, const StoreObject *object, const StoreTerms *terms,
                   ErrorText *error)
{
        Registration registration = { .object = object, .terms = terms };

        return store_group_change(&store->group, register_object, &registration, error);
}

static bool has_zone(const StoreObject *object, const char *zone)
{
        for (size_t i = 0; i < object->n_endpoints; i++)
                if (strcmp(object->endpoints[i].zone, zone) == 0)
                        return true;
        return false;
}

static int publish(Store *store, const StoreRow *row, const StoreObject *object)
{
        CLEANUP(freep)
        char *uri = endpoint_publish(object->object, store->record->object.endpoints,
                                     store->record->object.n_endpoints);

        return uri ? store_rows_publish(&store->db, row->id, uri,
                                        object->ttl_ms ? object->ttl_ms : row->ttl_ms)
                   : error_origin(-ENOMEM);
}

static int add_endpoint(Store *store, const StoreRow *row, const StoreObject *object)
{
        const StoreEndpoint *endpoint = &object->endpoints[0];
        int r;

        r = store_rows_load_endpoints(&store->db, row->id, store->record);
        if (r)
                return r;
        if (store->record->object.n_endpoints >= STORE_ENDPOINTS_MAX &&
            !has_zone(&store->record->object, endpoint->zone))
                return STORE_E_LIMIT;
        r = store_rows_put_endpoint(&store->db, row->id, endpoint);
        if (r == 0)
                r = store_rows_load_endpoints(&store->db, row->id, store->record);
        return r ? r : publish(store, row, object);
}

static int put_first_endpoint(StoreEdit *edit, const StoreObject *object)
{
        CLEANUP(freep) char *uri = NULL;

        uri = endpoint_publish(object->object, object->endpoints, object->n_endpoints);
        return uri ? store_edit_put(edit, object, uri) : error_origin(-ENOMEM);
}

static int put_endpoint(Store *store, StoreEdit *edit, const StoreObject *object)
{
        int r;

        r = add_endpoint(store, &edit->row, object);
        if (r == 0 && !edit->terms->keep_tags)
                r = store_rows_set_tags(&store->db, edit->row.id, object->tags, object->n_tags);
        return r ? r : store_edit_finish(edit);
}

static int register_endpoint(void *context, void *userdata)
{
        CLEANUP(store_edit_deinit) StoreEdit edit;
        const Registration *registration = userdata;
        const StoreObject *object = registration->object;
        Store *store = context;
        bool is_same = false;
        int r;

        r = store_edit_begin(&edit, &store->tally, &store->news_one, object->name,
                             registration->terms);
        if (r == 0 && edit.is_known)
                r = store_rows_is_object(&store->db, edit.row.id, object->object, &is_same);
        if (r)
                return r;
        if (edit.is_known && !is_same && registration->terms->safe)
                return STORE_E_EXISTS;
        r = store_edit_check(&edit);
        if (r)
                return r;
        return is_same ? put_endpoint(store, &edit, object) : put_first_endpoint(&edit, object);
}

int store_register_endpoint(Store *store, const StoreObject *object, const StoreTerms *terms,
                            ErrorText *error)
{
        Registration registration = { .object = object, .terms = terms };

        assert(object->n_endpoints == 1);
        return store_group_change(&store->group, register_endpoint, &registration, error);
}

/* Before the tags are replaced, for the old ones are needed. */
static int move_endpoint(Store *store, int64_t id, const StoreObject *object)
{
        NetworkTag old, tag;
        StoreEndpoint endpoint;
        bool had_tag, has_tag;
        int r;

        r = store_rows_load_tags(&store->db, id, store->record);
        if (r)
                return r;
        had_tag = network_tag_find(store->record->object.tags, store->record->object.n_tags,
                                   &old) == 0;
        has_tag = network_tag_find(object->tags, object->n_tags, &tag) == 0;
        if (!had_tag && !has_tag)
                return 0;
        r = store_rows_load_endpoints(&store->db, id, store->record);
        if (r || !network_tag_move(&store->record->object, had_tag ? &old : NULL,
                                   has_tag ? &tag : NULL, &endpoint))
                return r;
        return store_rows_put_endpoint(&store->db, id, &endpoint);
}

static int replace_tags(void *context, void *userdata)
{
        CLEANUP(store_edit_deinit) StoreEdit edit;
        const Registration *registration = userdata;
        Store *store = context;
        const StoreObject *object = registration->object;
        int r;

        r = store_edit_begin(&edit, &store->tally, &store->news_one, object->name,
                             registration->terms);
        if (r == 0 && !edit.is_known)
                return STORE_E_NOT_FOUND;
        if (r == 0)
                r = store_edit_check(&edit);
        if (r == 0)
                r = move_endpoint(store, edit.row.id, object);
        if (r == 0)
                r = store_rows_set_tags(&store->db, edit.row.id, object->tags, object->n_tags);
        return r ? r : store_edit_finish(&edit);
}

int store_set_tags(Store *store, StoreText name, const StoreText *tags, size_t n_tags,
                   const StoreTerms *terms, ErrorText *error)
{
        StoreObject object = { .name = name, .tags = tags, .n_tags = n_tags };
        Registration registration = { .object = &object, .terms = terms };

        return store_group_change(&store->group, replace_tags, &registration, error);
}

/* -- removal ---------------------------------------------------------------------------------- */

typedef struct Removal Removal;

struct Removal {
        const Buffer *names; /* each its size_t and its bytes */
        StoreText keep;
        const StoreTerms *terms;
        size_t n;      /* removed */
        size_t n_left; /* others' */
};

static bool text_equals(StoreText one, StoreText other)
{
        return one.n == other.n && (one.n == 0 || memcmp(one.at, other.at, one.n) == 0);
}

static int remove_name(Store *store, Removal *removal, StoreText name)
{
        CLEANUP(store_edit_deinit) StoreEdit edit;
        int r;

        r = store_edit_begin(&edit, &store->tally, &store->news_one, name, removal->terms);
        if (r || !edit.is_known || text_equals(name, removal->keep))
                return r;
        r = store_edit_check(&edit);
        if (r == STORE_E_DENIED) {
                removal->n_left++;
                return 0;
        }
        if (r == 0)
                r = store_edit_drop(&edit, STORE_REMOVED);
        removal->n += r == 0;
        return r;
}

static int remove_names(void *context, void *userdata)
{
        Removal *removal = userdata;
        const uint8_t *at = removal->names->data;
        const uint8_t *end = at + removal->names->n;
        Store *store = context;
        StoreText name;
        int r = 0;

        removal->n = 0;
        removal->n_left = 0;
        while (r == 0 && at < end) {
                memcpy(&name.n, at, sizeof(name.n));
                name.at = (const char *)at + sizeof(name.n);
                at += sizeof(name.n) + name.n;
                r = remove_name(store, removal, name);
        }
        return r;
}

static int add_name(Buffer *names, StoreText name)
{
        int r;

        r = buffer_append(names, &name.n, sizeof(name.n));
        return r ? r : buffer_append(names, name.at, name.n);
}

/* Outside of the transaction, so that a slow pattern keeps nobody from changing anything. */
static int find_names(StoreReader *reader, const StoreQuery *query, Buffer *ret, ErrorText *error)
{
        const StoreObject *object;
        size_t n;
        int r;

        r = store_reader_begin(reader, query, /* with= */ 0, &n, error);
        while (r == 0 && (r = store_reader_next(reader, &object, error)) == 0)
                r = add_name(ret, object->name);
        store_reader_end(reader);
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

int store_remove(Store *store, StoreReader *reader, const StoreQuery *query, StoreText keep,
                 const StoreTerms *terms, size_t *ret_n, size_t *ret_left, ErrorText *error)
{
        CLEANUP(buffer_deinit) Buffer names = BUFFER_INIT(SIZE_MAX / 2);
        Removal removal = { .names = &names, .keep = keep, .terms = terms };
        int r;

        if (query->kind == STORE_NAME)
                r = add_name(&names, query->text);
        else
                r = find_names(reader, query, &names, error);
        if (r == 0)
                r = store_group_change(&store->group, remove_names, &removal, error);
        if (r)
                return r;
        *ret_n = removal.n;
        *ret_left = removal.n_left;
        return 0;
}

/* -- expiry ----------------------------------------------------------------------------------- */

typedef struct Expiry Expiry;

struct Expiry {
        const StoreLease *leases;
        size_t n;
};

static int expire_one(Store *store, const StoreLease *lease)
{
        CLEANUP(store_edit_deinit) StoreEdit edit;
        int r;

        r = store_edit_begin(&edit, &store->tally, &store->news_one, lease->name,
                             /* terms= */ NULL);
        if (r || !edit.is_known || edit.row.version != lease->version)
                return r;
        return store_edit_drop(&edit, STORE_EXPIRED);
}

static int expire(void *context, void *userdata)
{
        const Expiry *expiry = userdata;
        Store *store = context;
        int r = 0;

        for (size_t i = 0; r == 0 && i < expiry->n; i++)
                r = expire_one(store, &expiry->leases[i]);
        return r;
}

int store_expire(Store *store, const StoreLease *leases, size_t n, ErrorText *error)
{
        Expiry expiry = { .leases = leases, .n = n };

        return store_group_change(&store->group, expire, &expiry, error);
}
