/* SPDX-License-Identifier: MIT */

#include "nameserver/store-record.h"

#include <errno.h>
#include <string.h>

#define TAG_TEXT_MAX_BYTES      ((size_t)STORE_TAGS_MAX * STORE_NAME_MAX_BYTES)
#define ENDPOINT_TEXT_MAX_BYTES ((size_t)16 * 1024 * 1024) /* far above what methods let in */

StoreRecord *store_record_new(void)
{
        StoreRecord *record = calloc(1, sizeof(*record));

        if (!record)
                return NULL;
        buffer_init(&record->tag_text, TAG_TEXT_MAX_BYTES);
        buffer_init(&record->endpoint_text, ENDPOINT_TEXT_MAX_BYTES);
        return record;
}

StoreRecord *store_record_free(StoreRecord *record)
{
        if (record) {
                buffer_deinit(&record->endpoint_text);
                buffer_deinit(&record->tag_text);
        }
        free(record);
        return NULL;
}

int store_record_set_row(StoreRecord *record, sqlite3_stmt *row)
{
        record->id = sqlite3_column_int64(row, 0);
        record->object = (StoreObject){
                .name = store_db_column_bytes(row, 1),
                .object = store_db_column_text(row, 2),
                .uri = store_db_column_text(row, 3),
                .owner = (uid_t)sqlite3_column_int64(row, 4),
                .version = sqlite3_column_int64(row, 5),
                .created_s = sqlite3_column_int64(row, 6),
                .ttl_ms = sqlite3_column_int64(row, 7),
        };
        /* The schema has no NULL there. */
        return record->object.object && record->object.uri ? 0 : error_origin(-ENOMEM);
}

static int damaged(StoreDb *db, const char *what)
{
        return store_db_refuse(db, STORE_E_DAMAGED, "is damaged: %s", what);
}

int store_record_load_tags(StoreRecord *record, StoreDb *db, sqlite3_stmt *tags)
{
        const char *at;
        size_t n = 0;
        int r;

        buffer_clear(&record->tag_text);
        r = store_db_bind_int(db, tags, 1, record->id);
        while (r == 0 && (r = store_db_step(db, tags)) == 0) {
                StoreText tag = store_db_column_bytes(tags, 0);

                if (n == STORE_TAGS_MAX)
                        return damaged(db, "an object with too many tags");
                r = buffer_append(&record->tag_text, tag.at, tag.n);
                record->tags[n++].n = tag.n;
        }
        if (r != STORE_E_NOT_FOUND)
                return r;

        /* Only now do the bytes stay where they are. */
        at = (const char *)record->tag_text.data;
        for (size_t i = 0; i < n; at += record->tags[i++].n)
                record->tags[i].at = at;
        record->object.tags = record->tags;
        record->object.n_tags = n;
        return 0;
}

/* Copies a column; @ret is then not NULL if the column was not, and made good by settle(). */
static int keep_text(StoreRecord *record, sqlite3_stmt *row, int at, const char **ret)
{
        const char *text = store_db_column_text(row, at);

        *ret = text;
        return text ? buffer_append(&record->endpoint_text, text, strlen(text) + 1) : 0;
}

static const char *settle(const char *kept, const char **at)
{
        const char *text = *at;

        if (!kept)
                return NULL;
        *at += strlen(text) + 1;
        return text;
}

static int keep_endpoint(StoreRecord *record, sqlite3_stmt *row, StoreEndpoint *ret)
{
        int r;

        r = keep_text(record, row, 0, &ret->zone);
        if (r == 0)
                r = keep_text(record, row, 1, &ret->path);
        if (r == 0)
                r = keep_text(record, row, 2, &ret->host);
        if (r == 0)
                r = keep_text(record, row, 4, &ret->nathost);
        if (r == 0)
                r = keep_text(record, row, 6, &ret->ssh);
        ret->port = (uint16_t)sqlite3_column_int(row, 3);
        ret->natport = (uint16_t)sqlite3_column_int(row, 5);
        return r;
}

static void settle_endpoints(StoreRecord *record, size_t n)
{
        const char *at = (const char *)record->endpoint_text.data;

        for (size_t i = 0; i < n; i++) {
                StoreEndpoint *endpoint = &record->endpoints[i];

                endpoint->zone = settle(endpoint->zone, &at);
                endpoint->path = settle(endpoint->path, &at);
                endpoint->host = settle(endpoint->host, &at);
                endpoint->nathost = settle(endpoint->nathost, &at);
                endpoint->ssh = settle(endpoint->ssh, &at);
        }
        record->object.endpoints = record->endpoints;
        record->object.n_endpoints = n;
}

int store_record_load_endpoints(StoreRecord *record, StoreDb *db, sqlite3_stmt *endpoints)
{
        size_t n = 0;
        int r;

        buffer_clear(&record->endpoint_text);
        r = store_db_bind_int(db, endpoints, 1, record->id);
        while (r == 0 && (r = store_db_step(db, endpoints)) == 0) {
                if (n == STORE_ENDPOINTS_MAX)
                        return damaged(db, "an object with too many endpoints");
                r = keep_endpoint(record, endpoints, &record->endpoints[n++]);
        }
        if (r != STORE_E_NOT_FOUND)
                return r;
        settle_endpoints(record, n);
        return 0;
}
