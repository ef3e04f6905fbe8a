#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Listening Sockets from systemd
 *
 * Socket activation: $LISTEN_PID and $LISTEN_FDS say that descriptors 3 and up are sockets somebody
 * else opened for us.
 */

#include "base/error.h"

#include <stdbool.h>

#define LISTEN_FDS_MAX 16u /* no daemon of ours has more */

enum {
        LISTEN_FDS_E_SUCCESS,

        LISTEN_FDS_E_INVALID, /* the variables or a descriptor are not what they should be */
};

/* Whether there is something to take over, or to be refused. */
bool listen_fds_are_given(void);

/**
 * listen_fds_take() - take them over
 * @ret_fds:    room for LISTEN_FDS_MAX descriptors; owned by the caller
 * @ret_n:      how many; 0 without socket activation
 * @error:      NULL, or says for LISTEN_FDS_E_INVALID what is wrong
 *
 * Each is seen to be a listening stream socket (Unix, IPv4 or IPv6) and made close-on-exec and
 * non-blocking. The variables are removed, so that children are not misled. Call it once, before
 * the first thread.
 *
 * Return: 0, LISTEN_FDS_E_INVALID.
 */
NODISCARD int listen_fds_take(int ret_fds[static LISTEN_FDS_MAX], size_t *ret_n, ErrorText *error);
