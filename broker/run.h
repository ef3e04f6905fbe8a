#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Running
 *
 * pyrope_daemon_run() for a program that also re-reads its configuration.
 */

#include <pyrope/daemon.h>

typedef struct RunHooks RunHooks;

struct RunHooks {
        /* SIGHUP came; in the thread that runs the daemon. The text goes to systemd as the status,
         * and is borrowed until the next call; NULL: none. */
        const char *(*on_reload)(void *userdata);
        void *userdata;
};

/**
 * daemon_run() - as pyrope_daemon_run()
 * @hooks:      borrowed; NULL: none, and SIGHUP does what it does without us
 */
pyrope_status daemon_run(pyrope_daemon *daemon, const RunHooks *hooks, pyrope_error **error);
