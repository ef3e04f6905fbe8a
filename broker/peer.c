/* SPDX-License-Identifier: MIT */

#include "broker/peer.h"

#include "base/clock.h"
#include "proto/pyro4.h"
#include "proto/value.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#define SMALL_BYTES    1024u
#define SEND_PARTS_MAX 32u /* at one system call */

/* Header, annotations and small payload are copied to head; a large payload stays as it was
 * written.
 */
struct Outgoing {
        Parcel payload;     /* empty if it is in head */
        size_t n_sent;      /* of head and payload together */
        uint64_t n_allowed; /* of them; UINT64_MAX: all */
        uint16_t seq;       /* of the request */
        size_t n_head;
        uint8_t head[];
};

static Outgoing *outgoing_free(Outgoing *out)
{
        if (!out)
                return NULL;
        parcel_deinit(&out->payload);
        free(out);
        return NULL;
}
DEFINE_CLEANUP(Outgoing, outgoing_free);

Peer *peer_new(int fd, QuotaUser *user, uint64_t n_max)
{
        Peer *peer;

        peer = calloc(1, sizeof(*peer));
        if (!peer)
                return NULL;
        peer->caller.guest = guest_new();
        if (!peer->caller.guest) {
                free(peer);
                return NULL;
        }
        peer->fd = fd;
        peer->caller.uid = user->uid;
        peer->caller.user = user;
        peer->session.n_max = n_max;
        /* One frame, or what one receive brought. */
        buffer_init(&peer->in, FRAME_HEADER_SIZE + (size_t)n_max + PEER_RECEIVE_BYTES);
        atomic_init(&peer->deadline, INT64_MAX);
        return peer;
}

/* The answer is nobody's any more. */
static void drop_answer(Peer *peer)
{
        if (peer->n_held_out > 0)
                (void)quota_hold(peer->caller.user, QUOTA_BYTES, &peer->n_held_out, 0);
}

Peer *peer_free(Peer *peer)
{
        if (!peer)
                return NULL;
        outgoing_free(peer->out);
        drop_answer(peer);
        buffer_deinit(&peer->in);
        (void)peer_hold_in(peer);
        (void)close(peer->fd);
        quota_leave(peer->caller.user);
        guest_unref(peer->caller.guest);
        free(peer);
        return NULL;
}

/* @n: what recv() says. */
static int received(ssize_t n, size_t *ret_n)
{
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? PEER_E_AGAIN : PEER_E_CLOSED;
        if (n == 0)
                return PEER_E_CLOSED;
        *ret_n = (size_t)n;
        return 0;
}

int peer_receive(Peer *peer, uint8_t *ret, size_t n_room, bool is_patient, size_t *ret_n)
{
        return received(recv(peer->fd, ret, n_room, is_patient ? 0 : MSG_DONTWAIT), ret_n);
}

int peer_spin(Peer *peer, Spin *spin, uint8_t *ret, size_t n_room, size_t *ret_n)
{
        return received(spin_receive(spin, peer->fd, ret, n_room), ret_n);
}

/* As many as came already, so that the peer pays for our memory; of a port not more than stay in
 * the processor's cache between the kernel's two copies. */
static size_t next_step(const Peer *peer, size_t n_wanted)
{
        size_t n = peer->in.n < PEER_RECEIVE_BYTES ? PEER_RECEIVE_BYTES : peer->in.n;
        size_t n_max = peer->is_inet ? PEER_RECEIVE_BYTES : PEER_STREAM_BYTES;

        n = n < n_max ? n : n_max;
        return n < n_wanted ? n : n_wanted;
}

int peer_receive_more(Peer *peer, size_t n_needed, bool is_patient)
{
        size_t n_step = next_step(peer, n_needed - peer->in.n);
        size_t n = 0;
        int r;

        if (buffer_reserve_of(&peer->in, n_step, n_needed))
                return PEER_E_CLOSED; /* no memory for him */
        r = peer_hold_in(peer);
        if (r)
                return r;
        r = peer_receive(peer, peer->in.data + peer->in.n, n_step, is_patient && peer->is_flowing,
                         &n);
        peer->in.n += n;
        peer->is_flowing = n >= PEER_FLOW_BYTES;
        return r;
}

