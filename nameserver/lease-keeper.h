#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Keeper of the Leases
 *
 * A thread that removes names when their leases are over. Where it finds that it did not run for a
 * while (the computer was suspended, the process stopped), nobody could renew anything meanwhile,
 * and all leases get another term; so they do after a start.
 */

#include "nameserver/lease.h"

#define LEASE_TICK_MS  1000 /* between two looks at the clock, while any lease runs */
#define LEASE_GAP_MS   3000 /* later than that by so much: it did not run */
#define LEASE_RETRY_MS 1000 /* after a removal that failed */

typedef struct LeaseKeeper LeaseKeeper;

/** lease_keeper_load() - the leases of what is in the database. Return: 0, STORE_E_*, -errno. */
NODISCARD int lease_keeper_load(LeaseTable *table, StoreReader *reader, ErrorText *error);

/**
 * lease_keeper_new() - start it
 * @table, @store: borrowed until lease_keeper_free()
 *
 * Return: 0 with @ret owned by the caller, -errno.
 */
NODISCARD int lease_keeper_new(LeaseTable *table, Store *store, LeaseKeeper **ret);

/* Ends it. Return: NULL. */
LeaseKeeper *lease_keeper_free(LeaseKeeper *keeper);
