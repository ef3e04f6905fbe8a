/* SPDX-License-Identifier: MIT */

#include "broker/listener.h"

#include "base/listen-fds.h"
#include "base/log.h"
#include "base/loopback.h"
#include "base/random.h"
#include "base/runtime-dir.h"
#include "base/unix-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BACKLOG        SOMAXCONN
#define RANDOM_NAME    8u  /* characters that tell daemons of one program apart */
#define PROGRAM_NAME   17u /* bytes of its name, so that the whole stays a RUNTIME_NAME_MAX */
#define SOCKET_ENVIRON "PYROPE_SOCKET"
#define SPARE_FILE     "/dev/null"

/* -- opening ---------------------------------------------------------------------------------- */

static int open_path(Listener *listener, const char *path, ErrorText *error)
{
        int r;

        listener->path = strdup(path);
        if (!listener->path)
                return -ENOMEM;
        r = listener->has_group
                    ? unix_listen_group(path, listener->group, BACKLOG, &listener->fd, error)
                    : unix_listen(path, BACKLOG, &listener->fd, error);
        switch (r) {
        case 0:
                listener->is_ours = true;
                return 0;
        case UNIX_E_IN_USE:
                return LISTENER_E_IN_USE;
        case UNIX_E_UNSAFE:
                return LISTENER_E_UNSAFE;
        case UNIX_E_TOO_LONG:
                return LISTENER_E_INVALID;
        case UNIX_E_TIMEOUT:
                return -ETIMEDOUT;
        default:
                return error_fold(r);
        }
}

