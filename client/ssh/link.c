/* SPDX-License-Identifier: MIT */

#include "client/ssh/link.h"

#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "client/ssh/choice.h"
#include "client/ssh/links.h"
#include "client/ssh/program.h"
#include "client/ssh/round.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define AGAIN_IN "; next attempt in "

void ssh_shared_lock(SshShared *shared)
{
        (void)pthread_mutex_lock(&shared->lock);
}

void ssh_shared_unlock(SshShared *shared)
{
        (void)pthread_mutex_unlock(&shared->lock);
}

/* -- the state --------------------------------------------------------------------------------- */

/* The only place where the state changes; with the lock held. */
PRINTF(3, 4) static void enter(SshLink *link, SshEvent event, const char *format, ...)
{
        SshSession *shown = &link->shown;
        va_list arguments;
        int r;

        r = ssh_state_next(shown->state, event, &shown->state);
        assert(!r);
        (void)r;
        shown->since_ms = clock_boottime_ms();
        va_start(arguments, format);
        (void)vsnprintf(shown->reason, sizeof(shown->reason), format, arguments);
        va_end(arguments);
        log_info("%s: %s: %s", shown->label, ssh_state_name(shown->state), shown->reason);
}

static void list_targets(const SshLink *link, char *out, size_t n_out)
{
        size_t n = 0;

        for (size_t i = 0; i < link->targets.n && n < n_out; i++)
                n += (size_t)snprintf(out + n, n_out - n, "%s%s", i ? " " : "",
                                      link->targets.names[i]);
}

/* Until the next attempt may be made. */
static int64_t wait_ms(const SshLink *link, int64_t now_ms)
{
        return link->retry.next_at_ms > now_ms ? link->retry.next_at_ms - now_ms : 0;
}

void ssh_link_show(const SshLink *link, SshSession *ret)
{
        int64_t received_at_ms = atomic_load(&link->received_at_ms);

        *ret = link->shown;
        list_targets(link, ret->targets, sizeof(ret->targets));
        ret->next_attempt_ms = -1;
        if (ret->state == SSH_STATE_BACKING_OFF)
                ret->next_attempt_ms = wait_ms(link, clock_boottime_ms());
        ret->n_channels = link->n_streams;
        for (size_t i = 0; i < link->n_streams; i++)
                ret->n_hops += link->streams[i]->request->asker != NULL;
        ret->n_received = atomic_load(&link->n_received);
        ret->n_sent = atomic_load(&link->n_sent);
        ret->longest_turn_us = atomic_load(&link->longest_turn_us);
        ret->quiet_ms = received_at_ms ? clock_boottime_ms() - received_at_ms : -1;
        if (link->program)
                ssh_program_show(link, ret);
}

/* -- the queue and the marks ------------------------------------------------------------------- */

void ssh_link_wake(SshLink *link)
{
        ssh_helm_wake(link);
}

static void append(SshLink *link, SshRequest *request)
{
        request->link = link;
        request->next = NULL;
        *link->queue_end = request;
        link->queue_end = &request->next;
        atomic_store(&link->has_requests, true);
}

void ssh_link_push(SshLink *link, SshRequest *request)
{
        append(link, request);
        ssh_link_wake(link);
}

void ssh_link_offer(SshLink *link, SshRequest *request)
{
        append(link, request);
}

SshRequest *ssh_link_take(SshLink *link)
{
        SshRequest *queue = link->queue;

        link->queue = NULL;
        link->queue_end = &link->queue;
        atomic_store(&link->has_requests, false);
        return queue;
}

void ssh_link_leave(SshLink *link, uint64_t group)
{
        for (SshRequest *request = link->queue; request; request = request->next) {
                if (request->group == group)
                        ssh_request_give_up(request);
        }
        for (size_t i = 0; i < link->n_streams; i++) {
                if (link->streams[i]->request->group == group)
                        ssh_request_give_up(link->streams[i]->request);
        }
        ssh_program_leave(link, group);
        ssh_link_wake(link);
}