/* Returns how many of the bytes were taken, 0 if none now, or -errno. */
static ssize_t send_some(int fd, const struct iovec *parts, size_t n_parts, bool is_patient)
{
        struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = n_parts };
        ssize_t n;

        do
                n = sendmsg(fd, &message, MSG_NOSIGNAL | (is_patient ? 0 : MSG_DONTWAIT));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        return n;
}

/* Keeps what the socket did not take. */
static Outgoing *outgoing_new(const uint8_t header[static FRAME_HEADER_SIZE], const Answer *answer,
                              size_t n_sent, pyrope_writer *writer)
{
        size_t n_payload = answer->header.n_payload;
        size_t n_annotations = answer->header.n_annotations;
        bool is_copied = n_payload <= PEER_COPY_BYTES;
        size_t n_head = FRAME_HEADER_SIZE + n_annotations + (is_copied ? n_payload : 0);
        Outgoing *out;

        out = calloc(1, sizeof(*out) + n_head);
        if (!out)
                return NULL;
        out->n_head = n_head;
        out->n_sent = n_sent;
        out->n_allowed = UINT64_MAX;
        out->seq = answer->header.seq;
        memcpy(out->head, header, FRAME_HEADER_SIZE);
        if (n_annotations > 0)
                memcpy(out->head + FRAME_HEADER_SIZE, answer->annotations, n_annotations);
        if (is_copied) {
                memcpy(out->head + n_head - n_payload, answer->payload, n_payload);
        } else {
                writer_take_parcel(writer, &out->payload);
                assert(parcel_size(&out->payload) == n_payload);
        }
        return out;
}

/* A small answer is cheaper to copy than to describe to the kernel. Returns as send_some(). */
static ssize_t send_small(int fd, const uint8_t header[static FRAME_HEADER_SIZE],
                          const Answer *answer)
{
        uint8_t bytes[FRAME_HEADER_SIZE + SMALL_BYTES];
        ssize_t n;

        memcpy(bytes, header, FRAME_HEADER_SIZE);
        memcpy(bytes + FRAME_HEADER_SIZE, answer->payload, answer->header.n_payload);
        do
                n = send(fd, bytes, FRAME_HEADER_SIZE + answer->header.n_payload,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        return n;
}

/* Returns as send_some(). */
static ssize_t send_answer(int fd, const uint8_t header[static FRAME_HEADER_SIZE],
                           const Answer *answer)
{
        struct iovec parts[3] = {
                { .iov_base = (void *)(uintptr_t)header, .iov_len = FRAME_HEADER_SIZE },
        };
        size_t n_parts = 1;

        if (answer->header.n_annotations == 0 && answer->header.n_payload <= SMALL_BYTES)
                return send_small(fd, header, answer);
        if (answer->header.n_annotations > 0)
                parts[n_parts++] = (struct iovec){
                        .iov_base = (void *)(uintptr_t)answer->annotations,
                        .iov_len = answer->header.n_annotations,
                };
        parts[n_parts++] = (struct iovec){
                .iov_base = (void *)(uintptr_t)answer->payload,
                .iov_len = answer->header.n_payload,
        };
        return send_some(fd, parts, n_parts, /* is_patient= */ false);
}

/* Once for a socket: a large message needs more room than small ones do, and patience. */
static void widen(Peer *peer)
{
        const struct timeval stay = { .tv_usec = PEER_SEND_STAY_MS * 1000 };
        const int n_send = PEER_STREAM_BYTES;

        if (peer->is_wide)
                return;
        peer->is_wide = setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &stay, sizeof(stay)) == 0;
        if (!peer->is_inet)
                (void)setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &n_send, sizeof(n_send));
}

