/* SPDX-License-Identifier: MIT */

#include "broker/intake.h"

#define LONG_STAY 8 /* calls, after which a conversation is worth leaving the epoll set for */

void intake_begin(Intake *intake, Daemon *daemon)
{
        intake->daemon = daemon;
        intake->spin = (Spin){ .max_us = daemon->spin_us };
        patrol_join(&daemon->patrol, &intake->post);
}

void intake_end(Intake *intake)
{
        patrol_leave(&intake->daemon->patrol, &intake->post);
}

void intake_open(Intake *intake, const Peer *peer)
{
        intake->is_hot = false;
        intake->n_stays = 0;
        if (peer->in.n > 0)
                intake->window = (Window){ .bytes = peer->in.data, .n = peer->in.n };
        else
                intake->window = (Window){ .bytes = intake->bytes };
}

int intake_keep_rest(Intake *intake, Peer *peer)
{
        Window window = intake->window;
        int r = 0;

        intake->window = (Window){ .bytes = intake->bytes };
        if (window.n > 0 && window.bytes == peer->in.data)
                buffer_consume(&peer->in, window.at);
        else
                r = buffer_append(&peer->in, window.bytes + window.at, window.n - window.at);
        if (peer->in.n == 0)
                buffer_deinit(&peer->in); /* an idle connection owns next to nothing */
        return r ? r : peer_hold_in(peer);
}

/* While others watch the rest, and somebody sees to it that the wait ends. */
static bool may_wait(const Intake *intake)
{
        const Daemon *daemon = intake->daemon;

        return pool_has_waiting(&daemon->pool) && patrol_is_running(&daemon->patrol) &&
               !schedule_is_stopping(&daemon->schedule);
}

/* In the set, even where nothing is reported, each message costs a walk through it. */
static void count_stay(Intake *intake, Peer *peer)
{
        if (++intake->n_stays < LONG_STAY || peer->is_out)
                return;
        poller_remove(&intake->daemon->poller, peer->fd);
        peer->is_out = true;
}

static int spin(Intake *intake, Peer *peer)
{
        size_t n = 0;
        int r = peer_spin(peer, &intake->spin, intake->bytes, sizeof(intake->bytes), &n);

        intake->window = (Window){ .bytes = intake->bytes, .n = n };
        return r;
}

static int receive(Intake *intake, Peer *peer, size_t n_needed, bool is_patient)
{
        size_t n = 0;
        int r;

        if (peer->in.n > 0) {
                r = peer_receive_more(peer, n_needed, is_patient);
                intake->window = (Window){ .bytes = peer->in.data, .n = peer->in.n };
        } else {
                r = peer_receive(peer, intake->bytes, sizeof(intake->bytes), is_patient, &n);
                intake->window = (Window){ .bytes = intake->bytes, .n = n };
        }
        return r;
}

static int wait_and_receive(Intake *intake, Peer *peer, size_t n_needed)
{
        Patrol *patrol = &intake->daemon->patrol;
        int r;

        count_stay(intake, peer);
        if (spin_is_on(&intake->spin) && peer->in.n == 0) {
                r = spin(intake, peer);
                if (r != PEER_E_AGAIN)
                        return r;
        }
        patrol_wait_begin(patrol, &intake->post);
        r = receive(intake, peer, n_needed, /* is_patient= */ true);
        patrol_wait_end(patrol, &intake->post);
        return r;
}

int intake_receive(Intake *intake, Peer *peer, size_t n_needed)
{
        int r;

        r = intake_keep_rest(intake, peer);
        if (r)
                return r;
        if ((peer->in.n > 0 || intake->is_hot) && may_wait(intake))
                return wait_and_receive(intake, peer, n_needed);
        return receive(intake, peer, n_needed, /* is_patient= */ false);
}
