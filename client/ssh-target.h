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