bool ssh_link_is_called(const SshLink *link, const char *target)
{
        return ssh_names_have(&link->targets, target);
}

/* -- an attempt -------------------------------------------------------------------------------- */

static void on_wait(void *userdata, const char *what)
{
        SshLink *link = userdata;

        ssh_shared_lock(link->shared);
        if (link->shown.state == SSH_STATE_RESOLVING) /* then @what is a program's name */
                (void)snprintf(link->doing, sizeof(link->doing),
                               "%s: reading the SSH configuration by %s", link->targets.names[0],
                               what);
        else
                (void)snprintf(link->doing, sizeof(link->doing), "%s", what);
        ssh_shared_unlock(link->shared);
}

/* With the lock held: the other link gets the requests, and the names so that it gets the next
 * ones, too. */
static bool hand_over(SshLink *link, SshLink *other)
{
        SshRequest *queue, *request;

        for (size_t i = 0; i < link->targets.n; i++) {
                if (ssh_names_add(&other->targets, link->targets.names[i]))
                        return false;
        }
        queue = ssh_link_take(link);
        while ((request = queue)) {
                queue = request->next;
                ssh_link_push(other, request);
        }
        link->is_over = true;
        return true;
}

/* Whether another link to the same host took everything over; else this one is known by its key. */
static bool is_merged(SshLink *link, char *key)
{
        bool is_done = false;

        ssh_shared_lock(link->shared);
        for (SshLink *other = link->shared->links; other && !is_done; other = other->next) {
                if (other != link && !other->is_over && other->key && !strcmp(other->key, key) &&
                    ssh_links_may_merge(link, other))
                        is_done = hand_over(link, other);
        }
        free(link->key);
        link->key = key;
        ssh_shared_unlock(link->shared);
        return is_done;
}

static void on_connected(void *userdata)
{
        SshLink *link = userdata;

        ssh_shared_lock(link->shared);
        enter(link, SSH_EVENT_CONNECTED, "the host was reached");
        ssh_shared_unlock(link->shared);
}

static void note_settings(SshLink *link)
{
        ssh_shared_lock(link->shared);
        (void)snprintf(link->shown.label, sizeof(link->shown.label), "%s", link->settings.label);
        enter(link, SSH_EVENT_RESOLVED, "the SSH configuration was read");
        ssh_shared_unlock(link->shared);
}

static void note_login(SshLink *link)
{
        bool is_known = !link->program;
        const char *server = is_known ? ssh_get_serverbanner(link->connection.session) : NULL;
        const char *cipher = is_known ? ssh_get_cipher_in(link->connection.session) : NULL;
        SshSession *shown = &link->shown;

        ssh_shared_lock(link->shared);
        ssh_retry_up(&link->retry);
        link->failure = pyrope_error_free(link->failure);
        shown->n_logins++;
        (void)snprintf(shown->server, sizeof(shown->server), "%s", server ? server : "?");
        (void)snprintf(shown->cipher, sizeof(shown->cipher), "%s", cipher ? cipher : "?");
        if (is_known)
                enter(link, SSH_EVENT_LOGGED_IN, "logged in; %s, %s", shown->server, shown->cipher);
        else
                enter(link, SSH_EVENT_LOGGED_IN, "logged in by the program ssh");
        ssh_link_wake(link); /* for the requests that are waiting already */
        ssh_shared_unlock(link->shared);
}

/* Others look at them with the lock held. */
static void take_settings(SshLink *link, SshSettings *settings)
{
        SshSettings before = link->settings;

        ssh_shared_lock(link->shared);
        link->settings = *settings;
        ssh_shared_unlock(link->shared);
        *settings = before; /* to be freed */
}

static pyrope_status read_settings(SshLink *link, const SshWatch *watch, pyrope_error **error)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        pyrope_status status = ssh_settings_read(link->shared->config_file, link->targets.names[0],
                                                 watch, &settings, error);

        take_settings(link, &settings);
        return status;
}

