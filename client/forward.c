/* SPDX-License-Identifier: MIT */

#include "client/forward.h"

#include "base/loopback.h"
#include "base/thread.h"
#include "base/unix-socket.h"
#include "client/pump.h"
#include "client/where.h"
#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define BACKLOG    128
#define OPEN_MS    30000 /* from a connection to its channel */
#define CONNECT_MS 5000  /* to one that is made here: who comes meanwhile waits */
#define RECOVER_MS 100   /* before the next try where there are no descriptors left */
#define PORT_TRIES 64u   /* to find a port that is free for both addresses */

enum {
        LISTEN_MAIN, /* the socket, or 127.0.0.1 */
        LISTEN_TWIN, /* [::1]; -1 for a socket, and where there is no IPv6 */
        LISTENERS,
};

struct Forward {
        SshPool *pool; /* borrowed */
        ForwardWay way;
        Location place;
        Pump *pump; /* NULL until it is needed */
        int listen_fds[LISTENERS];
        int diag_fd; /* asks the kernel whose a port's peers are; -1 for a socket */
        int stop_fd; /* eventfd: the thread ends */
        pthread_t thread;
        bool has_thread;
};

/* Its streams are known to the pool by a number that no other forward of this process has now. */
static uint64_t group(const Forward *forward)
{
        return (uint64_t)(uintptr_t)forward;
}

/* -- who comes --------------------------------------------------------------------------------- */

static void refuse(const Forward *forward, pyrope_status status, const char *text)
{
        if (forward->way.on_refused)
                forward->way.on_refused(forward->way.userdata, status, text);
}

static void refuse_for(const Forward *forward, pyrope_status status, const pyrope_error *error)
{
        refuse(forward, status, error_words(status, error));
}

/* Whether the peer is of our own user. */
static bool is_ours(const Forward *forward, int fd)
{
        char text[96];
        uid_t uid;

        if (forward->diag_fd < 0 ? unix_peer_uid(fd, &uid)
                                 : loopback_peer_uid(forward->diag_fd, fd, &uid)) {
                refuse(forward, PYROPE_E_DENIED,
                       "a connection is refused: the kernel does not say whose it is");
                return false;
        }
        if (uid == geteuid())
                return true;
        (void)snprintf(text, sizeof(text), "a connection of user %u is refused", (unsigned)uid);
        refuse(forward, PYROPE_E_DENIED, text);
        return false;
}

/* Connects here, and has the pump move the bytes. */
static pyrope_status pump_there(Forward *forward, const Location *to, int fd, pyrope_error **error)
{
        CLEANUP(closep) int taken = fd;
        pyrope_status status;
        int there, r = 0;

        status = forward->way.open(forward->way.userdata, to, deadline_in(CONNECT_MS), &there,
                                   error);
        if (status)
                return status;
        if (!forward->pump)
                r = pump_new(NULL, NULL, &forward->pump);
        if (r) {
                (void)close(there);
                return error_set(error, PYROPE_E_IO, "thread: %s", strerror(-r));
        }
        r = pump_join(forward->pump, (int[]){ TAKE_FD(taken), there }, /* group= */ 0);
        if (r == PUMP_E_FULL)
                return error_set(error, PYROPE_E_DENIED, "%u connections are open already",
                                 PUMP_PAIRS_MAX);
        return r ? error_nomem(error) : PYROPE_OK;
}

static void welcome(Forward *forward, int fd)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(location_deinit) Location to = { 0 };
        CLEANUP(closep) int taken = fd;
        pyrope_status status;

        if (!is_ours(forward, fd))
                return;
        status = forward->way.find(forward->way.userdata, &to, &error);
        if (!status && to.ssh && (to.path || to.host)) {
                ssh_pool_join(forward->pool, &to, TAKE_FD(taken),
                              &(SshJoin){ .group = group(forward),
                                          .deadline = deadline_in(OPEN_MS),
                                          .on_refused = forward->way.on_refused,
                                          .userdata = forward->way.userdata });
                return;
        }
        if (!status)
                status = pump_there(forward, &to, TAKE_FD(taken), &error);
        if (status)
                refuse_for(forward, status, error);
}

/* Until nobody waits, or it ends. Return: 0, -errno. */
static int accept_all(Forward *forward, int listen_fd)
{
        struct pollfd stop = { .fd = forward->stop_fd, .events = POLLIN };

        while (poll(&stop, 1, 0) == 0) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0)
                        welcome(forward, fd);
                else if (errno != EINTR && errno != ECONNABORTED)
                        return errno == EAGAIN ? 0 : -errno;
        }
        return 0;
}

static void *run(void *userdata)
{
        Forward *forward = userdata;
        struct pollfd polled[1 + LISTENERS] = { { .fd = forward->stop_fd, .events = POLLIN } };
        int wait_ms = -1;

        for (;;) {
                for (size_t i = 0; i < LISTENERS; i++)
                        polled[1 + i] =
                                (struct pollfd){ .fd = wait_ms < 0 ? forward->listen_fds[i] : -1,
                                                 .events = POLLIN };
                (void)poll(polled, ARRAY_SIZE(polled), wait_ms);
                if (polled[0].revents)
                        return NULL;
                /* Out of descriptors or memory a listener stays readable: look away for a while. */
                wait_ms = -1;
                for (size_t i = 0; i < LISTENERS; i++)
                        if (polled[1 + i].revents && accept_all(forward, forward->listen_fds[i]))
                                wait_ms = RECOVER_MS;
        }
}

