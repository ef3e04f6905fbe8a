/* SPDX-License-Identifier: MIT */

#include "broker/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/spin.h"
#include "broker/daemon-object.h"
#include "broker/worker.h"
#include "proto/frame.h"
#include "proto/value.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define N_WORKERS_MAX   64u   /* by default */
#define N_WORKERS_LIMIT 4096u /* threads beyond this are a mistake */
#define OBJECT_ENVIRON  "PYROPE_OBJECT"
#define RANDOM_ID_BYTES 16u
#define RANDOM_ID_SIZE  (sizeof("obj_") + 2 * RANDOM_ID_BYTES)

/* -- making and releasing --------------------------------------------------------------------- */

static pyrope_status status_of_errno(int r, pyrope_error **error, const char *what)
{
        if (r == -ENOMEM)
                return error_set(error, PYROPE_E_NOMEM, "%s: out of memory", what);
        return error_set(error, PYROPE_E_IO, "%s: %s", what, strerror(-error_fold(r)));
}

static pyrope_status status_of_listener(int r, const ErrorText *why, pyrope_error **error)
{
        switch (r) {
        case 0:
                return PYROPE_OK;
        case LISTENER_E_IN_USE:
                return error_set(error, PYROPE_E_EXISTS, "%s", why->text);
        case LISTENER_E_UNSAFE:
                return error_set(error, PYROPE_E_DENIED, "%s", why->text);
        case LISTENER_E_INVALID:
                return error_set(error, PYROPE_E_INVALID, "%s", why->text);
        default:
                return status_of_errno(r, error, why->text[0] ? why->text : "cannot listen");
        }
}

static pyrope_status open_listeners(Daemon *daemon, const pyrope_daemon_options *options,
                                    pyrope_error **error)
{
        const ListenerGuests guests = {
                .uids = options->allowed_uids,
                .n_uids = options->n_allowed_uids,
                .group = options->group,
        };
        ErrorText why = { .text = "" };
        int r = 0;

        daemon->quota.is_shared = guests.n_uids > 0 || guests.group;
        if (options->listen)
                r = listener_open_tcp(&daemon->listeners[DAEMON_TCP], options->listen, &guests,
                                      &why);
        if (r == 0 && (options->socket || !options->listen || listener_is_told()))
                r = listener_open(&daemon->listeners[DAEMON_UNIX], options->socket, &guests, &why);
        return status_of_listener(r, &why, error);
}

/* The broker's own object; the last step, so that a failed daemon has none. */
static int add_daemon_object(Daemon *daemon)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        int r;

        r = object_new(MESSAGE_DAEMON_OBJECT, &daemon_object_class, NULL, &object, NULL);
        if (r)
                return error_fold(r);
        object->is_immediate = true;
        r = registry_add(&daemon->registry, object);
        if (r)
                return error_fold(r);
        object = NULL;
        return 0;
}

/* Frees a daemon whose threads are gone, or that never had any; also a half-built one. */
static Daemon *destroy(Daemon *daemon)
{
        if (!daemon)
                return NULL;
        peer_table_deinit(&daemon->peers);
        stream_table_deinit(&daemon->streams);
        registry_deinit(&daemon->registry);
        pool_deinit(&daemon->pool);
        patrol_deinit(&daemon->patrol);
        for (size_t i = 0; i < DAEMON_LISTENERS; i++)
                listener_deinit(&daemon->listeners[i]);
        poller_deinit(&daemon->poller);
        schedule_deinit(&daemon->schedule);
        quota_deinit(&daemon->quota);
        closep(&daemon->stop_fd);
        free(daemon);
        return NULL;
}
DEFINE_CLEANUP(Daemon, destroy);

