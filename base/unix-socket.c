/* SPDX-License-Identifier: MIT */

#include "base/unix-socket.h"

#include "base/private-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define LOCK_WAIT_MS      2000 /* the lock is held for microseconds; longer, its holder is stopped */
#define LOCK_STEP_MS      10
#define OVERFLOW_UID      65534u
#define OVERFLOW_UID_FILE "/proc/sys/kernel/overflowuid"

/* Every socket of ours. */
#define SOCKET_TYPE (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

int unix_path_check(const char *path, ErrorText *error)
{
        size_t n = strlen(path);

        if (path[0] != '/') {
                error_text_set(error, "%s: is not an absolute path", path);
                return UNIX_E_TOO_LONG;
        }
        if (n > UNIX_PATH_MAX_BYTES) {
                error_text_set(error,
                               "%s: has %zu bytes, the path of a socket may have %u; use a "
                               "directory with a shorter path",
                               path, n, UNIX_PATH_MAX_BYTES);
                return UNIX_E_TOO_LONG;
        }
        return 0;
}

static int address_init(struct sockaddr_un *address, const char *path, ErrorText *error)
{
        int r;

        r = unix_path_check(path, error);
        if (r)
                return r;
        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        memcpy(address->sun_path, path, strlen(path) + 1);
        return 0;
}

static int address_connect(int fd, const struct sockaddr_un *address)
{
        return connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
}

/* flock() has no deadline, so it is asked again; only one that stopped in between makes us wait. */
static int lock_wait(int fd)
{
        Deadline deadline = deadline_in(LOCK_WAIT_MS);

        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (deadline_passed(deadline))
                        return UNIX_E_TIMEOUT;
                (void)poll(NULL, 0, LOCK_STEP_MS);
        }
        return 0;
}

static void dir_of(const char *path, char ret[static UNIX_PATH_MAX_BYTES + 1])
{
        const char *slash = strrchr(path, '/');
        size_t n_dir = slash == path ? 1 : (size_t)(slash - path);

        memcpy(ret, path, n_dir);
        ret[n_dir] = '\0';
}

