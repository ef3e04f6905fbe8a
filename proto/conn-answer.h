#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * What an answer has beside its value
 *
 * Annotations, correlation id, and the id of an item stream, for a caller who wants to know. They
 * are copies: the message they came in is gone when the next request is made.
 */

#include "base/buffer.h"
#include "proto/frame.h"

#define CONN_STREAM_ID_MAX_BYTES 255u /* of an item stream; Pyro5's have 36 */

enum {
        CONN_ANSWER_E_SUCCESS,

        CONN_ANSWER_E_ABSENT,  /* no id of a stream: the daemon forbids streams */
        CONN_ANSWER_E_INVALID, /* an id that is empty, too long, or no text */
};

typedef struct ConnAnswer ConnAnswer;

struct ConnAnswer {
        uint16_t flags; /* FRAME_STREAM, FRAME_CORRELATION and what else the daemon set */
        uint8_t correlation[16];
        Buffer annotations;                            /* checked; owned */
        char stream_id[CONN_STREAM_ID_MAX_BYTES + 1u]; /* "" where the answer is no stream */
};

#define CONN_ANSWER_INIT                                                                           \
        {                                                                                          \
                .annotations = BUFFER_INIT(FRAME_MESSAGE_MAX_BYTES)                                \
        }

void conn_answer_deinit(ConnAnswer *answer);

/**
 * conn_answer_keep() - keep what came with a frame; of a stream, all but its id
 * @annotations: header->n_annotations bytes, checked
 *
 * Return: 0, -ENOMEM.
 */
NODISCARD int conn_answer_keep(ConnAnswer *answer, const FrameHeader *header,
                               const uint8_t *annotations);

/**
 * conn_answer_stream_id() - the id by which a stream's items are asked for
 * @annotations: checked
 * @ret:         text without NUL inside
 *
 * Return: 0, CONN_ANSWER_E_ABSENT, CONN_ANSWER_E_INVALID.
 */
NODISCARD int conn_answer_stream_id(const uint8_t *annotations, size_t n_annotations,
                                    char ret[static CONN_STREAM_ID_MAX_BYTES + 1]);
