#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Scratch Directory
 *
 * A private directory for one test, in /tmp, and another user's view of it. Use scratch_setup() and
 * scratch_teardown() as a checked fixture, so that each test has its own. A test that fails leaves
 * it behind, to be looked at.
 */

#include <limits.h>

#define SCRATCH_STRANGER 65533u /* a uid that owns nothing; not 65534, which means "unknown" */

extern char scratch_dir[PATH_MAX]; /* mode 0700, ours */

void scratch_setup(void);

/* Removes the directory with all that is in it. */
void scratch_teardown(void);

/* The path of @name in it; good until the eighth call after this one. */
const char *scratch_path(const char *name);

/* Writes a file of mode 0600 in it. */
void scratch_write(const char *name, const char *text);

/**
 * scratch_run_as() - run a function in a process of another user
 * @uid:        needs root, so only add such a test if geteuid() is 0
 * @fn:         what it returns is the exit status; checks in it end the process with another one
 *
 * Return: the exit status, or -1 if it was killed.
 */
int scratch_run_as(unsigned uid, int (*fn)(void *userdata), void *userdata);
