/* SPDX-License-Identifier: MIT */

/*
 * A library to preload: while the file $FAILING_FSYNC exists, fsync() and fdatasync() fail as on a
 * disk that cannot write, and what was written stays where it was: in the kernel's memory only.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_fd(long number, int fd)
{
        const char *path = getenv("FAILING_FSYNC");

        if (path && access(path, F_OK) == 0) {
                errno = EIO;
                return -1;
        }
        return (int)syscall(number, fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
        return sync_fd(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
        return sync_fd(SYS_fdatasync, fd);
}
