/* SPDX-License-Identifier: MIT */

/*
 * What peers of a running daemon hear whose user has more than his part, and that he gets it back.
 * A user has the limits that the daemon had when he came first.
 */

#include "broker/daemon.h"

#include "tests/unit/busy-daemon.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <stdio.h>

#define PART_BYTES (1u << 20) /* of frames in the tests; their memory is at most twice that */

static char text[QUOTA_TEXT_SIZE];

/* What such a refusal reads for our own user. */
static const char *refusal(QuotaKind kind)
{
        const QuotaUser user = { .uid = geteuid(), .quota = &busy.daemon->quota };

        quota_refusal(&user, kind, text);
        return text;
}

/* Others may still be hanging up. */
static void await_idle(void)
{
        while (!quota_is_idle(&busy.daemon->quota))
                poll(NULL, 0, 1);
}

static uint64_t bytes_held(void)
{
        Quota *quota = &busy.daemon->quota;
        uint64_t left = quota->max[QUOTA_BYTES];

        pthread_mutex_lock(&quota->lock);
        if (quota->users)
                left = quota->users->left[QUOTA_BYTES];
        pthread_mutex_unlock(&quota->lock);
        return quota->max[QUOTA_BYTES] - left;
}

static void await_bytes(uint64_t min, uint64_t max)
{
        while (bytes_held() < min || bytes_held() > max)
                poll(NULL, 0, 1);
}

/* -- connections ------------------------------------------------------------------------------ */

static void expect_connectfail(const char *expected)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client = wire_connect(busy.path);

        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_CONNECTFAIL);
        ck_assert(pyrope_str_equals(answer.payload, expected));
        wire_expect_end(&client);
        wire_close(&client);
}

START_TEST(connections_above_the_quota_are_told_and_later_ones_let_in)
{
        char expected[QUOTA_TEXT_SIZE];
        WireClient clients[3];

        busy.daemon->quota.n_connections_max = ARRAY_SIZE(clients);
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
                clients[i] = busy_open("a");
        (void)snprintf(expected, sizeof(expected), "user %u has 3 connections, that is the limit",
                       (unsigned)geteuid());
        expect_connectfail(expected);
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
                busy_expect_echo(&clients[i], "a", (int)i);
                wire_close(&clients[i]);
        }
        await_idle();
        clients[0] = busy_open("a");
        busy_expect_echo(&clients[0], "a", 7);
        wire_close(&clients[0]);
        await_idle();
}
END_TEST

/* -- calls ------------------------------------------------------------------------------------ */

static uint64_t calls_held(void)
{
        Quota *quota = &busy.daemon->quota;

        return quota->max[QUOTA_CALLS] - quota->users->left[QUOTA_CALLS];
}

START_TEST(a_call_above_the_quota_is_refused_and_its_connection_goes_on)
{
        enum { N = 3 };
        WireClient running;
        WireClient waiting[N];
        WireClient refused;

        busy.daemon->quota.max[QUOTA_CALLS] = N;
        running = busy_open("a");
        refused = busy_open("a");
        wire_invoke(&running, 0, "a", "hold", "[i]", 0);
        busy_wait(&busy.entered);
        for (size_t i = 0; i < N; i++) {
                waiting[i] = busy_open("a");
                wire_invoke(&waiting[i], 0, "a", "echo", "[i]", (int)i);
        }
        while (calls_held() < N)
                poll(NULL, 0, 1);
        wire_invoke(&refused, 0, "a", "echo", "[i]", 9);
        wire_expect_exception(&refused, "builtins.MemoryError", refusal(QUOTA_CALLS));
        busy_expect_echo(&refused, "b", 1);
        wire_invoke(&refused, FRAME_ONEWAY, "a", "note", "[i]", 1);
        wire_expect_end(&refused);
        sem_post(&busy.released);
        wire_expect_int(&running, 0);
        for (size_t i = 0; i < N; i++) {
                wire_expect_int(&waiting[i], (int64_t)i);
                wire_close(&waiting[i]);
        }
        busy_expect_echo(&running, "a", 2);
        wire_close(&running);
        wire_close(&refused);
        await_idle();
}
END_TEST

/* -- bytes ------------------------------------------------------------------------------------ */

/* The beginning of a call, all but a byte. */
static void send_part(WireClient *client)
{
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        char *bytes = calloc(1, PART_BYTES);

        client->seq++;
        wire_frame(&frame, FRAME_INVOKE, 0, client->seq, "[ss[y]n]", "b", "size", bytes,
                   (size_t)PART_BYTES);
        wire_send_bytes(client, frame.data, frame.n - 1);
        free(bytes);
}

