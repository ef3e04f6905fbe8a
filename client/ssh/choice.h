#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Choice
 *
 * Who logs in to a host: libssh, in this process, or the program ssh, which can do more and tells
 * less.
 */

#include "client/ssh/pool.h"
#include "client/ssh/settings.h"

/**
 * ssh_choice() - by what was asked for, and the host's settings
 * @ret_is_program: the program; else libssh
 *
 * Looks at the public halves of the settings' keys. Return: PYROPE_OK; PYROPE_E_CONFIG: libssh was
 * asked for, and cannot.
 */
NODISCARD pyrope_status ssh_choice(SshBackend backend, const SshSettings *settings,
                                   bool *ret_is_program, pyrope_error **error);
