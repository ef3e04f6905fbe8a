/* SPDX-License-Identifier: MIT */

#include "base/private-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SYMLINKS_MAX 40 /* as the kernel */

/*
 * The way from / is walked by descriptors, one name at a time and through each symbolic link, so
 * that every directory in which somebody could put another thing in our way is looked at.
 */
typedef struct Walk Walk;

struct Walk {
        const char *path;    /* as given, for messages */
        bool is_shared;      /* a group may enter the last one ... */
        const gid_t *group;  /* ... this one; NULL: any */
        int fd;              /* the directory reached so far */
        char rest[PATH_MAX]; /* names still to go */
        int n_symlinks;      /* followed so far */
};

static void walk_deinit(Walk *walk)
{
        closep(&walk->fd);
}

/* Each directory on the way: nobody but root and us may put other things into it. */
static int check_ancestor(const Walk *walk, ErrorText *error)
{
        struct stat st;

        if (fstat(walk->fd, &st) < 0)
                return error_origin(-errno);
        if (st.st_uid != 0 && st.st_uid != geteuid()) {
                error_text_set(error,
                               "%s: a directory above it belongs to uid %u, who could replace it; "
                               "choose another place",
                               walk->path, (unsigned)st.st_uid);
                return PRIVATE_DIR_E_UNSAFE;
        }
        if ((st.st_mode & 022) && !(st.st_mode & S_ISVTX)) {
                error_text_set(error,
                               "%s: a directory above it is writable by others (mode %04o); take "
                               "that away with 'chmod go-w', or choose another place",
                               walk->path, (unsigned)st.st_mode & 07777);
                return PRIVATE_DIR_E_UNSAFE;
        }
        return 0;
}

/* What a shared directory's group may do, and which group that is. */
static int check_group(const Walk *walk, const struct stat *st, ErrorText *error)
{
        if (st->st_mode & 027)
                error_text_set(error,
                               "%s: is open to more than entering by a group (mode %04o); run "
                               "'chmod 750 %s'",
                               walk->path, (unsigned)st->st_mode & 07777, walk->path);
        else if (walk->group && st->st_mode & 070 && st->st_gid != *walk->group)
                error_text_set(error,
                               "%s: is open to group %u instead of %u; run 'chgrp' or 'chmod 700'",
                               walk->path, (unsigned)st->st_gid, (unsigned)*walk->group);
        else
                return 0;
        return PRIVATE_DIR_E_UNSAFE;
}

static int check_itself(const Walk *walk, const struct stat *st, ErrorText *error)
{
        const char *path = walk->path;

        if (S_ISLNK(st->st_mode))
                error_text_set(error, "%s: is a symbolic link; name the directory itself", path);
        else if (!S_ISDIR(st->st_mode))
                error_text_set(error, "%s: is not a directory", path);
        else if (st->st_uid != geteuid())
                error_text_set(error, "%s: belongs to uid %u, we are uid %u; choose another place",
                               path, (unsigned)st->st_uid, (unsigned)geteuid());
        else if (walk->is_shared)
                return check_group(walk, st, error);
        else if (st->st_mode & 077)
                error_text_set(error, "%s: is open to others (mode %04o); run 'chmod 700 %s'", path,
                               (unsigned)st->st_mode & 07777, path);
        else
                return 0;
        return PRIVATE_DIR_E_UNSAFE;
}

/* Puts the target of a link in front of the names still to go. */
static int walk_symlink(Walk *walk, const char *name, const struct stat *st, ErrorText *error)
{
        char target[PATH_MAX];
        char rest[PATH_MAX];
        ssize_t n_target;
        int n;

        if (st->st_uid != 0 && st->st_uid != geteuid()) {
                error_text_set(error, "%s: goes through a symbolic link of uid %u", walk->path,
                               (unsigned)st->st_uid);
                return PRIVATE_DIR_E_UNSAFE;
        }
        n_target = readlinkat(walk->fd, name, target, sizeof(target) - 1);
        if (n_target < 0)
                return error_origin(-errno);
        target[n_target] = '\0';
        n = snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest);
        if ((size_t)n >= sizeof(rest))
                return error_origin(-ENAMETOOLONG);
        if (++walk->n_symlinks > SYMLINKS_MAX)
                return error_origin(-ELOOP);
        memcpy(walk->rest, rest, (size_t)n + 1);
        return 0;
}

