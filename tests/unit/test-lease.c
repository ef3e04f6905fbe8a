/* SPDX-License-Identifier: MIT */

/* Leases by a clock of the test: what runs, what is over, and who may renew it. */

#include "nameserver/lease.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define ME    1000u
#define OTHER 1001u

static LeaseTable *table;
static LeaseBatch batch;

static void setup(void)
{
        table = lease_table_new();
        ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
        lease_batch_deinit(&batch);
        table = lease_table_free(table);
}

static StoreText text_of(const char *text)
{
        return (StoreText){ text, strlen(text) };
}

static void put(const char *name, int64_t version, int64_t ttl_ms, int64_t now_ms)
{
        StoreNews news = {
                .name = text_of(name), .owner = ME, .version = version, .ttl_ms = ttl_ms
        };

        ck_assert_int_eq(lease_table_put(table, &news, true, now_ms), 0);
}

/* What is over at a moment, as "a:1 b:2", in that order. */
static void assert_over(int64_t now_ms, const char *expected)
{
        char text[1000] = "";
        size_t n = 0;

        ck_assert_int_eq(lease_table_take(table, now_ms, &batch), 0);
        for (size_t i = 0; i < batch.n; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s:%d", n ? " " : "",
                                      (int)batch.leases[i].name.n, batch.leases[i].name.at,
                                      (int)batch.leases[i].version);
        ck_assert_str_eq(text, expected);
}

START_TEST(a_lease_is_over_after_its_term)
{
        put("b", 2, 100, 1000);
        put("a", 1, 50, 1000);
        put("", 3, 200, 1000);

        assert_over(1049, "");
        assert_over(1050, "a:1");
        assert_over(1200, "b:2 :3");
        assert_over(INT64_MAX - 1, "");
}
END_TEST

START_TEST(a_renewed_lease_runs_anew)
{
        bool is_confirmed;

        put("a", 1, 100, 1000);
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 1099), 0);
        assert_over(1198, "");
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 1198), 0);
        assert_over(1297, "");
        assert_over(1298, "a:1");

        ck_assert_int_eq(lease_table_renew(table, text_of("none"), ME, 0), LEASE_E_NONE);
        ck_assert_int_eq(lease_table_find(table, text_of("none"), &is_confirmed), LEASE_E_NONE);
}
END_TEST

START_TEST(only_its_owner_renews_a_lease)
{
        put("a", 1, 100, 1000);

        ck_assert_int_eq(lease_table_renew(table, text_of("a"), OTHER, 1050), LEASE_E_NONE);
        assert_over(1100, "a:1");
}
END_TEST

START_TEST(what_is_being_removed_is_not_renewed)
{
        put("a", 1, 100, 1000);
        assert_over(1100, "a:1");

        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 1100), LEASE_E_NONE);
        lease_table_settle(table, &batch, true, 0);
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 1100), LEASE_E_NONE);
}
END_TEST

START_TEST(what_could_not_be_removed_is_tried_again_unless_renewed)
{
        put("a", 1, 100, 1000);
        put("b", 2, 100, 1000);
        assert_over(1100, "a:1 b:2");

        lease_table_settle(table, &batch, false, 1500);
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 1450), 0);

        assert_over(1499, "");
        assert_over(1549, "b:2");
        assert_over(1550, "a:1");
}
END_TEST

START_TEST(what_was_registered_anew_meanwhile_stays)
{
        put("a", 1, 100, 1000);
        assert_over(1100, "a:1");
        put("a", 2, 100, 1101);

        lease_table_settle(table, &batch, true, 0);

        assert_over(1200, "");
        assert_over(1201, "a:2");
}
END_TEST

START_TEST(a_dropped_lease_never_ends)
{
        put("a", 1, 100, 1000);
        put("b", 2, 50, 1000);
        lease_table_drop(table, text_of("b"));
        lease_table_drop(table, text_of("b"));

        assert_over(2000, "a:1");
}
END_TEST

START_TEST(a_held_lease_runs_when_its_connection_is_gone)
{
        LeaseHolder *holder = lease_holder_new(table);

        put("a", 1, 100, 1000);
        put("b", 2, 100, 1000);
        lease_holder_hold(holder, text_of("a"), ME);
        lease_holder_hold(holder, text_of("b"), OTHER);
        lease_holder_hold(holder, text_of("none"), ME);
        put("a", 3, 100, 1000);

        assert_over(5000, "b:2");
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 5000), 0);
        assert_over(9000, "");
        ck_assert_ptr_null(lease_holder_free(holder, 10000));
        assert_over(10099, "");
        assert_over(10100, "a:3");
}
END_TEST

START_TEST(the_last_connection_that_registered_a_name_holds_it)
{
        LeaseHolder *first = lease_holder_new(table);
        LeaseHolder *second = lease_holder_new(table);

        put("a", 1, 100, 1000);
        lease_holder_hold(first, text_of("a"), ME);
        lease_holder_hold(second, text_of("a"), ME);
        lease_holder_hold(second, text_of("a"), ME);

        lease_holder_free(first, 1000);
        assert_over(5000, "");
        lease_table_drop(table, text_of("a"));
        lease_holder_free(second, 5000);
        assert_over(9000, "");
}
END_TEST

