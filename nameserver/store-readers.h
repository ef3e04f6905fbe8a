#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Readers of the Store
 *
 * StoreReaders for methods that run side by side: each takes one and gives it back. There come to
 * be as many as were ever needed at once, and those of late are taken first, for what they have in
 * memory. Any thread.
 */

#include "nameserver/store.h"

#define STORE_READERS_KEPT_MAX 64u /* for the next; as many as a daemon has workers */

typedef struct StoreReaders StoreReaders;

/** store_readers_new() - @store is borrowed. Return: 0 with @ret owned by the caller, -ENOMEM. */
NODISCARD int store_readers_new(Store *store, StoreReaders **ret);

/* All were given back. Return: NULL. */
StoreReaders *store_readers_free(StoreReaders *readers);
DEFINE_CLEANUP(StoreReaders, store_readers_free);

/** store_readers_take() - Return: 0 with @ret to be given back; as store_reader_new(). */
NODISCARD int store_readers_take(StoreReaders *readers, StoreReader **ret, ErrorText *error);

/* What it handed out is needed no more. */
void store_readers_give(StoreReaders *readers, StoreReader *reader);
