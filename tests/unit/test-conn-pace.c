/* SPDX-License-Identifier: MIT */

/* Conversations on a way that others share: what the client says of its pace, and what it takes. */

#include "tests/unit/conn-fixture.h"

#include "proto/codec.h"
#include "proto/credit.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define HELLO                                                                                      \
        "\x82\xa9handshake\xa5hello\xa4meta\x83\xa7methods\x90\xa6oneway\x90\xa5"                  \
        "attrs\x90"
#define LARGE                                                                                      \
        (CONN_WINDOW_FIRST_BYTES + CONN_WINDOW_FIRST_BYTES / 2) /* the payload of an answer        \
                                                                 */
#define ROOM 4096u

static uint8_t annotations[ROOM], payload[ROOM];

static void set_up(void)
{
        conn_set_up();
        conn_pace(&conn);
}

static FrameHeader connectok(void)
{
        return (FrameHeader)HEADER(FRAME_CONNECTOK, FRAME_SERIALIZER_MSGPACK,
                                   (uint16_t)(conn.seq + 1), 0);
}

/* Shakes hands with a daemon that answers with these annotations. Return: of the request. */
static FrameHeader shake_hands(const uint8_t *beside, size_t n_beside)
{
        daemon_answers_beside(connectok(), beside, n_beside, BYTES(HELLO));
        ck_assert_int_eq(conn_connect(&conn, "adder", DEADLINE_NONE, &value, &error), PYROPE_OK);
        value = pyrope_value_free(value);
        return daemon_reads_beside(annotations, payload, ROOM);
}

static void agree(void)
{
        (void)shake_hands(credit_offer, sizeof(credit_offer));
}

static FrameHeader call_for(FrameHeader answer, const char *bytes, size_t n_bytes)
{
        daemon_answers(answer, (const uint8_t *)bytes, n_bytes);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
        return daemon_reads_beside(annotations, payload, ROOM);
}

/* A daemon in a thread: reads the request, then hears nothing any more or goes on hearing, and
 * sends a large answer, though nobody allowed all of it. */
static void *answer_large(void *userdata)
{
        static uint8_t bytes[LARGE] = "\xc6\0\5\xff\xfb"; /* bytes: all the rest */
        const bool *is_deaf = userdata;
        FrameHeader header = { .type = FRAME_RESULT, .serializer = FRAME_SERIALIZER_MSGPACK };

        header.seq = daemon_reads_beside(annotations, payload, ROOM).seq;
        if (*is_deaf)
                ck_assert_int_eq(shutdown(daemon_fd, SHUT_RD), 0);
        daemon_answers(header, bytes, sizeof(bytes));
        return NULL;
}

static void call_large(bool is_deaf)
{
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, answer_large, &is_deaf), 0);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
        pthread_join(thread, NULL);
        ck_assert_uint_eq(pyrope_count(pyrope_value_view(value)), LARGE - 5);
}

START_TEST(it_is_offered_in_the_handshake)
{
        FrameHeader request = shake_hands(NULL, 0);

        ck_assert_uint_eq(request.n_annotations, CREDIT_OFFER_SIZE);
        ck_assert(credit_is_offered(annotations, request.n_annotations));
        ck_assert_mem_eq(payload, "\x82\xa9handshake", 11);
}
END_TEST

START_TEST(without_a_daemon_that_agrees_it_is_not_heard_of_again)
{
        (void)shake_hands(BYTES("TEST\0\0\0\1x"));
        ck_assert_uint_eq(call_for(result_header(0), "\3", 1).n_annotations, 0);
}
END_TEST

START_TEST(nor_with_one_that_says_something_else_by_it)
{
        (void)shake_hands(BYTES("PACE\0\0\0\1x"));
        ck_assert_uint_eq(call_for(result_header(0), "\3", 1).n_annotations, 0);
}
END_TEST

START_TEST(a_daemon_agrees_only_to_what_was_offered)
{
        conn.may_pace = false;
        agree();
        ck_assert_uint_eq(call_for(result_header(0), "\3", 1).n_annotations, 0);
}
END_TEST

