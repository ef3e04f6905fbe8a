/* SPDX-License-Identifier: MIT */

#include "nameserver/store-db.h"
#include "nameserver/store-ids.h"
#include "nameserver/store-record.h"

#include <assert.h>
#include <errno.h>

/* Which rows a listing still has to give. */
typedef enum Listing {
        LISTING_NONE,
        LISTING_ROWS, /* those of a statement that is being stepped */
        LISTING_IDS,  /* those of a list of row ids */
} Listing;

struct StoreReader {
        StoreDb db;
        StoreRecord *record;
        sqlite3_stmt *row; /* what the record was borrowed from; NULL if nothing was */
        unsigned with;     /* STORE_WITH_* of the listing */
        Listing listing;
        StoreIds ids;
        size_t n_ids_given;
};

enum {
        BEGIN,
        COMMIT,
        COUNT,
        COUNT_RANGE,
        COUNT_LEASED,
        ALL,
        RANGE,
        LEASED,
        FROM,
        AFTER,
        VERSION,
        FIND,
        ROW,
        NAMES,
        TAGGED,
        TAGS,
        ENDPOINTS,
        NAT,
};

static const char *const statements[] = {
        [BEGIN] = "BEGIN",
        [COMMIT] = "COMMIT",
        [COUNT] = "SELECT count(*) FROM objects",
        [COUNT_RANGE] = "SELECT count(*) FROM objects WHERE name >= ?1 AND name < ?2",
        [COUNT_LEASED] = "SELECT count(*) FROM objects WHERE ttl > 0",
        [ALL] = "SELECT " STORE_RECORD_COLUMNS " FROM objects",
        [RANGE] = "SELECT " STORE_RECORD_COLUMNS " FROM objects WHERE name >= ?1 AND name < ?2",
        [LEASED] = "SELECT " STORE_RECORD_COLUMNS " FROM objects WHERE ttl > 0",
        [FROM] = "SELECT " STORE_RECORD_COLUMNS " FROM objects WHERE name >= ?1 ORDER BY name",
        [AFTER] = "SELECT " STORE_RECORD_COLUMNS " FROM objects WHERE name > ?1 ORDER BY name",
        [VERSION] = "SELECT version FROM changes",
        [FIND] = "SELECT " STORE_RECORD_COLUMNS " FROM objects INDEXED BY objects_twice"
                 " WHERE name = ?1",
        [ROW] = "SELECT " STORE_RECORD_COLUMNS " FROM objects WHERE id = ?1",
        [NAMES] = "SELECT id, name FROM objects",
        [TAGGED] = "SELECT object FROM metadata WHERE tag = ?1",
        [TAGS] = STORE_RECORD_TAGS,
        [ENDPOINTS] = STORE_RECORD_ENDPOINTS,
        [NAT] = STORE_RECORD_NAT,
};

int store_reader_new(const Store *store, StoreReader **ret, ErrorText *error)
{
        CLEANUP(store_reader_freep) StoreReader *reader = NULL;
        int r;

        reader = calloc(1, sizeof(*reader));
        if (!reader)
                return error_origin(-ENOMEM);
        reader->ids = (StoreIds)STORE_IDS_INIT;
        reader->record = store_record_new();
        if (!reader->record)
                return error_origin(-ENOMEM);
        r = store_db_open(&reader->db, store_path(store), SQLITE_OPEN_READONLY);
        if (r == 0)
                r = store_db_prepare(&reader->db, statements, ARRAY_SIZE(statements));
        if (r)
                return store_db_report(&reader->db, r, error);
        *ret = TAKE(reader);
        return 0;
}

StoreReader *store_reader_free(StoreReader *reader)
{
        if (reader) {
                store_db_close(&reader->db);
                store_record_free(reader->record);
                store_ids_deinit(&reader->ids);
        }
        free(reader);
        return NULL;
}

/* Counts by a statement whose parameters are bound. */
static int count(StoreDb *db, sqlite3_stmt *s, size_t *ret)
{
        int r;

        r = store_db_step(db, s);
        if (r)
                return r == STORE_E_NOT_FOUND ? error_origin(-ENOTRECOVERABLE) : r;
        *ret = (size_t)sqlite3_column_int64(s, 0);
        return 0;
}

/* What was handed out is borrowed no longer. */
static void release_row(StoreReader *reader)
{
        if (reader->row)
                store_db_resetp(&reader->row);
        reader->row = NULL;
}

static int load_tags(StoreReader *reader)
{
        STORE_DB_STATEMENT(s, &reader->db, TAGS);

        return store_record_load_tags(reader->record, &reader->db, s);
}

static int load_endpoints(StoreReader *reader, int statement)
{
        STORE_DB_STATEMENT(s, &reader->db, statement);

        return store_record_load_endpoints(reader->record, &reader->db, s);
}

/* Steps to a row and fills the record from it and its dependents. */
static int step(StoreReader *reader, sqlite3_stmt *row, unsigned with)
{
        int r;

        r = store_db_step(&reader->db, row);
        if (r == 0)
                r = store_record_set_row(reader->record, row);
        if (r == 0 && (with & STORE_WITH_TAGS))
                r = load_tags(reader);
        if (r == 0 && (with & STORE_WITH_ENDPOINTS))
                r = load_endpoints(reader, ENDPOINTS);
        else if (r == 0 && (with & STORE_WITH_NAT))
                r = load_endpoints(reader, NAT);
        return r;
}

static int run(StoreDb *db, int statement)
{
        STORE_DB_STATEMENT(s, db, statement);

        return store_db_run(db, s);
}

