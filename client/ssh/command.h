#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Command
 *
 * One command that the program ssh runs on a host through a master of ours: the process here that
 * stands for it, and what it writes. Used by one thread, which polls.
 */

#include "client/ssh/master.h"
#include "client/ssh/request.h"

#define SSH_COMMAND_FDS         3u
#define SSH_COMMAND_WORDS_BYTES 512u /* kept of its standard error */

typedef struct SshCommand SshCommand;

struct SshCommand {
        SshRequest *request; /* a reference, which the owner drops */
        pid_t pid;
        int exit_fd;
        int out_fd;   /* of one whose output is wanted; -1: it has ended */
        int words_fd; /* standard error; -1: it has ended */
        char words[SSH_COMMAND_WORDS_BYTES];
        size_t n_words;
        bool is_answered; /* the owner's mark */
        bool is_too_much; /* it wrote more than SSH_OUTPUT_MAX_BYTES */
        int exit_status;  /* 128 + n if signal n ended the process here; -1: it still runs */
        SshCommand *next; /* in the owner's list */
};

/**
 * ssh_command_new() - start it
 * @request:    with a command; its descriptor is taken, unless the command cannot be started
 *
 * Return: PYROPE_OK with @ret owned by the caller, ssh_command_free(); PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_command_new(const SshMaster *master, SshRequest *request,
                                        SshCommand **ret, pyrope_error **error);

/** ssh_command_free() - end it, if it runs; leaves the request to the owner. Return: NULL. */
SshCommand *ssh_command_free(SshCommand *command);

/** ssh_command_events() - what to poll for. */
void ssh_command_events(const SshCommand *command, struct pollfd ret[static SSH_COMMAND_FDS]);

/** ssh_command_feed() - read what is there. Return: whether it has ended, and all is read. */
bool ssh_command_feed(SshCommand *command, const struct pollfd polled[static SSH_COMMAND_FDS]);

/** ssh_command_result() - of one that has ended: output and exit status go to the request. Return:
 * PYROPE_OK; PYROPE_E_TOO_LARGE; PYROPE_E_DENIED, PYROPE_E_UNREACHABLE: it was not run. */
pyrope_status ssh_command_result(SshCommand *command, const char *label, pyrope_error **error);
