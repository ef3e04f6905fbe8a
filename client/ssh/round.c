/* SPDX-License-Identifier: MIT */

#include "client/ssh/round.h"

#include "client/ssh/links.h"
#include "client/ssh/step.h"

#include <errno.h>
#include <libssh/server.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#define READ_BYTES    4096u
#define READ_ROUNDS   64u /* of so many, then the streams have their turn */
#define SETTLE_ROUNDS 16u
#define LONG_NS       5000000 /* a round that takes so long is cut short, for others have deadlines */
#define FDS_OF_LINK   3u
#define OVER_MAX      4u /* streams that nobody waits for: then they are closed */

#define MUCH_BYTES       16384u /* from one round to the next: more than small calls are */
#define ANSWER_MAX_BYTES 256u   /* to a question whether the host is there, as it comes */

/* -- answers ----------------------------------------------------------------------------------- */

static void answer(SshLink *link, SshStream *stream, pyrope_status status,
                   const pyrope_error *error)
{
        if (stream->is_answered)
                return;
        stream->is_answered = true;
        ssh_shared_lock(link->shared);
        ssh_request_answer(stream->request, status, error);
        ssh_shared_unlock(link->shared);
        if (status)
                ssh_stream_abandon(stream);
}

/* -- the list of streams ----------------------------------------------------------------------- */

static int streams_reserve(SshLink *link)
{
        size_t n = link->n_allocated ? link->n_allocated * 2 : 8;
        SshStream **streams;
        struct pollfd *polled;

        if (link->n_streams < link->n_allocated)
                return 0;
        streams = reallocarray(link->streams, n, sizeof(*streams));
        if (!streams)
                return -ENOMEM;
        link->streams = streams;
        polled = reallocarray(link->polled, n + FDS_OF_LINK, sizeof(*polled));
        if (!polled)
                return -ENOMEM;
        link->polled = polled;
        link->n_allocated = n;
        return 0;
}

/* With the lock held. */
static void add_stream(SshLink *link, SshRequest *request)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshStream *stream = NULL;
        pyrope_status status;

        if (link->n_streams == SSH_LINK_STREAMS_MAX) {
                status = error_set(&error, PYROPE_E_DENIED, "%s: %u channels are open already",
                                   link->settings.label, SSH_LINK_STREAMS_MAX);
                ssh_request_drop(request, status, error);
                return;
        }
        if (!streams_reserve(link))
                stream = ssh_stream_new(request, link->connection.session, &link->pace,
                                        link->settings.label);
        if (stream) {
                link->streams[link->n_streams++] = stream;
                if (stream->direct)
                        ssh_direct_join(stream->direct, link, stream);
        } else {
                ssh_request_drop(request, PYROPE_E_NOMEM, NULL);
        }
}

static void remove_stream(SshLink *link, size_t i)
{
        SshStream *stream = link->streams[i];

        ssh_shared_lock(link->shared);
        link->streams[i] = link->streams[--link->n_streams];
        (void)ssh_request_unref(stream->request);
        ssh_shared_unlock(link->shared);
        (void)ssh_stream_free(stream);
}

/* -- a round ----------------------------------------------------------------------------------- */

static bool is_lost(const SshLink *link)
{
        return ssh_step_is_lost(link->connection.session);
}

static pyrope_status fail_lost(const SshLink *link, pyrope_error **error)
{
        char why[sizeof(link->shown.reason)];

        if (ssh_links_lost_hop(link, why, sizeof(why)))
                return error_set(error, PYROPE_E_UNREACHABLE, "%s: the way there broke: %s",
                                 link->settings.label, why);
        return error_set(error, PYROPE_E_UNREACHABLE, "%s: the SSH connection broke: %s",
                         link->settings.label, ssh_get_error(link->connection.session));
}

