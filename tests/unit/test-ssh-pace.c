/* SPDX-License-Identifier: MIT */

#include "client/ssh/pace.h"

#include "tests/unit/unit.h"

static SshPace pace;

static void set_up(void)
{
        ssh_pace_init(&pace);
}

/* A socket that is always full and lets @bytes_per_ms through. Return: how often the pace changed.
 */
static unsigned saturate(uint64_t bytes_per_ms, int64_t from_ms, int64_t ms)
{
        unsigned n_changes = 0;

        for (int64_t now_ms = from_ms; now_ms <= from_ms + ms; now_ms += 4)
                n_changes += ssh_pace_look(&pace, now_ms, bytes_per_ms * (uint64_t)now_ms, true);
        return n_changes;
}

START_TEST(begins_as_for_a_fast_way)
{
        ck_assert_uint_eq(pace.n_chunk, SSH_PACE_CHUNK_MAX_BYTES);
        ck_assert_uint_eq(pace.n_unsent, SSH_PACE_UNSENT_MAX_BYTES);
}
END_TEST

/* 20 Mbit/s: some milliseconds' worth. */
START_TEST(is_slow_on_a_slow_way)
{
        ck_assert_uint_eq(saturate(2500, 1000, 400), 1);

        ck_assert_uint_eq(pace.n_chunk, 7500);
        ck_assert_uint_eq(pace.n_unsent, 15000);
}
END_TEST

START_TEST(stays_within_its_limits)
{
        (void)saturate(1, 1000, 400);
        ck_assert_uint_eq(pace.n_chunk, SSH_PACE_CHUNK_MIN_BYTES);
        ck_assert_uint_eq(pace.n_unsent, SSH_PACE_UNSENT_MIN_BYTES);

        (void)saturate(1000000, 2000, 400);
        ck_assert_uint_eq(pace.n_chunk, SSH_PACE_CHUNK_MAX_BYTES);
        ck_assert_uint_eq(pace.n_unsent, SSH_PACE_UNSENT_MAX_BYTES);
}
END_TEST

/* A little now and then is no measure of the way, however slow it looks. */
START_TEST(takes_no_measure_of_an_idle_socket)
{
        for (int64_t now_ms = 1000; now_ms < 3000; now_ms += 100) {
                ck_assert(!ssh_pace_look(&pace, now_ms, (uint64_t)now_ms, true));
                ck_assert(!ssh_pace_look(&pace, now_ms + 50, (uint64_t)now_ms, false));
        }
        ck_assert_uint_eq(pace.n_chunk, SSH_PACE_CHUNK_MAX_BYTES);
}
END_TEST

/* Each time that it took something it is not full for a moment. */
START_TEST(measures_a_socket_that_is_full_again_and_again)
{
        for (int64_t now_ms = 1000; now_ms < 1400; now_ms += 4) {
                (void)ssh_pace_look(&pace, now_ms, 2500u * (uint64_t)now_ms, true);
                (void)ssh_pace_look(&pace, now_ms, 2500u * (uint64_t)now_ms, false);
        }
        ck_assert_uint_eq(pace.n_chunk, 7500);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-pace");
        TCase *tcase = tcase_create("ssh-pace");

        tcase_add_checked_fixture(tcase, set_up, NULL);
        tcase_add_test(tcase, begins_as_for_a_fast_way);
        tcase_add_test(tcase, is_slow_on_a_slow_way);
        tcase_add_test(tcase, stays_within_its_limits);
        tcase_add_test(tcase, takes_no_measure_of_an_idle_socket);
        tcase_add_test(tcase, measures_a_socket_that_is_full_again_and_again);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
