#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Life of one instance: from a free slot to a served object with a name, and back
 *
 * What blocks (files, the start of the application, the nameserver) is done here, on the threads of
 * the calls and of the loop's pool; what happens to processes is heard by jobman/watch.h.
 */

#include "base/defs.h"
#include "base/error.h"
#include "jobman/job.h"
#include "jobman/registrar.h"
#include "jobman/watch.h"

#include <pyrope/pyrope.h>

#define INSTANCE_LAST_WORDS_BYTES 2048u /* of the log, told when an instance did not start */
#define INSTANCE_LOG_BYTES_MAX    65536u
#define INSTANCE_LOG_LINES_MAX    10000u

enum {
        INSTANCE_E_SUCCESS,

        INSTANCE_E_FULL,   /* no free slot */
        INSTANCE_E_FAILED, /* it did not come up; the text says why */
};

typedef struct InstanceHost InstanceHost;

/* What all instances of a job manager share; all borrowed. */
struct InstanceHost {
        JobTable *table;
        Registrar *registrar;
        Watch *watch;
        pyrope_context *context;
        const char *jobman;     /* name of the job manager */
        const char *nameserver; /* location */
        int work_base_fd;
        const char *work_base;
        const char *runtime_dir;
        const Settings *settings;
        bool has_leftovers; /* of earlier jobs, that still lived; of the loop and its pool */
};

/**
 * instance_start() - a slot, a directory, a process, an answer from it, a name
 * @user: free text or NULL
 * @ret:  the running job
 *
 * Waits until the instance answers, at most the application's startTimeout. What was begun is
 * undone if it fails.
 *
 * Return: 0, INSTANCE_E_FULL, INSTANCE_E_FAILED; @error says why.
 */
NODISCARD int instance_start(InstanceHost *host, const Application *application, const char *user,
                             JobInfo *ret, ErrorText *error);

/**
 * instance_clean() - no process is left: take the name, the socket and the directory away
 *
 * Ends with job_table_done(). Blocks; for the loop's pool.
 */
void instance_clean(InstanceHost *host, Job *job);

/**
 * instance_log_tail() - the last lines of a log
 * @n_lines, @n_bytes: at most so many
 *
 * Return: owned text of valid UTF-8 without control characters but newline; NULL: out of memory.
 */
char *instance_log_tail(const WorkDir *work_dir, size_t n_lines, size_t n_bytes);
