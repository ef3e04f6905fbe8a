/* SPDX-License-Identifier: MIT */

/* What is counted beside the names: bytes and names of each owner, and the number of the change. */

#include "nameserver/store-rows.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define N_OWNERS 40u

/* What the columns say, against what was counted meanwhile; 1 where all is well. */
static const char *const bytes_are_right =
        "SELECT NOT EXISTS (SELECT 1 FROM objects WHERE bytes <> " STORE_ROWS_BYTES ")";
static const char *const version_is_right =
        "SELECT (SELECT version FROM changes) >= (SELECT coalesce(max(version), 0) FROM objects)";

static Store *store;
static StoreReader *reader;
static StoreDb db; /* a second connection, which looks */

static void setup(void)
{
        scratch_setup();
        ck_assert_int_eq(store_open(scratch_path("ns.db"), &store, NULL), 0);
        ck_assert_int_eq(store_reader_new(store, &reader, NULL), 0);
        ck_assert_int_eq(store_db_open(&db, scratch_path("ns.db"), SQLITE_OPEN_READONLY), 0);
}

static void teardown(void)
{
        store_db_close(&db);
        reader = store_reader_free(reader);
        store = store_close(store);
        scratch_teardown();
}

static StoreText text_of(const char *text)
{
        return (StoreText){ text, strlen(text) };
}

static int64_t query(const char *sql)
{
        int64_t value = -1;

        ck_assert_msg(store_db_query_int(&db, sql, &value) == 0, "%s", db.error.text);
        return value;
}

/* What one more name of two bytes costs. */
static int probe(uid_t uid, int64_t n_names_max, int64_t n_bytes_max)
{
        StoreObject object = { .name = text_of("??"), .object = "", .uri = "" };
        StoreTerms terms = { .uid = uid, .n_names_max = n_names_max, .n_bytes_max = n_bytes_max };
        StoreQuery query = { .kind = STORE_NAME, .text = object.name };
        size_t n, n_left;
        int r;

        r = store_register(store, &object, &terms, NULL);
        if (r == 0)
                ck_assert_int_eq(
                        store_remove(store, reader, &query, text_of(""), &terms, &n, &n_left, NULL),
                        0);
        return r;
}

static int64_t query_owner(const char *what, uid_t uid)
{
        char sql[128];

        (void)snprintf(sql, sizeof(sql), "SELECT %s FROM objects WHERE owner = %u", what, uid);
        return query(sql);
}

/* The limits say what is counted. */
static void assert_usage(uid_t uid)
{
        int64_t n_names = query_owner("count(*)", uid);
        int64_t n_bytes = query_owner("total(bytes)", uid);

        ck_assert_int_eq(probe(uid, n_names + 1, n_bytes + 2), 0);
        ck_assert_int_eq(probe(uid, n_names, 0), n_names ? STORE_E_QUOTA : 0);
        ck_assert_int_eq(probe(uid, 0, n_bytes + 1), STORE_E_QUOTA);
}

static void assert_counted(void)
{
        ck_assert_int_eq(query(bytes_are_right), 1);
        ck_assert_int_eq(query(version_is_right), 1);
        assert_usage(1);
        assert_usage(2);
}

static int put(const char *name, uid_t uid, size_t n_tags, size_t n_endpoints)
{
        static const StoreText tags[] = { { "one", 3 }, { "three", 5 }, { "one", 3 },
                                          { "", 0 },    { "three", 5 }, { "two", 3 } };
        static const StoreEndpoint endpoints[] = {
                { .zone = "z", .path = "/a/long/path" },
                { .zone = "y", .host = "host", .port = 1, .nathost = "n", .natport = 2 },
                { .zone = "z", .path = "/x", .ssh = "user@gateway:22" },
        };
        StoreObject object = {
                .name = text_of(name),
                .object = "o",
                .uri = "PYRO:o@./u:/x",
                .tags = tags,
                .n_tags = n_tags,
                .endpoints = endpoints,
                .n_endpoints = n_endpoints,
        };
        StoreTerms terms = { .uid = uid };

        ck_assert(n_tags <= ARRAY_SIZE(tags) && n_endpoints <= ARRAY_SIZE(endpoints));
        return store_register(store, &object, &terms, NULL);
}

