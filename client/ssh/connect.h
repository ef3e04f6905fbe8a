#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Connect
 *
 * The byte stream to a host's sshd: a TCP connection of our own, every address of the name in turn
 * (RFC 8305: the next one starts a quarter of a second after the last, the first to answer wins; if
 * all of them hang, from the first one on again),
 * or what the settings put in between: other hosts, or a program.
 */

#include "client/ssh/hop.h"
#include "client/ssh/run.h"

/**
 * ssh_connect_host() - connect as the settings say
 * @watch:      with a hop, if the settings may have a ProxyJump
 * @ret_fd:     close-on-exec and non-blocking; owned by the caller
 * @ret_proxy:  SSH_PROXY_INIT; receives the program in between, if any; ssh_proxy_end()
 *
 * A connection of its own waits for the ConnectTimeout at most. Return: PYROPE_OK;
 * PYROPE_E_UNREACHABLE, PYROPE_E_TIMEOUT, PYROPE_E_CLOSED, PYROPE_E_CONFIG, PYROPE_E_NOMEM,
 * PYROPE_E_IO; through other hosts, whatever ssh_pool_open() returns.
 */
NODISCARD pyrope_status ssh_connect_host(const SshSettings *settings, const SshWatch *watch,
                                         int *ret_fd, SshProxy *ret_proxy, pyrope_error **error);
