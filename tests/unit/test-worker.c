/* SPDX-License-Identifier: MIT */

/*
 * Calls through the sockets of a running daemon: what runs beside what, what waits, what is
 * answered when.
 */

#include "broker/schedule.h"

#include "tests/unit/busy-daemon.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

static bool has_answer(const WireClient *client)
{
        struct pollfd pollfd = { .fd = client->fd, .events = POLLIN };

        return poll(&pollfd, 1, 0) == 1;
}

/* -- one connection --------------------------------------------------------------------------- */

START_TEST(one_connection_may_call_all_objects_many_times)
{
        WireClient client = busy_open("a");

        for (int i = 0; i < 1000; i++)
                busy_expect_echo(&client, i % 2 ? "a" : "all", i);
        wire_close(&client);
}
END_TEST

START_TEST(requests_in_one_segment_are_answered_in_order)
{
        enum { N = 1500 }; /* more bytes than a buffer has, so frames are cut somewhere */
        CLEANUP(buffer_deinit) Buffer frames = BUFFER_INIT(SIZE_MAX);
        WireClient client = busy_open("a");

        for (int i = 1; i <= N; i++)
                wire_frame(&frames, FRAME_INVOKE, 0, (uint16_t)i, "[ss[i]n]", i % 2 ? "a" : "b",
                           "echo", i);
        wire_send_bytes(&client, frames.data, frames.n);
        for (int i = 1; i <= N; i++) {
                client.seq = (uint16_t)i;
                wire_expect_int(&client, i);
        }
        wire_close(&client);
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        WireClient client = busy_open("a");

        wire_frame(&frame, FRAME_INVOKE, 0, 7, "[ss[i]n]", "a", "echo", 7);
        for (size_t i = 0; i < frame.n; i++)
                wire_send_bytes(&client, frame.data + i, 1);
        client.seq = 7;
        wire_expect_int(&client, 7);
        wire_close(&client);
}
END_TEST

START_TEST(large_messages_go_both_ways_whole)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client = busy_open("a");
        const int n = 5000000;
        const void *got = NULL;
        size_t n_got = 0;
        char *bytes = calloc(1, (size_t)n);

        wire_invoke(&client, 0, "a", "size", "[y]", bytes, (size_t)n);
        wire_expect_int(&client, n);
        wire_invoke(&client, 0, "a", "fill", "[i]", n);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(pyrope_get_bytes(answer.payload, &got, &n_got), PYROPE_OK);
        ck_assert_uint_eq(n_got, (size_t)n);
        for (int i = 0; i < n; i++)
                bytes[i] = (char)i;
        ck_assert(memcmp(got, bytes, (size_t)n) == 0);
        busy_expect_echo(&client, "a", 1);
        free(bytes);
        wire_close(&client);
}
END_TEST

/* A header with the payload's length, and nothing more. */
static void send_header(WireClient *client, FrameType type, uint32_t n_payload)
{
        const FrameHeader header = {
                .type = type,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .n_payload = n_payload,
        };
        uint8_t bytes[FRAME_HEADER_SIZE];

        frame_header_write(&header, bytes);
        wire_send_bytes(client, bytes, sizeof(bytes));
}

static void expect_any(WireClient *client, FrameType type)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

        ck_assert(wire_receive(client, &answer));
        ck_assert_int_eq(answer.header.type, type);
}

START_TEST(a_message_above_the_limit_is_refused_before_it_came_and_ends_the_connection)
{
        WireClient client = busy_open("a");

        send_header(&client, FRAME_INVOKE, BUSY_MESSAGE_MAX + 1);
        wire_expect_exception(&client, "Pyro5.errors.ProtocolError",
                              "the call has 8388609 bytes, the daemon takes 8388608");
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

START_TEST(a_message_at_the_limit_is_taken)
{
        /* The list of 4, "a", "size", the list of 1, head of the bytes, nil. */
        const size_t n = BUSY_MESSAGE_MAX - 1 - 2 - 5 - 1 - 5 - 1;
        WireClient client = busy_open("a");
        char *bytes = calloc(1, n);

        wire_invoke(&client, 0, "a", "size", "[y]", bytes, n);
        wire_expect_int(&client, (int64_t)n);
        free(bytes);
        wire_close(&client);
}
END_TEST

START_TEST(what_comes_out_of_turn_ends_the_connection)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        WireClient client = busy_open("a");

        wire_frame(&frame, FRAME_CONNECT, 0, 0, "{s:s,s:s}", "handshake", "", "object", "a");
        wire_send_bytes(&client, frame.data, frame.n);
        wire_expect_end(&client);
        wire_close(&client);

        client = wire_connect(busy.path);
        wire_send_bytes(&client, "GET / HTTP/1.0\r\n\r\n                                 ", 50);
        wire_close(&client);
        client = busy_open("a");
        busy_expect_echo(&client, "a", 5);
        wire_close(&client);
}
END_TEST

