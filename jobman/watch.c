/* SPDX-License-Identifier: MIT */

#include "jobman/watch.h"

#include "base/log.h"
#include "base/text.h"
#include "jobman/instance.h"
#include "jobman/leftovers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <utlist.h>
#include <uv.h>

/*
 * Design notes
 *
 * A WatchedJob is made by a call's thread, arrives through `arrivals`, and then belongs to the
 * loop: polling, cleaning (in the pool), closed. Its handles are given back by libuv, so it is
 * freed in its close callback, or right away if it never had a handle. The control descriptor
 * belongs to the job and is closed by job_table_exited(), after the poll handle is stopped.
 */

enum {
        WATCH_LINE_BYTES = 63,
        WATCH_DRAIN_MS = 20,   /* jobs that end before they are watched wake nobody */
        WATCH_SWEEP_MS = 5000, /* between two looks at what an earlier job manager left */
};

typedef struct WatchedJob WatchedJob;

struct WatchedJob {
        Watch *watch;
        Job *job;
        int fd; /* borrowed from the job */
        uv_poll_t poll;
        uv_work_t cleaning;
        char line[WATCH_LINE_BYTES + 1];
        size_t n_line;
        pid_t pid; /* the application's, once told */
        WatchedJob *next;
};

struct Watch {
        uv_loop_t loop;
        uv_async_t arrivals;
        uv_signal_t sigterm, sigint;
        uv_timer_t drain, sweep;
        uv_work_t sweeping;
        bool is_sweeping;
        bool is_stopping;
        InstanceHost *host;
        pthread_mutex_t lock;
        WatchedJob *arrived; /* utlist LL; under the lock */
};

/* -- one job ---------------------------------------------------------------------------------- */

static void on_poll_closed(uv_handle_t *handle)
{
        free(container_of((uv_poll_t *)handle, WatchedJob, poll));
}

static void clean_in_pool(uv_work_t *work)
{
        WatchedJob *self = container_of(work, WatchedJob, cleaning);

        LOG_CONTEXT("job", self->job->info.id);
        instance_clean(self->watch->host, self->job);
}

static void on_cleaned(uv_work_t *work, int status)
{
        WatchedJob *self = container_of(work, WatchedJob, cleaning);

        (void)status;
        free(self);
}

static void on_gone_closed(uv_handle_t *handle)
{
        WatchedJob *self = container_of((uv_poll_t *)handle, WatchedJob, poll);

        (void)uv_queue_work(&self->watch->loop, &self->cleaning, clean_in_pool, on_cleaned);
}

static void watched_gone(WatchedJob *self, const char *how)
{
        Watch *watch = self->watch;

        log_info("%s %s", self->job->info.id, how);
        job_table_exited(watch->host->table, self->job, how);
        /* Before its descriptor is closed, which cleaning does: libuv takes a number out of epoll
         * when it closes the handle, and by then it could be another job's. */
        uv_close((uv_handle_t *)&self->poll, on_gone_closed);
}

