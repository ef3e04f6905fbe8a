/* SPDX-License-Identifier: MIT */

#include "jobman/instance.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/text.h"
#include "base/unix-socket.h"
#include "jobman/launcher.h"
#include "proto/value.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define INSTANCE_BACKLOG        128
#define INSTANCE_TRY_MS         20   /* between two tries, of what an application must do first */
#define INSTANCE_DYING_MS       5000 /* from SIGKILL to the end, on a machine under load */
#define INSTANCE_STOP_MARGIN_MS 5000 /* beyond the grace period, for killing and cleaning */

DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);

/* -- log -------------------------------------------------------------------------------------- */

/* Start of the last @n_lines lines of @text. */
static const char *last_lines(const char *text, size_t n, size_t n_lines)
{
        const char *at = text + n;

        while (at > text) {
                if (at[-1] == '\n' && at != text + n && n_lines-- <= 1)
                        break;
                at--;
        }
        return at;
}

/* Line by line, since a line's end must not be escaped. Return: owned; NULL: out of memory. */
static char *escape_lines(const char *text, size_t n)
{
        CLEANUP(buffer_deinit) Buffer out = BUFFER_INIT(16 * INSTANCE_LOG_BYTES_MAX);
        char line[4096];
        const char *end;
        size_t n_line;
        char *copy;

        while (n) {
                end = memchr(text, '\n', n);
                n_line = end ? (size_t)(end - text) : n;
                (void)text_escape(text, n_line, line, sizeof(line));
                if (buffer_append_printf(&out, "%s%s", line, end ? "\n" : ""))
                        return NULL;
                n_line += end ? 1 : 0;
                text += n_line;
                n -= n_line;
        }
        copy = strndup(out.n ? (const char *)out.data : "", out.n);
        return copy;
}

