/* SPDX-License-Identifier: MIT */

#include "broker/pool.h"

#include "tests/unit/unit.h"

#include <semaphore.h>
#include <signal.h>
#include <time.h>

static Pool pool;
static sem_t events;            /* each wakes one thread */
static sem_t woken;             /* a thread was woken and is busy */
static sem_t idle;              /* ends the work of a busy thread */
static sem_t went;              /* a thread has ended or gone back to wait */
static atomic_bool is_in_vain;  /* the next event is that nothing came */
static atomic_bool is_over;     /* threads that are woken end */
static atomic_bool has_signals; /* some thread lets SIGTERM through */

static void wait_sem(sem_t *sem)
{
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 60;
        ck_assert_int_eq(sem_timedwait(sem, &until), 0);
}

static void live(UNUSED void *userdata)
{
        bool ends = false;
        sigset_t signals;

        pthread_sigmask(SIG_SETMASK, NULL, &signals);
        if (!sigismember(&signals, SIGTERM) || sigismember(&signals, SIGSEGV))
                has_signals = true;
        while (!ends) {
                wait_sem(&events);
                if (is_over) {
                        pool_leave(&pool);
                        return;
                }
                if (is_in_vain) {
                        ends = pool_wait_vain(&pool);
                } else {
                        pool_wait_end(&pool);
                        sem_post(&woken);
                        wait_sem(&idle);
                        pool_wait_begin(&pool);
                }
                sem_post(&went);
        }
}

static void setup(void)
{
        sem_init(&events, 0, 0);
        sem_init(&woken, 0, 0);
        sem_init(&idle, 0, 0);
        sem_init(&went, 0, 0);
        is_in_vain = is_over = has_signals = false;
        pool_init(&pool, 4, live, NULL);
        ck_assert_int_eq(pool_start(&pool), 0);
}

static void teardown(void)
{
        is_over = true;
        for (int i = 0; i < 8; i++)
                sem_post(&events);
        pool_join(&pool);
        pool_deinit(&pool);
        ck_assert(!has_signals);
}

static unsigned count_threads(void)
{
        unsigned n;

        pthread_mutex_lock(&pool.lock);
        n = pool.n_threads;
        pthread_mutex_unlock(&pool.lock);
        return n;
}

static void make_busy(int n)
{
        for (int i = 0; i < n; i++)
                sem_post(&events);
        for (int i = 0; i < n; i++)
                wait_sem(&woken);
}

static void make_idle(int n)
{
        for (int i = 0; i < n; i++)
                sem_post(&idle);
        for (int i = 0; i < n; i++)
                wait_sem(&went);
}

static void wait_in_vain(int n)
{
        is_in_vain = true;
        for (int i = 0; i < n; i++)
                sem_post(&events);
        for (int i = 0; i < n; i++)
                wait_sem(&went);
        is_in_vain = false;
}

START_TEST(one_busy_thread_needs_no_other)
{
        make_busy(1);
        ck_assert_uint_eq(count_threads(), 2);
        ck_assert(pool_has_waiting(&pool));
        make_idle(1);
}
END_TEST

START_TEST(the_last_one_that_is_woken_is_replaced_up_to_the_limit)
{
        make_busy(2);
        ck_assert_uint_eq(count_threads(), 3);
        make_busy(1);
        ck_assert_uint_eq(count_threads(), 4);
        ck_assert(pool_has_waiting(&pool));
        make_busy(1);
        ck_assert_uint_eq(count_threads(), 4);
        ck_assert(!pool_has_waiting(&pool));
        make_idle(4);
        ck_assert(pool_has_waiting(&pool));
}
END_TEST

START_TEST(those_who_wait_in_vain_end_but_two_stay)
{
        make_busy(3);
        make_idle(3);
        ck_assert_uint_eq(count_threads(), 4);
        wait_in_vain(2);
        wait_in_vain(5); /* those two go on waiting each time */
        while (count_threads() != 2)
                sched_yield();
        ck_assert_int_eq(atomic_load(&pool.n_waiting), 2);
        make_busy(2);
        ck_assert_uint_eq(count_threads(), 3);
        make_idle(2);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pool");
        TCase *tcase = tcase_create("pool");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, one_busy_thread_needs_no_other);
        tcase_add_test(tcase, the_last_one_that_is_woken_is_replaced_up_to_the_limit);
        tcase_add_test(tcase, those_who_wait_in_vain_end_but_two_stay);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
