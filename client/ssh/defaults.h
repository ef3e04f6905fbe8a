#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Defaults
 *
 * What `ssh -G` answers where nothing is configured: what differs from it, the user has chosen. It
 * is the same for all hosts, so it is asked once in SSH_DEFAULTS_MS, for all threads of the
 * process.
 */

#include "client/ssh/run.h"

#define SSH_DEFAULTS_MS 600000 /* then a new version of ssh may be there */

typedef struct SshDefaults SshDefaults;

/* The text, or the program that is about to tell it. */
struct SshDefaults {
        SshRun run;
        char *text; /* owned */
};

#define SSH_DEFAULTS_INIT                                                                          \
        {                                                                                          \
                .run = SSH_RUN_INIT                                                                \
        }

void ssh_defaults_deinit(SshDefaults *defaults);

/**
 * ssh_defaults_start() - find the text, or begin to ask
 * @ret:        SSH_DEFAULTS_INIT; owned by the caller, whatever is returned
 *
 * Return: PYROPE_OK, also if there is no program ssh; PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_defaults_start(SshDefaults *ret, pyrope_error **error);

/** ssh_defaults_finish() - have the text, if there is a program ssh. Return: PYROPE_OK,
 * PYROPE_E_CONFIG (ssh fails), PYROPE_E_NOMEM; as ssh_run(). */
NODISCARD pyrope_status ssh_defaults_finish(SshDefaults *defaults, const SshWatch *watch,
                                            pyrope_error **error);
