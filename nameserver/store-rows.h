#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Rows of the Store
 *
 * The statements that change the database, each inside the transaction of whoever calls. For
 * store*.c only. Beside what is named, all return 0, STORE_E_* as store_db_step(), -ENOMEM.
 */

#include "nameserver/store-record.h"

/** store_rows_prepare() - once, before anything else here. */
NODISCARD int store_rows_prepare(StoreDb *db);

/**
 * store_rows_find() - the row of a name
 * @object:     an object id
 * @ret_same:   whether the name stands for it
 *
 * Return: 0, STORE_E_NOT_FOUND.
 */
NODISCARD int store_rows_find(StoreDb *db, StoreText name, const char *object, int64_t *ret_id,
                              bool *ret_same);

/** store_rows_put() - an object with its tags and endpoints, in the place of what was there. */
NODISCARD int store_rows_put(StoreDb *db, const StoreObject *object, const char *uri);

/** store_rows_put_endpoint() - add it, or replace that of its zone. */
NODISCARD int store_rows_put_endpoint(StoreDb *db, int64_t id, const StoreEndpoint *endpoint);

/** store_rows_load_endpoints() - all of an object, into @record. */
NODISCARD int store_rows_load_endpoints(StoreDb *db, int64_t id, StoreRecord *record);

/** store_rows_set_tags() - these and no others. */
NODISCARD int store_rows_set_tags(StoreDb *db, int64_t id, const StoreText *tags, size_t n_tags);

/** store_rows_set_uri() - what lookup and list answer. */
NODISCARD int store_rows_set_uri(StoreDb *db, int64_t id, const char *uri);

/** store_rows_set_changed() - one version more. */
NODISCARD int store_rows_set_changed(StoreDb *db, int64_t id);

/** store_rows_remove_name() - one name, unless it is @keep. @ret_n: 1 if it was there, else 0. */
NODISCARD int store_rows_remove_name(StoreDb *db, StoreText name, StoreText keep, size_t *ret_n);

/** store_rows_remove_prefix() - all that begin with @prefix, but for @keep. */
NODISCARD int store_rows_remove_prefix(StoreDb *db, StoreText prefix, StoreText keep,
                                       size_t *ret_n);
