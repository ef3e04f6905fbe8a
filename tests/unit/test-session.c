/* SPDX-License-Identifier: MIT */

#include "broker/session.h"

#include "tests/unit/unit.h"

#include <string.h>

#define PAYLOAD_MAX 1000u /* of an open session in these tests */

static const FrameHeader hello = {
        .type = FRAME_CONNECT,
        .serializer = FRAME_SERIALIZER_MSGPACK,
        .seq = 77,
        .n_payload = 5,
};

static const FrameHeader invoke = {
        .type = FRAME_INVOKE,
        .serializer = FRAME_SERIALIZER_MSGPACK,
        .seq = 78,
        .n_payload = 5,
};

static const Session fresh = { .is_open = false, .n_max = PAYLOAD_MAX };
static const Session opened = { .is_open = true, .n_max = PAYLOAD_MAX };

static int judge(const Session *session, const FrameHeader *header, size_t n_bytes, Frame *ret,
                 size_t *ret_needed, SessionReject *ret_reject)
{
        static uint8_t bytes[FRAME_HEADER_SIZE + FRAME_HANDSHAKE_MAX_BYTES];

        frame_header_write(header, bytes);
        return session_next(session, bytes, n_bytes, ret, ret_needed, ret_reject);
}

START_TEST(every_beginning_of_a_frame_is_incomplete)
{
        SessionReject reject;
        Frame frame = { .n_bytes = 99 };
        size_t n_needed;

        for (size_t n = 0; n < FRAME_HEADER_SIZE + 5; n++) {
                n_needed = 0;
                ck_assert_int_eq(judge(&opened, &invoke, n, &frame, &n_needed, &reject),
                                 SESSION_E_INCOMPLETE);
                ck_assert_uint_eq(n_needed, n < FRAME_HEADER_SIZE ? FRAME_HEADER_SIZE
                                                                  : FRAME_HEADER_SIZE + 5);
                ck_assert_uint_eq(frame.n_bytes, 99);
        }
        ck_assert_int_eq(judge(&opened, &invoke, FRAME_HEADER_SIZE + 9, &frame, &n_needed, &reject),
                         0);
        ck_assert_uint_eq(frame.n_bytes, FRAME_HEADER_SIZE + 5);
        ck_assert_uint_eq(frame.header.seq, 78);
}
END_TEST

