/* SPDX-License-Identifier: MIT */

#include "jobman/job.h"

#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <utlist.h>

const char *job_state_name(JobState state)
{
        switch (state) {
        case JOB_STARTING:
                return "starting";
        case JOB_RUNNING:
                return "running";
        case JOB_ENDING:
                return "ending";
        case JOB_DONE:
                return "done";
        }
        return "unknown";
}

static void unlockp(pthread_mutex_t **lock)
{
        (void)pthread_mutex_unlock(*lock);
}

/* Holds the table's lock to the end of the scope. */
#define LOCKED(table)                                                                              \
        CLEANUP(unlockp) UNUSED pthread_mutex_t *locked_ = &(table)->lock;                         \
        (void)pthread_mutex_lock(locked_)

void job_table_init(JobTable *table, const Settings *settings, const char *runtime_dir)
{
        pthread_condattr_t attributes;

        *table = (JobTable){ .settings = settings, .runtime_dir = runtime_dir };
        (void)pthread_mutex_init(&table->lock, NULL);
        (void)pthread_condattr_init(&attributes);
        (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void)pthread_cond_init(&table->changed, &attributes);
        (void)pthread_condattr_destroy(&attributes);
}

static void job_free(Job *job)
{
        closep(&job->control_fd);
        work_dir_deinit(&job->work_dir);
        free(job->last_words);
        free(job);
}

void job_table_deinit(JobTable *table)
{
        Job *job, *next;

        DL_FOREACH_SAFE (table->jobs, job, next) {
                DL_DELETE(table->jobs, job);
                job_free(job);
        }
        (void)pthread_cond_destroy(&table->changed);
        (void)pthread_mutex_destroy(&table->lock);
}

/* A condition variable knows no CLOCK_BOOTTIME: wait a bounded while and look again. */
static bool wait_changed(JobTable *table, Deadline deadline)
{
        struct timespec until;
        int left_ms = deadline_left_ms(deadline);

        if (left_ms == 0)
                return false;
        if (left_ms < 0 || left_ms > 1000)
                left_ms = 1000;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long)left_ms * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        (void)pthread_cond_timedwait(&table->changed, &table->lock, &until);
        return true;
}

static Job *find(JobTable *table, const char *id)
{
        Job *job;

        DL_FOREACH (table->jobs, job) {
                if (!strcmp(job->info.id, id))
                        return job;
        }
        return NULL;
}

static size_t n_taken(JobTable *table, const Application *application)
{
        Job *job;
        size_t n = 0;

        DL_FOREACH (table->jobs, job) {
                if (job->info.application == application && job->info.state != JOB_DONE)
                        n++;
        }
        return n;
}

