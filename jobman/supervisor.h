#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Supervisor of one instance
 *
 * A small process between the job manager and the application, as containerd's shim or HTCondor's
 * starter: `jobman supervise`, which no person types. It starts the application, is the parent of
 * whatever the application leaves behind (PR_SET_CHILD_SUBREAPER), ends all of it, and tells the
 * job manager how it went over a control socket. It has one thread.
 *
 * The job manager gives it, by descriptors and arguments,
 *
 *      SUPERVISOR_LISTEN_FD    the listening socket to be inherited, if --inherit is said
 *      SUPERVISOR_CONTROL_FD   one end of a stream socketpair
 *      standard output, error  the instance's log
 *      working directory, environment: as the application shall see them
 *
 * and hears on the control socket one line each: "P PID" when the application runs, or "F ERRNO"
 * when it could not be executed; at the end, when no process is left, "X STATUS" (as wait(2) has
 * it). As long as it lives it holds the work directory (work_dir_hold_current()), so that nobody
 * takes that for abandoned. It ends the instance on "T" (SIGTERM, the grace period, SIGKILL), and
 * as well when the control socket closes: then the job manager is gone.
 */

#include "base/defs.h"

#include <stdint.h>

enum {
        SUPERVISOR_LISTEN_FD = 3, /* where the LISTEN_FDS convention wants it */
        SUPERVISOR_CONTROL_FD = 4,
};

#define SUPERVISOR_COMMAND "supervise" /* argv[1] of the hidden subcommand */

/**
 * supervisor_main() - the hidden subcommand
 * @argc, @argv: behind the word "supervise": [--inherit] --grace MS -- COMMAND [ARGUMENT]...
 *
 * Return: the exit status of the process: 0 when the end was told, 2 for bad arguments.
 */
int supervisor_main(int argc, char **argv);
