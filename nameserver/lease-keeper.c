/* SPDX-License-Identifier: MIT */

#include "nameserver/lease-keeper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <inttypes.h>

struct LeaseKeeper {
        LeaseTable *table; /* borrowed, as the store */
        Store *store;
        pthread_t thread;
        bool cannot_write; /* the last removal failed, and the log says so */
};

int lease_keeper_load(LeaseTable *table, StoreReader *reader, ErrorText *error)
{
        const StoreQuery leased = { .kind = STORE_LEASED };
        const int64_t now_ms = clock_boottime_ms();
        const StoreObject *object;
        size_t n;
        int r;

        r = store_reader_begin(reader, &leased, /* with= */ 0, &n, error);
        while (r == 0 && (r = store_reader_next(reader, &object, error)) == 0) {
                StoreNews news = {
                        .name = object->name,
                        .owner = object->owner,
                        .version = object->version,
                        .ttl_ms = object->ttl_ms,
                };

                r = lease_table_put(table, &news, /* is_confirmed= */ false, now_ms);
        }
        store_reader_end(reader);
        return r == STORE_E_NOT_FOUND ? 0 : r;
}

static void tell(LeaseKeeper *keeper, size_t n, int r, const ErrorText *error)
{
        if (r && !keeper->cannot_write)
                log_error("names whose leases are over stay: %s", error->text);
        if (r == 0)
                log_info("%zu names are forgotten: their leases were not renewed", n);
        keeper->cannot_write = r != 0;
}

/* Return: whether others may be over, too. */
static bool expire(LeaseKeeper *keeper, LeaseBatch *batch)
{
        ErrorText error = { "" };
        int r;

        if (lease_table_take(keeper->table, clock_boottime_ms(), batch))
                log_debug("out of memory for leases; trying again");
        if (batch->n == 0)
                return false;
        r = store_expire(keeper->store, batch->leases, batch->n, &error);
        lease_table_settle(keeper->table, batch, r == 0, clock_boottime_ms() + LEASE_RETRY_MS);
        tell(keeper, batch->n, r, &error);
        return r == 0 && batch->n == LEASE_BATCH_MAX;
}

static void look_for_gap(LeaseKeeper *keeper, int64_t last_ms, int64_t now_ms)
{
        if (now_ms - last_ms <= LEASE_TICK_MS + LEASE_GAP_MS)
                return;
        log_info("stood still for %" PRId64 " s: every lease gets another term",
                 (now_ms - last_ms) / 1000);
        lease_table_extend(keeper->table, now_ms);
}

static void *keep(void *userdata)
{
        LeaseBatch batch = { .n = 0 };
        LeaseKeeper *keeper = userdata;
        int64_t now_ms;

        while (!lease_table_is_stopped(keeper->table)) {
                now_ms = clock_boottime_ms();
                /* While no lease runs there is none to be extended. */
                if (!lease_table_wait(keeper->table, now_ms, LEASE_TICK_MS))
                        look_for_gap(keeper, now_ms, clock_boottime_ms());
                while (expire(keeper, &batch)) {
                }
        }
        lease_batch_deinit(&batch);
        return NULL;
}

int lease_keeper_new(LeaseTable *table, Store *store, LeaseKeeper **ret)
{
        CLEANUP(freep) LeaseKeeper *keeper = calloc(1, sizeof(*keeper));
        int r;

        if (!keeper)
                return error_origin(-ENOMEM);
        keeper->table = table;
        keeper->store = store;
        r = thread_start(&keeper->thread, keep, keeper);
        if (r)
                return r;
        *ret = TAKE(keeper);
        return 0;
}

LeaseKeeper *lease_keeper_free(LeaseKeeper *keeper)
{
        if (!keeper)
                return NULL;
        lease_table_stop(keeper->table);
        (void)pthread_join(keeper->thread, NULL); /* it is joinable, and not this one */
        free(keeper);
        return NULL;
}
