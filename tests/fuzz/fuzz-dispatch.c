/* SPDX-License-Identifier: MIT */

/*
 * The input is all that a client says to a daemon, frame after frame. Whatever it is, each request
 * gets at most one answer, a well-formed frame that fits its request; a frame that is cut is
 * waited for; and a session that was not opened gets nothing but a refusal.
 */

#include "broker/dispatch.h"

#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define LIMIT (1u << 20)

/* Sends the annotations back, as far as they may be sent. */
static void echo_annotations(pyrope_call *call)
{
        pyrope_annotation annotation;
        const void *data;
        size_t n_data;

        for (size_t i = 0; pyrope_call_annotation_at(call, i, &annotation); i++) {
                if (strlen(annotation.id) == 4) {
                        PROPERTY(pyrope_call_annotation(call, annotation.id, &data, &n_data));
                        PROPERTY(data == annotation.data && n_data == annotation.n_data);
                }
                (void)pyrope_annotate(call, annotation.id, annotation.data, annotation.n_data);
        }
}

static int echo(pyrope_call *call, UNUSED void *self)
{
        pyrope_writer *result = pyrope_result(call);

        echo_annotations(call);

        pyrope_write_list(result, 3);
        for (size_t i = 0; i < 3; i++)
                pyrope_write_view(result, pyrope_argument(call, i));
        return 0;
}

static int give_up(pyrope_call *call, UNUSED void *self)
{
        const char *kind;

        if (pyrope_arguments(call, "s", &kind))
                return PYROPE_RAISED;
        return pyrope_raise(call, kind, "%s", kind);
}

static int typed(pyrope_call *call, UNUSED void *self)
{
        const char *text = NULL;
        const void *bytes = NULL;
        pyrope_array array;
        size_t n_bytes = 0;
        double number = 0;
        bool truth = false;

        return pyrope_arguments(call, "fbsya", &number, &truth, &text, &bytes, &n_bytes, &array);
}

/* A stream that ends after as many items as its method was given arguments. */
static int next_item(pyrope_call *call, void *state)
{
        size_t *n_left = state;

        if (*n_left == 0)
                return PYROPE_STREAM_END;
        return pyrope_reply(call, "I", (int64_t)-- * n_left);
}

static int items(pyrope_call *call, UNUSED void *self)
{
        static const pyrope_stream_class class_ = { .next = next_item, .close = free };
        size_t *n_left = calloc(1, sizeof(*n_left));

        PROPERTY(n_left);
        while (*n_left < 3 && pyrope_argument(call, *n_left).at)
                ++*n_left;
        return pyrope_reply_stream(call, &class_, n_left);
}

static const pyrope_method methods[] = {
        { "items", "[a b c]", items, 0, NULL },       { "echo", "[a b key]", echo, 0, NULL },
        { "fail", "kind", give_up, 0, NULL },         { "typed", "[a b c d e]", typed, 0, NULL },
        { "quiet", NULL, echo, PYROPE_ONEWAY, NULL }, { 0 },
};

static const pyrope_attribute attributes[] = { { "number", echo, typed }, { 0 } };

static const pyrope_class target = {
        .name = "Target",
        .methods = methods,
        .attributes = attributes,
};

/* What every input meets; it does not change. */
static Registry *the_registry(void)
{
        static Registry registry;
        static bool is_ready;
        Object *object = NULL;

        if (is_ready)
                return &registry;
        registry_init(&registry);
        PROPERTY(object_new("target", &target, NULL, &object, NULL) == 0);
        PROPERTY(registry_add(&registry, object) == 0);
        is_ready = true;
        return &registry;
}

static void check_answer(const Frame *request, const Answer *answer)
{
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header;
        pyrope_view payload;

        frame_header_write(&answer->header, bytes);
        PROPERTY(frame_header_parse(bytes, sizeof(bytes), UINT32_MAX, &header) == 0);
        PROPERTY(frame_annotations_check(answer->annotations, header.n_annotations) == 0);
        PROPERTY(header.seq == request->header.seq);
        PROPERTY(header.serializer == request->header.serializer);
        PROPERTY((header.flags & FRAME_CORRELATION) == (request->header.flags & FRAME_CORRELATION));
        PROPERTY(!(header.flags &
                   ~(FRAME_CORRELATION | FRAME_EXCEPTION | FRAME_BATCH | FRAME_STREAM)));
        if (header.type != FRAME_PING)
                PROPERTY(codec_check(answer->payload, header.n_payload, &payload) == 0);
        if (header.flags & FRAME_EXCEPTION)
                PROPERTY(pyrope_truth(pyrope_find(payload, "__exception__")));
}

