/* SPDX-License-Identifier: MIT */

/*
 * The input is what a stranger says first. The verdict stands once it is given, whatever follows.
 * Only a CONNECT to an object that is there opens the session, and packed as our client packs it,
 * it is answered by the same bytes; each answer is one that our client reads, a refusal word for
 * word.
 */

#include "broker/dispatch.h"

#include "proto/codec.h"
#include "proto/credit.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define LARGEST (FRAME_HEADER_SIZE + FRAME_HANDSHAKE_MAX_BYTES)

static int nothing(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static const pyrope_method methods[] = {
        { "nothing", NULL, nothing, 0, NULL },
        { "quiet", "a [b]", nothing, PYROPE_ONEWAY, NULL },
        { 0 },
};

static const pyrope_class target = { .name = "Target", .methods = methods };

/* What every input meets: the registry does not change, and the call is reset. */
static Registry registry;
static StreamTable streams;
static Call call;

static void set_up(void)
{
        static bool is_ready;
        Object *object = NULL;

        if (is_ready)
                return;
        registry_init(&registry);
        PROPERTY(object_new("target", &target, NULL, &object, NULL) == 0);
        PROPERTY(registry_add(&registry, object) == 0);
        stream_table_init(&streams);
        PROPERTY(call_init(&call, NULL, &streams, LARGEST) == 0);
        is_ready = true;
}

static int judge(const uint8_t *data, size_t size, Frame *ret, SessionReject *ret_reject)
{
        static const Session closed = { .n_max = FRAME_MESSAGE_MAX_BYTES };
        size_t n_needed = 0;
        int r;

        r = session_next(&closed, data, size, ret, &n_needed, ret_reject);
        if (r == SESSION_E_INCOMPLETE)
                PROPERTY(n_needed > size && n_needed <= LARGEST);
        return r;
}

/* Of the beginnings of what came none was judged otherwise. */
static void check_verdict_stands(const uint8_t *data, size_t size, int r, const SessionReject *said)
{
        const size_t beginnings[] = { 0,
                                      FRAME_PREFIX_SIZE - 1,
                                      FRAME_PREFIX_SIZE,
                                      FRAME_HEADER_SIZE - 1,
                                      FRAME_HEADER_SIZE,
                                      size - 1 };
        SessionReject reject;
        Frame frame;
        int earlier;

        for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
                if (beginnings[i] >= size)
                        continue;
                earlier = judge(data, beginnings[i], &frame, &reject);
                PROPERTY(earlier == SESSION_E_INCOMPLETE || earlier == r);
                if (earlier == SESSION_E_REJECT)
                        PROPERTY(strcmp(reject.text, said->text) == 0 &&
                                 reject.serializer == said->serializer && reject.seq == said->seq);
        }
}

static void check_header(const Answer *answer, uint16_t seq, uint8_t serializer, bool is_paced)
{
        uint8_t bytes[FRAME_HEADER_SIZE];
        FrameHeader header;

        frame_header_write(&answer->header, bytes);
        PROPERTY(frame_header_parse(bytes, sizeof(bytes), LARGEST, &header) == 0);
        PROPERTY(header.seq == seq && header.serializer == serializer);
        PROPERTY(header.n_annotations == (is_paced ? CREDIT_OFFER_SIZE : 0));
        PROPERTY(!(header.flags & ~FRAME_CORRELATION));
}

/* What our client shows of a refusal. */
static void check_reason(const Answer *answer, const char *reason)
{
        char text[sizeof((SessionReject){ 0 }.text)];

        PROPERTY(answer->header.type == FRAME_CONNECTFAIL);
        message_connectfail_text(answer->header.serializer, answer->payload,
                                 answer->header.n_payload, text, sizeof(text));
        PROPERTY(reason ? strcmp(text, reason) == 0 : text[0] != '\0');
}

static void refuse(const SessionReject *reject)
{
        Answer answer = { .payload = NULL };

        PROPERTY(!reject->is_call);
        call_reset(&call);
        PROPERTY(dispatch_reject(reject, &call, &answer) == 0);
        check_header(&answer, reject->seq, reject->serializer, /* is_paced= */ false);
        if (reject->serializer == FRAME_SERIALIZER_MSGPACK)
                check_reason(&answer, reject->text);
        else /* JSON, which our client never asked for: a text in quotes */
                PROPERTY(answer.header.n_payload == strlen(reject->text) + 2 &&
                         memcmp(answer.payload + 1, reject->text, strlen(reject->text)) == 0);
}

/* The session is open: the metadata of an object of ours, the same to each who asks for it. */
static void check_open(const Frame *frame, const Answer *answer)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        Frame again = { .header = frame->header };
        CLEANUP(freep) uint8_t *first = NULL;
        pyrope_view payload, meta;
        MessageConnect connect;
        const uint8_t *packed;
        size_t n_packed;
        Answer other = { .payload = NULL };

        PROPERTY(answer->header.type == FRAME_CONNECTOK);
        PROPERTY(codec_check(answer->payload, answer->header.n_payload, &payload) == 0);
        PROPERTY(message_connectok_unpack(payload, &meta) == 0);
        PROPERTY(pyrope_count(pyrope_find(meta, "methods")) > 0);
        first = malloc(answer->header.n_payload);
        PROPERTY(first);
        memcpy(first, answer->payload, answer->header.n_payload);

        PROPERTY(codec_check(frame_payload(frame), frame->header.n_payload, &payload) == 0);
        PROPERTY(message_connect_unpack(payload, &connect) == 0);
        PROPERTY(pyrope_str_equals(connect.object, "target"));
        message_connect_pack(writer, "target");
        PROPERTY(writer_finish(writer, &packed, &n_packed) == PYROPE_OK);
        again.bytes = packed;
        again.header.n_payload = (uint32_t)n_packed;
        again.header.n_annotations = 0;
        call_reset(&call);
        PROPERTY(dispatch_connect(&registry, &again, &call, &other) == 0);
        PROPERTY(other.header.n_payload == answer->header.n_payload &&
                 memcmp(other.payload, first, other.header.n_payload) == 0);
}

static void connect_to(const Frame *frame)
{
        Answer answer = { .payload = NULL };
        int r;

        PROPERTY(frame->header.type == FRAME_CONNECT && frame->n_bytes <= LARGEST);
        call_reset(&call);
        r = dispatch_connect(&registry, frame, &call, &answer);
        PROPERTY(r == 0 || r == DISPATCH_E_RAISED);
        check_header(&answer, frame->header.seq, frame->header.serializer,
                     r == 0 && dispatch_is_paced(frame));
        if (r == 0)
                check_open(frame, &answer);
        else
                check_reason(&answer, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        SessionReject reject = { .is_call = true };
        Frame frame;
        int r;

        set_up();
        r = judge(data, size, &frame, &reject);
        check_verdict_stands(data, size, r, &reject);
        if (r == 0)
                connect_to(&frame);
        if (r == SESSION_E_REJECT)
                refuse(&reject);
        return 0;
}
