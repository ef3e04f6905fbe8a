/* SPDX-License-Identifier: MIT */

/* Daemons that do not keep to the protocol, do not answer, or are gone. */

#include "tests/unit/conn-fixture.h"

#include "proto/codec.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sys/socket.h>

/* Answers that end the conversation. */
static const struct {
        FrameHeader header;
        const uint8_t *payload;
        size_t n_payload;
        pyrope_status status;
        const char *text;
} broken[] = {
        { HEADER(FRAME_RESULT, 4, 2, 0), BYTES("\1"), PYROPE_E_PROTOCOL, "another request" },
        { HEADER(FRAME_INVOKE, 4, 1, 0), BYTES("\1"), PYROPE_E_PROTOCOL, "message type 4" },
        { HEADER(77, 4, 1, 0), BYTES("\1"), PYROPE_E_PROTOCOL, "message type 77" },
        { HEADER(FRAME_RESULT, 1, 1, 0), BYTES("\1"), PYROPE_E_PROTOCOL, "serializer 1" },
        { HEADER(FRAME_RESULT, 4, 1, 0), BYTES("\xc1"), PYROPE_E_PROTOCOL, "does not know" },
        { HEADER(FRAME_RESULT, 4, 1, 0), BYTES(""), PYROPE_E_PROTOCOL, "end inside" },
        { HEADER(FRAME_RESULT, 4, 1, 0), BYTES("\1\2"), PYROPE_E_PROTOCOL, "more data follow" },
        { HEADER(FRAME_RESULT, 4, 1, FRAME_EXCEPTION), BYTES("\xa1\xff"), PYROPE_E_PROTOCOL,
          "UTF-8" },
        { HEADER(FRAME_RESULT, 4, 1, FRAME_COMPRESSED), BYTES("no zlib"), PYROPE_E_PROTOCOL,
          "inflated" },
};

START_TEST(a_broken_answer_closes_the_connection)
{
        daemon_answers(broken[_i].header, broken[_i].payload, broken[_i].n_payload);

        ck_assert_int_eq(conn_add(&adder_add), broken[_i].status);

        assert_conn_error(broken[_i].status, broken[_i].text);
        ck_assert(!conn_is_open(&conn));
        error = pyrope_error_free(error);
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_CLOSED);
        error = pyrope_error_free(error);
        ck_assert_int_eq(conn_ping(&conn, DEADLINE_NONE, &error), PYROPE_E_CLOSED);
}
END_TEST

/* The same with bytes that no header could be made of. */
static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_status status;
        const char *text;
} garbage[] = {
        { BYTES("SSH-2.0-OpenSSH\r\n"), PYROPE_E_PROTOCOL, "no Pyro5 daemon; it said 'SSH-2.0" },
        { BYTES("PYRO\1\xf5"), PYROPE_E_PROTOCOL, "another version" },
        { BYTES("PYRO\0\x30\0\3"), PYROPE_E_PROTOCOL, "the daemon speaks Pyro4" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
          PYROPE_E_PROTOCOL, "no Pyro5 daemon" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\0\x10\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                "\x4d\xc5"),
          PYROPE_E_TOO_LARGE, "larger than the limit" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\xff\xff\xff\xff\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                "\0\0\x4d\xc5"),
          PYROPE_E_TOO_LARGE, "larger than the limit" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\0\0\0\1\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                "\x4d\xc5"
                "ABCDE\1"),
          PYROPE_E_PROTOCOL, "annotations" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                "\x4d\xc5\1\1"),
          PYROPE_E_PROTOCOL, "another request" },
        { BYTES("PYRO\1\xf6\5\4\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                "\x4d\xc5\1"),
          PYROPE_E_UNREACHABLE, "in the middle" },
        { BYTES("PYRO\1\xf6\5"), PYROPE_E_UNREACHABLE, "in the middle" },
        { BYTES(""), PYROPE_E_UNREACHABLE, "instead of answering" },
};

START_TEST(what_is_no_frame_closes_the_connection)
{
        daemon_sends(garbage[_i].bytes, garbage[_i].n_bytes);
        ck_assert_int_eq(shutdown(daemon_fd, SHUT_WR), 0);

        ck_assert_int_eq(conn_add(&adder_add), garbage[_i].status);

        assert_conn_error(garbage[_i].status, garbage[_i].text);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(memory_is_not_spent_on_announced_bytes)
{
        FrameHeader header = result_header(0);
        uint8_t bytes[FRAME_HEADER_SIZE];

        header.n_payload = LIMIT;
        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes));
        ck_assert_int_eq(shutdown(daemon_fd, SHUT_WR), 0);

        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_UNREACHABLE);
        ck_assert_uint_lt(conn.in.n_allocated, 64u * 1024u);
}
END_TEST

