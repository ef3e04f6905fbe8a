/* SPDX-License-Identifier: MIT */

#include "broker/quota.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

void quota_init(Quota *quota, uint32_t message_max)
{
        *quota = (Quota){
                .max = { [QUOTA_CALLS] = QUOTA_CALLS_MAX,
                         [QUOTA_BYTES] = (uint64_t)QUOTA_MESSAGES_MAX * message_max },
                .n_connections_max = QUOTA_CONNECTIONS_MAX,
        };
        pthread_mutex_init(&quota->lock, NULL);
}

void quota_deinit(Quota *quota)
{
        QuotaUser *user;
        QuotaUser *next;

        assert(quota_is_idle(quota));
        HASH_ITER (hh, quota->users, user, next) {
                HASH_DEL(quota->users, user);
                free(user);
        }
        pthread_mutex_destroy(&quota->lock);
}

/* The following with the lock held. */

static QuotaUser *add_user(Quota *quota, uid_t uid)
{
        QuotaUser *user = calloc(1, sizeof(*user));

        if (!user)
                return NULL;
        user->uid = uid;
        user->quota = quota;
        for (size_t kind = 0; kind < QUOTA_KINDS; kind++)
                atomic_init(&user->left[kind], quota->max[kind]);
        HASH_ADD(hh, quota->users, uid, sizeof(user->uid), user);
        if (!user->hh.tbl) {
                free(user);
                return NULL;
        }
        return user;
}

static uint64_t connections_max(const Quota *quota, const QuotaUser *user)
{
        size_t n_parts = quota->n_present + (user->n_connections == 0) + 1;
        struct rlimit limit;
        uint64_t n_part;

        if (!quota->is_shared || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return quota->n_connections_max;
        n_part = limit.rlim_cur > QUOTA_DESCRIPTORS_OWN
                         ? (limit.rlim_cur - QUOTA_DESCRIPTORS_OWN) / n_parts
                         : 0;
        if (n_part == 0)
                return 1; /* few have some room still: whether there is one shows */
        return n_part < quota->n_connections_max ? n_part : quota->n_connections_max;
}

static int enter(Quota *quota, QuotaUser *user, char *ret_text)
{
        uint64_t max = connections_max(quota, user);

        if (user->n_connections >= max) {
                (void)snprintf(ret_text, QUOTA_TEXT_SIZE,
                               "user %u has %" PRIu64 " connections, that is the limit",
                               (unsigned)user->uid, user->n_connections);
                return QUOTA_E_FULL;
        }
        if (user->n_connections++ == 0)
                quota->n_present++;
        return 0;
}

int quota_enter(Quota *quota, uid_t uid, QuotaUser **ret, char ret_text[static QUOTA_TEXT_SIZE])
{
        QuotaUser *user;
        int r = -ENOMEM;

        pthread_mutex_lock(&quota->lock);
        HASH_FIND(hh, quota->users, &uid, sizeof(uid), user);
        if (!user)
                user = add_user(quota, uid);
        if (user)
                r = enter(quota, user, ret_text);
        pthread_mutex_unlock(&quota->lock);
        if (r == 0)
                *ret = user;
        return r;
}

void quota_leave(QuotaUser *user)
{
        Quota *quota = user->quota;

        pthread_mutex_lock(&quota->lock);
        assert(user->n_connections > 0);
        if (--user->n_connections == 0)
                quota->n_present--;
        pthread_mutex_unlock(&quota->lock);
}

static int take(_Atomic uint64_t *left, uint64_t amount)
{
        uint64_t n = atomic_load(left);

        do
                if (amount > n)
                        return QUOTA_E_FULL;
        while (!atomic_compare_exchange_weak(left, &n, n - amount));
        return 0;
}

static void give(_Atomic uint64_t *left, uint64_t amount, UNUSED uint64_t max)
{
        UNUSED uint64_t n = atomic_fetch_add(left, amount);

        assert(amount <= max - n);
}

int quota_hold(QuotaUser *user, QuotaKind kind, uint64_t *held, uint64_t amount)
{
        int r = 0;

        if (amount > *held)
                r = take(&user->left[kind], amount - *held);
        else if (amount < *held)
                give(&user->left[kind], *held - amount, user->quota->max[kind]);
        if (r == 0)
                *held = amount;
        return r;
}

void quota_refusal(const QuotaUser *user, QuotaKind kind, char ret[static QUOTA_TEXT_SIZE])
{
        static const char *const what[] = {
                [QUOTA_CALLS] = "calls that wait",
                [QUOTA_BYTES] = "bytes under way",
        };

        (void)snprintf(ret, QUOTA_TEXT_SIZE, "user %u may have no more than %" PRIu64 " %s",
                       (unsigned)user->uid, user->quota->max[kind], what[kind]);
}

bool quota_is_idle(Quota *quota)
{
        bool r;

        pthread_mutex_lock(&quota->lock);
        r = quota->n_present == 0;
        for (const QuotaUser *user = quota->users; user; user = user->hh.next)
                for (size_t kind = 0; kind < QUOTA_KINDS; kind++)
                        r = r && atomic_load(&user->left[kind]) == quota->max[kind];
        pthread_mutex_unlock(&quota->lock);
        return r;
}
