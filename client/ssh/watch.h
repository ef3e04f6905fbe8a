#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Watch
 *
 * How long a step of a login may wait: until its event, its deadline, or the end of the pool,
 * whatever comes first; who hears of it, who can be asked meanwhile, and who has sessions to the
 * hosts that stand in front of this one.
 */

#include "base/clock.h"
#include "proto/value.h"

#include <poll.h>

#define SSH_WATCH_FDS_MAX 16u

typedef struct SshWatch SshWatch;

struct SshWatch {
        int stop_fd; /* readable once the pool ends; nobody reads it, so every thread sees it */
        Deadline deadline;
        void (*on_wait)(void *userdata, const char *what); /* NULL: nobody wants to know */
        void (*on_note)(void *userdata, const char *note); /* NULL: nobody wants to know */
        void (*on_connected)(void *userdata);              /* the same */
        void *userdata;
        const struct SshAsk *ask; /* NULL: nobody to ask */
        const struct SshHop *hop; /* needed where the settings may have a ProxyJump */
};

/** ssh_watch_tell() - who wants to know hears what is waited for now. */
void ssh_watch_tell(const SshWatch *watch, const char *what);

/** ssh_watch_note() - a step has succeeded: who wants to know hears by what, "10.0.0.2 port 22". */
void ssh_watch_note(const SshWatch *watch, const char *format, ...) PRINTF(2, 3);

/** ssh_watch_connected() - who wants to know hears that the host's sshd is reached. */
void ssh_watch_connected(const SshWatch *watch);

/**
 * ssh_watch_poll() - poll() that ends
 * @fds:        @n_fds at most SSH_WATCH_FDS_MAX
 * @until:      return at this moment even though nothing happened; DEADLINE_NONE for no such moment
 * @what:       what is waited for, "connecting to 10.0.0.2 port 22", for the text of a timeout
 *
 * Return: PYROPE_OK, also if only @until has passed; PYROPE_E_TIMEOUT, PYROPE_E_CLOSED,
 * PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_watch_poll(const SshWatch *watch, struct pollfd *fds, nfds_t n_fds,
                                       Deadline until, const char *what, pyrope_error **error);
