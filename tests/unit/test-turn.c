/* SPDX-License-Identifier: MIT */

#include "client/turn.h"

#include "tests/unit/unit.h"

START_TEST(a_free_turn_is_had_at_once)
{
        Turn turn;

        turn_init(&turn);
        ck_assert(turn_take(&turn, deadline_in(0)));
        turn_give(&turn);
        ck_assert(turn_take(&turn, DEADLINE_NONE));
        turn_give(&turn);
        turn_deinit(&turn);
}
END_TEST

START_TEST(a_taken_turn_is_waited_for_no_longer_than_the_deadline)
{
        int64_t before = clock_boottime_ms();
        Turn turn;

        turn_init(&turn);
        ck_assert(turn_take(&turn, DEADLINE_NONE));
        ck_assert(!turn_take(&turn, deadline_in(20)));
        ck_assert_int_ge(clock_boottime_ms() - before, 20);
        ck_assert(!turn_take(&turn, deadline_in(0)));
        turn_give(&turn);
        ck_assert(turn_take(&turn, deadline_in(0)));
        turn_deinit(&turn);
}
END_TEST

enum { THREADS = 8, ROUNDS = 2000 };

typedef struct Shared {
        Turn turn;
        int n_inside; /* guarded by nothing but the turn */
        int n_rounds;
        bool is_broken;
} Shared;

static void *work(void *userdata)
{
        Shared *shared = userdata;

        for (int i = 0; i < ROUNDS; i++) {
                if (!turn_take(&shared->turn, i % 2 ? DEADLINE_NONE : deadline_in(60000)))
                        continue;
                if (++shared->n_inside != 1)
                        shared->is_broken = true;
                shared->n_rounds++;
                shared->n_inside--;
                turn_give(&shared->turn);
        }
        return NULL;
}

START_TEST(one_thread_at_a_time_and_each_of_them)
{
        Shared shared = { 0 };
        pthread_t threads[THREADS];

        turn_init(&shared.turn);
        for (int i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &shared), 0);
        for (int i = 0; i < THREADS; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(!shared.is_broken);
        ck_assert_int_eq(shared.n_rounds, THREADS * ROUNDS);
        turn_deinit(&shared.turn);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("turn");
        TCase *tcase = tcase_create("turn");

        tcase_add_test(tcase, a_free_turn_is_had_at_once);
        tcase_add_test(tcase, a_taken_turn_is_waited_for_no_longer_than_the_deadline);
        tcase_add_test(tcase, one_thread_at_a_time_and_each_of_them);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
