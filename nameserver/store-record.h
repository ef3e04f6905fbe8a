#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Record of the Store
 *
 * An object as it is read: the row itself is borrowed from its statement, tags and endpoints are
 * copied out of theirs. For store*.c only.
 */

#include "nameserver/store-db.h"

#include "base/buffer.h"

/* What the functions below expect of the statements they are given; ?1 is the object's row id. */
#define STORE_RECORD_COLUMNS   "id, name, object, uri, owner, version, created, ttl"
#define STORE_RECORD_TAGS      "SELECT tag FROM metadata WHERE object = ?1"
#define STORE_RECORD_ENDPOINTS STORE_RECORD_ENDPOINTS_IF("")
#define STORE_RECORD_NAT       STORE_RECORD_ENDPOINTS_IF(" AND nathost IS NOT NULL")
#define STORE_RECORD_ENDPOINTS_IF(condition)                                                       \
        "SELECT zone, path, host, port, nathost, natport, ssh FROM endpoints"                      \
        " WHERE object = ?1" condition " ORDER BY id"

typedef struct StoreRecord StoreRecord;

struct StoreRecord {
        int64_t id; /* of the row in objects */
        StoreObject object;
        Buffer tag_text;      /* what tags point into */
        Buffer endpoint_text; /* what endpoints point into */
        StoreText tags[STORE_TAGS_MAX];
        StoreEndpoint endpoints[STORE_ENDPOINTS_MAX];
};

/* Return: owned, store_record_free(); NULL: out of memory. */
StoreRecord *store_record_new(void);
StoreRecord *store_record_free(StoreRecord *record);

/** store_record_set_row() - from a row of STORE_RECORD_COLUMNS. Return: 0, -ENOMEM. */
NODISCARD int store_record_set_row(StoreRecord *record, sqlite3_stmt *row);

/** store_record_load_tags() - the tags of record->id. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_record_load_tags(StoreRecord *record, StoreDb *db, sqlite3_stmt *tags);

/** store_record_load_endpoints() - the endpoints of record->id. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_record_load_endpoints(StoreRecord *record, StoreDb *db,
                                          sqlite3_stmt *endpoints);
