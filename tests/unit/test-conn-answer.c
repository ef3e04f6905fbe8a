/* SPDX-License-Identifier: MIT */

/* What a call and its answer have beside arguments and result. */

#include "tests/unit/conn-fixture.h"

#include "proto/codec.h"
#include "proto/message.h"
#include "tests/unit/unit.h"

#include <string.h>

#define EXCEPTION                                                                                  \
        "\x83\xa9__class__\xb3"                                                                    \
        "builtins.ValueError\xa4"                                                                  \
        "args\x92\xa5wrong\7\xaa"                                                                  \
        "attributes\x82\xae_pyroTraceback\x90\xa4"                                                 \
        "code\x2a"

static ConnAnswer answer = CONN_ANSWER_INIT;
static ConnCall asking = { .object = "adder", .method = "add", .answer = &answer };

static void tear_down(void)
{
        conn_tear_down();
        conn_answer_deinit(&answer);
        answer = (ConnAnswer)CONN_ANSWER_INIT;
}

START_TEST(annotations_and_correlation_are_sent_as_documented)
{
        static const uint8_t correlation[16] = {
                1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        };
        CLEANUP(buffer_deinit) Buffer annotations = BUFFER_INIT(LIMIT);
        static const uint8_t args[] = "\x92\1\2";
        ConnCall call = adder_add;
        uint8_t chunks[64], payload[256];
        MessageInvoke invoke;
        FrameHeader header;
        pyrope_view view;

        ck_assert_int_eq(frame_annotation_add(&annotations, 0, "TEST", "data", 4), 0);
        call.args = (pyrope_view){ args, args + 3 };
        call.annotations = &annotations;
        call.correlation = correlation;
        daemon_answers(result_header(0), BYTES("\3"));
        ck_assert_int_eq(conn_add(&call), PYROPE_OK);

        header = daemon_reads_beside(chunks, payload, sizeof(payload));
        ck_assert_uint_eq(header.flags, FRAME_CORRELATION);
        ck_assert_mem_eq(header.correlation, correlation, sizeof(correlation));
        ck_assert_uint_eq(header.n_annotations, 12);
        ck_assert_mem_eq(chunks, "TEST\0\0\0\4data", 12);
        ck_assert_int_eq(codec_check(payload, header.n_payload, &view), 0);
        ck_assert_int_eq(message_invoke_unpack(view, &invoke), 0);
        ck_assert_uint_eq(pyrope_count(invoke.args), 2);
}
END_TEST

START_TEST(annotations_count_for_the_limit_of_a_message)
{
        CLEANUP(buffer_deinit) Buffer annotations = BUFFER_INIT(LIMIT);
        static const uint8_t data[40];
        ConnCall call = adder_add;

        ck_assert_int_eq(frame_annotation_add(&annotations, 0, "TEST", data, sizeof(data)), 0);
        call.annotations = &annotations;
        conn_tear_down();
        conn_begin(16 + 2 + 48 - 1);
        ck_assert_int_eq(conn_add(&call), PYROPE_E_TOO_LARGE);
        ck_assert(daemon_has_nothing_to_read());
        conn_tear_down();

        conn_begin(16 + 2 + 48);
        daemon_answers(result_header(0), BYTES("\3"));
        ck_assert_int_eq(conn_add(&call), PYROPE_OK);
}
END_TEST

START_TEST(keywords_may_be_nil)
{
        static const uint8_t nil[] = { 0xc0 };
        ConnCall call = adder_add;
        uint8_t payload[256];
        FrameHeader header;

        call.kwargs = (pyrope_view){ nil, nil + 1 };
        daemon_answers(result_header(0), BYTES("\3"));
        ck_assert_int_eq(conn_add(&call), PYROPE_OK);

        header = daemon_reads(payload, sizeof(payload));
        ck_assert_mem_eq(payload + header.n_payload - 2, "\x90\xc0", 2);
}
END_TEST

START_TEST(an_answer_tells_what_came_beside_it)
{
        FrameHeader header = result_header(FRAME_CORRELATION);
        FrameAnnotation chunk;

        memset(header.correlation, 7, sizeof(header.correlation));
        daemon_answers_beside(header, BYTES("ABCD\0\0\0\1xABCD\0\0\0\2yz"), BYTES("\3"));
        ck_assert_int_eq(conn_add(&asking), PYROPE_OK);

        ck_assert(frame_annotation_find(answer.annotations.data, answer.annotations.n, "ABCD",
                                        &chunk));
        ck_assert_uint_eq(chunk.n_data, 2); /* the last of an id counts */
        ck_assert(!frame_annotation_find(answer.annotations.data, answer.annotations.n, "NONE",
                                         &chunk));
        ck_assert(!frame_annotation_find(answer.annotations.data, answer.annotations.n, "ABC",
                                         &chunk));
        ck_assert_uint_eq(answer.flags, FRAME_CORRELATION);
        ck_assert_mem_eq(answer.correlation, header.correlation, sizeof(answer.correlation));
        ck_assert_str_eq(answer.stream_id, "");
        ck_assert_int_eq(pyrope_type_of(pyrope_value_view(value)), PYROPE_INT);
}
END_TEST