static void describe_end(int status, char *ret, size_t n_ret)
{
        if (WIFSIGNALED(status))
                (void)snprintf(ret, n_ret, "killed by signal %d (%s)", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
        else
                (void)snprintf(ret, n_ret, "exit status %d", WEXITSTATUS(status));
}

/* Return: whether more may follow. */
static bool watched_line(WatchedJob *self)
{
        char how[JOB_REASON_BYTES + 1];
        int64_t number;

        self->line[self->n_line] = '\0';
        self->n_line = 0;
        if (self->line[0] == '\0' || text_parse_int64(self->line + 2, 0, INT32_MAX, &number))
                return true;
        switch (self->line[0]) {
        case 'P':
                self->pid = (pid_t)number;
                job_table_started(self->watch->host->table, self->job, self->pid);
                return true;
        case 'F':
                (void)snprintf(how, sizeof(how), "cannot execute %s: %s",
                               self->job->info.application->command[0], strerror((int)number));
                watched_gone(self, how);
                return false;
        case 'X':
                describe_end((int)number, how, sizeof(how));
                watched_gone(self, how);
                return false;
        default:
                return true;
        }
}

/* The supervisor is dead and did not say how it ended: nothing of the group may stay. */
static void watched_orphaned(WatchedJob *self)
{
        if (self->pid > 0)
                (void)kill(-self->pid, SIGKILL);
        watched_gone(self, "its supervisor was killed");
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
        WatchedJob *self = container_of(poll, WatchedJob, poll);
        char bytes[WATCH_LINE_BYTES];
        ssize_t n, i;

        (void)status;
        (void)events;
        n = recv(self->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                watched_orphaned(self);
                return;
        }
        for (i = 0; i < n; i++) {
                if (bytes[i] == '\n') {
                        if (!watched_line(self))
                                return;
                } else if (self->n_line < WATCH_LINE_BYTES) {
                        self->line[self->n_line++] = bytes[i];
                }
        }
}

/* -- the loop --------------------------------------------------------------------------------- */

static void on_arrivals(uv_async_t *async)
{
        Watch *self = container_of(async, Watch, arrivals);
        WatchedJob *arrived, *job, *next;

        (void)pthread_mutex_lock(&self->lock);
        arrived = TAKE(self->arrived);
        (void)pthread_mutex_unlock(&self->lock);
        LL_FOREACH_SAFE (arrived, job, next) {
                /* Both fail only for a descriptor that is none: a bug. */
                (void)uv_poll_init(&self->loop, &job->poll, job->fd);
                (void)uv_poll_start(&job->poll, UV_READABLE | UV_DISCONNECT, on_readable);
        }
}

int watch_add(Watch *self, Job *job)
{
        WatchedJob *watched = calloc(1, sizeof(*watched));

        if (!watched)
                return -ENOMEM;
        watched->watch = self;
        watched->job = job;
        watched->fd = job->control_fd;
        (void)pthread_mutex_lock(&self->lock);
        LL_PREPEND(self->arrived, watched);
        (void)pthread_mutex_unlock(&self->lock);
        (void)uv_async_send(&self->arrivals);
        return 0;
}

static void on_signal(uv_signal_t *signal, int number)
{
        Watch *self = signal->data;

        if (self->is_stopping)
                _exit(128 + number);
        self->is_stopping = true;
        uv_stop(&self->loop);
}

static void sweep_in_pool(uv_work_t *work)
{
        Watch *self = container_of(work, Watch, sweeping);

        self->host->has_leftovers = !leftovers_remove(self->host);
}

static void on_swept(uv_work_t *work, int status)
{
        Watch *self = container_of(work, Watch, sweeping);

        (void)status;
        self->is_sweeping = false;
        if (!self->host->has_leftovers)
                (void)uv_timer_stop(&self->sweep);
}

static void on_sweep(uv_timer_t *timer)
{
        Watch *self = container_of(timer, Watch, sweep);

        if (!self->is_sweeping)
                self->is_sweeping =
                        uv_queue_work(&self->loop, &self->sweeping, sweep_in_pool, on_swept) == 0;
}

static void on_drain(uv_timer_t *timer)
{
        Watch *self = container_of(timer, Watch, drain);

        if (job_table_is_idle(self->host->table))
                uv_stop(&self->loop);
}

static int start_signal(Watch *self, uv_signal_t *signal, int number)
{
        int r;

        r = uv_signal_init(&self->loop, signal);
        if (r)
                return r;
        signal->data = self;
        return uv_signal_start(signal, on_signal, number);
}

int watch_new(InstanceHost *host, Watch **ret)
{
        Watch *self = calloc(1, sizeof(*self));
        int r;

        if (!self)
                return -ENOMEM;
        self->host = host;
        r = uv_loop_init(&self->loop);
        if (r) {
                free(self);
                return r;
        }
        (void)pthread_mutex_init(&self->lock, NULL);
        r = uv_async_init(&self->loop, &self->arrivals, on_arrivals);
        if (!r)
                r = start_signal(self, &self->sigterm, SIGTERM);
        if (!r)
                r = start_signal(self, &self->sigint, SIGINT);
        if (!r)
                r = uv_timer_init(&self->loop, &self->drain);
        if (!r)
                r = uv_timer_init(&self->loop, &self->sweep);
        if (r) {
                (void)watch_free(self);
                return r;
        }
        *ret = self;
        return 0;
}

void watch_run(Watch *self)
{
        if (self->host->has_leftovers)
                (void)uv_timer_start(&self->sweep, on_sweep, WATCH_SWEEP_MS, WATCH_SWEEP_MS);
        (void)uv_run(&self->loop, UV_RUN_DEFAULT);
}

void watch_drain(Watch *self)
{
        (void)uv_timer_stop(&self->sweep);
        (void)uv_timer_start(&self->drain, on_drain, 0, WATCH_DRAIN_MS);
        (void)uv_run(&self->loop, UV_RUN_DEFAULT);
        (void)uv_timer_stop(&self->drain);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
        (void)unused;
        if (!uv_is_closing(handle))
                uv_close(handle, uv_handle_get_type(handle) == UV_POLL ? on_poll_closed : NULL);
}

Watch *watch_free(Watch *self)
{
        if (!self)
                return NULL;
        uv_walk(&self->loop, close_handle, NULL);
        (void)uv_run(&self->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&self->loop);
        (void)pthread_mutex_destroy(&self->lock);
        free(self);
        return NULL;
}