/* -- listening --------------------------------------------------------------------------------- */

static pyrope_status listen_at_path(Forward *forward, const char *path, pyrope_error **error)
{
        ErrorText text = { "" };
        int r;

        forward->place.path = strdup(path);
        if (!forward->place.path)
                return error_nomem(error);
        r = unix_listen(path, BACKLOG, &forward->listen_fds[LISTEN_MAIN], &text);
        return r ? where_fail_listen(r, &text, error) : PYROPE_OK;
}

/* Both addresses of one port. Between bind() and listen() another user may bind the port, too, and
 * listen first: then it is his, and our listening fails. Once we listen nobody else can. Return: 0,
 * LOOPBACK_E_IN_USE, -errno. */
static int listen_at_port(uint16_t port, int ret_fds[static LISTENERS], uint16_t *ret_port,
                          ErrorText *error)
{
        CLEANUP(closep) int main_fd = -1;
        CLEANUP(closep) int twin_fd = -1;
        char where[LOOPBACK_WHERE_SIZE], own[LOOPBACK_WHERE_SIZE];
        int r;

        (void)snprintf(where, sizeof(where), "127.0.0.1:%u", port);
        r = loopback_listen(where, BACKLOG, &main_fd, own, error);
        if (r)
                return r;
        port = (uint16_t)strtoul(strrchr(own, ':') + 1, NULL, 10);
        (void)snprintf(where, sizeof(where), "[::1]:%u", port);
        r = loopback_listen(where, BACKLOG, &twin_fd, own, error);
        if (r && r != -EADDRNOTAVAIL && r != -EAFNOSUPPORT)
                return r;
        ret_fds[LISTEN_MAIN] = TAKE_FD(main_fd);
        ret_fds[LISTEN_TWIN] = TAKE_FD(twin_fd);
        *ret_port = port;
        return 0;
}

static pyrope_status listen_at_loopback(Forward *forward, uint16_t port, pyrope_error **error)
{
        ErrorText text = { "" };
        int r = LOOPBACK_E_IN_USE;

        forward->place.host = strdup("127.0.0.1");
        if (!forward->place.host)
                return error_nomem(error);
        for (size_t i = port ? PORT_TRIES - 1 : 0; r == LOOPBACK_E_IN_USE && i < PORT_TRIES; i++)
                r = listen_at_port(port, forward->listen_fds, &forward->place.port, &text);
        if (r)
                return error_set(error, r == LOOPBACK_E_IN_USE ? PYROPE_E_EXISTS : PYROPE_E_IO,
                                 "%s", text.text);
        r = loopback_diag_open(&forward->diag_fd);
        return r ? error_set(error, PYROPE_E_IO, "netlink: %s", strerror(-r)) : PYROPE_OK;
}

/* -- life -------------------------------------------------------------------------------------- */

static pyrope_status start(Forward *forward, const ForwardPlace *place, pyrope_error **error)
{
        pyrope_status status;
        int r;

        status = place->path ? listen_at_path(forward, place->path, error)
                             : listen_at_loopback(forward, place->port, error);
        if (status)
                return status;
        r = thread_start(&forward->thread, run, forward);
        if (r)
                return error_set(error, PYROPE_E_IO, "thread: %s", strerror(-r));
        forward->has_thread = true;
        return PYROPE_OK;
}

pyrope_status forward_new(SshPool *pool, const ForwardPlace *place, const ForwardWay *way,
                          Forward **ret, pyrope_error **error)
{
        CLEANUP(forward_freep) Forward *forward = calloc(1, sizeof(*forward));
        pyrope_status status;

        if (!forward)
                return error_nomem(error);
        forward->pool = pool;
        forward->way = *way;
        forward->listen_fds[LISTEN_MAIN] = forward->listen_fds[LISTEN_TWIN] = -1;
        forward->diag_fd = -1;
        forward->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (forward->stop_fd < 0)
                return error_set(error, PYROPE_E_IO, "eventfd: %s", strerror(errno));
        status = start(forward, place, error);
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
        if (forward->listen_fds[LISTEN_MAIN] >= 0) {
                closep(&forward->listen_fds[LISTEN_MAIN]);
                if (forward->place.path)
                        unix_remove(forward->place.path);
                ssh_pool_leave(forward->pool, group(forward));
        }
        closep(&forward->listen_fds[LISTEN_TWIN]);
        (void)pump_free(forward->pump);
        closep(&forward->diag_fd);
        closep(&forward->stop_fd);
        location_deinit(&forward->place);
        free(forward);
        return NULL;
}

const Location *forward_place(const Forward *forward)
{
        return &forward->place;
}
