/* SPDX-License-Identifier: MIT */

#include "tests/unit/conn-fixture.h"

#include "proto/codec.h"
#include "proto/message.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#define META                                                                                       \
        "\x82\xa9handshake\xa5hello\xa4meta\x83\xa7methods\x91\xa3"                                \
        "add\xa6oneway\x90\xa5"                                                                    \
        "attrs\x90"

START_TEST(connect_gives_the_metadata)
{
        FrameHeader header = { .type = FRAME_CONNECTOK, .serializer = 4, .seq = 1 };
        uint8_t payload[256];
        MessageConnect connect;
        pyrope_view view;

        daemon_answers(header, BYTES(META));
        ck_assert_int_eq(conn_connect(&conn, "adder", DEADLINE_NONE, &value, &error), PYROPE_OK);

        ck_assert(pyrope_str_equals(pyrope_at(pyrope_find(pyrope_value_view(value), "methods"), 0),
                                    "add"));
        header = daemon_reads(payload, sizeof(payload));
        ck_assert_uint_eq(header.type, FRAME_CONNECT);
        ck_assert_uint_eq(header.serializer, FRAME_SERIALIZER_MSGPACK);
        ck_assert_int_eq(codec_check(payload, header.n_payload, &view), 0);
        ck_assert_int_eq(message_connect_unpack(view, &connect), 0);
        ck_assert(pyrope_str_equals(connect.object, "adder"));
        ck_assert(conn_is_open(&conn));
}
END_TEST

static const struct {
        FrameHeader header;
        const uint8_t *payload;
        size_t n_payload;
        pyrope_status status;
        const char *text;
} refusals[] = {
        { HEADER(FRAME_CONNECTFAIL, 4, 1, 0), BYTES("\xaeunknown object"), PYROPE_E_NOT_FOUND,
          "no such object" },
        { HEADER(FRAME_CONNECTFAIL, 4, 1, 0),
          BYTES("\xa4"
                "busy"),
          PYROPE_E_DENIED, "refused the connection: busy" },
        { HEADER(FRAME_CONNECTFAIL, 2, 1, FRAME_CORRELATION), BYTES("\xfa\x0cinvalid data"),
          PYROPE_E_DENIED, "invalid data" },
        { HEADER(FRAME_CONNECTOK, 4, 1, 0), BYTES("\x80"), PYROPE_E_PROTOCOL, "no metadata" },
        { HEADER(FRAME_CONNECTOK, 4, 1, 0), BYTES("\xc1"), PYROPE_E_PROTOCOL, "cannot be read" },
        { HEADER(FRAME_CONNECTOK, 1, 1, 0), BYTES(META), PYROPE_E_PROTOCOL, "serializer 1" },
        { HEADER(FRAME_RESULT, 4, 1, 0), BYTES(META), PYROPE_E_PROTOCOL, "message type 5" },
        { HEADER(FRAME_CONNECTOK, 4, 9, 0), BYTES(META), PYROPE_E_PROTOCOL, "another request" },
};

START_TEST(connect_tells_why_it_failed)
{
        daemon_answers(refusals[_i].header, refusals[_i].payload, refusals[_i].n_payload);

        ck_assert_int_eq(conn_connect(&conn, "adder", DEADLINE_NONE, &value, &error),
                         refusals[_i].status);

        assert_conn_error(refusals[_i].status, refusals[_i].text);
        ck_assert_ptr_null(value);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(the_handshake_has_a_limit_of_its_own)
{
        FrameHeader header = { .type = FRAME_CONNECTOK,
                               .serializer = 4,
                               .seq = 1,
                               .n_payload = FRAME_HANDSHAKE_MAX_BYTES + 1 };
        uint8_t bytes[FRAME_HEADER_SIZE];

        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes));

        ck_assert_int_eq(conn_connect(&conn, "adder", DEADLINE_NONE, &value, &error),
                         PYROPE_E_TOO_LARGE);
}
END_TEST

START_TEST(an_object_whose_name_is_no_text_is_not_found)
{
        ck_assert_int_eq(conn_connect(&conn, "\xff", DEADLINE_NONE, &value, &error),
                         PYROPE_E_NOT_FOUND);
}
END_TEST

