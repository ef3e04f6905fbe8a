/* SPDX-License-Identifier: MIT */

#include "proto/conn-answer.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

void conn_answer_deinit(ConnAnswer *answer)
{
        buffer_deinit(&answer->annotations);
}

int conn_answer_keep(ConnAnswer *answer, const FrameHeader *header, const uint8_t *annotations)
{
        answer->flags = header->flags;
        memcpy(answer->correlation, header->correlation, sizeof(answer->correlation));
        buffer_clear(&answer->annotations);
        return buffer_append(&answer->annotations, annotations, header->n_annotations) ? -ENOMEM
                                                                                       : 0;
}

int conn_answer_stream_id(const uint8_t *annotations, size_t n_annotations,
                          char ret[static CONN_STREAM_ID_MAX_BYTES + 1])
{
        FrameAnnotation chunk;

        if (!frame_annotation_find(annotations, n_annotations, FRAME_ANNOTATION_STREAM, &chunk))
                return CONN_ANSWER_E_ABSENT;
        if (chunk.n_data == 0 || chunk.n_data > CONN_STREAM_ID_MAX_BYTES ||
            memchr(chunk.data, '\0', chunk.n_data) || !text_is_utf8(chunk.data, chunk.n_data))
                return CONN_ANSWER_E_INVALID;
        memcpy(ret, chunk.data, chunk.n_data);
        ret[chunk.n_data] = '\0';
        return 0;
}
