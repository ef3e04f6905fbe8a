#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Accounts
 *
 * Users and groups as a person names them: by a name that the system knows, or by a number. Asks
 * the name service, which may take its time; any thread.
 */

#include "base/defs.h"

#include <sys/types.h>

enum {
        ACCOUNT_E_SUCCESS,

        ACCOUNT_E_UNKNOWN, /* neither a name that the system knows nor a number */
};

/** account_uid() - "alice" or "1000". Return: 0, ACCOUNT_E_UNKNOWN. */
NODISCARD int account_uid(const char *text, uid_t *ret);

/** account_gid() - "solvers" or "2000". Return: 0, ACCOUNT_E_UNKNOWN. */
NODISCARD int account_gid(const char *text, gid_t *ret);
