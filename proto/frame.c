/* SPDX-License-Identifier: MIT */

#include "proto/frame.h"

#include <errno.h>
#include <string.h>

#define CHUNK_HEAD_SIZE 8u /* id and length of an annotation */
#define CHUNK_ID_SIZE   4u

/* Where the fields of the header lie. */
enum {
        AT_TAG = 0,
        AT_VERSION = 4,
        AT_TYPE = 6,
        AT_SERIALIZER = 7,
        AT_FLAGS = 8,
        AT_SEQ = 10,
        AT_N_PAYLOAD = 12,
        AT_N_ANNOTATIONS = 16,
        AT_CORRELATION = 20,
        AT_RESERVED = 36,
        AT_MAGIC = 38,
};

static const uint8_t tag[4] = { 'P', 'Y', 'R', 'O' };

static uint16_t read_u16(const uint8_t *at)
{
        return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read_u32(const uint8_t *at)
{
        return (uint32_t)read_u16(at) << 16 | read_u16(at + 2);
}

static void write_u16(uint8_t *at, uint16_t number)
{
        at[0] = (uint8_t)(number >> 8);
        at[1] = (uint8_t)number;
}

static void write_u32(uint8_t *at, uint32_t number)
{
        write_u16(at, (uint16_t)(number >> 16));
        write_u16(at + 2, (uint16_t)number);
}

int frame_header_parse(const uint8_t *bytes, size_t n_bytes, uint64_t n_max, FrameHeader *ret)
{
        FrameHeader header;

        if (n_bytes < FRAME_PREFIX_SIZE)
                return FRAME_E_INCOMPLETE;
        if (memcmp(bytes + AT_TAG, tag, sizeof(tag)) != 0)
                return FRAME_E_CORRUPT;
        if (read_u16(bytes + AT_VERSION) != FRAME_VERSION)
                return FRAME_E_VERSION;
        if (n_bytes < FRAME_HEADER_SIZE)
                return FRAME_E_INCOMPLETE;
        if (read_u16(bytes + AT_MAGIC) != FRAME_MAGIC)
                return FRAME_E_CORRUPT;

        header = (FrameHeader){
                .type = bytes[AT_TYPE],
                .serializer = bytes[AT_SERIALIZER],
                .flags = read_u16(bytes + AT_FLAGS),
                .seq = read_u16(bytes + AT_SEQ),
                .n_payload = read_u32(bytes + AT_N_PAYLOAD),
                .n_annotations = read_u32(bytes + AT_N_ANNOTATIONS),
        };
        memcpy(header.correlation, bytes + AT_CORRELATION, sizeof(header.correlation));

        *ret = header;
        /* Both counts come from the peer: added as 64 bit they cannot wrap. */
        return (uint64_t)header.n_payload + header.n_annotations > n_max ? FRAME_E_TOO_LARGE : 0;
}

void frame_header_write(const FrameHeader *header, uint8_t ret[static FRAME_HEADER_SIZE])
{
        memcpy(ret + AT_TAG, tag, sizeof(tag));
        write_u16(ret + AT_VERSION, FRAME_VERSION);
        ret[AT_TYPE] = header->type;
        ret[AT_SERIALIZER] = header->serializer;
        write_u16(ret + AT_FLAGS, header->flags);
        write_u16(ret + AT_SEQ, header->seq);
        write_u32(ret + AT_N_PAYLOAD, header->n_payload);
        write_u32(ret + AT_N_ANNOTATIONS, header->n_annotations);
        memcpy(ret + AT_CORRELATION, header->correlation, sizeof(header->correlation));
        write_u16(ret + AT_RESERVED, 0);
        write_u16(ret + AT_MAGIC, FRAME_MAGIC);
}

int frame_annotation_next(const uint8_t **at, size_t *n_left, FrameAnnotation *ret)
{
        FrameAnnotation chunk = { .id = "" };

        if (*n_left == 0)
                return FRAME_E_INCOMPLETE;
        if (*n_left < CHUNK_HEAD_SIZE)
                return FRAME_E_CORRUPT;

        for (size_t i = 0; i < CHUNK_ID_SIZE; i++)
                if ((*at)[i] >= 0x80)
                        return FRAME_E_CORRUPT;
        memcpy(chunk.id, *at, CHUNK_ID_SIZE);
        chunk.data = *at + CHUNK_HEAD_SIZE;
        chunk.n_data = read_u32(*at + CHUNK_ID_SIZE);
        if (chunk.n_data > *n_left - CHUNK_HEAD_SIZE)
                return FRAME_E_CORRUPT;

        *at = chunk.data + chunk.n_data;
        *n_left -= CHUNK_HEAD_SIZE + chunk.n_data;
        *ret = chunk;
        return 0;
}

int frame_annotations_check(const uint8_t *bytes, size_t n_bytes)
{
        FrameAnnotation chunk;
        size_t n_chunks = 0;
        int r;

        for (;;) {
                r = frame_annotation_next(&bytes, &n_bytes, &chunk);
                if (r == FRAME_E_INCOMPLETE)
                        return 0;
                if (r)
                        return r;
                if (++n_chunks > FRAME_ANNOTATIONS_MAX)
                        return FRAME_E_CORRUPT;
        }
}

int frame_annotation_append(Buffer *buffer, const char id[static 4], const void *data,
                            size_t n_data)
{
        uint8_t head[CHUNK_HEAD_SIZE];
        int r;

        if (n_data > UINT32_MAX - CHUNK_HEAD_SIZE)
                return -EMSGSIZE;
        r = buffer_reserve(buffer, CHUNK_HEAD_SIZE + n_data);
        if (r)
                return r;

        memcpy(head, id, CHUNK_ID_SIZE);
        write_u32(head + CHUNK_ID_SIZE, (uint32_t)n_data);
        r = buffer_append(buffer, head, sizeof(head));
        return r ? r : buffer_append(buffer, data, n_data);
}

bool frame_annotation_find_like(const uint8_t *bytes, size_t n_bytes, const FrameAnnotation *like,
                                FrameAnnotation *ret)
{
        FrameAnnotation chunk;
        bool is_found = false;

        while (frame_annotation_next(&bytes, &n_bytes, &chunk) == 0) {
                if (memcmp(chunk.id, like->id, CHUNK_ID_SIZE) != 0)
                        continue;
                *ret = chunk;
                is_found = true;
        }
        return is_found;
}

bool frame_annotation_find(const uint8_t *bytes, size_t n_bytes, const char *id,
                           FrameAnnotation *ret)
{
        FrameAnnotation like = { .id = "" };

        if (strlen(id) != CHUNK_ID_SIZE)
                return false;
        memcpy(like.id, id, CHUNK_ID_SIZE);
        return frame_annotation_find_like(bytes, n_bytes, &like, ret);
}

static bool is_of_program(const char *id)
{
        if (strlen(id) != CHUNK_ID_SIZE)
                return false;
        for (size_t i = 0; i < CHUNK_ID_SIZE; i++)
                if ((unsigned char)id[i] >= 0x80)
                        return false;
        return strcmp(id, FRAME_ANNOTATION_STREAM) != 0 && strcmp(id, FRAME_ANNOTATION_BLOB) != 0 &&
               strcmp(id, FRAME_ANNOTATION_PACE) != 0;
}

int frame_annotation_add(Buffer *buffer, size_t n_before, const char *id, const void *data,
                         size_t n_data)
{
        if (!is_of_program(id) || (!data && n_data > 0))
                return FRAME_E_CORRUPT;
        if (n_before >= FRAME_PROGRAM_ANNOTATIONS_MAX ||
            n_data > FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES ||
            buffer->n + n_data + CHUNK_HEAD_SIZE > FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES)
                return FRAME_E_TOO_LARGE;
        return frame_annotation_append(buffer, id, data, n_data) ? -ENOMEM : 0;
}
