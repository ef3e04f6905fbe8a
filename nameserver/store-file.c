/* SPDX-License-Identifier: MIT */

#include "nameserver/store-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

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
static int resolve(const char *path, char **ret, ErrorText *error)
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

        r = resolve(path, &resolved, error);
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