START_TEST(after_a_gap_all_have_a_term_and_are_unconfirmed)
{
        LeaseHolder *holder = lease_holder_new(table);
        bool is_confirmed = true;

        put("a", 1, 100, 1000);
        put("long", 2, 100000, 1000);
        put("held", 3, 100, 1000);
        lease_holder_hold(holder, text_of("held"), ME);
        lease_table_extend(table, 5000);

        ck_assert_int_eq(lease_table_find(table, text_of("a"), &is_confirmed), 0);
        ck_assert(!is_confirmed);
        ck_assert_int_eq(lease_table_find(table, text_of("held"), &is_confirmed), 0);
        ck_assert(is_confirmed);
        assert_over(5099, "");
        ck_assert_int_eq(lease_table_renew(table, text_of("a"), ME, 5099), 0);
        ck_assert_int_eq(lease_table_find(table, text_of("a"), &is_confirmed), 0);
        ck_assert(is_confirmed);
        assert_over(5199, "a:1");
        assert_over(105000, "long:2");
        lease_holder_free(holder, 105000);
}
END_TEST

START_TEST(as_many_are_over_as_fit_in_a_transaction)
{
        char name[16];

        for (unsigned i = 0; i <= LEASE_BATCH_MAX; i++) {
                snprintf(name, sizeof(name), "n%u", i);
                put(name, i + 1, 100, 1000);
        }

        ck_assert_int_eq(lease_table_take(table, 1100, &batch), 0);
        ck_assert_uint_eq(batch.n, LEASE_BATCH_MAX);
        lease_table_settle(table, &batch, true, 0);
        ck_assert_int_eq(lease_table_take(table, 1100, &batch), 0);
        ck_assert_uint_eq(batch.n, 1);
}
END_TEST

/* Against a plain list of ends, by pseudo-random steps. */
START_TEST(thousands_of_leases_end_when_they_should)
{
        enum { N = 100, STEPS = 4000 };
        int64_t ends[N];
        uint32_t seed = (uint32_t)_i + 1;
        int64_t now_ms = 0;
        int n_late = 0;
        char name[16];

        for (int i = 0; i < N; i++)
                ends[i] = -1;
        for (int step = 0; step < STEPS; step++) {
                int i;
                int64_t ttl_ms;

                seed = seed * 1664525u + 1013904223u;
                i = (int)((seed >> 8) % N);
                ttl_ms = 1 + (seed >> 20) % 500;
                snprintf(name, sizeof(name), "%d", i);
                if ((seed & 7) == 0) {
                        lease_table_drop(table, text_of(name));
                        ends[i] = -1;
                } else {
                        put(name, i, ttl_ms, now_ms);
                        ends[i] = now_ms + ttl_ms;
                }
                now_ms += (seed >> 4) & 3;
                do {
                        ck_assert_int_eq(lease_table_take(table, now_ms, &batch), 0);
                        for (size_t k = 0; k < batch.n; k++) {
                                ck_assert_int_ge(ends[batch.leases[k].version], 0);
                                ck_assert_int_le(ends[batch.leases[k].version], now_ms);
                                ends[batch.leases[k].version] = -1;
                        }
                        lease_table_settle(table, &batch, true, 0);
                } while (batch.n > 0);
                for (int k = 0; k < N; k++)
                        n_late += ends[k] >= 0 && ends[k] <= now_ms;
        }
        ck_assert_int_eq(n_late, 0);
}
END_TEST

START_TEST(waiting_ends_when_a_lease_is_over_or_all_is)
{
        put("a", 1, 100, 1000);
        ck_assert(!lease_table_wait(table, 1100, 60000));
        ck_assert(!lease_table_wait(table, 1099, 60000));
        ck_assert(!lease_table_wait(table, 0, 1));

        lease_table_stop(table);
        ck_assert(lease_table_is_stopped(table));
        ck_assert(!lease_table_wait(table, 0, 60000));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/lease");
        TCase *tests = tcase_create("lease");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, a_lease_is_over_after_its_term);
        tcase_add_test(tests, a_renewed_lease_runs_anew);
        tcase_add_test(tests, only_its_owner_renews_a_lease);
        tcase_add_test(tests, what_is_being_removed_is_not_renewed);
        tcase_add_test(tests, what_could_not_be_removed_is_tried_again_unless_renewed);
        tcase_add_test(tests, what_was_registered_anew_meanwhile_stays);
        tcase_add_test(tests, a_dropped_lease_never_ends);
        tcase_add_test(tests, a_held_lease_runs_when_its_connection_is_gone);
        tcase_add_test(tests, the_last_connection_that_registered_a_name_holds_it);
        tcase_add_test(tests, after_a_gap_all_have_a_term_and_are_unconfirmed);
        tcase_add_test(tests, as_many_are_over_as_fit_in_a_transaction);
        tcase_add_loop_test(tests, thousands_of_leases_end_when_they_should, 0, 4);
        tcase_add_test(tests, waiting_ends_when_a_lease_is_over_or_all_is);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
