#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Pool
 *
 * The SSH sessions of one client: one authenticated session per host, made when first needed and
 * shared by every channel to that host; callers that want the same host meanwhile wait for the one
 * login. When a session is lost its streams hang up at once, callers whose channel was not open yet
 * get it from the next session, and that is made as soon as somebody wants it.
 *
 * Where the network fails, the next attempt waits up to a second (ssh/retry.h). Who asks meanwhile
 * waits for it; if his deadline is sooner, he gets the last reason, and when the next attempt is.
 * Who waits for an attempt gets its failure; but if the host has let us in before, he goes on
 * waiting through the first 10 seconds of the outage. A refusal is told from memory to whoever asks
 * soon again, so that a loop of callers does not have us locked out: 3 s for a host key, 10 s for
 * a login, and four times as long for each that follows it, up to 5 minutes.
 *
 * Settings are those of the user's `ssh host`: ssh itself reads the configuration for us. Who logs
 * in is asked only where there is somebody to ask (ssh/ask.h), and known_hosts is used without
 * mercy: a host key that is changed or revoked, or unknown and nobody says that it is right, is
 * refused before anything is sent. A setting that matters for security and that we cannot honour is
 * refused by name.
 *
 * What callers get is a file descriptor: one end of a socket pair whose other end is joined to the
 * channel. End of file passes in both directions by itself; back-pressure does, too.
 *
 * Any thread may use a pool. Nothing here knows Pyro.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "client/ssh/ask.h"
#include "client/ssh/state.h"
#include "proto/uri.h"

#define SSH_OUTPUT_MAX_BYTES 65536u /* standard output kept of a command */

/* Who logs in: one of the two, or as a host's settings want it. */
typedef enum SshBackend {
        SSH_BACKEND_AUTO, /* libssh; the program, where a setting is beyond libssh */
        SSH_BACKEND_LIBSSH,
        SSH_BACKEND_PROGRAM, /* ssh */
        SSH_BACKEND_N,
} SshBackend;

typedef struct SshDirect SshDirect;
typedef struct SshPool SshPool;
typedef struct SshPoolCounts SshPoolCounts;
typedef struct SshOutput SshOutput;
typedef struct SshSession SshSession;
typedef struct SshJoin SshJoin;
typedef struct SshOrder SshOrder;
typedef struct SshResult SshResult;
struct SshShare; /* client/ssh/share.h */

/* Since the pool was made. */
struct SshPoolCounts {
        uint64_t n_sessions; /* logins that succeeded */
        uint64_t n_channels; /* channels that the far side opened for us */
};

struct SshOutput {
        Buffer text; /* what the command wrote to standard output, and a NUL that is not counted;
                      buffer_deinit() */
        int exit_status; /* as the far side told; 128 + n if a signal ended it */
};

/* What is wanted of a session; all borrowed. */
struct SshOrder {
        Location to;         /* ssh alone, if there is a command */
        const char *command; /* NULL: a stream to @to. Else fixed text of the program's: the user's
                                shell over there reads it, so it never contains anything that came
                                from outside */
        bool is_collected;   /* the command has no input, and its output is wanted; else its input
                                and output are the stream */
        bool may_be_direct;  /* the caller can move the bytes himself */
        bool is_fresh;  /* a person asks for it now: a refusal that is remembered is no answer */
        uint64_t group; /* 0, or by what ssh_pool_leave() takes it back until it is done */
        Deadline deadline;
};

/* What comes of it. */
struct SshResult {
        int fd;            /* of a stream */
        SshDirect *direct; /* NULL; or the stream itself, owned by the caller: @fd has no bytes
                              then, and tells of a hang-up alone */
        SshOutput output;  /* if it is collected */
};

/* What a session is doing, as text is cut where it does not fit. */
struct SshSession {
        char label[256];         /* "h1 (me@10.0.0.2 port 22)"; "h1" until its settings are read */
        char targets[512];       /* all that callers call it, with blanks between */
        SshState state;          /* ... in which it is ... */
        int64_t since_ms;        /* ... since then, on clock_boottime_ms() ... */
        char reason[512];        /* ... because of this */
        int64_t next_attempt_ms; /* until the next attempt; -1: none is planned */
        uint64_t n_logins;       /* that succeeded */
        size_t n_channels;       /* open, or asked for */
        size_t n_hops;           /* those of them that are the ways of other sessions */
        uint64_t n_received;     /* bytes since the last login */
        uint64_t n_sent;
        uint64_t longest_turn_us; /* for which nobody looked at its bytes, since the last login */
        int64_t quiet_ms; /* since the last byte was received; -1: none was since the last login */
        bool is_program;  /* by the program ssh, or it would be */
        char server[128]; /* version, as the host told at the last login; "": none yet */
        char cipher[64];  /* the same */
};

/**
 * SshRefused - a stream cannot be joined
 * @text:       one line for a person
 *
 * Comes in a thread of the pool, which it must not use then, or in the caller's; never after
 * ssh_pool_leave().
 */
typedef void (*SshRefused)(void *userdata, pyrope_status status, const char *text);

