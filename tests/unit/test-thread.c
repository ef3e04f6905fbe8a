/* SPDX-License-Identifier: MIT */

#include "base/thread.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool has_run;
static sigset_t blocked; /* in the thread that ran */

static void setup(void)
{
        thread_cond_init(&changed);
        has_run = false;
}

static void teardown(void)
{
        (void)pthread_cond_destroy(&changed);
}

static void *run(void *userdata)
{
        pthread_mutex_lock(&lock);
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
        has_run = true;
        (void)pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
        return userdata;
}

START_TEST(a_thread_is_joined_and_no_signal_comes_to_it)
{
        sigset_t ours;
        pthread_t thread;
        void *result;
        int number;

        ck_assert_int_eq(thread_start(&thread, run, &number), 0);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_ptr_eq(result, &number);
        ck_assert(sigismember(&blocked, SIGTERM));
        ck_assert(sigismember(&blocked, SIGURG));
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &ours), 0);
        ck_assert(!sigismember(&ours, SIGURG));
}
END_TEST

static const int long_ms[] = { -1, 60000 };
static const int short_ms[] = { 0, 1 };

START_TEST(a_detached_thread_ends_a_wait)
{
        pthread_mutex_lock(&lock);
        ck_assert_int_eq(thread_start(NULL, run, NULL), 0);
        while (!has_run)
                ck_assert(thread_cond_wait(&changed, &lock, long_ms[_i]));
        pthread_mutex_unlock(&lock);
}
END_TEST

START_TEST(a_wait_in_vain_ends_with_the_lock_held)
{
        pthread_mutex_lock(&lock);
        ck_assert(!thread_cond_wait(&changed, &lock, short_ms[_i]));
        ck_assert_int_eq(pthread_mutex_trylock(&lock), EBUSY);
        pthread_mutex_unlock(&lock);
}
END_TEST

static void *hold(void *userdata)
{
        sem_t *held = userdata;

        ck_assert(thread_mutex_lock(&lock, 60000));
        has_run = true;
        ck_assert_int_eq(sem_post(&held[0]), 0);
        ck_assert(thread_sem_wait(&held[1], -1));
        has_run = false;
        pthread_mutex_unlock(&lock);
        return NULL;
}

START_TEST(a_lock_is_had_in_time_or_not)
{
        pthread_t thread;
        sem_t held[2];

        ck_assert_int_eq(sem_init(&held[0], 0, 0), 0);
        ck_assert_int_eq(sem_init(&held[1], 0, 0), 0);
        ck_assert_int_eq(thread_start(&thread, hold, held), 0);
        ck_assert(thread_sem_wait(&held[0], -1));
        ck_assert(!thread_mutex_lock(&lock, short_ms[_i]));

        ck_assert_int_eq(sem_post(&held[1]), 0);
        ck_assert(thread_mutex_lock(&lock, long_ms[_i]));
        ck_assert(!has_run);
        pthread_mutex_unlock(&lock);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static void *post(void *userdata)
{
        ck_assert_int_eq(sem_post(userdata), 0);
        return NULL;
}

START_TEST(a_semaphore_ends_a_wait_once)
{
        pthread_t thread;
        sem_t sem;

        ck_assert_int_eq(sem_init(&sem, 0, 0), 0);
        ck_assert_int_eq(thread_start(&thread, post, &sem), 0);

        ck_assert(thread_sem_wait(&sem, long_ms[_i]));
        ck_assert(!thread_sem_wait(&sem, short_ms[_i]));
        ck_assert(!thread_sem_wait_us(&sem, 100));

        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(sem_destroy(&sem), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("thread");
        TCase *tests = tcase_create("thread");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, a_thread_is_joined_and_no_signal_comes_to_it);
        tcase_add_loop_test(tests, a_detached_thread_ends_a_wait, 0, ARRAY_SIZE(long_ms));
        tcase_add_loop_test(tests, a_wait_in_vain_ends_with_the_lock_held, 0, ARRAY_SIZE(short_ms));
        tcase_add_loop_test(tests, a_lock_is_had_in_time_or_not, 0, ARRAY_SIZE(long_ms));
        tcase_add_loop_test(tests, a_semaphore_ends_a_wait_once, 0, ARRAY_SIZE(long_ms));
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
