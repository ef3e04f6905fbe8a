#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Link
 *
 * A host that somebody wanted a session to: its settings, the session while there is one, the
 * streams in it, and a thread. The states are in ssh/state.h. A link lives as long as the pool once
 * it was up; else it is over when nobody has wanted it for a while, and whoever holds the pool's
 * lock and finds it so makes a new one.
 *
 * Design notes. Others leave a request in the queue or a mark, under the pool's lock, and wake who
 * moves the bytes: ssh/helm.h says who that is, ssh/round.h how.
 *
 * An attempt is made only while there are requests. It begins with the settings, read anew: a
 * computer that has moved may have another way to the host. If it fails the requests are answered,
 * and the next ones wait as ssh/retry.h says, or, within the first seconds of an outage, wait on. A
 * request whose channel was not open when the session broke goes back into the queue.
 *
 * Two names of one host: each starts a link, which reads the settings; the one that finds another
 * link with equal settings gives it its name and its queue, and is over before it has connected.
 */

#include "client/ssh/alive.h"
#include "client/ssh/ask.h"
#include "client/ssh/helm.h"
#include "client/ssh/login.h"
#include "client/ssh/pace.h"
#include "client/ssh/probe.h"
#include "client/ssh/request.h"
#include "client/ssh/retry.h"
#include "client/ssh/stream.h"

#include <stdatomic.h>

#define SSH_LINK_STREAMS_MAX 1024u
#define SSH_LINK_LOGIN_MS    60000 /* for connecting and logging in, whoever waits for it */
#define SSH_LINK_DOING_BYTES 512u

typedef struct SshLink SshLink;
typedef struct SshShared SshShared;

/* What all links of a pool have in common. */
struct SshShared {
        pthread_mutex_t lock; /* for all of the below and the marked part of each link */
        SshLink *links;       /* owned by the pool */
        char *config_file;    /* NULL: the default ones; constant */
        SshBackend backend;   /* constant */
        SshAsk ask;           /* fn NULL: nobody to ask; constant */
        int stop_fd;          /* readable once the pool ends; constant */
        atomic_ulong n_sessions;
        atomic_ulong n_channels;
};

struct SshLink {
        SshShared *shared;
        atomic_uint n_refs; /* the pool, and callers of streams */
        SshHelm helm;
        pthread_t thread;
        int wake_fd;  /* eventfd; constant */
        int timer_fd; /* timerfd, when to look whether the session is alive; constant */

        /* Under the lock. */
        SshLink *next;
        SshNames targets;  /* what callers call it */
        char *key;         /* NULL: the settings are not read yet */
        bool is_fresh;     /* this attempt is for a request that is */
        bool is_over;      /* takes no more requests */
        bool is_ended;     /* the thread will not wait for anything any more */
        SshRequest *queue; /* not yet taken by who moves the bytes */
        SshRequest **queue_end;
        atomic_bool has_requests; /* perhaps in the queue; read without the lock */
        SshRequest *hop;          /* what it waits for at the link it goes through; NULL: nothing */
        unsigned n_behind;        /* hosts behind it that wait for it, as far as is known */
        char doing[SSH_LINK_DOING_BYTES]; /* for a caller whose deadline passes before it is up */
        SshSession shown;                 /* what changes rarely; ssh_link_show() adds the rest */
        SshRetry retry;                   /* when the next attempt may be made */
        pyrope_status refusal;            /* why the last attempt failed ... */
        pyrope_error *failure;            /* ... in words; NULL: it did not, or no memory */
        struct SshProgram *program;       /* ssh has the session; NULL: libssh, or none */

        /* Of this login, by the thread, read by anybody. */
        atomic_uint_fast64_t n_received;
        atomic_uint_fast64_t n_sent;
        atomic_uint_fast64_t longest_turn_us;
        atomic_int_fast64_t received_at_ms; /* on clock_boottime_ms(); 0: nothing yet */