START_TEST(bytes_are_those_of_what_is_kept)
{
        for (size_t n_tags = 0; n_tags <= 6; n_tags++) {
                for (size_t n_endpoints = 0; n_endpoints <= 3; n_endpoints++) {
                        ck_assert_int_eq(put("a", 1, n_tags, n_endpoints), 0);
                        assert_counted();
                }
        }
        ck_assert_int_eq(query("SELECT count(*) FROM metadata"), 4);
        ck_assert_int_eq(query("SELECT count(*) FROM endpoints"), 2);
        ck_assert_int_eq(query("SELECT count(*) FROM endpoints WHERE path = '/x'"), 1);
}
END_TEST

START_TEST(an_owner_has_what_is_registered_and_not_what_is_gone)
{
        StoreTerms terms = { .uid = 1 };
        StoreQuery b = { .kind = STORE_NAME, .text = text_of("b") };
        StoreText tag = text_of("other");
        size_t n, n_left;

        ck_assert_int_eq(put("a", 1, 6, 3), 0);
        ck_assert_int_eq(put("b", 1, 1, 1), 0);
        ck_assert_int_eq(put("a", 1, 2, 2), 0);
        assert_counted();
        ck_assert_int_eq(store_set_tags(store, text_of("a"), &tag, 1, &terms, NULL), 0);
        assert_counted();
        ck_assert_int_eq(store_remove(store, reader, &b, text_of(""), &terms, &n, &n_left, NULL),
                         0);
        assert_counted();
        ck_assert_int_eq(query_owner("count(*)", 1), 1);
}
END_TEST

static int match_all(UNUSED StoreText name, UNUSED void *userdata)
{
        return STORE_MATCH_YES;
}

START_TEST(one_change_may_be_of_many_owners)
{
        StoreTerms terms = { .uid = 0, .is_administrator = true };
        StoreQuery all = { .kind = STORE_MATCHING, .match = match_all };
        size_t n, n_left;
        char name[16];

        for (unsigned i = 0; i < 2 * N_OWNERS; i++) {
                (void)snprintf(name, sizeof(name), "name %u", i);
                ck_assert_int_eq(put(name, 1000 + i % N_OWNERS, i % 6, i % 3), 0);
        }
        assert_counted();
        ck_assert_int_eq(
                store_remove(store, reader, &all, text_of("name 7"), &terms, &n, &n_left, NULL), 0);
        ck_assert_uint_eq(n, 2 * N_OWNERS - 1);
        for (unsigned i = 0; i < N_OWNERS; i++)
                assert_usage(1000 + i);
        ck_assert_int_eq(query("SELECT count(*) FROM objects"), 1);
}
END_TEST

START_TEST(what_is_refused_counts_nothing)
{
        StoreTerms terms = { .uid = 1, .n_names_max = 1 };
        StoreObject object = { .name = text_of("b"), .object = "o", .uri = "PYRO:o@h:1" };

        ck_assert_int_eq(put("a", 1, 2, 2), 0);
        ck_assert_int_eq(store_register(store, &object, &terms, NULL), STORE_E_QUOTA);
        assert_counted();
        ck_assert_int_eq(query_owner("count(*)", 1), 1);
        ck_assert_int_eq(put("c", 1, 2, 2), 0);
        assert_counted();
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/store-tally");
        TCase *tests = tcase_create("store-tally");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, bytes_are_those_of_what_is_kept);
        tcase_add_test(tests, an_owner_has_what_is_registered_and_not_what_is_gone);
        tcase_add_test(tests, one_change_may_be_of_many_owners);
        tcase_add_test(tests, what_is_refused_counts_nothing);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
