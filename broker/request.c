/* SPDX-License-Identifier: MIT */

#include "broker/request.h"

#include <assert.h>
#include <string.h>

static uint8_t *keep_bytes(const Frame *frame, Buffer *in)
{
        const uint8_t *begin = frame->bytes - FRAME_HEADER_SIZE;
        uint8_t *memory;

        if (in->data == begin && in->n == frame->n_bytes) {
                memory = in->data;
                buffer_init(in, in->n_max);
                return memory;
        }
        memory = malloc(frame->n_bytes);
        if (memory)
                memcpy(memory, begin, frame->n_bytes);
        return memory;
}

Request *request_new(Object *object, const Caller *caller, const Frame *frame, Buffer *in)
{
        CLEANUP(request_freep) Request *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        request->memory = keep_bytes(frame, in);
        if (!request->memory)
                return NULL;
        request->frame = *frame;
        request->frame.bytes = request->memory + FRAME_HEADER_SIZE;
        request->caller = *caller;
        request->caller.guest = guest_ref(caller->guest);
        request->object = object_ref(object);
        return TAKE(request);
}

Request *request_free(Request *request)
{
        if (!request)
                return NULL;
        assert(!request->peer);
        guest_unref(request->caller.guest);
        object_unref(request->object);
        free(request->memory);
        free(request);
        return NULL;
}
