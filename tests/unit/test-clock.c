/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include "tests/unit/unit.h"

#include <limits.h>
#include <time.h>

START_TEST(boottime_is_the_kernels_and_never_goes_back)
{
        struct timespec boottime;
        int64_t before = clock_boottime_ms();
        int64_t after;

        clock_gettime(CLOCK_BOOTTIME, &boottime);
        after = clock_boottime_ms();

        ck_assert_int_le(before, (int64_t)boottime.tv_sec * 1000 + boottime.tv_nsec / 1000000);
        ck_assert_int_ge(after, (int64_t)boottime.tv_sec * 1000 + boottime.tv_nsec / 1000000);
}
END_TEST

START_TEST(fine_time_is_the_kernels_and_never_goes_back)
{
        struct timespec monotonic;
        double before = clock_fine_ms();
        double now, after;

        clock_gettime(CLOCK_MONOTONIC, &monotonic);
        after = clock_fine_ms();
        now = (double)monotonic.tv_sec * 1e3 + (double)monotonic.tv_nsec / 1e6;

        ck_assert_double_le(before, now);
        ck_assert_double_ge(after, now);
}
END_TEST

START_TEST(deadline_of_nothing_never_passes)
{
        ck_assert(deadline_is_none(DEADLINE_NONE));
        ck_assert(deadline_is_none(deadline_in(-1)));
        ck_assert(deadline_is_none(deadline_in(INT64_MAX)));
        ck_assert_int_eq(deadline_left_ms(DEADLINE_NONE), -1);
        ck_assert(!deadline_passed(DEADLINE_NONE));
}
END_TEST

START_TEST(deadline_counts_down_to_zero)
{
        Deadline hour = deadline_in(3600000);

        ck_assert_int_gt(deadline_left_ms(hour), 0);
        ck_assert_int_le(deadline_left_ms(hour), 3600000);
        ck_assert(!deadline_passed(hour));

        ck_assert_int_eq(deadline_left_ms(deadline_in(0)), 0);
        ck_assert(deadline_passed(deadline_in(0)));
        ck_assert_int_eq(deadline_left_ms((Deadline){ .at_ms = 0 }), 0);
        ck_assert(deadline_passed((Deadline){ .at_ms = INT64_MIN / 2 }));
}
END_TEST

START_TEST(deadline_far_away_fits_poll)
{
        ck_assert_int_eq(deadline_left_ms(deadline_in((int64_t)INT_MAX * 1000)), INT_MAX);
        ck_assert_int_eq(deadline_left_ms((Deadline){ .at_ms = INT64_MAX - 1 }), INT_MAX);
}
END_TEST

START_TEST(min_is_the_earlier_one)
{
        Deadline early = { .at_ms = 5 };
        Deadline late = { .at_ms = 6 };

        ck_assert_int_eq(deadline_min(early, late).at_ms, 5);
        ck_assert_int_eq(deadline_min(late, early).at_ms, 5);
        ck_assert_int_eq(deadline_min(DEADLINE_NONE, late).at_ms, 6);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("clock");
        TCase *tcase = tcase_create("clock");

        tcase_add_test(tcase, boottime_is_the_kernels_and_never_goes_back);
        tcase_add_test(tcase, fine_time_is_the_kernels_and_never_goes_back);
        tcase_add_test(tcase, deadline_of_nothing_never_passes);
        tcase_add_test(tcase, deadline_counts_down_to_zero);
        tcase_add_test(tcase, deadline_far_away_fits_poll);
        tcase_add_test(tcase, min_is_the_earlier_one);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
