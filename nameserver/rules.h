#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Rules
 *
 * Which users may do what: administrators, and how much the others may have. They may change while
 * calls run. Any thread.
 */

#include "nameserver/store.h"

#include <pthread.h>

typedef struct Rules Rules;

struct Rules {
        uid_t own; /* of this process */
        pthread_rwlock_t lock;
        uid_t *administrators; /* owned */
        size_t n_administrators;
        int64_t n_names_max; /* of each user but our own; 0: any number */
        int64_t n_bytes_max; /* of his names, tags and endpoints; 0: any number */
};

/* Without administrators and limits. */
void rules_init(Rules *rules);
void rules_deinit(Rules *rules);

/**
 * rules_set() - from now on
 * @administrators: copied
 *
 * Return: 0; -ENOMEM, then all stays as it was.
 */
NODISCARD int rules_set(Rules *rules, const uid_t *administrators, size_t n_administrators,
                        int64_t n_names_max, int64_t n_bytes_max);

/* As for any change by this user. Whose database it is fills his own disk, without limits. */
StoreTerms rules_terms(Rules *rules, uid_t uid);
