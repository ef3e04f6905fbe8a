#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Leases
 *
 * Until when names are to be kept that were registered for a term. The terms are in the store, the
 * moments only here: they are on a clock that begins anew with the computer, and renewing a lease
 * writes nothing. A lease runs as long as its term since it was last renewed, and does not run at
 * all while the connection that registered the name is open.
 *
 * Moments are those of clock_boottime_ms(), given by the caller. Any thread.
 */

#include "base/buffer.h"
#include "nameserver/store.h"

#include <pthread.h>

#define LEASE_TTL_MAX_S 2592000 /* 30 days */
#define LEASE_BATCH_MAX 256u    /* that expire in one transaction */

enum {
        LEASE_E_SUCCESS,

        LEASE_E_NONE, /* no such lease, or another user's */
};

typedef struct Lease Lease;
typedef struct LeaseTable LeaseTable;
typedef struct LeaseHolder LeaseHolder;
typedef struct LeaseBatch LeaseBatch;

/* Leases that are over; zeroed before its first use, then lease_batch_deinit(). */
struct LeaseBatch {
        StoreLease leases[LEASE_BATCH_MAX];
        size_t n;
        Buffer names; /* what they point into */
};

void lease_batch_deinit(LeaseBatch *batch);

/* Return: owned by the caller, lease_table_free(); NULL: out of memory. */
LeaseTable *lease_table_new(void);

/* Its holders are gone before it. Return: NULL. */
LeaseTable *lease_table_free(LeaseTable *table);
DEFINE_CLEANUP(LeaseTable, lease_table_free);

/**
 * lease_table_put() - a name has a lease, or has another one
 * @news:       its name, owner, version and term
 * @is_confirmed: false: nobody has said so since the nameserver started
 *
 * Who holds it goes on doing so. Return: 0, -ENOMEM.
 */
NODISCARD int lease_table_put(LeaseTable *table, const StoreNews *news, bool is_confirmed,
                              int64_t now_ms);

/* A name has no lease any more, or is gone; does nothing if it had none. */
void lease_table_drop(LeaseTable *table, StoreText name);

/** lease_table_renew() - it runs anew from now, and is confirmed. Return: 0, LEASE_E_NONE. */
NODISCARD int lease_table_renew(LeaseTable *table, StoreText name, uid_t uid, int64_t now_ms);

/** lease_table_find() - @ret_confirmed: as for lease_table_put(). Return: 0, LEASE_E_NONE. */
NODISCARD int lease_table_find(LeaseTable *table, StoreText name, bool *ret_confirmed);

/* Gives all of them at least one term from now, unconfirmed: nobody could renew them meanwhile. */
void lease_table_extend(LeaseTable *table, int64_t now_ms);

/**
 * lease_table_take() - leases that are over
 * @batch:      receives them, in the place of what it held
 *
 * They cannot be renewed until lease_table_settle(). Return: 0, -ENOMEM; what was found before that
 * is in the batch.
 */
NODISCARD int lease_table_take(LeaseTable *table, int64_t now_ms, LeaseBatch *batch);

/* What was taken is gone, but for what was registered anew meanwhile; or, if @is_removed is false,
 * could not be removed, and is over again at @retry_ms, unless somebody renews it first. */
void lease_table_settle(LeaseTable *table, const LeaseBatch *batch, bool is_removed,
                        int64_t retry_ms);

/**
 * lease_table_wait() - until a lease is over, @max_ms have passed, or lease_table_stop()
 *
 * Waits without limit while none runs. Return: whether it waited so.
 */
bool lease_table_wait(LeaseTable *table, int64_t now_ms, int64_t max_ms);

/* Ends all waiting, now and later. */
void lease_table_stop(LeaseTable *table);
bool lease_table_is_stopped(LeaseTable *table);

/* A connection, for the leases that it holds. Return: owned; NULL: out of memory. */
LeaseHolder *lease_holder_new(LeaseTable *table);

/* Its leases run from now on, beginning with a whole term. Return: NULL. */
LeaseHolder *lease_holder_free(LeaseHolder *holder, int64_t now_ms);

/* The lease of a name does not run while @holder is there; does nothing if there is none of @uid.
 */
void lease_holder_hold(LeaseHolder *holder, StoreText name, uid_t uid);
