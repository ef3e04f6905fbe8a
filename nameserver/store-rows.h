#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Rows of the Store
 *
 * The statements that change the database, each inside the transaction of whoever calls. For
 * store*.c only. Beside what is named, all return 0, STORE_E_* as store_db_step(), -ENOMEM.
 */

#include "nameserver/store-record.h"

/* The bytes that count as used by the owner of a row in objects. */
#define STORE_ROWS_BYTES                                                                           \
        "(length(name) + length(CAST(object || uri AS BLOB))"                                      \
        " + (SELECT coalesce(sum(length(m.tag)), 0) FROM metadata m WHERE m.object = objects.id)"  \
        " + (SELECT coalesce(sum(length(CAST(zone || coalesce(path, host) || coalesce(nathost, "   \
        "'')"                                                                                      \
        " || coalesce(ssh, '') AS BLOB))), 0) FROM endpoints e WHERE e.object = objects.id))"

typedef struct StoreRow StoreRow;
typedef struct StoreUsage StoreUsage;

struct StoreRow {
        int64_t id;
        uid_t owner;
        int64_t version;
        int64_t n_bytes;
        int64_t ttl_ms;
        char *uri; /* owned; only after store_rows_finish() */
};

struct StoreUsage {
        int64_t n_names;
        int64_t n_bytes;
};

void store_row_deinit(StoreRow *row);

/** store_rows_prepare() - once, before anything else here. */
NODISCARD int store_rows_prepare(StoreDb *db);

/** store_rows_find() - the row of a name. Return: 0, STORE_E_NOT_FOUND. */
NODISCARD int store_rows_find(StoreDb *db, StoreText name, StoreRow *ret);

/** store_rows_is_object() - whether the row stands for this object id. */
NODISCARD int store_rows_is_object(StoreDb *db, int64_t id, const char *object, bool *ret);

/** store_rows_bytes() - STORE_ROWS_BYTES of an object that is yet to be put. Return: 0, -ENOMEM. */
NODISCARD int store_rows_bytes(const StoreObject *object, const char *uri, int64_t *ret);

/**
 * store_rows_put() - an object with its tags and endpoints, in the place of what was there
 * @row:        what it shall be; its id is of what was there, or 0, and then it gets the new one
 */
NODISCARD int store_rows_put(StoreDb *db, const StoreObject *object, const char *uri,
                             StoreRow *row);

/** store_rows_put_endpoint() - add it, or replace that of its zone. */
NODISCARD int store_rows_put_endpoint(StoreDb *db, int64_t id, const StoreEndpoint *endpoint);

/** store_rows_load_endpoints() - all of an object, into @record. */
NODISCARD int store_rows_load_endpoints(StoreDb *db, int64_t id, StoreRecord *record);

/** store_rows_load_tags() - the same for its tags. */
NODISCARD int store_rows_load_tags(StoreDb *db, int64_t id, StoreRecord *record);

/** store_rows_set_tags() - these and no others. */
NODISCARD int store_rows_set_tags(StoreDb *db, int64_t id, const StoreText *tags, size_t n_tags);

/** store_rows_hash_tags() - store_tag_hash() of each, appended to @ret. */
NODISCARD int store_rows_hash_tags(StoreDb *db, int64_t id, Buffer *ret);

/** store_rows_publish() - what lookup and list answer, and the term of the lease. */
NODISCARD int store_rows_publish(StoreDb *db, int64_t id, const char *uri, int64_t ttl_ms);

/** store_rows_version() - the number of the last change. */
NODISCARD int store_rows_version(StoreDb *db, int64_t *ret);
NODISCARD int store_rows_set_version(StoreDb *db, int64_t version);

/** store_rows_finish() - a row that was changed gets its version; @ret: as it is now. */
NODISCARD int store_rows_finish(StoreDb *db, int64_t id, int64_t version, StoreRow *ret);

/* Return: as store_rows_owners(). */
typedef int (*StoreOwnerFn)(uid_t uid, const StoreUsage *usage, void *userdata);

/** store_rows_owners() - what each owner has in all. Ends when @fn fails. */
NODISCARD int store_rows_owners(StoreDb *db, StoreOwnerFn fn, void *userdata);

/** store_rows_remove() - a row with all that belongs to it. */
NODISCARD int store_rows_remove(StoreDb *db, int64_t id);
