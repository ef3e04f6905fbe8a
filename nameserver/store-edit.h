#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Edit of the Store
 *
 * A change of one name, inside the transaction of whoever calls, with all that goes with it: may
 * this user do it, the number of the change, what the owner has then, and the news. For store*.c
 * only. Beside what is named, all return 0, STORE_E_* as store_db_step(), -ENOMEM.
 */

#include "nameserver/store-news.h"
#include "nameserver/store-tally.h"

#include "base/buffer.h"

typedef struct StoreEdit StoreEdit;

struct StoreEdit {
        StoreTally *tally;       /* borrowed, as all that follows */
        StoreNewsQueue *queue;   /* gets the news */
        const StoreTerms *terms; /* NULL: nobody asks, and nothing is refused */
        StoreText name;
        bool is_known; /* it was there before, with what follows */
        StoreRow row;
        Buffer old_tags; /* of uint64_t */
};

/** store_edit_begin() - look a name up. store_edit_deinit() it, whatever is returned. */
NODISCARD int store_edit_begin(StoreEdit *edit, StoreTally *tally, StoreNewsQueue *queue,
                               StoreText name, const StoreTerms *terms);
void store_edit_deinit(StoreEdit *edit);

/** store_edit_check() - are the terms kept. Return: 0, STORE_E_DENIED, STORE_E_CHANGED. */
NODISCARD int store_edit_check(const StoreEdit *edit);

/**
 * store_edit_put() - an object in the place of what there was, and of its owner: whoever asks
 * @uri:        what lookup answers
 *
 * Return: 0, STORE_E_QUOTA.
 */
NODISCARD int store_edit_put(StoreEdit *edit, const StoreObject *object, const char *uri);

/**
 * store_edit_finish() - the row of a known name was changed, and is as it shall be
 *
 * Return: 0, STORE_E_QUOTA.
 */
NODISCARD int store_edit_finish(StoreEdit *edit);

/** store_edit_drop() - forget the name, which is known. @event: STORE_REMOVED or STORE_EXPIRED. */
NODISCARD int store_edit_drop(StoreEdit *edit, StoreEvent event);
