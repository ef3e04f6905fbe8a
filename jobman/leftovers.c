/* SPDX-License-Identifier: MIT */

#include "jobman/leftovers.h"

#include "base/log.h"
#include "base/unix-socket.h"
#include "proto/value.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define SOCKET_PREFIX "job-" /* as job_table_reserve() names them */
#define SOCKET_SUFFIX ".sock"
#define ANSWER_MS     1000 /* a listener whose backlog is full lives, too */

typedef struct Sweep Sweep;

struct Sweep {
        InstanceHost *host;
        bool is_done; /* nothing was seen to live */
};

static bool is_listened_on(const char *socket)
{
        CLEANUP(closep) int fd = -1;
        int r = unix_connect(socket, deadline_in(ANSWER_MS), &fd);

        return r == 0 || r == UNIX_E_TIMEOUT;
}

/* The application of a job id, "NAME-7f3k9w2m"; NULL if it is none of ours. */
static const Application *application_of(const Sweep *sweep, const char *id)
{
        const char *dash = strrchr(id, '-');
        char name[SETTINGS_APPLICATION_NAME_BYTES + 1];

        if (!dash || strlen(dash + 1) != JOB_RANDOM_CHARS || (size_t)(dash - id) >= sizeof(name))
                return NULL;
        (void)snprintf(name, sizeof(name), "%.*s", (int)(dash - id), id);
        return settings_find(sweep->host->settings, name);
}

/* Of an application that is not ours any more nobody knows whether it wanted it kept. Returns 0,
 * -errno. */
static int remove_directory(const Sweep *sweep, const char *id, WorkDir *work_dir)
{
        const Application *application = application_of(sweep, id);
        ErrorText error = { "" };
        int r;

        if (!application || application->keeps_work_dir)
                return 0;
        r = work_dir_remove(work_dir, &error);
        if (r)
                log_warning("%s", error.text);
        return r;
}

/* Whether there is no more to be done about it: a nameserver that refuses will do so again. */
static bool drop_name(const Sweep *sweep, const char *id)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status = registrar_drop(sweep->host->registrar, id, &why);

        if (status)
                log_warning("cannot remove the name: %s", pyrope_error_text(why));
        return !status || status == PYROPE_E_REMOTE;
}

static void remove_job(Sweep *sweep, const char *id, const char *socket)
{
        CLEANUP(work_dir_deinit) WorkDir work_dir = WORK_DIR_INIT;
        InstanceHost *host = sweep->host;
        JobInfo ours;
        bool has_directory;

        if (job_table_find(host->table, id, &ours) == 0)
                return;
        has_directory = work_dir_open(host->work_base_fd, host->work_base, id, &work_dir) == 0;
        if (is_listened_on(socket) || (has_directory && work_dir_is_held(&work_dir))) {
                sweep->is_done = false;
                return;
        }
        LOG_CONTEXT("job", id);
        log_info("removing what an earlier job manager left");
        /* The name last: by it all is found again, if the rest fails. */
        unix_remove(socket);
        if (access(socket, F_OK) == 0 ||
            (has_directory && remove_directory(sweep, id, &work_dir)) || !drop_name(sweep, id))
                sweep->is_done = false;
}

/* -- by name ---------------------------------------------------------------------------------- */

/* Whether the socket at @path is one that we could have made for a job. */
static bool is_job_socket(const Sweep *sweep, const char *path)
{
        const char *directory = sweep->host->runtime_dir;
        size_t n = strlen(directory);

        return strncmp(path, directory, n) == 0 && path[n] == '/' &&
               strncmp(path + n + 1, SOCKET_PREFIX, strlen(SOCKET_PREFIX)) == 0 &&
               !strchr(path + n + 1, '/');
}