START_TEST(a_handshake_that_fails_is_told_and_then_the_connection_ends)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        WireClient client = wire_connect(busy.path);

        wire_frame(&frame, FRAME_CONNECT, 0, 3, "{s:s,s:s}", "handshake", "", "object", "zz");
        wire_send_bytes(&client, frame.data, frame.n);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_CONNECTFAIL);
        ck_assert(pyrope_str_equals(answer.payload, "unknown object"));
        wire_expect_end(&client);
        wire_close(&client);
}
END_TEST

START_TEST(one_who_hangs_up_at_any_place_harms_nobody)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        WireClient client;

        wire_frame(&frame, FRAME_INVOKE, 0, 1, "[ss[i]n]", "a", "fill", 100000);
        for (size_t n = 0; n <= frame.n; n++) {
                client = busy_open("a");
                wire_send_bytes(&client, frame.data, n);
                wire_close(&client);
        }
        client = busy_open("a");
        busy_expect_echo(&client, "a", 6);
        wire_close(&client);
}
END_TEST

/* -- many connections ------------------------------------------------------------------------- */

START_TEST(calls_that_take_long_hold_up_nothing_else)
{
        /* As many as may run at once, and one more on an object of its own. */
        static const char *const objects[BUSY_WORKERS_MAX + 1] = { "a", "b", "c", "d", "e" };
        WireClient slow[BUSY_WORKERS_MAX + 1];
        WireClient client;

        for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
                slow[i] = busy_open(objects[i]);
                wire_invoke(&slow[i], 0, objects[i], "hold", "[i]", (int)i);
        }
        for (size_t i = 0; i < BUSY_WORKERS_MAX; i++)
                busy_wait(&busy.entered);

        client = busy_open("f"); /* connections, metadata and the daemon's own object */
        wire_invoke(&client, 0, "Pyro.Daemon", "ping", "[]");
        expect_any(&client, FRAME_RESULT);
        send_header(&client, FRAME_PING, 0);
        expect_any(&client, FRAME_PING);

        for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
                sem_post(&busy.released);
        for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
                wire_expect_int(&slow[i], (int)i);
                wire_close(&slow[i]);
        }
        wire_close(&client);
}
END_TEST

START_TEST(other_objects_answer_while_one_is_busy)
{
        WireClient slow = busy_open("a");
        WireClient client = busy_open("b");

        wire_invoke(&slow, 0, "a", "hold", "[i]", 1);
        busy_wait(&busy.entered);
        for (int i = 0; i < 100; i++)
                busy_expect_echo(&client, i % 2 ? "b" : "all", i);
        ck_assert(!has_answer(&slow));
        sem_post(&busy.released);
        wire_expect_int(&slow, 1);
        wire_close(&slow);
        wire_close(&client);
}
END_TEST

/* Far more callers than threads, all for one object. */
START_TEST(calls_of_a_serial_object_run_one_by_one_and_all_are_answered)
{
        enum { N = 100 };
        WireClient clients[N];

        for (int i = 0; i < N; i++) {
                clients[i] = busy_open("a");
                wire_invoke(&clients[i], 0, "a", "hold", "[i]", i);
        }
        for (int i = 0; i < N; i++) {
                busy_wait(&busy.entered);
                ck_assert_int_eq(busy.n_inside, 1);
                sem_post(&busy.released);
        }
        for (int i = 0; i < N; i++) {
                wire_expect_int(&clients[i], i);
                busy_expect_echo(&clients[i], "a", i); /* and go on */
                wire_close(&clients[i]);
        }
        ck_assert_int_eq(busy.n_inside_most, 1);
}
END_TEST

START_TEST(calls_of_a_concurrent_object_run_side_by_side)
{
        WireClient clients[BUSY_WORKERS_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
                clients[i] = busy_open("all");
                wire_invoke(&clients[i], 0, "all", "hold", "[i]", (int)i);
        }
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
                busy_wait(&busy.entered); /* all are inside before the first goes on */
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
                sem_post(&busy.released);
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
                wire_expect_int(&clients[i], (int)i);
                wire_close(&clients[i]);
        }
}
END_TEST

