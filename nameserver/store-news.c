/* SPDX-License-Identifier: MIT */

#include "nameserver/store-news.h"

#include <errno.h>
#include <string.h>

static StoreNewsItem *item_free(StoreNewsItem *item)
{
        if (item) {
                free(item->bytes);
                free(item->tags);
        }
        free(item);
        return NULL;
}
DEFINE_CLEANUP(StoreNewsItem, item_free);

static void copy_tags(uint64_t *to, const uint64_t *from, size_t n)
{
        if (n > 0)
                memcpy(to, from, n * sizeof(*to));
}

static int copy_news(StoreNewsItem *item, const StoreNews *news)
{
        size_t n_uri = news->uri ? strlen(news->uri) + 1 : 0;

        /* One more, for malloc() may give NULL for none. */
        item->bytes = malloc(news->name.n + n_uri + 1);
        item->tags = malloc((news->n_tags + news->n_old_tags + 1) * sizeof(*item->tags));
        if (!item->bytes || !item->tags)
                return error_origin(-ENOMEM);
        if (news->name.n > 0)
                memcpy(item->bytes, news->name.at, news->name.n);
        if (news->uri)
                memcpy(item->bytes + news->name.n, news->uri, n_uri);
        copy_tags(item->tags, news->tags, news->n_tags);
        copy_tags(item->tags + news->n_tags, news->old_tags, news->n_old_tags);

        item->news = *news;
        item->news.name.at = item->bytes;
        item->news.uri = news->uri ? item->bytes + news->name.n : NULL;
        item->news.tags = item->tags;
        item->news.old_tags = item->tags + news->n_tags;
        return 0;
}

int store_news_push(StoreNewsQueue *queue, const StoreNews *news)
{
        CLEANUP(item_freep) StoreNewsItem *item = calloc(1, sizeof(*item));
        int r;

        if (!item)
                return error_origin(-ENOMEM);
        r = copy_news(item, news);
        if (r)
                return r;
        STAILQ_INSERT_TAIL(queue, item, link);
        item = NULL;
        return 0;
}

void store_news_deliver(StoreNewsQueue *queue, StoreNewsFn fn, void *userdata)
{
        StoreNewsItem *item;

        while ((item = STAILQ_FIRST(queue))) {
                STAILQ_REMOVE_HEAD(queue, link);
                if (fn)
                        fn(&item->news, userdata);
                item_free(item);
        }
}
