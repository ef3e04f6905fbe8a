#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Login
 *
 * From settings to a session that can open channels: connect, exchange keys, check the host, log
 * in, in this order and no other.
 */

#include "client/ssh/connect.h"

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
 * ssh_login_connect() - the first step: a session whose socket is connected
 * @ret:        as for ssh_login()
 *
 * Return: as ssh_connect_host(), and PYROPE_E_CONFIG for what libssh cannot do.
 */
NODISCARD pyrope_status ssh_login_connect(const SshSettings *settings, const SshWatch *watch,
                                          SshConnection *ret, pyrope_error **error);

/**
 * ssh_login_shake() - the second step: exchange keys
 *
 * Whose they are is for ssh_hostkey_check() to say, without which there is no ssh_auth(). Return:
 * PYROPE_OK; PYROPE_E_UNREACHABLE, PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_login_shake(const SshConnection *connection,
                                        const SshSettings *settings, const SshWatch *watch,
                                        pyrope_error **error);

/**
 * ssh_login() - all of it
 * @watch:      its deadline is for everything together
 * @ret:        SSH_CONNECTION_INIT; owned by the caller, ssh_connection_deinit(), whatever is
 *              returned
 *
 * Blocks the thread, at most until the watch says so. Return: PYROPE_OK; PYROPE_E_UNREACHABLE,
 * PYROPE_E_TIMEOUT, PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_CONFIG, PYROPE_E_PROTOCOL,
 * PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO; through other hosts, also PYROPE_E_DENIED.
 */
NODISCARD pyrope_status ssh_login(const SshSettings *settings, const SshWatch *watch,
                                  SshConnection *ret, pyrope_error **error);

/* Frees session and socket and ends the program in between; does not wait for the network. */
void ssh_connection_deinit(SshConnection *connection);