START_TEST(a_call_is_sent_as_documented)
{
        static const uint8_t args[] = "\x92\1\2", kwargs[] = "\x81\xa1k\3";
        ConnCall with_arguments = adder_add;
        uint8_t payload[256];
        FrameHeader header;
        MessageInvoke invoke;
        pyrope_view view;

        with_arguments.args = (pyrope_view){ args, args + 3 };
        with_arguments.kwargs = (pyrope_view){ kwargs, kwargs + 4 };
        daemon_answers(result_header(0), BYTES("\3"));
        ck_assert_int_eq(conn_add(&with_arguments), PYROPE_OK);

        header = daemon_reads(payload, sizeof(payload));
        ck_assert_uint_eq(header.type, FRAME_INVOKE);
        ck_assert_uint_eq(header.flags, 0);
        ck_assert_int_eq(codec_check(payload, header.n_payload, &view), 0);
        ck_assert_int_eq(message_invoke_unpack(view, &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.object, "adder"));
        ck_assert(pyrope_str_equals(invoke.method, "add"));
        ck_assert_uint_eq(pyrope_count(invoke.args), 2);
        ck_assert_uint_eq(pyrope_count(invoke.kwargs), 1);
        ck_assert_uint_eq((size_t)(invoke.args.at - payload) % 8, 0);
}
END_TEST

START_TEST(a_call_without_arguments_sends_an_empty_list_and_map)
{
        uint8_t payload[256];
        FrameHeader header;

        daemon_answers(result_header(0), BYTES("\xc0"));
        ck_assert_int_eq(conn_invoke(&conn, &adder_add, DEADLINE_NONE, NULL, &error), PYROPE_OK);

        header = daemon_reads(payload, sizeof(payload));
        ck_assert_mem_eq(payload + header.n_payload - 2, "\x90\x80", 2);
}
END_TEST

START_TEST(results_follow_calls)
{
        int64_t number = 0;

        for (uint8_t i = 0; i < 3; i++) {
                daemon_answers(result_header(i == 1 ? FRAME_CORRELATION | 0xff80 : 0), &i, 1);
                ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
                ck_assert_int_eq(pyrope_get_int(pyrope_value_view(value), &number), PYROPE_OK);
                ck_assert_int_eq(number, i);
                value = pyrope_value_free(value);
        }
}
END_TEST

START_TEST(the_sequence_wraps)
{
        conn.seq = UINT16_MAX - 1;

        for (int i = 0; i < 3; i++) {
                daemon_answers(result_header(0), BYTES("\1"));
                ck_assert_int_eq(conn_invoke(&conn, &adder_add, DEADLINE_NONE, NULL, &error),
                                 PYROPE_OK);
        }
        ck_assert_uint_eq(conn.seq, 1);
}
END_TEST

START_TEST(annotations_of_an_answer_are_passed_over)
{
        FrameHeader header = result_header(0);
        uint8_t bytes[FRAME_HEADER_SIZE];

        header.n_annotations = 9;
        header.n_payload = 1;
        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes));
        daemon_sends("TEST\0\0\0\1x\7", 10);

        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
        ck_assert_int_eq(pyrope_type_of(pyrope_value_view(value)), PYROPE_INT);
}
END_TEST

START_TEST(an_exception_is_an_error_and_the_connection_stays)
{
        static const uint8_t exception[] = "\x83\xa9__class__\xb3"
                                           "builtins.ValueError\xa4"
                                           "args\x91\xa5wrong\xaa"
                                           "attributes\x81\xae_pyroTraceback\x91\xa4line";

        daemon_answers(result_header(FRAME_EXCEPTION), exception, sizeof(exception) - 1);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_REMOTE);
        ck_assert_str_eq(pyrope_error_class(error), "builtins.ValueError");
        ck_assert_str_eq(pyrope_error_text(error), "wrong");
        ck_assert_str_eq(pyrope_error_traceback(error), "line");
        ck_assert_ptr_null(value);

        daemon_answers(result_header(FRAME_EXCEPTION), exception, sizeof(exception) - 1);
        ck_assert_int_eq(conn_invoke(&conn, &adder_add, DEADLINE_NONE, NULL, NULL),
                         PYROPE_E_REMOTE);
        daemon_answers(result_header(0), BYTES("\1"));
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
}
END_TEST

START_TEST(an_item_stream_that_nobody_wants_is_closed)
{
        FrameHeader header = result_header(FRAME_EXCEPTION | FRAME_STREAM);
        uint8_t bytes[FRAME_HEADER_SIZE];
        uint8_t payload[256];
        MessageInvoke invoke;
        pyrope_view view;

        header.n_annotations = 10;
        header.n_payload = 1;
        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes));
        daemon_sends("STRM\0\0\0\2id\x80", 11);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_TYPE);

        assert_conn_error(PYROPE_E_TYPE, "item stream");
        ck_assert(conn_is_open(&conn));
        (void)daemon_reads(payload, sizeof(payload));
        header = daemon_reads(payload, sizeof(payload));
        ck_assert_uint_eq(header.flags, FRAME_ONEWAY);
        ck_assert_int_eq(codec_check(payload, header.n_payload, &view), 0);
        ck_assert_int_eq(message_invoke_unpack(view, &invoke), 0);
        ck_assert(pyrope_str_equals(invoke.object, "Pyro.Daemon"));
        ck_assert(pyrope_str_equals(invoke.method, "close_stream"));
        ck_assert(pyrope_str_equals(pyrope_at(invoke.args, 0), "id"));
}
END_TEST

