/* SPDX-License-Identifier: MIT */

#include "broker/guest.h"

#include "tests/unit/unit.h"

#include <pthread.h>

static int n_ended;

static void on_end(void *data)
{
        n_ended += *(int *)data;
}

START_TEST(nothing_is_kept_at_first)
{
        Guest *guest = guest_new();

        ck_assert_ptr_null(guest_data(guest));
        ck_assert_ptr_null(guest_unref(guest));
        ck_assert_int_eq(n_ended, 0);
        ck_assert_ptr_null(guest_unref(NULL));
}
END_TEST

START_TEST(the_end_is_told_once_and_last)
{
        Guest *guest = guest_new();
        int one = 1;

        ck_assert_int_eq(guest_keep(guest, &one, on_end), 0);
        ck_assert_ptr_eq(guest_data(guest), &one);
        ck_assert_ptr_eq(guest_ref(guest), guest);
        guest_unref(guest);
        ck_assert_int_eq(n_ended, 0);
        ck_assert_ptr_eq(guest_data(guest), &one);
        guest_unref(guest);
        ck_assert_int_eq(n_ended, 1);
}
END_TEST

START_TEST(what_is_kept_stays)
{
        Guest *guest = guest_new();
        int one = 1;
        int two = 2;

        ck_assert_int_eq(guest_keep(guest, &one, NULL), 0);
        ck_assert_int_eq(guest_keep(guest, &two, on_end), GUEST_E_EXISTS);
        ck_assert_ptr_eq(guest_data(guest), &one);
        guest_unref(guest);
        ck_assert_int_eq(n_ended, 0);
}
END_TEST

static void *try_to_keep(void *guest)
{
        static int ones[] = { 1 };

        return guest_keep(guest, ones, on_end) == 0 ? guest : NULL;
}

START_TEST(of_many_who_try_one_wins)
{
        Guest *guest = guest_new();
        pthread_t threads[8];
        int n_won = 0;
        void *won;

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, try_to_keep, guest), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                ck_assert_int_eq(pthread_join(threads[i], &won), 0);
                n_won += won != NULL;
        }
        ck_assert_int_eq(n_won, 1);
        guest_unref(guest);
        ck_assert_int_eq(n_ended, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("guest");
        TCase *tcase = tcase_create("guest");

        tcase_add_test(tcase, nothing_is_kept_at_first);
        tcase_add_test(tcase, the_end_is_told_once_and_last);
        tcase_add_test(tcase, what_is_kept_stays);
        tcase_add_test(tcase, of_many_who_try_one_wins);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
