#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Launcher: starts an instance under its supervisor, on this machine
 *
 * Bytes and processes only: what a job is, and when it ends, is decided elsewhere. Any thread.
 */

#include "base/defs.h"
#include "base/error.h"
#include "jobman/settings.h"
#include "jobman/work-dir.h"

#include <sys/types.h>

#define LAUNCHER_LOG_NAME "instance.log" /* standard output and error, in the work directory */

typedef struct LauncherSpec LauncherSpec;
typedef struct Launched Launched;

/* All borrowed. */
struct LauncherSpec {
        const Application *application;
        const WorkDir *work_dir;
        const char *job;    /* id, and object id */
        const char *socket; /* path of its socket */
        int listen_fd;      /* to be inherited; -1 if the application binds itself */
        const char *zone;
        const char *nameserver; /* location; may be NULL */
        const char *runtime_dir;
};

struct Launched {
        pid_t supervisor;
        int control_fd; /* see jobman/supervisor.h; owned */
};

/**
 * launcher_start() - start the supervisor, which starts the application
 *
 * The environment is made from nothing (docs/jobman.md); all descriptors but those meant for it are
 * closed. Whether the application could be executed is heard on the control socket.
 *
 * Return: 0, -errno; @error says what could not be done.
 */
NODISCARD int launcher_start(const LauncherSpec *spec, Launched *ret, ErrorText *error);