START_TEST(a_oneway_call_waits_for_nothing)
{
        ConnCall oneway = adder_add;
        uint8_t payload[256];

        oneway.flags = FRAME_ONEWAY;
        ck_assert_int_eq(conn_add(&oneway), PYROPE_OK);

        ck_assert_ptr_null(value);
        ck_assert_uint_eq(daemon_reads(payload, sizeof(payload)).flags, FRAME_ONEWAY);
}
END_TEST

/* Zeros: a bytes item with a head of 5 bytes. */
static uLongf compress_blob(size_t n, uint8_t **ret)
{
        uLongf n_compressed = compressBound(n + 5);
        uint8_t *plain = calloc(1, n + 5);

        plain[0] = 0xc6;
        for (int i = 0; i < 4; i++)
                plain[1 + i] = (uint8_t)(n >> 8 * (3 - i));
        *ret = malloc(n_compressed);
        ck_assert_int_eq(compress(*ret, &n_compressed, plain, n + 5), Z_OK);
        free(plain);
        return n_compressed;
}

START_TEST(a_compressed_answer_is_inflated_up_to_the_limit)
{
        uint8_t *compressed = NULL;
        uLongf n;

        n = compress_blob(LIMIT - 5, &compressed);
        daemon_answers(result_header(FRAME_COMPRESSED), compressed, n);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);
        ck_assert_uint_eq(pyrope_count(pyrope_value_view(value)), LIMIT - 5);
        free(compressed);

        n = compress_blob(LIMIT - 4, &compressed);
        daemon_answers(result_header(FRAME_COMPRESSED), compressed, n);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_TOO_LARGE);
        ck_assert(!conn_is_open(&conn));
        free(compressed);
}
END_TEST

END_TEST

START_TEST(arguments_of_another_type_are_not_sent)
{
        static const uint8_t list[] = { 0x90 }, map[] = { 0x80 };
        ConnCall wrong = adder_add;

        wrong.args = (pyrope_view){ map, map + 1 };
        ck_assert_int_eq(conn_add(&wrong), PYROPE_E_INVALID);
        error = pyrope_error_free(error);
        wrong.args = (pyrope_view){ list, list + 1 };
        wrong.kwargs = (pyrope_view){ list, list + 1 };
        ck_assert_int_eq(conn_add(&wrong), PYROPE_E_INVALID);

        ck_assert(daemon_has_nothing_to_read());
        ck_assert(conn_is_open(&conn));
}
END_TEST

/* "adder" and "add" take 16 bytes with their list, an empty map one. */
START_TEST(a_request_is_sent_at_the_limit_and_not_above)
{
        static const uint8_t args[] = "\x91\xc4\x50________________________________________"
                                      "________________________________________";
        ConnCall with_arguments = adder_add;

        with_arguments.args = (pyrope_view){ args, args + sizeof(args) - 1 };
        conn_tear_down();
        conn_begin(16 + sizeof(args) - 1 + 1 - 1);
        ck_assert_int_eq(conn_add(&with_arguments), PYROPE_E_TOO_LARGE);
        ck_assert(daemon_has_nothing_to_read());
        ck_assert(conn_is_open(&conn));
        conn_tear_down();

        conn_begin(16 + sizeof(args) - 1 + 1);
        daemon_answers(result_header(0), BYTES("\1"));
        ck_assert_int_eq(conn_add(&with_arguments), PYROPE_OK);
}
END_TEST

START_TEST(a_method_whose_name_has_no_end_is_not_sent)
{
        static char name[2 * FRAME_HANDSHAKE_MAX_BYTES];
        ConnCall named = { .object = "adder", .method = name };

        memset(name, 'x', sizeof(name) - 1);

        ck_assert_int_eq(conn_add(&named), PYROPE_E_TOO_LARGE);
        ck_assert(conn_is_open(&conn));
}
END_TEST

START_TEST(ping_takes_a_pong)
{
        FrameHeader header = { .type = FRAME_PING, .serializer = 42, .seq = 1 };
        uint8_t payload[16];

        daemon_answers(header, BYTES("pong"));
        ck_assert_int_eq(conn_ping(&conn, DEADLINE_NONE, &error), PYROPE_OK);
        ck_assert_uint_eq(daemon_reads(payload, sizeof(payload)).type, FRAME_PING);

        daemon_answers(result_header(0), BYTES("\1"));
        ck_assert_int_eq(conn_ping(&conn, DEADLINE_NONE, &error), PYROPE_E_PROTOCOL);
}
END_TEST

