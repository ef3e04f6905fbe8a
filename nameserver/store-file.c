/* SPDX-License-Identifier: MIT */

#include "nameserver/store-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

/* What opening a file came to, as an outcome. */
static int refuse_errno(int number, const char *path, ErrorText *error)
{
        error_text_set(error, "%s: %s", path,
                       number == ELOOP ? "is a symbolic link; name the file itself"
                                       : strerror(number));
        switch (number) {
        case EROFS:
        case EACCES:
        case EPERM:
                return STORE_E_READONLY;
        case ENOSPC:
        case EDQUOT:
                return STORE_E_FULL;
        case ELOOP:
                return STORE_E_UNSAFE;
        case EEXIST:
                return STORE_E_EXISTS;
        case ENOMEM:
                return -ENOMEM;
        default:
                return STORE_E_IO;
        }
}

/* Whoever may write the directory may put his own file, or its log, in the place of ours. */
static int check_directory(const char *path, ErrorText *error)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return refuse_errno(errno, path, error);
        if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022)) {
                error_text_set(error,
                               "%s: others can write this directory (uid %u, mode %04o); put the "
                               "database into one of your own",
                               path, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
                return STORE_E_UNSAFE;
        }
        return 0;
}

/* The directory without symbolic links, so that two names of one file share one lock. */
int store_file_resolve(const char *path, char **ret, ErrorText *error)
{
        CLEANUP(freep) char *directory = NULL;
        CLEANUP(freep) char *real = NULL;
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        char *resolved;
        int r;

        if (!*name) {
                error_text_set(error, "'%s' names no file", path);
                return STORE_E_IO;
        }
        directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        if (!directory)
                return error_origin(-ENOMEM);
        real = realpath(directory, NULL);
        if (!real)
                return refuse_errno(errno, directory, error);
        r = check_directory(real, error);
        if (r)
                return r;
        if (asprintf(&resolved, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name) < 0)
                return error_origin(-ENOMEM);
        *ret = resolved;
        return 0;
}

/* Opens or creates a file of mode 0600 that nobody else may write. */
static int open_own(const char *path, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;

        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse_errno(errno, path, error);
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022)) {
                error_text_set(error,
                               "%s: is no file of ours that nobody else can write (uid %u, mode "
                               "%06o)",
                               path, (unsigned)st.st_uid, (unsigned)st.st_mode);
                return STORE_E_UNSAFE;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int lock(const char *path, int *ret_fd, ErrorText *error)
{
        CLEANUP(freep) char *lock_path = NULL;
        CLEANUP(closep) int fd = -1;
        int r;

        if (asprintf(&lock_path, "%s-lock", path) < 0) {
                lock_path = NULL; /* asprintf() leaves it undefined */
                return error_origin(-ENOMEM);
        }
        r = open_own(lock_path, &fd, error);
        if (r)
                return r;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return refuse_errno(errno, lock_path, error);
                error_text_set(error, "%s: another nameserver serves this database", path);
                return STORE_E_IN_USE;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int store_file_prepare(const char *path, char **ret_path, int *ret_lock, ErrorText *error)
{
        CLEANUP(freep) char *resolved = NULL;
        CLEANUP(closep) int lock_fd = -1;
        CLEANUP(closep) int fd = -1;
        int r;

        r = store_file_resolve(path, &resolved, error);
        if (r)
                return r;
        r = lock(resolved, &lock_fd, error);
        if (r)
                return r;

        /* Closed before SQLite opens it: closing later would drop the locks that SQLite has. */
        r = open_own(resolved, &fd, error);
        if (r)
                return r;
        *ret_path = TAKE(resolved);
        *ret_lock = TAKE_FD(lock_fd);
        return 0;
}

int store_file_create(const char *path, ErrorText *error)
{
        CLEANUP(closep)
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return fd < 0 ? refuse_errno(errno, path, error) : 0;
}

/* What is in it, or the names in it, if it is a directory. */
static int sync_path(const char *path, ErrorText *error)
{
        CLEANUP(closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 || fsync(fd) < 0 ? refuse_errno(errno, path, error) : 0;
}

static int sync_directory_of(const char *path, ErrorText *error)
{
        CLEANUP(freep) char *directory = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);

        return directory ? sync_path(directory, error) : error_origin(-ENOMEM);
}

int store_file_place(const char *from, const char *path, bool replaces, ErrorText *error)
{
        int r;

        r = sync_path(from, error);
        if (r)
                return r;
        if (renameat2(AT_FDCWD, from, AT_FDCWD, path, replaces ? 0 : RENAME_NOREPLACE) < 0)
                return refuse_errno(errno, path, error);
        return sync_directory_of(path, error);
}

/* PATH.WHAT-20260102T030405Z */
static int second_name(const char *path, const char *what, char **ret)
{
        time_t now = time(NULL);
        char stamp[32];
        struct tm tm;
        char *name;

        (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
        if (asprintf(&name, "%s.%s-%s", path, what, stamp) < 0)
                return error_origin(-ENOMEM);
        *ret = name;
        return 0;
}

/* A log goes along; without one there is nothing to do. */
static int move_log(const char *path, const char *name, ErrorText *error)
{
        CLEANUP(freep) char *log = NULL;
        CLEANUP(freep) char *new_log = NULL;

        if (asprintf(&log, "%s-wal", path) < 0) {
                log = NULL; /* asprintf() leaves it undefined */
                return error_origin(-ENOMEM);
        }
        if (asprintf(&new_log, "%s-wal", name) < 0) {
                new_log = NULL;
                return error_origin(-ENOMEM);
        }
        if (rename(log, new_log) < 0 && errno != ENOENT)
                return refuse_errno(errno, log, error);
        return 0;
}

int store_file_keep(const char *path, const char *what, char **ret, ErrorText *error)
{
        CLEANUP(freep) char *name = NULL;
        int r;

        r = second_name(path, what, &name);
        if (r)
                return r;
        if (link(path, name) < 0)
                return refuse_errno(errno, name, error);
        r = move_log(path, name, error);
        if (r)
                return r;
        *ret = TAKE(name);
        return 0;
}