static double now_seconds(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* An id that nobody has, and what follows from it. Return: 0, -ENAMETOOLONG. */
static int name_job(JobTable *table, Job *job)
{
        JobInfo *info = &job->info;
        char random[JOB_RANDOM_CHARS + 1];
        int n;

        do {
                random_id(random, JOB_RANDOM_CHARS);
                (void)snprintf(info->id, sizeof(info->id), "%s-%s", info->application->name,
                               random);
        } while (find(table, info->id));
        /* Short, since the path of a Unix socket is: the random end of the id is enough. */
        n = snprintf(info->socket, sizeof(info->socket), "%s/job-%s.sock", table->runtime_dir,
                     random);
        if (n >= (int)sizeof(info->socket))
                return -ENAMETOOLONG;
        (void)snprintf(info->uri, sizeof(info->uri), "PYRO:%s@./u:%s", info->id, info->socket);
        return 0;
}

int job_table_reserve(JobTable *table, const Application *application, const char *user, Job **ret)
{
        Job *job = calloc(1, sizeof(*job));
        int r;

        if (!job)
                return -ENOMEM;
        job->work_dir = (WorkDir)WORK_DIR_INIT;
        job->control_fd = -1;
        job->n_uses = 1;
        job->info.application = application;
        job->info.started = now_seconds();
        job->info.started_ms = clock_boottime_ms();
        (void)snprintf(job->info.user, sizeof(job->info.user), "%s", user ? user : "");

        LOCKED(table);
        if (n_taken(table, application) >= application->max_jobs) {
                job_free(job);
                return JOB_E_FULL;
        }
        r = name_job(table, job);
        if (r) {
                job_free(job);
                return r;
        }
        DL_APPEND(table->jobs, job);
        *ret = job;
        return 0;
}

size_t job_table_free_slots(JobTable *table, const Application *application)
{
        const Settings *settings = table->settings;
        size_t i, n = 0;

        LOCKED(table);
        for (i = 0; i < settings->n_applications; i++) {
                if (!application || application == &settings->applications[i])
                        n += settings->applications[i].max_jobs -
                             n_taken(table, &settings->applications[i]);
        }
        return n;
}

int job_table_find(JobTable *table, const char *id, JobInfo *ret)
{
        Job *job;

        LOCKED(table);
        job = find(table, id);
        if (!job)
                return JOB_E_NOT_FOUND;
        *ret = job->info;
        return 0;
}

void job_table_copy(JobTable *table, const Job *job, JobInfo *ret)
{
        LOCKED(table);
        *ret = job->info;
}

JobInfo *job_table_list(JobTable *table, size_t *ret_n)
{
        JobInfo *infos;
        Job *job;
        size_t n = 0;

        *ret_n = 0;
        LOCKED(table);
        DL_FOREACH (table->jobs, job)
                n++;
        infos = calloc(n ? n : 1, sizeof(*infos));
        if (!infos)
                return NULL;
        DL_FOREACH (table->jobs, job)
                infos[(*ret_n)++] = job->info;
        return infos;
}

/* -- changes ---------------------------------------------------------------------------------- */

static void set_reason(Job *job, const char *reason)
{
        if (!job->info.reason[0])
                (void)snprintf(job->info.reason, sizeof(job->info.reason), "%s", reason);
}

/* The one place where states change; @state is never before the present one. */
static void set_state(JobTable *table, Job *job, JobState state)
{
        job->info.state = state;
        if (state == JOB_DONE)
                job->info.ended_ms = clock_boottime_ms();
        (void)pthread_cond_broadcast(&table->changed);
}

static void ask_end(JobTable *table, Job *job, const char *reason)
{
        if (job->info.state == JOB_DONE)
                return;
        if (!job->is_asked && job->info.state != JOB_ENDING) {
                job->is_asked = true;
                set_reason(job, reason);
                set_state(table, job, JOB_ENDING);
        }
        /* Not started yet: who starts it sees the state. */
        if (job->control_fd >= 0)
                (void)send(job->control_fd, "T", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void job_table_attach(JobTable *table, Job *job, WorkDir *work_dir, int control_fd)
{
        LOCKED(table);
        if (work_dir) {
                job->work_dir = *work_dir;
                *work_dir = (WorkDir)WORK_DIR_INIT;
        }
        if (control_fd < 0)
                return;
        job->control_fd = control_fd;
        if (job->info.state == JOB_ENDING)
                (void)send(control_fd, "T", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void job_table_set_last_words(JobTable *table, Job *job, char *text)
{
        LOCKED(table);
        free(job->last_words);
        job->last_words = text;
}

char *job_table_last_words(JobTable *table, const char *id)
{
        Job *job;

        LOCKED(table);
        job = find(table, id);
        return strdup(job && job->last_words ? job->last_words : "");
}

void job_table_started(JobTable *table, Job *job, pid_t pid)
{
        LOCKED(table);
        job->info.pid = pid;
}

int job_table_ready(JobTable *table, Job *job)
{
        LOCKED(table);
        if (job->info.state != JOB_STARTING)
                return JOB_E_ENDED;
        set_state(table, job, JOB_RUNNING);
        return 0;
}

int job_table_end(JobTable *table, const char *id, const char *reason)
{
        Job *job;

        LOCKED(table);
        job = find(table, id);
        if (!job)
                return JOB_E_NOT_FOUND;
        ask_end(table, job, reason);
        return 0;
}

void job_table_end_all(JobTable *table, const char *reason)
{
        Job *job;

        LOCKED(table);
        DL_FOREACH (table->jobs, job)
                ask_end(table, job, reason);
}

void job_table_exited(JobTable *table, Job *job, const char *how)
{
        LOCKED(table);
        set_reason(job, how);
        job->info.pid = 0;
        closep(&job->control_fd);
        set_state(table, job, JOB_ENDING); /* also from ending: those who wait look again */
}

void job_table_done(JobTable *table, Job *job)
{
        Job *oldest, *next;

        LOCKED(table);
        set_state(table, job, JOB_DONE);
        table->n_done++;
        DL_FOREACH_SAFE (table->jobs, oldest, next) {
                if (table->n_done <= JOBS_DONE_MAX)
                        break;
                if (oldest->info.state != JOB_DONE || oldest->n_uses)
                        continue;
                DL_DELETE(table->jobs, oldest);
                job_free(oldest);
                table->n_done--;
        }
}

int job_table_wait_done(JobTable *table, const char *id, Deadline deadline)
{
        Job *job;

        LOCKED(table);
        for (;;) {
                job = find(table, id);
                if (!job)
                        return JOB_E_NOT_FOUND;
                if (job->info.state == JOB_DONE)
                        return 0;
                if (!wait_changed(table, deadline))
                        return JOB_E_TIMEOUT;
        }
}

bool job_table_wait_starting(JobTable *table, const Job *job, Deadline deadline)
{
        LOCKED(table);
        while (job->info.state == JOB_STARTING) {
                if (!wait_changed(table, deadline))
                        return true;
        }
        return false;
}

bool job_table_is_idle(JobTable *table)
{
        Job *job;

        LOCKED(table);
        DL_FOREACH (table->jobs, job) {
                if (job->info.state != JOB_DONE)
                        return false;
        }
        return true;
}

int job_table_use(JobTable *table, const char *id, Job **ret)
{
        Job *job;

        LOCKED(table);
        job = find(table, id);
        if (!job)
                return JOB_E_NOT_FOUND;
        if (job->info.state == JOB_DONE || job->work_dir.fd < 0)
                return JOB_E_ENDED;
        job->n_uses++;
        *ret = job;
        return 0;
}

void job_table_unuse(JobTable *table, Job *job)
{
        LOCKED(table);
        job->n_uses--;
        (void)pthread_cond_broadcast(&table->changed);
}

void job_table_wait_unused(JobTable *table, Job *job)
{
        LOCKED(table);
        while (job->n_uses)
                (void)wait_changed(table, DEADLINE_NONE);
}