/* Requests that wait become streams. */
static void take_requests(SshLink *link)
{
        SshRequest *queue, *request;

        ssh_shared_lock(link->shared);
        queue = ssh_link_take(link);
        while ((request = queue)) {
                queue = request->next;
                if (request->is_given_up)
                        ssh_request_drop(request, PYROPE_E_CLOSED, NULL);
                else
                        add_stream(link, request);
        }
        ssh_shared_unlock(link->shared);
}

/* Takes what others left. Return: PYROPE_OK, PYROPE_E_CLOSED if the pool ends. */
static pyrope_status take_orders(SshLink *link)
{
        struct pollfd stop = { .fd = link->shared->stop_fd, .events = POLLIN };
        eventfd_t n;

        (void)eventfd_read(link->wake_fd, &n);
        if (poll(&stop, 1, 0) > 0)
                return PYROPE_E_CLOSED;
        ssh_shared_lock(link->shared);
        for (size_t i = 0; i < link->n_streams; i++) {
                if (link->streams[i]->request->is_given_up)
                        ssh_stream_abandon(link->streams[i]);
        }
        ssh_shared_unlock(link->shared);
        take_requests(link);
        return PYROPE_OK;
}

/* Packets that go together cost sshd a turn in all, not each. */
void ssh_round_cork(SshLink *link)
{
        if (!link->is_corked)
                ssh_step_cork(ssh_get_fd(link->connection.session), true);
        link->is_corked = true;
}

void ssh_round_uncork(SshLink *link)
{
        if (link->is_corked)
                ssh_step_cork(ssh_get_fd(link->connection.session), false);
        link->is_corked = false;
}

