/* SPDX-License-Identifier: MIT */

#include "client/cli/child.h"

#include <errno.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Return: 0, errno. */
static int spawn(char *const argv[], char *const environment[], posix_spawnattr_t *attributes,
                 const sigset_t *mask, pid_t *ret)
{
        sigset_t ignored;
        int r;

        sigemptyset(&ignored);
        sigaddset(&ignored, SIGPIPE); /* we ignore it; a command must not inherit that */
        r = posix_spawnattr_setsigdefault(attributes, &ignored);
        if (!r)
                r = posix_spawnattr_setsigmask(attributes, mask);
        if (!r)
                r = posix_spawnattr_setflags(attributes,
                                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        return r ? r : posix_spawnp(ret, argv[0], NULL, attributes, argv, environment);
}

int child_start(char *const argv[], char *const environment[], const sigset_t *mask,
                mode_t file_mode_mask, Child *ret)
{
        posix_spawnattr_t attributes;
        mode_t ours;
        Child child;
        int r;

        r = posix_spawnattr_init(&attributes);
        if (r)
                return r;
        ours = umask(file_mode_mask);
        r = spawn(argv, environment, &attributes, mask, &child.pid);
        (void)umask(ours);
        (void)posix_spawnattr_destroy(&attributes);
        if (r)
                return r;

        child.pid_fd = pidfd_open(child.pid, 0);
        if (child.pid_fd < 0) {
                r = errno;
                (void)kill(child.pid, SIGKILL);
                (void)child_end(&child);
                return r;
        }
        *ret = child;
        return 0;
}

int child_end(Child *child)
{
        siginfo_t info = { 0 };

        while (waitid(P_PID, (id_t)child->pid, &info, WEXITED) < 0)
                if (errno != EINTR)
                        return CHILD_SIGNALLED;
        closep(&child->pid_fd);
        return info.si_code == CLD_EXITED ? info.si_status : CHILD_SIGNALLED + info.si_status;
}

int child_exit_status(int code)
{
        return code == ENOENT ? CHILD_NOT_FOUND : CHILD_NOT_EXECUTABLE;
}
