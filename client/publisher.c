/* SPDX-License-Identifier: MIT */

#include "client/publisher.h"

#include "base/thread.h"
#include "client/context.h"
#include "client/keeper.h"
#include "proto/value.h"

#include <string.h>
#include <utlist.h>

static void lock(Publisher *publisher)
{
        (void)pthread_mutex_lock(&publisher->lock);
}

static void unlock(Publisher *publisher)
{
        (void)pthread_mutex_unlock(&publisher->lock);
}

/* -- names ------------------------------------------------------------------------------------ */

static Published *published_free(Published *self)
{
        if (!self)
                return NULL;
        for (size_t i = 0; i < self->n_tags; i++)
                free(self->tags[i]);
        free(self->tags);
        free(self->ssh);
        free(self->uri);
        free(self->name);
        (void)pyrope_error_free(self->error);
        free(self);
        return NULL;
}
DEFINE_CLEANUP(Published, published_free);

static Published *published_new(const pyrope_publication *from)
{
        CLEANUP(published_freep) Published *self = calloc(1, sizeof(*self));

        if (!self)
                return NULL;
        self->name = strdup(from->name);
        self->uri = strdup(from->uri);
        self->ssh = from->ssh ? strdup(from->ssh) : NULL;
        self->tags = calloc(from->n_tags + 1, sizeof(*self->tags));
        if (!self->name || !self->uri || (from->ssh && !self->ssh) || !self->tags)
                return NULL;
        for (; self->n_tags < from->n_tags; self->n_tags++) {
                self->tags[self->n_tags] = strdup(from->tags[self->n_tags]);
                if (!self->tags[self->n_tags])
                        return NULL;
        }
        self->ttl_s = from->ttl_s ? from->ttl_s : PUBLISHER_TTL_S;
        return TAKE(self);
}

Published *publisher_find(const Publisher *publisher, const char *name)
{
        Published *self;

        DL_FOREACH (publisher->names, self)
                if (strcmp(self->name, name) == 0)
                        return self;
        return NULL;
}

static bool is_all_gone(const Publisher *publisher, const Published *self)
{
        for (size_t i = 0; i < publisher->n_keepers; i++)
                if (self->states[i] != KEEPER_GONE)
                        return false;
        return true;
}

void publisher_enter(Publisher *publisher, Published *self, size_t i, KeeperState state)
{
        self->states[i] = state;
        self->has_failed[i] = false;
        if (is_all_gone(publisher, self)) {
                DL_DELETE(publisher->names, self);
                publisher->n_names--;
                published_free(self);
        }
        (void)pthread_cond_broadcast(&publisher->changed);
}

/* -- life ------------------------------------------------------------------------------------- */

static void wake_all(Publisher *publisher)
{
        for (size_t i = 0; i < publisher->n_keepers; i++)
                keeper_wake(&publisher->keepers[i]);
}

static int start_keeper(Publisher *publisher)
{
        Keeper *keeper = &publisher->keepers[publisher->n_keepers];
        int r;

        *keeper = (Keeper){ .publisher = publisher, .index = publisher->n_keepers };
        r = keeper_start(keeper);
        if (r == 0)
                publisher->n_keepers++;
        return r;
}

static Publisher *publisher_new(pyrope_context *context)
{
        Publisher *publisher = calloc(1, sizeof(*publisher));

        if (!publisher)
                return NULL;
        publisher->context = context;
        (void)pthread_mutex_init(&publisher->lock, NULL); /* cannot fail without attributes */
        thread_cond_init(&publisher->changed);
        while (publisher->n_keepers < context->nameservers.n)
                if (start_keeper(publisher))
                        return publisher_free(publisher);
        return publisher;
}

Publisher *publisher_free(Publisher *publisher)
{
        Published *self, *next;

        if (!publisher)
                return NULL;
        lock(publisher);
        publisher->is_stopping = true;
        unlock(publisher);
        wake_all(publisher);
        for (size_t i = 0; i < publisher->n_keepers; i++)
                keeper_join(&publisher->keepers[i]);
        DL_FOREACH_SAFE (publisher->names, self, next) {
                DL_DELETE(publisher->names, self);
                published_free(self);
        }
        (void)pthread_cond_destroy(&publisher->changed);
        (void)pthread_mutex_destroy(&publisher->lock);
        free(publisher);
        return NULL;
}

/* -- adding and removing ---------------------------------------------------------------------- */

/* Until something changes; with the lock held, which it lets go. Return: false: time is up. */
static bool wait_for_change(Publisher *publisher, Deadline deadline)
{
        return thread_cond_wait(&publisher->changed, &publisher->lock, deadline_left_ms(deadline));
}

static size_t count(const Publisher *publisher, const Published *self, KeeperState state)
{
        size_t n = 0;

        for (size_t i = 0; i < publisher->n_keepers; i++)
                n += self->states[i] == state;
        return n;
}

static size_t count_failed(const Publisher *publisher, const Published *self)
{
        size_t n = 0;

        for (size_t i = 0; i < publisher->n_keepers; i++)
                n += self->has_failed[i];
        return n;
}

