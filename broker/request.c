/* SPDX-License-Identifier: MIT */

#include "broker/request.h"

#include <assert.h>
#include <string.h>

Request *request_new(Object *object, const Caller *caller, const Frame *frame)
{
        CLEANUP(request_freep) Request *request = calloc(1, sizeof(*request));
        size_t n_body = frame->n_bytes - FRAME_HEADER_SIZE;

        if (!request)
                return NULL;
        request->bytes = malloc(n_body + 1);
        if (!request->bytes)
                return NULL;
        memcpy(request->bytes, frame->bytes, n_body);
        request->frame = *frame;
        request->frame.bytes = request->bytes;
        request->caller = *caller;
        request->object = object_ref(object);
        return TAKE(request);
}

Request *request_free(Request *request)
{
        if (!request)
                return NULL;
        assert(!request->peer);
        object_unref(request->object);
        free(request->bytes);
        free(request);
        return NULL;
}
