/* SPDX-License-Identifier: MIT */

#include "broker/admit.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <sys/epoll.h>

#define ACCEPTS_MAX 64 /* at one event, so that others have their turn */

static void tell(Call *call, int fd, const char *text)
{
        SessionReject reject = { .serializer = FRAME_SERIALIZER_MSGPACK };
        Answer answer;

        (void)snprintf(reject.text, sizeof(reject.text), "%s", text);
        call_reset(call);
        if (dispatch_reject(&reject, call, &answer) == 0)
                peer_refuse(fd, &answer);
}

/* The user is there already; his peer is made, and may be served before this returns. */
static void let_in(Daemon *daemon, int fd, QuotaUser *user, unsigned which)
{
        uint64_t key;
        Peer *peer;

        peer = peer_new(fd, user, daemon->message_max);
        if (!peer) {
                quota_leave(user);
                (void)close(fd);
                return;
        }
        peer->caller.listener = which;
        peer->is_inet = which == DAEMON_TCP;
        if (peer_table_add(&daemon->peers, peer)) {
                peer_free(peer);
                return;
        }
        LOG_CONTEXT("conn", peer->caller.number);
        log_debug("opened by user %u", (unsigned)user->uid);
        atomic_store(&peer->deadline, clock_boottime_ms() + PEER_HANDSHAKE_MS);
        poller_need_tick(&daemon->poller);
        key = peer_key(peer);
        atomic_store_explicit(&peer->is_armed, true, memory_order_release);
        if (poller_add(&daemon->poller, fd, key, EPOLLIN)) {
                peer_table_remove(&daemon->peers, peer); /* it is in no set, so it is still ours */
                peer_free(peer);
        }
}

static void admit(Daemon *daemon, int fd, uid_t uid, unsigned which, Call *call)
{
        char text[QUOTA_TEXT_SIZE] = "the daemon is out of memory";
        QuotaUser *user;

        if (quota_enter(&daemon->quota, uid, &user, text) == 0) {
                let_in(daemon, fd, user, which);
                return;
        }
        tell(call, fd, text);
        (void)close(fd);
}

/* No descriptor is left: tells those who wait, then looks again at the next tick. */
static void pause_listener(Daemon *daemon, Listener *listener, Call *call)
{
        int fd;

        log_debug("out of file descriptors: not accepting for %d ms", POLLER_TICK_MS);
        for (int i = 0; i < ACCEPTS_MAX; i++) {
                if (listener_accept_spare(listener, &fd))
                        break;
                tell(call, fd, "the daemon has no room for another connection");
                listener_release_spare(listener, fd);
        }
        atomic_store(&listener->is_paused, true);
        poller_need_tick(&daemon->poller);
}

void admit_peers(Daemon *daemon, unsigned which, Call *call)
{
        Listener *listener = &daemon->listeners[which];
        int r = 0;
        uid_t uid;
        int fd;

        for (int i = 0; i < ACCEPTS_MAX && (r == 0 || r == LISTENER_E_REFUSED); i++) {
                r = listener_accept(listener, &fd, &uid);
                if (r == 0)
                        admit(daemon, fd, uid, which, call);
        }
        if (r == LISTENER_E_EXHAUSTED)
                pause_listener(daemon, listener, call);
        else
                listener_arm(listener);
}

void admit_again(Daemon *daemon)
{
        for (size_t i = 0; i < DAEMON_LISTENERS; i++)
                if (atomic_load(&daemon->listeners[i].is_paused) &&
                    atomic_exchange(&daemon->listeners[i].is_paused, false))
                        listener_arm(&daemon->listeners[i]);
}
