/* SPDX-License-Identifier: MIT */

/* What a method may know and say beside arguments and result: <pyrope/daemon.h>. */

#include "broker/call.h"
#include "broker/object.h"

#include <errno.h>
#include <string.h>

pyrope_daemon *pyrope_call_daemon(pyrope_call *call)
{
        if (!call)
                return NULL;
        return call->daemon;
}

const char *pyrope_call_object(pyrope_call *call)
{
        if (!call)
                return NULL;
        return call->object->id;
}

uid_t pyrope_call_uid(pyrope_call *call)
{
        if (!call)
                return (uid_t)-1;
        return call->caller.uid;
}

unsigned pyrope_call_sequence(pyrope_call *call)
{
        if (!call)
                return 0;
        return call->frame->header.seq;
}

unsigned pyrope_call_serializer(pyrope_call *call)
{
        if (!call)
                return 0;
        return call->frame->header.serializer;
}

bool pyrope_call_correlation(pyrope_call *call, unsigned char ret[16])
{
        if (!call || !ret)
                return false;

        const FrameHeader *header = &call->frame->header;

        if (!(header->flags & FRAME_CORRELATION))
                return false;
        memcpy(ret, header->correlation, sizeof(header->correlation));
        return true;
}

void *pyrope_call_session(pyrope_call *call)
{
        if (!call)
                return NULL;
        return guest_data(call->caller.guest);
}

pyrope_status pyrope_call_keep_session(pyrope_call *call, void *session,
                                       void (*ended)(void *session))
{
        if (!call || !session)
                return PYROPE_E_INVALID;
        return guest_keep(call->caller.guest, session, ended) ? PYROPE_E_EXISTS : PYROPE_OK;
}

/* -- annotations of the call ------------------------------------------------------------------ */

bool pyrope_call_annotation(pyrope_call *call, const char *id, const void **ret, size_t *ret_n)
{
        if (!call || !id || !ret || !ret_n)
                return false;

        const Frame *frame = call->frame;
        FrameAnnotation chunk;

        if (!frame_annotation_find(frame->bytes, frame->header.n_annotations, id, &chunk))
                return false;
        *ret = chunk.data;
        *ret_n = chunk.n_data;
        return true;
}

bool pyrope_call_annotation_at(pyrope_call *call, size_t index, pyrope_annotation *ret)
{
        if (!call || !ret)
                return false;

        const uint8_t *at = call->frame->bytes;
        size_t n_left = call->frame->header.n_annotations;
        FrameAnnotation chunk;
        FrameAnnotation later;

        while (frame_annotation_next(&at, &n_left, &chunk) == 0) { /* they were checked */
                if (frame_annotation_find_like(at, n_left, &chunk, &later))
                        continue; /* of an id that stands twice the last one counts */
                if (index-- > 0)
                        continue;
                *ret = (pyrope_annotation){ .data = chunk.data, .n_data = chunk.n_data };
                memcpy(ret->id, chunk.id, sizeof(ret->id));
                return true;
        }
        return false;
}

bool pyrope_call_blob_info(pyrope_call *call, const char **ret, size_t *ret_n)
{
        if (!call || !ret || !ret_n || !call->blob.at)
                return false;
        *ret = call->blob_info.text;
        *ret_n = call->blob_info.n;
        return true;
}

/* -- annotations of the answer ---------------------------------------------------------------- */

pyrope_status pyrope_annotate(pyrope_call *call, const char *id, const void *data, size_t n_data)
{
        if (!call || !id)
                return PYROPE_E_INVALID;

        int r = frame_annotation_add(&call->annotations, call->n_annotated, id, data, n_data);

        if (r == FRAME_E_CORRUPT)
                return PYROPE_E_INVALID;
        if (r)
                return r > 0 ? PYROPE_E_TOO_LARGE : PYROPE_E_NOMEM;
        call->n_annotated++;
        return PYROPE_OK;
}

int call_announce_stream(Call *call, const char *id)
{
        return frame_annotation_append(&call->annotations, FRAME_ANNOTATION_STREAM, id, strlen(id))
                       ? -ENOMEM
                       : 0;
}