/* As methods do that call objects of their own daemon: the last call ends all of them. */
START_TEST(calls_that_wait_for_others_get_through)
{
        WireClient waiting[BUSY_WORKERS_MAX];
        WireClient client = busy_open("b");

        for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
                waiting[i] = busy_open("all");
                wire_invoke(&waiting[i], 0, "all", "hold", "[i]", (int)i);
                busy_wait(&busy.entered);
        }
        for (int i = 0; i < 3; i++)
                busy_expect_echo(&client, "b", i);

        for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
                sem_post(&busy.released);
        for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
                wire_expect_int(&waiting[i], (int)i);
                wire_close(&waiting[i]);
        }
        wire_close(&client);
}
END_TEST

START_TEST(requests_behind_a_waiting_one_keep_their_order)
{
        CLEANUP(buffer_deinit) Buffer frames = BUFFER_INIT(SIZE_MAX);
        WireClient slow = busy_open("a");
        WireClient client = busy_open("a");

        wire_invoke(&slow, 0, "a", "hold", "[i]", 0);
        busy_wait(&busy.entered);
        for (int i = 1; i <= 50; i++)
                wire_frame(&frames, FRAME_INVOKE, 0, (uint16_t)i, "[ss[i]n]", i % 3 ? "a" : "b",
                           "echo", i);
        wire_send_bytes(&client, frames.data, frames.n);
        sem_post(&busy.released);
        for (int i = 1; i <= 50; i++) {
                client.seq = (uint16_t)i;
                wire_expect_int(&client, i);
        }
        wire_expect_int(&slow, 0);
        wire_close(&slow);
        wire_close(&client);
}
END_TEST

/* What must wait is kept whole, and what came behind it is not lost. */
START_TEST(large_calls_may_wait_too)
{
        enum { N = 3000000 };
        WireClient slow = busy_open("a");
        WireClient client = busy_open("a");
        WireClient sender = busy_open("a");
        char *bytes = calloc(1, N);

        wire_invoke(&slow, 0, "a", "hold", "[i]", 0);
        busy_wait(&busy.entered);
        wire_invoke(&client, 0, "a", "size", "[y]", bytes, (size_t)N);
        wire_invoke(&client, 0, "a", "size", "[y]", bytes, (size_t)1);
        wire_invoke(&sender, FRAME_ONEWAY, "a", "size", "[y]", bytes, (size_t)N);
        wire_invoke(&sender, FRAME_ONEWAY, "a", "note", "[i]", 7);
        wire_invoke(&sender, 0, "b", "size", "[y]", bytes, (size_t)2);
        wire_expect_int(&sender, 2); /* it is not held up by what it sent off */
        ck_assert_int_eq(busy.n_noted, 0);
        sem_post(&busy.released);
        client.seq = 1;
        wire_expect_int(&client, N);
        client.seq = 2;
        wire_expect_int(&client, 1);
        busy_wait(&busy.noted);
        free(bytes);
        wire_close(&slow);
        wire_close(&client);
        wire_close(&sender);
}
END_TEST

START_TEST(one_who_does_not_read_is_not_read_from_and_misses_nothing)
{
        enum { N = 60, BYTES = 1000000 };
        CLEANUP(buffer_deinit) Buffer frames = BUFFER_INIT(SIZE_MAX);
        WireClient greedy = busy_open("a");
        WireClient client = busy_open("a");

        for (int i = 1; i <= N; i++)
                wire_frame(&frames, FRAME_INVOKE, 0, (uint16_t)i, "[ss[i]n]", "a", "fill", BYTES);
        wire_send_bytes(&greedy, frames.data, frames.n);
        for (int i = 0; i < 100; i++)
                busy_expect_echo(&client, "a",
                                 i); /* the object is not held by the blocked answer */
        for (int i = 1; i <= N; i++) {
                CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };

                ck_assert(wire_receive(&greedy, &answer));
                ck_assert_uint_eq(answer.header.seq, i);
                ck_assert_uint_eq(pyrope_count(answer.payload), BYTES);
        }
        wire_close(&greedy);
        wire_close(&client);
}
END_TEST

START_TEST(one_who_does_not_read_and_hangs_up_is_forgotten)
{
        WireClient greedy = busy_open("a");

        wire_invoke(&greedy, 0, "a", "fill", "[i]", 5000000);
        while (!has_answer(&greedy))
                poll(NULL, 0, 1);
        wire_close(&greedy);
        greedy = busy_open("a");
        busy_expect_echo(&greedy, "a", 1);
        wire_close(&greedy);
}
END_TEST

