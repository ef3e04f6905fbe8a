#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Watch: the loop of a job manager, on the main thread
 *
 * Hears from each supervisor what becomes of its instance (jobman/supervisor.h), passes it on to
 * the job table, and cleans up in the pool of the loop, also what an earlier job manager left;
 * hears SIGTERM and SIGINT.
 */

#include "base/defs.h"
#include "jobman/job.h"

typedef struct InstanceHost InstanceHost;
typedef struct Watch Watch;

/**
 * watch_new() - the two signals are heard from here on
 * @host: borrowed for the life of the watch
 *
 * Return: 0 with @ret owned by the caller, -ENOMEM, UV_E*.
 */
NODISCARD int watch_new(InstanceHost *host, Watch **ret);

/** watch_add() - from any thread: hear what the job's control descriptor says. Return: 0, -ENOMEM.
 */
NODISCARD int watch_add(Watch *self, Job *job);

/** watch_run() - until SIGTERM or SIGINT; the second of them ends the process at once. */
void watch_run(Watch *self);

/** watch_drain() - go on until every job of the table is done. */
void watch_drain(Watch *self);

/** watch_free() - NULL is fine. Return: NULL. */
Watch *watch_free(Watch *self);
