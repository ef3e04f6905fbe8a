/* SPDX-License-Identifier: MIT */

#include "client/ssh/retry.h"

#include "tests/unit/unit.h"

enum { NOW = 1000000, LEAST = 0 };

/* How long the next attempt waits if chance takes nothing off. */
static int64_t after(SshRetry *retry, pyrope_status status)
{
        ssh_retry_failed(retry, status, NOW, LEAST);
        return retry->next_at_ms - NOW;
}

START_TEST(the_wait_doubles_with_each_failure_of_the_network_up_to_its_limit)
{
        static const int64_t waits[] = { 100, 200, 400, 800, 1000, 1000, 1000 };
        SshRetry retry = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
                ck_assert_int_eq(after(&retry, i % 2 ? PYROPE_E_TIMEOUT : PYROPE_E_UNREACHABLE),
                                 waits[i]);
        ck_assert(!retry.is_refused);
}
END_TEST

START_TEST(chance_takes_off_a_half_at_most)
{
        for (uint32_t chance = 0; chance < 1000; chance++) {
                SshRetry retry = { 0 };

                ssh_retry_failed(&retry, PYROPE_E_UNREACHABLE, NOW, chance * 4294967u);
                ck_assert_int_ge(retry.next_at_ms - NOW, SSH_RETRY_FIRST_MS / 2);
                ck_assert_int_le(retry.next_at_ms - NOW, SSH_RETRY_FIRST_MS);
        }
}
END_TEST

START_TEST(refused_logins_are_tried_so_rarely_that_nobody_is_locked_out)
{
        static const int64_t waits[] = { 10000, 40000, 160000, 300000, 300000 };
        SshRetry retry = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
                ck_assert_int_eq(after(&retry, PYROPE_E_AUTH), waits[i]);
                ck_assert(retry.is_refused);
        }
        ck_assert_int_gt(ssh_retry_forget_at_ms(&retry), retry.next_at_ms + 300000);
        ssh_retry_up(&retry);
        ck_assert(!retry.is_refused);
        ck_assert_int_eq(after(&retry, PYROPE_E_AUTH), waits[0]);
}
END_TEST

static const pyrope_status refusals[] = { PYROPE_E_HOST_KEY, PYROPE_E_DENIED, PYROPE_E_PROTOCOL };

START_TEST(other_refusals_are_remembered_for_as_long_each_time)
{
        SshRetry retry = { 0 };

        for (int i = 0; i < 5; i++) {
                ck_assert_int_eq(after(&retry, refusals[_i]), SSH_RETRY_REFUSED_MS);
                ck_assert(retry.is_refused);
        }
        ck_assert_int_eq(after(&retry, PYROPE_E_UNREACHABLE), SSH_RETRY_FIRST_MS);
        ck_assert(!retry.is_refused);
}
END_TEST

START_TEST(what_is_wrong_here_is_looked_at_again_at_once)
{
        SshRetry retry = { 0 };

        ck_assert_int_eq(after(&retry, PYROPE_E_CONFIG), 0);
        ck_assert_int_eq(after(&retry, PYROPE_E_INVALID), 0);
        ck_assert(!retry.is_refused);
}
END_TEST

START_TEST(a_session_that_was_up_for_a_while_is_made_anew_at_once)
{
        SshRetry retry = { 0 };

        (void)after(&retry, PYROPE_E_UNREACHABLE);
        ssh_retry_up(&retry);
        ssh_retry_lost(&retry, SSH_RETRY_STABLE_MS, NOW, LEAST);
        ck_assert_int_eq(retry.next_at_ms, NOW);
        ck_assert_int_eq(after(&retry, PYROPE_E_UNREACHABLE), SSH_RETRY_FIRST_MS);
}
END_TEST

START_TEST(one_that_breaks_at_once_counts_as_a_failure)
{
        SshRetry retry = { 0 };

        (void)after(&retry, PYROPE_E_UNREACHABLE);
        ssh_retry_up(&retry);
        ssh_retry_lost(&retry, SSH_RETRY_STABLE_MS - 1, NOW, LEAST);
        ck_assert_int_eq(retry.next_at_ms, NOW + 2 * SSH_RETRY_FIRST_MS);
}
END_TEST

static const struct {
        const char *what;
        pyrope_status status;
        bool has_been_up;
        int64_t after_ms; /* of the first failure */
        bool is_patient;
} patience[] = {
        { "a host that was up", PYROPE_E_UNREACHABLE, true, 0, true },
        { "for a while", PYROPE_E_TIMEOUT, true, SSH_RETRY_PATIENCE_MS - 1, true },
        { "and no longer", PYROPE_E_TIMEOUT, true, SSH_RETRY_PATIENCE_MS, false },
        { "one that never was", PYROPE_E_UNREACHABLE, false, 0, false },
        { "a refusal", PYROPE_E_AUTH, true, 0, false },
        { "a wrong key", PYROPE_E_HOST_KEY, true, 0, false },
        { "a wrong configuration", PYROPE_E_CONFIG, true, 0, false },
};

START_TEST(who_waits_goes_on_waiting_only_where_that_may_help)
{
        SshRetry retry = { 0 };

        ssh_retry_failed(&retry, PYROPE_E_UNREACHABLE, NOW, LEAST);
        ssh_retry_failed(&retry, patience[_i].status, NOW + patience[_i].after_ms, LEAST);
        ck_assert_msg(ssh_retry_is_patient(&retry, patience[_i].has_been_up,
                                           NOW + patience[_i].after_ms) == patience[_i].is_patient,
                      "%s", patience[_i].what);
}
END_TEST

START_TEST(another_outage_has_a_patience_of_its_own)
{
        SshRetry retry = { 0 };

        ssh_retry_failed(&retry, PYROPE_E_UNREACHABLE, NOW, LEAST);
        ssh_retry_up(&retry);
        ssh_retry_lost(&retry, SSH_RETRY_STABLE_MS, NOW + 2 * SSH_RETRY_PATIENCE_MS, LEAST);
        ssh_retry_failed(&retry, PYROPE_E_UNREACHABLE, NOW + 3 * SSH_RETRY_PATIENCE_MS, LEAST);
        ck_assert(ssh_retry_is_patient(&retry, true, NOW + 3 * SSH_RETRY_PATIENCE_MS));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-retry");
        TCase *tcase = tcase_create("ssh-retry");

        tcase_add_test(tcase, the_wait_doubles_with_each_failure_of_the_network_up_to_its_limit);
        tcase_add_test(tcase, chance_takes_off_a_half_at_most);
        tcase_add_test(tcase, refused_logins_are_tried_so_rarely_that_nobody_is_locked_out);
        tcase_add_loop_test(tcase, other_refusals_are_remembered_for_as_long_each_time, 0,
                            (int)ARRAY_SIZE(refusals));
        tcase_add_test(tcase, what_is_wrong_here_is_looked_at_again_at_once);
        tcase_add_test(tcase, a_session_that_was_up_for_a_while_is_made_anew_at_once);
        tcase_add_test(tcase, one_that_breaks_at_once_counts_as_a_failure);
        tcase_add_loop_test(tcase, who_waits_goes_on_waiting_only_where_that_may_help, 0,
                            (int)ARRAY_SIZE(patience));
        tcase_add_test(tcase, another_outage_has_a_patience_of_its_own);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
