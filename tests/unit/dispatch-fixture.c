/* SPDX-License-Identifier: MIT */

#include "tests/unit/dispatch-fixture.h"

#include "proto/codec.h"
#include "tests/unit/unit.h"

#include <string.h>

Registry registry;
StreamTable streams;
Call the_call;
Buffer asked = BUFFER_INIT(SIZE_MAX);

void dispatch_set_up(const pyrope_class *target)
{
        Object *object = NULL;

        registry_init(&registry);
        stream_table_init(&streams);
        ck_assert_int_eq(object_new("t", target, NULL, &object, NULL), 0);
        ck_assert_int_eq(registry_add(&registry, object), 0);
        ck_assert_int_eq(call_init(&the_call, NULL, &streams, RESULT_MAX), 0);
}

void dispatch_tear_down(void)
{
        buffer_deinit(&asked);
        call_deinit(&the_call);
        stream_table_deinit(&streams);
        registry_deinit(&registry);
}

Frame frame_of(const Buffer *bytes)
{
        Frame frame = { .bytes = bytes->data + FRAME_HEADER_SIZE, .n_bytes = bytes->n };

        ck_assert_int_eq(frame_header_parse(bytes->data, bytes->n, UINT32_MAX, &frame.header), 0);
        return frame;
}

FrameHeader answer(pyrope_view *ret_payload)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(object_unrefp) Object *object = NULL;
        const Frame frame = frame_of(&asked);
        Answer result;
        int r;

        call_reset(&the_call);
        r = dispatch_read(&frame, UINT32_MAX, &the_call, &invocation);
        if (r == 0)
                r = dispatch_find(&registry, &invocation, &the_call, &object);
        the_call.object = object;
        if (r == 0)
                r = dispatch_run(&invocation, &the_call);
        ck_assert_int_eq(dispatch_answer(r, &frame.header, &the_call, &result), 0);
        ck_assert_int_eq(result.header.type, FRAME_RESULT);
        ck_assert_uint_eq(result.header.seq, frame.header.seq);
        ck_assert_int_eq(codec_check(result.payload, result.header.n_payload, ret_payload), 0);
        return result.header;
}

bool starts_with(pyrope_view item, const char *text)
{
        const char *got;
        size_t n_got;

        return pyrope_get_str(item, &got, &n_got) == PYROPE_OK && n_got >= strlen(text) &&
               memcmp(got, text, strlen(text)) == 0;
}

void expect_raised(const char *class_, const char *text)
{
        pyrope_view payload;
        const char *got = "";
        size_t n_got = 0;

        ck_assert_int_eq(answer(&payload).flags, FRAME_EXCEPTION);
        ck_assert_msg(pyrope_str_equals(pyrope_find(payload, "__class__"), class_), "not %s",
                      class_);
        (void)pyrope_get_str(pyrope_at(pyrope_find(payload, "args"), 0), &got, &n_got);
        ck_assert_msg(starts_with(pyrope_at(pyrope_find(payload, "args"), 0), text), "'%.*s'",
                      (int)n_got, got);
}