/* Every part is made whatever becomes of the others, so that destroy() finds them all. */
static int init_parts(Daemon *daemon, unsigned n_workers_max)
{
        int r_schedule;
        int r_poller;

        listener_init(&daemon->listeners[DAEMON_UNIX], POLLER_LISTENER);
        listener_init(&daemon->listeners[DAEMON_TCP], POLLER_TCP);
        registry_init(&daemon->registry);
        stream_table_init(&daemon->streams);
        peer_table_init(&daemon->peers);
        quota_init(&daemon->quota,
                   (uint32_t)daemon->message_max); /* check_options() has seen to it */
        patrol_init(&daemon->patrol);
        /* One more than may run calls: it serves the connections meanwhile. */
        pool_init(&daemon->pool, n_workers_max + 1, worker_main, daemon);
        r_schedule = schedule_init(&daemon->schedule, n_workers_max);
        r_poller = poller_init(&daemon->poller);
        daemon->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (daemon->stop_fd < 0)
                return -errno;
        return r_schedule ? r_schedule : r_poller;
}

static pyrope_status check_options(const pyrope_daemon_options *options, pyrope_error **error)
{
        if (!options->allowed_uids && options->n_allowed_uids > 0)
                return error_null(error);
        if (options->message_max_bytes > UINT32_MAX)
                return error_set(error, PYROPE_E_INVALID, "a message has at most %" PRIu32 " bytes",
                                 UINT32_MAX);
        if (options->n_workers_max > N_WORKERS_LIMIT)
                return error_set(error, PYROPE_E_INVALID, "at most %u calls can run at once",
                                 N_WORKERS_LIMIT);
        if (options->spin_us > SPIN_MAX_US)
                return error_set(error, PYROPE_E_INVALID, "a wait spins for at most %u us",
                                 SPIN_MAX_US);
        return PYROPE_OK;
}

pyrope_status pyrope_daemon_new(const pyrope_daemon_options *options, pyrope_daemon **ret,
                                pyrope_error **error)
{
        static const pyrope_daemon_options defaults = { .socket = NULL };
        CLEANUP(destroyp) Daemon *daemon = NULL;
        pyrope_status status;
        int r;

        if (!ret)
                return error_null(error);
        log_init_library();
        if (!options)
                options = &defaults;
        status = check_options(options, error);
        if (status)
                return status;
        daemon = calloc(1, sizeof(*daemon));
        if (!daemon)
                return error_nomem(error);
        daemon->spin_us = options->spin_us;
        daemon->message_max =
                options->message_max_bytes ? options->message_max_bytes : FRAME_MESSAGE_MAX_BYTES;

        r = init_parts(daemon, options->n_workers_max ? options->n_workers_max : N_WORKERS_MAX);
        if (r == 0)
                r = add_daemon_object(daemon);
        if (r)
                return status_of_errno(r, error, "cannot make a daemon");
        status = open_listeners(daemon, options, error);
        if (status)
                return status;
        *ret = TAKE(daemon);
        return PYROPE_OK;
}

pyrope_status pyrope_daemon_allow(pyrope_daemon *daemon, const uid_t *uids, size_t n_uids,
                                  pyrope_error **error)
{
        if (!daemon || (!uids && n_uids > 0))
                return error_null(error);
        if (n_uids > 0)
                daemon->quota.is_shared = true; /* and stays so: those who are in stay */
        for (size_t i = 0; i < DAEMON_LISTENERS; i++)
                if (listener_allow(&daemon->listeners[i], uids, n_uids))
                        return error_nomem(error);
        return PYROPE_OK;
}

pyrope_daemon *pyrope_daemon_free(pyrope_daemon *daemon)
{
        if (!daemon)
                return NULL;
        pyrope_daemon_stop(daemon);
        (void)pyrope_daemon_wait(daemon, -1); /* without a limit it cannot time out */
        pool_join(&daemon->pool);
        return destroy(daemon);
}

/* -- objects ---------------------------------------------------------------------------------- */

static pyrope_status register_as(Daemon *daemon, const char *id, const pyrope_class *class_,
                                 void *self, pyrope_error **error)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        ErrorText why = { .text = "" };
        int r;

        r = object_new(id, class_, self, &object, &why);
        if (r == OBJECT_E_INVALID)
                return error_set(error, PYROPE_E_INVALID, "%s", why.text);
        if (r == 0)
                r = registry_add(&daemon->registry, object);
        if (r == REGISTRY_E_EXISTS)
                return error_set(error, PYROPE_E_EXISTS, "there is an object '%s' already", id);
        if (r)
                return status_of_errno(r, error, "cannot register an object");
        object = NULL;
        return PYROPE_OK;
}

