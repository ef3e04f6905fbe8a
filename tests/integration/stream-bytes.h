#pragma once

/* SPDX-License-Identifier: MIT */

/* Bytes that both ends of a test stream can make and sum by themselves. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_SUM_INIT 0xcbf29ce484222325u /* FNV-1a, 64 bit */

static inline uint64_t stream_sum(uint64_t sum, const uint8_t *data, size_t n)
{
        for (size_t i = 0; i < n; i++)
                sum = (sum ^ data[i]) * 0x100000001b3u;
        return sum;
}

/* The bytes from @position on; a lost, doubled or swapped chunk changes the sum. */
static inline void stream_fill(uint64_t *position, uint8_t *data, size_t n)
{
        for (size_t i = 0; i < n; i++, (*position)++)
                data[i] = (uint8_t)((*position * 0x9e3779b97f4a7c15u) >> 56);
}
