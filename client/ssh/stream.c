/* SPDX-License-Identifier: MIT */

#include "client/ssh/stream.h"

#include "client/ssh/step.h"
#include "proto/value.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DRAIN_ROUNDS     16          /* then the other streams have their turn */
#define ORIGIN           "127.0.0.1" /* who asks: sshd logs it */
#define STATUS_OF_SIGNAL 128

static void stream_enter(SshStream *stream, SshStreamState state)
{
        stream->state = state;
}

/* -- from the host ----------------------------------------------------------------------------- */

static int collect(SshStream *stream, const void *data, uint32_t n)
{
        Buffer *text = &stream->request->output.text;

        if (n > SSH_OUTPUT_MAX_BYTES - text->n || buffer_append(text, data, n))
                stream->is_too_much = true;
        return (int)n;
}

/* Return: how many of the bytes the descriptor took; if not all, the stream is blocked. */
static size_t send_to_fd(SshStream *stream, const void *data, size_t n)
{
        ssize_t n_sent = send(stream->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n_sent < 0 && errno != EAGAIN && errno != EINTR) {
                stream->is_deaf = true;
                return n;
        }
        stream->is_blocked = n_sent < (ssize_t)n;
        stream->has_moved = true;
        return n_sent < 0 ? 0 : (size_t)n_sent;
}

/* The same to whoever gets them. */
static size_t deliver(SshStream *stream, const void *data, size_t n)
{
        size_t n_taken;

        if (!stream->direct)
                return send_to_fd(stream, data, n);
        n_taken = ssh_direct_give(stream->direct, data, n);
        stream->is_blocked = n_taken < n;
        return n_taken;
}

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t n, int is_stderr,
                   void *userdata)
{
        SshStream *stream = userdata;

        (void)session, (void)channel;
        stream->has_got = true;
        if (n > SSH_STREAM_BUFFERED_BYTES)
                stream->is_cheated = true;
        if (is_stderr || stream->is_cheated || stream->is_abandoned)
                return (int)n;
        if (ssh_request_is_collected(stream->request))
                return collect(stream, data, n);
        if (stream->is_deaf)
                return (int)n;
        return stream->is_blocked ? 0 : (int)deliver(stream, data, n);
}

static void on_eof(ssh_session session, ssh_channel channel, void *userdata)
{
        SshStream *stream = userdata;

        (void)session, (void)channel;
        stream->has_got_end = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *userdata)
{
        SshStream *stream = userdata;

        (void)session, (void)channel;
        stream->has_got_end = true;
        stream->is_closed = true;
}

static void on_exit_status(ssh_session session, ssh_channel channel, int status, void *userdata)
{
        SshStream *stream = userdata;

        (void)session, (void)channel;
        stream->exit_status = status;
}

static void on_exit_signal(ssh_session session, ssh_channel channel, const char *name, int core,
                           const char *words, const char *language, void *userdata)
{
        SshStream *stream = userdata;

        (void)session, (void)channel, (void)core, (void)words, (void)language;
        stream->exit_status = STATUS_OF_SIGNAL;
        for (int i = 1; i < NSIG; i++) {
                const char *known = sigabbrev_np(i);

                if (known && name && !strcmp(known, name))
                        stream->exit_status = STATUS_OF_SIGNAL + i;
        }
}

/* What was taken from libssh and not yet sent. Return: whether all of it is gone now. */
static bool flush_to_fd(SshStream *stream)
{
        const Buffer *left = &stream->to_fd;

        stream->is_blocked = false;
        if (left->n && !stream->is_deaf)
                stream->n_to_fd_sent += deliver(stream, left->data + stream->n_to_fd_sent,
                                                left->n - stream->n_to_fd_sent);
        if (stream->is_blocked)
                return false;
        buffer_clear(&stream->to_fd);
        stream->n_to_fd_sent = 0;
        return true;
}

/* All that libssh holds, at once: each read, be it of one byte, has it allow the host a full window
 * more. */
