#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Thread
 *
 * One that no signal comes to: those are for the thread that waits for them.
 */

#include "base/defs.h"

#include <pthread.h>

/** thread_start() - to be joined. Return: 0, -errno. */
NODISCARD int thread_start(pthread_t *ret, void *(*fn)(void *userdata), void *userdata);