/* A call that nobody answers, small to send and long to read. */
static void append_costly_frame(Buffer *frames)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(SIZE_MAX);
        static const uint8_t zeros[100000];
        FrameHeader header = {
                .type = FRAME_INVOKE,
                .serializer = FRAME_SERIALIZER_MSGPACK,
                .flags = FRAME_ONEWAY | FRAME_COMPRESSED,
        };
        uint8_t bytes[FRAME_HEADER_SIZE + 2000];
        uLongf n_payload = 2000;

        wire_frame(&plain, FRAME_INVOKE, 0, 0, "[ss[y]n]", "nobody", "nothing", zeros,
                   sizeof(zeros));
        ck_assert_int_eq(compress(bytes + FRAME_HEADER_SIZE, &n_payload,
                                  plain.data + FRAME_HEADER_SIZE, plain.n - FRAME_HEADER_SIZE),
                         Z_OK);
        header.n_payload = (uint32_t)n_payload;
        frame_header_write(&header, bytes);
        ck_assert_int_eq(buffer_append(frames, bytes, FRAME_HEADER_SIZE + n_payload), 0);
}

static sem_t flooded; /* there is more to read than is read at once */

/* Sends such calls so that there is always one more to read. */
static void *flood(void *userdata)
{
        CLEANUP(buffer_deinit) Buffer frames = BUFFER_INIT(SIZE_MAX);
        const int *fd = userdata;

        for (int i = 0; i < 100; i++)
                append_costly_frame(&frames);
        for (int n = 0; send(*fd, frames.data, frames.n, MSG_NOSIGNAL) == (ssize_t)frames.n; n++)
                if (n == 10)
                        sem_post(&flooded);
        return NULL;
}

/* All threads but one run calls; one peer keeps that one busy, and others must get on. */
START_TEST(one_who_floods_leaves_room_for_others)
{
        WireClient slow[BUSY_WORKERS_MAX];
        WireClient flooder = busy_open("a");
        WireClient client;
        pthread_t thread;

        for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
                slow[i] = busy_open("all");
                wire_invoke(&slow[i], 0, "all", "hold", "[i]", (int)i);
                busy_wait(&busy.entered);
        }
        ck_assert_int_eq(fcntl(flooder.fd, F_SETFL, 0), 0);
        sem_init(&flooded, 0, 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, flood, &flooder.fd), 0);
        busy_wait(&flooded);
        for (int i = 0; i < 10; i++) {
                client = busy_open("b");
                wire_invoke(&client, 0, "Pyro.Daemon", "ping", "[]");
                expect_any(&client, FRAME_RESULT);
                wire_close(&client);
        }
        ck_assert_int_eq(shutdown(flooder.fd, SHUT_RDWR), 0);
        pthread_join(thread, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(slow); i++)
                sem_post(&busy.released);
        for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
                wire_expect_int(&slow[i], (int)i);
                wire_close(&slow[i]);
        }
        wire_close(&flooder);
}
END_TEST

/* -- oneway ----------------------------------------------------------------------------------- */

START_TEST(an_oneway_call_is_done_even_if_the_sender_hangs_up_at_once)
{
        for (int i = 0; i < 200; i++) {
                WireClient client = busy_open("a");

                wire_invoke(&client, FRAME_ONEWAY, "a", "note", "[i]", i);
                wire_close(&client);
        }
        for (int i = 0; i < 200; i++)
                busy_wait(&busy.noted);
        ck_assert_int_eq(busy.n_noted, 200);
}
END_TEST

START_TEST(oneway_calls_of_one_sender_keep_their_order)
{
        WireClient client = busy_open("a");

        for (int i = 0; i < 3000; i++)
                wire_invoke(&client, FRAME_ONEWAY, "a", "note", "[i]", i);
        busy_expect_echo(&client, "a", 1);
        ck_assert_int_eq(busy.n_noted, 3000); /* the call with an answer came behind them all */
        for (int i = 0; i < 3000; i++)
                ck_assert_int_eq(busy.notes[i], i);
        wire_close(&client);
}
END_TEST