/* Makes the directory @name in the one reached so far the one reached. */
static int walk_enter(Walk *walk, const char *name)
{
        int fd;

        fd = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        closep(&walk->fd);
        walk->fd = fd;
        return 0;
}

/* Takes the next name off the rest, which no slash begins afterwards. */
static int walk_next(Walk *walk, char name[static NAME_MAX + 1])
{
        const char *start = walk->rest + strspn(walk->rest, "/");
        size_t n_name = strcspn(start, "/");

        if (n_name > NAME_MAX)
                return error_origin(-ENAMETOOLONG);
        memcpy(name, start, n_name);
        name[n_name] = '\0';
        start += n_name;
        start += strspn(start, "/");
        memmove(walk->rest, start, strlen(start) + 1);
        return 0;
}

/* Goes one name on. */
static int walk_step(Walk *walk, ErrorText *error)
{
        char name[NAME_MAX + 1];
        struct stat st;
        int r;

        r = walk_next(walk, name);
        if (r)
                return r;
        r = check_ancestor(walk, error);
        if (r)
                return r;
        if (fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (walk->rest[0] == '\0') /* the last one is not entered but checked */
                return check_itself(walk, &st, error);
        if (!S_ISLNK(st.st_mode))
                return walk_enter(walk, name);

        r = walk_symlink(walk, name, &st, error);
        if (r || walk->rest[0] != '/')
                return r;
        return walk_enter(walk, "/");
}

static int walk_all(Walk *walk, ErrorText *error)
{
        int r;

        if (strspn(walk->path, "/") == strlen(walk->path)) {
                error_text_set(error, "%s: is the root directory", walk->path);
                return PRIVATE_DIR_E_UNSAFE;
        }
        r = walk_enter(walk, "/");
        while (r == 0 && walk->rest[0])
                r = walk_step(walk, error);
        return r;
}

static int refuse(const char *path, int r, ErrorText *error)
{
        error_text_set(error, "%s: %s", path, strerror(-r));
        return r == -ENOENT ? PRIVATE_DIR_E_NOT_FOUND : error_origin(r);
}

static int walk(Walk *walk, ErrorText *error)
{
        size_t n_path = strlen(walk->path);
        int r;

        if (walk->path[0] != '/' || n_path >= sizeof(walk->rest)) {
                error_text_set(error, "%s: is not an absolute path that files can have",
                               walk->path);
                return PRIVATE_DIR_E_UNSAFE;
        }
        memcpy(walk->rest, walk->path, n_path + 1);

        r = walk_all(walk, error);
        return r < 0 ? refuse(walk->path, r, error) : r;
}

int private_dir_check(const char *path, ErrorText *error)
{
        CLEANUP(walk_deinit) Walk private = { .path = path, .fd = -1 };

        return walk(&private, error);
}

int shared_dir_check(const char *path, const gid_t *group, ErrorText *error)
{
        CLEANUP(walk_deinit)
        Walk shared = { .path = path, .fd = -1, .is_shared = true, .group = group };

        return walk(&shared, error);
}

int shared_dir_open(const char *path, gid_t group, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;
        int r;

        r = shared_dir_check(path, &group, error);
        if (r)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse(path, -errno, error);
        if (st.st_mode & 070)
                return 0;
        /* The group first: it never means another one. */
        if (fchown(fd, (uid_t)-1, group) < 0 || fchmod(fd, 0750) < 0) {
                r = -errno;
                error_text_set(error, "%s: cannot be opened to group %u: %s", path, (unsigned)group,
                               strerror(-r));
                return r;
        }
        return 0;
}

int private_dir_create(const char *path, ErrorText *error)
{
        /* A path that is refused anyway must not leave a directory behind. The mode is part of the
         * creation: the directory is never open, whatever the umask. */
        if (path[0] == '/' && mkdir(path, 0700) < 0 && errno != EEXIST)
                return refuse(path, -errno, error);

        return private_dir_check(path, error);
}
