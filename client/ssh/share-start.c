/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-start.h"

#include "base/log.h"
#include "base/private-dir.h"
#include "client/ssh/run.h"
#include "proto/value.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define PROGRAM      "pyrope"
#define LOCK_NAME    "agent.lock"
#define LOCK_STEP_MS 10

/* -- where it is ------------------------------------------------------------------------------- */

int ssh_share_find(const SshSharePlace *place, const char *directory, Deadline deadline,
                   SshShareCall *ret)
{
        CLEANUP(freep) char *path = NULL;

        if (!directory && runtime_dir_find(place->name, &path, NULL))
                return SSH_SHARE_CALL_E_NOBODY;
        if (directory && (private_dir_check(directory, NULL) ||
                          asprintf(&path, "%s/%s", directory, place->name) < 0))
                return SSH_SHARE_CALL_E_NOBODY;
        return ssh_share_call_open(path, deadline, ret);
}

/* The directory for a new one. Return: owned; NULL: none can be had. */
static char *make_directory(const char *directory)
{
        ErrorText why = { "" };
        char *made = NULL;

        if (!directory && runtime_dir_create(&made, &why))
                log_debug("no agent: %s", why.text);
        if (directory && private_dir_create(directory, &why))
                log_debug("no agent: %s", why.text);
        else if (directory)
                made = strdup(directory);
        return made;
}

/* -- one at a time ----------------------------------------------------------------------------- */

/* That is for speed only: of several agents one would listen, and the others end. Return: -1: no
 * lock. */
static int take_lock(const char *directory, Deadline deadline)
{
        CLEANUP(closep) int fd = -1;
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/" LOCK_NAME, directory);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -1;
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if ((errno != EWOULDBLOCK && errno != EINTR) || deadline_passed(deadline))
                        return -1;
                (void)poll(NULL, 0, LOCK_STEP_MS);
        }
        return TAKE_FD(fd);
}

/* Who waits for it meanwhile gets a lock on nothing, and then finds the agent. */
static void remove_lock(const char *directory)
{
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/" LOCK_NAME, directory);
        (void)unlink(path);
}

/* -- the program ------------------------------------------------------------------------------- */

static void find_program(char path[static PATH_MAX])
{
        ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("/" PROGRAM));
        char *slash;

        path[n < 0 ? 0 : n] = '\0';
        slash = strrchr(path, '/');
        if (slash)
                strcpy(slash, "/" PROGRAM);
        if (!slash || access(path, X_OK) < 0)
                strcpy(path, PROGRAM); /* in $PATH, then */
}

/* Return: whether there should be an agent now. */
static bool run_program(const SshSharePlace *place, const char *directory, Deadline deadline)
{
        const SshWatch watch = { .stop_fd = -1, .deadline = deadline };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        char program[PATH_MAX];
        const char *const argv[] = { program,
                                     "agent",
                                     "--background",
                                     "--runtime-dir",
                                     directory,
                                     "--ssh-backend",
                                     ssh_backend_name(place->backend),
                                     place->config_file ? "--ssh-config" : NULL,
                                     place->config_file,
                                     NULL };

        find_program(program);
        if (ssh_run(argv, &watch, &run, &error)) {
                log_debug("no agent: %s", pyrope_error_text(error));
                return false;
        }
        if (run.is_missing)
                log_debug("no agent: there is no program %s", program);
        else if (run.exit_status)
                log_debug("no agent: %s", run.words.n ? (const char *)run.words.data : program);
        return !run.is_missing && !run.exit_status;
}

int ssh_share_start(const SshSharePlace *place, const char *directory, Deadline deadline,
                    SshShareCall *ret)
{
        CLEANUP(freep) char *made = NULL;
        CLEANUP(closep) int lock_fd = -1;
        int r;

        r = ssh_share_find(place, directory, deadline, ret);
        if (r != SSH_SHARE_CALL_E_NOBODY)
                return r;
        made = make_directory(directory);
        if (!made)
                return r;
        lock_fd = take_lock(made, deadline);
        r = ssh_share_find(place, directory, deadline, ret); /* who had the lock has started it */
        if (r == SSH_SHARE_CALL_E_NOBODY && run_program(place, made, deadline))
                r = ssh_share_find(place, made, deadline, ret);
        if (lock_fd >= 0)
                remove_lock(made);
        return r;
}
