/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * SQLite gives each file as many bytes as the VFS asks for. Ours are behind those of the VFS below,
 * whose file stays what it is, but for a table of methods that has some of ours: those we do not
 * replace find what they expect. The log knows nothing of locks, so the database's file, which has
 * them, knows the log.
 */

#include "nameserver/store-wal.h"

#include "base/defs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_LOCK 0 /* SQLite's WAL_WRITE_LOCK, part of the format of the wal-index */

typedef struct Ours Ours;

/* Behind a database's file, or its log's. */
struct Ours {
        sqlite3_io_methods methods; /* of the VFS below, and some of ours */
        const sqlite3_io_methods *below;
        sqlite3_file *log;      /* of a database's file; NULL while none is open that gathers */
        sqlite3_file *database; /* whose log this is */
        uint8_t *waiting;       /* STORE_WAL_GATHER_MAX bytes; owned */
        size_t n;
        sqlite3_int64 offset; /* where those belong; after a failure, from where bytes are lost */
        int failure;          /* SQLITE_OK, or what writing gave in this transaction */
};

static sqlite3_vfs *below;
static sqlite3_vfs vfs;

static Ours *ours(sqlite3_file *file)
{
        return (Ours *)(void *)((char *)file + below->szOsFile);
}

/* -- log -------------------------------------------------------------------------------------- */

static void forget(Ours *log)
{
        log->n = 0;
        log->failure = SQLITE_OK;
}

static int write_waiting(sqlite3_file *file)
{
        Ours *log = ours(file);

        if (log->failure == SQLITE_OK && log->n > 0)
                log->failure = log->below->xWrite(file, log->waiting, (int)log->n, log->offset);
        log->n = 0;
        return log->failure;
}

static int log_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
        Ours *log = ours(file);

        if (log->failure)
                return log->failure;
        if (offset != log->offset + (sqlite3_int64)log->n ||
            log->n + (size_t)n > STORE_WAL_GATHER_MAX) {
                int result = write_waiting(file);

                if (result != SQLITE_OK)
                        return result;
                log->offset = offset;
        }
        if ((size_t)n > STORE_WAL_GATHER_MAX) { /* no page is that large */
                log->failure = log->below->xWrite(file, bytes, n, offset);
                return log->failure;
        }
        memcpy(log->waiting + log->n, bytes, (size_t)n);
        log->n += (size_t)n;
        return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *ret, int n, sqlite3_int64 offset)
{
        Ours *log = ours(file);
        sqlite3_int64 end = log->offset + (sqlite3_int64)log->n;
        int result;

        if (log->failure && offset + n > log->offset)
                return log->failure;
        if (offset >= log->offset && offset + n <= end) {
                memcpy(ret, log->waiting + (offset - log->offset), (size_t)n);
                return SQLITE_OK;
        }
        if (log->n > 0 && offset < end && offset + n > log->offset) {
                result = write_waiting(file);
                if (result != SQLITE_OK)
                        return result;
        }
        return log->below->xRead(file, ret, n, offset);
}

static int log_sync(sqlite3_file *file, int flags)
{
        int result = write_waiting(file);

        return result == SQLITE_OK ? ours(file)->below->xSync(file, flags) : result;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        int result = write_waiting(file);

        return result == SQLITE_OK ? ours(file)->below->xTruncate(file, size) : result;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        int result = write_waiting(file);

        return result == SQLITE_OK ? ours(file)->below->xFileSize(file, ret) : result;
}

static int log_close(sqlite3_file *file)
{
        Ours *log = ours(file);

        ours(log->database)->log = NULL;
        free(log->waiting);
        return log->below->xClose(file);
}

/* -- database --------------------------------------------------------------------------------- */

static int database_lock(sqlite3_file *file, int at, int n, int flags)
{
        const int released = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
        Ours *database = ours(file);

        if (database->log && at == WRITE_LOCK && (flags & released) == released)
                forget(ours(database->log));
        return database->below->xShmLock(file, at, n, flags);
}

/* -- opening ---------------------------------------------------------------------------------- */

/* Return: what is behind a file, with the methods that it has. */
static Ours *take_over(sqlite3_file *file)
{
        Ours *behind = ours(file);

        *behind = (Ours){ .methods = *file->pMethods, .below = file->pMethods };
        file->pMethods = &behind->methods;
        return behind;
}

static int gather(sqlite3_file *file, sqlite3_file *database)
{
        uint8_t *waiting;
        Ours *log;

        if (!(database->pMethods->xDeviceCharacteristics(database) &
              SQLITE_IOCAP_POWERSAFE_OVERWRITE))
                return SQLITE_OK;
        waiting = malloc(STORE_WAL_GATHER_MAX);
        if (!waiting) {
                (void)file->pMethods->xClose(file); /* nothing was written */
                file->pMethods = NULL;              /* says that it is closed */
                return SQLITE_NOMEM;
        }
        log = take_over(file);
        log->database = database;
        log->waiting = waiting;
        log->methods.xWrite = log_write;
        log->methods.xRead = log_read;
        log->methods.xSync = log_sync;
        log->methods.xTruncate = log_truncate;
        log->methods.xFileSize = log_size;
        log->methods.xClose = log_close;
        ours(database)->log = file;
        return SQLITE_OK;
}

static int open_file(UNUSED sqlite3_vfs *self, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags)
{
        int result = below->xOpen(below, path, file, flags, ret_flags);

        if (result != SQLITE_OK)
                return result;
        if (flags & SQLITE_OPEN_MAIN_DB)
                take_over(file)->methods.xShmLock = database_lock;
        if (flags & SQLITE_OPEN_WAL)
                result = gather(file, sqlite3_database_file_object(path));
        return result;
}

/* All but opening is as below, whose functions look at nothing of what they belong to but what is
 * copied with them. */
static void make_vfs(void)
{
        below = sqlite3_vfs_find(/* zVfsName= */ NULL);
        if (!below)
                return; /* no memory; whoever opens a database without a VFS is told so */
        vfs = *below;
        vfs.zName = "pyrope-wal";
        vfs.szOsFile += (int)sizeof(Ours);
        vfs.xOpen = open_file;
        vfs.pNext = NULL;
        (void)sqlite3_vfs_register(&vfs,
                                   /* makeDflt= */ 0); /* fails only where SQLite does not start */
}

const char *store_wal_vfs(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void)pthread_once(&once, make_vfs);
        return vfs.zName;
}
