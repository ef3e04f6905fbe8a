#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pyro5 frames
 *
 * A frame is a header of 40 bytes, then annotation chunks, then the payload (docs/protocol.md,
 * section 1). This module knows bytes only: no I/O, no look into the payload.
 */

#include "base/buffer.h"
#include "base/defs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_SIZE        40u
#define FRAME_VERSION            502u
#define FRAME_MAGIC              0x4dc5u
#define FRAME_PREFIX_SIZE        6u /* tag and version, checked before the rest */
#define FRAME_SERIALIZER_MARSHAL 2u /* only as the text of a CONNECTFAIL */
#define FRAME_SERIALIZER_MSGPACK 4u
/* Annotations and payload before CONNECTOK. A stock client sends the annotations of its context
 * with the handshake too, so these must have room. */
#define FRAME_HANDSHAKE_MAX_BYTES (256u * 1024u)
#define FRAME_MESSAGE_MAX_BYTES   (1u << 30) /* default limit of annotations and payload */
#define FRAME_ANNOTATIONS_MAX     64u        /* chunks in one frame */
/* Those that a program may send with one call or answer: they leave room for the protocol's own. */
#define FRAME_PROGRAM_ANNOTATIONS_MAX       60u
#define FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES (1u << 20)

/* Ids of annotations that are the protocol's own. */
#define FRAME_ANNOTATION_STREAM "STRM" /* id of an item stream */
#define FRAME_ANNOTATION_BLOB   "BLBI" /* what is called by FRAME_KEEP_SERIALIZED */
#define FRAME_ANNOTATION_PACE   "PACE" /* how much of an answer may be sent, proto/credit.h */

enum {
        FRAME_E_SUCCESS,

        FRAME_E_INCOMPLETE, /* more bytes are needed */
        FRAME_E_CORRUPT,    /* no Pyro5 frame: bad tag, version, magic or annotation */
        FRAME_E_VERSION,    /* Pyro, but another version of the protocol */
        FRAME_E_TOO_LARGE,  /* announces more bytes than the caller accepts */
};

typedef enum FrameType {
        FRAME_CONNECT = 1,
        FRAME_CONNECTOK = 2,
        FRAME_CONNECTFAIL = 3,
        FRAME_INVOKE = 4,
        FRAME_RESULT = 5,
        FRAME_PING = 6,
} FrameType;

enum {
        FRAME_EXCEPTION = 1u << 0,
        FRAME_COMPRESSED = 1u << 1,
        FRAME_ONEWAY = 1u << 2,
        FRAME_BATCH = 1u << 3,
        FRAME_STREAM = 1u << 4, /* the answer is an item stream; EXCEPTION is set as well */
        FRAME_KEEP_SERIALIZED = 1u << 5,
        FRAME_CORRELATION = 1u << 6,
};

typedef struct FrameHeader FrameHeader;
typedef struct FrameAnnotation FrameAnnotation;

struct FrameHeader {
        uint8_t type;            /* FrameType, or what a peer invents */
        uint8_t serializer;      /* FRAME_SERIALIZER_*, or what a peer invents */
        uint16_t flags;          /* FRAME_* */
        uint16_t seq;            /* wraps; an answer repeats its request's */
        uint32_t n_payload;      /* bytes */
        uint32_t n_annotations;  /* bytes, all chunks together */
        uint8_t correlation[16]; /* UUID; means something only with FRAME_CORRELATION */
};

/* One chunk, pointing into the frame it was read from. */
struct FrameAnnotation {
        char id[5]; /* four ASCII letters, and NUL */
        const uint8_t *data;
        size_t n_data;
};

/**
 * frame_header_parse() - decode and validate a frame header
 * @bytes:   what came so far
 * @n_bytes: its length
 * @n_max:   most bytes we accept after the header
 * @ret:     the decoded header; for FRAME_E_TOO_LARGE as well, so that it can be answered
 *
 * Tag and version are judged as soon as FRAME_PREFIX_SIZE bytes are there.
 *
 * Return: 0, FRAME_E_INCOMPLETE, FRAME_E_CORRUPT, FRAME_E_VERSION, FRAME_E_TOO_LARGE.
 */
NODISCARD int frame_header_parse(const uint8_t *bytes, size_t n_bytes, uint64_t n_max,
                                 FrameHeader *ret);

/** frame_header_write() - encode; the inverse of frame_header_parse(). */
void frame_header_write(const FrameHeader *header, uint8_t ret[static FRAME_HEADER_SIZE]);

/** frame_version() - of the first FRAME_PREFIX_SIZE bytes of a frame, whatever it is. */
static inline unsigned frame_version(const uint8_t bytes[static FRAME_PREFIX_SIZE])
{
        return (unsigned)bytes[4] << 8 | bytes[5];
}

/** frame_size() - bytes of the whole frame, header included. */
static inline uint64_t frame_size(const FrameHeader *header)
{
        return (uint64_t)FRAME_HEADER_SIZE + header->n_annotations + header->n_payload;
}

/**
 * frame_annotation_next() - walk over the annotation chunks
 * @at, @n_left: where the next chunk begins, and the bytes of chunks left; both advanced
 * @ret:         the chunk
 *
 * Return: 0; FRAME_E_INCOMPLETE at the end (@n_left is 0); FRAME_E_CORRUPT if a chunk overruns or
 * its id is not ASCII.
 */
NODISCARD int frame_annotation_next(const uint8_t **at, size_t *n_left, FrameAnnotation *ret);

/** frame_annotations_check() - all chunks of a frame at once. Return: 0, FRAME_E_CORRUPT. */
NODISCARD int frame_annotations_check(const uint8_t *bytes, size_t n_bytes);

/** frame_annotation_append() - one chunk at the end of @buffer. Return: 0, -ENOMEM, -EMSGSIZE. */
NODISCARD int frame_annotation_append(Buffer *buffer, const char id[static 4], const void *data,
                                      size_t n_data);

/**
 * frame_annotation_find() - the chunk of an id, the last one if it stands twice
 * @bytes, @n_bytes: chunks that were checked
 * @id:              any text
 *
 * Return: whether there is one.
 */
bool frame_annotation_find(const uint8_t *bytes, size_t n_bytes, const char *id,
                           FrameAnnotation *ret);

/** frame_annotation_find_like() - the same with the id of a chunk, in which there may be NUL. */
bool frame_annotation_find_like(const uint8_t *bytes, size_t n_bytes, const FrameAnnotation *like,
                                FrameAnnotation *ret);

/**
 * frame_annotation_add() - one more of those that a program sends
 * @buffer:      only such chunks
 * @n_before:    how many are in it
 *
 * Return: 0; FRAME_E_CORRUPT for an id that is not four ASCII characters, or one of the protocol's
 * own; FRAME_E_TOO_LARGE above FRAME_PROGRAM_ANNOTATIONS_MAX or their bytes; -ENOMEM.
 */
NODISCARD int frame_annotation_add(Buffer *buffer, size_t n_before, const char *id,
                                   const void *data, size_t n_data);
