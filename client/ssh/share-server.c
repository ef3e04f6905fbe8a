/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-server.h"

#include "base/log.h"
#include "base/unix-socket.h"
#include "client/ssh/share-peer.h"
#include "client/where.h"
#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define BACKLOG     1024
#define TICK_MS     2000 /* the longest time in which it does not look whether it is still wanted */
#define TICK_MIN_MS 20
#define RECOVER_MS  100 /* before the next try where there are no descriptors left */

enum { POLL_STOP, POLL_WAKE, POLL_LISTEN, N_POLLED }; /* then one for each peer that is watched */

typedef struct Polled {
        struct pollfd fds[N_POLLED + SSH_SHARE_PEERS_MAX];
        SshSharePeer *peers[SSH_SHARE_PEERS_MAX]; /* whose the others are */
        nfds_t n;
} Polled;

static void lock(SshShareServer *server)
{
        (void)pthread_mutex_lock(&server->lock);
}

static void unlock(SshShareServer *server)
{
        (void)pthread_mutex_unlock(&server->lock);
}

/* -- peers ------------------------------------------------------------------------------------- */

static void welcome(SshShareServer *server, int fd)
{
        SshSharePeer *peer = NULL;
        uid_t uid;

        if (unix_peer_uid(fd, &uid) || uid != geteuid()) {
                log_debug("%s: a connection of another user is refused", server->path);
                (void)close(fd);
                return;
        }
        lock(server);
        peer = ssh_share_peer_start(server, fd, ++server->last_id);
        if (peer) {
                peer->next = server->peers;
                server->peers = peer;
                server->n_peers++;
        }
        unlock(server);
        if (!peer)
                (void)close(fd);
}

/* Return: 0, -errno. */
static int accept_all(SshShareServer *server)
{
        while (server->n_peers < SSH_SHARE_PEERS_MAX) {
                int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

                if (fd >= 0)
                        welcome(server, fd);
                else if (errno != EINTR && errno != ECONNABORTED)
                        return errno == EAGAIN ? 0 : -errno;
        }
        return 0;
}

/* Takes one out of the list that is over. NULL: there is none. */
static SshSharePeer *take_peer(SshShareServer *server)
{
        SshSharePeer **at = &server->peers, *peer;

        lock(server);
        while ((peer = *at) && !peer->is_over)
                at = &peer->next;
        if (peer) {
                *at = peer->next;
                server->n_peers--;
        }
        unlock(server);
        return peer;
}

static void reap(SshShareServer *server)
{
        SshSharePeer *peer;

        while ((peer = take_peer(server)))
                (void)ssh_share_peer_join(peer);
}

/* -- idle -------------------------------------------------------------------------------------- */

static bool is_waited_for(SshShareServer *server)
{
        bool is = false;

        lock(server);
        for (const SshSharePeer *peer = server->peers; peer; peer = peer->next)
                is |= peer->order || peer->is_joining;
        unlock(server);
        return is;
}

/* Beside those by which its own sessions go. */
static bool has_streams(SshShareServer *server)
{
        CLEANUP(freep) SshSession *sessions = NULL;
        size_t n = 0;

        if (ssh_pool_sessions(server->pool, &sessions, &n))
                return true; /* nobody knows */
        for (size_t i = 0; i < n; i++) {
                if (sessions[i].n_channels > sessions[i].n_hops)
                        return true;
        }
        return false;
}

/* Milliseconds until it has been idle for long enough. */
static int64_t idle_left_ms(SshShareServer *server)
{
        if (is_waited_for(server) || has_streams(server))
                atomic_store(&server->used_at_ms, clock_boottime_ms());
        return atomic_load(&server->used_at_ms) + server->idle_ms - clock_boottime_ms();
}

static bool is_vanished(const SshShareServer *server)
{
        struct stat st;

        return lstat(server->path, &st) < 0 || st.st_dev != server->device ||
               st.st_ino != server->inode;
}

static int tick_ms(int64_t left_ms)
{
        if (left_ms > TICK_MS)
                return TICK_MS;
        return left_ms < TICK_MIN_MS ? TICK_MIN_MS : (int)left_ms;
}

/* -- the loop ---------------------------------------------------------------------------------- */

/* Peers for which something is done. */
static void watch_peers(SshShareServer *server, Polled *polled)
{
        polled->n = N_POLLED;
        lock(server);
        for (SshSharePeer *peer = server->peers; peer; peer = peer->next) {
                if (!peer->order)
                        continue;
                polled->peers[polled->n - N_POLLED] = peer;
                polled->fds[polled->n++] =
                        (struct pollfd){ .fd = peer->is_gone ? -1 : peer->fd, .events = POLLRDHUP };
        }
        unlock(server);
}

/* What nobody waits for any more is taken back; again and again, for its thread may be about to
 * order it only now. */
static void leave_peers(SshShareServer *server, const Polled *polled)
{
        for (nfds_t i = N_POLLED; i < polled->n; i++) {
                SshSharePeer *peer = polled->peers[i - N_POLLED];
                bool is_gone;

                lock(server);
                peer->is_gone |= polled->fds[i].revents != 0;
                is_gone = peer->is_gone;
                unlock(server);
                if (is_gone)
                        ssh_pool_leave(server->pool, peer->id);
        }
}

