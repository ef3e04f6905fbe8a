/* SPDX-License-Identifier: MIT */

#include "broker/stream.h"
#include "tests/unit/unit.h"

#include <string.h>

#define NOW_MS 1000000

static const Caller alice = { .uid = 1000, .number = 1 };
static const Caller alice_again = { .uid = 1000, .number = 2 };
static const Caller bob = { .uid = 1001, .number = 3 };

static StreamTable table;
static Object *object;
static char id[RANDOM_UUID_SIZE];
static int n_closed;

/* -- streams of a table ----------------------------------------------------------------------- */

static int no_item(UNUSED pyrope_call *call, UNUSED void *state)
{
        return PYROPE_STREAM_END;
}

static void on_close(void *state)
{
        ++*(int *)state;
}

static const pyrope_method methods[] = { { "m", NULL, no_item, 0, NULL }, { 0 } };
static const pyrope_class thing = { .name = "Thing", .methods = methods };
static const pyrope_stream_class class_ = { .next = no_item, .close = on_close };

static int add(const Caller *caller)
{
        return stream_table_add(&table, object, "m", caller, &class_, &n_closed, id);
}

static void setup(void)
{
        n_closed = 0;
        stream_table_init(&table);
        ck_assert_int_eq(object_new("o", &thing, NULL, &object, NULL), 0);
        ck_assert_int_eq(add(&alice), 0);
}

static void teardown(void)
{
        stream_table_deinit(&table);
        object_unref(object);
}

static int take(const Caller *caller, bool is_adopted, Stream **ret)
{
        return stream_table_take(&table, id, strlen(id), caller, is_adopted, ret);
}

static bool is_there(void)
{
        CLEANUP(object_unrefp) Object *found = NULL;

        found = stream_table_object(&table, id, strlen(id), alice.uid);
        ck_assert(!found || found == object);
        return found;
}

/* -- whose they are --------------------------------------------------------------------------- */

START_TEST(ids_are_uuids_of_their_own)
{
        char first[RANDOM_UUID_SIZE];

        memcpy(first, id, sizeof(first));
        ck_assert_uint_eq(strlen(id), 36);
        ck_assert_int_eq(add(&alice), 0);
        ck_assert_str_ne(id, first);
}
END_TEST

START_TEST(another_user_finds_nothing)
{
        Stream *stream;

        ck_assert_int_eq(take(&bob, true, &stream), STREAM_E_NONE);
        ck_assert_ptr_null(stream_table_object(&table, id, strlen(id), bob.uid));
        stream_table_close(&table, id, strlen(id), bob.uid);
        ck_assert(is_there());
}
END_TEST

START_TEST(a_strange_id_finds_nothing)
{
        Stream *stream;

        ck_assert_int_eq(stream_table_take(&table, id, 35, &alice, true, &stream), STREAM_E_NONE);
        ck_assert_int_eq(stream_table_take(&table, "", 0, &alice, true, &stream), STREAM_E_NONE);
        stream_table_close(&table, "x", 1, alice.uid);
        ck_assert(is_there());
}
END_TEST

START_TEST(a_user_has_so_many_and_no_more)
{
        for (unsigned i = 1; i < STREAM_PER_UID_MAX; i++)
                ck_assert_int_eq(add(&alice), 0);
        ck_assert_int_eq(add(&alice), STREAM_E_FULL);
        ck_assert_int_eq(add(&bob), 0);
        ck_assert_int_eq(n_closed, 0);
}
END_TEST

/* -- one after another ------------------------------------------------------------------------ */

START_TEST(one_item_is_made_at_a_time)
{
        Stream *stream;
        Stream *other;

        ck_assert_int_eq(take(&alice, true, &stream), 0);
        ck_assert_int_eq(take(&alice_again, true, &other), STREAM_E_BUSY);
        stream_table_give(&table, stream, false);
        ck_assert_int_eq(take(&alice_again, true, &stream), 0);
        stream_table_give(&table, stream, false);
        ck_assert_int_eq(n_closed, 0);
}
END_TEST

START_TEST(what_is_over_is_closed_once)
{
        Stream *stream;

        ck_assert_int_eq(take(&alice, true, &stream), 0);
        stream_table_give(&table, stream, true);
        ck_assert_int_eq(n_closed, 1);
        ck_assert(!is_there());
        stream_table_close(&table, id, strlen(id), alice.uid);
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(who_closes_a_busy_one_closes_it_after_its_item)
{
        Stream *stream;
        Stream *other;

        ck_assert_int_eq(take(&alice, true, &stream), 0);
        stream_table_close(&table, id, strlen(id), alice.uid);
        ck_assert_int_eq(n_closed, 0);
        ck_assert_int_eq(take(&alice, true, &other), STREAM_E_NONE);
        stream_table_give(&table, stream, false);
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

/* -- after the connection --------------------------------------------------------------------- */

START_TEST(a_stream_lingers_behind_its_connection)
{
        ck_assert(!stream_table_disconnect(&table, bob.number, NOW_MS));
        ck_assert(!stream_table_expire(&table, INT64_MAX - 1));
        ck_assert(stream_table_disconnect(&table, alice.number, NOW_MS));
        ck_assert(stream_table_expire(&table, NOW_MS + STREAM_LINGER_MS - 1));
        ck_assert(is_there());
        ck_assert(!stream_table_expire(&table, NOW_MS + STREAM_LINGER_MS));
        ck_assert(!is_there());
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(who_asks_next_adopts_it)
{
        Stream *stream;

        ck_assert(stream_table_disconnect(&table, alice.number, NOW_MS));
        ck_assert_int_eq(take(&alice_again, true, &stream), 0);
        stream_table_give(&table, stream, false);
        ck_assert(!stream_table_expire(&table, NOW_MS + STREAM_LINGER_MS));
        ck_assert(is_there());
        ck_assert(!stream_table_disconnect(&table, alice.number, NOW_MS));
        ck_assert(stream_table_disconnect(&table, alice_again.number, NOW_MS));
}
END_TEST

START_TEST(who_is_not_answered_adopts_nothing)
{
        Stream *stream;

        ck_assert(stream_table_disconnect(&table, alice.number, NOW_MS));
        ck_assert_int_eq(take(&alice_again, false, &stream), 0);
        ck_assert(stream_table_expire(&table, NOW_MS + STREAM_LINGER_MS)); /* busy: it waits */
        stream_table_give(&table, stream, false);
        ck_assert(!stream_table_expire(&table, NOW_MS + STREAM_LINGER_MS));
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(the_end_of_the_table_closes_what_is_left)
{
        ck_assert_int_eq(add(&bob), 0);
        stream_table_deinit(&table);
        ck_assert_int_eq(n_closed, 2);
        stream_table_init(&table);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("stream");
        TCase *tcase = tcase_create("stream");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, ids_are_uuids_of_their_own);
        tcase_add_test(tcase, another_user_finds_nothing);
        tcase_add_test(tcase, a_strange_id_finds_nothing);
        tcase_add_test(tcase, a_user_has_so_many_and_no_more);
        tcase_add_test(tcase, one_item_is_made_at_a_time);
        tcase_add_test(tcase, what_is_over_is_closed_once);
        tcase_add_test(tcase, who_closes_a_busy_one_closes_it_after_its_item);
        tcase_add_test(tcase, a_stream_lingers_behind_its_connection);
        tcase_add_test(tcase, who_asks_next_adopts_it);
        tcase_add_test(tcase, who_is_not_answered_adopts_nothing);
        tcase_add_test(tcase, the_end_of_the_table_closes_what_is_left);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
