/* SPDX-License-Identifier: MIT */

#include "nameserver/store-tally.h"

#include <errno.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define UNDO_MAX_BYTES (SIZE_MAX / 2) /* one change may remove any number of names */

typedef struct Undo Undo;

struct StoreOwner {
        uid_t uid;
        StoreUsage usage;
        UT_hash_handle hh;
};

/* What to take away again. */
struct Undo {
        StoreOwner *owner; /* none goes away before all do */
        StoreUsage usage;
};

void store_tally_init(StoreTally *tally, StoreDb *db)
{
        *tally = (StoreTally){ .db = db, .undo = BUFFER_INIT(UNDO_MAX_BYTES) };
}

static void forget_owners(StoreTally *tally)
{
        StoreOwner *owner, *next;

        HASH_ITER (hh, tally->owners, owner, next) {
                HASH_DEL(tally->owners, owner);
                free(owner);
        }
}

void store_tally_deinit(StoreTally *tally)
{
        forget_owners(tally);
        buffer_deinit(&tally->undo);
}

/* Return: NULL: no memory. */
static StoreOwner *find_owner(StoreTally *tally, uid_t uid)
{
        StoreOwner *owner;

        HASH_FIND(hh, tally->owners, &uid, sizeof(uid), owner);
        if (owner)
                return owner;
        owner = calloc(1, sizeof(*owner));
        if (!owner)
                return NULL;
        owner->uid = uid;
        HASH_ADD(hh, tally->owners, uid, sizeof(owner->uid), owner);
        if (owner->hh.tbl)
                return owner;
        free(owner);
        return NULL;
}

static void add(StoreUsage *to, const StoreUsage *usage)
{
        to->n_names += usage->n_names;
        to->n_bytes += usage->n_bytes;
}

static int load_owner(uid_t uid, const StoreUsage *usage, void *userdata)
{
        StoreOwner *owner = find_owner(userdata, uid);

        if (!owner)
                return error_origin(-ENOMEM);
        add(&owner->usage, usage);
        return 0;
}

int store_tally_load(StoreTally *tally)
{
        int64_t version;
        int r;

        forget_owners(tally);
        tally->undo.n = tally->n_kept = 0;
        r = store_rows_version(tally->db, &version);
        if (r)
                return r;
        tally->version = tally->version_kept = tally->version_written = version;
        return store_rows_owners(tally->db, load_owner, tally);
}

int64_t store_tally_next_version(StoreTally *tally)
{
        return ++tally->version;
}

int store_tally_use(StoreTally *tally, uid_t uid, int64_t n_names, int64_t n_bytes, StoreUsage *ret)
{
        Undo undo = { .usage = { .n_names = n_names, .n_bytes = n_bytes } };
        int r;

        undo.owner = find_owner(tally, uid);
        if (!undo.owner)
                return error_origin(-ENOMEM);
        r = buffer_append(&tally->undo, &undo, sizeof(undo));
        if (r)
                return r;
        add(&undo.owner->usage, &undo.usage);
        *ret = undo.owner->usage;
        return 0;
}

int store_tally_write(StoreTally *tally)
{
        if (tally->version == tally->version_written)
                return 0;
        return store_rows_set_version(tally->db, tally->version);
}

void store_tally_keep(StoreTally *tally)
{
        tally->n_kept = tally->undo.n;
        tally->version_kept = tally->version;
}

void store_tally_undo(StoreTally *tally)
{
        Undo undo;

        while (tally->undo.n > tally->n_kept) {
                tally->undo.n -= sizeof(undo);
                memcpy(&undo, tally->undo.data + tally->undo.n, sizeof(undo));
                undo.owner->usage.n_names -= undo.usage.n_names;
                undo.owner->usage.n_bytes -= undo.usage.n_bytes;
        }
        tally->version = tally->version_kept;
}

void store_tally_committed(StoreTally *tally)
{
        tally->undo.n = tally->n_kept = 0;
        buffer_shrink(&tally->undo);
        tally->version_kept = tally->version_written = tally->version;
}

void store_tally_lost(StoreTally *tally)
{
        tally->n_kept = 0;
        tally->version_kept = tally->version_written;
        store_tally_undo(tally);
}
