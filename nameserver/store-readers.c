/* SPDX-License-Identifier: MIT */

#include "nameserver/store-readers.h"

#include <errno.h>
#include <pthread.h>

struct StoreReaders {
        const Store *store;
        pthread_mutex_t lock;
        StoreReader *kept[STORE_READERS_KEPT_MAX]; /* the last one was given last */
        size_t n_kept;
};

int store_readers_new(Store *store, StoreReaders **ret)
{
        StoreReaders *readers = calloc(1, sizeof(*readers));

        if (!readers)
                return error_origin(-ENOMEM);
        readers->store = store;
        pthread_mutex_init(&readers->lock, NULL);
        *ret = readers;
        return 0;
}

StoreReaders *store_readers_free(StoreReaders *readers)
{
        if (readers) {
                for (size_t i = 0; i < readers->n_kept; i++)
                        store_reader_free(readers->kept[i]);
                pthread_mutex_destroy(&readers->lock);
        }
        free(readers);
        return NULL;
}

int store_readers_take(StoreReaders *readers, StoreReader **ret, ErrorText *error)
{
        StoreReader *reader = NULL;

        pthread_mutex_lock(&readers->lock);
        if (readers->n_kept > 0)
                reader = readers->kept[--readers->n_kept];
        pthread_mutex_unlock(&readers->lock);
        if (!reader)
                return store_reader_new(readers->store, ret, error);
        *ret = reader;
        return 0;
}

void store_readers_give(StoreReaders *readers, StoreReader *reader)
{
        store_reader_end(reader);
        pthread_mutex_lock(&readers->lock);
        if (readers->n_kept < STORE_READERS_KEPT_MAX)
                readers->kept[readers->n_kept++] = TAKE(reader);
        pthread_mutex_unlock(&readers->lock);
        store_reader_free(reader);
}
