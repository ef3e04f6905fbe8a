#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Target: the parts of [user@]host[:port] as a person types it. */

#include "proto/value.h"

#include <stdint.h>

typedef struct SshTarget SshTarget;

/* [user@]host[:port], host without brackets; what is not there is NULL or 0. Owned. */
struct SshTarget {
        char *user;
        char *host;
        uint16_t port;
};

/**
 * ssh_target_parse() - split what uri_is_ssh_target() lets pass
 *
 * Return: PYROPE_OK with @ret owned by the caller; PYROPE_E_INVALID, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_target_parse(const char *text, SshTarget *ret, pyrope_error **error);
void ssh_target_deinit(SshTarget *target);

/**
 * ssh_target_plain_way() - a ProxyJump as people write a way
 *
 * Without "ssh://" and a slash at the end of a host, and without brackets around a name or an IPv4
 * address. Return: owned, free(); NULL: out of memory.
 */
NODISCARD char *ssh_target_plain_way(const char *text);
