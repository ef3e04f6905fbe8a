#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Stream
 *
 * One channel and what it serves: a descriptor that is joined to a connection or a command, or the
 * collected output of a command. All of it runs in the thread that drives the session.
 *
 * Design notes. Bytes from the host are sent to the descriptor from within libssh's callback. What
 * the descriptor does not take stays in libssh until its window is used up; once the descriptor is
 * ready again, all of it is taken at once. So a slow reader costs at most two windows (2.6 MB) and
 * stops nobody else. Bytes from the descriptor are read only if the
 * channel has a window for them; what libssh nevertheless does not take (while it exchanges new
 * keys) waits in @to_channel. Nobody ever waits inside these functions.
 *
 * A caller may take and give the bytes himself, ssh/direct.h; the same holds for him then, and the
 * descriptor only hangs up.
 *
 * End of file passes through in each direction alone. The stream is over when both have passed,
 * when the host closed the channel, or when the descriptor's other end is gone.
 *
 * libssh polls the session's socket at unforeseen places (in a write, say), and then calls back for
 * any stream of the session: callbacks change nothing but flags of their own stream.
 */

#include "client/ssh/direct.h"
#include "client/ssh/pace.h"
#include "client/ssh/request.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>

#define SSH_STREAM_BUFFERED_BYTES 2097152u /* more than a window of libssh: the host cheats */
#define SSH_STREAM_SMALL_BYTES    4096u    /* may go though the socket takes nothing now */

typedef struct SshStream SshStream;

typedef enum SshStreamState {
        SSH_STREAM_OPENING,    /* asked for, not answered by the host */
        SSH_STREAM_REQUESTING, /* open; the command is asked for */
        SSH_STREAM_OPEN,       /* joined, or the command runs */
        SSH_STREAM_OVER,
} SshStreamState;

struct SshStream {
        ssh_session session;  /* borrowed */
        const char *label;    /* of the host, for errors; borrowed */
        const SshPace *pace;  /* of the session; borrowed */
        SshStreamState state; /* set by stream_enter() alone */
        SshRequest *request;  /* what it is for; a reference, which the owner drops */
        ssh_channel channel;  /* owned */
        struct ssh_channel_callbacks_struct callbacks;
        int fd;              /* owned; -1: a command, or abandoned */
        SshDirect *direct;   /* who moves the bytes instead of fd; a reference; NULL: nobody */
        Buffer to_channel;   /* read from fd, not taken by libssh */
        Buffer to_fd;        /* read from libssh, not taken by fd ... */
        size_t n_to_fd_sent; /* ... except so many at its front */

        bool has_got;        /* the host has sent bytes */
        bool has_moved;      /* fd took or gave bytes; the owner's to clear */
        bool is_answered;    /* the owner's mark: the request has its answer */
        bool is_abandoned;   /* nobody wants it any more */
        bool is_blocked;     /* fd takes no more; libssh holds the rest */
        bool is_deaf;        /* fd takes nothing any more; what comes for it is dropped */
        bool is_bulk;        /* fd had more than was read */
        bool is_hung_up;     /* fd's other end is gone */
        bool has_read_end;   /* fd gave end of file ... */
        bool has_sent_end;   /* ... and the host was told */
        bool has_got_end;    /* the host sent end of file ... */
        bool has_passed_end; /* ... and fd was told */
        bool is_closed;      /* the host closed the channel */
        bool is_cheated;     /* the host sent more than its window */
        bool is_too_much;    /* the command wrote more than SSH_OUTPUT_MAX_BYTES */
        int exit_status;     /* of the command; -1: not told */
};

/**
 * ssh_stream_new() - take over a request and ask the host for the channel
 * @request:    its descriptor is taken; must outlive the stream
 * @session:    logged in; borrowed
 * @pace:       of the session; borrowed
 * @label:      of the host, for errors; borrowed
 *
 * Return: NULL: out of memory.
 */
NODISCARD SshStream *ssh_stream_new(SshRequest *request, ssh_session session, const SshPace *pace,
                                    const char *label);

/** ssh_stream_free() - close channel and descriptor; leaves the request to the owner. Return: NULL.
 */
SshStream *ssh_stream_free(SshStream *stream);

/** ssh_stream_events() - what to poll its descriptor for: fd -1 if nothing. @is_full: libssh has
 * more bytes for the socket than it takes, so read only what is small. */
struct pollfd ssh_stream_events(const SshStream *stream, bool is_full);

/** ssh_stream_feed() - the descriptor is ready: move bytes as @revents says; @is_full: as above. */
void ssh_stream_feed(SshStream *stream, short revents, bool is_full);

/**
 * ssh_stream_settle() - do what bytes from the host made possible
 *
 * Called again as long as it makes libssh read more. Return: PYROPE_OK; or the failure of a stream
 * that could not be opened, which is over then, with @error set.
 */
NODISCARD pyrope_status ssh_stream_settle(SshStream *stream, pyrope_error **error);

/** ssh_stream_room() - how many bytes ssh_stream_write() takes now; at most a chunk.
 */
size_t ssh_stream_room(const SshStream *stream);

/** ssh_stream_write() - bytes for the host; as many as there is room for. */
void ssh_stream_write(SshStream *stream, const void *data, size_t n);

/** ssh_stream_is_deaf() - whether the host takes nothing more. */
bool ssh_stream_is_deaf(const SshStream *stream);

/** ssh_stream_resume() - who got the bytes takes them again. */
void ssh_stream_resume(SshStream *stream);

/** ssh_stream_abandon() - nobody wants it any more; over as soon as the host can be told. */
void ssh_stream_abandon(SshStream *stream);

/** ssh_stream_is_prohibited() - whether ssh_get_error() tells of a channel that the host does not
 * permit, and not of one that it could not connect. */
bool ssh_stream_is_prohibited(const char *said);

#define SSH_STREAM_PROHIBITED " error (1) " /* RFC 4254, section 5.1, as libssh words it */

/**
 * ssh_stream_refusal() - words for a channel that the host did not open
 * @said:       ssh_get_error(); or SSH_STREAM_PROHIBITED; or words for why not
 *
 * Return: PYROPE_E_DENIED, PYROPE_E_UNREACHABLE.
 */
pyrope_status ssh_stream_refusal(const char *label, const SshRequest *request, const char *said,
                                 pyrope_error **error);
