/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * A copy is made by SQLite's own means into a file beside its target, in one read transaction: the
 * nameserver's writer is not held up, and the copy has no log. Only when it is checked and on the
 * disk does it get its name.
 *
 * A log belongs to its file: if the one of an old database met a new one, SQLite would write its
 * pages into it. So before a restored file gets the name, the old log is brought into the old file,
 * or, where that cannot be, moved with it.
 */

#include "nameserver/store-copy.h"

#include "nameserver/store-db.h"
#include "nameserver/store-file.h"
#include "nameserver/store-schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* -- copying ---------------------------------------------------------------------------------- */

static int open_source(StoreDb *db, const char *path)
{
        int64_t application_id = 0;
        int r;

        r = store_db_open(db, path, SQLITE_OPEN_READONLY);
        if (r == 0)
                r = store_schema_check(db);
        if (r == 0)
                r = store_db_query_int(db, "PRAGMA application_id", &application_id);
        if (r == 0 && application_id != STORE_APPLICATION_ID)
                r = store_db_refuse(db, STORE_E_FOREIGN, "is empty");
        return r;
}

static int copy_pages(StoreDb *to, StoreDb *from)
{
        sqlite3_backup *backup = sqlite3_backup_init(to->sqlite, "main", from->sqlite, "main");
        int result;

        if (!backup)
                return store_db_fail(to, sqlite3_errcode(to->sqlite));
        (void)sqlite3_backup_step(backup, -1); /* a failure is told again by finish */
        result = sqlite3_backup_finish(backup);
        return result == SQLITE_OK ? 0 : store_db_fail(to, result);
}

/* A file without a log, whatever the source had. */
static int finish_copy(StoreDb *db, size_t *ret_n)
{
        CLEANUP(freep) char *mode = NULL;
        int64_t n = 0;
        int r;

        r = store_db_query_text(db, "PRAGMA journal_mode = DELETE", &mode);
        if (r == 0 && strcmp(mode, "delete") != 0)
                r = store_db_refuse(db, STORE_E_IO, "journal mode %s", mode);
        if (r == 0)
                r = store_schema_check(db);
        if (r == 0)
                r = store_db_query_int(db, "SELECT count(*) FROM objects", &n);
        *ret_n = (size_t)n;
        return r;
}

/* Whoever of the two has failed tells why. */
static int copy_database(const char *from_path, const char *to_path, size_t *ret_n,
                         ErrorText *error)
{
        CLEANUP(store_db_close) StoreDb from = { .path = from_path };
        CLEANUP(store_db_close) StoreDb to = { .path = to_path };
        int r;

        r = open_source(&from, from_path);
        if (r)
                return store_db_report(&from, r, error);
        r = store_db_open(&to, to_path, SQLITE_OPEN_READWRITE);
        if (r == 0)
                r = copy_pages(&to, &from);
        if (r == 0)
                r = finish_copy(&to, ret_n);
        return store_db_report(&to, r, error);
}

static void unlinkp(char **path)
{
        if (*path)
                (void)unlink(*path); /* it has its name by now, or is of no use */
        free(*path);
}

/* A copy beside @path, which gets its name at the end. One that was left over is in nobody's way:
 * its maker is gone. */
static int begin_copy(const char *path, char **ret, ErrorText *error)
{
        CLEANUP(freep) char *part = NULL;
        int r;

        if (asprintf(&part, "%s.part", path) < 0) {
                part = NULL; /* asprintf() leaves it undefined */
                return error_origin(-ENOMEM);
        }
        if (unlink(part) < 0 && errno != ENOENT) {
                error_text_set(error, "%s: %s", part, strerror(errno));
                return STORE_E_IO;
        }
        r = store_file_create(part, error);
        if (r)
                return r;
        *ret = TAKE(part);
        return 0;
}

int store_backup(const char *path, const char *copy, size_t *ret_n, ErrorText *error)
{
        CLEANUP(freep) char *from = NULL;
        CLEANUP(freep) char *to = NULL;
        CLEANUP(unlinkp) char *part = NULL;
        size_t n = 0;
        int r;

        r = store_file_resolve(path, &from, error);
        if (r == 0)
                r = store_file_resolve(copy, &to, error);
        if (r == 0 && access(to, F_OK) == 0) {
                error_text_set(error, "%s: exists already; name another file", to);
                r = STORE_E_EXISTS;
        }
        if (r == 0)
                r = begin_copy(to, &part, error);
        if (r == 0)
                r = copy_database(from, part, &n, error);
        if (r == 0)
                r = store_file_place(part, to, /* replaces= */ false, error);
        if (r)
                return r;
        *ret_n = n;
        return 0;
}

/* -- replacing -------------------------------------------------------------------------------- */

/* Brings the log into the file. If that cannot be, the log is kept with the file. */
static void fold_log(const char *path)
{
        CLEANUP(store_db_close) StoreDb db = { .path = path };
        CLEANUP(freep) char *mode = NULL;

        int r;

        r = store_db_open(&db, path, SQLITE_OPEN_READWRITE);
        if (r == 0)
                r = store_schema_check(&db);
        if (r == 0)
                r = store_db_query_text(&db, "PRAGMA journal_mode = DELETE", &mode);
        store_db_report(&db, r, NULL);
}

static bool is_empty(const char *path)
{
        FILE *file = fopen(path, "re");
        bool r = file && fgetc(file) == EOF;

        if (file)
                (void)fclose(file);
        return r;
}

int store_restore(const char *path, const char *copy, char **ret_kept, size_t *ret_n,
                  ErrorText *error)
{
        CLEANUP(closep) int lock_fd = -1;
        CLEANUP(freep) char *to = NULL;
        CLEANUP(freep) char *from = NULL;
        CLEANUP(freep) char *kept = NULL;
        CLEANUP(unlinkp) char *part = NULL;
        size_t n = 0;
        int r;

        r = store_file_prepare(path, &to, &lock_fd, error);
        if (r == 0)
                r = store_file_resolve(copy, &from, error);
        if (r == 0)
                r = begin_copy(to, &part, error);
        if (r == 0)
                r = copy_database(from, part, &n, error);
        if (r == 0 && !is_empty(to)) {
                fold_log(to);
                r = store_file_keep(to, "replaced", &kept, error);
        }
        if (r == 0)
                r = store_file_place(part, to, /* replaces= */ true, error);
        if (r)
                return r;
        *ret_kept = TAKE(kept);
        *ret_n = n;
        return 0;
}

int store_set_aside(const char *path, char **ret_kept, ErrorText *error)
{
        CLEANUP(closep) int lock_fd = -1;
        CLEANUP(freep) char *resolved = NULL;
        CLEANUP(freep) char *kept = NULL;
        CLEANUP(unlinkp) char *part = NULL;
        int r;

        r = store_file_prepare(path, &resolved, &lock_fd, error);
        if (r == 0)
                r = begin_copy(resolved, &part, error);
        if (r == 0)
                r = store_file_keep(resolved, "damaged", &kept, error);
        if (r == 0)
                r = store_file_place(part, resolved, /* replaces= */ true, error);
        if (r)
                return r;
        *ret_kept = TAKE(kept);
        return 0;
}