static void take_from_channel(SshStream *stream)
{
        int n = ssh_channel_poll(stream->channel, 0);

        if (n <= 0)
                return;
        if (buffer_reserve(&stream->to_fd, (size_t)n)) {
                ssh_stream_abandon(stream);
                return;
        }
        n = ssh_channel_read_nonblocking(stream->channel, stream->to_fd.data, (uint32_t)n, 0);
        stream->to_fd.n = n > 0 ? (size_t)n : 0;
}

/* The descriptor takes bytes again. */
static void drain(SshStream *stream)
{
        for (int i = 0; i < DRAIN_ROUNDS; i++) {
                if (!flush_to_fd(stream))
                        return;
                /* Blocked while libssh reads, so that on_data() cannot overtake what it holds. */
                stream->is_blocked = true;
                take_from_channel(stream);
                if (!stream->to_fd.n) {
                        stream->is_blocked = false;
                        buffer_deinit(&stream->to_fd);
                        return;
                }
        }
}

/* -- to the host ------------------------------------------------------------------------------- */

static void write_to_channel(SshStream *stream, const uint8_t *data, size_t n)
{
        int n_taken = ssh_channel_write(stream->channel, data, (uint32_t)n);

        if (n_taken < 0) { /* the host closed the channel, or the session broke */
                stream->has_read_end = true;
                stream->is_closed = true;
        } else if (buffer_append(&stream->to_channel, data + n_taken, n - (size_t)n_taken)) {
                ssh_stream_abandon(stream);
        }
}

static void rewrite_to_channel(SshStream *stream)
{
        Buffer again = stream->to_channel;

        buffer_init(&stream->to_channel, again.n_max);
        write_to_channel(stream, again.data, again.n);
        buffer_deinit(&again);
}

size_t ssh_stream_room(const SshStream *stream)
{
        uint32_t window;

        if (stream->state != SSH_STREAM_OPEN || stream->fd < 0 || stream->has_read_end ||
            stream->is_closed || stream->to_channel.n)
                return 0;
        window = ssh_channel_window_size(stream->channel);
        return window < stream->pace->n_chunk ? window : stream->pace->n_chunk;
}

