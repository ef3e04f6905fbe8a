#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Tally of a Transaction
 *
 * Two rows change with every change of the database: the number of the last change, and what the
 * owner has in all. They are kept here, and written once for all changes of a transaction. For
 * store*.c only. Beside what is named, all return 0, STORE_E_* as store_db_step(), -ENOMEM.
 */

#include "nameserver/store-rows.h"

#include <stdbool.h>

#define STORE_TALLY_OWNERS 16u /* kept; with one more, all are written */

typedef struct StoreTally StoreTally;

struct StoreTally {
        StoreDb *db; /* borrowed */
        bool has_version;
        int64_t version;
        unsigned n_owners;
        struct {
                uid_t uid;
                StoreUsage usage;
        } owners[STORE_TALLY_OWNERS];
};

#define STORE_TALLY_INIT(of)                                                                       \
        {                                                                                          \
                .db = (of)                                                                         \
        }

/** store_tally_next_version() - the number of the next change. */
NODISCARD int store_tally_next_version(StoreTally *tally, int64_t *ret);

/** store_tally_use() - an owner has so much more, or less; @ret: and thus in all. Only after a row
 * was changed. */
NODISCARD int store_tally_use(StoreTally *tally, uid_t owner, int64_t n_names, int64_t n_bytes,
                              StoreUsage *ret);

/** store_tally_write() - before the transaction ends, or a savepoint is released. */
NODISCARD int store_tally_write(StoreTally *tally);

/** store_tally_forget() - what stands in the database is true again. */
void store_tally_forget(StoreTally *tally);
