#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Task
 *
 * A call that takes its time runs on a thread of its own, while the main thread listens for the
 * signals that end a program. The first of them asks for an orderly end; the next one ends the
 * patience.
 */

#include "base/defs.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct TaskSignals {
        int fd;           /* readable while a signal waits */
        sigset_t before;  /* the mask that the program was started with */
        atomic_int first; /* number of the first signal; 0: none came */
} TaskSignals;

/**
 * task_signals_init() - block the signals that end a program, and read them from now on
 *
 * Call it before the first thread. Return: 0, -errno.
 */
NODISCARD int task_signals_init(TaskSignals *signals);

/**
 * task_signals_next() - take the next signal that came in
 * @ret_is_typed: whether the terminal sent it, to every process in front of it; may be NULL
 *
 * Return: its number; 0 if none came.
 */
int task_signals_next(TaskSignals *signals, bool *ret_is_typed);

/**
 * task_run() - run a function on a thread
 * @words: said on standard error when the first signal comes meanwhile
 *
 * Return: 0 when @fn returned. The number of a signal that was not the first: @fn still runs, and
 * all that is left to do is to leave. -errno if there can be no thread.
 */
NODISCARD int task_run(TaskSignals *signals, void (*fn)(void *userdata), void *userdata,
                       const char *words);