/* With the lock held: all keepers shall remove it that have said it. @self may be freed. */
static void let_go(Publisher *publisher, Published *self)
{
        for (size_t i = 0; i < publisher->n_keepers; i++) {
                self->has_failed[i] = false;
                if (self->states[i] != KEEPER_GONE)
                        self->states[i] = self->is_said[i] ? KEEPER_GOING : KEEPER_GONE;
        }
        publisher_enter(publisher, self, 0, self->states[0]);
        wake_all(publisher);
}

/* Until one nameserver has it, or all have failed; with the lock held. */
static pyrope_status wait_until_there(Publisher *publisher, const char *name, Deadline deadline,
                                      pyrope_error **error)
{
        Published *self;
        pyrope_status status;

        while ((self = publisher_find(publisher, name)) && !count(publisher, self, KEEPER_THERE) &&
               count_failed(publisher, self) < publisher->n_keepers) {
                if (!wait_for_change(publisher, deadline))
                        break;
        }
        self = publisher_find(publisher, name);
        if (!self) /* another thread removed it meanwhile */
                return error_set(error, PYROPE_E_CLOSED, "%s: unpublished meanwhile", name);
        if (count(publisher, self, KEEPER_THERE))
                return PYROPE_OK;
        status = self->status ? self->status : PYROPE_E_TIMEOUT;
        (void)error_set(error, status, "%s",
                        self->error ? pyrope_error_text(self->error) : "no nameserver answers");
        let_go(publisher, self);
        return status;
}

static pyrope_status publisher_add(Publisher *publisher, const pyrope_publication *publication,
                                   Deadline deadline, pyrope_error **error)
{
        CLEANUP(published_freep) Published *made = published_new(publication);
        pyrope_status status = PYROPE_OK;

        if (!made)
                return error_nomem(error);
        lock(publisher);
        if (publisher_find(publisher, made->name))
                status = error_set(error, PYROPE_E_EXISTS, "%s: is published already", made->name);
        else if (publisher->n_names == PUBLISHER_NAMES_MAX)
                status = error_set(error, PYROPE_E_TOO_LARGE, "more than %u names",
                                   PUBLISHER_NAMES_MAX);
        if (!status) {
                DL_APPEND(publisher->names, made);
                publisher->n_names++;
                made = NULL;
                wake_all(publisher);
                status = wait_until_there(publisher, publication->name, deadline, error);
        }
        unlock(publisher);
        return status;
}

static pyrope_status publisher_remove(Publisher *publisher, const char *name, Deadline deadline)
{
        pyrope_status status = PYROPE_OK;
        Published *self;

        lock(publisher);
        self = publisher_find(publisher, name);
        if (self)
                let_go(publisher, self);
        else
                status = PYROPE_E_NOT_FOUND;
        /* A nameserver that is away learns it when it is back. */
        while ((self = publisher_find(publisher, name)) &&
               count_failed(publisher, self) < count(publisher, self, KEEPER_GOING)) {
                if (!wait_for_change(publisher, deadline))
                        break;
        }
        unlock(publisher);
        return status;
}

/* -- the API ---------------------------------------------------------------------------------- */

/* That of a context, made when first needed. */
static Publisher *publisher_of(pyrope_context *context)
{
        Publisher *publisher;

        (void)pthread_mutex_lock(&context->lock);
        if (!context->publisher)
                context->publisher = publisher_new(context);
        publisher = context->publisher;
        (void)pthread_mutex_unlock(&context->lock);
        return publisher;
}

static pyrope_status check(const pyrope_publication *publication, pyrope_error **error)
{
        CLEANUP(uri_deinit) Uri uri = { .object = NULL };
        bool has_all_tags = publication->tags || !publication->n_tags;

        if (!publication->name || !publication->uri || !has_all_tags)
                return error_null(error);
        for (size_t i = 0; i < publication->n_tags; i++)
                if (!publication->tags[i])
                        return error_null(error);
        if (!*publication->name)
                return error_set(error, PYROPE_E_INVALID, "a name is not empty");
        if (uri_parse(publication->uri, &uri) || uri.kind != URI_PYRO)
                return error_set(error, PYROPE_E_INVALID, "'%s' is not the URI of an object",
                                 publication->uri);
        if (publication->ttl_s < 0 || publication->ttl_s > PUBLISHER_TTL_MAX_S)
                return error_set(error, PYROPE_E_INVALID, "a lease has 1 to %d seconds",
                                 PUBLISHER_TTL_MAX_S);
        return PYROPE_OK;
}

pyrope_status pyrope_publish(pyrope_context *context, const pyrope_publication *publication,
                             int64_t timeout_ms, pyrope_error **error)
{
        Publisher *publisher;
        pyrope_status status;

        if (!context || !publication)
                return error_null(error);
        status = check(publication, error);
        if (status)
                return status;
        publisher = publisher_of(context);
        if (!publisher)
                return error_set(error, PYROPE_E_NOMEM, "no memory, descriptors or threads left");
        return publisher_add(publisher, publication, context_deadline(context, timeout_ms), error);
}

pyrope_status pyrope_unpublish(pyrope_context *context, const char *name, int64_t timeout_ms)
{
        Publisher *publisher;

        if (!context || !name)
                return PYROPE_E_INVALID;
        (void)pthread_mutex_lock(&context->lock);
        publisher = context->publisher;
        (void)pthread_mutex_unlock(&context->lock);
        if (!publisher)
                return PYROPE_E_NOT_FOUND;
        return publisher_remove(publisher, name, context_deadline(context, timeout_ms));
}
