#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Connection to the Store's Database
 *
 * What the store's files share of SQLite: opening with the settings we need, statements prepared
 * once and kept, result codes turned into STORE_E_* with a text. For store*.c only. SQL is constant
 * text everywhere; what strangers send is bound.
 */

#include "nameserver/store.h"

#include <sqlite3.h>

typedef struct StoreDb StoreDb;

struct StoreDb {
        sqlite3 *sqlite;
        const char *path; /* absolute; borrowed */
        sqlite3_stmt **statements;
        size_t n_statements;
        ErrorText error; /* of the last failure; "" after it was reported */
};

/**
 * store_db_open() - connect
 * @path:       absolute, without symbolic links; borrowed as long as @db
 * @flags:      SQLITE_OPEN_READWRITE or SQLITE_OPEN_READONLY
 *
 * @db must be {0}, and be given to store_db_close() whatever is returned.
 *
 * Return: 0, STORE_E_*, -ENOMEM.
 */
NODISCARD int store_db_open(StoreDb *db, const char *path, int flags);
void store_db_close(StoreDb *db);

/** store_db_prepare() - prepare and keep statements; their number is their place in @sql. */
NODISCARD int store_db_prepare(StoreDb *db, const char *const *sql, size_t n);

/** store_db_fail() - translate a result code of SQLite, and keep its text. Never 0. */
int store_db_fail(StoreDb *db, int result);

/** store_db_refuse() - keep a text of our own, "PATH: text". Return: @r. */
int store_db_refuse(StoreDb *db, int r, const char *format, ...) PRINTF(3, 4);

/** store_db_report() - hand the text of a failure to whoever called the store. Return: @r. */
int store_db_report(StoreDb *db, int r, ErrorText *error);

/** store_db_execute() - run constant text that has no result. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_db_execute(StoreDb *db, const char *sql);

/** store_db_query_int() - the first column of the one row of constant text. */
NODISCARD int store_db_query_int(StoreDb *db, const char *sql, int64_t *ret);

/** store_db_query_text() - the same; owned by the caller, free(). */
NODISCARD int store_db_query_text(StoreDb *db, const char *sql, char **ret);

/* A kept statement, borrowed until the scope ends:
 * STORE_DB_STATEMENT(statement, db, COUNT); */
#define STORE_DB_STATEMENT(name, db, index)                                                        \
        CLEANUP(store_db_resetp) sqlite3_stmt *name = (db)->statements[index]

static inline void store_db_resetp(sqlite3_stmt **statement)
{
        (void)sqlite3_reset(*statement); /* repeats the failure that was reported when it came */
        (void)sqlite3_clear_bindings(*statement);
}

/* Binding; parameters count from 1. What is bound is borrowed until the statement is reset. */
NODISCARD int store_db_bind_int(StoreDb *db, sqlite3_stmt *statement, int at, int64_t value);
NODISCARD int store_db_bind_bytes(StoreDb *db, sqlite3_stmt *statement, int at, StoreText text);
/* The names that begin with @prefix are those from ?@at up to and without ?@at + 1. */
NODISCARD int store_db_bind_prefix(StoreDb *db, sqlite3_stmt *statement, int at, StoreText prefix);
/* NULL is bound as NULL. */
NODISCARD int store_db_bind_text(StoreDb *db, sqlite3_stmt *statement, int at, const char *text);

/** store_db_step() - the next row. Return: 0, STORE_E_NOT_FOUND if there is none, STORE_E_*. */
NODISCARD int store_db_step(StoreDb *db, sqlite3_stmt *statement);

/** store_db_run() - step a statement that gives no row. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_db_run(StoreDb *db, sqlite3_stmt *statement);

/* Columns; borrowed until the next step. */
StoreText store_db_column_bytes(sqlite3_stmt *statement, int at);
const char *store_db_column_text(sqlite3_stmt *statement, int at); /* NULL is NULL */
