/* SPDX-License-Identifier: MIT */

#include "client/keeper.h"

#include "base/log.h"
#include "base/thread.h"
#include "client/context.h"
#include "client/nameserver.h"
#include "client/proxy.h"
#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <utlist.h>

#define CALL_MS    10000 /* of one conversation with a nameserver */
#define BACKOFF_MS 100   /* after the first failure, then twice as long each time ... */
#define RENEWALS   3     /* ... up to one such part of the shortest term */

static void lock(Publisher *publisher)
{
        (void)pthread_mutex_lock(&publisher->lock);
}

static void unlock(Publisher *publisher)
{
        (void)pthread_mutex_unlock(&publisher->lock);
}

/* -- what is said to a nameserver ------------------------------------------------------------- */

/* register_endpoint(name, uri, zone, ssh, nathost, natport, safe, metadata, version, ttl); of a
 * stock nameserver register(name, uri, safe, metadata). */
static pyrope_status say_name(Keeper *keeper, const Published *self, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        bool is_ours = proxy_has_method(keeper->nameserver, "register_endpoint");
        pyrope_status status;

        if (!writer)
                return error_nomem(error);
        pyrope_write_list(writer, is_ours ? 10 : 4);
        if (is_ours)
                pyrope_pack(writer, "ssssnnb", self->name, self->uri,
                            pyrope_zone(keeper->publisher->context), self->ssh, 0);
        else
                pyrope_pack(writer, "ssb", self->name, self->uri, 0);
        pyrope_write_list(writer, self->n_tags);
        for (size_t i = 0; i < self->n_tags; i++)
                pyrope_write_str(writer, self->tags[i]);
        if (is_ours)
                pyrope_pack(writer, "nI", self->ttl_s);
        status = pyrope_writer_take(writer, &arguments, error);
        return status ? status
                      : proxy_call(keeper->nameserver, is_ours ? "register_endpoint" : "register",
                                   arguments, NULL, deadline_in(CALL_MS), NULL, error);
}

static pyrope_status say_removal(Keeper *keeper, const Published *self, pyrope_error **error)
{
        return proxy_callf(keeper->nameserver, deadline_in(CALL_MS), NULL, error, "remove", "s",
                           self->name);
}

/* The names that are to be renewed, as the arguments of renew(); NULL: none, or out of memory. */
static pyrope_value *names_there(Keeper *keeper)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        Publisher *publisher = keeper->publisher;
        pyrope_value *arguments = NULL;
        Published *self;
        size_t n = 0;

        if (!writer)
                return NULL;
        lock(publisher);
        DL_FOREACH (publisher->names, self)
                n += self->states[keeper->index] == KEEPER_THERE;
        pyrope_write_list(writer, 1);
        pyrope_write_list(writer, n);
        DL_FOREACH (publisher->names, self)
                if (self->states[keeper->index] == KEEPER_THERE)
                        pyrope_write_str(writer, self->name);
        unlock(publisher);
        if (n && pyrope_writer_take(writer, &arguments, NULL))
                return NULL;
        return arguments;
}

/* The nameserver has no lease for it any more. */
static void want_again(Keeper *keeper, pyrope_view item)
{
        Publisher *publisher = keeper->publisher;
        CLEANUP(freep) char *name = NULL;
        Published *self;
        const char *text;
        size_t n;

        if (pyrope_get_str(item, &text, &n) == PYROPE_OK)
                name = strndup(text, n);
        lock(publisher);
        self = name ? publisher_find(publisher, name) : NULL;
        if (self && self->states[keeper->index] == KEEPER_THERE)
                publisher_enter(publisher, self, keeper->index, KEEPER_WANTED);
        unlock(publisher);
}

static void want_all_again(Keeper *keeper)
{
        Publisher *publisher = keeper->publisher;
        Published *self;

        lock(publisher);
        DL_FOREACH (publisher->names, self)
                if (self->states[keeper->index] == KEEPER_THERE)
                        self->states[keeper->index] = KEEPER_WANTED;
        unlock(publisher);
}

static pyrope_status renew(Keeper *keeper, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL, *lacking = NULL;
        pyrope_status status;
        pyrope_view item;

        arguments = names_there(keeper);
        if (!arguments)
                return PYROPE_OK;
        status = proxy_call(keeper->nameserver, "renew", arguments, NULL, deadline_in(CALL_MS),
                            &lacking, error);
        if (status)
                return status;
        for (pyrope_iter it = pyrope_each(pyrope_value_view(lacking));
             pyrope_next(&it, NULL, &item);)
                want_again(keeper, item);
        return PYROPE_OK;
}

