#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Master
 *
 * The program ssh, logged in to one host as a ControlMaster of ours, and what it does for us by
 * order. For hosts whose settings libssh cannot honour: ssh honours all of them.
 *
 * It is told to check host keys strictly, to forward nothing that the configuration names, neither
 * agent nor X11, and to ask nobody where nobody is there to answer. Its control socket and the
 * sockets that it listens on for us lie in a private directory that only it and we know. It ends
 * with us, whatever becomes of us.
 *
 * If the user has a ControlMaster running at the ControlPath of his configuration, that one takes
 * our orders, and there is no login. It tells nothing of its channels, and goes on without us.
 */

#include "client/ssh/news.h"
#include "client/ssh/settings.h"
#include "proto/uri.h"

#include <sys/types.h>

#define SSH_MASTER_LINE_BYTES  1024u /* of what it says; longer lines are cut */
#define SSH_MASTER_WORDS_BYTES 2048u /* kept of what it said last */
#define SSH_MASTER_PATH_BYTES  64u   /* of a socket in its directory */

typedef struct SshMaster SshMaster;

struct SshMaster {
        pid_t pid;       /* 0: none */
        int exit_fd;     /* readable once it has ended; -1: none */
        int words_fd;    /* its standard error, non-blocking; -1: none */
        char *label;     /* for errors, "h1 (me@10.0.0.2 port 22): ssh"; owned */
        char *host;      /* for its command line, where it means nothing; owned */
        char *control;   /* path of the socket where it takes orders; owned */
        bool is_foreign; /* the user's own: it has no pid, and says nothing */
        char directory[SSH_MASTER_PATH_BYTES];
        unsigned n_sockets; /* ever asked for: numbers them */

        char line[SSH_MASTER_LINE_BYTES]; /* begun, not ended */
        size_t n_line;
        char words[SSH_MASTER_WORDS_BYTES]; /* lines that are no news */
        size_t n_words;
};

#define SSH_MASTER_INIT                                                                            \
        {                                                                                          \
                .exit_fd = -1, .words_fd = -1                                                      \
        }

/**
 * ssh_master_start() - log in
 * @settings:   borrowed during the call
 * @master:     SSH_MASTER_INIT; owned by the caller, ssh_master_end(), whatever is returned
 *
 * To be called by the thread that lives as long as the master shall. Return: PYROPE_OK;
 * PYROPE_E_UNREACHABLE, PYROPE_E_TIMEOUT, PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_CONFIG,
 * PYROPE_E_CLOSED, PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_master_start(const SshSettings *settings, const SshWatch *watch,
                                         SshMaster *master, pyrope_error **error);

/** ssh_master_is_gone() - whether it has ended, or is ending, now that it did not do as told. */
bool ssh_master_is_gone(const SshMaster *master);

/** ssh_master_end() - end it, within a second, unless it is the user's; and remove our directory.
 */
void ssh_master_end(SshMaster *master);

/**
 * ssh_master_read() - what it has said meanwhile
 * @on_news:    called for each line that is news of a channel
 *
 * Return: whether it may say more.
 */
bool ssh_master_read(SshMaster *master, void (*on_news)(void *userdata, const SshNews *news),
                     void *userdata);

/** ssh_master_fail() - it has ended by itself. Return: PYROPE_E_UNREACHABLE, with why. */
pyrope_status ssh_master_fail(const SshMaster *master, pyrope_error **error);

/**
 * ssh_master_listen() - have it listen at a new socket in its directory, each connection to which
 * becomes a stream to @to
 * @to:         path, or host and port
 * @path:       receives the socket's
 *
 * Return: PYROPE_OK; PYROPE_E_INVALID (a path that ssh would not take as it is),
 * PYROPE_E_UNREACHABLE (it does not do it); as ssh_run().
 */
NODISCARD pyrope_status ssh_master_listen(SshMaster *master, const Location *to,
                                          const SshWatch *watch,
                                          char path[static SSH_MASTER_PATH_BYTES],
                                          pyrope_error **error);

/** ssh_master_unlisten() - no more connections at that socket. Return: whether it did so, before
 * the deadline. */
bool ssh_master_unlisten(const SshMaster *master, const Location *to, const char *path,
                         Deadline deadline);

/**
 * ssh_master_run() - start a command on the host
 * @command:    as for ssh_pool_exec()
 * @fds:        its descriptors 0 to 2; -1 is /dev/null; borrowed
 * @ret_pid:    of the program that stands for it here
 *
 * Return: PYROPE_OK, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_master_run(const SshMaster *master, const char *command,
                                       const int fds[static 3], pid_t *ret_pid,
                                       pyrope_error **error);
