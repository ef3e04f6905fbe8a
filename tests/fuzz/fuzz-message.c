/* SPDX-License-Identifier: MIT */

/*
 * The first byte is the type of a message, the second its serializer, the rest its payload. A call
 * that unpacks packs to an equal call; the reason of a refusal is always one line of text.
 */

#include "proto/message.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define REASON_SIZE 64u

static void check_reason(uint8_t serializer, const uint8_t *payload, size_t n_payload)
{
        char text[REASON_SIZE];

        memset(text, 'x', sizeof(text));
        message_connectfail_text(serializer, payload, n_payload, text, sizeof(text));
        PROPERTY(memchr(text, '\0', sizeof(text)) != NULL);
        PROPERTY(text_is_utf8(text, strlen(text)));
        for (const char *p = text; *p; p++)
                PROPERTY((uint8_t)*p >= ' ' && *p != 0x7f);
}

static void append(Buffer *buffer, pyrope_view item, const char *otherwise)
{
        const uint8_t *bytes = (const uint8_t *)otherwise;
        size_t n_bytes = 1;

        if (item.at)
                n_bytes = codec_view_bytes(item, &bytes);
        PROPERTY(buffer_append(buffer, bytes, n_bytes) == 0);
}

static bool is_same(pyrope_view one, pyrope_view other)
{
        const uint8_t *bytes_one, *bytes_other;
        size_t n;

        if (!one.at)
                return pyrope_count(other) == 0;
        n = codec_view_bytes(one, &bytes_one);
        return n == codec_view_bytes(other, &bytes_other) && memcmp(bytes_one, bytes_other, n) == 0;
}

static char *text_of(pyrope_view item)
{
        const char *text;
        size_t n;

        PROPERTY(pyrope_get_str(item, &text, &n) == PYROPE_OK);
        return memchr(text, '\0', n) ? NULL : strndup(text, n);
}

static void check_invoke(pyrope_view payload)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
        CLEANUP(freep) char *object = NULL;
        CLEANUP(freep) char *method = NULL;
        MessageInvoke invoke, again;
        pyrope_view view;

        if (message_invoke_unpack(payload, &invoke))
                return;
        object = text_of(invoke.object);
        method = text_of(invoke.method);
        if (!object || !method)
                return; /* with NUL inside: nothing that we would send */
        PROPERTY(message_invoke_begin(&buffer, object, method) == 0);
        append(&buffer, invoke.args, "\x90");
        append(&buffer, invoke.kwargs, "\x80");
        PROPERTY(codec_check(buffer.data, buffer.n, &view) == 0);
        PROPERTY(message_invoke_unpack(view, &again) == 0);
        PROPERTY(pyrope_str_equals(again.object, object) &&
                 pyrope_str_equals(again.method, method));
        PROPERTY(is_same(invoke.args, again.args) && is_same(invoke.kwargs, again.kwargs));
}

static void check_batch(pyrope_view payload)
{
        pyrope_iter iter = pyrope_each(payload);
        MessageInvoke invoke;
        pyrope_view call;

        while (pyrope_next(&iter, NULL, &call))
                if (message_batch_unpack(call, &invoke) == 0)
                        PROPERTY(pyrope_type_of(invoke.method) == PYROPE_STR);
}

static void check_results(pyrope_view payload)
{
        const size_t n = pyrope_count(payload);
        const bool is_list = pyrope_type_of(payload) == PYROPE_LIST;

        PROPERTY((message_batch_results_check(payload, n) == 0) == is_list);
        PROPERTY(n == 0 || message_batch_results_check(payload, n - 1) == MESSAGE_E_SHAPE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        MessageConnect connect;
        pyrope_view payload, meta;

        if (size < 2)
                return 0;
        check_reason(data[1], data + 2, size - 2);
        if (codec_check(data + 2, size - 2, &payload))
                return 0;
        switch (data[0]) {
        case FRAME_CONNECT:
                if (message_connect_unpack(payload, &connect) == 0 && connect.object.at)
                        PROPERTY(pyrope_type_of(connect.object) == PYROPE_STR);
                break;
        case FRAME_CONNECTOK:
                if (message_connectok_unpack(payload, &meta) == 0)
                        PROPERTY(pyrope_type_of(pyrope_find(meta, "methods")) == PYROPE_LIST);
                break;
        case FRAME_INVOKE:
                check_invoke(payload);
                break;
        default:
                check_batch(payload);
                check_results(payload);
                break;
        }
        return 0;
}