/* Sends back the arguments of one call as its result. */
static void *echo(void *unused)
{
        uint8_t *payload = malloc(LIMIT);
        MessageInvoke invoke;
        FrameHeader header;
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_view view;

        (void)unused;
        header = daemon_reads(payload, LIMIT);
        ck_assert_int_eq(codec_check(payload, header.n_payload, &view), 0);
        ck_assert_int_eq(message_invoke_unpack(view, &invoke), 0);
        n_bytes = codec_view_bytes(invoke.args, &bytes);
        daemon_answers((FrameHeader){ .type = FRAME_RESULT, .serializer = 4, .seq = header.seq },
                       bytes, n_bytes);
        free(payload);
        return NULL;
}

/* From what fits everywhere to what goes by many steps in both directions. */
static const size_t echo_sizes[] = { 0, 1, 4000, 4096, 65536, 300000, LIMIT - 64 };

START_TEST(messages_of_any_size_come_back)
{
        CLEANUP(buffer_deinit) Buffer args = BUFFER_INIT(LIMIT);
        static uint8_t data[LIMIT];
        ConnCall with_arguments = adder_add;
        const uint8_t *bytes;
        pthread_t thread;

        for (size_t i = 0; i < echo_sizes[_i]; i++)
                data[i] = (uint8_t)(i * 7 + i / 256);
        ck_assert_int_eq(codec_pack_list(&args, 1), 0);
        ck_assert_int_eq(codec_pack_bytes(&args, data, echo_sizes[_i]), 0);
        ck_assert_int_eq(codec_check(args.data, args.n, &with_arguments.args), 0);

        ck_assert_int_eq(pthread_create(&thread, NULL, echo, NULL), 0);
        ck_assert_int_eq(conn_add(&with_arguments), PYROPE_OK);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);

        ck_assert_uint_eq(codec_view_bytes(pyrope_value_view(value), &bytes), args.n);
        ck_assert_mem_eq(bytes, args.data, args.n);
        daemon_answers(result_header(0), BYTES("\1"));
        ck_assert_int_eq(conn_invoke(&conn, &adder_add, DEADLINE_NONE, NULL, &error), PYROPE_OK);
        ck_assert_uint_le(conn.in.n_allocated, 64u * 1024u);
}
END_TEST
START_TEST(a_socket_that_never_blocks_is_waited_for)
{
        ConnCall with_arguments = adder_add;
        static const uint8_t args[] = "\x91\5";
        pthread_t thread;

        with_arguments.args = (pyrope_view){ args, args + 2 };
        ck_assert_int_eq(fcntl(conn.fd, F_SETFL, O_NONBLOCK), 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, echo, NULL), 0);
        ck_assert_int_eq(conn_add(&with_arguments), PYROPE_OK);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);

        ck_assert_uint_eq(pyrope_count(pyrope_value_view(value)), 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn");
        TCase *tcase = tcase_create("conn");

        tcase_add_checked_fixture(tcase, conn_set_up, conn_tear_down);
        tcase_add_test(tcase, connect_gives_the_metadata);
        tcase_add_loop_test(tcase, connect_tells_why_it_failed, 0, ARRAY_SIZE(refusals));
        tcase_add_test(tcase, the_handshake_has_a_limit_of_its_own);
        tcase_add_test(tcase, an_object_whose_name_is_no_text_is_not_found);
        tcase_add_test(tcase, a_call_is_sent_as_documented);
        tcase_add_test(tcase, a_call_without_arguments_sends_an_empty_list_and_map);
        tcase_add_test(tcase, results_follow_calls);
        tcase_add_test(tcase, the_sequence_wraps);
        tcase_add_test(tcase, annotations_of_an_answer_are_passed_over);
        tcase_add_test(tcase, an_exception_is_an_error_and_the_connection_stays);
        tcase_add_test(tcase, an_item_stream_that_nobody_wants_is_closed);
        tcase_add_test(tcase, a_oneway_call_waits_for_nothing);
        tcase_add_test(tcase, a_compressed_answer_is_inflated_up_to_the_limit);
        tcase_add_test(tcase, arguments_of_another_type_are_not_sent);
        tcase_add_test(tcase, a_request_is_sent_at_the_limit_and_not_above);
        tcase_add_test(tcase, a_method_whose_name_has_no_end_is_not_sent);
        tcase_add_test(tcase, ping_takes_a_pong);
        tcase_add_loop_test(tcase, messages_of_any_size_come_back, 0, ARRAY_SIZE(echo_sizes));
        tcase_add_test(tcase, a_socket_that_never_blocks_is_waited_for);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