/* An endpoint of the nameserver: {"zone": .., "unix": .., ...}. */
static void remove_endpoint(Sweep *sweep, const char *id, pyrope_view endpoint)
{
        char path[JOB_SOCKET_BYTES + 1];
        const char *text;
        size_t n;

        if (!pyrope_str_equals(pyrope_find(endpoint, "zone"), sweep->host->registrar->zone) ||
            pyrope_get_str(pyrope_find(endpoint, "unix"), &text, &n) || n >= sizeof(path) ||
            memchr(text, '\0', n))
                return;
        memcpy(path, text, n);
        path[n] = '\0';
        if (is_job_socket(sweep, path))
                remove_job(sweep, id, path);
}

static void remove_name(Sweep *sweep, const char *id)
{
        CLEANUP(pyrope_value_freep) pyrope_value *known = NULL;
        pyrope_view endpoint;

        if (pyrope_resolve(sweep->host->context, id, REGISTRAR_TIMEOUT_MS, &known, NULL))
                return; /* somebody else was faster */
        for (pyrope_iter it = pyrope_each(pyrope_find(pyrope_value_view(known), "endpoints"));
             pyrope_next(&it, NULL, &endpoint);)
                remove_endpoint(sweep, id, endpoint);
}

static void remove_names(Sweep *sweep)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *names = NULL;
        char id[JOB_ID_BYTES + 1];
        pyrope_view name, uri;
        const char *text;
        size_t n;

        if (registrar_list(sweep->host->registrar, sweep->host->jobman, &names, &why)) {
                /* At a start whoever registers says so, too. */
                log_debug("cannot look for names that are left: %s", pyrope_error_text(why));
                sweep->is_done = false;
                return;
        }
        for (pyrope_iter it = pyrope_each(pyrope_value_view(names));
             pyrope_next(&it, &name, &uri);) {
                if (pyrope_get_str(name, &text, &n) || n > JOB_ID_BYTES || memchr(text, '\0', n))
                        continue; /* no name that we gave */
                (void)snprintf(id, sizeof(id), "%.*s", (int)n, text);
                remove_name(sweep, id);
        }
}

/* -- by socket -------------------------------------------------------------------------------- */

static void closedirp(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir);
}

/* The job whose directory ends in @random. Return: whether there is one, of an application of ours.
 */
static bool find_id(const Sweep *sweep, const char *random, char ret[static JOB_ID_BYTES + 1])
{
        CLEANUP(closedirp) DIR *base = opendir(sweep->host->work_base);
        struct dirent *entry;

        while (base && (entry = readdir(base))) {
                const char *dash = strrchr(entry->d_name, '-');
                size_t n = strlen(entry->d_name);

                if (!dash || strcmp(dash + 1, random) != 0 || n > JOB_ID_BYTES ||
                    !application_of(sweep, entry->d_name))
                        continue;
                memcpy(ret, entry->d_name, n + 1);
                return true;
        }
        return false;
}

static void remove_socket(Sweep *sweep, const char *name)
{
        const size_t n_name = strlen(SOCKET_PREFIX) + JOB_RANDOM_CHARS + strlen(SOCKET_SUFFIX);
        char random[JOB_RANDOM_CHARS + 1];
        char path[JOB_SOCKET_BYTES + 1];
        char id[JOB_ID_BYTES + 1];

        if (strlen(name) != n_name || strncmp(name, SOCKET_PREFIX, strlen(SOCKET_PREFIX)) != 0 ||
            strcmp(name + n_name - strlen(SOCKET_SUFFIX), SOCKET_SUFFIX) != 0)
                return;
        (void)snprintf(random, sizeof(random), "%s", name + strlen(SOCKET_PREFIX));
        if (snprintf(path, sizeof(path), "%s/%s", sweep->host->runtime_dir, name) >=
            (int)sizeof(path))
                return;
        if (find_id(sweep, random, id))
                remove_job(sweep, id, path);
}

static void remove_sockets(Sweep *sweep)
{
        CLEANUP(closedirp) DIR *directory = opendir(sweep->host->runtime_dir);
        struct dirent *entry;

        while (directory && (entry = readdir(directory)))
                remove_socket(sweep, entry->d_name);
}

bool leftovers_remove(InstanceHost *host)
{
        Sweep sweep = { .host = host, .is_done = true };

        remove_names(&sweep);
        remove_sockets(&sweep);
        return sweep.is_done;
}
