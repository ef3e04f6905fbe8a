/* SPDX-License-Identifier: MIT */

#include "base/listen-fds.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#define LISTEN_FDS_FIRST 3

static int socket_option(int fd, int option)
{
        int value = -1;
        socklen_t n = sizeof(value);

        return getsockopt(fd, SOL_SOCKET, option, &value, &n) < 0 ? -1 : value;
}

static bool is_listening_stream(int fd)
{
        int domain = socket_option(fd, SO_DOMAIN);

        return (domain == AF_UNIX || domain == AF_INET || domain == AF_INET6) &&
               socket_option(fd, SO_TYPE) == SOCK_STREAM && socket_option(fd, SO_ACCEPTCONN) == 1;
}

static int take_one(int fd, ErrorText *error)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0 || !is_listening_stream(fd)) {
                error_text_set(error,
                               "socket activation: descriptor %d is not a listening stream socket",
                               fd);
                return LISTEN_FDS_E_INVALID;
        }
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
                error_text_set(error, "socket activation: descriptor %d: %s", fd, strerror(errno));
                return LISTEN_FDS_E_INVALID;
        }
        return 0;
}

/* How many the variables announce to this process; 0 if they mean another one, or nobody. */
static int read_announcement(int64_t *ret_n, ErrorText *error)
{
        const char *pid_text = getenv("LISTEN_PID");
        const char *n_text = getenv("LISTEN_FDS");
        int64_t pid;
        int64_t n = 0;
        int r;

        *ret_n = 0;
        if (!pid_text || !n_text)
                return 0;
        r = text_parse_int64(pid_text, 1, INT_MAX, &pid);
        if (r == 0 && pid != getpid())
                return 0;
        if (r || text_parse_int64(n_text, 0, LISTEN_FDS_MAX, &n)) {
                error_text_set(error,
                               "socket activation: LISTEN_PID=%s LISTEN_FDS=%s: expected a process "
                               "and a number up to %u",
                               pid_text, n_text, LISTEN_FDS_MAX);
                return LISTEN_FDS_E_INVALID;
        }
        *ret_n = n;
        return 0;
}

bool listen_fds_are_given(void)
{
        int64_t n;

        return read_announcement(&n, NULL) || n > 0;
}

int listen_fds_take(int ret_fds[static LISTEN_FDS_MAX], size_t *ret_n, ErrorText *error)
{
        int64_t n = 0;
        int r;

        r = read_announcement(&n, error);
        for (int i = 0; i < n && r == 0; i++)
                r = take_one(LISTEN_FDS_FIRST + i, error);
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        if (r)
                return r;

        for (int i = 0; i < n; i++)
                ret_fds[i] = LISTEN_FDS_FIRST + i;
        *ret_n = (size_t)n;
        return 0;
}
