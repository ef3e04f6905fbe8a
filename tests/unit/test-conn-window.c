/* SPDX-License-Identifier: MIT */

#include "proto/conn-window.h"

#include "tests/unit/unit.h"

#define KIB   UINT64_C(1024)
#define LARGE (UINT64_C(1) << 40) /* an answer without end */
#define SLOW  2500.0              /* bytes in a millisecond: 20 Mbit/s */
#define FAST  400000.0

static ConnWindow window;
static double now_ms;

static void set_up(void)
{
        conn_window_init(&window);
        now_ms = 1000;
}

/* Credits on their way to the daemon. */
static struct {
        uint64_t n_allowed;
        double heard_ms;
} credits[4096];

/* An answer comes in pieces by a way of @rate that is @trip_ms long, there and back; its daemon
 * sends what it may as soon as it hears of it. Return: how many credits were given. */
static unsigned download(double rate, double trip_ms, uint64_t n_all)
{
        const uint64_t n_piece = 8 * KIB;
        uint64_t n_sendable = conn_window_begin(&window);
        double line_ms = now_ms; /* until then the way is taken */
        unsigned n_heard = 0, n_credits = 0;

        for (uint64_t n = n_piece; n < n_all; n += n_piece) {
                while (n > n_sendable) {
                        ck_assert_uint_lt(n_heard, n_credits);
                        n_sendable = credits[n_heard].n_allowed;
                        if (line_ms < credits[n_heard].heard_ms)
                                line_ms = credits[n_heard].heard_ms;
                        n_heard++;
                }
                line_ms += (double)n_piece / rate;
                now_ms = line_ms + trip_ms / 2;
                if (conn_window_receive(&window, now_ms, n, n_all)) {
                        credits[n_credits].n_allowed = window.n_allowed;
                        credits[n_credits++].heard_ms = now_ms + trip_ms / 2;
                }
        }
        return n_credits;
}

START_TEST(begins_with_the_first_window)
{
        ck_assert_uint_eq(conn_window_begin(&window), CONN_WINDOW_FIRST_BYTES);
        ck_assert_uint_eq(window.n_allowed, CONN_WINDOW_FIRST_BYTES);
}
END_TEST

START_TEST(an_answer_within_the_window_needs_no_credit)
{
        (void)conn_window_begin(&window);
        ck_assert(!conn_window_receive(&window, now_ms, CONN_WINDOW_FIRST_BYTES - 1,
                                       CONN_WINDOW_FIRST_BYTES));
}
END_TEST

START_TEST(a_credit_is_given_when_a_quarter_was_used)
{
        const uint64_t n = CONN_WINDOW_FIRST_BYTES;

        (void)conn_window_begin(&window);
        ck_assert(!conn_window_receive(&window, now_ms, n / 4, LARGE));
        ck_assert(conn_window_receive(&window, now_ms, n / 4 + 1, LARGE));
        ck_assert_uint_eq(window.n_allowed, n / 4 + 1 + n);
        ck_assert(!conn_window_receive(&window, now_ms, n / 4 + 2, LARGE));
}
END_TEST

START_TEST(no_credit_goes_beyond_what_an_answer_needs)
{
        const uint64_t n = CONN_WINDOW_FIRST_BYTES;

        (void)conn_window_begin(&window);
        ck_assert(conn_window_receive(&window, now_ms, n - 1, n + 1));
        ck_assert_uint_ge(window.n_allowed, n + 1);
        ck_assert(!conn_window_receive(&window, now_ms, n, n + 1));
}
END_TEST

START_TEST(who_sends_more_than_allowed_is_allowed_more)
{
        (void)conn_window_begin(&window);
        ck_assert(conn_window_receive(&window, now_ms, 10 * CONN_WINDOW_FIRST_BYTES, LARGE));
        ck_assert_uint_eq(window.n_allowed, 11 * CONN_WINDOW_FIRST_BYTES);
}
END_TEST

START_TEST(a_slow_way_closes_the_window_within_one_answer)
{
        conn_window_trip(&window, 0.5);
        ck_assert_uint_gt(download(SLOW, 0.5, 1024 * KIB), 0);
        ck_assert_uint_eq(window.n, CONN_WINDOW_MIN_BYTES);
        (void)download(SLOW, 0.5, 10240 * KIB);
        ck_assert_uint_eq(window.n, CONN_WINDOW_MIN_BYTES);
}
END_TEST

START_TEST(a_fast_way_opens_it_within_a_few_rounds)
{
        conn_window_trip(&window, 0.2);
        (void)download(FAST, 0.2, 16384 * KIB);
        ck_assert_uint_ge(window.n, (uint64_t)(FAST * CONN_WINDOW_EMPTY_MS));
        (void)download(FAST, 0.2, 131072 * KIB);
        ck_assert_uint_le(window.n, (uint64_t)(FAST * 2 * CONN_WINDOW_QUEUE_MS * 4 / 3));
}
END_TEST

