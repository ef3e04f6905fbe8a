/* SPDX-License-Identifier: MIT */

#include "broker/patrol.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static Patrol patrol;
static int ends[2];

static void setup(void)
{
        patrol_init(&patrol);
        ck_assert_int_eq(patrol_start(&patrol), 0);
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void teardown(void)
{
        patrol_deinit(&patrol);
        (void)close(ends[0]);
        (void)close(ends[1]);
}

/* Returns what recv() says, or -errno. */
static ssize_t wait_in_receive(PatrolPost *post)
{
        char byte;
        ssize_t n;

        patrol_wait_begin(&patrol, post);
        n = recv(ends[0], &byte, 1, 0);
        n = n < 0 ? -errno : n;
        patrol_wait_end(&patrol, post);
        return n;
}

START_TEST(who_waits_in_vain_is_woken_each_time)
{
        PatrolPost post;

        ck_assert(patrol_is_running(&patrol));
        patrol_join(&patrol, &post);
        for (int i = 0; i < 20; i++) {
                int64_t began_ms = clock_boottime_ms();

                ck_assert_int_eq(wait_in_receive(&post), -EINTR);
                ck_assert_int_ge(clock_boottime_ms() - began_ms, PATROL_MS - 1);
        }
        patrol_leave(&patrol, &post);
}
END_TEST

START_TEST(a_patrol_that_sleeps_is_roused)
{
        const Deadline deadline = deadline_in(60000);
        PatrolPost post;

        patrol_join(&patrol, &post);
        for (int i = 0; i < 3; i++) {
                ck_assert_int_eq(wait_in_receive(&post), -EINTR);
                while (!patrol.is_asleep) {
                        ck_assert(!deadline_passed(deadline));
                        (void)usleep(1000);
                }
        }
        patrol_leave(&patrol, &post);
}
END_TEST

/* Speaks about when the patrol looks, a little earlier or later each time. */
static void *talk(void *userdata)
{
        const int *is_over = userdata;

        for (unsigned i = 0; !__atomic_load_n(is_over, __ATOMIC_RELAXED); i++) {
                (void)usleep(1000 * PATROL_MS + 37 * (i % 100));
                if (send(ends[1], "", 1, MSG_NOSIGNAL) < 0)
                        break;
        }
        return NULL;
}

START_TEST(nothing_but_the_wait_is_interrupted)
{
        enum { ROUNDS = 200 };
        const struct timespec pause = { .tv_nsec = 100000 };
        pthread_t talker;
        PatrolPost post;
        int is_over = 0;
        int n_woken = 0;

        patrol_join(&patrol, &post);
        ck_assert_int_eq(pthread_create(&talker, NULL, talk, &is_over), 0);
        for (int i = 0; i < ROUNDS; i++) {
                n_woken += wait_in_receive(&post) == -EINTR;
                ck_assert_int_eq(nanosleep(&pause, NULL), 0);
        }
        __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
        pthread_join(talker, NULL);
        ck_assert_int_gt(n_woken, 0);
        ck_assert_int_lt(n_woken, ROUNDS);
        patrol_leave(&patrol, &post);
}
END_TEST

static void *wait_all_the_time(void *userdata)
{
        const int *is_over = userdata;
        PatrolPost post;

        patrol_join(&patrol, &post);
        while (!__atomic_load_n(is_over, __ATOMIC_RELAXED)) {
                ck_assert_int_eq(wait_in_receive(&post), -EINTR);
                ck_assert_int_eq(usleep(50), 0);
        }
        patrol_leave(&patrol, &post);
        return NULL;
}

START_TEST(many_wait_at_once)
{
        pthread_t threads[16];
        PatrolPost post;
        int is_over = 0;

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_all_the_time, &is_over), 0);
        patrol_join(&patrol, &post);
        for (int i = 0; i < 20; i++)
                ck_assert_int_eq(wait_in_receive(&post), -EINTR);
        patrol_leave(&patrol, &post);
        __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
}
END_TEST

static void on_urgent(UNUSED int number)
{
}

START_TEST(a_program_keeps_its_own_handler)
{
        const struct sigaction theirs = { .sa_handler = on_urgent };
        struct sigaction after;
        Patrol other;

        ck_assert_int_eq(sigaction(SIGURG, &theirs, NULL), 0);
        patrol_init(&other);
        ck_assert_int_eq(patrol_start(&other), 0);
        ck_assert(!patrol_is_running(&other));
        patrol_deinit(&other);
        ck_assert_int_eq(sigaction(SIGURG, NULL, &after), 0);
        ck_assert(after.sa_handler == on_urgent);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("patrol");
        TCase *tcase = tcase_create("patrol");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, who_waits_in_vain_is_woken_each_time);
        tcase_add_test(tcase, a_patrol_that_sleeps_is_roused);
        tcase_add_test(tcase, nothing_but_the_wait_is_interrupted);
        tcase_add_test(tcase, many_wait_at_once);
        tcase_add_test(tcase, a_program_keeps_its_own_handler);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