void store_reader_end(StoreReader *reader)
{
        release_row(reader);
        reader->listing = LISTING_NONE;
        reader->n_ids_given = 0;
        store_ids_deinit(&reader->ids);
        if (!sqlite3_get_autocommit(reader->db.sqlite))
                (void)run(&reader->db, COMMIT); /* the end of reading cannot lose anything */
}

/* A failure ends whatever was begun. */
static int report(StoreReader *reader, int r, ErrorText *error)
{
        if (r)
                store_reader_end(reader);
        return store_db_report(&reader->db, r, error);
}

int store_reader_count(StoreReader *reader, size_t *ret, ErrorText *error)
{
        STORE_DB_STATEMENT(s, &reader->db, COUNT);

        store_reader_end(reader);
        return store_db_report(&reader->db, count(&reader->db, s, ret), error);
}

int store_reader_find(StoreReader *reader, StoreText name, unsigned with, const StoreObject **ret,
                      ErrorText *error)
{
        int r;

        store_reader_end(reader);
        reader->row = reader->db.statements[FIND];
        r = store_db_bind_bytes(&reader->db, reader->row, 1, name);
        if (r == 0)
                r = step(reader, reader->row, with);
        if (r)
                return report(reader, r, error);
        *ret = &reader->record->object;
        return 0;
}

/* By statements without parameters. */
static int begin_rows(StoreReader *reader, int counting, int rows, size_t *ret_n)
{
        STORE_DB_STATEMENT(s, &reader->db, counting);

        reader->row = reader->db.statements[rows];
        reader->listing = LISTING_ROWS;
        return count(&reader->db, s, ret_n);
}

static int begin_prefix(StoreReader *reader, StoreText prefix, size_t *ret_n)
{
        STORE_DB_STATEMENT(s, &reader->db, COUNT_RANGE);
        int r;

        reader->row = reader->db.statements[RANGE];
        reader->listing = LISTING_ROWS;
        r = store_db_bind_prefix(&reader->db, s, 1, prefix);
        if (r == 0)
                r = count(&reader->db, s, ret_n);
        return r ? r : store_db_bind_prefix(&reader->db, reader->row, 1, prefix);
}

static int begin_ids(StoreReader *reader, const StoreQuery *query, size_t *ret_n)
{
        StoreDb *db = &reader->db;
        int r;

        reader->row = db->statements[ROW];
        reader->listing = LISTING_IDS;
        if (query->kind == STORE_MATCHING)
                r = store_ids_match(&reader->ids, db, db->statements[NAMES], query);
        else
                r = store_ids_tagged(&reader->ids, db, db->statements[TAGGED], query);
        *ret_n = store_ids_count(&reader->ids);
        return r;
}

static int begin(StoreReader *reader, const StoreQuery *query, size_t *ret_n)
{
        int r;

        r = run(&reader->db, BEGIN);
        if (r)
                return r;
        switch (query->kind) {
        case STORE_ALL:
                return begin_rows(reader, COUNT, ALL, ret_n);
        case STORE_LEASED:
                return begin_rows(reader, COUNT_LEASED, LEASED, ret_n);
        case STORE_PREFIX:
                return begin_prefix(reader, query->text, ret_n);
        case STORE_MATCHING:
        case STORE_ALL_TAGS:
        case STORE_ANY_TAG:
                return begin_ids(reader, query, ret_n);
        case STORE_NAME:
                break;
        }
        assert(!"a listing of one name");
        return error_origin(-EINVAL);
}

int store_reader_begin(StoreReader *reader, const StoreQuery *query, unsigned with, size_t *ret_n,
                       ErrorText *error)
{
        size_t n;
        int r;

        store_reader_end(reader);
        r = begin(reader, query, &n);
        if (r)
                return report(reader, r, error);
        reader->with = with;
        *ret_n = n;
        return 0;
}

int store_reader_from(StoreReader *reader, StoreText name, bool is_after, unsigned with,
                      ErrorText *error)
{
        StoreDb *db = &reader->db;
        int r;

        store_reader_end(reader);
        r = run(db, BEGIN);
        if (r)
                return report(reader, r, error);
        reader->row = db->statements[is_after ? AFTER : FROM];
        reader->listing = LISTING_ROWS;
        reader->with = with;
        return report(reader, store_db_bind_bytes(db, reader->row, 1, name), error);
}

int store_reader_version(StoreReader *reader, int64_t *ret, ErrorText *error)
{
        STORE_DB_STATEMENT(s, &reader->db, VERSION);
        int r;

        store_reader_end(reader);
        r = store_db_step(&reader->db, s);
        if (r == STORE_E_NOT_FOUND)
                r = error_origin(-ENOTRECOVERABLE);
        if (r == 0)
                *ret = sqlite3_column_int64(s, 0);
        return store_db_report(&reader->db, r, error);
}

static int next(StoreReader *reader)
{
        int r;

        switch (reader->listing) {
        case LISTING_ROWS:
                return step(reader, reader->row, reader->with);
        case LISTING_IDS:
                if (reader->n_ids_given == store_ids_count(&reader->ids))
                        return STORE_E_NOT_FOUND;
                store_db_resetp(&reader->row);
                r = store_db_bind_int(&reader->db, reader->row, 1,
                                      store_ids_get(&reader->ids, reader->n_ids_given++));
                return r ? r : step(reader, reader->row, reader->with);
        case LISTING_NONE:
                break;
        }
        return STORE_E_NOT_FOUND;
}

int store_reader_next(StoreReader *reader, const StoreObject **ret, ErrorText *error)
{
        int r;

        r = next(reader);
        if (r)
                return report(reader, r, error);
        *ret = &reader->record->object;
        return 0;
}