static void send_last_byte(WireClient *client)
{
        wire_send_bytes(client, "\xc0", 1);
}

START_TEST(a_frame_above_the_quota_is_refused_and_others_come_whole)
{
        WireClient first;
        WireClient second;

        busy.daemon->quota.max[QUOTA_BYTES] = 3 * PART_BYTES;
        first = busy_open("a");
        second = busy_open("a");
        send_part(&first);
        await_bytes(PART_BYTES, UINT64_MAX);
        send_part(&second);
        wire_expect_exception(&second, "Pyro5.errors.ProtocolError", refusal(QUOTA_BYTES));
        wire_expect_end(&second);
        wire_close(&second);
        send_last_byte(&first);
        wire_expect_int(&first, PART_BYTES);
        await_bytes(0, 0);
        wire_close(&first);
        await_idle();
}
END_TEST

START_TEST(a_call_that_waits_counts_with_its_bytes)
{
        WireClient running;
        WireClient waiting;
        WireClient refused;

        busy.daemon->quota.max[QUOTA_BYTES] = 3 * PART_BYTES;
        running = busy_open("b");
        waiting = busy_open("b");
        refused = busy_open("b");
        wire_invoke(&running, 0, "b", "hold", "[i]", 0);
        busy_wait(&busy.entered);
        send_part(&waiting);
        send_last_byte(&waiting);
        while (calls_held() < 1)
                poll(NULL, 0, 1);
        ck_assert_uint_ge(bytes_held(), PART_BYTES);
        send_part(&refused);
        wire_expect_exception(&refused, "Pyro5.errors.ProtocolError", refusal(QUOTA_BYTES));
        wire_expect_end(&refused);
        sem_post(&busy.released);
        wire_expect_int(&running, 0);
        wire_expect_int(&waiting, PART_BYTES);
        await_bytes(0, 0);
        wire_close(&running);
        wire_close(&waiting);
        wire_close(&refused);
        await_idle();
}
END_TEST

START_TEST(an_answer_above_the_quota_becomes_an_exception)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        const int n = 2 * PART_BYTES;
        WireClient deaf;
        WireClient client;

        busy.daemon->quota.max[QUOTA_BYTES] = 3 * PART_BYTES;
        deaf = busy_open("a");
        client = busy_open("b");
        wire_invoke(&deaf, 0, "a", "fill", "[i]", n);
        await_bytes((uint64_t)n, UINT64_MAX);
        wire_invoke(&client, 0, "b", "fill", "[i]", n);
        wire_expect_exception(&client, "builtins.MemoryError", refusal(QUOTA_BYTES));
        busy_expect_echo(&client, "b", 1);
        ck_assert(wire_receive(&deaf, &answer));
        ck_assert_uint_eq(pyrope_count(answer.payload), (size_t)n);
        await_bytes(0, 0);
        wire_answer_deinit(&answer);
        wire_invoke(&client, 0, "b", "fill", "[i]", n);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_uint_eq(pyrope_count(answer.payload), (size_t)n);
        wire_close(&deaf);
        wire_close(&client);
        await_idle();
}
END_TEST

START_TEST(who_hangs_up_leaves_nothing_behind)
{
        WireClient clients[5];

        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
                clients[i] = busy_open("a");
        wire_invoke(&clients[0], 0, "a", "hold", "[i]", 1);
        busy_wait(&busy.entered);
        wire_invoke(&clients[1], 0, "a", "echo", "[i]", 1);
        wire_invoke(&clients[2], FRAME_ONEWAY, "a", "note", "[i]", 1);
        send_part(&clients[3]);
        wire_invoke(&clients[4], 0, "b", "fill", "[i]", 2 * PART_BYTES);
        while (calls_held() < 2 || bytes_held() < 3 * PART_BYTES)
                poll(NULL, 0, 1);
        for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
                wire_close(&clients[i]);
        sem_post(&busy.released);
        busy_wait(&busy.noted);
        await_idle();
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker-quota");
        TCase *tcase = tcase_create("quota");

        tcase_add_checked_fixture(tcase, busy_setup, busy_teardown);
        tcase_add_test(tcase, connections_above_the_quota_are_told_and_later_ones_let_in);
        tcase_add_test(tcase, a_call_above_the_quota_is_refused_and_its_connection_goes_on);
        tcase_add_test(tcase, a_frame_above_the_quota_is_refused_and_others_come_whole);
        tcase_add_test(tcase, a_call_that_waits_counts_with_its_bytes);
        tcase_add_test(tcase, an_answer_above_the_quota_becomes_an_exception);
        tcase_add_test(tcase, who_hangs_up_leaves_nothing_behind);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
