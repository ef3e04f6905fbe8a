/* SPDX-License-Identifier: MIT */

#include "broker/quota.h"

#include "tests/unit/unit.h"

#include <sys/resource.h>

#define MESSAGE_MAX 1000u

enum { ALICE = 1000, BOB };

static Quota quota;
static char text[QUOTA_TEXT_SIZE];

static void setup(void)
{
        quota_init(&quota, MESSAGE_MAX);
}

static void teardown(void)
{
        ck_assert(quota_is_idle(&quota));
        quota_deinit(&quota);
}

static QuotaUser *enter(uid_t uid)
{
        QuotaUser *user = NULL;

        ck_assert_int_eq(quota_enter(&quota, uid, &user, text), 0);
        ck_assert_uint_eq(user->uid, uid);
        return user;
}

static void expect_refused(uid_t uid, const char *expected)
{
        QuotaUser *user = NULL;

        ck_assert_int_eq(quota_enter(&quota, uid, &user, text), QUOTA_E_FULL);
        ck_assert_str_eq(text, expected);
        ck_assert_ptr_null(user);
}

START_TEST(each_user_may_hold_up_to_the_limit_and_gets_all_of_it_back)
{
        static const uint64_t max[] = {
                [QUOTA_CALLS] = QUOTA_CALLS_MAX,
                [QUOTA_BYTES] = QUOTA_MESSAGES_MAX * MESSAGE_MAX,
        };
        QuotaUser *alice = enter(ALICE);
        QuotaUser *bob = enter(BOB);
        uint64_t hers = 0;
        uint64_t his = 0;
        uint64_t more = 0;

        ck_assert_int_eq(quota_hold(alice, _i, &hers, max[_i]), 0);
        ck_assert_int_eq(quota_hold(alice, _i, &more, 1), QUOTA_E_FULL);
        ck_assert_uint_eq(more, 0);
        ck_assert_int_eq(quota_hold(bob, _i, &his, max[_i]), 0);
        ck_assert_int_eq(quota_hold(alice, _i, &hers, max[_i] - 1), 0);
        ck_assert_int_eq(quota_hold(alice, _i, &more, 1), 0);
        ck_assert(!quota_is_idle(&quota));
        quota_hold(alice, _i, &hers, 0);
        quota_hold(alice, _i, &more, 0);
        quota_hold(bob, _i, &his, 0);
        quota_leave(alice);
        quota_leave(bob);
}
END_TEST

START_TEST(what_would_overflow_is_refused_and_changes_nothing)
{
        QuotaUser *alice = enter(ALICE);
        uint64_t held = 0;

        ck_assert_int_eq(quota_hold(alice, QUOTA_BYTES, &held, 10), 0);
        ck_assert_int_eq(quota_hold(alice, QUOTA_BYTES, &held, UINT64_MAX), QUOTA_E_FULL);
        ck_assert_uint_eq(held, 10);
        quota_hold(alice, QUOTA_BYTES, &held, 0);
        quota_leave(alice);
}
END_TEST

START_TEST(a_refusal_names_user_and_limit)
{
        QuotaUser *alice = enter(ALICE);

        quota_refusal(alice, QUOTA_BYTES, text);
        ck_assert_str_eq(text, "user 1000 may have no more than 4000 bytes under way");
        quota_refusal(alice, QUOTA_CALLS, text);
        ck_assert_str_eq(text, "user 1000 may have no more than 16384 calls that wait");
        quota_leave(alice);
}
END_TEST

START_TEST(a_user_has_no_more_connections_than_the_limit)
{
        QuotaUser *alice = NULL;

        for (unsigned i = 0; i < QUOTA_CONNECTIONS_MAX; i++)
                alice = enter(ALICE);
        expect_refused(ALICE, "user 1000 has 16384 connections, that is the limit");
        quota_leave(enter(BOB));
        quota_leave(alice);
        ck_assert_ptr_eq(enter(ALICE), alice);
        for (unsigned i = 0; i < QUOTA_CONNECTIONS_MAX; i++)
                quota_leave(alice);
}
END_TEST

START_TEST(in_a_shared_daemon_one_user_leaves_descriptors_to_others)
{
        struct rlimit limit;
        QuotaUser *alice = NULL;
        QuotaUser *bob = NULL;

        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = QUOTA_DESCRIPTORS_OWN + 12;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        quota.is_shared = true;
        for (int i = 0; i < 6; i++) /* half: somebody else may come */
                alice = enter(ALICE);
        expect_refused(ALICE, "user 1000 has 6 connections, that is the limit");
        for (int i = 0; i < 4; i++) /* a third of it */
                bob = enter(BOB);
        expect_refused(BOB, "user 1001 has 4 connections, that is the limit");
        for (int i = 0; i < 6; i++)
                quota_leave(alice);
        for (int i = 0; i < 2; i++)
                bob = enter(BOB);
        expect_refused(BOB, "user 1001 has 6 connections, that is the limit");
        for (int i = 0; i < 6; i++)
                quota_leave(bob);
}
END_TEST

START_TEST(where_descriptors_are_few_everybody_may_try_one)
{
        const struct rlimit limit = { .rlim_cur = QUOTA_DESCRIPTORS_OWN,
                                      .rlim_max = QUOTA_DESCRIPTORS_OWN };
        QuotaUser *alice;
        QuotaUser *bob;

        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        quota.is_shared = true;
        alice = enter(ALICE);
        bob = enter(BOB);
        expect_refused(ALICE, "user 1000 has 1 connections, that is the limit");
        quota_leave(alice);
        quota_leave(bob);
}
END_TEST

static void *hold_and_give(void *userdata)
{
        QuotaUser *user = userdata;
        uint64_t held = 0;

        for (uint64_t i = 0; i < 10000; i++)
                (void)quota_hold(user, QUOTA_BYTES, &held, i % (2 * MESSAGE_MAX));
        (void)quota_hold(user, QUOTA_BYTES, &held, 0);
        return NULL;
}

START_TEST(threads_of_one_user_lose_nothing)
{
        QuotaUser *alice = enter(ALICE);
        pthread_t threads[4];

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, hold_and_give, alice), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
        ck_assert_uint_eq(alice->left[QUOTA_BYTES], QUOTA_MESSAGES_MAX * MESSAGE_MAX);
        quota_leave(alice);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("quota");
        TCase *tcase = tcase_create("quota");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, each_user_may_hold_up_to_the_limit_and_gets_all_of_it_back, 0,
                            QUOTA_KINDS);
        tcase_add_test(tcase, what_would_overflow_is_refused_and_changes_nothing);
        tcase_add_test(tcase, a_refusal_names_user_and_limit);
        tcase_add_test(tcase, a_user_has_no_more_connections_than_the_limit);
        tcase_add_test(tcase, in_a_shared_daemon_one_user_leaves_descriptors_to_others);
        tcase_add_test(tcase, where_descriptors_are_few_everybody_may_try_one);
        tcase_add_test(tcase, threads_of_one_user_lose_nothing);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
