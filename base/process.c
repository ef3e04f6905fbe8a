/* SPDX-License-Identifier: MIT */

#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

int process_sanitize(void)
{
        int fd;

        /* open() gives the lowest free number, so this fills the holes among 0 to 2. */
        do {
                fd = open("/dev/null", O_RDWR);
                if (fd < 0)
                        return -errno;
        } while (fd <= STDERR_FILENO);
        close(fd);

        signal(SIGPIPE, SIG_IGN);
        umask(077);
        return 0;
}