/* 20 Mbit/s, and 100 ms there and back: a window of 64 KiB would leave most of it empty. */
START_TEST(a_long_way_is_filled)
{
        conn_window_trip(&window, 100);
        (void)download(SLOW, 100, 16384 * KIB);
        ck_assert_uint_ge(window.n, (uint64_t)(SLOW * 100));
        ck_assert_uint_le(window.n, (uint64_t)(SLOW * (100 + 2 * CONN_WINDOW_QUEUE_MS) * 4 / 3));
}
END_TEST

/* One round of eight is late for no fault of the way. */
START_TEST(a_late_round_does_not_close_it)
{
        uint64_t n_before;

        conn_window_trip(&window, 100);
        (void)download(SLOW, 100, 16384 * KIB);
        n_before = window.n;
        (void)conn_window_begin(&window);
        ck_assert(conn_window_receive(&window, now_ms, window.n, LARGE));
        (void)conn_window_receive(&window, now_ms + 1000, window.n_end, LARGE);
        ck_assert_uint_ge(window.n, n_before * 3 / 4);
}
END_TEST

START_TEST(it_opens_again_when_the_way_gets_faster)
{
        conn_window_trip(&window, 0.5);
        (void)download(SLOW, 0.5, 1024 * KIB);
        ck_assert_uint_eq(window.n, CONN_WINDOW_MIN_BYTES);
        (void)download(FAST, 0.5, 16384 * KIB);
        ck_assert_uint_ge(window.n, (uint64_t)(FAST * CONN_WINDOW_EMPTY_MS));
}
END_TEST

START_TEST(an_answer_without_a_round_can_close_it)
{
        conn_window_trip(&window, 0.5);
        (void)conn_window_begin(&window);
        ck_assert(!conn_window_receive(&window, now_ms, 4 * KIB, 204 * KIB));
        conn_window_end(&window, now_ms + 200 * KIB / SLOW, 204 * KIB);
        ck_assert_uint_eq(window.n, CONN_WINDOW_MIN_BYTES);
}
END_TEST

START_TEST(and_cannot_open_it)
{
        conn_window_trip(&window, 0.5);
        (void)conn_window_begin(&window);
        ck_assert(!conn_window_receive(&window, now_ms, 4 * KIB, 204 * KIB));
        conn_window_end(&window, now_ms + CONN_WINDOW_QUEUE_MS, 204 * KIB);
        ck_assert_uint_le(window.n, CONN_WINDOW_FIRST_BYTES);
        ck_assert_uint_gt(window.n, CONN_WINDOW_MIN_BYTES);
}
END_TEST

START_TEST(one_that_was_quick_says_nothing)
{
        conn_window_trip(&window, 0.5);
        (void)conn_window_begin(&window);
        (void)conn_window_receive(&window, now_ms, 4 * KIB, 12 * KIB);
        conn_window_end(&window, now_ms + CONN_WINDOW_QUEUE_MS - 0.1, 12 * KIB);
        ck_assert_uint_eq(window.n, CONN_WINDOW_FIRST_BYTES);
}
END_TEST

START_TEST(the_shortest_trip_counts)
{
        conn_window_trip(&window, 5);
        conn_window_trip(&window, -1); /* no clock says so, but */
        conn_window_trip(&window, 7);
        ck_assert(window.trip_ms >= 5 && window.trip_ms <= 5);
}
END_TEST

/* Rounds that take no time at all, and none whose trip is known. */
START_TEST(it_never_exceeds_its_limit)
{
        uint64_t n = 0;

        (void)conn_window_begin(&window);
        for (int i = 0; i < 100; i++) {
                (void)conn_window_receive(&window, now_ms, n, UINT64_MAX);
                n = window.n_allowed;
        }
        ck_assert_uint_eq(window.n, CONN_WINDOW_MAX_BYTES);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn-window");
        TCase *tcase = tcase_create("conn-window");

        tcase_add_checked_fixture(tcase, set_up, NULL);
        tcase_add_test(tcase, begins_with_the_first_window);
        tcase_add_test(tcase, an_answer_within_the_window_needs_no_credit);
        tcase_add_test(tcase, a_credit_is_given_when_a_quarter_was_used);
        tcase_add_test(tcase, no_credit_goes_beyond_what_an_answer_needs);
        tcase_add_test(tcase, who_sends_more_than_allowed_is_allowed_more);
        tcase_add_test(tcase, a_slow_way_closes_the_window_within_one_answer);
        tcase_add_test(tcase, a_fast_way_opens_it_within_a_few_rounds);
        tcase_add_test(tcase, a_long_way_is_filled);
        tcase_add_test(tcase, a_late_round_does_not_close_it);
        tcase_add_test(tcase, it_opens_again_when_the_way_gets_faster);
        tcase_add_test(tcase, an_answer_without_a_round_can_close_it);
        tcase_add_test(tcase, and_cannot_open_it);
        tcase_add_test(tcase, one_that_was_quick_says_nothing);
        tcase_add_test(tcase, the_shortest_trip_counts);
        tcase_add_test(tcase, it_never_exceeds_its_limit);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
