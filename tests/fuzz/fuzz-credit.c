/* SPDX-License-Identifier: MIT */

/*
 * The input is what comes while an answer is held back. It is a credit only if a session takes it
 * as a PING with the annotation of one; and written again a credit is the same but for bytes that
 * do not count.
 */

#include "proto/credit.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#define SERIALIZER_AT 7u /* of the header: this and the flags of a credit are ignored ... */
#define SEQ_AT        10u
#define IGNORED_AT    20u /* ... and the correlation and the reserved field */

static void check_credit(const uint8_t *bytes, uint16_t seq, uint64_t n_allowed)
{
        uint8_t again[CREDIT_FRAME_SIZE];
        uint64_t n_found;

        credit_frame_write(seq, n_allowed, again);
        PROPERTY(memcmp(again, bytes, SERIALIZER_AT) == 0);
        PROPERTY(memcmp(again + SEQ_AT, bytes + SEQ_AT, IGNORED_AT - SEQ_AT) == 0);
        PROPERTY(memcmp(again + FRAME_HEADER_SIZE, bytes + FRAME_HEADER_SIZE, CREDIT_CHUNK_SIZE) ==
                 0);
        PROPERTY(credit_find(bytes + FRAME_HEADER_SIZE, CREDIT_CHUNK_SIZE, &n_found) == 0);
        PROPERTY(n_found == n_allowed);
        PROPERTY(!credit_is_offered(bytes + FRAME_HEADER_SIZE, CREDIT_CHUNK_SIZE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        FrameHeader header;
        uint64_t n_allowed;
        uint16_t seq;
        int r;

        r = credit_frame_read(data, size, &seq, &n_allowed);
        if (r == CREDIT_E_INCOMPLETE)
                PROPERTY(size < CREDIT_FRAME_SIZE);
        if (r == 0) {
                PROPERTY(size >= CREDIT_FRAME_SIZE);
                PROPERTY(frame_header_parse(data, size, CREDIT_CHUNK_SIZE, &header) == 0);
                PROPERTY(header.type == FRAME_PING && header.seq == seq);
                check_credit(data, seq, n_allowed);
        }
        if (frame_annotations_check(data, size) == 0 && credit_is_offered(data, size))
                PROPERTY(credit_find(data, size, &n_allowed) == CREDIT_E_CORRUPT);
        return 0;
}