static void read_fd(SshStream *stream, bool is_full)
{
        uint8_t chunk[SSH_PACE_CHUNK_MAX_BYTES];
        size_t n_room = ssh_stream_room(stream);
        ssize_t n;

        if (is_full && n_room > SSH_STREAM_SMALL_BYTES)
                n_room = SSH_STREAM_SMALL_BYTES;
        if (!n_room)
                return;
        n = recv(stream->fd, chunk, n_room, MSG_DONTWAIT);
        stream->has_moved = true;
        stream->is_bulk = n == (ssize_t)n_room;
        if (n > 0)
                write_to_channel(stream, chunk, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                stream->has_read_end = true;
}

void ssh_stream_write(SshStream *stream, const void *data, size_t n)
{
        write_to_channel(stream, data, n);
}

bool ssh_stream_is_deaf(const SshStream *stream)
{
        return stream->is_closed || stream->state == SSH_STREAM_OVER;
}

/* Behind the last of its bytes. */
static void pass_end(SshStream *stream)
{
        if (!stream->has_got_end || stream->is_blocked || stream->has_passed_end)
                return;
        if (stream->fd >= 0)
                (void)shutdown(stream->fd, SHUT_WR);
        if (stream->direct)
                ssh_direct_end(stream->direct);
        stream->has_passed_end = true;
}

/* The end is passed on at once, for nothing may come from the host any more that would have the
 * stream settled. */
void ssh_stream_resume(SshStream *stream)
{
        if (!stream->is_blocked)
                return;
        drain(stream);
        pass_end(stream);
}

struct pollfd ssh_stream_events(const SshStream *stream, bool is_full)
{
        struct pollfd polled = { .fd = stream->fd };

        if (stream->direct)
                return (struct pollfd){ .fd = -1 };
        if (stream->is_blocked)
                polled.events |= POLLOUT;
        if (!(is_full && stream->is_bulk) && ssh_stream_room(stream))
                polled.events |= POLLIN;
        /* A hang-up is told whatever is asked for, and again each time: once is enough. */
        if (stream->is_hung_up && !polled.events)
                polled.fd = -1;
        return polled;
}

void ssh_stream_feed(SshStream *stream, short revents, bool is_full)
{
        if (revents & (POLLHUP | POLLERR)) {
                stream->is_hung_up = true;
                stream->is_deaf = true;
        }
        if (stream->is_blocked && (stream->is_deaf || revents & POLLOUT))
                drain(stream);
        if (revents & (POLLIN | POLLHUP | POLLERR))
                read_fd(stream, is_full);
}

/* -- opening ----------------------------------------------------------------------------------- */

bool ssh_stream_is_prohibited(const char *said)
{
        /* "Channel opening failure: channel 43 error (1) ..." */
        return strstr(said, SSH_STREAM_PROHIBITED);
}

pyrope_status ssh_stream_refusal(const char *label, const SshRequest *request, const char *said,
                                 pyrope_error **error)
{
        char what[512];

        ssh_request_text(request, what, sizeof(what));
        if (request->command && strstr(said, "Channel opening failure"))
                return error_set(error, PYROPE_E_DENIED,
                                 "%s: sshd does not run %s: see MaxSessions in its configuration",
                                 label, what);
        if (request->command)
                return error_set(error, PYROPE_E_DENIED, "%s: does not run %s: %s", label, what,
                                 said);
        if (ssh_stream_is_prohibited(said))
                return error_set(error, PYROPE_E_DENIED,
                                 "%s: sshd does not permit %s: see AllowTcpForwarding, "
                                 "AllowStreamLocalForwarding and PermitOpen in its configuration, "
                                 "and 'restrict' at the key",
                                 label, what);
        /* For a socket sshd says the same, whatever the reason. */
        if (request->to.path)
                return error_set(error, PYROPE_E_UNREACHABLE,
                                 "%s: sshd cannot connect to %s: nobody listens there, or sshd is "
                                 "configured with a PermitOpen, DisableForwarding yes, "
                                 "AllowTcpForwarding no or AllowStreamLocalForwarding no",
                                 label, what);
        return error_set(error, PYROPE_E_UNREACHABLE, "%s: sshd cannot connect to %s: %s", label,
                         what, said);
}

static int open_channel(const SshStream *stream)
{
        const Location *to = &stream->request->to;

        if (stream->request->command)
                return ssh_channel_open_session(stream->channel);
        if (to->path)
                return ssh_channel_open_forward_unix(stream->channel, to->path, ORIGIN, 0);
        return ssh_channel_open_forward(stream->channel, to->host, to->port, ORIGIN, 0);
}

static pyrope_status refused(SshStream *stream, pyrope_error **error)
{
        stream_enter(stream, SSH_STREAM_OVER);
        return ssh_stream_refusal(stream->label, stream->request, ssh_get_error(stream->session),
                                  error);
}

static pyrope_status settle_opening(SshStream *stream, pyrope_error **error)
{
        int r = open_channel(stream);

        /* A session that broke is the owner's to find; for the next one this is still to be opened.
         */
        if (r == SSH_AGAIN || ssh_step_is_lost(stream->session))
                return PYROPE_OK;
        if (r)
                return refused(stream, error);
        stream_enter(stream, stream->is_abandoned       ? SSH_STREAM_OVER
                             : stream->request->command ? SSH_STREAM_REQUESTING
                                                        : SSH_STREAM_OPEN);
        return PYROPE_OK;
}

static pyrope_status settle_requesting(SshStream *stream, pyrope_error **error)
{
        int r = ssh_channel_request_exec(stream->channel, stream->request->command);

        if (r == SSH_AGAIN && !stream->is_closed)
                return PYROPE_OK;
        if (r)
                return refused(stream, error);
        stream_enter(stream, SSH_STREAM_OPEN);
        /* One whose output is collected reads nothing. */
        stream->has_read_end = ssh_request_is_collected(stream->request);
        return PYROPE_OK;
}

static void settle_open(SshStream *stream)
{
        bool is_read_out;

        if (stream->to_channel.n)
                rewrite_to_channel(stream);
        if (stream->has_read_end && !stream->to_channel.n && !stream->has_sent_end &&
            !stream->is_closed) {
                /* "Again" only means that it is not on the wire yet. */
                (void)ssh_channel_send_eof(stream->channel);
                stream->has_sent_end = true;
        }
        pass_end(stream);
        is_read_out = stream->has_got_end && !stream->is_blocked;
        if (ssh_request_is_collected(stream->request)) {
                if (stream->is_closed || stream->is_too_much)
                        stream_enter(stream, SSH_STREAM_OVER);
        } else if ((stream->is_closed && is_read_out) ||
                   (stream->has_sent_end && (stream->has_passed_end || stream->is_hung_up))) {
                stream_enter(stream, SSH_STREAM_OVER);
        }
}

pyrope_status ssh_stream_settle(SshStream *stream, pyrope_error **error)
{
        pyrope_status status = PYROPE_OK;

        if (stream->state == SSH_STREAM_OPENING)
                status = settle_opening(stream, error);
        if (!status && stream->state == SSH_STREAM_REQUESTING)
                status = settle_requesting(stream, error);
        if (!status && stream->state == SSH_STREAM_OPEN)
                settle_open(stream);
        return status;
}

void ssh_stream_abandon(SshStream *stream)
{
        stream->is_abandoned = true;
        closep(&stream->fd);
        /* A channel that is not open yet cannot be closed: the host would keep it for ever. */
        if (stream->state != SSH_STREAM_OPENING)
                stream_enter(stream, SSH_STREAM_OVER);
}

/* -- life -------------------------------------------------------------------------------------- */

SshStream *ssh_stream_new(SshRequest *request, ssh_session session, const SshPace *pace,
                          const char *label)
{
        SshStream *stream = calloc(1, sizeof(*stream));

        if (!stream)
                return NULL;
        stream->session = session;
        stream->pace = pace;
        stream->label = label;
        stream->request = request;
        stream->fd = -1;
        stream->exit_status = -1;
        buffer_init(&stream->to_channel, SSH_PACE_CHUNK_MAX_BYTES);
        buffer_init(&stream->to_fd, SSH_STREAM_BUFFERED_BYTES);
        stream->callbacks = (struct ssh_channel_callbacks_struct){
                .userdata = stream,
                .channel_data_function = on_data,
                .channel_eof_function = on_eof,
                .channel_close_function = on_close,
                .channel_exit_status_function = on_exit_status,
                .channel_exit_signal_function = on_exit_signal,
        };
        ssh_callbacks_init(&stream->callbacks);
        stream->channel = ssh_channel_new(session);
        if (!stream->channel || ssh_add_channel_callbacks(stream->channel, &stream->callbacks))
                return ssh_stream_free(stream);
        stream->fd = TAKE_FD(request->fd);
        stream->direct = TAKE(request->direct);
        return stream;
}

SshStream *ssh_stream_free(SshStream *stream)
{
        if (!stream)
                return NULL;
        if (stream->channel) {
                /* It lives on in libssh until the host has closed it, too. */
                (void)ssh_remove_channel_callbacks(stream->channel, &stream->callbacks);
                /* If the end of file cannot leave at once, ssh_channel_free() would stop there, and
                 * not close the channel. */
                if (ssh_channel_is_open(stream->channel) || stream->is_closed)
                        (void)ssh_channel_send_eof(stream->channel);
                ssh_channel_free(stream->channel);
        }
        closep(&stream->fd);
        if (stream->direct)
                (void)ssh_direct_part(stream->direct);
        buffer_deinit(&stream->to_channel);
        buffer_deinit(&stream->to_fd);
        free(stream);
        return NULL;
}