static int64_t now_ns(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Whether a host that sends without end, in packets as small and dear as can be, has had enough. */
static bool is_long(const SshLink *link)
{
        return now_ns() - link->round_ns > LONG_NS;
}

/* Has libssh read what is there, and write what it holds. It reads READ_BYTES at once, so that was
 * all if it read less. The first bytes of a channel have it widen the window by a packet, which
 * waits for the next one that is ours: who wants the bytes need not wait until it is on its way. */
static void run_libssh(SshLink *link)
{
        uint64_t n_bytes;

        if (link->n_fresh)
                ssh_round_cork(link);
        for (unsigned i = 0; i < READ_ROUNDS; i++) {
                n_bytes = link->bytes.in_bytes;
                if (ssh_event_dopoll(link->event, 0) != SSH_OK ||
                    link->bytes.in_bytes - n_bytes < READ_BYTES || is_long(link))
                        return;
        }
}

static Deadline first_deadline(const SshLink *link)
{
        Deadline first = DEADLINE_NONE;

        for (size_t i = 0; i < link->n_streams; i++) {
                if (!link->streams[i]->is_answered && !link->streams[i]->is_abandoned)
                        first = deadline_min(first, link->streams[i]->request->deadline);
        }
        return first;
}

/* Without the lock: what others do meanwhile wakes it, or is no concern of who polls. */
static int poll_unlocked(SshLink *link, int wait_ms)
{
        int n;

        link->helm.n_woken = link->helm.n_over;
        ssh_helm_unlock(link);
        n = poll(link->polled, link->n_streams + FDS_OF_LINK, wait_ms);
        link->round_ns = now_ns();
        ssh_helm_lock(link);
        return n;
}

/* sshd sends small packets at once only if all before them are acknowledged. The kernel does that
 * with our next packet, or late; so it is told if there is no next one. */
static void acknowledge(SshLink *link)
{
        if (link->n_acknowledged == link->bytes.in_bytes || link->is_acknowledged)
                return;
        if (link->n_sent_before == link->bytes.out_bytes)
                ssh_step_acknowledge(ssh_get_fd(link->connection.session));
        link->n_acknowledged = link->bytes.in_bytes;
}

static void keep_pace(SshLink *link, bool is_full)
{
        if (ssh_pace_look(&link->pace, clock_coarse_ms(), link->bytes.out_bytes, is_full))
                ssh_step_hold(ssh_get_fd(link->connection.session), (int)link->pace.n_unsent);
}

/* What is written before a poll may be answered by what it finds. A write may have had libssh read
 * as well, which is no answer to that write. */
static void note_sent(SshLink *link, bool is_full)
{
        uint64_t n = link->bytes.out_bytes - link->n_sent_seen;

        link->n_sent_seen = link->bytes.out_bytes;
        if (n && (is_full || n > MUCH_BYTES))
                link->slow_until_ms =
                        ssh_alive_slow_until(link->slow_until_ms, n, clock_boottime_ms());
        if (atomic_load_explicit(&link->n_received, memory_order_relaxed) == link->bytes.in_bytes)
                link->n_sent_polled = link->bytes.out_bytes;
}

static void wait_for_events(SshLink *link, Deadline until)
{
        bool is_full = ssh_helm_is_full(link);
        short events = is_full ? POLLIN | POLLOUT : POLLIN;
        Deadline first = deadline_min(first_deadline(link), until);
        bool is_late = link->is_unsettled || (link->n_over && link->helm.is_idle);
        int wait_ms = is_late ? 0 : deadline_left_ms(first);
        int n;

        link->polled[0] =
                (struct pollfd){ .fd = ssh_get_fd(link->connection.session), .events = events };
        link->polled[1] = (struct pollfd){ .fd = link->wake_fd, .events = POLLIN };
        link->polled[2] = (struct pollfd){ .fd = link->timer_fd, .events = POLLIN };
        for (size_t i = 0; i < link->n_streams; i++)
                link->polled[i + FDS_OF_LINK] = ssh_stream_events(link->streams[i], is_full);
        link->is_room_awaited = is_full;
        ssh_round_uncork(link);
        keep_pace(link, is_full);
        acknowledge(link);
        note_sent(link, is_full);
        /* Whatever it says, the rest of the round finds out by itself. */
        n = poll_unlocked(link, wait_ms);
        if (n < 0) {
                for (size_t i = 0; i < link->n_streams + FDS_OF_LINK; i++)
                        link->polled[i].revents = 0;
        }
        for (size_t i = 0; i < FDS_OF_LINK; i++)
                n -= link->polled[i].revents != 0;
        link->n_ready = n > 0 ? (size_t)n : 0;
}

/* Each round begins with another stream, so that none is always behind a busy one. */
static void feed_streams(SshLink *link)
{
        size_t n = link->n_streams;

        if (link->n_ready > 1)
                ssh_round_cork(link);
        for (size_t k = 0; k < n && link->n_ready; k++) {
                size_t i = (link->first + k) % n;

                if (link->polled[i + FDS_OF_LINK].revents)
                        ssh_stream_feed(link->streams[i], link->polled[i + FDS_OF_LINK].revents,
                                        ssh_helm_is_full(link));
        }
        link->first++;
}

static void expire(SshLink *link, SshStream *stream)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;

        if (stream->is_answered || stream->is_abandoned)
                return;
        status = ssh_request_expire(stream->request, link->settings.label, &error);
        if (status)
                answer(link, stream, status, error);
}

/* A command that has ended: what it wrote goes to the caller. */
static void finish_command(SshLink *link, SshStream *stream)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        const char *command = stream->request->command;
        pyrope_status status = PYROPE_OK;

        if (stream->is_too_much)
                status = error_set(&error, PYROPE_E_TOO_LARGE, "%s: '%s' wrote more than %u bytes",
                                   link->settings.label, command, SSH_OUTPUT_MAX_BYTES);
        else if (stream->exit_status < 0)
                status = error_set(&error, PYROPE_E_UNREACHABLE,
                                   "%s: '%s' ended without telling how", link->settings.label,
                                   command);
        else if (buffer_append(&stream->request->output.text, "", 1))
                status = error_nomem(&error);
        else
                stream->request->output.text.n--;
        stream->request->output.exit_status = stream->exit_status;
        link->is_acknowledged = true;
        answer(link, stream, status, error);
}

