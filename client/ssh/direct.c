/* SPDX-License-Identifier: MIT */

#include "client/ssh/direct.h"

#include "base/buffer.h"
#include "client/ssh/helm.h"
#include "client/ssh/link.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define SEND_BYTES 262144u /* at once; then others have their turn */

struct SshDirect {
        atomic_uint n_refs;
        SshLink *link; /* a reference; NULL: never joined; constant from then on */

        /* Under the helm's lock. */
        SshStream *stream; /* NULL: there is none yet, or none any more */
        SshHelmWaiter caller;
        bool is_for_room;    /* what he waits for; else for bytes */
        bool is_small;       /* what he sends: it may go though the socket is full */
        bool has_end;        /* the host sends nothing more */
        uint8_t *into;       /* where he wants bytes; NULL: nowhere now */
        size_t n_into;       /* so many */
        size_t n_got;        /* of these are there */
        Buffer kept;         /* what came beyond ... */
        size_t n_kept_taken; /* ... except so many at its front */
};

SshDirect *ssh_direct_new(void)
{
        SshDirect *direct = calloc(1, sizeof(*direct));

        if (!direct)
                return NULL;
        atomic_init(&direct->n_refs, 2);
        ssh_helm_waiter_init(&direct->caller);
        buffer_init(&direct->kept, SSH_DIRECT_KEPT_BYTES);
        return direct;
}

SshDirect *ssh_direct_unref(SshDirect *direct)
{
        if (!direct || atomic_fetch_sub(&direct->n_refs, 1) > 1)
                return NULL;
        if (direct->link)
                ssh_link_unref(direct->link);
        buffer_deinit(&direct->kept);
        ssh_helm_waiter_deinit(&direct->caller);
        free(direct);
        return NULL;
}

SshDirect *ssh_direct_close(SshDirect *direct)
{
        if (!direct)
                return NULL;
        if (direct->link) {
                ssh_helm_lock(direct->link);
                if (direct->stream) {
                        ssh_stream_abandon(direct->stream);
                        ssh_helm_defer(direct->link);
                }
                ssh_helm_unlock(direct->link);
        }
        return ssh_direct_unref(direct);
}

/* -- the stream's side ------------------------------------------------------------------------- */

void ssh_direct_join(SshDirect *direct, SshLink *link, SshStream *stream)
{
        if (!direct->link)
                direct->link = ssh_link_ref(link);
        direct->stream = stream;
}

SshDirect *ssh_direct_leave(SshDirect *direct)
{
        if (direct)
                direct->stream = NULL;
        return direct;
}

SshDirect *ssh_direct_part(SshDirect *direct)
{
        direct->stream = NULL;
        ssh_direct_rouse(direct);
        return ssh_direct_unref(direct);
}

static bool is_ready(const void *userdata)
{
        const SshDirect *direct = userdata;

        if (!direct->stream)
                return true;
        if (direct->is_for_room)
                return ssh_stream_is_deaf(direct->stream) ||
                       ((direct->is_small || !ssh_helm_is_full(direct->link)) &&
                        ssh_stream_room(direct->stream));
        return direct->n_got || direct->has_end;
}

void ssh_direct_rouse(SshDirect *direct)
{
        if (!direct->caller.is_waiting || !is_ready(direct))
                return;
        ssh_helm_wait_over(&direct->link->helm, &direct->caller);
        direct->link->helm.is_hot = true;
}

size_t ssh_direct_give(SshDirect *direct, const void *data, size_t n)
{
        size_t n_room = direct->into && !direct->kept.n ? direct->n_into - direct->n_got : 0;
        size_t n_now = n < n_room ? n : n_room;
        size_t n_kept = n - n_now;

        if (n_now)
                memcpy(direct->into + direct->n_got, data, n_now);
        direct->n_got += n_now;
        if (n_kept > SSH_DIRECT_KEPT_BYTES - direct->kept.n)
                n_kept = SSH_DIRECT_KEPT_BYTES - direct->kept.n;
        if (n_kept && buffer_append(&direct->kept, (const uint8_t *)data + n_now, n_kept))
                n_kept = 0; /* no memory now: libssh keeps it */
        ssh_direct_rouse(direct);
        return n_now + n_kept;
}

void ssh_direct_end(SshDirect *direct)
{
        direct->has_end = true;
}

/* -- the caller's side ------------------------------------------------------------------------- */