/* Beyond the limit their sender waits with them, and all are done nevertheless. */
START_TEST(more_oneway_calls_than_may_wait_are_all_done)
{
        enum { N = SCHEDULE_ONEWAY_MAX + 900 };
        CLEANUP(buffer_deinit) Buffer frames = BUFFER_INIT(SIZE_MAX);
        WireClient slow = busy_open("a");
        WireClient client = busy_open("a");

        wire_invoke(&slow, 0, "a", "hold", "[i]", 0);
        busy_wait(&busy.entered);
        for (int i = 0; i < (int)N; i++)
                wire_frame(&frames, FRAME_INVOKE, FRAME_ONEWAY, (uint16_t)i, "[ss[i]n]", "a",
                           "note", i);
        wire_send_bytes(&client, frames.data, frames.n);
        sem_post(&busy.released);
        busy_expect_echo(&client, "a", 1);
        ck_assert_int_eq(busy.n_noted, N);
        for (int i = 0; i < (int)N; i++)
                ck_assert_int_eq(busy.notes[i], i);
        wire_close(&slow);
        wire_close(&client);
}
END_TEST

START_TEST(an_oneway_call_does_not_hold_up_the_next)
{
        WireClient client = busy_open("a");

        wire_invoke(&client, FRAME_ONEWAY, "a", "hold", "[i]", 1);
        busy_wait(&busy.entered);
        busy_expect_echo(&client, "b", 2);
        sem_post(&busy.released);
        busy_expect_echo(&client, "a", 3);
        wire_close(&client);
}
END_TEST

START_TEST(an_oneway_call_is_never_answered)
{
        WireClient client = busy_open("a");

        wire_invoke(&client, FRAME_ONEWAY, "a", "echo", "[i]", 1);
        wire_invoke(&client, FRAME_ONEWAY, "a", "echo", "[]");
        wire_invoke(&client, FRAME_ONEWAY, "a", "no_such", "[]");
        wire_invoke(&client, FRAME_ONEWAY, "no such object", "echo", "[]");
        wire_invoke(&client, FRAME_ONEWAY, "Pyro.Daemon", "ping", "[]");
        wire_invoke(&client, FRAME_ONEWAY | FRAME_BATCH, "a", "<batch>", "[[s[i]n]]", "note", 1);
        busy_expect_echo(&client, "a",
                         2); /* checks that the first answer is that of the last request */
        ck_assert_int_eq(busy.n_noted, 1);
        wire_close(&client);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker");
        TCase *one = tcase_create("one connection");
        TCase *many = tcase_create("many connections");
        TCase *oneway = tcase_create("oneway");

        tcase_add_checked_fixture(one, busy_setup, busy_teardown);
        tcase_add_test(one, one_connection_may_call_all_objects_many_times);
        tcase_add_test(one, requests_in_one_segment_are_answered_in_order);
        tcase_add_test(one, a_request_may_come_byte_by_byte);
        tcase_add_test(one, large_messages_go_both_ways_whole);
        tcase_add_test(one,
                       a_message_above_the_limit_is_refused_before_it_came_and_ends_the_connection);
        tcase_add_test(one, a_message_at_the_limit_is_taken);
        tcase_add_test(one, what_comes_out_of_turn_ends_the_connection);
        tcase_add_test(one, a_handshake_that_fails_is_told_and_then_the_connection_ends);
        tcase_add_test(one, one_who_hangs_up_at_any_place_harms_nobody);
        tcase_add_checked_fixture(many, busy_setup, busy_teardown);
        tcase_add_test(many, calls_that_take_long_hold_up_nothing_else);
        tcase_add_test(many, other_objects_answer_while_one_is_busy);
        tcase_add_test(many, calls_of_a_serial_object_run_one_by_one_and_all_are_answered);
        tcase_add_test(many, calls_of_a_concurrent_object_run_side_by_side);
        tcase_add_test(many, calls_that_wait_for_others_get_through);
        tcase_add_test(many, requests_behind_a_waiting_one_keep_their_order);
        tcase_add_test(many, large_calls_may_wait_too);
        tcase_add_test(many, one_who_does_not_read_is_not_read_from_and_misses_nothing);
        tcase_add_test(many, one_who_does_not_read_and_hangs_up_is_forgotten);
        tcase_add_test(many, one_who_floods_leaves_room_for_others);
        tcase_add_checked_fixture(oneway, busy_setup, busy_teardown);
        tcase_add_test(oneway, an_oneway_call_is_done_even_if_the_sender_hangs_up_at_once);
        tcase_add_test(oneway, oneway_calls_of_one_sender_keep_their_order);
        tcase_add_test(oneway, more_oneway_calls_than_may_wait_are_all_done);
        tcase_add_test(oneway, an_oneway_call_does_not_hold_up_the_next);
        tcase_add_test(oneway, an_oneway_call_is_never_answered);
        suite_add_tcase(suite, one);
        suite_add_tcase(suite, many);
        suite_add_tcase(suite, oneway);
        return unit_run(suite);
}