static void settle_stream(SshLink *link, SshStream *stream)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        bool was_open = stream->state == SSH_STREAM_OPEN;
        pyrope_status status;

        status = ssh_stream_settle(stream, &error);
        if (is_lost(link))
                return; /* what it says then is not the host's answer */
        if (status) {
                answer(link, stream, status, error);
                return;
        }
        if (!was_open && stream->state >= SSH_STREAM_OPEN && !stream->is_abandoned)
                atomic_fetch_add(&link->shared->n_channels, 1);
        if (!ssh_request_is_collected(stream->request) && stream->state >= SSH_STREAM_OPEN)
                answer(link, stream, PYROPE_OK, NULL);
        if (ssh_request_is_collected(stream->request) && stream->state == SSH_STREAM_OVER)
                finish_command(link, stream);
}

/* Who waits for it, and who might. */
static void note_stream(SshLink *link, SshStream *stream)
{
        if (!stream->is_answered && !stream->is_abandoned)
                link->n_unanswered++;
        link->n_fresh += stream->state == SSH_STREAM_OPEN && !stream->has_got;
        if (stream->direct)
                ssh_direct_rouse(stream->direct);
        if (stream->has_moved)
                link->moved_ms = clock_coarse_ms();
        stream->has_moved = false;
}

/* To close a channel takes the host as long as to open one, so who waits for the host does not do
 * it first. Several go together. */
static bool is_time_to_close(const SshLink *link)
{
        return link->helm.is_idle || link->n_over >= OVER_MAX;
}

static void settle_once(SshLink *link)
{
        bool is_time = is_time_to_close(link);

        link->n_unanswered = link->n_over = link->n_fresh = 0;
        for (size_t i = link->n_streams; i-- > 0;) {
                settle_stream(link, link->streams[i]);
                if (is_lost(link))
                        return; /* who waits is told so by ssh_round_end() */
                expire(link, link->streams[i]);
                note_stream(link, link->streams[i]);
                if (link->streams[i]->state != SSH_STREAM_OVER)
                        continue;
                if (is_time || !link->streams[i]->is_abandoned)
                        remove_stream(link, i);
                else
                        link->n_over++;
        }
}

/* libssh may read more from the socket in the middle of this, also where a channel is closed, and
 * call back for a stream that had its turn already: so until nothing new has come. A host that
 * sends without end gets no more of our time than others. */
static void settle_streams(SshLink *link)
{
        uint64_t n_bytes = 0;

        for (unsigned i = 0; i < SETTLE_ROUNDS; i++) {
                n_bytes = link->bytes.in_bytes;
                settle_once(link);
                link->is_unsettled = n_bytes != link->bytes.in_bytes;
                if (!link->is_unsettled || is_long(link))
                        break;
        }
        link->n_settled = n_bytes;
}

/* For those who look from outside. */
static void publish(SshLink *link)
{
        uint64_t took_us = (uint64_t)(now_ns() - link->round_ns) / 1000;

        if (atomic_load_explicit(&link->n_received, memory_order_relaxed) != link->bytes.in_bytes) {
                atomic_store_explicit(&link->n_received, link->bytes.in_bytes,
                                      memory_order_relaxed);
                atomic_store_explicit(&link->received_at_ms, clock_boottime_ms(),
                                      memory_order_relaxed);
                link->n_sent_ago = link->n_sent_polled;
                link->n_asked = 0;
        }
        atomic_store_explicit(&link->n_sent, link->bytes.out_bytes, memory_order_relaxed);
        if (took_us > atomic_load_explicit(&link->longest_turn_us, memory_order_relaxed))
                atomic_store_explicit(&link->longest_turn_us, took_us, memory_order_relaxed);
}

static bool is_cheated(const SshLink *link)
{
        for (size_t i = 0; i < link->n_streams; i++) {
                if (link->streams[i]->is_cheated)
                        return true;
        }
        return false;
}

static SshAliveTime clocks(void)
{
        struct timespec mono;

        clock_gettime(CLOCK_MONOTONIC, &mono); /* cannot fail */
        return (SshAliveTime){ .boot_ms = clock_boottime_ms(),
                               .mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000 };
}