/* By libssh or by the program. */
static pyrope_status log_in(SshLink *link, const SshWatch *watch, pyrope_error **error)
{
        bool is_program;
        pyrope_status status;

        status = ssh_choice(link->shared->backend, &link->settings, &is_program, error);
        if (status)
                return status;
        ssh_shared_lock(link->shared);
        link->shown.is_program = is_program;
        ssh_shared_unlock(link->shared);
        if (is_program)
                return ssh_program_begin(link, watch, error);
        if (!link->has_warned)
                ssh_settings_warn(&link->settings);
        link->has_warned = true;
        status = ssh_login(&link->settings, watch, &link->connection, error);
        if (!status && ssh_round_begin(link))
                status = error_nomem(error);
        return status;
}

static pyrope_status set_up(SshLink *link, pyrope_error **error)
{
        const SshHop hop = ssh_links_hop(link);
        const SshWatch watch = { .stop_fd = link->shared->stop_fd,
                                 .deadline = deadline_in(SSH_LINK_LOGIN_MS),
                                 .on_wait = on_wait,
                                 .on_connected = on_connected,
                                 .userdata = link,
                                 .ask = &link->shared->ask,
                                 .hop = &hop };
        pyrope_status status;
        char *key;

        link->is_hop_failed = false;
        status = read_settings(link, &watch, error);
        if (status)
                return status;
        key = ssh_settings_key(&link->settings);
        if (!key)
                return error_nomem(error);
        if (is_merged(link, key))
                return error_set(error, PYROPE_E_CLOSED, "%s: is the host of another session",
                                 link->settings.label);
        note_settings(link);
        status = log_in(link, &watch, error);
        if (status)
                return status;
        atomic_fetch_add(&link->shared->n_sessions, 1);
        note_login(link);
        return PYROPE_OK;
}

/* -- between two sessions ---------------------------------------------------------------------- */

static uint32_t chance(void)
{
        uint32_t number;

        random_bytes(&number, sizeof(number));
        return number;
}

/* With the lock held. */
static void answer(SshLink *link, SshRequest *request, pyrope_status status,
                   const pyrope_error *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *whole = NULL;

        /* The error is of a host in front of this one; a caller asked for this one. */
        if (link->is_hop_failed && !request->asker && error)
                (void)error_set(&whole, status, "%s: %s", link->settings.name,
                                pyrope_error_text(error));
        ssh_request_drop(request, status, whole ? whole : error);
}

/* For those who come before the next attempt; with the lock held. A host in front of this one may
 * have told it from memory. */
static void keep_failure(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        const char *text = error ? pyrope_error_text(error) : pyrope_strerror(status);
        const char *end = strstr(text, AGAIN_IN);

        link->refusal = status;
        link->failure = pyrope_error_free(link->failure);
        (void)error_set(&link->failure, status, "%.*s",
                        (int)(end ? (size_t)(end - text) : strlen(text)), text);
}

/* Whoever waited for the attempt, or would have to wait too long; with the lock held. */
static void answer_all(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        SshRequest *queue = ssh_link_take(link), *request;

        while ((request = queue)) {
                queue = request->next;
                answer(link, request, status, error);
        }
}

static void note_failed(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        int64_t now_ms = clock_boottime_ms();

        ssh_shared_lock(link->shared);
        keep_failure(link, status, error);
        ssh_retry_failed(&link->retry, status, now_ms, chance());
        enter(link, SSH_EVENT_FAILED, "%s", pyrope_error_text(link->failure));
        /* For a host in front of this one its own link has waited. */
        if (link->is_hop_failed ||
            !ssh_retry_is_patient(&link->retry, link->shown.n_logins > 0, now_ms))
                answer_all(link, status, error);
        ssh_shared_unlock(link->shared);
}

