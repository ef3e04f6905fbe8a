#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Changes in Groups
 *
 * Every change of the database comes through here. A change waits for the disk; those that come
 * meanwhile share the next transaction, and one that fails undoes itself alone. Whoever finds
 * nobody at work runs the group, so a single one waits for nobody; of several that change one thing
 * after the other, each group waits a moment for those of the one before. For store*.c only.
 */

#include "nameserver/store-db.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/queue.h>

#define STORE_GROUP_MAX 256u /* changes of one transaction */

/* Whose changes were in the latest group is likely to be back with another, if at all, within the
 * first; a group waits for them for the second, about what a fast disk takes. */
#define STORE_GROUP_BACK_US 200
#define STORE_GROUP_WAIT_US 130u

typedef struct StoreChange StoreChange;
typedef struct StoreGroup StoreGroup;

/* Runs inside a transaction, in any thread that makes a change; a failure undoes what it did. It
 * may run more than once, when what it did before was undone. Return: 0, STORE_E_*, -errno. */
typedef int (*StoreChangeFn)(void *context, void *userdata);

/* How far a transaction is, told as it goes. */
typedef enum StoreGroupStep {
        STORE_GROUP_KEPT,      /* the change that ran stands, if the transaction does */
        STORE_GROUP_UNDONE,    /* it does not; those before it do */
        STORE_GROUP_COMMITTED, /* all that was kept is on the disk */
        STORE_GROUP_LOST,      /* nothing of the transaction is */
} StoreGroupStep;

typedef STAILQ_HEAD(StoreChanges, StoreChange) StoreChanges;

struct StoreChange {
        StoreChangeFn fn;
        void *userdata;
        ErrorText *error; /* or NULL */
        int r;
        bool is_leader; /* woken to run a group; else because it is done */
        sem_t woken;
        StoreChange *wakes[2]; /* when it is done; or NULL */
        STAILQ_ENTRY(StoreChange) link;
};

struct StoreGroup {
        StoreDb *db;                  /* borrowed */
        int (*reopen)(void *context); /* connects @db anew. Return: 0, STORE_E_*, -errno */
        int (*write)(void *context);  /* or NULL: what the changes have left to be written at the
                                       end. Return: as a change */
        void (*on_step)(void *context, StoreGroupStep step); /* or NULL; set after init, both */
        void *context; /* of these three and of those that change */
        pthread_mutex_t lock;
        StoreChanges waiting;
        unsigned n_waiting; /* changes in @waiting */
        unsigned n_awaited; /* whoever leads sleeps until so many wait; 0: he does not */
        unsigned n_latest;  /* changes of the latest group ... */
        double ended_ms;    /* ... which was over then, on clock_fine_ms() */
        bool is_running;    /* somebody has the database, or was woken to take it */
        bool is_broken;     /* the disk failed: the connection is not to be used again */
};

/* All are borrowed as long as @group. */
void store_group_init(StoreGroup *group, StoreDb *db, int (*reopen)(void *context), void *context);
void store_group_deinit(StoreGroup *group);

/**
 * store_group_change() - run a change, and wait until it is on the disk
 *
 * After a failure of the disk nothing of the group is acknowledged, and the connection is made
 * anew: what the kernel says of a file after a failed fsync is not to be relied on.
 *
 * Threads: any. Return: 0, what @fn gives, STORE_E_*, -errno.
 */
NODISCARD int store_group_change(StoreGroup *group, StoreChangeFn fn, void *userdata,
                                 ErrorText *error);
