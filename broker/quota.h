#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Quota
 *
 * What all peers of one user together may hold of a daemon: connections, calls that were put aside,
 * and bytes: of frames that are not whole yet, of calls put aside, of answers that are not taken.
 * Who has his share is refused more, and nobody else is. A small call that runs at once holds
 * nothing: what counts is what stays when a worker turns to others. Any thread.
 */

#include "base/defs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uthash.h>

typedef struct Quota Quota;
typedef struct QuotaUser QuotaUser;

typedef enum QuotaKind {
        QUOTA_CALLS, /* put aside, until they have run */
        QUOTA_BYTES,
        QUOTA_KINDS,
} QuotaKind;

struct QuotaUser {
        uid_t uid;
        Quota *quota; /* borrowed */
        _Atomic uint64_t left[QUOTA_KINDS];
        uint64_t n_connections; /* under the lock of the quota */
        UT_hash_handle hh;
};

struct Quota {
        uint64_t max[QUOTA_KINDS];  /* of each user */
        uint64_t n_connections_max; /* the same */
        atomic_bool is_shared;      /* others than our own user may come in */
        pthread_mutex_t lock;
        QuotaUser *users; /* uthash by uid: all that ever came; owned */
        size_t n_present; /* of them, those that have connections */
};

#define QUOTA_CONNECTIONS_MAX 16384u
#define QUOTA_CALLS_MAX       16384u
#define QUOTA_MESSAGES_MAX    4u  /* bytes: as many as so many of the largest messages have */
#define QUOTA_DESCRIPTORS_OWN 64u /* what a process needs beside its connections */
#define QUOTA_TEXT_SIZE       96u

enum {
        QUOTA_E_SUCCESS,

        QUOTA_E_FULL, /* the user has as much as he may */
};

/* Nobody holds anything. @message_max: bytes of the largest message. */
void quota_init(Quota *quota, uint32_t message_max);

/* Everything must have been given back. */
void quota_deinit(Quota *quota);

/**
 * quota_enter() - one more connection of a user
 * @ret:        borrowed from @quota; with the connection, for 0 only
 * @ret_text:   why not, for him to read
 *
 * In a daemon that is shared nobody may have more than an equal part of the descriptors (of
 * RLIMIT_NOFILE), among all who are there and one who may still come.
 *
 * Return: 0, QUOTA_E_FULL, -ENOMEM.
 */
NODISCARD int quota_enter(Quota *quota, uid_t uid, QuotaUser **ret,
                          char ret_text[static QUOTA_TEXT_SIZE]);

/* The connection is gone; calls may still hold something of the user's. */
void quota_leave(QuotaUser *user);

/**
 * quota_hold() - hold more or less than before
 * @user:       may be NULL where 0 is held and shall be
 * @held:       how much of @kind its owner holds; updated, for 0 only
 * @amount:     how much it shall be; giving back never fails
 *
 * Return: 0, QUOTA_E_FULL.
 */
int quota_hold(QuotaUser *user, QuotaKind kind, uint64_t *held, uint64_t amount);

/* Why a user may hold no more, for him to read. */
void quota_refusal(const QuotaUser *user, QuotaKind kind, char ret[static QUOTA_TEXT_SIZE]);

/* Whether nobody holds anything. */
bool quota_is_idle(Quota *quota);
