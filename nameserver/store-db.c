/* SPDX-License-Identifier: MIT */

#include "nameserver/store-db.h"

#include "nameserver/store-wal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Without it, every allocation takes one lock of the whole process, for figures nobody reads. It
 * fails where somebody else has used SQLite already: then they are counted. */
static void configure(void)
{
        (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* What a file that strangers could have prepared must not be able to do, and limits to match. */
static int harden(StoreDb *db)
{
        static const struct {
                int option;
                int value;
        } options[] = {
                { SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
                { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
                { SQLITE_DBCONFIG_DQS_DDL, 0 },        { SQLITE_DBCONFIG_DQS_DML, 0 },
                { SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
                int result = sqlite3_db_config(db->sqlite, options[i].option, options[i].value,
                                               /* ret= */ NULL);

                if (result != SQLITE_OK)
                        return store_db_fail(db, result);
        }
        sqlite3_limit(db->sqlite, SQLITE_LIMIT_ATTACHED, 0);
        return store_db_execute(db, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
}

int store_db_open(StoreDb *db, const char *path, int flags)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        int result;

        (void)pthread_once(&once, configure);
        db->path = path;
        result = sqlite3_open_v2(path, &db->sqlite,
                                 flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX |
                                         SQLITE_OPEN_EXRESCODE,
                                 flags & SQLITE_OPEN_READWRITE ? store_wal_vfs() : NULL);
        if (result != SQLITE_OK)
                return store_db_fail(db, result);
        result = sqlite3_busy_timeout(db->sqlite, STORE_BUSY_TIMEOUT_MS);
        if (result != SQLITE_OK)
                return store_db_fail(db, result);
        return harden(db);
}

void store_db_close(StoreDb *db)
{
        for (size_t i = 0; i < db->n_statements; i++)
                (void)sqlite3_finalize(db->statements[i]); /* repeats what was reported */
        free(db->statements);
        /* All statements are gone, so it cannot be busy. */
        (void)sqlite3_close(db->sqlite);
        *db = (StoreDb){ 0 };
}

int store_db_prepare(StoreDb *db, const char *const *sql, size_t n)
{
        assert(!db->statements);
        db->statements = calloc(n, sizeof(*db->statements));
        if (!db->statements)
                return error_origin(-ENOMEM);
        for (db->n_statements = 0; db->n_statements < n; db->n_statements++) {
                int result = sqlite3_prepare_v3(db->sqlite, sql[db->n_statements], -1,
                                                SQLITE_PREPARE_PERSISTENT,
                                                &db->statements[db->n_statements],
                                                /* pzTail= */ NULL);

                if (result != SQLITE_OK)
                        return store_db_fail(db, result);
        }
        return 0;
}

/* Which of our outcomes a result code is; negative where nobody could expect it. */
static int outcome_of(int result)
{
        switch (result & 0xff) { /* the low byte is the primary code */
        case SQLITE_FULL:
                return STORE_E_FULL;
        case SQLITE_READONLY:
        case SQLITE_PERM:
                return STORE_E_READONLY;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
                return STORE_E_BUSY;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
                return result == SQLITE_IOERR_NOMEM ? -ENOMEM : STORE_E_IO;
        case SQLITE_CORRUPT:
                return STORE_E_DAMAGED;
        case SQLITE_NOTADB:
                return STORE_E_FOREIGN;
        case SQLITE_NOMEM:
                return -ENOMEM;
        default:
                return -ENOTRECOVERABLE;
        }
}

int store_db_refuse(StoreDb *db, int r, const char *format, ...)
{
        char text[ERROR_TEXT_SIZE];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments); /* a cut text is still one */
        va_end(arguments);
        error_text_set(&db->error, "%s: %s%s", db->path, text,
                       r == STORE_E_DAMAGED ? "; restore a copy, or move it away to begin anew"
                                            : "");
        return r;
}

int store_db_fail(StoreDb *db, int result)
{
        int system_errno = db->sqlite ? sqlite3_system_errno(db->sqlite) : 0;
        int r = outcome_of(result);
        const char *text;

        assert(result != SQLITE_OK && result != SQLITE_ROW && result != SQLITE_DONE);
        text = db->sqlite ? sqlite3_errmsg(db->sqlite) : sqlite3_errstr(result);
        if (r == STORE_E_IO && system_errno)
                return store_db_refuse(db, r, "%s: %s", text, strerror(system_errno));
        store_db_refuse(db, r, "%s%s", text, r == STORE_E_FOREIGN ? "; name another file" : "");
        return r < 0 ? error_origin(r) : r;
}

int store_db_report(StoreDb *db, int r, ErrorText *error)
{
        if (r < 0 && !db->error.text[0])
                error_text_set(&db->error, "%s: %s", db->path, strerror(-r));
        if (r && error)
                *error = db->error;
        db->error.text[0] = '\0';
        return r;
}

int store_db_execute(StoreDb *db, const char *sql)
{
        int result = sqlite3_exec(db->sqlite, sql, /* callback= */ NULL, /* userdata= */ NULL,
                                  /* errmsg= */ NULL);

        return result == SQLITE_OK ? 0 : store_db_fail(db, result);
}

static void finalizep(sqlite3_stmt **statement)
{
        (void)sqlite3_finalize(*statement); /* repeats what the last step reported */
}

/* Prepares and makes the first step; a query without a row is damage. */
static int query(StoreDb *db, const char *sql, sqlite3_stmt **ret)
{
        CLEANUP(finalizep) sqlite3_stmt *statement = NULL;
        int result;

        result = sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, /* pzTail= */ NULL);
        if (result != SQLITE_OK)
                return store_db_fail(db, result);
        result = sqlite3_step(statement);
        if (result == SQLITE_DONE)
                return store_db_refuse(db, STORE_E_DAMAGED, "no answer to %s", sql);
        if (result != SQLITE_ROW)
                return store_db_fail(db, result);
        *ret = TAKE(statement);
        return 0;
}

int store_db_query_int(StoreDb *db, const char *sql, int64_t *ret)
{
        CLEANUP(finalizep) sqlite3_stmt *statement = NULL;
        int r;

        r = query(db, sql, &statement);
        if (r)
                return r;
        *ret = sqlite3_column_int64(statement, 0);
        return 0;
}

int store_db_query_text(StoreDb *db, const char *sql, char **ret)
{
        CLEANUP(finalizep) sqlite3_stmt *statement = NULL;
        CLEANUP(freep) char *copy = NULL;
        const char *text;
        int r;

        r = query(db, sql, &statement);
        if (r)
                return r;
        text = store_db_column_text(statement, 0);
        copy = strdup(text ? text : "");
        if (!copy)
                return error_origin(-ENOMEM);
        *ret = TAKE(copy);
        return 0;
}

static int bound(StoreDb *db, int result)
{
        return result == SQLITE_OK ? 0 : store_db_fail(db, result);
}

int store_db_bind_int(StoreDb *db, sqlite3_stmt *statement, int at, int64_t value)
{
        return bound(db, sqlite3_bind_int64(statement, at, value));
}

int store_db_bind_bytes(StoreDb *db, sqlite3_stmt *statement, int at, StoreText text)
{
        /* A null pointer would be bound as NULL, which an empty name is not. */
        const char *bytes = text.at ? text.at : "";

        return bound(db, sqlite3_bind_blob64(statement, at, bytes, text.n, SQLITE_STATIC));
}

int store_db_bind_prefix(StoreDb *db, sqlite3_stmt *statement, int at, StoreText prefix)
{
        unsigned char *end;
        int r;

        r = store_db_bind_bytes(db, statement, at, prefix);
        if (r)
                return r;
        assert(prefix.n > 0);
        end = malloc(prefix.n);
        if (!end)
                return error_origin(-ENOMEM);
        memcpy(end, prefix.at, prefix.n);
        /* The last byte of UTF-8 is never 0xff, so this is the first text behind all of them. */
        assert(end[prefix.n - 1] != 0xff);
        end[prefix.n - 1]++;
        return bound(db, sqlite3_bind_blob64(statement, at + 1, end, prefix.n, free));
}

int store_db_bind_text(StoreDb *db, sqlite3_stmt *statement, int at, const char *text)
{
        return bound(db, sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC));
}

int store_db_step(StoreDb *db, sqlite3_stmt *statement)
{
        int result = sqlite3_step(statement);

        if (result == SQLITE_ROW)
                return 0;
        return result == SQLITE_DONE ? STORE_E_NOT_FOUND : store_db_fail(db, result);
}

int store_db_run(StoreDb *db, sqlite3_stmt *statement)
{
        int result = sqlite3_step(statement);

        assert(result != SQLITE_ROW);
        return result == SQLITE_DONE ? 0 : store_db_fail(db, result);
}

StoreText store_db_column_bytes(sqlite3_stmt *statement, int at)
{
        const char *bytes = sqlite3_column_blob(statement, at);

        return (StoreText){ .at = bytes ? bytes : "",
                            .n = (size_t)sqlite3_column_bytes(statement, at) };
}

const char *store_db_column_text(sqlite3_stmt *statement, int at)
{
        return (const char *)sqlite3_column_text(statement, at);
}
