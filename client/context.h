#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Context
 *
 * What one program shares: its settings, the SSH sessions, the nameserver's proxy, and counts. Any
 * thread.
 */

#include "base/clock.h"
#include "base/zone.h"
#include "client/ns-place.h"
#include "client/port-owner.h"
#include "client/ssh/pool.h"
#include "proto/conn.h"
#include "proto/value.h"

#include <pthread.h>
#include <pyrope/pyrope.h>
#include <stdatomic.h>

#define CONTEXT_TIMEOUT_MS 60000 /* where neither the options nor a call says another */

/* Connects to the nameserver of the machine where it runs: client/cli/cmd-pipe.c. */
#define CONTEXT_PIPE_COMMAND "pyrope pipe nameserver"

struct pyrope_context {
        /* Never change after pyrope_context_new(). */
        char *runtime_dir; /* as given; NULL: $PYROPE_RUNTIME_DIR and the rest of its ladder */
        char *ssh_config;  /* file; NULL: ssh's own */
        SshBackend ssh_backend;
        char zone[ZONE_SIZE];
        int64_t timeout_ms;
        unsigned spin_us;
        PortUsers port_users;
        SshPool *pool;
        pyrope_ask_fn ask; /* NULL: nobody to ask */
        void *ask_userdata;
        SshAsk ssh_ask;           /* the same, for logins */
        pthread_mutex_t ask_lock; /* one question at a time */

        NsPlaces nameservers; /* of which only what was found out changes */

        atomic_uint_fast64_t n_calls;
        atomic_uint_fast64_t n_local;

        pthread_mutex_t lock;
        struct Publisher *publisher;    /* guarded by lock; NULL until it is first needed */
        pyrope_proxy *nameserver_proxy; /* guarded by lock; NULL until it is first needed */
};

/** context_deadline() - the moment for a duration of the API: -1 never, 0 the default. */
Deadline context_deadline(const pyrope_context *context, int64_t timeout_ms);

/**
 * context_open() - a connected stream to a location
 * @at:     a path or a port, here or on an SSH host; that host alone: its nameserver, by a command
 * @ret_fd: close-on-exec and non-blocking; owned by the caller
 *
 * Return: as ssh_pool_open().
 */
NODISCARD pyrope_status context_open(pyrope_context *context, const Location *at, Deadline deadline,
                                     int *ret_fd, pyrope_error **error);

/** context_converse() - the same as a connection, @conn, which must be closed: it takes the
 * shortest way through an SSH session. */
NODISCARD pyrope_status context_converse(pyrope_context *context, const Location *at,
                                         Deadline deadline, Conn *conn, pyrope_error **error);
