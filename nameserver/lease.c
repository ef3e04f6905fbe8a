/* SPDX-License-Identifier: MIT */

/*
 * Design notes
 *
 * The heap tells which lease to look at next. A lease that is renewed only gets a later end; where
 * it stands in the heap is put right when it comes up, so renewing costs a look-up by name. Only an
 * end that moves to an earlier moment moves the lease at once.
 */

#include "nameserver/lease.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

/* uthash shall tell when memory is out, not exit. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct Lease {
        int64_t end_ms;  /* INT64_MAX while it is held, or being removed */
        int64_t look_ms; /* place in the heap; not after end_ms */
        size_t at;       /* the place itself */
        int64_t ttl_ms;
        int64_t version;
        uid_t owner;
        bool is_confirmed;
        bool is_taken; /* over, and being removed */
        LeaseHolder *holder;
        LIST_ENTRY(Lease) held; /* of the holder */
        UT_hash_handle hh;
        size_t n_name;
        char name[];
};

struct LeaseTable {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* an earlier look, or stopped; on CLOCK_MONOTONIC */
        Lease *leases;          /* uthash by name; owned */
        Lease **heap;           /* by look_ms */
        size_t n;
        size_t n_room;
        bool is_stopped;
};

struct LeaseHolder {
        LeaseTable *table;
        LIST_HEAD(, Lease) leases;
};

void lease_batch_deinit(LeaseBatch *batch)
{
        buffer_deinit(&batch->names);
        batch->n = 0;
}

/* -- the heap --------------------------------------------------------------------------------- */

static void place(LeaseTable *table, size_t at, Lease *lease)
{
        table->heap[at] = lease;
        lease->at = at;
}

static void rise(LeaseTable *table, Lease *lease)
{
        size_t at = lease->at;

        for (; at > 0 && table->heap[(at - 1) / 2]->look_ms > lease->look_ms; at = (at - 1) / 2)
                place(table, at, table->heap[(at - 1) / 2]);
        place(table, at, lease);
        if (at == 0)
                pthread_cond_signal(&table->changed);
}

static void sink(LeaseTable *table, Lease *lease)
{
        size_t at = lease->at;
        size_t child;

        for (; (child = 2 * at + 1) < table->n; at = child) {
                if (child + 1 < table->n &&
                    table->heap[child + 1]->look_ms < table->heap[child]->look_ms)
                        child++;
                if (table->heap[child]->look_ms >= lease->look_ms)
                        break;
                place(table, at, table->heap[child]);
        }
        place(table, at, lease);
}

static int make_room(LeaseTable *table)
{
        size_t n_room = table->n_room ? 2 * table->n_room : 64;
        Lease **heap;

        if (table->n < table->n_room)
                return 0;
        heap = realloc(table->heap, n_room * sizeof(Lease *));
        if (!heap)
                return error_origin(-ENOMEM);
        table->heap = heap;
        table->n_room = n_room;
        return 0;
}

static void leave_heap(LeaseTable *table, Lease *lease)
{
        Lease *last = table->heap[--table->n];

        if (last == lease)
                return;
        place(table, lease->at, last);
        rise(table, last);
        sink(table, last);
}

static void set_end(LeaseTable *table, Lease *lease, int64_t end_ms)
{
        lease->end_ms = end_ms;
        if (end_ms < lease->look_ms) {
                lease->look_ms = end_ms;
                rise(table, lease);
        }
}

/* -- the table -------------------------------------------------------------------------------- */