/* A timer of the clock that goes on during a suspend is over as soon as the computer is awake. */
static void set_timer(SshLink *link, int64_t at_ms)
{
        const struct itimerspec at = { .it_value = { .tv_sec = at_ms / 1000,
                                                     .tv_nsec = at_ms % 1000 * 1000000 } };

        (void)timerfd_settime(link->timer_fd, TFD_TIMER_ABSTIME, &at, NULL); /* cannot fail */
}

/* A global request that every sshd refuses. The first of the two may only take the answer to the
 * last one; libssh has one request of the kind under way, and counts all that it reads. */
static void ask(SshLink *link)
{
        uint64_t n_sent = link->bytes.out_bytes;

        (void)ssh_send_keepalive(link->connection.session);
        (void)ssh_send_keepalive(link->connection.session);
        link->n_asked += link->bytes.out_bytes - n_sent;
        link->n_heard_asked = link->bytes.in_bytes;
}

/* Whether somebody may wait for bytes: something was sent since the last came, or it is not known
 * whether these were the last of what was to come, for the host was not asked since. */
static bool is_owed(const SshLink *link)
{
        uint64_t n_sent = link->bytes.out_bytes - link->n_sent_ago;
        uint64_t n_heard = link->bytes.in_bytes - link->n_heard_asked;

        return n_sent > link->n_asked || (link->n_streams && n_heard > ANSWER_MAX_BYTES);
}

/* Without one, the session is judged as if the second connection had failed. */
static void begin_probe(SshLink *link)
{
        const SshHop hop = ssh_links_beside(link);

        link->probe = ssh_probe_start(&link->settings, &hop);
}

static void end_probe(SshLink *link)
{
        if (!link->probe)
                return;
        ssh_probe_stop(link->probe);
        ssh_links_leave(link->shared, ssh_links_beside_group(link));
        link->probe = ssh_probe_end(link->probe);
}

static SshAliveSeen see(SshLink *link)
{
        SshAliveSeen seen = {
                .n_heard = link->bytes.in_bytes,
                .heard_at_ms = atomic_load(&link->received_at_ms),
                .is_owed = is_owed(link),
                .slow_until_ms = link->slow_until_ms,
                .may_probe = link->n_streams && ssh_probe_is_possible(&link->settings),
        };

        ssh_probe_look(link->probe, &seen);
        if (seen.answered_at_ms)
                ssh_probe_look_at(ssh_get_fd(link->connection.session), &link->n_taken, &seen);
        return seen;
}

static pyrope_status fail_silent(const SshLink *link, int64_t now_ms, pyrope_error **error)
{
        const SshAlive *alive = &link->alive;
        char beaten[64] = "";

        if (alive->is_beaten)
                (void)snprintf(beaten, sizeof(beaten),
                               ", while a new connection was answered in %lld ms",
                               (long long)alive->beaten_in_ms);
        return error_set(error, PYROPE_E_UNREACHABLE,
                         "%s: the SSH connection broke: silent for %lld s%s%s",
                         link->settings.label, (long long)(now_ms - alive->heard_at_ms) / 1000,
                         alive->is_awake ? ", in which this computer slept" : "", beaten);
}

/* The timer is over; all that lay in the socket was read. */
static pyrope_status check_life(SshLink *link, pyrope_error **error)
{
        const SshAliveTime now = clocks();
        SshAliveSays says;
        SshAliveSeen seen;
        int64_t next_ms;

        publish(link);
        seen = see(link);
        says = ssh_alive_judge(&link->alive, &seen, &now, &next_ms);
        if (says == SSH_ALIVE_LOST)
                return fail_silent(link, now.boot_ms, error);
        if (says == SSH_ALIVE_ASK)
                ask(link);
        if (says == SSH_ALIVE_PROBE || !link->alive.probed_at_ms)
                end_probe(link);
        if (says == SSH_ALIVE_PROBE)
                begin_probe(link);
        set_timer(link, next_ms);
        return PYROPE_OK;
}