/* Return: false if the deadline passed first; with the lock held. */
static bool await(SshDirect *direct, bool is_for_room, Deadline deadline)
{
        const SshHelmWait wait = { .is_ready = is_ready,
                                   .userdata = direct,
                                   .waiter = &direct->caller,
                                   .deadline = deadline };

        direct->is_for_room = is_for_room;
        return is_ready(direct) || ssh_helm_await(direct->link, &wait);
}

static size_t iov_bytes(const struct iovec *parts, size_t n_parts)
{
        size_t n = 0;

        for (size_t i = 0; i < n_parts; i++)
                n += parts[i].iov_len;
        return n;
}

/* Copies up to @n_room bytes from @n_skip on. */
static size_t gather(const struct iovec *parts, size_t n_parts, size_t n_skip, uint8_t *ret,
                     size_t n_room)
{
        size_t n = 0;

        for (size_t i = 0; i < n_parts && n < n_room; i++) {
                size_t n_part = parts[i].iov_len;

                if (n_skip >= n_part) {
                        n_skip -= n_part;
                        continue;
                }
                n_part = n_part - n_skip < n_room - n ? n_part - n_skip : n_room - n;
                memcpy(ret + n, (const uint8_t *)parts[i].iov_base + n_skip, n_part);
                n += n_part;
                n_skip = 0;
        }
        return n;
}

/* As many as may go now, from @n_skip on. Return: how many. */
static size_t write_some(SshDirect *direct, const struct iovec *parts, size_t n_parts,
                         size_t n_skip)
{
        uint8_t chunk[SSH_PACE_CHUNK_MAX_BYTES];
        size_t n = gather(parts, n_parts, n_skip, chunk, ssh_stream_room(direct->stream));

        if (!n)
                return 0;
        ssh_helm_crowd(direct->link);
        ssh_stream_write(direct->stream, chunk, n);
        return n;
}

static ssize_t send_locked(SshDirect *direct, const struct iovec *parts, size_t n_parts,
                           Deadline deadline)
{
        size_t n_sent = 0, n;

        direct->is_small = iov_bytes(parts, n_parts) <= SSH_STREAM_SMALL_BYTES;
        if (!await(direct, /* is_for_room= */ true, deadline)) {
                errno = ETIMEDOUT;
                return -1;
        }
        do {
                n = direct->stream ? write_some(direct, parts, n_parts, n_sent) : 0;
                n_sent += n;
        } while (n && n_sent < SEND_BYTES && !ssh_helm_is_full(direct->link));
        if (n_sent)
                return (ssize_t)n_sent;
        errno = EPIPE;
        return -1;
}

ssize_t ssh_direct_send(SshDirect *direct, const struct iovec *parts, size_t n_parts,
                        Deadline deadline)
{
        ssize_t n;

        ssh_helm_lock(direct->link);
        n = send_locked(direct, parts, n_parts, deadline);
        ssh_helm_sent(direct->link);
        ssh_helm_note(direct->link);
        ssh_helm_unlock(direct->link);
        return n;
}

/* What is there already. */
static void take_kept(SshDirect *direct)
{
        size_t n = direct->kept.n - direct->n_kept_taken;

        if (n > direct->n_into)
                n = direct->n_into;
        memcpy(direct->into, direct->kept.data + direct->n_kept_taken, n);
        direct->n_got = n;
        direct->n_kept_taken += n;
        if (direct->n_kept_taken < direct->kept.n)
                return;
        buffer_clear(&direct->kept);
        direct->n_kept_taken = 0;
}

static ssize_t receive_locked(SshDirect *direct, Deadline deadline)
{
        if (direct->kept.n)
                take_kept(direct);
        /* libssh may hold more behind it, which came while nobody took it. */
        if (direct->stream && !direct->kept.n)
                ssh_stream_resume(direct->stream);
        if (!direct->n_got && !await(direct, /* is_for_room= */ false, deadline)) {
                errno = ETIMEDOUT;
                return -1;
        }
        return (ssize_t)direct->n_got;
}

ssize_t ssh_direct_receive(SshDirect *direct, void *ret, size_t n_room, Deadline deadline)
{
        ssize_t n;

        ssh_helm_lock(direct->link);
        direct->into = ret;
        direct->n_into = n_room;
        direct->n_got = 0;
        n = receive_locked(direct, deadline);
        direct->into = NULL;
        ssh_helm_note(direct->link);
        ssh_helm_unlock(direct->link);
        return n;
}
