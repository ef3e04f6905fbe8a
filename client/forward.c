/* SPDX-License-Identifier: MIT */

#include "client/forward.h"

#include "base/log.h"
#include "base/thread.h"
#include "base/unix-socket.h"
#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define BACKLOG    64
#define OPEN_MS    30000 /* from a connection to its channel */
#define RECOVER_MS 100   /* before the next try where there are no descriptors left */

struct Forward {
        SshPool *pool; /* borrowed */
        Location to;
        char *path;
        int listen_fd;
        int stop_fd; /* eventfd: the thread ends */
        pthread_t thread;
        bool has_thread;
};

/* Its streams are known to the pool by a number that no other forward of this process has now. */
static uint64_t group(const Forward *forward)
{
        return (uint64_t)(uintptr_t)forward;
}

static void welcome(Forward *forward, int fd)
{
        uid_t uid;

        if (unix_peer_uid(fd, &uid) || uid != geteuid()) {
                log_debug("%s: a connection of another user is refused", forward->path);
                (void)close(fd);
                return;
        }
        ssh_pool_join(forward->pool, &forward->to, fd,
                      &(SshJoin){ .group = group(forward), .deadline = deadline_in(OPEN_MS) });
}

/* Return: 0, -errno. */
static int accept_all(Forward *forward)
{
        for (;;) {
                int fd = accept4(forward->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0)
                        welcome(forward, fd);
                else if (errno != EINTR && errno != ECONNABORTED)
                        return errno == EAGAIN ? 0 : -errno;
        }
}

static void *run(void *userdata)
{
        Forward *forward = userdata;
        struct pollfd polled[] = { { .fd = forward->stop_fd, .events = POLLIN },
                                   { .fd = forward->listen_fd, .events = POLLIN } };
        int wait_ms = -1;

        for (;;) {
                (void)poll(polled, ARRAY_SIZE(polled), wait_ms);
                if (polled[0].revents)
                        return NULL;
                /* Out of descriptors or memory the listener stays readable: look away for a while.
                 */
                wait_ms = accept_all(forward) ? RECOVER_MS : -1;
                polled[1].fd = wait_ms < 0 ? forward->listen_fd : -1;
        }
}

static pyrope_status fail_listen(int outcome, const ErrorText *text, pyrope_error **error)
{
        switch (outcome) {
        case UNIX_E_IN_USE:
                return error_set(error, PYROPE_E_EXISTS, "%s", text->text);
        case UNIX_E_UNSAFE:
        case UNIX_E_DENIED:
                return error_set(error, PYROPE_E_DENIED, "%s", text->text);
        case UNIX_E_TOO_LONG:
                return error_set(error, PYROPE_E_INVALID, "%s", text->text);
        default:
                return error_set(error, PYROPE_E_IO, "%s", text->text);
        }
}

static pyrope_status start(Forward *forward, pyrope_error **error)
{
        ErrorText text = { "" };
        int r;

        r = unix_listen(forward->path, BACKLOG, &forward->listen_fd, &text);
        if (r)
                return fail_listen(r, &text, error);
        r = thread_start(&forward->thread, run, forward);
        if (r)
                return error_set(error, PYROPE_E_IO, "thread: %s", strerror(-r));
        forward->has_thread = true;
        return PYROPE_OK;
}

pyrope_status forward_new(SshPool *pool, const Location *to, const char *path, Forward **ret,
                          pyrope_error **error)
{
        CLEANUP(forward_freep) Forward *forward = NULL;
        pyrope_status status;

        if (!to->ssh || (!to->path && !to->host))
                return error_set(error, PYROPE_E_INVALID, "only what needs SSH can be forwarded");
        forward = calloc(1, sizeof(*forward));
        if (!forward)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        forward->pool = pool;
        forward->listen_fd = -1;
        forward->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (forward->stop_fd < 0)
                return error_set(error, PYROPE_E_IO, "eventfd: %s", strerror(errno));
        if (location_copy(to, &forward->to) || !(forward->path = strdup(path)))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        status = start(forward, error);
        if (!status)
                *ret = TAKE(forward);
        return status;
}

Forward *forward_free(Forward *forward)
{
        if (!forward)
                return NULL;
        if (forward->has_thread) {
                (void)eventfd_write(forward->stop_fd, 1);
                (void)pthread_join(forward->thread, NULL);
        }
        if (forward->listen_fd >= 0) {
                (void)close(forward->listen_fd);
                unix_remove(forward->path);
                ssh_pool_leave(forward->pool, group(forward));
        }
        closep(&forward->stop_fd);
        location_deinit(&forward->to);
        free(forward->path);
        free(forward);
        return NULL;
}

const char *forward_path(const Forward *forward)
{
        return forward->path;
}
