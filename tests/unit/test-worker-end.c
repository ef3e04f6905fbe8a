/* SPDX-License-Identifier: MIT */

/*
 * How a running daemon ends, and what it does when descriptors do.
 */

#include "broker/daemon.h"

#include "tests/unit/busy-daemon.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>

static bool has_answer(const WireClient *client)
{
        struct pollfd pollfd = { .fd = client->fd, .events = POLLIN };

        return poll(&pollfd, 1, 0) == 1;
}

/* -- the end ---------------------------------------------------------------------------------- */

/* Whether a call waits behind another. */
static bool has_waiting(const char *id)
{
        Object *object = registry_find(&busy.daemon->registry, id, strlen(id));
        bool r;

        pthread_mutex_lock(&busy.daemon->schedule.lock);
        r = !STAILQ_EMPTY(&object->waiting);
        pthread_mutex_unlock(&busy.daemon->schedule.lock);
        object_unref(object);
        return r;
}

START_TEST(stopping_finishes_what_runs_and_what_waits)
{
        WireClient running = busy_open("a");
        WireClient waiting = busy_open("a");
        WireClient idle = busy_open("b");

        wire_invoke(&running, 0, "a", "hold", "[i]", 1);
        busy_wait(&busy.entered);
        wire_invoke(&waiting, 0, "a", "hold", "[i]", 2);
        while (!has_waiting("a"))
                poll(NULL, 0, 1);
        pyrope_daemon_stop(busy.daemon);
        wire_expect_end(&idle);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, 1), PYROPE_E_TIMEOUT);
        ck_assert_int_ne(access(busy.path, F_OK), 0);
        sem_post(&busy.released);
        sem_post(&busy.released);
        wire_expect_int(&running, 1);
        wire_expect_int(&waiting, 2);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, 60000), PYROPE_OK);
        wire_close(&running);
        wire_close(&waiting);
        wire_close(&idle);
}
END_TEST

START_TEST(a_method_may_stop_the_daemon_and_is_answered)
{
        WireClient client = busy_open("a");

        wire_invoke(&client, 0, "a", "stop", "[]");
        wire_expect_str(&client, "stopping");
        wire_expect_end(&client);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, -1), PYROPE_OK);
        wire_close(&client);
}
END_TEST

START_TEST(an_answer_that_is_only_half_sent_is_finished_before_the_end)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient client = busy_open("a");

        wire_invoke(&client, 0, "a", "fill", "[i]", 5000000);
        while (!has_answer(&client))
                poll(NULL, 0, 1);
        pyrope_daemon_stop(busy.daemon);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, 1), PYROPE_E_TIMEOUT);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_uint_eq(pyrope_count(answer.payload), 5000000);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, -1), PYROPE_OK);
        wire_close(&client);
}
END_TEST

static void *call_all_the_time(void *userdata)
{
        WireClient client = wire_connect(busy.path);
        CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
        WireAnswer answer;
        int *ret_n = userdata;

        wire_frame(&frame, FRAME_CONNECT, 0, 0, "{s:s,s:s}", "handshake", "", "object", "a");
        wire_send_bytes(&client, frame.data, frame.n);
        while (wire_receive(&client, &answer)) {
                wire_answer_deinit(&answer);
                __atomic_add_fetch(ret_n, 1, __ATOMIC_RELAXED);
                wire_invoke(&client, 0, *ret_n % 2 ? "a" : "all", "echo", "[i]", *ret_n);
        }
        wire_close(&client);
        return NULL;
}

START_TEST(stopping_under_load_answers_or_ends_every_connection)
{
        pthread_t threads[16];
        int n_answers[16] = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(
                        pthread_create(&threads[i], NULL, call_all_the_time, &n_answers[i]), 0);
        while (__atomic_load_n(&n_answers[15], __ATOMIC_RELAXED) < 100)
                poll(NULL, 0, 1);
        pyrope_daemon_stop(busy.daemon);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
        ck_assert_int_eq(pyrope_daemon_wait(busy.daemon, 60000), PYROPE_OK);
}
END_TEST

/* -- shortage --------------------------------------------------------------------------------- */

/* Leaves room for just one more descriptor. */
static void exhaust_descriptors(struct rlimit *ret_old)
{
        struct rlimit limit;
        int fd = dup(0); /* all below it are taken */

        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, ret_old), 0);
        limit = *ret_old;
        limit.rlim_cur = (rlim_t)fd + 1;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        (void)close(fd);
}

/* The worker may still be turning away those who came before there was room. */
static WireClient open_when_there_is_room(void)
{
        for (;;) {
                CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
                CLEANUP(buffer_deinit) Buffer frame = BUFFER_INIT(SIZE_MAX);
                WireClient client = wire_connect(busy.path);

                wire_frame(&frame, FRAME_CONNECT, 0, 0, "{s:s,s:s}", "handshake", "hello", "object",
                           "a");
                wire_send_bytes(&client, frame.data, frame.n);
                ck_assert(wire_receive(&client, &answer));
                if (answer.header.type == FRAME_CONNECTOK)
                        return client;
                wire_close(&client);
        }
}

START_TEST(without_descriptors_peers_are_told_and_later_ones_let_in)
{
        CLEANUP(wire_answer_deinit) WireAnswer answer = { .bytes = BUFFER_INIT(0) };
        WireClient inside = busy_open("a");
        struct rlimit limit;
        WireClient client;

        exhaust_descriptors(&limit);
        client = wire_connect(busy.path);
        ck_assert(wire_receive(&client, &answer));
        ck_assert_int_eq(answer.header.type, FRAME_CONNECTFAIL);
        ck_assert(
                pyrope_str_equals(answer.payload, "the daemon has no room for another connection"));
        wire_expect_end(&client);
        wire_close(&client);
        busy_expect_echo(&inside, "a", 1);
        wire_close(&inside);

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        client = open_when_there_is_room();
        busy_expect_echo(&client, "a", 2);
        wire_close(&client);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("worker-end");
        TCase *end = tcase_create("the end");
        TCase *shortage = tcase_create("shortage");

        tcase_add_checked_fixture(end, busy_setup, busy_teardown);
        tcase_add_test(end, stopping_finishes_what_runs_and_what_waits);
        tcase_add_test(end, a_method_may_stop_the_daemon_and_is_answered);
        tcase_add_test(end, an_answer_that_is_only_half_sent_is_finished_before_the_end);
        tcase_add_test(end, stopping_under_load_answers_or_ends_every_connection);
        tcase_add_checked_fixture(shortage, busy_setup, busy_teardown);
        tcase_add_test(shortage, without_descriptors_peers_are_told_and_later_ones_let_in);
        suite_add_tcase(suite, end);
        suite_add_tcase(suite, shortage);
        return unit_run(suite);
}
