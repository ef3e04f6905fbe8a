/* SPDX-License-Identifier: MIT */

/*
 * A header that parses is written as the same bytes but for the reserved field, and is told apart
 * from a header that is too large, or not yet whole, by its length alone.
 */

#include "proto/frame.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#define RESERVED_AT 36
#define LIMIT       FRAME_MESSAGE_MAX_BYTES

static void check_written(const uint8_t *bytes, const FrameHeader *header)
{
        uint8_t again[FRAME_HEADER_SIZE];

        frame_header_write(header, again);
        PROPERTY(memcmp(again, bytes, RESERVED_AT) == 0);
        PROPERTY(memcmp(again + RESERVED_AT + 2, bytes + RESERVED_AT + 2, 2) == 0);
}

/* The limit is the only thing that large frames and others differ by, to the byte. */
static void check_limit(const uint8_t *bytes, size_t n_bytes, const FrameHeader *header)
{
        uint64_t n = frame_size(header) - FRAME_HEADER_SIZE;
        FrameHeader other;

        PROPERTY(frame_header_parse(bytes, n_bytes, n, &other) == 0);
        PROPERTY(memcmp(&other, header, sizeof(other)) == 0);
        if (n > 0)
                PROPERTY(frame_header_parse(bytes, n_bytes, n - 1, &other) == FRAME_E_TOO_LARGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        FrameHeader header;
        int r;

        r = frame_header_parse(data, size, LIMIT, &header);
        PROPERTY((r == FRAME_E_INCOMPLETE) ==
                 (size < FRAME_PREFIX_SIZE ||
                  (size < FRAME_HEADER_SIZE &&
                   memcmp(data, "PYRO\x01\xf6", FRAME_PREFIX_SIZE) == 0)));
        if (r == 0)
                PROPERTY(frame_size(&header) <= (uint64_t)FRAME_HEADER_SIZE + LIMIT);
        if (r && r != FRAME_E_TOO_LARGE)
                return 0;
        check_written(data, &header);
        check_limit(data, size, &header);
        return 0;
}