        /* Until it is up and once it is over, the thread's own; in between, under the helm's lock.
         * The list of streams is changed under both locks, for others look at the requests in it.
         */
        SshSettings settings;
        SshConnection connection;
        bool has_warned;    /* of settings that are not honoured */
        bool is_hop_failed; /* what its error tells is another host's */
        ssh_event event;
        SshStream **streams;
        SshAlive alive;
        SshProbe *probe;        /* a second connection, while the host is in doubt; NULL: none */
        uint64_t n_taken;       /* of what was sent: ssh_probe_look_at() */
        uint64_t n_sent_seen;   /* bytes written before it was last polled */
        uint64_t n_sent_polled; /* the same, unless a write had read something ... */
        uint64_t n_sent_ago;    /* ... and before the round that last read any */
        uint64_t n_asked;       /* of those written since then: by asking the host */
        int64_t slow_until_ms;  /* ssh_alive_slow_until() */
        uint64_t n_heard_asked; /* bytes read when it was last asked */
        SshPace pace;
        struct pollfd *polled; /* socket, wake_fd, timer_fd, then one for each stream */
        size_t n_streams;
        size_t n_allocated;
        size_t first;                    /* whose turn is first: it goes round */
        struct ssh_counter_struct bytes; /* libssh counts them; shows us when it read */
        bool is_unsettled;               /* the streams have something to do before anybody polls */
        uint64_t n_settled;              /* of the bytes read: the streams have answered to these */
        int64_t round_ns;                /* when the present round began, on CLOCK_MONOTONIC */
        size_t n_ready;                  /* streams that poll() found something for */
        size_t n_unanswered;             /* streams that somebody waits for */
        size_t n_fresh;                  /* open streams that got nothing so far */
        size_t n_over;                   /* that nobody waits for: closed when there is time */
        int64_t moved_ms;                /* when a descriptor had bytes, on clock_coarse_ms() */
        bool is_corked;                  /* the socket keeps small packets back now */
        bool is_room_awaited;            /* who polls will see when the socket takes more */
        bool is_acknowledged;            /* sshd sends at once by itself: a command was run */
        uint64_t n_acknowledged; /* of the bytes read: the kernel was told to acknowledge these */
        uint64_t n_sent_before;  /* bytes written when they were read */
};

/** ssh_shared_lock() - "the lock", where it is not the helm's. */
void ssh_shared_lock(SshShared *shared);
void ssh_shared_unlock(SshShared *shared);

/**
 * ssh_link_start() - a link to @target, and its thread; with the lock held
 *
 * Return: owned by the caller, ssh_link_join(); NULL: no memory, descriptors or threads.
 */
NODISCARD SshLink *ssh_link_start(SshShared *shared, const char *target);

/** ssh_link_push() - queue a request, whose reference is taken; with the lock held; not over. */
void ssh_link_push(SshLink *link, SshRequest *request);

/** ssh_link_offer() - the same by a caller who sees to it himself that somebody takes it. */
void ssh_link_offer(SshLink *link, SshRequest *request);

/** ssh_link_take() - all requests of the queue; with the lock held. Return: NULL: none. */
SshRequest *ssh_link_take(SshLink *link);

/** ssh_link_wake() - have the thread look at what was left for it. */
void ssh_link_wake(SshLink *link);

/** ssh_link_leave() - mark the requests of a group as given up; with the lock held. */
void ssh_link_leave(SshLink *link, uint64_t group);

/** ssh_link_is_called() - whether it serves @target; with the lock held. */
bool ssh_link_is_called(const SshLink *link, const char *target);

/** ssh_link_show() - what it is doing now; with the lock held. */
void ssh_link_show(const SshLink *link, SshSession *ret);

/** ssh_link_join() - wait for the end of a link that has ended, or will; drop the pool's reference.
 * Return: NULL. */
SshLink *ssh_link_join(SshLink *link);

/** ssh_link_ref() - for a caller; of the link, its helm is good then, whatever becomes of the pool.
 * Return: @link. */
SshLink *ssh_link_ref(SshLink *link);

/** ssh_link_unref() - Return: NULL. */
SshLink *ssh_link_unref(SshLink *link);
