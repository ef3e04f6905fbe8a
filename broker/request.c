/* SPDX-License-Identifier: MIT */

#include "broker/request.h"

#include <assert.h>

static int keep_bytes(const Frame *frame, Buffer *in, Buffer *ret)
{
        const uint8_t *begin = frame->bytes - FRAME_HEADER_SIZE;

        buffer_init(ret, frame->n_bytes);
        if (in->data != begin || in->n != frame->n_bytes)
                return buffer_append(ret, begin, frame->n_bytes);
        buffer_move(in, ret);
        return 0;
}

Request *request_new(Object *object, const Caller *caller, const Frame *frame, Buffer *in)
{
        CLEANUP(request_freep) Request *request = calloc(1, sizeof(*request));

        if (!request)
                return NULL;
        if (keep_bytes(frame, in, &request->memory))
                return NULL;
        request->frame = *frame;
        request->frame.bytes = request->memory.data + FRAME_HEADER_SIZE;
        request->caller = *caller;
        request->caller.guest = guest_ref(caller->guest);
        request->object = object_ref(object);
        return TAKE(request);
}

int request_hold(Request *request)
{
        QuotaUser *user = request->caller.user;

        if (quota_hold(user, QUOTA_CALLS, &request->n_held_calls, 1))
                return REQUEST_E_CALLS;
        if (quota_hold(user, QUOTA_BYTES, &request->n_held_bytes, request->memory.n_allocated))
                return REQUEST_E_BYTES;
        return 0;
}

Request *request_free(Request *request)
{
        if (!request)
                return NULL;
        assert(!request->peer);
        (void)quota_hold(request->caller.user, QUOTA_CALLS, &request->n_held_calls, 0);
        (void)quota_hold(request->caller.user, QUOTA_BYTES, &request->n_held_bytes, 0);
        guest_unref(request->caller.guest);
        object_unref(request->object);
        buffer_deinit(&request->memory);
        free(request);
        return NULL;
}
