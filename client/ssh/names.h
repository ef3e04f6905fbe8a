#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Names: a short list of strings. */

#include "base/defs.h"

#include <stdbool.h>

#define SSH_NAMES_MAX 32u

typedef struct SshNames SshNames;

/* {0} is the empty list. */
struct SshNames {
        char *names[SSH_NAMES_MAX]; /* owned */
        size_t n;
};

/**
 * ssh_names_add() - append a copy
 *
 * Return: 0, -ENOSPC above SSH_NAMES_MAX, -ENOMEM.
 */
NODISCARD int ssh_names_add(SshNames *names, const char *name);

bool ssh_names_have(const SshNames *names, const char *name);

void ssh_names_deinit(SshNames *names);
