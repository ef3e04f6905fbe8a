/* SPDX-License-Identifier: MIT */

/* Large messages through the sockets of a running daemon, and what becomes of what was lent. */

#include "base/clock.h"
#include "proto/conn.h"
#include "proto/value.h"
#include "tests/unit/busy-daemon.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define LARGE 5000000

static void expect_pattern(pyrope_view item, size_t n)
{
        const void *bytes = NULL;
        size_t n_bytes = 0;
        size_t n_wrong = 0;

        ck_assert_int_eq(pyrope_get_bytes(item, &bytes, &n_bytes), PYROPE_OK);
        ck_assert_uint_eq(n_bytes, n);
        for (size_t i = 0; i < n; i++)
                n_wrong += ((const uint8_t *)bytes)[i] != (uint8_t)i;
        ck_assert_uint_eq(n_wrong, 0);
}

static void expect_none_given(void)
{
        int n;

        ck_assert_int_eq(sem_getvalue(&busy.given, &n), 0);
        ck_assert_int_eq(n, 0);
}

START_TEST(what_is_lent_is_sent_whole_and_released)
{
        static const int sizes[] = { 0, 1, 65535, 65536, 65537, LARGE, BUSY_MESSAGE_MAX - 5 };
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client = busy_open("a");

        wire_invoke(&client, 0, "a", "lend", "[i]", sizes[_i]);
        ck_assert(wire_receive(&client, &answer));
        expect_pattern(answer.payload, (size_t)sizes[_i]);
        busy_wait(&busy.given);
        busy_expect_echo(&client, "a", 1);
        expect_none_given();
        wire_close(&client);
}
END_TEST

/* Takes the header of an answer that is larger than any socket holds, and no more. */
static WireClient begin_large(const char *object)
{
        WireClient client = busy_open(object);
        struct pollfd pollfd = { .events = POLLIN };
        uint8_t header[FRAME_HEADER_SIZE];

        wire_invoke(&client, 0, object, "lend", "[i]", LARGE);
        pollfd.fd = client.fd;
        ck_assert_int_eq(poll(&pollfd, 1, 60000), 1);
        ck_assert_int_eq(recv(client.fd, header, sizeof(header), 0), sizeof(header));
        return client;
}

START_TEST(what_is_lent_to_one_who_does_not_read_is_released_when_he_hangs_up)
{
        WireClient client = begin_large("a");
        WireClient other = busy_open("b");

        busy_expect_echo(&other, "b", 1);
        busy_expect_echo(&other, "a", 2); /* his object is free, too */
        expect_none_given();
        wire_close(&client);
        busy_wait(&busy.given);
        wire_close(&other);
}
END_TEST

/* As many as calls may run at once: others are still let in. */
START_TEST(those_who_do_not_read_hold_no_thread)
{
        enum { N = BUSY_WORKERS_MAX - 1 };
        WireClient deaf[N];
        WireClient client;

        for (int i = 0; i < N; i++)
                deaf[i] = begin_large("all");
        client = busy_open("b");
        for (int i = 0; i < N; i++)
                wire_close(&deaf[i]);
        for (int i = 0; i < N; i++)
                busy_wait(&busy.given);
        busy_expect_echo(&client, "b", 1);
        wire_close(&client);
}
END_TEST

START_TEST(what_nobody_waits_for_is_released)
{
        WireClient client = busy_open("a");

        wire_invoke(&client, FRAME_ONEWAY, "a", "lend", "[i]", LARGE);
        busy_wait(&busy.given);
        wire_close(&client);
}
END_TEST

START_TEST(what_is_larger_than_a_message_is_released)
{
        WireClient client = busy_open("a");

        wire_invoke(&client, 0, "a", "lend", "[i]", (int)BUSY_MESSAGE_MAX - 4);
        wire_expect_exception(&client, "builtins.RuntimeError",
                              "the result of Serial.lend() has 8388609 bytes, the limit is "
                              "8388608");
        busy_wait(&busy.given);
        wire_close(&client);
}
END_TEST

START_TEST(in_a_batch_it_is_copied)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client = busy_open("a");

        wire_invoke(&client, FRAME_BATCH, "a", "<batch>", "[[s[i]n][s[i]n]]", "lend", 70000, "lend",
                    80000);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_uint_eq(pyrope_count(answer.payload), 2);
        expect_pattern(pyrope_at(answer.payload, 0), 70000);
        expect_pattern(pyrope_at(answer.payload, 1), 80000);
        busy_wait(&busy.given);
        busy_wait(&busy.given);
        wire_close(&client);
}
END_TEST

