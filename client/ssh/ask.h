#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Ask
 *
 * How a login asks a person: for the passphrase of a key file, a password, a one-time code, or
 * whether a host key is right. The words may be a stranger's, and are made harmless here. Where
 * they are shown, and that one question waits for another, is the business of whoever answers.
 */

#include "client/ssh/watch.h"

#include <pyrope/pyrope.h>

/* Of an instruction or a prompt: bytes as it is shown, with its terminator; and lines. */
#define SSH_ASK_TEXT_BYTES 4096u
#define SSH_ASK_LINES_MAX  24u
#define SSH_ASK_MS         120000 /* longest wait for a person: sshd, too, hangs up after it */

typedef struct SshAsk SshAsk;

/* Who answers. Several threads may ask at a time. */
struct SshAsk {
        pyrope_ask_fn fn; /* as of the public API, from where it mostly comes; NULL: nobody */
        void *userdata;   /* borrowed as long as there are questions */
        bool (*can)(void *userdata); /* whether there is anybody now; NULL: if there is a fn */
};

/** ssh_ask_can() - whether there is anybody to ask. */
bool ssh_ask_can(const SshWatch *watch);

/**
 * ssh_ask() - one question
 * @watch:      its stop_fd ends the question; its deadline moves by the time the person took
 * @question:   host, instruction, prompt and is_echoed count; any bytes, the host's own name apart
 * @answer:     PYROPE_ANSWER_SIZE bytes, to be cleared with explicit_bzero() whatever is returned
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (nobody is there, or does not answer), PYROPE_E_TIMEOUT,
 * PYROPE_E_CLOSED (the pool ends), PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_ask(SshWatch *watch, const pyrope_question *question, char *answer,
                                pyrope_error **error);

/**
 * ssh_ask_show() - a stranger's text as lines fit for a terminal
 * @out:        SSH_ASK_TEXT_BYTES; tabs are blanks, carriage returns nothing, other controls \xNN;
 *              what is above the limits is left out, and "…" says so
 */
void ssh_ask_show(const char *text, char *out);