/* -- a keeper --------------------------------------------------------------------------------- */

/* Of a nameserver that answers, but not as we wish. */
static bool is_answer(pyrope_status status)
{
        return status == PYROPE_OK || status == PYROPE_E_REMOTE;
}

static void hang_up(Keeper *keeper)
{
        keeper->nameserver = pyrope_proxy_free(keeper->nameserver);
}

/* Whoever waits for a name that has to do with this nameserver learns that it failed. */
static void tell_failure(Keeper *keeper, pyrope_status status, const pyrope_error *error)
{
        Publisher *publisher = keeper->publisher;
        Published *self;

        lock(publisher);
        DL_FOREACH (publisher->names, self) {
                KeeperState state = self->states[keeper->index];

                if (state != KEEPER_WANTED && state != KEEPER_GOING)
                        continue;
                self->has_failed[keeper->index] = true;
                self->status = status;
                self->error = pyrope_error_free(self->error);
                (void)error_set(&self->error, status, "%s", error_words(status, error));
        }
        (void)pthread_cond_broadcast(&publisher->changed);
        unlock(publisher);
}

/* Renewals are due in so many milliseconds from now. */
static int64_t term_ms(Keeper *keeper)
{
        Publisher *publisher = keeper->publisher;
        int64_t ttl_s = PUBLISHER_TTL_S;
        Published *self;

        lock(publisher);
        DL_FOREACH (publisher->names, self)
                if (self->ttl_s < ttl_s)
                        ttl_s = self->ttl_s;
        unlock(publisher);
        return ttl_s * 1000 / RENEWALS;
}

static pyrope_status connect_keeper(Keeper *keeper, pyrope_error **error)
{
        NsPlace *place = &keeper->publisher->context->nameservers.items[keeper->index];
        pyrope_status status;

        if (keeper->nameserver)
                return PYROPE_OK;
        status = nameserver_open(keeper->publisher->context, place, deadline_in(CALL_MS),
                                 &keeper->nameserver, error);
        ns_place_mark(place, status == PYROPE_OK);
        if (status)
                return status;
        /* It may be another one than before. One without leases is told all again. */
        keeper->renew_at_ms = 0;
        if (!proxy_has_method(keeper->nameserver, "renew"))
                want_all_again(keeper);
        return PYROPE_OK;
}

static pyrope_status renew_if_due(Keeper *keeper, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;

        if (clock_boottime_ms() < keeper->renew_at_ms)
                return PYROPE_OK;
        if (proxy_has_method(keeper->nameserver, "renew"))
                status = renew(keeper, error);
        keeper->renew_at_ms = clock_boottime_ms() + term_ms(keeper);
        return status;
}

/* The next name to register or remove, which did not fail since the last renewal; its state then
 * says which. NULL: none. */
static Published *next_task(Keeper *keeper, KeeperState *ret)
{
        Publisher *publisher = keeper->publisher;
        Published *self;

        lock(publisher);
        DL_FOREACH (publisher->names, self) {
                *ret = self->states[keeper->index];
                if ((*ret == KEEPER_WANTED || *ret == KEEPER_GOING) &&
                    !self->has_failed[keeper->index])
                        break;
        }
        if (self)
                self->is_said[keeper->index] = true;
        unlock(publisher);
        return self;
}

/* Return: PYROPE_OK, also if the nameserver did not want to: then it is asked again later. */
static pyrope_status do_task(Keeper *keeper, Published *self, KeeperState state,
                             pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        Publisher *publisher = keeper->publisher;
        pyrope_status status;

        status = state == KEEPER_WANTED ? say_name(keeper, self, &why)
                                        : say_removal(keeper, self, &why);
        if (!is_answer(status)) {
                if (error)
                        *error = TAKE(why);
                return status;
        }
        lock(publisher);
        if (status) {
                log_debug("%s: %s", self->name, pyrope_error_text(why));
                self->status = status;
                self->error = pyrope_error_free(self->error);
                self->error = TAKE(why);
        }
        if (status && state == KEEPER_WANTED)
                self->is_said[keeper->index] = false;
        if (status && self->states[keeper->index] == KEEPER_WANTED) {
                self->has_failed[keeper->index] = true;
                (void)pthread_cond_broadcast(&publisher->changed);
        } else if (state == KEEPER_GOING) {
                /* One that the nameserver does not remove is not ours any more. */
                publisher_enter(publisher, self, keeper->index, KEEPER_GONE);
        } else if (self->states[keeper->index] == KEEPER_WANTED) {
                publisher_enter(publisher, self, keeper->index, KEEPER_THERE);
        }
        unlock(publisher);
        return PYROPE_OK;
}

