/* SPDX-License-Identifier: MIT */

#include "client/ssh/pace.h"

#define MEASURE_MS 40 /* ten ticks of the coarse clock */
#define FREE_MS    8
#define CHUNK_MS   3 /* so long a packet may take ... */
#define UNSENT_MS  6 /* ... and what waits in front of it in the kernel */

void ssh_pace_init(SshPace *pace)
{
        *pace = (SshPace){ .n_chunk = SSH_PACE_CHUNK_MAX_BYTES,
                           .n_unsent = SSH_PACE_UNSENT_MAX_BYTES };
}

static size_t clamp(uint64_t n, size_t n_min, size_t n_max)
{
        if (n < n_min)
                return n_min;
        return n < n_max ? (size_t)n : n_max;
}

static bool set(SshPace *pace, uint64_t bytes_per_ms)
{
        size_t n_chunk =
                clamp(bytes_per_ms * CHUNK_MS, SSH_PACE_CHUNK_MIN_BYTES, SSH_PACE_CHUNK_MAX_BYTES);
        size_t n_unsent = clamp(bytes_per_ms * UNSENT_MS, SSH_PACE_UNSENT_MIN_BYTES,
                                SSH_PACE_UNSENT_MAX_BYTES);
        bool is_other = n_chunk != pace->n_chunk || n_unsent != pace->n_unsent;

        pace->n_chunk = n_chunk;
        pace->n_unsent = n_unsent;
        return is_other;
}

bool ssh_pace_look(SshPace *pace, int64_t now_ms, uint64_t n_sent, bool is_full)
{
        int64_t took_ms = now_ms - pace->began_ms;
        bool is_begun = pace->began_ms;
        uint64_t n_before = pace->n_before;

        /* What leaves while it is not full says nothing of the way; but it is not full now and
         * then. */
        if (!is_full) {
                if (now_ms - pace->full_ms > FREE_MS)
                        pace->began_ms = 0;
                return false;
        }
        pace->full_ms = now_ms;
        if (is_begun && took_ms < MEASURE_MS)
                return false;
        pace->began_ms = now_ms;
        pace->n_before = n_sent;
        return is_begun && set(pace, (n_sent - n_before) / (uint64_t)took_ms);
}
