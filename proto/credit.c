/* SPDX-License-Identifier: MIT */

#include "proto/credit.h"

#include <endian.h>
#include <string.h>

const uint8_t credit_offer[CREDIT_OFFER_SIZE] = FRAME_ANNOTATION_PACE;

bool credit_is_offered(const uint8_t *annotations, size_t n_annotations)
{
        FrameAnnotation chunk;

        return frame_annotation_find(annotations, n_annotations, FRAME_ANNOTATION_PACE, &chunk) &&
               chunk.n_data == 0;
}

void credit_write(uint64_t n_allowed, uint8_t ret[static CREDIT_CHUNK_SIZE])
{
        const uint32_t n_data = htobe32(sizeof(n_allowed));
        const uint64_t data = htobe64(n_allowed);

        memcpy(ret, FRAME_ANNOTATION_PACE, 4);
        memcpy(ret + 4, &n_data, sizeof(n_data));
        memcpy(ret + 8, &data, sizeof(data));
}

int credit_find(const uint8_t *annotations, size_t n_annotations, uint64_t *ret)
{
        FrameAnnotation chunk;
        uint64_t data;

        if (!frame_annotation_find(annotations, n_annotations, FRAME_ANNOTATION_PACE, &chunk))
                return CREDIT_E_ABSENT;
        if (chunk.n_data != sizeof(data))
                return CREDIT_E_CORRUPT;
        memcpy(&data, chunk.data, sizeof(data));
        *ret = be64toh(data);
        return 0;
}

void credit_frame_write(uint16_t seq, uint64_t n_allowed, uint8_t ret[static CREDIT_FRAME_SIZE])
{
        const FrameHeader header = { .type = FRAME_PING,
                                     .serializer = FRAME_SERIALIZER_MSGPACK,
                                     .seq = seq,
                                     .n_annotations = CREDIT_CHUNK_SIZE };

        frame_header_write(&header, ret);
        credit_write(n_allowed, ret + FRAME_HEADER_SIZE);
}

int credit_frame_read(const uint8_t *bytes, size_t n_bytes, uint16_t *ret_seq, uint64_t *ret)
{
        const uint8_t *annotations = bytes + FRAME_HEADER_SIZE;
        FrameHeader header;
        int r;

        r = frame_header_parse(bytes, n_bytes, UINT64_MAX, &header);
        if (r)
                return r == FRAME_E_INCOMPLETE ? CREDIT_E_INCOMPLETE : CREDIT_E_ABSENT;
        if (header.type != FRAME_PING || header.n_payload > 0 ||
            header.n_annotations != CREDIT_CHUNK_SIZE)
                return CREDIT_E_ABSENT;
        if (n_bytes < CREDIT_FRAME_SIZE)
                return CREDIT_E_INCOMPLETE;
        if (frame_annotations_check(annotations, CREDIT_CHUNK_SIZE) ||
            credit_find(annotations, CREDIT_CHUNK_SIZE, ret))
                return CREDIT_E_ABSENT;
        *ret_seq = header.seq;
        return 0;
}