/* -- our client ------------------------------------------------------------------------------- */

static uint8_t pattern[BUSY_MESSAGE_MAX];

static Conn conn_open(const char *object)
{
        CLEANUP(pyrope_value_freep) pyrope_value *metadata = NULL;
        WireClient client = wire_connect(busy.path);
        Conn conn;

        conn_init(&conn, client.fd, BUSY_MESSAGE_MAX);
        ck_assert_int_eq(conn_connect(&conn, object, DEADLINE_NONE, &metadata, NULL), PYROPE_OK);
        return conn;
}

/* In one piece, and in more of them than one system call takes; with a deadline that is far, near,
 * and none. */
static const struct {
        int n_pieces;
        size_t n;
        int64_t deadline_ms;
} requests[] = {
        { 1, 70000, -1 },   { 1, 8000000, -1 },    { 1, 8000000, 60000 },
        { 100, 80000, -1 }, { 100, 80000, 60000 },
};

START_TEST(a_request_of_pieces_arrives_whole)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        ConnCall call = { .object = "a", .method = "echo" };
        Conn conn = conn_open("a");
        pyrope_view item;

        for (size_t i = 0; i < sizeof(pattern); i++)
                pattern[i] = (uint8_t)i;
        pyrope_write_list(writer, 1);
        pyrope_write_list(writer, (size_t)requests[_i].n_pieces);
        for (int i = 0; i < requests[_i].n_pieces; i++)
                pyrope_write_bytes_lent(writer, pattern, requests[_i].n, NULL, NULL);
        ck_assert_int_eq(writer_finish_parcel(writer, &call.args_parcel), PYROPE_OK);
        ck_assert_uint_eq(call.args_parcel->n_pieces, (size_t)requests[_i].n_pieces);

        ck_assert_int_eq(
                conn_invoke(&conn, &call, deadline_in(requests[_i].deadline_ms), &value, NULL),
                PYROPE_OK);
        ck_assert_uint_eq(pyrope_count(pyrope_value_view(value)), (size_t)requests[_i].n_pieces);
        for (pyrope_iter it = pyrope_each(pyrope_value_view(value)); pyrope_next(&it, NULL, &item);)
                expect_pattern(item, requests[_i].n);
        conn_deinit(&conn);
}
END_TEST

/* Nobody reads: the deadline holds, although the kernel may wait in between. */
START_TEST(a_large_request_to_one_who_does_not_read_ends_in_time)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        ConnCall call = { .object = "a", .method = "echo" };
        pyrope_error *error = NULL;
        int fds[2];
        Conn conn;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        conn_init(&conn, fds[0], BUSY_MESSAGE_MAX);
        pyrope_write_list(writer, 1);
        pyrope_write_bytes_lent(writer, pattern, 8000000, NULL, NULL);
        ck_assert_int_eq(writer_finish_parcel(writer, &call.args_parcel), PYROPE_OK);

        ck_assert_int_eq(conn_invoke(&conn, &call, deadline_in(_i ? 1100 : 10), NULL, &error),
                         PYROPE_E_TIMEOUT);
        ck_assert(!conn_is_open(&conn));
        pyrope_error_free(error);
        conn_deinit(&conn);
        (void)close(fds[1]);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker-lent");
        TCase *server = tcase_create("server");
        TCase *client = tcase_create("client");

        tcase_add_checked_fixture(server, busy_setup, busy_teardown);
        tcase_set_timeout(server, 60);
        tcase_add_loop_test(server, what_is_lent_is_sent_whole_and_released, 0, 7);
        tcase_add_test(server, what_is_lent_to_one_who_does_not_read_is_released_when_he_hangs_up);
        tcase_add_test(server, those_who_do_not_read_hold_no_thread);
        tcase_add_test(server, what_nobody_waits_for_is_released);
        tcase_add_test(server, what_is_larger_than_a_message_is_released);
        tcase_add_test(server, in_a_batch_it_is_copied);
        suite_add_tcase(suite, server);
        tcase_add_checked_fixture(client, busy_setup, busy_teardown);
        tcase_set_timeout(client, 60);
        tcase_add_loop_test(client, a_request_of_pieces_arrives_whole, 0, ARRAY_SIZE(requests));
        tcase_add_loop_test(client, a_large_request_to_one_who_does_not_read_ends_in_time, 0, 2);
        suite_add_tcase(suite, client);
        return unit_run(suite);
}
