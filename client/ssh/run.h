#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Run
 *
 * The programs of OpenSSH that help us (ssh -G, ssh-keygen -F) and the one that may stand between
 * us and the host (ProxyCommand, ProxyJump). Started by argv; nothing that came from elsewhere is
 * ever a shell's word. A child gets no signal of our terminal, no descriptor of ours, and never
 * outlives its purpose.
 */

#include "base/buffer.h"
#include "client/ssh/watch.h"

#include <stdbool.h>
#include <sys/types.h>

#define SSH_RUN_OUTPUT_MAX_BYTES 262144u /* ssh -G writes some 4 KiB */
#define SSH_RUN_WORDS_MAX_BYTES  16384u  /* of what it said on standard error */

typedef struct SshRun SshRun;
typedef struct SshProxy SshProxy;

/* What came out: static initialization by SSH_RUN_INIT. */
struct SshRun {
        bool is_missing; /* there is no such program; the rest is not set */
        Buffer output;   /* standard output, NUL-terminated */
        Buffer words;    /* standard error, NUL-terminated */
        int exit_status; /* 128 + n if signal n ended it */

        const char *name; /* of the program; borrowed */
        pid_t pid;        /* of its process group, too; 0: it does not run */
        int fds[2];       /* its standard output and error; -1: none */
};

#define SSH_RUN_INIT                                                                               \
        {                                                                                          \
                .output = BUFFER_INIT(SSH_RUN_OUTPUT_MAX_BYTES),                                   \
                .words = BUFFER_INIT(SSH_RUN_WORDS_MAX_BYTES), .fds = { -1, -1 },                  \
        }

/** ssh_run_deinit() - ends the program, too, if it still runs. */
void ssh_run_deinit(SshRun *run);

/**
 * ssh_run_start() - let a program run beside us, without input; @argv and @run as for ssh_run()
 *
 * What it writes meanwhile is what a pipe holds, 64 KiB each. Return: PYROPE_OK, also if it is
 * missing; PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_run_start(const char *const argv[], SshRun *run, pyrope_error **error);

/** ssh_run_finish() - wait for its end. Return: as ssh_run(). */
NODISCARD pyrope_status ssh_run_finish(SshRun *run, const SshWatch *watch, pyrope_error **error);

/**
 * ssh_run() - run a program to its end, without input
 * @argv:       looked up in $PATH; NULL-terminated
 * @run:        SSH_RUN_INIT; receives what came out; ssh_run_deinit()
 *
 * Return: PYROPE_OK, whatever the exit status, and if the program is missing; PYROPE_E_TIMEOUT,
 * PYROPE_E_CLOSED, PYROPE_E_TOO_LARGE, PYROPE_E_IO, PYROPE_E_NOMEM; in any case it has ended.
 */
NODISCARD pyrope_status ssh_run(const char *const argv[], const SshWatch *watch, SshRun *run,
                                pyrope_error **error);

/**
 * ssh_run_spawn() - start a program in a process group of its own, with signals as usual
 * @argv:       looked up in $PATH; NULL-terminated
 * @fds:        its descriptors 0 to 2; -1 is /dev/null; borrowed
 * @ret_pid:    to be collected by the caller
 *
 * Return: 0, -errno.
 */
NODISCARD int ssh_run_spawn(const char *const argv[], const int fds[static 3], pid_t *ret_pid);

/**
 * ssh_run_wait() - wait for the end of a child, and collect it
 *
 * Return: its exit status; 128 + n if signal n ended it; 0 if this program ignores SIGCHLD, so that
 * the kernel has collected it.
 */
int ssh_run_wait(pid_t pid);

/* A running program whose standard input and output are the way to a host; -1 and 0: none. */
struct SshProxy {
        pid_t pid;    /* of its process group, too; 0: none */
        int words_fd; /* a file in memory that collects its standard error; -1: none */
};

#define SSH_PROXY_INIT                                                                             \
        {                                                                                          \
                .words_fd = -1                                                                     \
        }

/**
 * ssh_proxy_start() - run a program with one end of a socket pair as standard input and output
 * @ret_fd:     the other end, close-on-exec and non-blocking; owned by the caller
 * @ret:        owned by the caller, ssh_proxy_end()
 *
 * Return: PYROPE_OK, PYROPE_E_IO (it cannot be started).
 */
NODISCARD pyrope_status ssh_proxy_start(const char *const argv[], int *ret_fd, SshProxy *ret,
                                        pyrope_error **error);

/** ssh_proxy_words() - the last line it said on standard error, into @out; "" if none. */
void ssh_proxy_words(const SshProxy *proxy, char *out, size_t n_out);

/** ssh_proxy_end() - end its process group, within a second, and collect it. */
void ssh_proxy_end(SshProxy *proxy);
