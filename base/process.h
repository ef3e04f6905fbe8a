#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Process
 *
 * What each program of ours does first in main(), whoever started it.
 */

#include "base/defs.h"

/**
 * process_sanitize() - start from a known state
 *
 * Opens /dev/null on those of the descriptors 0 to 2 that are closed, so that no socket ever takes
 * the place of standard error; ignores SIGPIPE, and sets the umask to 077.
 *
 * Return: 0, -errno if /dev/null cannot be opened.
 */
NODISCARD int process_sanitize(void);