int peer_hold_answer(Peer *peer, const Answer *answer)
{
        return quota_hold(peer->caller.user, QUOTA_BYTES, &peer->n_held_out,
                          frame_size(&answer->header))
                       ? PEER_E_FULL
                       : 0;
}

int peer_send(Peer *peer, const Answer *answer, pyrope_writer *writer, uint64_t n_allowed)
{
        const bool is_large = answer->header.n_payload > PEER_COPY_BYTES;
        uint8_t header[FRAME_HEADER_SIZE];
        ssize_t n = 0;

        assert(!peer->out);
        frame_header_write(&answer->header, header);
        if (!is_large)
                n = send_answer(peer->fd, header, answer);
        if (n < 0)
                return PEER_E_CLOSED;
        if ((uint64_t)n == frame_size(&answer->header)) {
                drop_answer(peer);
                return 0;
        }
        if (peer_hold_answer(peer, answer))
                return PEER_E_CLOSED;
        if (is_large)
                widen(peer);
        peer->out = outgoing_new(header, answer, (size_t)n, writer);
        if (!peer->out)
                return PEER_E_CLOSED;
        if (is_large)
                peer->out->n_allowed = n_allowed;
        return peer_flush(peer, /* is_patient= */ false);
}

void peer_refuse(int fd, const Answer *answer)
{
        uint8_t header[FRAME_HEADER_SIZE];

        frame_header_write(&answer->header, header);
        (void)send_answer(fd, header, answer);
}

void peer_refuse_pyro4(const Peer *peer, const SessionReject *reject)
{
        uint8_t bytes[PYRO4_REFUSAL_BYTES];
        size_t n = pyro4_refusal_write(reject->pyro4_version, reject->text, bytes);

        (void)send(peer->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void peer_allow(Peer *peer, uint16_t seq, uint64_t n_allowed)
{
        if (peer->out->seq == seq && n_allowed > peer->out->n_allowed)
                peer->out->n_allowed = n_allowed;
}

void peer_allow_all(Peer *peer)
{
        peer->out->n_allowed = UINT64_MAX;
}

/* Up to @n_goal bytes of the answer. Returns as send_some(). */
static ssize_t send_out(Peer *peer, size_t n_goal, bool is_patient)
{
        const Outgoing *out = peer->out;
        struct iovec parts[SEND_PARTS_MAX];
        Gather gather = { .parts = parts,
                          .n_room = ARRAY_SIZE(parts),
                          .n_skip = out->n_sent,
                          .n_left = n_goal - out->n_sent };

        if (gather.n_left > PEER_STREAM_BYTES)
                gather.n_left = PEER_STREAM_BYTES;

        gather_bytes(&gather, out->head, out->n_head);
        gather_parcel(&gather, &out->payload);
        return send_some(peer->fd, parts, gather.n_parts, is_patient && peer->is_wide);
}

int peer_flush(Peer *peer, bool is_patient)
{
        Outgoing *out = peer->out;
        const size_t n_all = out->n_head + parcel_size(&out->payload);
        const size_t n_goal = out->n_allowed < n_all ? (size_t)out->n_allowed : n_all;
        const size_t n_before = out->n_sent;
        ssize_t n;

        do {
                n = out->n_sent < n_goal ? send_out(peer, n_goal, is_patient) : 0;
                if (n < 0)
                        return PEER_E_CLOSED;
                out->n_sent += (size_t)n;
        } while (n > 0 && out->n_sent < n_goal && !is_patient);

        if (out->n_sent == n_all) {
                peer->out = outgoing_free(out);
                drop_answer(peer);
                return 0;
        }
        if (out->n_sent >= n_goal) {
                peer->is_flowing = false;
                return PEER_E_HELD;
        }
        peer->is_flowing = peer->is_wide && out->n_sent - n_before >= PEER_FLOW_BYTES;
        return PEER_E_AGAIN;
}