/* The host is asked for what is wanted before anybody waits. */
static void open_requested(SshLink *link)
{
        size_t n = link->n_streams;

        if (!atomic_load(&link->has_requests))
                return;
        take_requests(link);
        for (; n < link->n_streams && !is_lost(link); n++)
                settle_stream(link, link->streams[n]);
}

pyrope_status ssh_round(SshLink *link, Deadline until, pyrope_error **error)
{
        pyrope_status status;

        open_requested(link);
        if (is_lost(link))
                return fail_lost(link, error);
        wait_for_events(link, until);
        if (link->polled[0].revents)
                run_libssh(link);
        link->n_sent_before = link->bytes.out_bytes;
        feed_streams(link);
        if (link->polled[2].revents) {
                status = check_life(link, error);
                if (status)
                        return status;
        }
        if (link->polled[1].revents) {
                status = take_orders(link);
                if (status)
                        return error_set(error, status, "%s: the program ends",
                                         link->settings.label);
        }
        settle_streams(link);
        publish(link);
        if (is_lost(link))
                return fail_lost(link, error);
        if (is_cheated(link))
                return error_set(error, PYROPE_E_PROTOCOL, "%s: sends more than it was allowed to",
                                 link->settings.label);
        return PYROPE_OK;
}

/* -- the phase between ------------------------------------------------------------------------- */

/* Nothing has been opened for it, so it may wait for the next session. */
static bool is_to_be_kept(const SshStream *stream, pyrope_status status)
{
        return stream->state == SSH_STREAM_OPENING && !stream->is_answered &&
               !stream->is_abandoned && ssh_request_outlives(stream->request, status);
}

static void keep_request(SshLink *link, SshStream *stream)
{
        SshRequest *request = stream->request;

        ssh_shared_lock(link->shared);
        request->n_lost++;
        request->fd = TAKE_FD(stream->fd);
        request->direct = ssh_direct_leave(TAKE(stream->direct));
        request->n_refs++; /* remove_stream() drops one */
        ssh_link_push(link, request);
        ssh_shared_unlock(link->shared);
}

void ssh_round_end(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        end_probe(link);
        ssh_helm_lock(link);
        ssh_round_uncork(link); /* whoever sends later must not look at this session any more */
        while (link->n_streams) {
                if (is_to_be_kept(link->streams[0], status))
                        keep_request(link, link->streams[0]);
                else
                        answer(link, link->streams[0], status, error);
                remove_stream(link, 0);
        }
        ssh_helm_unlock(link);
        if (link->event)
                ssh_event_free(link->event);
        link->event = NULL;
}

int ssh_round_begin(SshLink *link)
{
        const SshAliveTime now = clocks();

        link->event = ssh_event_new();
        if (!link->event || ssh_event_add_session(link->event, link->connection.session) ||
            streams_reserve(link)) {
                ssh_round_end(link, PYROPE_E_NOMEM, NULL);
                return -ENOMEM;
        }
        link->bytes = (struct ssh_counter_struct){ 0 };
        ssh_set_counters(link->connection.session, &link->bytes, NULL);
        atomic_store(&link->n_received, 0);
        atomic_store(&link->n_sent, 0);
        atomic_store(&link->longest_turn_us, 0);
        atomic_store(&link->received_at_ms, clock_boottime_ms());
        ssh_helm_lock(link);
        ssh_pace_init(&link->pace);
        link->is_unsettled = link->is_corked = link->is_acknowledged = false;
        ssh_alive_begin(&link->alive, link->settings.alive_interval_s, link->settings.n_alive_max,
                        &now);
        set_timer(link, now.boot_ms); /* whoever looks then says when to look again */
        link->n_settled = link->n_acknowledged = 0;
        link->n_sent_polled = link->n_sent_ago = link->n_asked = link->n_taken = 0;
        link->n_heard_asked = link->n_sent_seen = 0;
        link->slow_until_ms = 0;
        link->helm.status = PYROPE_OK; /* whoever waits for it may steer */
        ssh_helm_unlock(link);
        return 0;
}
