/* SPDX-License-Identifier: MIT */

#include "client/ssh-link.h"

#include "base/log.h"
#include "base/thread.h"
#include "client/ssh-links.h"
#include "client/ssh-turn.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

static void lock(SshLink *link)
{
        (void)pthread_mutex_lock(&link->shared->lock);
}

static void unlock(SshLink *link)
{
        (void)pthread_mutex_unlock(&link->shared->lock);
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

void ssh_link_show(const SshLink *link, SshSession *ret)
{
        int64_t received_at_ms = atomic_load(&link->received_at_ms);

        *ret = link->shown;
        list_targets(link, ret->targets, sizeof(ret->targets));
        ret->next_attempt_ms = -1;
        ret->n_channels = link->n_streams;
        ret->n_received = atomic_load(&link->n_received);
        ret->n_sent = atomic_load(&link->n_sent);
        ret->quiet_ms = received_at_ms ? clock_boottime_ms() - received_at_ms : -1;
}

/* -- the queue and the marks ------------------------------------------------------------------- */

void ssh_link_wake(SshLink *link)
{
        (void)eventfd_write(link->wake_fd, 1); /* fails only if it is readable anyway */
}

void ssh_link_push(SshLink *link, SshRequest *request)
{
        request->link = link;
        request->next = NULL;
        *link->queue_end = request;
        link->queue_end = &request->next;
        ssh_link_wake(link);
}

SshRequest *ssh_link_take(SshLink *link)
{
        SshRequest *queue = link->queue;

        link->queue = NULL;
        link->queue_end = &link->queue;
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
        ssh_link_wake(link);
}

bool ssh_link_is_called(const SshLink *link, const char *target)
{
        return ssh_names_have(&link->targets, target);
}

/* -- the thread -------------------------------------------------------------------------------- */

static void on_wait(void *userdata, const char *what)
{
        SshLink *link = userdata;

        lock(link);
        (void)snprintf(link->doing, sizeof(link->doing), "%s", what);
        unlock(link);
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

        lock(link);
        for (SshLink *other = link->shared->links; other && !is_done; other = other->next) {
                if (other != link && !other->is_over && other->key && !strcmp(other->key, key) &&
                    ssh_links_may_merge(link, other))
                        is_done = hand_over(link, other);
        }
        link->key = key;
        unlock(link);
        return is_done;
}

static void on_connected(void *userdata)
{
        SshLink *link = userdata;

        lock(link);
        enter(link, SSH_EVENT_CONNECTED, "the host was reached");
        unlock(link);
}

static void note_settings(SshLink *link)
{
        lock(link);
        (void)snprintf(link->shown.label, sizeof(link->shown.label), "%s", link->settings.label);
        enter(link, SSH_EVENT_RESOLVED, "the SSH configuration was read");
        unlock(link);
}

static void note_login(SshLink *link)
{
        const char *server = ssh_get_serverbanner(link->connection.session);
        const char *cipher = ssh_get_cipher_in(link->connection.session);
        SshSession *shown = &link->shown;

        lock(link);
        link->is_up = true;
        shown->n_logins++;
        (void)snprintf(shown->server, sizeof(shown->server), "%s", server ? server : "?");
        (void)snprintf(shown->cipher, sizeof(shown->cipher), "%s", cipher ? cipher : "?");
        enter(link, SSH_EVENT_LOGGED_IN, "logged in; %s, %s", shown->server, shown->cipher);
        unlock(link);
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

        status = ssh_settings_read(link->shared->config_file, link->targets.names[0], &watch,
                                   &link->settings, error);
        if (status)
                return status;
        key = ssh_settings_key(&link->settings);
        if (!key)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        if (is_merged(link, key))
                return error_set(error, PYROPE_E_CLOSED, "%s: is the host of another session",
                                 link->settings.label);
        note_settings(link);
        status = ssh_login(&link->settings, &watch, &link->connection, error);
        if (status)
                return status;

        if (ssh_turn_begin(link))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        atomic_fetch_add(&link->shared->n_sessions, 1);
        note_login(link);
        return PYROPE_OK;
}

static void *run(void *userdata)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        SshLink *link = userdata;
        pyrope_status status;

        status = set_up(link, &error);
        while (!status)
                status = ssh_turn(link, &error);
        ssh_turn_end(link, status, error);
        ssh_connection_deinit(&link->connection);
        lock(link);
        enter(link, SSH_EVENT_ENDED, "%s",
              error ? pyrope_error_text(error) : pyrope_strerror(status));
        link->is_ended = true;
        unlock(link);
        return NULL;
}

/* -- life -------------------------------------------------------------------------------------- */

static SshLink *link_free(SshLink *link)
{
        ssh_settings_deinit(&link->settings);
        ssh_names_deinit(&link->targets);
        closep(&link->wake_fd);
        free(link->streams);
        free(link->polled);
        free(link->key);
        free(link);
        return NULL;
}

SshLink *ssh_link_start(SshShared *shared, const char *target)
{
        SshLink *link = calloc(1, sizeof(*link));

        if (!link)
                return NULL;
        link->shared = shared;
        link->queue_end = &link->queue;
        link->settings = (SshSettings)SSH_SETTINGS_INIT;
        link->connection = (SshConnection)SSH_CONNECTION_INIT;
        link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        (void)snprintf(link->doing, sizeof(link->doing), "%s: reading the SSH configuration",
                       target);
        (void)snprintf(link->shown.label, sizeof(link->shown.label), "%s", target);
        (void)snprintf(link->shown.reason, sizeof(link->shown.reason), "somebody asked for it");
        link->shown.since_ms = clock_boottime_ms();
        if (link->wake_fd < 0 || ssh_names_add(&link->targets, target) ||
            thread_start(&link->thread, run, link))
                return link_free(link);
        return link;
}

SshLink *ssh_link_join(SshLink *link)
{
        (void)pthread_join(link->thread, NULL);
        return link_free(link);
}
