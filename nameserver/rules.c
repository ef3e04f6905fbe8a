/* SPDX-License-Identifier: MIT */

#include "nameserver/rules.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void rules_init(Rules *rules)
{
        *rules = (Rules){ .own = geteuid() };
        pthread_rwlock_init(&rules->lock, NULL);
}

void rules_deinit(Rules *rules)
{
        pthread_rwlock_destroy(&rules->lock);
        free(rules->administrators);
        rules->administrators = NULL;
}

int rules_set(Rules *rules, const uid_t *administrators, size_t n_administrators,
              int64_t n_names_max, int64_t n_bytes_max)
{
        /* One more, for calloc() may give NULL for none. */
        uid_t *copy = calloc(n_administrators + 1, sizeof(*copy));
        uid_t *before;

        if (!copy)
                return error_origin(-ENOMEM);
        if (n_administrators > 0)
                memcpy(copy, administrators, n_administrators * sizeof(*copy));
        pthread_rwlock_wrlock(&rules->lock);
        before = rules->administrators;
        rules->administrators = copy;
        rules->n_administrators = n_administrators;
        rules->n_names_max = n_names_max;
        rules->n_bytes_max = n_bytes_max;
        pthread_rwlock_unlock(&rules->lock);
        free(before);
        return 0;
}

static bool is_administrator(const Rules *rules, uid_t uid)
{
        for (size_t i = 0; i < rules->n_administrators; i++)
                if (rules->administrators[i] == uid)
                        return true;
        return false;
}

StoreTerms rules_terms(Rules *rules, uid_t uid)
{
        bool is_own = uid == rules->own;
        StoreTerms terms;

        pthread_rwlock_rdlock(&rules->lock);
        terms = (StoreTerms){
                .uid = uid,
                .is_administrator = is_administrator(rules, uid),
                .n_names_max = is_own ? 0 : rules->n_names_max,
                .n_bytes_max = is_own ? 0 : rules->n_bytes_max,
        };
        pthread_rwlock_unlock(&rules->lock);
        return terms;
}
