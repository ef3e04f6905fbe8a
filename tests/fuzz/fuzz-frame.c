/* SPDX-License-Identifier: MIT */

/*
 * A header that parses is written as the same bytes but for the reserved field, and its
 * annotations, appended one by one, are the bytes they were read from.
 */

#include "proto/frame.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#define RESERVED_AT 36

static void check_annotations(const uint8_t *bytes, size_t n_bytes)
{
        CLEANUP(buffer_deinit) Buffer again = BUFFER_INIT(n_bytes);
        bool is_good = frame_annotations_check(bytes, n_bytes) == 0;
        const uint8_t *at = bytes;
        size_t n_left = n_bytes;
        FrameAnnotation chunk;
        size_t n_chunks = 0;

        while (frame_annotation_next(&at, &n_left, &chunk) == 0) {
                PROPERTY(chunk.data >= bytes && chunk.data + chunk.n_data <= bytes + n_bytes);
                PROPERTY(frame_annotation_append(&again, chunk.id, chunk.data, chunk.n_data) == 0);
                n_chunks++;
        }
        PROPERTY(is_good == (n_left == 0 && n_chunks <= FRAME_ANNOTATIONS_MAX));
        if (is_good && n_bytes > 0)
                PROPERTY(again.n == n_bytes && memcmp(again.data, bytes, n_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t again[FRAME_HEADER_SIZE];
        FrameHeader header;
        int r;

        r = frame_header_parse(data, size, FRAME_MESSAGE_MAX_BYTES, &header);
        if (r == FRAME_E_INCOMPLETE)
                PROPERTY(size < FRAME_HEADER_SIZE);
        if (r)
                return 0;

        PROPERTY(size >= FRAME_HEADER_SIZE);
        PROPERTY(frame_size(&header) <= (uint64_t)FRAME_HEADER_SIZE + FRAME_MESSAGE_MAX_BYTES);
        frame_header_write(&header, again);
        PROPERTY(memcmp(again, data, RESERVED_AT) == 0);
        PROPERTY(memcmp(again + RESERVED_AT + 2, data + RESERVED_AT + 2, 2) == 0);
        if (size - FRAME_HEADER_SIZE >= header.n_annotations)
                check_annotations(data + FRAME_HEADER_SIZE, header.n_annotations);
        return 0;
}
