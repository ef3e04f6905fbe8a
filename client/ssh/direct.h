#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Direct
 *
 * A stream whose caller moves the bytes himself: no descriptor in between, and no other thread as
 * long as he is the only one who waits for something of the session, see ssh/helm.h. What arrives
 * goes from libssh straight to where he wants it; if he wants nothing, a little is kept for him and
 * the rest stays in libssh until its window is used up.
 *
 * For one caller's thread at a time. Of the other end, ssh/stream.h, only the functions below the
 * line know; they run with the helm's lock held.
 */

#include "base/clock.h"
#include "base/defs.h"
#include "client/ssh/pool.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SSH_DIRECT_KEPT_BYTES 65536u /* of what nobody has asked for yet */

struct SshLink;
struct SshStream;

/** ssh_direct_new() - a reference for the caller, one for the stream. Return: NULL: out of memory.
 */
NODISCARD SshDirect *ssh_direct_new(void);

/**
 * ssh_direct_close() - the caller's end: the stream is over, his reference is dropped
 *
 * Return: NULL.
 */
SshDirect *ssh_direct_close(SshDirect *direct);
DEFINE_CLEANUP(SshDirect, ssh_direct_close);

/**
 * ssh_direct_send() - as sendmsg(), but waits for room until the deadline
 *
 * Return: how many bytes were taken, at least one; -1 with ETIMEDOUT, EPIPE (the stream is over).
 */
NODISCARD ssize_t ssh_direct_send(SshDirect *direct, const struct iovec *parts, size_t n_parts,
                                  Deadline deadline);

/**
 * ssh_direct_receive() - as recv(), but waits for bytes until the deadline
 *
 * Return: how many; 0 at the end of the stream; -1 with ETIMEDOUT.
 */
NODISCARD ssize_t ssh_direct_receive(SshDirect *direct, void *ret, size_t n_room,
                                     Deadline deadline);

/** ssh_direct_unref() - the stream's reference is dropped, where there is none (yet, or again);
 * with any lock or none. Return: NULL. */
SshDirect *ssh_direct_unref(SshDirect *direct);

/* ---------------------------------------------------------------------------------------------- */

/** ssh_direct_join() - it has a stream now. */
void ssh_direct_join(SshDirect *direct, struct SshLink *link, struct SshStream *stream);

/** ssh_direct_leave() - the stream ends before it was open; another one may join. Return: @direct.
 */
SshDirect *ssh_direct_leave(SshDirect *direct);

/** ssh_direct_part() - the stream ends; its reference is dropped. Return: NULL. */
SshDirect *ssh_direct_part(SshDirect *direct);

/** ssh_direct_give() - bytes from the host. Return: how many of them it took. */
size_t ssh_direct_give(SshDirect *direct, const void *data, size_t n);

/** ssh_direct_end() - the host sends nothing more. */
void ssh_direct_end(SshDirect *direct);

/** ssh_direct_rouse() - wake the caller, if he waits and now need not. */
void ssh_direct_rouse(SshDirect *direct);