START_TEST(a_request_tells_the_window_before_annotations_of_the_call)
{
        CLEANUP(buffer_deinit) Buffer beside = BUFFER_INIT(LIMIT);
        ConnCall call = adder_add;
        uint64_t n_allowed = 0;
        FrameHeader request;
        pyrope_view view;

        agree();
        ck_assert_int_eq(frame_annotation_add(&beside, 0, "TEST", "x", 1), 0);
        call.annotations = &beside;
        daemon_answers(result_header(0), BYTES("\3"));
        ck_assert_int_eq(conn_add(&call), PYROPE_OK);

        request = daemon_reads_beside(annotations, payload, ROOM);
        ck_assert_uint_eq(request.n_annotations, CREDIT_CHUNK_SIZE + 9);
        ck_assert_int_eq(credit_find(annotations, request.n_annotations, &n_allowed), 0);
        ck_assert_uint_eq(n_allowed, CONN_WINDOW_FIRST_BYTES);
        ck_assert_mem_eq(annotations + CREDIT_CHUNK_SIZE, "TEST\0\0\0\1x", 9);
        ck_assert_int_eq(codec_check(payload, request.n_payload, &view), 0);
        ck_assert_uint_eq(pyrope_count(view), 4);
}
END_TEST

START_TEST(its_bytes_count_for_the_limit_of_a_message)
{
        agree();
        conn.n_message_max = CREDIT_CHUNK_SIZE + 16 + 2 - 1;
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_TOO_LARGE);
        ck_assert(daemon_has_nothing_to_read());
        error = pyrope_error_free(error);

        conn.n_message_max++;
        (void)call_for(result_header(0), "\3", 1);
}
END_TEST

START_TEST(a_large_answer_is_given_credit_as_it_comes)
{
        uint8_t frame[CREDIT_FRAME_SIZE];
        uint64_t n_allowed = 0;
        uint16_t seq = 0;

        agree();
        call_large(/* is_deaf= */ false);
        ck_assert_int_eq(recv(daemon_fd, frame, sizeof(frame), MSG_WAITALL), sizeof(frame));
        ck_assert_int_eq(credit_frame_read(frame, sizeof(frame), &seq, &n_allowed), 0);
        ck_assert_uint_eq(seq, conn.seq);
        ck_assert_uint_gt(n_allowed, CONN_WINDOW_FIRST_BYTES + CONN_WINDOW_FIRST_BYTES / 4);
        ck_assert(conn_is_open(&conn));
}
END_TEST

START_TEST(one_that_fits_into_the_window_is_not)
{
        static char bytes[64 * 1024] = "\xc5\xff\xfd";

        agree();
        (void)call_for(result_header(0), bytes, sizeof(bytes));
        ck_assert(daemon_has_nothing_to_read());
}
END_TEST

/* It stops, say: then it sends what it has. */
START_TEST(a_daemon_that_hears_no_credit_is_listened_to)
{
        agree();
        call_large(/* is_deaf= */ true);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn-pace");
        TCase *tcase = tcase_create("conn-pace");

        tcase_add_checked_fixture(tcase, set_up, conn_tear_down);
        tcase_add_test(tcase, it_is_offered_in_the_handshake);
        tcase_add_test(tcase, without_a_daemon_that_agrees_it_is_not_heard_of_again);
        tcase_add_test(tcase, nor_with_one_that_says_something_else_by_it);
        tcase_add_test(tcase, a_daemon_agrees_only_to_what_was_offered);
        tcase_add_test(tcase, a_request_tells_the_window_before_annotations_of_the_call);
        tcase_add_test(tcase, its_bytes_count_for_the_limit_of_a_message);
        tcase_add_test(tcase, a_large_answer_is_given_credit_as_it_comes);
        tcase_add_test(tcase, one_that_fits_into_the_window_is_not);
        tcase_add_test(tcase, a_daemon_that_hears_no_credit_is_listened_to);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
