#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Jobs and their slots
 *
 * A job is one allocated run of an application. It takes one of the application's maxJobs slots
 * from its birth until no process of it is left, and goes through
 *
 *      starting -> running -> ending -> done
 *
 * (or from starting straight to ending). A job that is done is remembered for a while with the
 * reason of its end. The table is the only place where states change, under its lock, and every
 * change wakes those who wait.
 *
 * Threads: any. A JobInfo is a copy; a Job is touched only through the table.
 */

#include "base/clock.h"
#include "base/defs.h"
#include "base/error.h"
#include "jobman/settings.h"
#include "jobman/work-dir.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define JOB_RANDOM_CHARS 8u /* of an id, 40 bits: a name, not a secret */
#define JOB_ID_BYTES     (SETTINGS_APPLICATION_NAME_BYTES + 1u + JOB_RANDOM_CHARS)
#define JOB_USER_BYTES   64u
#define JOB_REASON_BYTES 128u
#define JOB_SOCKET_BYTES 107u
#define JOB_URI_BYTES    (sizeof("PYRO:@./u:") + JOB_ID_BYTES + JOB_SOCKET_BYTES)
#define JOBS_DONE_MAX    100u /* jobs that are done and still remembered */

enum {
        JOB_E_SUCCESS,

        JOB_E_FULL,      /* no free slot */
        JOB_E_NOT_FOUND, /* no job of this id */
        JOB_E_ENDED,     /* it is done, or about to be */
        JOB_E_TIMEOUT,   /* the deadline passed */
};

typedef enum JobState { JOB_STARTING, JOB_RUNNING, JOB_ENDING, JOB_DONE } JobState;

typedef struct Job Job;
typedef struct JobInfo JobInfo;
typedef struct JobTable JobTable;

/* What may be told about a job. */
struct JobInfo {
        char id[JOB_ID_BYTES + 1];
        const Application *application; /* borrowed from the settings */
        JobState state;
        char user[JOB_USER_BYTES + 1];     /* as the client calls itself */
        char reason[JOB_REASON_BYTES + 1]; /* of the end; "" before */
        char socket[JOB_SOCKET_BYTES + 1]; /* path */
        char uri[JOB_URI_BYTES + 1];       /* PYRO:id@./u:socket */
        pid_t pid;                         /* of the application; 0 until it is started */
        double started;                    /* seconds since the epoch, for people */
        int64_t started_ms, ended_ms;      /* on CLOCK_BOOTTIME */
};

struct Job {
        JobInfo info;
        WorkDir work_dir;
        int control_fd;   /* to the supervisor, see jobman/supervisor.h; -1 */
        pid_t supervisor; /* our child, for instance_clean() to collect; 0: none */
        bool is_asked;    /* somebody wanted the end */
        bool is_watched;  /* the loop hears its end and cleans up; set by who starts it */
        unsigned n_uses;  /* calls that hold the work directory */
        char *last_words; /* end of the log of a job that is done; owned, NULL if there is none */
        Job *prev, *next;
};

struct JobTable {
        const Settings *settings;
        const char *runtime_dir; /* of the instances' sockets; borrowed */
        pthread_mutex_t lock;
        pthread_cond_t changed;
        Job *jobs; /* utlist DL, oldest first */
        unsigned n_done;
};

/** job_state_name() - "running". Return: static text. */
const char *job_state_name(JobState state);

/** job_table_init() - both are borrowed for the life of the table. */
void job_table_init(JobTable *table, const Settings *settings, const char *runtime_dir);
void job_table_deinit(JobTable *table);

/**
 * job_table_reserve() - take a slot
 * @user:    free text or NULL; cut to JOB_USER_BYTES
 * @ret:     the new job, starting, with an id nobody had, in use (job_table_unuse())
 *
 * Return: 0, JOB_E_FULL, -ENAMETOOLONG (the path of its socket), -ENOMEM.
 */
NODISCARD int job_table_reserve(JobTable *table, const Application *application, const char *user,
                                Job **ret);

/** job_table_free_slots() - of one application, or of all if @application is NULL. */
size_t job_table_free_slots(JobTable *table, const Application *application);

/** job_table_find() - a copy of what is known. Return: 0, JOB_E_NOT_FOUND. */
NODISCARD int job_table_find(JobTable *table, const char *id, JobInfo *ret);

/** job_table_copy() - the same of a job that one holds. */
void job_table_copy(JobTable *table, const Job *job, JobInfo *ret);

/**
 * job_table_list() - copies of all
 *
 * Return: owned array of @ret_n, free(); NULL if memory is out (@ret_n is then 0) or there is none.
 */
JobInfo *job_table_list(JobTable *table, size_t *ret_n);

/* -- changes ---------------------------------------------------------------------------------- */

/**
 * job_table_attach() - what a starting job has got; an end that was asked for meanwhile is passed
 * on
 * @work_dir:   taken; NULL if nothing changes
 * @control_fd: taken; -1 if there is none yet
 */
void job_table_attach(JobTable *table, Job *job, WorkDir *work_dir, int control_fd);

/** job_table_started() - the application runs as @pid. */
void job_table_started(JobTable *table, Job *job, pid_t pid);

/** job_table_ready() - starting -> running. Return: 0, JOB_E_ENDED. */
NODISCARD int job_table_ready(JobTable *table, Job *job);

/**
 * job_table_end() - ask the supervisor for the end; a job that is ending or done stays as it is
 * @reason: why, kept if nothing was said yet: "released"
 *
 * Return: 0, JOB_E_NOT_FOUND.
 */
int job_table_end(JobTable *table, const char *id, const char *reason);

/** job_table_exited() - no process is left; @how is kept as the reason if nobody asked for the end.
 */
void job_table_exited(JobTable *table, Job *job, const char *how);

/**
 * job_table_done() - ending -> done: name, socket and directory are free; the slot is as well
 *
 * Old jobs that are done are forgotten; @job may be freed by it.
 */
void job_table_done(JobTable *table, Job *job);

/** job_table_set_last_words() - @text is taken; NULL is fine. */
void job_table_set_last_words(JobTable *table, Job *job, char *text);

/** job_table_last_words() - Return: owned copy, "" if there are none; NULL if memory is out. */
char *job_table_last_words(JobTable *table, const char *id);

/** job_table_wait_done() - until the job is done. Return: 0, JOB_E_NOT_FOUND, JOB_E_TIMEOUT. */
int job_table_wait_done(JobTable *table, const char *id, Deadline deadline);

/**
 * job_table_wait_starting() - until @job is no longer starting, at most until @deadline
 *
 * Return: whether it is still starting.
 */
bool job_table_wait_starting(JobTable *table, const Job *job, Deadline deadline);

/** job_table_is_idle() - whether no job is left but those done. */
bool job_table_is_idle(JobTable *table);

/** job_table_end_all() - ask every job for its end. */
void job_table_end_all(JobTable *table, const char *reason);

/**
 * job_table_use() - the work directory of a job, kept from being removed until job_table_unuse()
 *
 * Return: 0, JOB_E_NOT_FOUND, JOB_E_ENDED.
 */
NODISCARD int job_table_use(JobTable *table, const char *id, Job **ret);
void job_table_unuse(JobTable *table, Job *job);

/** job_table_wait_unused() - nobody holds its work directory any more. */
void job_table_wait_unused(JobTable *table, Job *job);
