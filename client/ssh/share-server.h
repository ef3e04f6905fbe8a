#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Share Server
 *
 * The agent: a pool whose sessions are used by all commands of one user that would make the same
 * ones. Who it is for says its place (ssh/share-place.h); what it is told, ssh/share-message.h.
 *
 * Design notes. One thread for each connection does one thing after the other, blocking in the
 * pool; the thread of ssh_share_server_run() accepts, watches those connections for which something
 * is being done, and takes that back where the command hangs up (ssh_pool_leave()); it alone frees
 * peers. While a login asks a person, the session's thread has the socket of the peer that is asked
 * (is_asked), whose own thread is in the pool then, or waits for the end of the question.
 *
 * Locks: nobody takes the server's while he has the pool's, or the other way round.
 *
 * Idle is an agent for which nobody waits, where no stream is open or joined. It ends then after
 * some time, and also when its socket is no longer where it was.
 */

#include "client/ssh/pool.h"
#include "client/ssh/share-place.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define SSH_SHARE_IDLE_MS   600000 /* where nothing else is said */
#define SSH_SHARE_PEERS_MAX 1024u  /* connections; more wait to be accepted */

typedef struct SshShareServer SshShareServer;

struct SshShareServer {
        SshSharePlace place;
        char *path;   /* of the socket */
        dev_t device; /* what the path was when we listened */
        ino_t inode;
        SshPool *pool;
        int listen_fd;
        int wake_fd; /* eventfd: a peer is over, or to be watched */
        int64_t idle_ms;
        atomic_int_fast64_t used_at_ms; /* last moment of use, on clock_boottime_ms() */

        pthread_mutex_t ask_lock; /* one question at a time */
        int unask_fd;             /* eventfd: who is asked has no use for it any more */
        int64_t last_question;    /* under ask_lock */

        pthread_mutex_t lock;
        pthread_cond_t unasked; /* a peer is no longer asked */
        struct SshSharePeer *peers;
        size_t n_peers;
        uint64_t last_id;
};

/**
 * ssh_share_server_new() - listen for commands
 * @config_file, @backend: as for ssh_pool_new()
 * @directory:  absolute, private
 * @idle_ms:    0: SSH_SHARE_IDLE_MS
 *
 * The kernel tells commands that this process is the agent.
 *
 * Return: PYROPE_OK with @ret owned by the caller, ssh_share_server_free(); PYROPE_E_EXISTS (an
 * agent for these settings is there), PYROPE_E_DENIED (the directory), PYROPE_E_INVALID (its path
 * is too long), PYROPE_E_IO, PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status ssh_share_server_new(const char *config_file, SshBackend backend,
                                             const char *directory, int64_t idle_ms,
                                             SshShareServer **ret, pyrope_error **error);

/**
 * ssh_share_server_run() - serve until the end
 * @stop_fd:    the end has come when poll() finds it readable; -1: never
 *
 * It also comes when the agent was idle for long, or its socket was removed. The socket is gone
 * when this returns; sessions are closed by ssh_share_server_free().
 *
 * Return: PYROPE_OK, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_share_server_run(SshShareServer *server, int stop_fd,
                                             pyrope_error **error);

/** ssh_share_server_free() - with all sessions and their streams. Return: NULL. */
SshShareServer *ssh_share_server_free(SshShareServer *server);
DEFINE_CLEANUP(SshShareServer, ssh_share_server_free);

/**
 * ssh_share_server_state() - what `pyrope status` shows: a map, see pyrope_survey()
 *
 * Return: NULL: out of memory.
 */
NODISCARD pyrope_value *ssh_share_server_state(SshShareServer *server);