static pyrope_status serve(SshShareServer *server, int stop_fd, Polled *polled,
                           pyrope_error **error)
{
        bool is_short = false; /* of descriptors or memory: look away from the listener */

        for (;;) {
                int64_t left_ms = idle_left_ms(server);
                bool is_full = server->n_peers == SSH_SHARE_PEERS_MAX;
                eventfd_t n;

                if (left_ms <= 0 || is_vanished(server))
                        return PYROPE_OK;
                polled->fds[POLL_STOP] = (struct pollfd){ .fd = stop_fd, .events = POLLIN };
                polled->fds[POLL_WAKE] = (struct pollfd){ .fd = server->wake_fd, .events = POLLIN };
                polled->fds[POLL_LISTEN] =
                        (struct pollfd){ .fd = is_short || is_full ? -1 : server->listen_fd,
                                         .events = POLLIN };
                watch_peers(server, polled);
                if (poll(polled->fds, polled->n, is_short ? RECOVER_MS : tick_ms(left_ms)) < 0) {
                        if (errno != EINTR)
                                return error_set(error, PYROPE_E_IO, "poll: %s", strerror(errno));
                        continue;
                }
                if (polled->fds[POLL_STOP].revents)
                        return PYROPE_OK;
                (void)eventfd_read(server->wake_fd, &n);
                leave_peers(server, polled);
                reap(server);
                is_short = polled->fds[POLL_LISTEN].revents && accept_all(server) < 0;
        }
}

/* Commands with many streams need many descriptors, all in one process. */
static void raise_limit(void)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
        }
}

static void close_socket(SshShareServer *server)
{
        closep(&server->listen_fd);
        if (!is_vanished(server))
                unix_remove(server->path);
}

pyrope_status ssh_share_server_run(SshShareServer *server, int stop_fd, pyrope_error **error)
{
        CLEANUP(freep) Polled *polled = calloc(1, sizeof(*polled));
        pyrope_status status;

        if (!polled)
                return error_nomem(error);
        raise_limit();
        atomic_store(&server->used_at_ms, clock_boottime_ms());
        status = serve(server, stop_fd, polled, error);
        close_socket(server);
        return status;
}

/* -- life -------------------------------------------------------------------------------------- */

static pyrope_status start_listening(SshShareServer *server, pyrope_error **error)
{
        ErrorText text = { "" };
        struct stat st;
        int r;

        r = unix_listen(server->path, BACKLOG, &server->listen_fd, &text);
        if (r)
                return where_fail_listen(r, &text, error);
        if (lstat(server->path, &st) < 0)
                return error_set(error, PYROPE_E_IO, "%s: %s", server->path, strerror(errno));
        server->device = st.st_dev;
        server->inode = st.st_ino;
        return PYROPE_OK;
}

static SshShareServer *server_new(int64_t idle_ms)
{
        SshShareServer *server = calloc(1, sizeof(*server));

        if (!server)
                return NULL;
        server->idle_ms = idle_ms ? idle_ms : SSH_SHARE_IDLE_MS;
        server->listen_fd = -1;
        (void)pthread_mutex_init(&server->lock, NULL); /* glibc's cannot fail */
        (void)pthread_mutex_init(&server->ask_lock, NULL);
        (void)pthread_cond_init(&server->unasked, NULL);
        server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        server->unask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return server;
}

pyrope_status ssh_share_server_new(const char *config_file, SshBackend backend,
                                   const char *directory, int64_t idle_ms, SshShareServer **ret,
                                   pyrope_error **error)
{
        CLEANUP(ssh_share_server_freep) SshShareServer *server = server_new(idle_ms);
        const SshAsk ask = { .fn = ssh_share_peer_ask,
                             .can = ssh_share_peer_can_ask,
                             .userdata = server };
        pyrope_status status;
        int r;

        if (!server)
                return error_nomem(error);
        if (server->wake_fd < 0 || server->unask_fd < 0)
                return error_set(error, PYROPE_E_IO, "eventfd: %s", strerror(errno));
        r = ssh_share_place_init(config_file, backend, &server->place);
        if (r)
                return error_set(error, PYROPE_E_IO, "what a session depends on: %s", strerror(-r));
        server->pool = ssh_pool_new(server->place.config_file, backend, &ask);
        if (!server->pool || asprintf(&server->path, "%s/%s", directory, server->place.name) < 0)
                return error_nomem(error);
        status = start_listening(server, error);
        if (!status)
                *ret = TAKE(server);
        return status;
}

/* Everybody is hung up on, and what is being done for them taken back, until no thread is left that
 * uses the pool. */
static void end_peers(SshShareServer *server)
{
        struct pollfd woken = { .fd = server->wake_fd, .events = POLLIN };
        eventfd_t n;

        for (;;) {
                reap(server);
                if (!server->peers)
                        return;
                lock(server);
                for (SshSharePeer *peer = server->peers; peer; peer = peer->next)
                        ssh_share_peer_end(peer);
                unlock(server);
                for (SshSharePeer *peer = server->peers; peer; peer = peer->next)
                        ssh_pool_leave(server->pool, peer->id);
                (void)poll(&woken, 1, TICK_MIN_MS);
                (void)eventfd_read(server->wake_fd, &n);
        }
}

SshShareServer *ssh_share_server_free(SshShareServer *server)
{
        if (!server)
                return NULL;
        if (server->listen_fd >= 0)
                close_socket(server);
        end_peers(server);
        (void)ssh_pool_free(server->pool);
        closep(&server->wake_fd);
        closep(&server->unask_fd);
        (void)pthread_cond_destroy(&server->unasked);
        (void)pthread_mutex_destroy(&server->ask_lock);
        (void)pthread_mutex_destroy(&server->lock);
        ssh_share_place_deinit(&server->place);
        free(server->path);
        free(server);
        return NULL;
}