/* Locks the directory of a socket, which was checked; closing the descriptor unlocks it. */
static int dir_lock(const char *dir, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        int r;

        fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 ? -errno : lock_wait(fd);
        if (r) {
                error_text_set(error,
                               "%s: cannot be locked (%s); choose a directory on a local disk", dir,
                               r < 0 ? strerror(-r) : "another program holds the lock");
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Is the name free? 0 if nothing is there, UNIX_E_REFUSED if only a dead daemon's file is. */
static int address_probe(const struct sockaddr_un *address, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        struct stat st;
        int r;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : error_origin(-errno);
        if (!S_ISSOCK(st.st_mode)) {
                error_text_set(error,
                               "%s: exists, and is not a socket; remove it or choose "
                               "another name",
                               address->sun_path);
                return UNIX_E_UNSAFE;
        }
        fd = socket(AF_UNIX, SOCKET_TYPE, 0);
        if (fd < 0)
                return error_origin(-errno);

        r = address_connect(fd, address);
        if (r == -ECONNREFUSED)
                return UNIX_E_REFUSED;
        if (r == -ENOENT)
                return 0;
        error_text_set(error, "%s: is in use by another daemon", address->sun_path);
        return UNIX_E_IN_USE; /* connected, backlog full, or a socket of another type */
}

/* Before anybody can connect: nobody but us can put another file there. */
static int address_share(const struct sockaddr_un *address, const gid_t *group)
{
        if (!group)
                return 0;
        if (lchown(address->sun_path, (uid_t)-1, *group) < 0 || chmod(address->sun_path, 0660) < 0)
                return error_origin(-errno);
        return 0;
}

/* @group: NULL: none */
static int address_listen(const struct sockaddr_un *address, const gid_t *group, int backlog,
                          int *ret_fd)
{
        CLEANUP(closep) int fd = -1;
        int r;

        fd = socket(AF_UNIX, SOCKET_TYPE, 0);
        if (fd < 0)
                return error_origin(-errno);

        /* On Linux the mode of an unbound socket is that of the file bind() makes (less the
         * umask), so the file is never open to anybody else: no chmod() after the fact. */
        if (fchmod(fd, 0600) < 0)
                return error_origin(-errno);
        if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
                return error_origin(-errno);
        r = address_share(address, group);
        if (r == 0 && listen(fd, backlog) < 0)
                r = error_origin(-errno);
        if (r) {
                (void)unlink(address->sun_path);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* Removes what a dead daemon left at the address; the directory is locked. */
static int address_clear(const struct sockaddr_un *address, ErrorText *error)
{
        int r;

        r = address_probe(address, error);
        if (r != UNIX_E_REFUSED)
                return r;
        if (unlink(address->sun_path) < 0 && errno != ENOENT)
                return error_origin(-errno);
        return 0;
}

/* In a directory that was checked. */
static int listen_in(const char *dir, const struct sockaddr_un *address, const gid_t *group,
                     int backlog, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int lock_fd = -1;
        int r;

        r = dir_lock(dir, &lock_fd, error);
        if (r)
                return r;
        r = address_clear(address, error);
        if (r == 0)
                r = address_listen(address, group, backlog, ret_fd);
        if (r < 0)
                error_text_set(error, "%s: cannot listen: %s", address->sun_path, strerror(-r));
        return r;
}

int unix_listen(const char *path, int backlog, int *ret_fd, ErrorText *error)
{
        char dir[UNIX_PATH_MAX_BYTES + 1];
        struct sockaddr_un address;
        int r;

        r = address_init(&address, path, error);
        if (r)
                return r;
        dir_of(path, dir);
        r = private_dir_check(dir, error);
        if (r)
                return r > 0 ? UNIX_E_UNSAFE : r;
        return listen_in(dir, &address, NULL, backlog, ret_fd, error);
}

int unix_listen_group(const char *path, gid_t group, int backlog, int *ret_fd, ErrorText *error)
{
        CLEANUP(closep) int fd = -1;
        char dir[UNIX_PATH_MAX_BYTES + 1];
        struct sockaddr_un address;
        int r;

        r = address_init(&address, path, error);
        if (r)
                return r;
        dir_of(path, dir);
        r = shared_dir_check(dir, &group, error);
        if (r)
                return r > 0 ? UNIX_E_UNSAFE : r;
        r = listen_in(dir, &address, &group, backlog, &fd, error);
        if (r)
                return r;
        r = shared_dir_open(dir, group, error);
        if (r) {
                (void)unlink(path);
                return r > 0 ? UNIX_E_UNSAFE : r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

void unix_remove(const char *path)
{
        CLEANUP(closep) int lock_fd = -1;
        char dir[UNIX_PATH_MAX_BYTES + 1];
        struct sockaddr_un address;

        if (address_init(&address, path, NULL))
                return;
        dir_of(path, dir);
        if (shared_dir_check(dir, NULL, NULL) == 0 && dir_lock(dir, &lock_fd, NULL) == 0)
                (void)address_clear(&address, NULL); /* what stays is cleared at the next start */
}

/* A full backlog cannot be polled for; but a blocking connect() waits for room, for as long as the
 * send timeout says. */
static int connect_waiting(int fd, const struct sockaddr_un *address, Deadline deadline)
{
        int left_ms;
        int r;

        if (fcntl(fd, F_SETFL, 0) < 0)
                return error_origin(-errno);
        do {
                struct timeval timeout = { 0 }; /* 0 is no limit */

                left_ms = deadline_left_ms(deadline);
                if (left_ms == 0)
                        return -EAGAIN;
                if (left_ms > 0)
                        timeout = (struct timeval){ left_ms / 1000, left_ms % 1000 * 1000 };
                if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
                        return error_origin(-errno);
                r = address_connect(fd, address);
        } while (r == -EINTR);
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return error_origin(-errno);
        return r;
}

static int connect_outcome(int r)
{
        switch (-r) {
        case 0:
                return 0;
        case EAGAIN:
                return UNIX_E_TIMEOUT;
        case ENOENT:
        case ENOTDIR:
        case ECONNREFUSED:
                return UNIX_E_REFUSED;
        case EACCES:
        case EPERM:
                return UNIX_E_DENIED;
        default:
                return error_origin(r);
        }
}

int unix_connect(const char *path, Deadline deadline, int *ret_fd)
{
        CLEANUP(closep) int fd = -1;
        struct sockaddr_un address;
        int r;

        r = address_init(&address, path, NULL);
        if (r)
                return r;
        fd = socket(AF_UNIX, SOCKET_TYPE, 0);
        if (fd < 0)
                return error_origin(-errno);

        r = address_connect(fd, &address);
        if (r == -EAGAIN)
                r = connect_waiting(fd, &address, deadline);
        r = connect_outcome(r);
        if (r)
                return r;

        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The uid the kernel shows for one that has no number in our user namespace. Does not change while
 * we run, and is asked for at each accepted connection, so it is read once. */
static uid_t overflow_uid(void)
{
        static uid_t known; /* 0 if not yet */
        CLEANUP(closep) int fd = -1;
        char digits[16] = "";
        uid_t uid = __atomic_load_n(&known, __ATOMIC_RELAXED);

        if (uid)
                return uid;
        fd = open(OVERFLOW_UID_FILE, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && read(fd, digits, sizeof(digits) - 1) > 0)
                uid = (uid_t)strtoul(digits, NULL, 10);
        if (!uid)
                uid = OVERFLOW_UID;
        __atomic_store_n(&known, uid, __ATOMIC_RELAXED);
        return uid;
}

bool unix_uid_is_known(uid_t uid)
{
        return uid != (uid_t)-1 && uid != overflow_uid();
}

int unix_peer_uid(int fd, uid_t *ret_uid)
{
        struct ucred peer;
        socklen_t n = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
                return error_origin(-errno);

        /* -1 is what a socket without a Unix peer shows. */
        if (!unix_uid_is_known(peer.uid))
                return UNIX_E_DENIED;

        *ret_uid = peer.uid;
        return 0;
}

static bool has_gid(const gid_t *gids, size_t n, gid_t group)
{
        for (size_t i = 0; i < n; i++)
                if (gids[i] == group)
                        return true;
        return false;
}

bool unix_peer_is_in(int fd, gid_t group)
{
        CLEANUP(freep) gid_t *gids = NULL;
        struct ucred peer;
        socklen_t n = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
                return false;
        if (peer.gid == group)
                return true;
        n = 0;
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &n); /* says how long they are */
        gids = malloc(n + 1);
        if (!gids || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids, &n) < 0)
                return false;
        return has_gid(gids, n / sizeof(*gids), group);
}

int unix_socketpair(int ret_fds[static 2])
{
        return socketpair(AF_UNIX, SOCKET_TYPE, 0, ret_fds) < 0 ? error_origin(-errno) : 0;
}
