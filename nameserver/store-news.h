#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * News of the Store
 *
 * What a transaction has changed, kept until it is on the disk, and then told. For store*.c only.
 */

#include "nameserver/store.h"

#include <sys/queue.h>

typedef struct StoreNewsItem StoreNewsItem;
typedef STAILQ_HEAD(StoreNewsQueue, StoreNewsItem) StoreNewsQueue;

struct StoreNewsItem {
        STAILQ_ENTRY(StoreNewsItem) link;
        StoreNews news; /* points into bytes and tags */
        char *bytes;    /* the name, and the uri with its NUL; owned */
        uint64_t *tags; /* the new ones, then the old ones; owned */
};

/** store_news_push() - keep a copy. Return: 0, -ENOMEM. */
NODISCARD int store_news_push(StoreNewsQueue *queue, const StoreNews *news);

/* Tells all, if @fn is not NULL; in any case the queue is empty afterwards. */
void store_news_deliver(StoreNewsQueue *queue, StoreNewsFn fn, void *userdata);