/* RUNTIME/solver-k7m2xq9a.sock */
static int open_own(Listener *listener, ErrorText *error)
{
        CLEANUP(freep) char *directory = NULL;
        CLEANUP(freep) char *path = NULL;
        char name[RANDOM_NAME + 1];
        int r;

        r = runtime_dir_create(&directory, error);
        if (r == RUNTIME_DIR_E_UNUSABLE)
                return LISTENER_E_UNSAFE;
        if (r)
                return error_fold(r);
        random_id(name, RANDOM_NAME);
        if (asprintf(&path, "%s/%.*s-%s.sock", directory, (int)PROGRAM_NAME,
                     program_invocation_short_name, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return open_path(listener, path, error);
}

/* Takes the socket over. Whoever made it removes its file. */
static int open_inherited(Listener *listener, int fd, ErrorText *error)
{
        struct sockaddr_un address = { .sun_family = AF_UNSPEC };
        socklen_t n_address = sizeof(address);

        listener->fd = fd;
        if (getsockname(fd, (struct sockaddr *)&address, &n_address) < 0)
                return -errno;
        if (address.sun_family != AF_UNIX || n_address <= offsetof(struct sockaddr_un, sun_path) ||
            address.sun_path[0] == '\0') {
                error_text_set(error, "the inherited socket (LISTEN_FDS) is no Unix socket with a "
                                      "path; others are not served");
                return LISTENER_E_INVALID;
        }
        listener->path = strndup(address.sun_path, sizeof(address.sun_path));
        return listener->path ? 0 : -ENOMEM;
}

static int open_default(Listener *listener, ErrorText *error)
{
        const char *path = getenv(SOCKET_ENVIRON);
        int fds[LISTEN_FDS_MAX];
        size_t n_fds;
        int r;

        r = listen_fds_take(fds, &n_fds, error);
        if (r == LISTEN_FDS_E_INVALID)
                return LISTENER_E_INVALID;
        if (r)
                return error_fold(r);
        if (n_fds == 0)
                return path ? open_path(listener, path, error) : open_own(listener, error);
        if (n_fds == 1)
                return open_inherited(listener, fds[0], error);

        while (n_fds > 0)
                (void)close(fds[--n_fds]);
        error_text_set(error, "more than one socket was inherited (LISTEN_FDS); one is served");
        return LISTENER_E_INVALID;
}

int listener_allow(Listener *listener, const uid_t *uids, size_t n_uids)
{
        CLEANUP(freep) uid_t *before = NULL;
        uid_t *copy;

        copy = calloc(n_uids + 1, sizeof(*copy)); /* never of nothing, which may be NULL */
        if (!copy)
                return -ENOMEM;
        if (n_uids)
                memcpy(copy, uids, n_uids * sizeof(*copy));
        pthread_mutex_lock(&listener->lock);
        before = listener->uids;
        listener->uids = copy;
        listener->n_uids = n_uids;
        pthread_mutex_unlock(&listener->lock);
        return 0;
}

static int set_guests(Listener *listener, const ListenerGuests *guests)
{
        listener->has_group = guests->group;
        listener->group = guests->group ? *guests->group : 0;
        return listener_allow(listener, guests->uids, guests->n_uids);
}

bool listener_is_told(void)
{
        return listen_fds_are_given() || getenv(SOCKET_ENVIRON);
}

void listener_init(Listener *listener, uint64_t key)
{
        *listener = (Listener){ .fd = -1, .diag_fd = -1, .spare_fd = -1, .key = key };
        pthread_mutex_init(&listener->lock, NULL);
}

static int open_spare(Listener *listener)
{
        listener->spare_fd = open(SPARE_FILE, O_RDONLY | O_CLOEXEC);
        return listener->spare_fd < 0 ? -errno : 0;
}

int listener_open(Listener *listener, const char *path, const ListenerGuests *guests,
                  ErrorText *error)
{
        int r;

        r = set_guests(listener, guests);
        if (r == 0)
                r = path ? open_path(listener, path, error) : open_default(listener, error);
        if (r)
                return r;
        if (asprintf(&listener->location, "./u:%s", listener->path) < 0) {
                listener->location = NULL;
                return -ENOMEM;
        }
        return open_spare(listener);
}

int listener_open_tcp(Listener *listener, const char *where, const ListenerGuests *guests,
                      ErrorText *error)
{
        char own[LOOPBACK_WHERE_SIZE];
        int r;

        r = set_guests(listener, guests);
        if (r)
                return r;
        r = loopback_listen(where, BACKLOG, &listener->fd, own, error);
        if (r == LOOPBACK_E_INVALID)
                return LISTENER_E_INVALID;
        if (r == LOOPBACK_E_IN_USE)
                return LISTENER_E_IN_USE;
        if (r == 0)
                r = loopback_diag_open(&listener->diag_fd);
        if (r)
                return error_fold(r);
        listener->location = strdup(own);
        return listener->location ? open_spare(listener) : -ENOMEM;
}

int listener_start(Listener *listener, Poller *poller)
{
        int r = 0;

        /* A worker may see the first connection before poller_add() has returned here. */
        pthread_mutex_lock(&listener->lock);
        if (listener->fd >= 0)
                r = poller_add(poller, listener->fd, listener->key, EPOLLIN);
        if (r == 0)
                listener->poller = poller;
        pthread_mutex_unlock(&listener->lock);
        return r;
}

void listener_arm(Listener *listener)
{
        pthread_mutex_lock(&listener->lock);
        if (listener->fd >= 0)
                poller_arm(listener->poller, listener->fd, listener->key, EPOLLIN);
        pthread_mutex_unlock(&listener->lock);
}

void listener_close(Listener *listener)
{
        bool was_open;

        pthread_mutex_lock(&listener->lock);
        was_open = listener->fd >= 0;
        /* An inherited socket lives on elsewhere, so closing would not take it out of the set. */
        if (was_open && listener->poller)
                poller_remove(listener->poller, listener->fd);
        if (was_open)
                (void)close(TAKE_FD(listener->fd));
        pthread_mutex_unlock(&listener->lock);
        if (was_open && listener->is_ours)
                unix_remove(listener->path);
}

void listener_deinit(Listener *listener)
{
        listener_close(listener);
        closep(&listener->spare_fd);
        closep(&listener->diag_fd);
        free(listener->uids);
        free(listener->location);
        free(listener->path);
        pthread_mutex_destroy(&listener->lock);
}

/* -- accepting -------------------------------------------------------------------------------- */

static bool is_listed(Listener *listener, uid_t uid)
{
        bool is_found = false;

        pthread_mutex_lock(&listener->lock);
        for (size_t i = 0; i < listener->n_uids && !is_found; i++)
                is_found = listener->uids[i] == uid;
        pthread_mutex_unlock(&listener->lock);
        return is_found;
}

static bool is_allowed(Listener *listener, int fd, uid_t uid)
{
        return uid == geteuid() || is_listed(listener, uid) ||
               (listener->has_group && listener->path && unix_peer_is_in(fd, listener->group));
}

/* A descriptor, or an outcome. */
static int accept_one(Listener *listener, int *ret_fd)
{
        int fd;

        pthread_mutex_lock(&listener->lock);
        do
                fd = listener->fd < 0 ? -1 : accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
        while (fd < 0 && listener->fd >= 0 && (errno == EINTR || errno == ECONNABORTED));
        if (fd < 0 && listener->fd < 0)
                errno = EBADF;
        pthread_mutex_unlock(&listener->lock);
        if (fd >= 0) {
                *ret_fd = fd;
                return 0;
        }
        switch (errno) {
        case EAGAIN:
                return LISTENER_E_NONE;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
                return LISTENER_E_EXHAUSTED;
        default:
                return LISTENER_E_CLOSED;
        }
}

static int find_uid(Listener *listener, int fd, uid_t *ret)
{
        int r;

        if (listener->diag_fd < 0)
                return unix_peer_uid(fd, ret);
        pthread_mutex_lock(&listener->lock);
        r = loopback_peer_uid(listener->diag_fd, fd, ret);
        pthread_mutex_unlock(&listener->lock);
        return r;
}

int listener_accept(Listener *listener, int *ret_fd, uid_t *ret_uid)
{
        CLEANUP(closep) int fd = -1;
        uid_t uid;
        int r;

        r = accept_one(listener, &fd);
        if (r)
                return r;
        r = find_uid(listener, fd, &uid);
        if (r) {
                log_debug("refused a connection of an unknown user");
                return LISTENER_E_REFUSED;
        }
        if (!is_allowed(listener, fd, uid)) {
                log_debug("refused a connection of user %u", (unsigned)uid);
                return LISTENER_E_REFUSED;
        }
        *ret_fd = TAKE_FD(fd);
        *ret_uid = uid;
        return 0;
}

int listener_accept_spare(Listener *listener, int *ret_fd)
{
        closep(&listener->spare_fd);
        if (accept_one(listener, ret_fd) == 0)
                return 0;
        listener->spare_fd = open(SPARE_FILE, O_RDONLY | O_CLOEXEC);
        return LISTENER_E_NONE;
}

void listener_release_spare(Listener *listener, int fd)
{
        (void)close(fd);
        listener->spare_fd = open(SPARE_FILE, O_RDONLY | O_CLOEXEC);
}
