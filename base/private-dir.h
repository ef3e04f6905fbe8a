#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Private Directory
 *
 * A directory that nobody but us (and root) can enter, replace or look into: what makes a Unix
 * socket in it safe. The directory itself is a real one, owned by our effective uid, mode & 077 is
 * zero; each directory above it (symbolic links resolved) belongs to root or us, and is not
 * writable by others unless sticky as /tmp is.
 */

#include "base/error.h"

#include <sys/types.h>

enum {
        PRIVATE_DIR_E_SUCCESS,

        PRIVATE_DIR_E_NOT_FOUND, /* it, or a directory above it, does not exist */
        PRIVATE_DIR_E_UNSAFE,    /* exists, but is not private */
};

/**
 * private_dir_check() - see whether a directory is private
 * @path:       absolute
 * @error:      NULL, or says for a non-zero return which path, why, and what to do
 *
 * Return: 0, PRIVATE_DIR_E_NOT_FOUND, PRIVATE_DIR_E_UNSAFE, -errno.
 */
NODISCARD int private_dir_check(const char *path, ErrorText *error);

/**
 * private_dir_create() - create a directory with mode 0700 if there is none, and check it
 * @path:       absolute; the directory above it must exist
 *
 * Return: as private_dir_check().
 */
NODISCARD int private_dir_create(const char *path, ErrorText *error);

/**
 * shared_dir_check() - the same for a directory that one group may enter and look into
 * @group:      which one; NULL: any
 *
 * Its mode & 027 is zero, or it is private; all else is as for private_dir_check().
 */
NODISCARD int shared_dir_check(const char *path, const gid_t *group, ErrorText *error);

/**
 * shared_dir_open() - let a group into a private directory: its group, and mode 0750
 *
 * Return: 0, also for one that was open to @group already; as shared_dir_check(); -errno (we are
 * not in the group).
 */
NODISCARD int shared_dir_open(const char *path, gid_t group, ErrorText *error);