static void forget_failures(Keeper *keeper)
{
        Published *self;

        lock(keeper->publisher);
        DL_FOREACH (keeper->publisher->names, self)
                self->has_failed[keeper->index] = false;
        unlock(keeper->publisher);
}

/* All that is to be done now. */
static pyrope_status work(Keeper *keeper, pyrope_error **error)
{
        pyrope_status status = connect_keeper(keeper, error);
        Published *self;
        KeeperState state;

        if (status)
                return status;
        if (clock_boottime_ms() >= keeper->renew_at_ms)
                forget_failures(keeper);
        status = renew_if_due(keeper, error);
        while (!status && (self = next_task(keeper, &state)))
                status = do_task(keeper, self, state, error);
        return status;
}

static bool has_names(const Keeper *keeper, bool *ret_is_stopping)
{
        Publisher *publisher = keeper->publisher;
        bool has;

        lock(publisher);
        has = publisher->names;
        *ret_is_stopping = publisher->is_stopping;
        unlock(publisher);
        return has;
}

/* Until there is something new: an order, the end of the connection, or the time of a renewal or
 * of another try. */
static void wait_for_work(Keeper *keeper, bool is_idle)
{
        struct pollfd fds[] = {
                { .fd = keeper->wake_fd, .events = POLLIN },
                { .fd = keeper->nameserver ? pyrope_proxy_fd(keeper->nameserver) : -1,
                  .events = POLLIN | POLLRDHUP },
        };
        int64_t wait_ms =
                keeper->backoff_ms ? keeper->backoff_ms : keeper->renew_at_ms - clock_boottime_ms();
        eventfd_t n;

        if (is_idle)
                wait_ms = -1;
        else if (wait_ms < 0)
                wait_ms = 0;
        (void)poll(fds, ARRAY_SIZE(fds), (int)wait_ms);
        (void)eventfd_read(keeper->wake_fd, &n);
        if (fds[1].revents)
                hang_up(keeper);
}

static void after_work(Keeper *keeper, pyrope_status status, const pyrope_error *error)
{
        int64_t most_ms = term_ms(keeper);

        if (!status) {
                keeper->backoff_ms = 0;
                return;
        }
        hang_up(keeper);
        if (!keeper->backoff_ms)
                log_debug("a nameserver is away: %s", error_words(status, error));
        tell_failure(keeper, status, error);
        keeper->backoff_ms = keeper->backoff_ms ? 2 * keeper->backoff_ms : BACKOFF_MS;
        if (keeper->backoff_ms > most_ms)
                keeper->backoff_ms = most_ms;
}

static void *keep(void *userdata)
{
        Keeper *keeper = userdata;
        bool is_stopping, is_idle = !has_names(keeper, &is_stopping);

        while (!is_stopping) {
                CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
                pyrope_status status;

                if (!is_idle) {
                        status = work(keeper, &error);
                        after_work(keeper, status, error);
                }
                wait_for_work(keeper, is_idle);
                is_idle = !has_names(keeper, &is_stopping);
        }
        hang_up(keeper);
        return NULL;
}

/* -- life ------------------------------------------------------------------------------------- */

int keeper_start(Keeper *keeper)
{
        int r;

        keeper->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (keeper->wake_fd < 0)
                return -errno;
        r = thread_start(&keeper->thread, keep, keeper);
        if (r)
                (void)close(keeper->wake_fd);
        return r;
}

void keeper_wake(Keeper *keeper)
{
        (void)eventfd_write(keeper->wake_fd, 1); /* fails only if it is readable anyway */
}

void keeper_join(Keeper *keeper)
{
        (void)pthread_join(keeper->thread, NULL);
        (void)close(keeper->wake_fd);
}
