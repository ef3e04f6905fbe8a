/* SPDX-License-Identifier: MIT */

#include "proto/conn-socket.h"

#include "proto/value.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#define UNIX_BYTES     (1024u * 1024u) /* moved at once of a large message */
#define INET_BYTES     (64u * 1024u)
#define BLOCK_RECEIVES 16u            /* so many wait in poll() before a connection may block */
#define LARGE_BYTES    (256u * 1024u) /* of a message that is worth preparing the socket for */
#define SEND_STAY_MS   10             /* longest wait of the kernel for room */
#define SEND_FAR_MS    1000           /* so far from the deadline it may wait */
#define SEND_PARTS_MAX 32u            /* at one system call */

pyrope_status conn_fail(Conn *conn, pyrope_status status)
{
        conn_hang_up(conn);
        return status;
}

pyrope_status conn_no_memory(Conn *conn, pyrope_error **error)
{
        return conn_fail(conn, error_nomem(error));
}

pyrope_status conn_too_late(Conn *conn, pyrope_error **error)
{
        return conn_fail(conn, error_set(error, PYROPE_E_TIMEOUT, "no answer in time"));
}

/* A peer that always has a byte more must not outlast the deadline, so it is judged first. */
static pyrope_status wait_for(Conn *conn, short events, Deadline deadline, pyrope_error **error)
{
        struct pollfd pollfd = { .fd = conn->fd, .events = events };
        int left_ms;
        int n;

        do {
                left_ms = deadline_left_ms(deadline);
                if (left_ms == 0)
                        return conn_too_late(conn, error);
                n = poll(&pollfd, 1, left_ms);
        } while (n < 0 && errno == EINTR);
        if (n > 0)
                return PYROPE_OK; /* a hang-up shows when the socket is used */
        if (n == 0)
                return conn_too_late(conn, error);
        return conn_fail(conn, error_set(error, PYROPE_E_IO, "poll: %s", strerror(errno)));
}

/* What is moved at once of a large message; of a port not more than stays in the processor's cache
 * between the kernel's two copies. For the first one the socket gets what lets such messages flow.
 */
static size_t stream_bytes(Conn *conn)
{
        const struct timeval stay = { .tv_usec = SEND_STAY_MS * 1000 };
        const int n_send = UNIX_BYTES;
        int family = AF_UNIX;
        socklen_t n = sizeof(family);

        if (conn->n_stream > 0)
                return conn->n_stream;
        (void)getsockopt(conn->fd, SOL_SOCKET, SO_DOMAIN, &family, &n);
        if (family == AF_UNIX)
                (void)setsockopt(conn->fd, SOL_SOCKET, SO_SNDBUF, &n_send, sizeof(n_send));
        if (setsockopt(conn->fd, SOL_SOCKET, SO_SNDTIMEO, &stay, sizeof(stay)) < 0)
                conn->may_block = false;
        conn->n_stream = family == AF_UNIX ? UNIX_BYTES : INET_BYTES;
        return conn->n_stream;
}

/* Far from the deadline the kernel may wait for room: by itself it fills the socket as soon as
 * there is some. One such call takes UNIX_BYTES / 32 KiB * SEND_STAY_MS at most. */
static int send_flags(const Conn *conn, const Message *message, Deadline deadline)
{
        int left_ms;

        if (message->n < LARGE_BYTES || !conn->may_block)
                return MSG_NOSIGNAL | MSG_DONTWAIT;
        left_ms = deadline_left_ms(deadline);
        return MSG_NOSIGNAL | (left_ms >= 0 && left_ms < SEND_FAR_MS ? MSG_DONTWAIT : 0);
}

/* From the byte @n_sent on. Returns what sendmsg() says. */
static ssize_t send_gathered(Conn *conn, const Message *message, size_t n_sent, Deadline deadline)
{
        struct iovec parts[SEND_PARTS_MAX];
        Gather gather = {
                .parts = parts, .n_room = SEND_PARTS_MAX, .n_skip = n_sent, .n_left = UNIX_BYTES
        };
        struct msghdr msghdr = { .msg_iov = parts };
        int flags;

        if (message->n >= LARGE_BYTES && !conn->carrier.send)
                (void)stream_bytes(conn);
        for (size_t i = 0; i < message->n_parts; i++)
                if (message->parts[i].parcel)
                        gather_parcel(&gather, message->parts[i].parcel);
                else
                        gather_bytes(&gather, message->parts[i].bytes, message->parts[i].n);
        if (conn->carrier.send)
                return conn->carrier.send(conn->carrier.userdata, parts, gather.n_parts, deadline);
        flags = send_flags(conn, message, deadline);
        msghdr.msg_iovlen = gather.n_parts;
        return sendmsg(conn->fd, &msghdr, flags);
}

