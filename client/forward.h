#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Forward
 *
 * A Unix socket of ours, 0600 in a private directory, through which other programs of this user
 * reach something on another host: each connection made to it is joined to one channel. A peer of
 * another uid is hung up on. A thread of its own accepts; the bytes are moved by the session.
 *
 * A destination that needs no SSH needs no forward either: its own address serves.
 */

#include "client/ssh-pool.h"

typedef struct Forward Forward;

/**
 * forward_new() - listen and accept from now on
 * @pool:   must outlive the forward
 * @to:     as for ssh_pool_open(); copied
 * @path:   absolute, of a socket in a private directory; copied
 * @ret:    owned by the caller, forward_free()
 *
 * Nothing is opened on the host before somebody connects; if that fails he is hung up on.
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (the directory is not private), PYROPE_E_EXISTS (somebody
 * listens there), PYROPE_E_INVALID (@to, or the path is too long), PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status forward_new(SshPool *pool, const Location *to, const char *path,
                                    Forward **ret, pyrope_error **error);

/** forward_free() - stop listening, remove the socket, end its connections. Return: NULL. */
Forward *forward_free(Forward *forward);
DEFINE_CLEANUP(Forward, forward_free);

/** forward_path() - borrowed from @forward. */
const char *forward_path(const Forward *forward);
