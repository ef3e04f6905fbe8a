/* SPDX-License-Identifier: MIT */

#include "broker/blob.h"

#include "proto/frame.h"

#include <string.h>

#define STR32        0xdbu /* head of a str of any length, before four bytes of it */
#define STR32_HEAD   5u
#define CALL_ITEMS   4u /* object, method, content of the blob, keywords */
#define CALL_CONTENT 2u

/* A str item in the arena. Returns an absent one if memory is out. */
static pyrope_view str_item(Call *call, const MarshalText *text)
{
        uint8_t *item = arena_alloc(&call->arena, STR32_HEAD + text->n);

        if (!item)
                return (pyrope_view){ NULL, NULL };
        item[0] = STR32;
        for (unsigned i = 0; i < 4; i++)
                item[1 + i] = (uint8_t)(text->n >> 8 * (3 - i));
        memcpy(item + STR32_HEAD, text->text, text->n);
        return (pyrope_view){ item, item + STR32_HEAD + text->n };
}

int blob_read(Call *call, const Frame *frame, pyrope_view payload, MessageInvoke *ret)
{
        static const uint8_t one_nil[] = { 0x91, 0xc0 };
        FrameAnnotation chunk;
        MessageInvoke invoke = { .args = { one_nil, one_nil + sizeof(one_nil) } };
        MarshalBlob blob;

        if (!frame_annotation_find(frame->bytes, frame->header.n_annotations, FRAME_ANNOTATION_BLOB,
                                   &chunk) ||
            marshal_blob_parse(chunk.data, chunk.n_data, &blob))
                return call_raise(
                        call, "ValueError",
                        "a call with a blob has no readable annotation " FRAME_ANNOTATION_BLOB);
        if (pyrope_type_of(payload) != PYROPE_LIST || pyrope_count(payload) != CALL_ITEMS)
                return call_raise(call, "ValueError",
                                  "a call is a list of object, method, arguments and keywords");
        invoke.object = str_item(call, &blob.object);
        invoke.method = str_item(call, &blob.method);
        if (!invoke.object.at || !invoke.method.at)
                return call_raise(call, "MemoryError", "the daemon is out of memory");

        call->blob = pyrope_at(payload, CALL_CONTENT);
        call->blob_info = blob.info;
        *ret = invoke;
        return 0;
}
