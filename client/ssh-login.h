#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Login
 *
 * From settings to a session that can open channels: connect, exchange keys, check the host, log
 * in, in this order and no other.
 */

#include "client/ssh-connect.h"

#include <libssh/libssh.h>

typedef struct SshConnection SshConnection;

struct SshConnection {
        ssh_session session; /* non-blocking; owns the socket; NULL: none */
        SshProxy proxy;      /* the program in between, if any */
};

#define SSH_CONNECTION_INIT                                                                        \
        {                                                                                          \
                .proxy = SSH_PROXY_INIT                                                            \
        }

/**
 * ssh_login() - all of it
 * @watch:      its deadline is for everything together
 * @ret:        SSH_CONNECTION_INIT; owned by the caller, ssh_connection_deinit(), whatever is
 *              returned
 *
 * Blocks the thread, at most until the watch says so. Return: PYROPE_OK; PYROPE_E_UNREACHABLE,
 * PYROPE_E_TIMEOUT, PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_CONFIG, PYROPE_E_PROTOCOL,
 * PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_login(const SshSettings *settings, const SshWatch *watch,
                                  SshConnection *ret, pyrope_error **error);

/* Frees session and socket and ends the program in between; does not wait for the network. */
void ssh_connection_deinit(SshConnection *connection);