LeaseTable *lease_table_new(void)
{
        LeaseTable *table = calloc(1, sizeof(*table));
        pthread_condattr_t attributes;

        if (!table)
                return NULL;
        pthread_mutex_init(&table->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&table->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        return table;
}

static Lease *find(const LeaseTable *table, StoreText name)
{
        Lease *lease;

        HASH_FIND(hh, table->leases, name.at, name.n, lease);
        return lease;
}

static void let_go(Lease *lease)
{
        if (lease->holder)
                LIST_REMOVE(lease, held);
        lease->holder = NULL;
}

static void drop(LeaseTable *table, Lease *lease)
{
        let_go(lease);
        leave_heap(table, lease);
        HASH_DEL(table->leases, lease);
        free(lease);
}

LeaseTable *lease_table_free(LeaseTable *table)
{
        if (!table)
                return NULL;
        while (table->n > 0)
                drop(table, table->heap[table->n - 1]);
        free(table->heap);
        pthread_cond_destroy(&table->changed);
        pthread_mutex_destroy(&table->lock);
        free(table);
        return NULL;
}

/* At the end of the heap, for a moment that never comes. */
static int add(LeaseTable *table, StoreText name, Lease **ret)
{
        Lease *lease;

        if (make_room(table))
                return -ENOMEM;
        lease = calloc(1, sizeof(*lease) + name.n + 1);
        if (!lease)
                return error_origin(-ENOMEM);
        if (name.n > 0)
                memcpy(lease->name, name.at, name.n);
        lease->n_name = name.n;
        lease->look_ms = INT64_MAX;
        HASH_ADD_KEYPTR(hh, table->leases, lease->name, lease->n_name, lease);
        if (!lease->hh.tbl) {
                free(lease);
                return error_origin(-ENOMEM);
        }
        place(table, table->n++, lease);
        *ret = lease;
        return 0;
}

int lease_table_put(LeaseTable *table, const StoreNews *news, bool is_confirmed, int64_t now_ms)
{
        Lease *lease;
        int r = 0;

        pthread_mutex_lock(&table->lock);
        lease = find(table, news->name);
        if (!lease)
                r = add(table, news->name, &lease);
        if (r == 0) {
                lease->owner = news->owner;
                lease->version = news->version;
                lease->ttl_ms = news->ttl_ms;
                lease->is_confirmed = is_confirmed;
                lease->is_taken = false;
                set_end(table, lease, lease->holder ? INT64_MAX : now_ms + news->ttl_ms);
        }
        pthread_mutex_unlock(&table->lock);
        return r;
}

void lease_table_drop(LeaseTable *table, StoreText name)
{
        Lease *lease;

        pthread_mutex_lock(&table->lock);
        lease = find(table, name);
        if (lease)
                drop(table, lease);
        pthread_mutex_unlock(&table->lock);
}

static Lease *find_of(const LeaseTable *table, StoreText name, uid_t uid)
{
        Lease *lease = find(table, name);

        return lease && lease->owner == uid && !lease->is_taken ? lease : NULL;
}

int lease_table_renew(LeaseTable *table, StoreText name, uid_t uid, int64_t now_ms)
{
        Lease *lease;

        pthread_mutex_lock(&table->lock);
        lease = find_of(table, name, uid);
        if (lease) {
                lease->is_confirmed = true;
                if (!lease->holder)
                        set_end(table, lease, now_ms + lease->ttl_ms);
        }
        pthread_mutex_unlock(&table->lock);
        return lease ? 0 : LEASE_E_NONE;
}

int lease_table_find(LeaseTable *table, StoreText name, bool *ret_confirmed)
{
        Lease *lease;

        pthread_mutex_lock(&table->lock);
        lease = find(table, name);
        if (lease)
                *ret_confirmed = lease->is_confirmed;
        pthread_mutex_unlock(&table->lock);
        return lease ? 0 : LEASE_E_NONE;
}

void lease_table_extend(LeaseTable *table, int64_t now_ms)
{
        pthread_mutex_lock(&table->lock);
        for (size_t i = 0; i < table->n; i++) {
                Lease *lease = table->heap[i];

                lease->is_confirmed = lease->holder != NULL;
                /* Later than where it stands in the heap: nothing moves. */
                if (!lease->is_taken && lease->end_ms < now_ms + lease->ttl_ms)
                        lease->end_ms = now_ms + lease->ttl_ms;
        }
        pthread_mutex_unlock(&table->lock);
}

/* -- expiry ----------------------------------------------------------------------------------- */

static void look_later(LeaseTable *table, Lease *lease)
{
        lease->look_ms = lease->end_ms;
        sink(table, lease);
}

static int take(LeaseTable *table, Lease *lease, LeaseBatch *batch)
{
        int r;

        r = buffer_append(&batch->names, lease->name, lease->n_name);
        if (r)
                return r;
        batch->leases[batch->n++] =
                (StoreLease){ .name = { .n = lease->n_name }, .version = lease->version };
        lease->is_taken = true;
        lease->end_ms = INT64_MAX;
        look_later(table, lease);
        return 0;
}

int lease_table_take(LeaseTable *table, int64_t now_ms, LeaseBatch *batch)
{
        const char *at;
        int r = 0;

        lease_batch_deinit(batch);
        buffer_init(&batch->names, SIZE_MAX / 2);
        pthread_mutex_lock(&table->lock);
        while (r == 0 && batch->n < LEASE_BATCH_MAX && table->n > 0 &&
               table->heap[0]->look_ms <= now_ms) {
                if (table->heap[0]->end_ms > now_ms)
                        look_later(table, table->heap[0]);
                else
                        r = take(table, table->heap[0], batch);
        }
        pthread_mutex_unlock(&table->lock);

        /* Only now do the bytes stay where they are. */
        at = (const char *)batch->names.data;
        for (size_t i = 0; i < batch->n; at += batch->leases[i++].name.n)
                batch->leases[i].name.at = at;
        return r;
}

void lease_table_settle(LeaseTable *table, const LeaseBatch *batch, bool is_removed,
                        int64_t retry_ms)
{
        pthread_mutex_lock(&table->lock);
        for (size_t i = 0; i < batch->n; i++) {
                Lease *lease = find(table, batch->leases[i].name);

                if (!lease || !lease->is_taken)
                        continue;
                lease->is_taken = false;
                if (is_removed)
                        drop(table, lease);
                else
                        set_end(table, lease, retry_ms);
        }
        pthread_mutex_unlock(&table->lock);
}

static void wait_ms(LeaseTable *table, int64_t ms)
{
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ms / 1000;
        until.tv_nsec += (ms % 1000) * 1000000;
        if (until.tv_nsec >= 1000000000) {
                until.tv_sec++;
                until.tv_nsec -= 1000000000;
        }
        (void)pthread_cond_timedwait(&table->changed, &table->lock, &until); /* or it is time */
}

bool lease_table_wait(LeaseTable *table, int64_t now_ms, int64_t max_ms)
{
        bool is_idle = false;
        int64_t look_ms;

        pthread_mutex_lock(&table->lock);
        look_ms = table->n > 0 ? table->heap[0]->look_ms : INT64_MAX;
        if (table->is_stopped) {
                /* Nothing to wait for. */
        } else if (look_ms == INT64_MAX) {
                is_idle = true;
                pthread_cond_wait(&table->changed, &table->lock);
        } else if (look_ms > now_ms) {
                wait_ms(table, look_ms - now_ms < max_ms ? look_ms - now_ms : max_ms);
        }
        pthread_mutex_unlock(&table->lock);
        return is_idle;
}

void lease_table_stop(LeaseTable *table)
{
        pthread_mutex_lock(&table->lock);
        table->is_stopped = true;
        pthread_cond_signal(&table->changed);
        pthread_mutex_unlock(&table->lock);
}

bool lease_table_is_stopped(LeaseTable *table)
{
        bool is_stopped;

        pthread_mutex_lock(&table->lock);
        is_stopped = table->is_stopped;
        pthread_mutex_unlock(&table->lock);
        return is_stopped;
}

/* -- connections ------------------------------------------------------------------------------ */

LeaseHolder *lease_holder_new(LeaseTable *table)
{
        LeaseHolder *holder = calloc(1, sizeof(*holder));

        if (holder)
                holder->table = table;
        return holder;
}

LeaseHolder *lease_holder_free(LeaseHolder *holder, int64_t now_ms)
{
        LeaseTable *table;
        Lease *lease;

        if (!holder)
                return NULL;
        table = holder->table;
        pthread_mutex_lock(&table->lock);
        while ((lease = LIST_FIRST(&holder->leases))) {
                let_go(lease);
                set_end(table, lease, now_ms + lease->ttl_ms);
        }
        pthread_mutex_unlock(&table->lock);
        free(holder);
        return NULL;
}

void lease_holder_hold(LeaseHolder *holder, StoreText name, uid_t uid)
{
        Lease *lease;

        pthread_mutex_lock(&holder->table->lock);
        lease = find_of(holder->table, name, uid);
        if (lease && lease->holder != holder) {
                let_go(lease);
                lease->holder = holder;
                LIST_INSERT_HEAD(&holder->leases, lease, held);
                lease->end_ms = INT64_MAX;
        }
        pthread_mutex_unlock(&holder->table->lock);
}
