#pragma once

/* SPDX-License-Identifier: MIT */

/* SSH Thread: threads of a library inside somebody's program. */

#include "base/defs.h"

#include <pthread.h>

typedef void *(*SshThreadFn)(void *userdata);

/**
 * ssh_thread_start() - start a thread with every signal blocked, for those are for the program's
 * own
 * @ret:        to be joined; NULL: detached
 *
 * Return: 0, -errno.
 */
NODISCARD int ssh_thread_start(SshThreadFn fn, void *userdata, pthread_t *ret);