static void note_broken(SshLink *link, pyrope_status status, const pyrope_error *error)
{
        int64_t now_ms = clock_boottime_ms();

        ssh_shared_lock(link->shared);
        keep_failure(link, status, error);
        if (status == PYROPE_E_UNREACHABLE)
                ssh_retry_lost(&link->retry, now_ms - link->shown.since_ms, now_ms, chance());
        else
                ssh_retry_failed(&link->retry, status, now_ms, chance());
        enter(link, SSH_EVENT_BROKEN, "%s", pyrope_error_text(link->failure));
        if (wait_ms(link, now_ms))
                enter(link, SSH_EVENT_DELAYED, "%s", pyrope_error_text(link->failure));
        ssh_shared_unlock(link->shared);
}

/* A request that need not wait for the next attempt; with the lock held. */
static void answer_from_memory(SshLink *link, SshRequest *request, int64_t now_ms)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        (void)error_set(&error, link->refusal, "%s" AGAIN_IN "%.1f s",
                        pyrope_error_text(link->failure), (double)wait_ms(link, now_ms) / 1e3);
        answer(link, request, link->refusal, error);
}

/* Somebody asks anew: the next attempt is now; with the lock held. */
static void refresh(SshLink *link, int64_t now_ms)
{
        link->is_fresh = false;
        for (const SshRequest *request = link->queue; request; request = request->next)
                link->is_fresh |= request->is_fresh && !request->is_given_up;
        if (link->is_fresh && link->retry.is_refused && wait_ms(link, now_ms))
                link->retry.next_at_ms = now_ms;
}

/* Tells those who need not wait. Return: whether somebody does; with the lock held. */
static bool sift_queue(SshLink *link, int64_t now_ms)
{
        SshRequest *queue = ssh_link_take(link), *request;
        bool is_early = wait_ms(link, now_ms) > 0;

        while ((request = queue)) {
                queue = request->next;
                if (request->is_given_up)
                        answer(link, request, PYROPE_E_CLOSED, NULL);
                else if (is_early && (link->retry.is_refused ||
                                      request->deadline.at_ms < link->retry.next_at_ms))
                        answer_from_memory(link, request, now_ms);
                else
                        append(link, request);
        }
        return link->queue;
}

typedef enum Next {
        NEXT_WAIT,
        NEXT_ATTEMPT,
        NEXT_END,
} Next;

/* @ret_until: with NEXT_WAIT, when to look again if nothing happens. */
static Next look(SshLink *link, Deadline *ret_until)
{
        int64_t now_ms = clock_boottime_ms(), forget_at_ms = ssh_retry_forget_at_ms(&link->retry);
        bool is_wanted, is_early;

        refresh(link, now_ms);
        is_wanted = sift_queue(link, now_ms);
        is_early = wait_ms(link, now_ms) > 0;

        if (is_wanted && !is_early) {
                enter(link, SSH_EVENT_ASKED, "somebody asked for it");
                return NEXT_ATTEMPT;
        }
        *ret_until = (Deadline){ .at_ms = link->retry.next_at_ms };
        if (is_early)
                return NEXT_WAIT;

        if (link->shown.state == SSH_STATE_BACKING_OFF)
                enter(link, SSH_EVENT_RESTED, "nobody asks for it");
        *ret_until = DEADLINE_NONE;
        if (link->shown.n_logins)
                return NEXT_WAIT;
        link->is_over = now_ms >= forget_at_ms;
        *ret_until = (Deadline){ .at_ms = forget_at_ms };
        return link->is_over ? NEXT_END : NEXT_WAIT;
}

/* Until somebody asks, and the next attempt may be made. Return: PYROPE_OK; PYROPE_E_CLOSED: the
 * link ends. */