pyrope_status pyrope_daemon_register(pyrope_daemon *daemon, const char *id,
                                     const pyrope_class *class_, void *self, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        const char *chosen = getenv(OBJECT_ENVIRON);
        char random[RANDOM_ID_SIZE] = "obj_";
        pyrope_status status;

        if (!daemon || !class_)
                return error_null(error);
        if (id)
                return register_as(daemon, id, class_, self, error);
        if (chosen) {
                status = register_as(daemon, chosen, class_, self, &why);
                if (status && status != PYROPE_E_EXISTS && error)
                        *error = TAKE(why);
                if (status != PYROPE_E_EXISTS)
                        return status;
        }
        random_hex(random + strlen(random), RANDOM_ID_BYTES);
        return register_as(daemon, random, class_, self, error);
}

pyrope_status pyrope_daemon_unregister(pyrope_daemon *daemon, const char *id)
{
        if (!daemon || !id)
                return PYROPE_E_INVALID;
        return registry_remove(&daemon->registry, id) ? PYROPE_E_NOT_FOUND : PYROPE_OK;
}

char *daemon_uri_at(Daemon *daemon, const char *id, unsigned listener)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        const char *location = daemon->listeners[listener].location;
        char *uri;

        if (id)
                object = registry_find(&daemon->registry, id, strlen(id));
        else
                object = registry_first(&daemon->registry);
        if (!object || !location || asprintf(&uri, "PYRO:%s@%s", object->id, location) < 0)
                return NULL;
        return uri;
}

char *pyrope_daemon_uri(pyrope_daemon *daemon, const char *id)
{
        if (!daemon)
                return NULL;

        bool has_unix = daemon->listeners[DAEMON_UNIX].location;

        return daemon_uri_at(daemon, id, has_unix ? DAEMON_UNIX : DAEMON_TCP);
}

char *pyrope_daemon_tcp_uri(pyrope_daemon *daemon, const char *id)
{
        if (!daemon)
                return NULL;
        return daemon_uri_at(daemon, id, DAEMON_TCP);
}

/* -- serving ---------------------------------------------------------------------------------- */

pyrope_status pyrope_daemon_start(pyrope_daemon *daemon, pyrope_error **error)
{
        if (!daemon)
                return error_null(error);

        Poller *poller = &daemon->poller;
        int r;

        if (atomic_exchange(&daemon->is_started, true))
                return PYROPE_OK;
        r = poller_add(poller, daemon->schedule.ready_fd, POLLER_READY, EPOLLIN);
        if (r == 0)
                r = poller_add_for_all(poller, daemon->schedule.finished_fd, POLLER_FINISHED);
        if (r == 0)
                r = patrol_start(&daemon->patrol);
        if (r == 0)
                r = pool_start(&daemon->pool);
        for (size_t i = 0; r == 0 && i < DAEMON_LISTENERS; i++)
                r = listener_start(&daemon->listeners[i], poller);
        if (r)
                return status_of_errno(r, error, "cannot start serving");
        return PYROPE_OK;
}

void pyrope_daemon_stop(pyrope_daemon *daemon)
{
        if (!daemon)
                return;
        schedule_stop(&daemon->schedule);
        for (size_t i = 0; i < DAEMON_LISTENERS; i++)
                listener_close(&daemon->listeners[i]);
        peer_table_stop(&daemon->peers);
        (void)eventfd_write(daemon->stop_fd, 1); /* refused only at 2^64 - 1 */
}

/* Returns whether it became readable. */
static bool wait_readable(int fd, int64_t ms)
{
        const Deadline deadline = deadline_in(ms);
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };
        int n;

        do
                n = poll(&pollfd, 1, deadline_left_ms(deadline));
        while (n <= 0 && !deadline_passed(deadline));
        return n > 0;
}

pyrope_status pyrope_daemon_wait(pyrope_daemon *daemon, int64_t drain_ms)
{
        if (!daemon)
                return PYROPE_E_INVALID;
        (void)wait_readable(daemon->stop_fd, -1); /* without a limit it cannot fail */
        return wait_readable(daemon->schedule.finished_fd, drain_ms) ? PYROPE_OK : PYROPE_E_TIMEOUT;
}