/* A stream that was given ends with its last item, and knows no other id. */
static void drain_stream(Call *call, const Answer *answer)
{
        char id[RANDOM_UUID_SIZE] = "";
        Stream *stream;
        int r;

        /* Of an id that stands twice the last annotation counts; this one is the broker's. */
        PROPERTY(answer->header.n_annotations >= sizeof(id) - 1);
        memcpy(id, answer->annotations + answer->header.n_annotations - (sizeof(id) - 1),
               sizeof(id) - 1);
        call_reset(call);
        do {
                PROPERTY(stream_table_take(call->streams, id, strlen(id), &call->caller,
                                           /* is_adopted= */ true, &stream) == 0);
                call->object = stream->object;
                r = call_run_stream(call, stream);
                stream_table_give(call->streams, stream, r != 0);
        } while (r == 0);
        PROPERTY(strcmp(call->exception.class_, "StopIteration") == 0);
        PROPERTY(stream_table_take(call->streams, id, strlen(id), &call->caller,
                                   /* is_adopted= */ true, &stream) == STREAM_E_NONE);
}

/* Returns whether the session goes on. */
static bool invoke(const Frame *frame, Call *call)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(object_unrefp) Object *object = NULL;
        Answer answer;
        int r;

        call_reset(call);
        r = dispatch_read(frame, LIMIT, call, &invocation);
        PROPERTY(invocation.inflated.n <= LIMIT);
        if (r == 0)
                r = dispatch_find(the_registry(), &invocation, call, &object);
        if (r == DISPATCH_E_CLOSE)
                return false;
        call->object = object;
        if (r == 0)
                r = dispatch_run(&invocation, call);
        PROPERTY(dispatch_answer(r, &frame->header, call, &answer) == 0);
        check_answer(frame, &answer);
        if (answer.header.flags & FRAME_STREAM)
                drain_stream(call, &answer);
        return true;
}

static bool answer_frame(Session *session, const Frame *frame, Call *call)
{
        Answer answer;
        int r;

        switch (frame->header.type) {
        case FRAME_CONNECT:
                PROPERTY(!session->is_open);
                call_reset(call);
                r = dispatch_connect(the_registry(), frame, call, &answer);
                PROPERTY(r == 0 || r == DISPATCH_E_RAISED);
                check_answer(frame, &answer);
                session->is_open = r == 0;
                return session->is_open;
        case FRAME_PING:
                PROPERTY(session->is_open);
                dispatch_ping(frame, &answer);
                check_answer(frame, &answer);
                return true;
        default:
                PROPERTY(session->is_open && frame->header.type == FRAME_INVOKE);
                return invoke(frame, call);
        }
}

static void refuse(const SessionReject *reject, Call *call)
{
        Answer answer;

        call_reset(call);
        PROPERTY(dispatch_reject(reject, call, &answer) == 0);
        PROPERTY(answer.header.type == (reject->is_call ? FRAME_RESULT : FRAME_CONNECTFAIL));
        PROPERTY(answer.header.n_payload > 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Session session = { .n_max = LIMIT };
        StreamTable streams;
        SessionReject reject;
        bool goes_on = true;
        size_t n_needed;
        Frame frame;
        Call call;
        int r;

        stream_table_init(&streams);
        PROPERTY(call_init(&call, NULL, &streams, LIMIT) == 0);
        while (goes_on) {
                r = session_next(&session, data, size, &frame, &n_needed, &reject);
                if (r == SESSION_E_INCOMPLETE)
                        PROPERTY(n_needed > size);
                if (r == SESSION_E_REJECT)
                        refuse(&reject, &call);
                PROPERTY(r != SESSION_E_REJECT || reject.is_call == session.is_open);
                if (r)
                        break;
                PROPERTY(frame.n_bytes <= size);
                PROPERTY(session_next(&session, data, frame.n_bytes - 1, &frame, &n_needed,
                                      &reject) == SESSION_E_INCOMPLETE);
                goes_on = answer_frame(&session, &frame, &call);
                data += frame.n_bytes;
                size -= frame.n_bytes;
        }
        call_deinit(&call);
        PROPERTY(!streams.streams);
        stream_table_deinit(&streams);
        return 0;
}
