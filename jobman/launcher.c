/* SPDX-License-Identifier: MIT */

#include "jobman/launcher.h"

#include "base/unix-socket.h"
#include "jobman/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>

#define LAUNCHER_PATH            "/usr/local/bin:/usr/bin:/bin"
#define LAUNCHER_ENVIRONMENT_MAX 256u

/* Where our ends of the passed descriptors are put first, above all targets of dup2(). */
#define LAUNCHER_FD_BASE 16

/* An environment under construction; the first failure sticks. */
typedef struct Environment Environment;

struct Environment {
        char *entries[LAUNCHER_ENVIRONMENT_MAX + 1]; /* owned, NULL-terminated */
        size_t n;
        int r;
};

static void environment_deinit(Environment *self)
{
        while (self->n)
                free(self->entries[--self->n]);
}

static void environment_take(Environment *self, char *entry)
{
        if (!entry || self->n == LAUNCHER_ENVIRONMENT_MAX) {
                self->r = entry ? -E2BIG : -ENOMEM;
                free(entry);
                return;
        }
        self->entries[self->n++] = entry;
}

static void environment_set(Environment *self, const char *name, const char *value)
{
        char *entry = NULL;

        if (value && asprintf(&entry, "%s=%s", name, value) < 0)
                entry = NULL;
        if (value)
                environment_take(self, entry);
}

static void environment_pass(Environment *self, const char *name)
{
        environment_set(self, name, getenv(name));
}

static void environment_set_person(Environment *self)
{
        struct passwd person, *found = NULL;
        char strings[4096];

        if (getpwuid_r(geteuid(), &person, strings, sizeof(strings), &found) || !found)
                return;
        environment_set(self, "HOME", found->pw_dir);
        environment_set(self, "USER", found->pw_name);
        environment_set(self, "LOGNAME", found->pw_name);
}

/* What the configuration sets comes last but cannot touch what is ours: see settings.c. */
static int environment_build(Environment *self, const LauncherSpec *spec)
{
        static const char *const passed[] = { "LANG", "LC_ALL", "TZ", "PYROPE_LOG" };
        char *const *word;
        size_t i;

        environment_set(self, "PATH", LAUNCHER_PATH);
        environment_set_person(self);
        for (i = 0; i < ARRAY_SIZE(passed); i++)
                environment_pass(self, passed[i]);
        environment_set(self, "PYROPE_JOB", spec->job);
        environment_set(self, "PYROPE_OBJECT", spec->job);
        environment_set(self, "PYROPE_SOCKET", spec->socket);
        environment_set(self, "PYROPE_ZONE", spec->zone);
        environment_set(self, "PYROPE_NAMESERVER", spec->nameserver);
        environment_set(self, "PYROPE_RUNTIME_DIR", spec->runtime_dir);
        for (word = spec->application->environment; *word; word++)
                environment_pass(self, *word);
        for (word = spec->application->set; *word; word++)
                environment_take(self, strdup(*word));
        return self->r;
}

/* supervise [--inherit] --grace MS -- COMMAND... ; only the array is owned by the caller. */
static char **arguments_build(const LauncherSpec *spec, char *grace)
{
        char *const *command = spec->application->command;
        char **arguments;
        size_t n = 0, n_command = 0;

        while (command[n_command])
                n_command++;
        arguments = calloc(n_command + 7, sizeof(*arguments));
        if (!arguments)
                return NULL;
        arguments[n++] = (char *)"jobman";
        arguments[n++] = (char *)SUPERVISOR_COMMAND;
        if (spec->listen_fd >= 0)
                arguments[n++] = (char *)"--inherit";
        arguments[n++] = (char *)"--grace";
        arguments[n++] = grace;
        arguments[n++] = (char *)"--";
        memcpy(arguments + n, command, n_command * sizeof(*command));
        return arguments;
}

