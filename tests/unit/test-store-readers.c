/* SPDX-License-Identifier: MIT */

#include "nameserver/store-readers.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static Store *store;
static StoreReaders *readers;

static void setup(void)
{
        scratch_setup();
        ck_assert_int_eq(store_open(scratch_path("ns.db"), &store, NULL), 0);
        ck_assert_int_eq(store_readers_new(store, &readers), 0);
}

static void teardown(void)
{
        readers = store_readers_free(readers);
        store = store_close(store);
        scratch_teardown();
}

static StoreReader *take(void)
{
        StoreReader *reader = NULL;

        ck_assert_int_eq(store_readers_take(readers, &reader, NULL), 0);
        return reader;
}

START_TEST(each_has_a_reader_of_its_own_and_the_last_one_given_is_the_next)
{
        StoreReader *one = take();
        StoreReader *other = take();

        ck_assert_ptr_ne(one, other);
        store_readers_give(readers, one);
        store_readers_give(readers, other);

        ck_assert_ptr_eq(take(), other);
        ck_assert_ptr_eq(take(), one);
        store_readers_give(readers, one);
        store_readers_give(readers, other);
}
END_TEST

START_TEST(more_than_are_kept_can_be_had)
{
        StoreReader *taken[STORE_READERS_KEPT_MAX + 1];

        for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
                taken[i] = take();
        for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
                store_readers_give(readers, taken[i]);

        ck_assert_ptr_eq(take(), taken[STORE_READERS_KEPT_MAX - 1]);
        store_readers_give(readers, taken[STORE_READERS_KEPT_MAX - 1]);
}
END_TEST

START_TEST(a_reader_that_is_given_back_has_ended_its_listing)
{
        StoreQuery query = { .kind = STORE_ALL };
        StoreReader *reader = take();
        const StoreObject *object;
        size_t n;

        ck_assert_int_eq(store_reader_begin(reader, &query, 0, &n, NULL), 0);
        store_readers_give(readers, reader);

        ck_assert_ptr_eq(take(), reader);
        ck_assert_int_eq(store_reader_next(reader, &object, NULL), STORE_E_NOT_FOUND);
        store_readers_give(readers, reader);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("store-readers");
        TCase *tcase = tcase_create("readers");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, each_has_a_reader_of_its_own_and_the_last_one_given_is_the_next);
        tcase_add_test(tcase, more_than_are_kept_can_be_had);
        tcase_add_test(tcase, a_reader_that_is_given_back_has_ended_its_listing);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
