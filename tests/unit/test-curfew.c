/* SPDX-License-Identifier: MIT */

#include "base/curfew.h"

#include "tests/unit/unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];
static Curfew curfew;

static void setup(void)
{
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        curfew_init(&curfew);
        ck_assert_int_eq(curfew_join(&curfew, ends[0]), 0);
        ck_assert_int_eq(curfew_join(&curfew, ends[0]), 0); /* once is enough, twice is fine */
}

static void teardown(void)
{
        curfew_leave(&curfew);
        curfew_leave(&curfew);
        (void)close(ends[0]);
        (void)close(ends[1]);
}

/* Returns what recv() says. */
static ssize_t receive(int64_t ms, bool *ret_is_cut)
{
        char byte;
        ssize_t n;

        curfew_begin(&curfew, deadline_in(ms));
        n = recv(ends[0], &byte, 1, 0);
        *ret_is_cut = curfew_end(&curfew);
        return n;
}

static const int waits_ms[] = { 0, 1, 20, 130, 400 };

START_TEST(a_receive_ends_at_its_deadline_and_not_before)
{
        int64_t began_ms = clock_boottime_ms();
        bool is_cut;

        ck_assert_int_eq(receive(waits_ms[_i], &is_cut), 0);
        ck_assert(is_cut);
        ck_assert_int_ge(clock_boottime_ms() - began_ms, waits_ms[_i]);
}
END_TEST

START_TEST(what_comes_in_time_is_received_again_and_again)
{
        bool is_cut;

        for (int i = 0; i < 1000; i++) {
                ck_assert_int_eq(send(ends[1], "", 1, 0), 1);
                ck_assert_int_eq(receive(i % 2 ? 60000 : -1, &is_cut), 1);
                ck_assert(!is_cut);
        }
        ck_assert_int_eq(receive(1, &is_cut), 0);
        ck_assert(is_cut);
}
END_TEST

START_TEST(a_short_wait_after_long_silence_ends_too)
{
        bool is_cut;

        /* The thread sleeps for good when it has found nobody for a while. */
        ck_assert_int_eq(send(ends[1], "", 1, 0), 1);
        ck_assert_int_eq(receive(60000, &is_cut), 1);
        while (atomic_load(&curfew_look_ms_) != CURFEW_NEVER)
                (void)usleep(1000);
        ck_assert_int_eq(receive(10, &is_cut), 0);
        ck_assert(is_cut);
}
END_TEST

static void *wait_briefly(UNUSED void *userdata)
{
        for (int i = 0; i < 20; i++) {
                Curfew own;
                char byte;
                int pair[2];

                curfew_init(&own);
                ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
                ck_assert_int_eq(curfew_join(&own, pair[0]), 0);
                curfew_begin(&own, deadline_in(i));
                ck_assert_int_eq(recv(pair[0], &byte, 1, 0), 0);
                ck_assert(curfew_end(&own));
                curfew_leave(&own);
                (void)close(pair[0]);
                (void)close(pair[1]);
        }
        return NULL;
}

START_TEST(many_threads_wait_at_once)
{
        pthread_t threads[8];

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_briefly, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
}
END_TEST

#ifndef __SANITIZE_THREAD__ /* which ends a child that starts a thread */
START_TEST(the_child_of_a_fork_is_watched_as_well)
{
        pid_t child = fork();
        int status;

        ck_assert_int_ge(child, 0);
        if (child == 0) {
                (void)wait_briefly(NULL);
                _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST
#endif

int main(void)
{
        Suite *suite = suite_create("curfew");
        TCase *tcase = tcase_create("curfew");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, a_receive_ends_at_its_deadline_and_not_before, 0,
                            (int)ARRAY_SIZE(waits_ms));
        tcase_add_test(tcase, what_comes_in_time_is_received_again_and_again);
        tcase_add_test(tcase, a_short_wait_after_long_silence_ends_too);
        tcase_add_test(tcase, many_threads_wait_at_once);
#ifndef __SANITIZE_THREAD__
        tcase_add_test(tcase, the_child_of_a_fork_is_watched_as_well);
#endif
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
