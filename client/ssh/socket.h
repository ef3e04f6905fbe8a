#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Socket
 *
 * The TCP socket of a session: which address of ours it has, how its packets are marked, and what
 * the kernel does for it.
 */

#include "client/ssh/settings.h"

/**
 * ssh_socket_new() - not yet connected
 * @family:     AF_INET, AF_INET6
 *
 * Return: close-on-exec and non-blocking, owned by the caller; -errno, where -EAFNOSUPPORT and
 * -EADDRNOTAVAIL are of a BindAddress or BindInterface that has no address of that family.
 */
NODISCARD int ssh_socket_new(const SshSettings *settings, int family);

/** ssh_socket_tune() - once it is connected. */
void ssh_socket_tune(const SshSettings *settings, int fd);

/** ssh_socket_is_address() - whether BindAddress can be taken as it is: no host name. */
bool ssh_socket_is_address(const char *text);

/**
 * ssh_socket_parse_tos() - how packets are marked, by a word of IPQoS: "ef", "0x20", "none"
 * @ret:        -1 for "none"
 *
 * Return: 0, -EINVAL.
 */
NODISCARD int ssh_socket_parse_tos(const char *word, int *ret);