/* What goes with a stream that is joined. */
struct SshJoin {
        uint64_t group;        /* 0, or what ssh_pool_leave() will know it by; all of a group have
                                  the same on_refused and userdata */
        Deadline deadline;     /* until the channel is open */
        SshRefused on_refused; /* NULL: nobody wants to know */
        void *userdata;
};

/** ssh_backend_name() - "auto", "libssh", "program". */
const char *ssh_backend_name(SshBackend backend);

/**
 * ssh_pool_new() - nothing is connected yet
 * @config_file: of the form of ssh_config; copied. NULL: ~/.ssh/config and /etc/ssh/ssh_config
 * @backend:    who logs in
 * @ask:        copied. NULL: nobody to ask
 *
 * Return: owned by the caller, ssh_pool_free(); NULL: out of memory.
 */
NODISCARD SshPool *ssh_pool_new(const char *config_file, SshBackend backend, const SshAsk *ask);

/**
 * ssh_pool_free() - end every session, its streams and its thread
 *
 * No other call may run on @pool. Descriptors that callers hold stay theirs, and see a hang-up,
 * those of an agent's sessions apart. Does not wait for the network. NULL is fine. Return: NULL.
 */
SshPool *ssh_pool_free(SshPool *pool);
DEFINE_CLEANUP(SshPool, ssh_pool_free);

/**
 * ssh_pool_share() - use the sessions of an agent from now on, where that can be
 * @share:      taken
 *
 * Before any other call. What goes by the agent is in no session of this pool, and not among those
 * that ssh_pool_sessions() shows.
 */
void ssh_pool_share(SshPool *pool, struct SshShare *share);

/**
 * ssh_pool_open() - a fresh stream to a Unix socket or TCP port, seen from another host
 * @to:         ssh is the way to that host, whose parts may be aliases of the configuration; and
 *              either path, absolute, or host and port; borrowed
 * @deadline:   for connecting, logging in and opening together
 * @ret_fd:     a stream socket, close-on-exec and non-blocking; owned by the caller
 * @error:      NULL, or receives one line for a person
 *
 * Return: PYROPE_OK; PYROPE_E_UNREACHABLE (the host, or nobody listens there), PYROPE_E_TIMEOUT,
 * PYROPE_E_HOST_KEY, PYROPE_E_AUTH, PYROPE_E_DENIED (the host permits no such forwarding),
 * PYROPE_E_CONFIG (the SSH settings), PYROPE_E_INVALID (@to is of no known form),
 * PYROPE_E_PROTOCOL, PYROPE_E_CLOSED (the pool ends), PYROPE_E_NOMEM, PYROPE_E_IO.
 */
NODISCARD pyrope_status ssh_pool_open(SshPool *pool, const Location *to, Deadline deadline,
                                      int *ret_fd, pyrope_error **error);

/**
 * ssh_pool_join() - the same for a stream that is there already; does not wait
 * @fd:         a connected stream socket; taken, whatever comes
 * @join:       copied
 *
 * If the way cannot be opened, @fd is closed.
 */
void ssh_pool_join(SshPool *pool, const Location *to, int fd, const SshJoin *join);

/** ssh_pool_leave() - end the streams that were joined as @group, which is not 0, and take back
 * what is not done of it. */
void ssh_pool_leave(SshPool *pool, uint64_t group);

/**
 * ssh_pool_exec() - run a command of ours on a host, without input
 * @target:     a way, uri.h, whose parts may be aliases
 * @command:    fixed text of the program's; the user's shell over there reads it, so it never
 *              contains anything that came from outside
 * @ret:        output and status
 *
 * Return: as ssh_pool_open(), and PYROPE_E_TOO_LARGE above SSH_OUTPUT_MAX_BYTES of output.
 */
NODISCARD pyrope_status ssh_pool_exec(SshPool *pool, const char *target, const char *command,
                                      Deadline deadline, SshOutput *ret, pyrope_error **error);

/**
 * ssh_pool_pipe() - a fresh stream to a command that runs on a host: its input and output
 * @command:    as for ssh_pool_exec(); what it says on standard error is dropped
 * @ret_fd:     as for ssh_pool_open(); hangs up when the command ends
 *
 * Return: as ssh_pool_open().
 */
NODISCARD pyrope_status ssh_pool_pipe(SshPool *pool, const char *target, const char *command,
                                      Deadline deadline, int *ret_fd, pyrope_error **error);

/**
 * ssh_pool_run() - what the other functions do, as data
 *
 * Return: as those functions; PYROPE_E_CLOSED also if it was taken back.
 */
NODISCARD pyrope_status ssh_pool_run(SshPool *pool, const SshOrder *order, SshResult *ret,
                                     pyrope_error **error);

void ssh_pool_counts(SshPool *pool, SshPoolCounts *ret);

/**
 * ssh_pool_sessions() - all sessions as they are now, also those that are not up
 * @ret:        an array of @ret_n, owned by the caller, free(); NULL if there are none
 *
 * Return: 0, -ENOMEM.
 */
NODISCARD int ssh_pool_sessions(SshPool *pool, SshSession **ret, size_t *ret_n);
