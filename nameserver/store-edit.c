/* SPDX-License-Identifier: MIT */

#include "nameserver/store-edit.h"

#include <assert.h>

#define TAGS_MAX_BYTES (STORE_TAGS_MAX * sizeof(uint64_t))

int store_edit_begin(StoreEdit *edit, StoreTally *tally, StoreNewsQueue *queue, StoreText name,
                     const StoreTerms *terms)
{
        int r;

        *edit = (StoreEdit){
                .tally = tally,
                .queue = queue,
                .terms = terms,
                .name = name,
                .old_tags = BUFFER_INIT(TAGS_MAX_BYTES),
        };
        r = store_rows_find(tally->db, name, &edit->row);
        if (r)
                return r == STORE_E_NOT_FOUND ? 0 : r;
        edit->is_known = true;
        return store_rows_hash_tags(tally->db, edit->row.id, &edit->old_tags);
}

void store_edit_deinit(StoreEdit *edit)
{
        buffer_deinit(&edit->old_tags);
}

int store_edit_check(const StoreEdit *edit)
{
        const StoreTerms *terms = edit->terms;

        if (!terms)
                return 0;
        if (edit->is_known && edit->row.owner != terms->uid && !terms->is_administrator)
                return STORE_E_DENIED;
        if (terms->version != 0 && (!edit->is_known || edit->row.version != terms->version))
                return STORE_E_CHANGED;
        return 0;
}

/* @row: as it is now; NULL: gone, with @uri and @tags. */
static int push(StoreEdit *edit, StoreEvent event, int64_t version, const StoreRow *row,
                const char *uri, const Buffer *tags)
{
        StoreNews news = {
                .event = event,
                .name = edit->name,
                .uri = uri,
                .owner = row ? row->owner : edit->row.owner,
                .version = version,
                .ttl_ms = row ? row->ttl_ms : 0,
                .tags = tags ? (const uint64_t *)(const void *)tags->data : NULL,
                .n_tags = tags ? tags->n / sizeof(uint64_t) : 0,
                .old_tags = (const uint64_t *)(const void *)edit->old_tags.data,
                .n_old_tags = edit->old_tags.n / sizeof(uint64_t),
        };

        return store_news_push(edit->queue, &news);
}

static bool is_above(int64_t value, int64_t max)
{
        return max != 0 && value > max;
}

/* Nobody is refused for having too much who takes nothing more. */
static int use(StoreEdit *edit, uid_t uid, int64_t n_names, int64_t n_bytes)
{
        const StoreTerms *terms = edit->terms;
        StoreUsage usage;
        int r;

        r = store_tally_use(edit->tally, uid, n_names, n_bytes, &usage);
        if (r || !terms || uid != terms->uid)
                return r;
        if ((n_names > 0 && is_above(usage.n_names, terms->n_names_max)) ||
            (n_bytes > 0 && is_above(usage.n_bytes, terms->n_bytes_max)))
                return STORE_E_QUOTA;
        return 0;
}

static int account(StoreEdit *edit, const StoreRow *row)
{
        const StoreRow *old = &edit->row;
        int r = 0;

        if (edit->is_known && old->owner == row->owner)
                return use(edit, row->owner, 0, row->n_bytes - old->n_bytes);
        if (edit->is_known)
                r = use(edit, old->owner, -1, -old->n_bytes);
        return r ? r : use(edit, row->owner, 1, row->n_bytes);
}

static StoreEvent event_of(const StoreEdit *edit)
{
        return edit->is_known ? STORE_REPLACED : STORE_REGISTERED;
}

static int hash_tags(const StoreObject *object, Buffer *ret)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < object->n_tags; i++) {
                uint64_t hash = store_tag_hash(object->tags[i]);

                r = buffer_append(ret, &hash, sizeof(hash));
        }
        return r;
}

int store_edit_put(StoreEdit *edit, const StoreObject *object, const char *uri)
{
        CLEANUP(buffer_deinit) Buffer tags = BUFFER_INIT(TAGS_MAX_BYTES);
        StoreRow row = { .id = edit->row.id, .owner = edit->terms->uid, .ttl_ms = object->ttl_ms };
        int r;

        row.version = store_tally_next_version(edit->tally);
        r = store_rows_bytes(object, uri, &row.n_bytes);
        if (r == 0)
                r = hash_tags(object, &tags);
        if (r == 0)
                r = store_rows_put(edit->tally->db, object, uri, &row);
        if (r == 0)
                r = account(edit, &row);
        return r ? r : push(edit, event_of(edit), row.version, &row, uri, &tags);
}

int store_edit_finish(StoreEdit *edit)
{
        CLEANUP(buffer_deinit) Buffer tags = BUFFER_INIT(TAGS_MAX_BYTES);
        CLEANUP(store_row_deinit) StoreRow row = { .id = edit->row.id };
        StoreDb *db = edit->tally->db;
        int64_t version = store_tally_next_version(edit->tally);
        int r;

        assert(edit->is_known);
        r = store_rows_finish(db, row.id, version, &row);
        if (r == 0)
                r = account(edit, &row);
        if (r == 0)
                r = store_rows_hash_tags(db, row.id, &tags);
        return r ? r : push(edit, event_of(edit), version, &row, row.uri, &tags);
}

int store_edit_drop(StoreEdit *edit, StoreEvent event)
{
        int64_t version = store_tally_next_version(edit->tally);
        int r;

        assert(edit->is_known);
        r = store_rows_remove(edit->tally->db, edit->row.id);
        if (r == 0)
                r = use(edit, edit->row.owner, -1, -edit->row.n_bytes);
        return r ? r
                 : push(edit, event, version, /* row= */ NULL, /* uri= */ NULL, /* tags= */ NULL);
}