char *instance_log_tail(const WorkDir *work_dir, size_t n_lines, size_t n_bytes)
{
        CLEANUP(freep) char *window = NULL;
        CLEANUP(closep) int fd = -1;
        const char *from;
        struct stat st;
        ssize_t n;

        if (n_bytes > INSTANCE_LOG_BYTES_MAX)
                n_bytes = INSTANCE_LOG_BYTES_MAX;
        fd = openat(work_dir->fd, LAUNCHER_LOG_NAME,
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        window = malloc(n_bytes + 1);
        if (!window)
                return NULL;
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return strdup("");
        n = pread(fd, window, n_bytes,
                  st.st_size > (off_t)n_bytes ? st.st_size - (off_t)n_bytes : 0);
        if (n <= 0)
                return strdup("");
        from = last_lines(window, (size_t)n, n_lines);
        return escape_lines(from, (size_t)n - (size_t)(from - window));
}

/* "; last words: ..." on one line, "" if it said nothing. */
static void last_words(const WorkDir *work_dir, char *ret, size_t n_ret)
{
        CLEANUP(freep) char *tail = NULL;
        char *at;
        size_t n;

        ret[0] = '\0';
        tail = work_dir->fd < 0 ? NULL : instance_log_tail(work_dir, 3, n_ret / 2);
        n = tail ? strlen(tail) : 0;
        while (n && tail[n - 1] == '\n')
                tail[--n] = '\0';
        if (!n)
                return;
        for (at = tail; (at = strchr(at, '\n')); at++)
                *at = ' ';
        (void)snprintf(ret, n_ret, "; last words: %s", tail);
}

/* -- start ------------------------------------------------------------------------------------ */

/* The directory, and the files the configuration wants in it. Return: 0, INSTANCE_E_FAILED. */
static int prepare_work_dir(InstanceHost *host, Job *job, ErrorText *error)
{
        CLEANUP(work_dir_deinit) WorkDir work_dir = WORK_DIR_INIT;
        char *const *file;

        if (work_dir_create(host->work_base_fd, host->work_base, job->info.id, &work_dir, error))
                return INSTANCE_E_FAILED;
        job_table_attach(host->table, job, &work_dir, -1);
        for (file = job->info.application->files; *file; file++) {
                if (work_dir_copy_in(&job->work_dir, *file, error))
                        return INSTANCE_E_FAILED;
        }
        return 0;
}

/* Return: 0, INSTANCE_E_FAILED. */
static int launch(InstanceHost *host, Job *job, ErrorText *error)
{
        CLEANUP(closep) int listen_fd = -1;
        LauncherSpec spec;
        Launched launched;

        if (!job->info.application->binds_itself &&
            unix_listen(job->info.socket, INSTANCE_BACKLOG, &listen_fd, error))
                return INSTANCE_E_FAILED;
        spec = (LauncherSpec){
                .application = job->info.application,
                .work_dir = &job->work_dir,
                .job = job->info.id,
                .socket = job->info.socket,
                .listen_fd = listen_fd,
                .zone = host->registrar->zone,
                .nameserver = host->nameserver,
                .runtime_dir = host->runtime_dir,
        };
        if (launcher_start(&spec, &launched, error))
                return INSTANCE_E_FAILED;
        job->supervisor = launched.supervisor;
        job_table_attach(host->table, job, NULL, launched.control_fd);
        if (watch_add(host->watch, job)) {
                error_text_set(error, "out of memory");
                return INSTANCE_E_FAILED;
        }
        job->is_watched = true;
        return 0;
}

/*
 * Until the daemon of the instance answers a handshake for its object. An inherited socket accepts
 * from the first moment, and hangs up when the instance dies; one that is bound later is tried
 * again.
 */
static int wait_ready(InstanceHost *host, Job *job, ErrorText *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        Deadline deadline = deadline_in(job->info.application->start_timeout_ms);
        pyrope_proxy *proxy = NULL;
        pyrope_status status;
        JobInfo info;

        do {
                why = pyrope_error_free(why);
                status = pyrope_proxy_new(host->context, job->info.uri,
                                          deadline_left_ms(deadline) | 1, &proxy, &why);
                if (!status) {
                        (void)pyrope_proxy_free(proxy);
                        return 0;
                }
        } while (status == PYROPE_E_UNREACHABLE &&
                 job_table_wait_starting(host->table, job,
                                         deadline_min(deadline, deadline_in(INSTANCE_TRY_MS))) &&
                 !deadline_passed(deadline));
        job_table_copy(host->table, job, &info);
        if (info.reason[0])
                error_text_set(error, "%s", info.reason);
        else if (status == PYROPE_E_TIMEOUT || deadline_passed(deadline))
                error_text_set(error, "no answer within %lld ms",
                               (long long)job->info.application->start_timeout_ms);
        else
                error_text_set(error, "%s", pyrope_error_text(why));
        return INSTANCE_E_FAILED;
}

static int add_name(InstanceHost *host, Job *job, ErrorText *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(freep) char *application = NULL, *jobman = NULL;
        const char *tags[3] = { "type:instance" };
        RegistrarEntry entry = { .name = job->info.id, .tags = tags, .n_tags = ARRAY_SIZE(tags) };

        if (asprintf(&application, "application:%s", job->info.application->name) < 0 ||
            asprintf(&jobman, "jobmanager:%s", host->jobman) < 0) {
                error_text_set(error, "out of memory");
                return INSTANCE_E_FAILED;
        }
        entry.uri = job->info.uri;
        tags[1] = application;
        tags[2] = jobman;
        if (registrar_add(host->registrar, &entry, &why)) {
                error_text_set(error, "cannot register its name: %s", pyrope_error_text(why));
                return INSTANCE_E_FAILED;
        }
        return 0;
}

static int bring_up(InstanceHost *host, Job *job, ErrorText *error)
{
        int r;

        r = prepare_work_dir(host, job, error);
        if (!r)
                r = launch(host, job, error);
        if (!r)
                r = wait_ready(host, job, error);
        if (!r)
                r = add_name(host, job, error);
        if (!r && job_table_ready(host->table, job)) {
                error_text_set(error, "it ended at once");
                r = INSTANCE_E_FAILED;
        }
        return r;
}

/* @job is given up here. */
static void take_down(InstanceHost *host, Job *job, const char *why)
{
        JobInfo info;

        job_table_copy(host->table, job, &info);
        if (job->is_watched) {
                (void)job_table_end(host->table, info.id, why);
                job_table_unuse(host->table, job);
                (void)job_table_wait_done(
                        host->table, info.id,
                        deadline_in(info.application->stop_timeout_ms + INSTANCE_STOP_MARGIN_MS));
                return;
        }
        job_table_exited(host->table, job, why);
        job_table_unuse(host->table, job);
        instance_clean(host, job);
}

int instance_start(InstanceHost *host, const Application *application, const char *user,
                   JobInfo *ret, ErrorText *error)
{
        char words[INSTANCE_LAST_WORDS_BYTES];
        ErrorText why = { "" };
        Job *job;
        int r;

        r = job_table_reserve(host->table, application, user, &job);
        if (r == JOB_E_FULL) {
                error_text_set(error, "%zu of %zu instances of %s are running",
                               application->max_jobs, application->max_jobs, application->name);
                return INSTANCE_E_FULL;
        }
        if (r) {
                error_text_set(error, "%s", strerror(-r));
                return INSTANCE_E_FAILED;
        }
        LOG_CONTEXT("job", job->info.id);
        if (bring_up(host, job, &why)) {
                last_words(&job->work_dir, words, sizeof(words));
                error_text_set(error, "%s did not start: %s%s", application->name, why.text, words);
                take_down(host, job, why.text);
                return INSTANCE_E_FAILED;
        }
        job_table_copy(host->table, job, ret);
        log_info("started, pid %ld", (long)ret->pid);
        job_table_unuse(host->table, job);
        return 0;
}

/* -- end -------------------------------------------------------------------------------------- */

/* Where the supervisor was killed the application is as well, but may still be dying, and its
 * socket listen meanwhile. */
static void remove_socket(const char *socket)
{
        Deadline deadline = deadline_in(INSTANCE_DYING_MS);

        unix_remove(socket);
        while (access(socket, F_OK) == 0 && !deadline_passed(deadline)) {
                (void)poll(NULL, 0, INSTANCE_TRY_MS);
                unix_remove(socket);
        }
}

/* It has said its last word, or is dying. */
static void collect(pid_t supervisor)
{
        Deadline deadline = deadline_in(INSTANCE_DYING_MS);

        while (waitpid(supervisor, NULL, WNOHANG) == 0 && !deadline_passed(deadline))
                (void)poll(NULL, 0, INSTANCE_TRY_MS);
}

void instance_clean(InstanceHost *host, Job *job)
{
        ErrorText error = { "" };

        job_table_wait_unused(host->table, job);
        registrar_remove(host->registrar, job->info.id);
        remove_socket(job->info.socket);
        if (job->work_dir.fd >= 0) {
                job_table_set_last_words(host->table, job,
                                         instance_log_tail(&job->work_dir, INSTANCE_LOG_LINES_MAX,
                                                           INSTANCE_LAST_WORDS_BYTES));
                if (!job->info.application->keeps_work_dir &&
                    work_dir_remove(&job->work_dir, &error))
                        log_warning("%s", error.text);
        }
        if (job->supervisor)
                collect(job->supervisor);
        job_table_done(host->table, job);
}
