#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Work directories
 *
 * Each instance has a directory of its own, 0700, below one base directory, and peers put files
 * into it and get files out of it. Names that peers give are one component each; everything is
 * opened relative to a descriptor, beneath it and through no symbolic link (openat2), so nothing
 * outside is ever touched, whatever the instance does to its own directory meanwhile.
 *
 * Threads: functions on one WorkDir may run side by side; two uploads of one name are the caller's
 * to keep apart.
 */

#include "base/defs.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define WORK_DIR_NAME_MAX_BYTES                                                                    \
        250u                  /* of a file: leaves room for WORK_DIR_PART within NAME_MAX          \
                               */
#define WORK_DIR_PART ".part" /* suffix of an upload that is not complete */

enum {
        WORK_DIR_E_SUCCESS,

        WORK_DIR_E_NAME,      /* not a name for a file: says which rule it breaks */
        WORK_DIR_E_NOT_FOUND, /* no such file */
        WORK_DIR_E_DENIED,    /* a symbolic link, a directory, a pipe, another user's */
        WORK_DIR_E_OFFSET,    /* an upload that does not continue where it stands */
        WORK_DIR_E_FULL,      /* disk or quota */
        WORK_DIR_E_UNSAFE,    /* the base directory is not ours alone */
};

typedef struct WorkDir WorkDir;

struct WorkDir {
        int base_fd; /* directory of directories; borrowed */
        int fd;      /* this one; -1 when closed */
        char *name;  /* below the base; owned */
        char *path;  /* absolute, for people and for chdir(); owned */
};

#define WORK_DIR_INIT                                                                              \
        {                                                                                          \
                .base_fd = -1, .fd = -1                                                            \
        }

/**
 * work_dir_base_open() - the directory of directories, made 0700 with its parents if need be
 * @path:    absolute
 * @ret_fd:  owned by the caller
 *
 * Return: 0, WORK_DIR_E_UNSAFE, -errno; @error says what is wrong.
 */
NODISCARD int work_dir_base_open(const char *path, int *ret_fd, ErrorText *error);

/**
 * work_dir_create() - a new directory; that @name must not exist
 * @base_fd:   borrowed for the life of @ret
 * @base_path: absolute path of the base
 *
 * Return: 0, -errno; @error says what is wrong.
 */
NODISCARD int work_dir_create(int base_fd, const char *base_path, const char *name, WorkDir *ret,
                              ErrorText *error);

/** work_dir_open() - one that is there. Return: 0, -errno. */
NODISCARD int work_dir_open(int base_fd, const char *base_path, const char *name, WorkDir *ret);

/**
 * work_dir_hold_current() - the working directory of the process is in use from here on
 *
 * Until the process ends, however it does. Where the file system has no locks nothing happens.
 */
void work_dir_hold_current(void);

/** work_dir_is_held() - whether a process called work_dir_hold_current() there, and lives. */
bool work_dir_is_held(const WorkDir *self);

/** work_dir_deinit() - close; the directory stays. */
void work_dir_deinit(WorkDir *self);

/** work_dir_remove() - delete it and all below, following no link. Return: 0, -errno. */
NODISCARD int work_dir_remove(WorkDir *self, ErrorText *error);

/** work_dir_name_check() - the rules for file names. Return: 0, WORK_DIR_E_NAME. */
NODISCARD int work_dir_name_check(const char *name, size_t n_name, ErrorText *error);

/**
 * work_dir_put() - one piece of an upload
 * @offset:   0 begins; else it must be what is there already
 * @is_last:  rename it into place, after it is safe on the disk
 * @ret_size: bytes there are now
 *
 * Return: 0, WORK_DIR_E_NAME, WORK_DIR_E_OFFSET, WORK_DIR_E_DENIED, WORK_DIR_E_FULL, -errno;
 * @error says what is wrong.
 */
typedef struct WorkDirPiece WorkDirPiece;
struct WorkDirPiece {
        const char *name;
        uint64_t offset;
        const void *data;
        size_t n_data;
        bool is_last;
};
NODISCARD int work_dir_put(WorkDir *self, const WorkDirPiece *piece, uint64_t *ret_size,
                           ErrorText *error);

/**
 * work_dir_get() - one piece of a download
 * @to, @n_to: where the bytes go
 * @ret_n:     bytes read; less than @n_to only at the end
 * @ret_size:  bytes of the whole file
 *
 * Return: 0, WORK_DIR_E_NAME, WORK_DIR_E_NOT_FOUND, WORK_DIR_E_DENIED, -errno.
 */
typedef struct WorkDirRead WorkDirRead;
struct WorkDirRead {
        const char *name;
        uint64_t offset;
        void *to;
        size_t n_to;
};
NODISCARD int work_dir_get(WorkDir *self, const WorkDirRead *read, size_t *ret_n,
                           uint64_t *ret_size, ErrorText *error);

/** work_dir_copy_in() - copy a file of the server into it. Return: 0, -errno. */
NODISCARD int work_dir_copy_in(WorkDir *self, const char *path, ErrorText *error);
