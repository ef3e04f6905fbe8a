/* SPDX-License-Identifier: MIT */

#include "base/spin.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static void setup(void)
{
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void teardown(void)
{
        (void)close(ends[0]);
        (void)close(ends[1]);
}

START_TEST(what_is_there_is_received)
{
        Spin spin = { .max_us = 20 };
        char byte = 0;

        ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
        ck_assert_int_eq(spin_receive(&spin, ends[0], &byte, 1), 1);
        ck_assert_int_eq(byte, 'x');
        (void)shutdown(ends[1], SHUT_WR);
        ck_assert_int_eq(spin_receive(&spin, ends[0], &byte, 1), 0);
}
END_TEST

START_TEST(tries_in_vain_become_rare_and_one_success_makes_them_frequent)
{
        Spin spin = { .max_us = 1 };
        unsigned n_tries = 0;
        char byte;

        for (int i = 0; i < 1000; i++) {
                n_tries += spin.n_omit == 0;
                ck_assert_int_eq(spin_receive(&spin, ends[0], &byte, 1), -1);
                ck_assert_int_eq(errno, EAGAIN);
        }
        ck_assert_uint_ge(n_tries, 1000 >> SPIN_VAIN_MAX);
        ck_assert_uint_le(n_tries, (1000 >> SPIN_VAIN_MAX) + SPIN_VAIN_MAX);

        ck_assert_int_eq(send(ends[1], "x", 1, 0), 1);
        while (spin_receive(&spin, ends[0], &byte, 1) != 1)
                ck_assert_int_eq(errno, EAGAIN);
        ck_assert_uint_eq(spin.n_vain, 0);
        ck_assert_int_eq(spin_receive(&spin, ends[0], &byte, 1), -1);
        ck_assert_uint_eq(spin.n_omit, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("spin");
        TCase *tcase = tcase_create("spin");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, what_is_there_is_received);
        tcase_add_test(tcase, tries_in_vain_become_rare_and_one_success_makes_them_frequent);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