/* The same; the kernel takes one part faster if it is not told of as a list. */
static ssize_t send_some(Conn *conn, const Message *message, size_t n_sent, Deadline deadline)
{
        const Part *part = &message->parts[0];

        if (message->n_parts > 1 || part->parcel || part->n >= LARGE_BYTES || conn->carrier.send)
                return send_gathered(conn, message, n_sent, deadline);
        return send(conn->fd, part->bytes + n_sent, part->n - n_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
}

pyrope_status conn_send(Conn *conn, const Message *message, Deadline deadline, pyrope_error **error)
{
        pyrope_status status;
        size_t n_sent = 0;
        ssize_t n;

        while (n_sent < message->n) {
                n = send_some(conn, message, n_sent, deadline);
                if (n >= 0) {
                        n_sent += (size_t)n;
                } else if (errno == EAGAIN) {
                        status = wait_for(conn, POLLOUT, deadline, error);
                        if (status)
                                return status;
                } else if (errno == EPIPE || errno == ECONNRESET) {
                        if (n_sent == 0 && conn->heard_ms > 0 && !message->goes_on)
                                /* since its last answer */
                                return conn_fail(conn, error_set(error, PYROPE_E_CLOSED,
                                                                 "the daemon hung up"));
                        conn->is_cut = true;
                        return PYROPE_OK;
                } else if (errno == ETIMEDOUT && conn->carrier.send) {
                        return conn_too_late(conn, error);
                } else if (errno != EINTR) {
                        return conn_fail(conn,
                                         error_set(error, PYROPE_E_UNREACHABLE,
                                                   "the daemon hung up (%s)", strerror(errno)));
                }
        }
        return PYROPE_OK;
}

/* How many of the bytes that are missing to receive next: as many as came already, so that the peer
 * pays for our memory. */
static size_t next_step(Conn *conn, size_t n_wanted)
{
        size_t n = conn->in.n < CONN_FIRST_BYTES ? CONN_FIRST_BYTES : conn->in.n;

        if (n > INET_BYTES && !conn->carrier.receive)
                n = n < stream_bytes(conn) ? n : stream_bytes(conn);
        return n < n_wanted ? n : n_wanted;
}

/* Whether somebody sees to it that recv() comes back. For a few calls that is not worth a thread.
 */
static bool may_block(Conn *conn)
{
        if (!conn->may_block)
                return false;
        if (conn->n_receives < BLOCK_RECEIVES) {
                conn->n_receives++;
                return false;
        }
        return curfew_join(&conn->curfew, conn->fd) == 0;
}

static ssize_t receive_carried(Conn *conn, size_t n_room, Deadline deadline)
{
        ssize_t n = conn->carrier.receive(conn->carrier.userdata, conn->in.data + conn->in.n,
                                          n_room, deadline);

        conn->is_late = n < 0 && errno == ETIMEDOUT;
        return n;
}

/* A recv() that waits saves the poll(). Returns what recv() says, or -1 with EAGAIN. */
static ssize_t receive_at_once(Conn *conn, size_t n_room, Deadline deadline)
{
        ssize_t n;

        if (conn->carrier.receive)
                return receive_carried(conn, n_room, deadline);
        if (spin_is_on(&conn->spin)) {
                n = spin_receive(&conn->spin, conn->fd, conn->in.data + conn->in.n, n_room);
                if (n >= 0 || errno != EAGAIN)
                        return n;
        }
        if (!may_block(conn)) {
                errno = EAGAIN;
                return -1;
        }
        curfew_begin(&conn->curfew, deadline);
        n = recv(conn->fd, conn->in.data + conn->in.n, n_room, 0);
        if (curfew_end(&conn->curfew)) {
                conn->is_cut = true;
                conn->is_late = true;
        }
        return n;
}

pyrope_status conn_receive(Conn *conn, size_t n_wanted, Deadline deadline, pyrope_error **error)
{
        size_t n_room = next_step(conn, n_wanted);
        pyrope_status status;
        ssize_t n;

        if (buffer_reserve_of(&conn->in, n_room, conn->in.n + n_wanted))
                return conn_no_memory(conn, error);
        n = receive_at_once(conn, n_room, deadline);
        if (n < 0 && errno == EAGAIN) {
                status = wait_for(conn, POLLIN, deadline, error);
                if (status)
                        return status;
                n = recv(conn->fd, conn->in.data + conn->in.n, n_room, MSG_DONTWAIT);
        }

        if (n > 0)
                conn->in.n += (size_t)n;
        else if (conn->is_late)
                return conn_too_late(conn, error);
        else if (n == 0)
                return conn_fail(conn,
                                 error_set(error, PYROPE_E_UNREACHABLE, "the daemon hung up %s",
                                           conn->in.n ? "in the middle of its answer"
                                                      : "instead of answering"));
        else if (errno != EAGAIN && errno != EINTR)
                return conn_fail(conn, error_set(error, PYROPE_E_UNREACHABLE,
                                                 "the daemon hung up (%s)", strerror(errno)));
        return PYROPE_OK;
}
