#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Unix Sockets
 *
 * Stream sockets with a path, between processes of one computer. Every descriptor that comes from
 * here is close-on-exec and non-blocking. Abstract names are never used: anybody may connect them.
 */

#include "base/clock.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define UNIX_PATH_MAX_BYTES 107u /* what sun_path holds with its terminator */

enum {
        UNIX_E_SUCCESS,

        UNIX_E_IN_USE,   /* somebody listens there already */
        UNIX_E_UNSAFE,   /* the directory is not private, or the file there is no socket */
        UNIX_E_TOO_LONG, /* longer than UNIX_PATH_MAX_BYTES, empty or not absolute */
        UNIX_E_REFUSED,  /* nobody listens there */
        UNIX_E_DENIED,   /* the file system does not let us, or a peer whose uid is not known */
        UNIX_E_TIMEOUT,  /* deadline passed */
};

/**
 * unix_path_check() - see early whether a path can be a socket's
 *
 * Return: 0, UNIX_E_TOO_LONG.
 */
NODISCARD int unix_path_check(const char *path, ErrorText *error);

/**
 * unix_listen() - create a socket file of mode 0600 and listen on it
 * @path:       absolute, in a private directory (private_dir_check() is made)
 * @backlog:    as listen()
 * @ret_fd:     the listening socket; owned by the caller
 * @error:      NULL, or says for a non-zero return what failed and what to do
 *
 * The umask plays no role. A file left behind by a daemon that died is replaced; one that somebody
 * listens on is not. The directory is locked meanwhile, so that of several starting daemons one
 * wins; holds no lock afterwards.
 *
 * Return: 0, UNIX_E_IN_USE, UNIX_E_UNSAFE, UNIX_E_TOO_LONG, UNIX_E_TIMEOUT (the lock), -errno.
 */
NODISCARD int unix_listen(const char *path, int backlog, int *ret_fd, ErrorText *error);

/**
 * unix_listen_group() - the same for a socket that a group may connect
 * @group:      that of the file, whose mode is 0660, and of its directory
 *
 * The directory may be open to that group, see shared_dir_check(); if it is private, it is opened
 * when all else is done. Until the socket listens its file is ours alone.
 *
 * Return: as unix_listen(); -EPERM if we are not in the group.
 */
NODISCARD int unix_listen_group(const char *path, gid_t group, int backlog, int *ret_fd,
                                ErrorText *error);

/**
 * unix_remove() - remove the file of a socket that we no longer listen on
 *
 * Close the listening socket first. Does nothing if somebody else listens there meanwhile, or the
 * file is gone.
 */
void unix_remove(const char *path);

/**
 * unix_connect() - connect to a listening socket
 * @deadline:   waits so long, blocking this thread, while the listener's backlog is full
 * @ret_fd:     the connected socket; owned by the caller
 *
 * Return: 0, UNIX_E_REFUSED (no file or nobody listens), UNIX_E_DENIED, UNIX_E_TIMEOUT,
 *         UNIX_E_TOO_LONG, -errno.
 */
NODISCARD int unix_connect(const char *path, Deadline deadline, int *ret_fd);

/**
 * unix_peer_uid() - who connected the other end
 *
 * The uid is that of the moment of connect() or socketpair(), whoever holds the descriptor now.
 * An uid without a mapping here (a user namespace) shows as the overflow uid: nobody knows who that
 * is, so it is denied.
 *
 * Return: 0, UNIX_E_DENIED, -errno.
 */
NODISCARD int unix_peer_uid(int fd, uid_t *ret_uid);

/** unix_peer_is_in() - whether the other end was in a group when it connected, as the kernel says.
 */
bool unix_peer_is_in(int fd, gid_t group);

/* Whether a uid that the kernel shows is somebody's, and not the overflow uid. */
bool unix_uid_is_known(uid_t uid);

/**
 * unix_socketpair() - two connected stream sockets
 *
 * Return: 0, -errno.
 */
NODISCARD int unix_socketpair(int ret_fds[static 2]);
