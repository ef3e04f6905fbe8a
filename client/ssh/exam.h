#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Examination
 *
 * One host, step by step, on a session of its own that no pool knows: the same steps that a login
 * takes, each with what it found, and then what the host permits. For whoever wants to know why a
 * host cannot be used; knows neither Pyro nor remedies.
 *
 * Each step stands on those before it: read, connect, shake, check, log in. One thread; it waits
 * inside, at most until the deadline.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "client/ssh/pool.h"
#include "client/ssh/settings.h"

#define SSH_EXAM_OUTPUT_MAX_BYTES 262144u /* of a command's standard output, and of its errors */

typedef struct SshExam SshExam;
typedef struct SshExamOutput SshExamOutput;

/* What a host answers when a channel is asked for. */
typedef enum SshExamAnswer {
        SSH_EXAM_OPENED,
        SSH_EXAM_PROHIBITED, /* "administratively prohibited" */
        SSH_EXAM_FAILED,     /* "connect failed"; for a Unix socket sshd also means the above */
} SshExamAnswer;

struct SshExamOutput {
        Buffer text;     /* standard output, NUL-terminated */
        Buffer words;    /* standard error, NUL-terminated */
        int exit_status; /* -1: not told; ended by a signal */
};

#define SSH_EXAM_OUTPUT_INIT                                                                       \
        {                                                                                          \
                .text = BUFFER_INIT(SSH_EXAM_OUTPUT_MAX_BYTES),                                    \
                .words = BUFFER_INIT(SSH_EXAM_OUTPUT_MAX_BYTES), .exit_status = -1                 \
        }

void ssh_exam_output_deinit(SshExamOutput *output);

/**
 * ssh_exam_new() - nothing is known yet
 * @pool:       has the sessions to the hosts that stand in front of it; borrowed
 * @ask:        how the login asks a person; borrowed
 *
 * Return: owned by the caller, ssh_exam_free(); NULL: out of memory.
 */
NODISCARD SshExam *ssh_exam_new(SshPool *pool, const SshAsk *ask);

/** ssh_exam_free() - hang up; does not wait for the network. NULL is fine. Return: NULL. */
SshExam *ssh_exam_free(SshExam *exam);
DEFINE_CLEANUP(SshExam, ssh_exam_free);

/** ssh_exam_settings() - Return: borrowed; set once ssh_exam_read() has succeeded. */
const SshSettings *ssh_exam_settings(const SshExam *exam);

/** ssh_exam_note() - by what the last step succeeded, one line. Return: borrowed until the next. */
const char *ssh_exam_note(const SshExam *exam);

/** ssh_exam_read() - the settings, of which libssh may be unable to do some: ssh_choice().
 * @config_file, @way, Return: as ssh_settings_read(). */
NODISCARD pyrope_status ssh_exam_read(SshExam *exam, const char *config_file, const char *way,
                                      Deadline deadline, pyrope_error **error);

/** ssh_exam_look_up() - the host's addresses, which become the note. Return: as ssh_resolve(). */
NODISCARD pyrope_status ssh_exam_look_up(SshExam *exam, Deadline deadline, pyrope_error **error);

/** ssh_exam_connect() - Return: as ssh_login_connect(). */
NODISCARD pyrope_status ssh_exam_connect(SshExam *exam, Deadline deadline, pyrope_error **error);

/** ssh_exam_shake() - exchange keys; the note has what was agreed on. Return: as
 * ssh_login_shake(). */
NODISCARD pyrope_status ssh_exam_shake(SshExam *exam, Deadline deadline, pyrope_error **error);

/** ssh_exam_check() - the host key. Return: as ssh_hostkey_check(). */
NODISCARD pyrope_status ssh_exam_check(SshExam *exam, Deadline deadline, pyrope_error **error);

/** ssh_exam_log_in() - Return: as ssh_auth(). */
NODISCARD pyrope_status ssh_exam_log_in(SshExam *exam, Deadline deadline, pyrope_error **error);

/** ssh_exam_banner() - "SSH-2.0-OpenSSH_9.2p1", as the host said. Return: borrowed, never NULL. */
const char *ssh_exam_banner(const SshExam *exam);

/** ssh_exam_libssh() - the version of libssh. Return: static. */
const char *ssh_exam_libssh(void);

/**
 * ssh_exam_try() - open a channel, and close it
 * @to:         path, or host and port, seen from there
 *
 * What a host says that does not open it becomes the note. Return: PYROPE_OK with @ret, whatever
 * the answer; PYROPE_E_UNREACHABLE (the session broke), PYROPE_E_TIMEOUT, PYROPE_E_NOMEM,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_exam_try(SshExam *exam, const Location *to, Deadline deadline,
                                     SshExamAnswer *ret, pyrope_error **error);

/**
 * ssh_exam_run() - run a command there, without input
 * @command:    fixed text of ours
 * @ret:        SSH_EXAM_OUTPUT_INIT; what came, whatever is returned; ssh_exam_output_deinit()
 *
 * Return: PYROPE_OK; PYROPE_E_DENIED (the host runs no commands), PYROPE_E_TOO_LARGE, and as
 * ssh_exam_try().
 */
NODISCARD pyrope_status ssh_exam_run(SshExam *exam, const char *command, Deadline deadline,
                                     SshExamOutput *ret, pyrope_error **error);

/**
 * ssh_exam_echo() - the times for a byte to a command there that copies, and back
 * @ret_ms:     @n of them, written whatever is returned
 *
 * Return: as ssh_exam_run(); PYROPE_E_PROTOCOL if something else comes back.
 */
NODISCARD pyrope_status ssh_exam_echo(SshExam *exam, unsigned n, Deadline deadline, double *ret_ms,
                                      pyrope_error **error);

/**
 * ssh_exam_receive() - the time until the host has sent so many bytes
 * ssh_exam_send() - until a command there has taken so many, and said so
 *
 * The time that the shell takes to start does not count.
 *
 * Return: as ssh_exam_echo().
 */
NODISCARD pyrope_status ssh_exam_receive(SshExam *exam, unsigned n_mib, Deadline deadline,
                                         double *ret_ms, pyrope_error **error);
NODISCARD pyrope_status ssh_exam_send(SshExam *exam, unsigned n_mib, Deadline deadline,
                                      double *ret_ms, pyrope_error **error);