START_TEST(a_deadline_that_passed_ends_the_call)
{
        ck_assert_int_eq(conn_invoke(&conn, &adder_add, deadline_in(0), &value, &error),
                         PYROPE_E_TIMEOUT);

        assert_conn_error(PYROPE_E_TIMEOUT, "no answer in time");
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(a_deadline_ends_half_an_answer_too)
{
        daemon_sends("PYRO\1\xf6", 6);

        ck_assert_int_eq(conn_invoke(&conn, &adder_add, deadline_in(1), &value, &error),
                         PYROPE_E_TIMEOUT);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(a_daemon_that_does_not_read_ends_the_call_by_the_deadline)
{
        CLEANUP(buffer_deinit) Buffer args = BUFFER_INIT(LIMIT);
        static const uint8_t large[LIMIT / 2];
        ConnCall with_arguments = adder_add;
        int n_send_buffer = 4096;

        ck_assert_int_eq(
                setsockopt(conn.fd, SOL_SOCKET, SO_SNDBUF, &n_send_buffer, sizeof(n_send_buffer)),
                0);
        ck_assert_int_eq(codec_pack_list(&args, 1), 0);
        ck_assert_int_eq(codec_pack_bytes(&args, large, sizeof(large)), 0);
        ck_assert_int_eq(codec_check(args.data, args.n, &with_arguments.args), 0);

        ck_assert_int_eq(conn_invoke(&conn, &with_arguments, deadline_in(1), &value, &error),
                         PYROPE_E_TIMEOUT);
}
END_TEST

START_TEST(a_daemon_that_hung_up_is_unreachable)
{
        daemon_hangs_up();

        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_UNREACHABLE);
        assert_conn_error(PYROPE_E_UNREACHABLE, "hung up");
        ck_assert(!conn_is_open(&conn));
}

START_TEST(what_a_daemon_said_before_it_hung_up_is_heard)
{
        daemon_answers(result_header(FRAME_EXCEPTION), BYTES("\xa3why"));
        daemon_hangs_up();

        ck_assert_int_eq(conn_add(&adder_add), PYROPE_E_REMOTE);
        assert_conn_error(PYROPE_E_REMOTE, "an exception of no known form");
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(a_oneway_call_to_a_daemon_that_hung_up_is_told)
{
        ConnCall oneway = adder_add;

        oneway.flags = FRAME_ONEWAY;
        daemon_hangs_up();

        ck_assert_int_eq(conn_invoke(&conn, &oneway, DEADLINE_NONE, NULL, &error),
                         PYROPE_E_UNREACHABLE);
        assert_conn_error(PYROPE_E_UNREACHABLE, "hung up");
        ck_assert(!conn_is_open(&conn));
}
END_TEST

static int n_sent_on;

/* A daemon that has one more byte whenever it is asked. */
static void *send_steadily(void *unused)
{
        (void)unused;
        while (send(daemon_fd, "x", 1, MSG_NOSIGNAL) == 1)
                n_sent_on++;
        return NULL;
}

START_TEST(a_deadline_ends_an_answer_that_never_pauses)
{
        const FrameHeader header = {
                .type = FRAME_RESULT, .serializer = 4, .seq = 1, .n_payload = LIMIT
        };
        uint8_t bytes[FRAME_HEADER_SIZE];
        pthread_t thread;

        frame_header_write(&header, bytes);
        daemon_sends(bytes, sizeof(bytes)); /* before the deadline can pass */
        ck_assert_int_eq(pthread_create(&thread, NULL, send_steadily, NULL), 0);
        ck_assert_int_eq(conn_invoke(&conn, &adder_add, deadline_in(5), &value, &error),
                         PYROPE_E_TIMEOUT);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);

        ck_assert(!conn_is_open(&conn));
        ck_assert_int_lt(n_sent_on, LIMIT);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn-broken");
        TCase *tcase = tcase_create("conn-broken");

        tcase_add_checked_fixture(tcase, conn_set_up, conn_tear_down);
        tcase_add_loop_test(tcase, a_broken_answer_closes_the_connection, 0, ARRAY_SIZE(broken));
        tcase_add_loop_test(tcase, what_is_no_frame_closes_the_connection, 0, ARRAY_SIZE(garbage));
        tcase_add_test(tcase, memory_is_not_spent_on_announced_bytes);
        tcase_add_test(tcase, a_deadline_that_passed_ends_the_call);
        tcase_add_test(tcase, a_deadline_ends_half_an_answer_too);
        tcase_add_test(tcase, a_deadline_ends_an_answer_that_never_pauses);
        tcase_add_test(tcase, a_daemon_that_does_not_read_ends_the_call_by_the_deadline);
        tcase_add_test(tcase, a_daemon_that_hung_up_is_unreachable);
        tcase_add_test(tcase, what_a_daemon_said_before_it_hung_up_is_heard);
        tcase_add_test(tcase, a_oneway_call_to_a_daemon_that_hung_up_is_told);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
