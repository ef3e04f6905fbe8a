/* SPDX-License-Identifier: MIT */

#include "nameserver/store-ids.h"

#include <errno.h>
#include <string.h>

void store_ids_deinit(StoreIds *ids)
{
        buffer_deinit(&ids->buffer);
}

static int add(StoreIds *ids, int64_t id)
{
        return buffer_append(&ids->buffer, &id, sizeof(id));
}

static bool text_equals(StoreText one, StoreText other)
{
        return one.n == other.n && (one.n == 0 || memcmp(one.at, other.at, one.n) == 0);
}

int store_ids_match(StoreIds *ids, StoreDb *db, sqlite3_stmt *names, const StoreQuery *query)
{
        CLEANUP(store_db_resetp) sqlite3_stmt *s = names;
        int r;

        while ((r = store_db_step(db, s)) == 0) {
                switch (query->match(store_db_column_bytes(s, 1), query->userdata)) {
                case STORE_MATCH_YES:
                        r = add(ids, sqlite3_column_int64(s, 0));
                        if (r)
                                return r;
                        break;
                case STORE_MATCH_NO:
                        break;
                default:
                        return STORE_E_STOPPED;
                }
        }
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

static int compare_texts(const void *one, const void *other)
{
        const StoreText *a = one;
        const StoreText *b = other;
        size_t n = a->n < b->n ? a->n : b->n;
        int order = n ? memcmp(a->at, b->at, n) : 0;

        return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int compare_ids(const void *one, const void *other)
{
        int64_t a = *(const int64_t *)one;
        int64_t b = *(const int64_t *)other;

        return (a > b) - (a < b);
}

static int add_tagged(StoreIds *ids, StoreDb *db, sqlite3_stmt *tagged, StoreText tag)
{
        CLEANUP(store_db_resetp) sqlite3_stmt *s = tagged;
        int r;

        r = store_db_bind_bytes(db, s, 1, tag);
        while (r == 0 && (r = store_db_step(db, s)) == 0)
                r = add(ids, sqlite3_column_int64(s, 0));
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

/* Keeps one of each id that is there at least @n_least times. */
static void keep_repeated(StoreIds *ids, size_t n_least)
{
        int64_t *id = (int64_t *)(void *)ids->buffer.data;
        size_t n = store_ids_count(ids);
        size_t n_kept = 0;
        size_t end;

        if (n == 0)
                return;
        qsort(id, n, sizeof(*id), compare_ids);
        for (size_t i = 0; i < n; i = end) {
                for (end = i; end < n && id[end] == id[i];)
                        end++;
                if (end - i >= n_least)
                        id[n_kept++] = id[i];
        }
        ids->buffer.n = n_kept * sizeof(*id);
}

int store_ids_tagged(StoreIds *ids, StoreDb *db, sqlite3_stmt *tagged, const StoreQuery *query)
{
        CLEANUP(freep) StoreText *tags = NULL;
        size_t n_different = 0;
        int r;

        tags = calloc(query->n_tags, sizeof(*tags));
        if (!tags)
                return error_origin(-ENOMEM);
        memcpy(tags, query->tags, query->n_tags * sizeof(*tags));
        qsort(tags, query->n_tags, sizeof(*tags), compare_texts);
        for (size_t i = 0; i < query->n_tags; i++) {
                if (i > 0 && text_equals(tags[i], tags[i - 1]))
                        continue;
                r = add_tagged(ids, db, tagged, tags[i]);
                if (r)
                        return r;
                n_different++;
        }
        keep_repeated(ids, query->kind == STORE_ALL_TAGS ? n_different : 1);
        return 0;
}