/* What may come, and what becomes of the rest; judged by the header alone. */
static const struct {
        const char *what;
        bool is_open;
        FrameHeader header;
        int expected;
        const char *words; /* of the refusal, or NULL */
} arrivals[] = {
        { "a handshake", false, { .type = 1, .serializer = 4 }, 0, NULL },
        { "a handshake with unknown flags",
          false,
          { .type = 1, .serializer = 4, .flags = 0xff80 },
          0,
          NULL },
        { "INVOKE first",
          false,
          { .type = 4, .serializer = 4 },
          SESSION_E_REJECT,
          "invalid msg type 4 received (expected: 1)" },
        { "PING first", false, { .type = 6, .serializer = 4 }, SESSION_E_REJECT, "type 6" },
        { "an unknown type first",
          false,
          { .type = 77, .serializer = 4 },
          SESSION_E_REJECT,
          "type 77" },
        { "serpent",
          false,
          { .type = 1, .serializer = 1 },
          SESSION_E_REJECT,
          "SERIALIZER = 'msgpack'" },
        { "json", false, { .type = 1, .serializer = 3 }, SESSION_E_REJECT, "msgpack" },
        { "an unknown serializer", false, { .type = 1, .serializer = 99 }, SESSION_E_CLOSE, NULL },
        { "a compressed handshake",
          false,
          { .type = 1, .serializer = 4, .flags = 2 },
          SESSION_E_REJECT,
          "compressed" },
        { "a handshake at the limit",
          false,
          { .type = 1, .serializer = 4, .n_payload = FRAME_HANDSHAKE_MAX_BYTES },
          0,
          NULL },
        { "a handshake above the limit",
          false,
          { .type = 1, .serializer = 4, .n_payload = FRAME_HANDSHAKE_MAX_BYTES + 1 },
          SESSION_E_REJECT,
          "larger than 262144" },
        { "annotations above the limit",
          false,
          { .type = 1,
            .serializer = 4,
            .n_payload = 1,
            .n_annotations = FRAME_HANDSHAKE_MAX_BYTES },
          SESSION_E_REJECT,
          "larger than 262144" },
        { "a call", true, { .type = 4, .serializer = 4 }, 0, NULL },
        { "a ping of any serializer", true, { .type = 6, .serializer = 42 }, 0, NULL },
        { "a call in serpent", true, { .type = 4, .serializer = 1 }, SESSION_E_CLOSE, NULL },
        { "a second handshake", true, { .type = 1, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "CONNECTOK", true, { .type = 2, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "CONNECTFAIL", true, { .type = 3, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "RESULT", true, { .type = 5, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "type 0", true, { .type = 0, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "type 255", true, { .type = 255, .serializer = 4 }, SESSION_E_CLOSE, NULL },
        { "a call at the limit",
          true,
          { .type = 4, .serializer = 4, .n_payload = PAYLOAD_MAX },
          0,
          NULL },
        { "a call above the limit",
          true,
          { .type = 4, .serializer = 4, .n_payload = PAYLOAD_MAX + 1 },
          SESSION_E_REJECT,
          "the call has 1001 bytes, the daemon takes 1000" },
        { "sizes whose sum wraps",
          true,
          { .type = 4, .serializer = 4, .n_payload = 8, .n_annotations = UINT32_MAX },
          SESSION_E_REJECT,
          "4294967303 bytes" },
        { "a oneway call above the limit",
          true,
          { .type = 4, .serializer = 4, .flags = FRAME_ONEWAY, .n_payload = PAYLOAD_MAX + 1 },
          SESSION_E_CLOSE,
          NULL },
        { "a call in serpent above the limit",
          true,
          { .type = 4, .serializer = 1, .n_payload = PAYLOAD_MAX + 1 },
          SESSION_E_CLOSE,
          NULL },
        { "a ping above the limit",
          true,
          { .type = 6, .serializer = 4, .n_payload = PAYLOAD_MAX + 1 },
          SESSION_E_CLOSE,
          NULL },
};

START_TEST(only_the_right_frames_come_through)
{
        const Session *session = arrivals[_i].is_open ? &opened : &fresh;
        const FrameHeader *header = &arrivals[_i].header;
        SessionReject reject = { .text = "" };
        size_t n_needed;
        Frame frame;
        int r;

        r = judge(session, header, FRAME_HEADER_SIZE + header->n_payload, &frame, &n_needed,
                  &reject);
        ck_assert_msg(r == arrivals[_i].expected, "%s: %d", arrivals[_i].what, r);
        if (arrivals[_i].words)
                ck_assert_msg(strstr(reject.text, arrivals[_i].words), "'%s'", reject.text);
}
END_TEST

START_TEST(what_may_not_come_is_turned_away_before_its_payload_is_there)
{
        SessionReject reject;
        size_t n_needed;
        Frame frame;

        ck_assert_int_eq(judge(&fresh, &invoke, FRAME_HEADER_SIZE, &frame, &n_needed, &reject),
                         SESSION_E_REJECT);
        ck_assert_uint_eq(reject.seq, 78);
        ck_assert_int_eq(judge(&opened, &hello, FRAME_HEADER_SIZE, &frame, &n_needed, &reject),
                         SESSION_E_CLOSE);
}
END_TEST

START_TEST(a_peer_without_msgpack_is_answered_in_json)
{
        const FrameHeader serpent = { .type = FRAME_CONNECT, .serializer = 1, .seq = 3 };
        SessionReject reject;
        size_t n_needed;
        Frame frame;

        ck_assert_int_eq(judge(&fresh, &serpent, FRAME_HEADER_SIZE, &frame, &n_needed, &reject),
                         SESSION_E_REJECT);
        ck_assert_uint_eq(reject.serializer, SESSION_SERIALIZER_JSON);
        ck_assert_uint_eq(reject.seq, 3);
        ck_assert_ptr_null(strpbrk(reject.text, "\"\\")); /* it stands between quotes as it is */
}
END_TEST

START_TEST(one_who_speaks_pyro4_is_told_so_by_the_first_six_bytes)
{
        static const uint8_t bytes[] = { 'P', 'Y', 'R', 'O', 0, 48 };
        SessionReject reject;
        size_t n_needed;
        Frame frame;

        ck_assert_int_eq(session_next(&fresh, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         SESSION_E_REJECT);
        ck_assert_uint_eq(reject.pyro4_version, 48);
        ck_assert_ptr_nonnull(strstr(reject.text, "you speak Pyro4"));
        ck_assert_ptr_null(strpbrk(reject.text, "\"\\")); /* it stands between quotes as it is */
        ck_assert_int_eq(session_next(&opened, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         SESSION_E_CLOSE);
}
END_TEST

/* Each row changes one byte of the header. */
static const struct {
        size_t at;
        uint8_t value;
        const char *words;
} corrupt[] = {
        { 0, 'H', "not the Pyro protocol" },
        { 5, 0xf5, "invalid protocol version: 501" },
        { 4, 0xff, "invalid protocol version: 65526" },
        { 39, 0, "not the Pyro protocol" },
};

START_TEST(a_bad_header_ends_the_session)
{
        uint8_t bytes[FRAME_HEADER_SIZE + 5] = { 0 };
        SessionReject reject;
        size_t n_needed;
        Frame frame;

        frame_header_write(&hello, bytes);
        bytes[corrupt[_i].at] = corrupt[_i].value;
        ck_assert_int_eq(session_next(&fresh, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         SESSION_E_REJECT);
        ck_assert_msg(strstr(reject.text, corrupt[_i].words), "'%s'", reject.text);
        ck_assert_int_eq(session_next(&opened, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         SESSION_E_CLOSE);
}
END_TEST

START_TEST(annotations_that_do_not_add_up_end_the_session)
{
        const FrameHeader header = {
                .type = FRAME_INVOKE,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .n_annotations = 9,
        };
        uint8_t bytes[FRAME_HEADER_SIZE + 9] = { 0 };
        SessionReject reject;
        size_t n_needed;
        Frame frame;

        frame_header_write(&header, bytes);
        memcpy(bytes + FRAME_HEADER_SIZE, "ABCD\0\0\0\1x", 9);
        ck_assert_int_eq(session_next(&opened, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         0);
        ck_assert_ptr_eq(frame_payload(&frame), bytes + sizeof(bytes));
        bytes[FRAME_HEADER_SIZE + 7] = 2;
        ck_assert_int_eq(session_next(&opened, bytes, sizeof(bytes), &frame, &n_needed, &reject),
                         SESSION_E_CLOSE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("session");
        TCase *tcase = tcase_create("session");

        tcase_add_test(tcase, every_beginning_of_a_frame_is_incomplete);
        tcase_add_loop_test(tcase, only_the_right_frames_come_through, 0, ARRAY_SIZE(arrivals));
        tcase_add_test(tcase, what_may_not_come_is_turned_away_before_its_payload_is_there);
        tcase_add_test(tcase, a_peer_without_msgpack_is_answered_in_json);
        tcase_add_test(tcase, one_who_speaks_pyro4_is_told_so_by_the_first_six_bytes);
        tcase_add_loop_test(tcase, a_bad_header_ends_the_session, 0, ARRAY_SIZE(corrupt));
        tcase_add_test(tcase, annotations_that_do_not_add_up_end_the_session);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