START_TEST(an_exception_keeps_its_arguments_attributes_and_what_came_beside_it)
{
        const void *data;
        size_t n_data;
        int64_t code = 0;

        daemon_answers_beside(result_header(FRAME_EXCEPTION), BYTES("ABCD\0\0\0\1x"),
                              BYTES(EXCEPTION));
        ck_assert_int_eq(conn_add(&asking), PYROPE_E_REMOTE);
        error_keep_annotations(error, &answer.annotations);

        ck_assert_str_eq(pyrope_error_text(error), "('wrong', 7)");
        ck_assert_uint_eq(pyrope_count(pyrope_error_arguments(error)), 2);
        ck_assert_int_eq(pyrope_get_int(pyrope_error_attribute(error, "code"), &code), PYROPE_OK);
        ck_assert_int_eq(code, 42);
        ck_assert_ptr_null(pyrope_error_attribute(error, "none").at);
        ck_assert(pyrope_error_annotation(error, "ABCD", &data, &n_data));
        ck_assert_uint_eq(n_data, 1);
        ck_assert(!pyrope_error_annotation(error, "NONE", &data, &n_data));
        ck_assert_uint_eq(answer.annotations.n, 0);
}
END_TEST

START_TEST(an_error_of_ours_has_nothing_of_an_exception)
{
        const void *data;
        size_t n_data;

        daemon_hangs_up();
        ck_assert_int_eq(conn_add(&asking), PYROPE_E_UNREACHABLE);

        ck_assert_ptr_null(pyrope_error_arguments(error).at);
        ck_assert_ptr_null(pyrope_error_attribute(error, "code").at);
        ck_assert(!pyrope_error_annotation(error, "ABCD", &data, &n_data));
}
END_TEST

/* An answer that is an item stream, with an id of @n_id bytes. */
static void answer_stream(const char *id, size_t n_id)
{
        CLEANUP(buffer_deinit) Buffer annotations = BUFFER_INIT(LIMIT);

        ck_assert_int_eq(frame_annotation_append(&annotations, "STRM", id, n_id), 0);
        daemon_answers_beside(result_header(FRAME_EXCEPTION | FRAME_STREAM), annotations.data,
                              annotations.n, BYTES(EXCEPTION));
}

START_TEST(the_id_of_a_stream_is_told_up_to_its_limit)
{
        char id[CONN_STREAM_ID_MAX_BYTES + 2];

        memset(id, 'x', sizeof(id));
        answer_stream(id, CONN_STREAM_ID_MAX_BYTES);
        ck_assert_int_eq(conn_add(&asking), PYROPE_OK);
        ck_assert_uint_eq(strlen(answer.stream_id), CONN_STREAM_ID_MAX_BYTES);
        ck_assert_ptr_null(value);
        ck_assert(conn_is_open(&conn));

        answer_stream(id, CONN_STREAM_ID_MAX_BYTES + 1);
        ck_assert_int_eq(conn_add(&asking), PYROPE_E_PROTOCOL);
        assert_conn_error(PYROPE_E_PROTOCOL, "strange id");
        ck_assert(!conn_is_open(&conn));
}
END_TEST

static const struct {
        const char *id;
        size_t n_id;
} strange_ids[] = {
        { "", 0 },
        { "a\0b", 3 },
        { "\xff", 1 },
};

START_TEST(a_strange_id_of_a_stream_closes_the_connection)
{
        answer_stream(strange_ids[_i].id, strange_ids[_i].n_id);

        ck_assert_int_eq(conn_add(&asking), PYROPE_E_PROTOCOL);
        assert_conn_error(PYROPE_E_PROTOCOL, "strange id");
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(a_stream_without_an_id_is_one_that_the_daemon_forbids)
{
        daemon_answers(result_header(FRAME_EXCEPTION | FRAME_STREAM), BYTES(EXCEPTION));

        ck_assert_int_eq(conn_add(&asking), PYROPE_E_PROTOCOL);
        assert_conn_error(PYROPE_E_PROTOCOL, "the daemon allows none");
        ck_assert(conn_is_open(&conn));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn-answer");
        TCase *tcase = tcase_create("conn-answer");

        tcase_add_checked_fixture(tcase, conn_set_up, tear_down);
        tcase_add_test(tcase, annotations_and_correlation_are_sent_as_documented);
        tcase_add_test(tcase, annotations_count_for_the_limit_of_a_message);
        tcase_add_test(tcase, keywords_may_be_nil);
        tcase_add_test(tcase, an_answer_tells_what_came_beside_it);
        tcase_add_test(tcase, an_exception_keeps_its_arguments_attributes_and_what_came_beside_it);
        tcase_add_test(tcase, an_error_of_ours_has_nothing_of_an_exception);
        tcase_add_test(tcase, the_id_of_a_stream_is_told_up_to_its_limit);
        tcase_add_loop_test(tcase, a_strange_id_of_a_stream_closes_the_connection, 0,
                            ARRAY_SIZE(strange_ids));
        tcase_add_test(tcase, a_stream_without_an_id_is_one_that_the_daemon_forbids);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
