#pragma once

/* SPDX-License-Identifier: MIT */

/* How a bomb is judged: by our decoders in this process, or by a daemon. */

#include "tests/integration/bomb.h"

#include <sys/types.h>

typedef struct Damage Damage;

/* What a bomb cost. */
struct Damage {
        bool is_refused;
        size_t n_memory; /* bytes at the peak, beyond those before */
        double ms;
};

/* By the code of the daemon or of the client, without I/O if it can be done so. */
Damage decoder_try(const Bomb *bomb, const Buffer *bytes);

/**
 * daemon_start() - conformance-target on a socket, with the object "target", used once
 * @program: as for execlp()
 *
 * It dies with this process.
 */
pid_t daemon_start(const char *program, const char *path);
void daemon_end(pid_t pid);

/* By the daemon behind the socket. */
Damage daemon_try(const char *path, pid_t pid, const Bomb *bomb, const Buffer *bytes);

/**
 * daemon_try_silence() - connections whose clients say a beginning, and then nothing more
 * @is_open: after the handshake; such a connection may stay
 *
 * Return: bytes for each of them, and the time from the first connection until the daemon has hung
 * up on all.
 */
Damage daemon_try_silence(const char *path, pid_t pid, bool is_open, const Buffer *bytes);

/* -- measuring -------------------------------------------------------------------------------- */

/* Ends the program if something is not so that must be so. */
void bombs_must(bool is_so, const char *what);

/* Milliseconds of the monotonic clock. */
double bombs_now_ms(void);

/* The peak of a process' memory begins anew with what it has now, which is returned. */
size_t bombs_reset_peak(pid_t pid);

/* How far above that it went since. */
size_t bombs_peak_above(pid_t pid, size_t n_before);