static pyrope_status rest(SshLink *link, pyrope_error **error)
{
        struct pollfd fds[] = { { .fd = link->shared->stop_fd, .events = POLLIN },
                                { .fd = link->wake_fd, .events = POLLIN } };
        Deadline until = DEADLINE_NONE;
        eventfd_t n;
        Next next;

        for (;;) {
                ssh_shared_lock(link->shared);
                next = look(link, &until);
                ssh_shared_unlock(link->shared);
                if (next == NEXT_ATTEMPT)
                        return PYROPE_OK;
                if (next == NEXT_END)
                        return error_set(error, PYROPE_E_CLOSED, "nobody asks for it");
                (void)poll(fds, ARRAY_SIZE(fds), deadline_left_ms(until));
                if (fds[0].revents)
                        return error_set(error, PYROPE_E_CLOSED, "%s: the program ends",
                                         link->shown.label);
                (void)eventfd_read(link->wake_fd, &n);
        }
}

/* -- the thread -------------------------------------------------------------------------------- */

/* A session from its login to its end. */
static pyrope_status serve(SshLink *link, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;

        do
                status = link->program ? ssh_program_round(link, &why) : ssh_helm_round(link, &why);
        while (!status);
        if (status != PYROPE_E_CLOSED)
                note_broken(link, status, why);
        if (link->program)
                ssh_program_end(link, status, why);
        else
                ssh_round_end(link, status, why);
        if (error)
                *error = TAKE(why);
        return status;
}

/* An attempt, its session, and the time until the next one. Return: PYROPE_OK; PYROPE_E_CLOSED: it
 * was the last one. */
static pyrope_status live(SshLink *link, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;

        status = set_up(link, &why);
        if (!status)
                status = serve(link, &why);
        else if (status != PYROPE_E_CLOSED)
                note_failed(link, status, why);
        ssh_connection_deinit(&link->connection);
        if (status != PYROPE_E_CLOSED)
                return rest(link, error);
        *error = TAKE(why);
        return status;
}

static void *run(void *userdata)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshLink *link = userdata;
        pyrope_status status;

        do
                status = live(link, &error);
        while (!status);
        ssh_shared_lock(link->shared);
        link->is_over = true;
        answer_all(link, status, error);
        enter(link, SSH_EVENT_ENDED, "%s",
              error ? pyrope_error_text(error) : pyrope_strerror(status));
        link->is_ended = true;
        ssh_shared_unlock(link->shared);
        return NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

static SshLink *link_free(SshLink *link)
{
        ssh_helm_deinit(&link->helm);
        ssh_settings_deinit(&link->settings);
        ssh_names_deinit(&link->targets);
        closep(&link->wake_fd);
        closep(&link->timer_fd);
        free(link->streams);
        free(link->polled);
        free(link->key);
        (void)pyrope_error_free(link->failure);
        free(link);
        return NULL;
}

SshLink *ssh_link_start(SshShared *shared, const char *target)
{
        SshLink *link = calloc(1, sizeof(*link));

        if (!link)
                return NULL;
        link->shared = shared;
        atomic_init(&link->n_refs, 1);
        ssh_helm_init(&link->helm);
        link->queue_end = &link->queue;
        link->settings = (SshSettings)SSH_SETTINGS_INIT;
        link->connection = (SshConnection)SSH_CONNECTION_INIT;
        link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        link->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        (void)snprintf(link->doing, sizeof(link->doing), "%s: reading the SSH configuration",
                       target);
        (void)snprintf(link->shown.label, sizeof(link->shown.label), "%s", target);
        (void)snprintf(link->shown.reason, sizeof(link->shown.reason), "somebody asked for it");
        link->shown.since_ms = clock_boottime_ms();
        if (link->wake_fd < 0 || link->timer_fd < 0 || ssh_names_add(&link->targets, target) ||
            thread_start(&link->thread, run, link))
                return link_free(link);
        return link;
}

SshLink *ssh_link_join(SshLink *link)
{
        (void)pthread_join(link->thread, NULL);
        return ssh_link_unref(link);
}

SshLink *ssh_link_ref(SshLink *link)
{
        atomic_fetch_add(&link->n_refs, 1);
        return link;
}

SshLink *ssh_link_unref(SshLink *link)
{
        return atomic_fetch_sub(&link->n_refs, 1) == 1 ? link_free(link) : NULL;
}
