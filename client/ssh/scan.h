#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Scan
 *
 * What the files of the user's SSH configuration are now, and which environment variables they
 * name: `IdentityFile ${KEY}`, `ProxyCommand "$WAY" %h`. Included files are looked at as well.
 *
 * It does not read the language. Whatever stands behind a $ is taken, in a comment and for other
 * hosts, too: one variable too many costs an agent more, one too few lends somebody a session with
 * another's key.
 */

#include "client/ssh/names.h"

#include "base/defs.h"

#define SSH_SCAN_DEPTH_MAX  16u      /* files that include each other, as ssh has it */
#define SSH_SCAN_FILES_MAX  256u     /* in all */
#define SSH_SCAN_FILE_BYTES 1048576u /* of one */

typedef struct SshScan SshScan;

struct SshScan {
        SshNames variables; /* owned */
        uint64_t files;     /* a hash of their paths, inodes, sizes and times */
        size_t n_files;
        size_t n_deep; /* 0, but in the middle of ssh_scan() */
};

#define SSH_SCAN_INIT                                                                              \
        {                                                                                          \
                .files = 0xcbf29ce484222325u                                                       \
        }

/**
 * ssh_scan() - look through the files
 * @config_file: NULL: those that ssh reads by itself. One that is not there, or no plain file, has
 *              no variables
 * @ret:        SSH_SCAN_INIT; ssh_scan_deinit(), whatever is returned
 *
 * Return: 0; -E2BIG (more than one of the limits above), -ENOSPC (more than SSH_NAMES_MAX
 * variables), -ENAMETOOLONG, -ENOMEM.
 */
NODISCARD int ssh_scan(const char *config_file, SshScan *ret);

void ssh_scan_deinit(SshScan *scan);