static int actions_build(posix_spawn_file_actions_t *actions, const LauncherSpec *spec, int log_fd,
                         int control_fd)
{
        int e;

        e = posix_spawn_file_actions_addfchdir_np(actions, spec->work_dir->fd);
        if (!e)
                e = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
        if (!e)
                e = posix_spawn_file_actions_adddup2(actions, log_fd, 1);
        if (!e)
                e = posix_spawn_file_actions_adddup2(actions, log_fd, 2);
        if (!e && spec->listen_fd >= 0)
                e = posix_spawn_file_actions_adddup2(actions, spec->listen_fd,
                                                     SUPERVISOR_LISTEN_FD);
        if (!e)
                e = posix_spawn_file_actions_adddup2(actions, control_fd, SUPERVISOR_CONTROL_FD);
        if (!e)
                e = posix_spawn_file_actions_addclosefrom_np(actions, SUPERVISOR_CONTROL_FD + 1);
        return e;
}

static int attributes_build(posix_spawnattr_t *attributes)
{
        sigset_t none, all;
        int e;

        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        (void)sigdelset(&all, SIGKILL);
        (void)sigdelset(&all, SIGSTOP);
        e = posix_spawnattr_setsigmask(attributes, &none);
        if (!e)
                e = posix_spawnattr_setsigdefault(attributes, &all);
        if (!e)
                e = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID |
                                                                 POSIX_SPAWN_SETSIGMASK |
                                                                 POSIX_SPAWN_SETSIGDEF);
        return e;
}

/* Return: 0, errno. */
static int spawn(const LauncherSpec *spec, int log_fd, int control_fd, pid_t *ret_pid)
{
        CLEANUP(environment_deinit) Environment environment = { 0 };
        CLEANUP(freep) char **arguments = NULL;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        char grace[24];
        int e;

        (void)snprintf(grace, sizeof(grace), "%lld", (long long)spec->application->stop_timeout_ms);
        arguments = arguments_build(spec, grace);
        if (!arguments)
                return ENOMEM;
        e = -environment_build(&environment, spec);
        if (e)
                return e;
        if (posix_spawn_file_actions_init(&actions))
                return ENOMEM;
        if (posix_spawnattr_init(&attributes)) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return ENOMEM;
        }
        e = actions_build(&actions, spec, log_fd, control_fd);
        if (!e)
                e = attributes_build(&attributes);
        if (!e)
                e = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
                                environment.entries);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return e;
}

static int open_log(const WorkDir *work_dir)
{
        int fd = openat(work_dir->fd, LAUNCHER_LOG_NAME,
                        O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

        return fd < 0 ? -errno : fd;
}

/* The descriptor itself, or a copy of it, out of the way of the targets of dup2(). */
static int lift(int fd)
{
        int lifted = fcntl(fd, F_DUPFD_CLOEXEC, LAUNCHER_FD_BASE);

        return lifted < 0 ? -errno : lifted;
}

int launcher_start(const LauncherSpec *spec, Launched *ret, ErrorText *error)
{
        CLEANUP(closep) int log_fd = -1, listen_fd = -1, control = -1, ours = -1, theirs = -1;
        LauncherSpec lifted = *spec;
        int pair[2], r;

        log_fd = open_log(spec->work_dir);
        r = log_fd < 0 ? log_fd : unix_socketpair(pair);
        if (r) {
                error_text_set(error, "cannot prepare the instance: %s", strerror(-r));
                return r;
        }
        ours = pair[0];
        theirs = pair[1];
        control = lift(theirs);
        if (spec->listen_fd >= 0)
                lifted.listen_fd = listen_fd = lift(spec->listen_fd);
        if (control < 0 || (spec->listen_fd >= 0 && listen_fd < 0)) {
                error_text_set(error, "cannot prepare the instance: too many open files");
                return -EMFILE;
        }
        r = -spawn(&lifted, log_fd, control, &ret->supervisor);
        if (r) {
                error_text_set(error, "cannot start a process: %s", strerror(-r));
                return r;
        }
        ret->control_fd = TAKE_FD(ours);
        return 0;
}
