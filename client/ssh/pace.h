#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Pace
 *
 * How much of a large message is handed to the socket of a session at once. What is there already,
 * in libssh and in the kernel, delays every small call behind it; so on a slow way it is little, a
 * few milliseconds' worth, and on a fast one it is much, for each packet costs. The speed is what
 * left while the socket was full. Pure, but for the socket's own limit.
 */

#include "base/defs.h"

#include <stdbool.h>
#include <stdint.h>

#define SSH_PACE_CHUNK_MIN_BYTES  4096u
#define SSH_PACE_CHUNK_MAX_BYTES  32000u /* fits one packet of any sshd */
#define SSH_PACE_UNSENT_MIN_BYTES 8192u
#define SSH_PACE_UNSENT_MAX_BYTES 65536u

typedef struct SshPace SshPace;

struct SshPace {
        size_t n_chunk;    /* read at once of a stream, and written as one packet */
        size_t n_unsent;   /* in the kernel, beside what is on the way */
        int64_t began_ms;  /* of the present measurement; 0: there is none */
        int64_t full_ms;   /* when it was last full */
        uint64_t n_before; /* bytes sent before it */
};

/** ssh_pace_init() - as for a fast way, until it is known better. */
void ssh_pace_init(SshPace *pace);

/**
 * ssh_pace_look() - before a wait for the socket
 * @now_ms: of clock_coarse_ms()
 * @n_sent: bytes that the socket took in all
 * @is_full: there are more, which it did not take
 *
 * Return: whether n_chunk and n_unsent are others now.
 */
bool ssh_pace_look(SshPace *pace, int64_t now_ms, uint64_t n_sent, bool is_full);
