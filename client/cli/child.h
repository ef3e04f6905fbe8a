#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Child
 *
 * The command that a program runs for its user: by its words, without a shell, with the signal mask
 * and umask that the program itself was started with.
 */

#include "base/defs.h"

#include <signal.h>
#include <sys/types.h>

#define CHILD_NOT_EXECUTABLE 126 /* exit status, as of env(1) and the shells */
#define CHILD_NOT_FOUND      127
#define CHILD_SIGNALLED      128 /* plus the number of the signal */

typedef struct Child {
        pid_t pid;
        int pid_fd; /* readable when it has ended */
} Child;

/**
 * child_start() - run a command
 * @argv:        looked up in $PATH
 * @environment: all of it
 * @mask:        signals blocked at its start
 * @file_mode_mask: its umask
 *
 * Return: 0 with @ret to be given to child_end(); the errno of what failed: ENOENT, EACCES, ...
 */
NODISCARD int child_start(char *const argv[], char *const environment[], const sigset_t *mask,
                          mode_t file_mode_mask, Child *ret);

/** child_end() - wait for its end. Return: its exit status, or CHILD_SIGNALLED + n. */
int child_end(Child *child);

/** child_exit_status() - of a command that could not be started. */
int child_exit_status(int code);
