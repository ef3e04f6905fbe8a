#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Tally
 *
 * What goes on from change to change: the number of the last one, which is written once for all
 * changes of a transaction, and what each owner has in all, which is counted at the start and then
 * kept in memory. Both follow when a change, or a transaction, is undone. For store*.c only.
 */

#include "nameserver/store-rows.h"

#include "base/buffer.h"

typedef struct StoreOwner StoreOwner;
typedef struct StoreTally StoreTally;

struct StoreTally {
        StoreDb *db;        /* borrowed */
        StoreOwner *owners; /* a hash table of all that ever had a name since the start; owned */
        Buffer undo;        /* what owners got in this transaction ... */
        size_t n_kept;      /* ... of which so many bytes are of changes that stand */
        int64_t version;
        int64_t version_kept;    /* of the last change that stands */
        int64_t version_written; /* in the database */
};

/** store_tally_init() - @db must outlive it. */
void store_tally_init(StoreTally *tally, StoreDb *db);
void store_tally_deinit(StoreTally *tally);

/** store_tally_load() - count anew, outside of a transaction. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_tally_load(StoreTally *tally);

/** store_tally_next_version() - the number of the change that runs. */
int64_t store_tally_next_version(StoreTally *tally);

/** store_tally_use() - an owner has so much more, or less; @ret: and thus in all. Only after a row
 * was changed. Return: 0, -ENOMEM. */
NODISCARD int store_tally_use(StoreTally *tally, uid_t owner, int64_t n_names, int64_t n_bytes,
                              StoreUsage *ret);

/** store_tally_write() - before the transaction ends. Return: 0, STORE_E_*, -ENOMEM. */
NODISCARD int store_tally_write(StoreTally *tally);

/* What became of the change that ran, or of the transaction. */
void store_tally_keep(StoreTally *tally);
void store_tally_undo(StoreTally *tally);
void store_tally_committed(StoreTally *tally);
void store_tally_lost(StoreTally *tally);
