#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Request
 *
 * What a caller wants of a session, and how he learns what became of it: he waits, the
 * session's thread answers, whoever is last frees. A caller whose deadline passes gives up and
 * goes; the session finds the mark later. All members below the line are guarded by the pool's
 * lock.
 */

#include "client/ssh/pool.h"

#include <pthread.h>
#include <stdbool.h>

#define SSH_REQUEST_LOST_MAX 3u /* sessions it may lose; then the host breaks because of it */

typedef struct SshRequest SshRequest;

struct SshRequest {
        Location to;           /* owned; ssh alone for a command */
        char *command;         /* NULL: a stream to @to */
        bool is_fresh;         /* as of SshOrder */
        bool is_piped;         /* the command's input and output are the stream, not collected */
        int fd;                /* to be joined to the stream; taken by the session; -1: none */
        SshDirect *direct;     /* who moves the bytes instead of it; its reference; NULL: nobody */
        bool is_plain;         /* the descriptor serves, though the caller could move the bytes */
        uint64_t group;        /* 0: none */
        Deadline deadline;     /* until it is open, or the command has ended */
        SshRefused on_refused; /* NULL, or for whom nobody waits: told unless it is answered well */
        void *userdata;
        pthread_cond_t answered;

        struct SshLink *link;  /* whose it is; good as long as it is not answered */
        struct SshLink *asker; /* the link that goes through that one; NULL: a caller's request */
        SshRequest *next;      /* in the link's queue */
        unsigned n_refs;       /* caller and link */
        bool is_given_up;      /* the caller went away, or ssh_pool_leave() */
        bool is_answered;
        unsigned n_lost;     /* sessions that broke before it was open */
        pyrope_error *error; /* NULL with PYROPE_OK */
        pyrope_status status;
        SshOutput output; /* of a command; the session's until it is answered */
};

/**
 * ssh_request_new() - one reference, the session's
 * @to:         copied
 * @command:    copied; NULL: none
 * @fd:         taken, unless NULL is returned; with a command: joined to its input and output
 *
 * Return: NULL: out of memory.
 */
NODISCARD SshRequest *ssh_request_new(const Location *to, const char *command, int fd,
                                      Deadline deadline);

/** ssh_request_unref() - with the pool's lock held. Return: NULL. */
SshRequest *ssh_request_unref(SshRequest *request);

/**
 * ssh_request_answer() - tell the caller, once; with the lock held
 * @error:      copied; NULL with PYROPE_OK
 */
void ssh_request_answer(SshRequest *request, pyrope_status status, const pyrope_error *error);

/** ssh_request_drop() - the same for one of which nothing came; its reference is dropped. */
void ssh_request_drop(SshRequest *request, pyrope_status status, const pyrope_error *error);

/** ssh_request_expire() - whether its time is over. @label: of the host. Return: PYROPE_OK: it is
 * not; PYROPE_E_TIMEOUT. */
NODISCARD pyrope_status ssh_request_expire(const SshRequest *request, const char *label,
                                           pyrope_error **error);

/** ssh_request_outlives() - whether one that was not opened yet is for the next session, after one
 * that ended in @status. */
bool ssh_request_outlives(const SshRequest *request, pyrope_status status);

/** ssh_request_give_up() - nobody wants it any more, and nobody shall wait; with the lock held. */
void ssh_request_give_up(SshRequest *request);

/** ssh_request_wait() - until answered, given up or the deadline; with the lock held, which it lets
 * go meanwhile. Return: whether it is answered. */
bool ssh_request_wait(SshRequest *request, pthread_mutex_t *lock);

/** ssh_request_is_collected() - whether it is a command whose output the caller waits for. */
static inline bool ssh_request_is_collected(const SshRequest *request)
{
        return request->command && !request->is_piped;
}

/** ssh_request_text() - "/run/x.sock", "port 80 of db", "'pyrope where'", into @out. */
void ssh_request_text(const SshRequest *request, char *out, size_t n_out);
