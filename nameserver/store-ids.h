#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Row Ids that a Query Selects
 *
 * The rows of `objects` that SQL alone does not find: those whose names a program matches, and
 * those with some tags. For store*.c only.
 */

#include "nameserver/store-db.h"

#include "base/buffer.h"

typedef struct StoreIds StoreIds;

struct StoreIds {
        Buffer buffer; /* of int64_t */
};

#define STORE_IDS_INIT                                                                             \
        {                                                                                          \
                .buffer = BUFFER_INIT(SIZE_MAX / 2)                                                \
        }

void store_ids_deinit(StoreIds *ids);

static inline size_t store_ids_count(const StoreIds *ids)
{
        return ids->buffer.n / sizeof(int64_t);
}

static inline int64_t store_ids_get(const StoreIds *ids, size_t i)
{
        return ((const int64_t *)(const void *)ids->buffer.data)[i];
}

/**
 * store_ids_match() - the rows whose names the query's match function says yes to
 * @ids:        empty; receives them in the order of the table
 * @names:      a statement that gives id and name of every row
 *
 * Return: 0, STORE_E_STOPPED, STORE_E_*, -ENOMEM.
 */
NODISCARD int store_ids_match(StoreIds *ids, StoreDb *db, sqlite3_stmt *names,
                              const StoreQuery *query);

/**
 * store_ids_tagged() - the rows with any or all of the query's tags
 * @ids:        empty; receives them in ascending order
 * @tagged:     a statement that gives the ids of rows with the tag ?1
 *
 * Return: 0, STORE_E_*, -ENOMEM.
 */
NODISCARD int store_ids_tagged(StoreIds *ids, StoreDb *db, sqlite3_stmt *tagged,
                               const StoreQuery *query);
