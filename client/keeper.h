#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Keeper
 *
 * What keeps the names of a publisher registered at one nameserver: a thread and its connection.
 *
 * Each name has a state for each nameserver, which its keeper's thread alone moves on, except that
 * the publisher sets GOING what is not GONE. A keeper looks for something to do with the lock held,
 * lets it go for the call, and then sets what came out: a name is freed when it is GONE at all
 * keepers, so the one that a keeper works on is not.
 *
 * The connection is kept, for its end is the first sign that a nameserver was started again; after
 * it, and after each third of a term, names are renewed, and those that the nameserver does not
 * know any more are registered anew.
 */

#include "client/ns-place.h"
#include "client/publisher.h"

#include <pthread.h>
#include <stdbool.h>

typedef enum KeeperState {
        KEEPER_WANTED, /* to be registered */
        KEEPER_THERE,
        KEEPER_GOING, /* to be removed */
        KEEPER_GONE,
} KeeperState;

typedef struct Published Published;
typedef struct Keeper Keeper;

struct Published {
        char *name;
        char *uri;
        char *ssh; /* NULL: not reached by SSH */
        char **tags;
        size_t n_tags;
        int64_t ttl_s;
        KeeperState states[NS_PLACES_MAX];
        bool has_failed[NS_PLACES_MAX]; /* the last try there */
        bool is_said[NS_PLACES_MAX];    /* the nameserver was told, and did not refuse */
        pyrope_error *error;            /* of the last failure; NULL: none yet */
        pyrope_status status;
        Published *next, *prev;
};

struct Keeper {
        Publisher *publisher;
        size_t index; /* of its nameserver in the context, and in states */
        pthread_t thread;
        int wake_fd;              /* eventfd */
        pyrope_proxy *nameserver; /* NULL: not connected; the thread's */
        int64_t backoff_ms;       /* 0: the last try went well; the thread's */
        int64_t renew_at_ms;      /* the thread's */
};

struct Publisher {
        pyrope_context *context; /* borrowed */
        pthread_mutex_t lock;
        pthread_cond_t changed; /* some state, or failure */
        Published *names;       /* utlist DL; under the lock */
        size_t n_names;
        bool is_stopping;
        Keeper keepers[NS_PLACES_MAX];
        size_t n_keepers;
};

/** keeper_start() - @keeper is all zero but for its publisher and index. Return: 0, -errno. */
NODISCARD int keeper_start(Keeper *keeper);

/** keeper_wake() - have it look at what is to be done, and at is_stopping. */
void keeper_wake(Keeper *keeper);

/** keeper_join() - after it was told to stop: wait for its thread, and release. */
void keeper_join(Keeper *keeper);

/* With the lock held, as all that follows. */

/** publisher_find() - Return: borrowed; NULL: there is no such name. */
Published *publisher_find(const Publisher *publisher, const char *name);

/** publisher_enter() - a name has another state at keeper @i; it is freed once it is gone at all.
 */
void publisher_enter(Publisher *publisher, Published *self, size_t i, KeeperState state);
