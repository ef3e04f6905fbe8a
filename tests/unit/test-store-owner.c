/* SPDX-License-Identifier: MIT */

/* Whose names are whose: owners, versions, quotas, and the news of what was changed. */

#include "nameserver/store.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ME    1000u
#define OTHER 1001u

static Store *store;
static StoreReader *reader;
static char told[4096]; /* one word for each piece of news */
static int64_t last_version;

static StoreText text_of(const char *text)
{
        return (StoreText){ text, strlen(text) };
}

/* "registered:a" and so on; each has the number after the last. */
static void on_news(const StoreNews *news, void *userdata)
{
        static const char *const events[] = {
                [STORE_REGISTERED] = "registered",
                [STORE_REPLACED] = "replaced",
                [STORE_REMOVED] = "removed",
                [STORE_EXPIRED] = "expired",
        };
        size_t end = strlen(told);

        (void)userdata;
        ck_assert(last_version == 0 || news->version == last_version + 1);
        ck_assert((news->event == STORE_REGISTERED || news->event == STORE_REPLACED) ==
                  (news->uri != NULL));
        last_version = news->version;
        snprintf(told + end, sizeof(told) - end, "%s%s:%.*s+%zu-%zu", end ? " " : "",
                 events[news->event], (int)news->name.n, news->name.at, news->n_tags,
                 news->n_old_tags);
}

static void open_store(void)
{
        ErrorText error = { "" };

        ck_assert_msg(store_open(scratch_path("ns.db"), &store, &error) == 0, "%s", error.text);
        ck_assert_int_eq(store_reader_new(store, &reader, NULL), 0);
        store_on_news(store, on_news, NULL);
}

static void close_store(void)
{
        reader = store_reader_free(reader);
        store = store_close(store);
}

static void setup(void)
{
        scratch_setup();
        open_store();
}

static void teardown(void)
{
        close_store();
        scratch_teardown();
}

static int put(const char *name, StoreTerms terms)
{
        StoreEndpoint endpoint = { .zone = "z", .path = "/x" };
        StoreText tag = text_of("t");
        StoreObject object = {
                .name = text_of(name),
                .object = "o",
                .uri = "PYRO:o@./u:/x",
                .tags = &tag,
                .n_tags = 1,
                .endpoints = &endpoint,
                .n_endpoints = 1,
        };

        return store_register(store, &object, &terms, NULL);
}

static int put_endpoint(const char *name, StoreTerms terms)
{
        StoreEndpoint endpoint = { .zone = "z2", .path = "/y" };
        StoreObject object = {
                .name = text_of(name),
                .object = "o",
                .endpoints = &endpoint,
                .n_endpoints = 1,
        };

        terms.keep_tags = true;
        return store_register_endpoint(store, &object, &terms, NULL);
}

static const StoreObject *find(const char *name)
{
        const StoreObject *object = NULL;
        int r = store_reader_find(reader, text_of(name), STORE_WITH_ENDPOINTS, &object, NULL);

        ck_assert(r == 0 || r == STORE_E_NOT_FOUND);
        return object;
}

/* What remains of the names, and what a removal said. */
static void assert_removes(StoreQuery query, StoreTerms terms, size_t n, size_t n_left)
{
        size_t n_removed = 99;
        size_t n_stayed = 99;

        ck_assert_int_eq(store_remove(store, reader, &query, text_of("keep"), &terms, &n_removed,
                                      &n_stayed, NULL),
                         0);
        ck_assert_uint_eq(n_removed, n);
        ck_assert_uint_eq(n_stayed, n_left);
}

static int match_all(StoreText name, void *userdata)
{
        (void)name;
        (void)userdata;
        return STORE_MATCH_YES;
}

static StoreTerms as(uid_t uid)
{
        return (StoreTerms){ .uid = uid };
}

START_TEST(a_name_is_changed_by_its_owner_only)
{
        StoreText tag = text_of("mine");
        StoreTerms other = as(OTHER);
        int64_t version;

        ck_assert_int_eq(put("a", as(ME)), 0);
        version = find("a")->version;

        ck_assert_int_eq(put("a", as(OTHER)), STORE_E_DENIED);
        ck_assert_int_eq(put_endpoint("a", as(OTHER)), STORE_E_DENIED);
        ck_assert_int_eq(store_set_tags(store, text_of("a"), &tag, 1, &other, NULL),
                         STORE_E_DENIED);
        ck_assert_int_eq(put("a", (StoreTerms){ .uid = OTHER, .safe = true }), STORE_E_EXISTS);
        assert_removes((StoreQuery){ .kind = STORE_NAME, .text = text_of("a") }, as(OTHER), 0, 1);

        ck_assert_int_eq(find("a")->version, version);
        ck_assert_uint_eq(find("a")->owner, ME);
        ck_assert_str_eq(told, "registered:a+1-0");
        ck_assert_int_eq(put("a", as(ME)), 0);
}
END_TEST

START_TEST(removing_many_takes_own_names_and_counts_the_others)
{
        ck_assert_int_eq(put("a1", as(ME)), 0);
        ck_assert_int_eq(put("a2", as(OTHER)), 0);
        ck_assert_int_eq(put("a3", as(ME)), 0);
        ck_assert_int_eq(put("keep", as(OTHER)), 0);

        assert_removes((StoreQuery){ .kind = STORE_PREFIX, .text = text_of("a") }, as(OTHER), 1, 2);
        assert_removes((StoreQuery){ .kind = STORE_MATCHING, .match = match_all }, as(OTHER), 0, 2);
        assert_removes((StoreQuery){ .kind = STORE_MATCHING, .match = match_all }, as(ME), 2, 0);
        ck_assert_ptr_null(find("a1"));
        ck_assert_ptr_nonnull(find("keep"));
}
END_TEST

START_TEST(an_administrator_changes_any_name)
{
        StoreTerms administrator = { .uid = 7, .is_administrator = true };

        ck_assert_int_eq(put("a", as(ME)), 0);
        ck_assert_int_eq(put_endpoint("a", administrator), 0);
        ck_assert_uint_eq(find("a")->owner, ME);
        ck_assert_uint_eq(find("a")->n_endpoints, 2);

        ck_assert_int_eq(put("a", administrator), 0);
        ck_assert_uint_eq(find("a")->owner, 7);
        ck_assert_int_eq(put("b", as(ME)), 0);
        assert_removes((StoreQuery){ .kind = STORE_PREFIX, .text = text_of("b") }, administrator, 1,
                       0);
}
END_TEST

START_TEST(a_version_is_of_one_change_and_can_be_asked_for)
{
        StoreTerms terms = as(ME);

        ck_assert_int_eq(put("a", as(ME)), 0);
        ck_assert_int_eq(put("b", as(ME)), 0);
        ck_assert_int_eq(find("b")->version, find("a")->version + 1);

        terms.version = find("a")->version;
        ck_assert_int_eq(put_endpoint("b", terms), STORE_E_CHANGED);
        ck_assert_int_eq(put_endpoint("none", terms), STORE_E_CHANGED);
        ck_assert_int_eq(put_endpoint("a", terms), 0);
        ck_assert_int_eq(put_endpoint("a", terms), STORE_E_CHANGED);
        ck_assert_ptr_null(find("none"));
}
END_TEST

START_TEST(versions_go_on_after_removals_and_restarts)
{
        int64_t version;

        ck_assert_int_eq(put("a", as(ME)), 0);
        version = find("a")->version;
        assert_removes((StoreQuery){ .kind = STORE_NAME, .text = text_of("a") }, as(ME), 1, 0);
        close_store();
        open_store();

        ck_assert_int_eq(put("a", as(ME)), 0);
        ck_assert_int_eq(find("a")->version, version + 2);
}
END_TEST

START_TEST(news_tell_what_was_changed_in_order)
{
        StoreTerms me = as(ME);
        StoreLease lease;

        ck_assert_int_eq(put("a", me), 0);
        ck_assert_int_eq(put("a", me), 0);
        ck_assert_int_eq(put_endpoint("a", me), 0);
        ck_assert_int_eq(store_set_tags(store, text_of("a"), NULL, 0, &me, NULL), 0);
        ck_assert_int_eq(put("b", me), 0);
        assert_removes((StoreQuery){ .kind = STORE_NAME, .text = text_of("a") }, me, 1, 0);
        lease = (StoreLease){ text_of("b"), find("b")->version };
        ck_assert_int_eq(store_expire(store, &lease, 1, NULL), 0);

        ck_assert_str_eq(told, "registered:a+1-0 replaced:a+1-1 replaced:a+1-1 replaced:a+0-1 "
                               "registered:b+1-0 removed:a+0-0 expired:b+0-1");
}
END_TEST

START_TEST(nothing_is_told_of_what_was_refused)
{
        ck_assert_int_eq(put("a", as(ME)), 0);
        told[0] = '\0';

        ck_assert_int_eq(put("a", as(OTHER)), STORE_E_DENIED);
        ck_assert_int_eq(put("b", (StoreTerms){ .uid = OTHER, .n_bytes_max = 1 }), STORE_E_QUOTA);

        ck_assert_str_eq(told, "");
        ck_assert_ptr_null(find("b"));
}
END_TEST

START_TEST(only_what_is_of_its_version_expires)
{
        StoreLease lease = { .name = text_of("a") };

        ck_assert_int_eq(put("a", as(ME)), 0);
        lease.version = find("a")->version;
        ck_assert_int_eq(put("a", as(ME)), 0);

        ck_assert_int_eq(store_expire(store, &lease, 1, NULL), 0);
        ck_assert_ptr_nonnull(find("a"));
        lease.name = text_of("none");
        ck_assert_int_eq(store_expire(store, &lease, 1, NULL), 0);
}
END_TEST

START_TEST(a_user_has_a_limit_of_names)
{
        StoreTerms terms = { .uid = ME, .n_names_max = 2 };

        ck_assert_int_eq(put("a", terms), 0);
        ck_assert_int_eq(put("b", terms), 0);
        ck_assert_int_eq(put("c", terms), STORE_E_QUOTA);
        ck_assert_int_eq(put("b", terms), 0);
        ck_assert_int_eq(put("c", (StoreTerms){ .uid = OTHER, .n_names_max = 2 }), 0);

        assert_removes((StoreQuery){ .kind = STORE_NAME, .text = text_of("a") }, terms, 1, 0);
        ck_assert_int_eq(put("d", terms), 0);
        ck_assert_int_eq(put("e", terms), STORE_E_QUOTA);
}
END_TEST

/* A name, an object id of 1 byte, a tag of 1, a zone of 1, a path of 2, and the URI. */
#define BYTES_OF(name) (strlen(name) + 1 + 1 + 1 + 2 + strlen("PYRO:o@./u:/x"))

START_TEST(a_user_has_a_limit_of_bytes)
{
        StoreTerms terms = { .uid = ME, .n_bytes_max = (int64_t)BYTES_OF("abcd") };
        StoreText tags[] = { text_of("t"), text_of("u") };

        ck_assert_int_eq(put("abcde", terms), STORE_E_QUOTA);
        ck_assert_int_eq(put("abcd", terms), 0);
        ck_assert_int_eq(put("abcd", terms), 0);
        ck_assert_int_eq(store_set_tags(store, text_of("abcd"), tags, 2, &terms, NULL),
                         STORE_E_QUOTA);
        ck_assert_int_eq(put_endpoint("abcd", terms), STORE_E_QUOTA);
        ck_assert_uint_eq(find("abcd")->n_endpoints, 1);

        /* Less is always possible. */
        terms.n_bytes_max = 1;
        ck_assert_int_eq(store_set_tags(store, text_of("abcd"), NULL, 0, &terms, NULL), 0);
        assert_removes((StoreQuery){ .kind = STORE_NAME, .text = text_of("abcd") }, terms, 1, 0);
}
END_TEST

START_TEST(a_name_that_is_taken_over_counts_for_its_new_owner)
{
        StoreTerms administrator = { .uid = OTHER, .is_administrator = true, .n_names_max = 1 };

        ck_assert_int_eq(put("a", as(ME)), 0);
        ck_assert_int_eq(put("a", administrator), 0);
        ck_assert_int_eq(put("b", administrator), STORE_E_QUOTA);
        ck_assert_int_eq(put("b", (StoreTerms){ .uid = ME, .n_names_max = 1 }), 0);
}
END_TEST

/* Makes a database from a text that sqlite3 would take. */
static void make_database(const char *name, const char *source)
{
        char sql[16384];
        FILE *file = fopen(source, "re");
        sqlite3 *db;
        size_t n;

        ck_assert_ptr_nonnull(file);
        n = fread(sql, 1, sizeof(sql) - 1, file);
        fclose(file);
        sql[n] = '\0';
        ck_assert_int_eq(sqlite3_open(scratch_path(name), &db), SQLITE_OK);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                      sqlite3_errmsg(db));
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
        ck_assert_int_eq(chmod(scratch_path(name), 0600), 0);
}

START_TEST(a_database_of_schema_1_is_brought_up_to_date)
{
        const StoreObject *object;
        StoreTerms terms = { .uid = 0, .n_names_max = 5 };

        close_store();
        ck_assert_int_eq(unlink(scratch_path("ns.db")), 0);
        make_database("ns.db", TEST_DATA_DIR "/nameserver-v1.sql");
        open_store();

        object = find("c");
        ck_assert_ptr_nonnull(object);
        ck_assert_str_eq(object->uri, "PYRO:oc@./u:/run/c.sock");
        ck_assert_uint_eq(object->n_endpoints, 1);
        ck_assert_int_eq(object->ttl_ms, 0);
        ck_assert_int_eq(object->version, 1);
        ck_assert_int_eq(put("c", as(ME)), STORE_E_DENIED);

        /* Its own entry, a, a.b and c are four. */
        ck_assert_int_eq(put("d", terms), 0);
        ck_assert_int_eq(put("e", terms), STORE_E_QUOTA);
        ck_assert_int_gt(find("d")->version, 1);
        terms.n_bytes_max = 1;
        assert_removes((StoreQuery){ .kind = STORE_MATCHING, .match = match_all }, terms, 5, 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/store-owner");
        TCase *tests = tcase_create("store-owner");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, a_name_is_changed_by_its_owner_only);
        tcase_add_test(tests, removing_many_takes_own_names_and_counts_the_others);
        tcase_add_test(tests, an_administrator_changes_any_name);
        tcase_add_test(tests, a_version_is_of_one_change_and_can_be_asked_for);
        tcase_add_test(tests, versions_go_on_after_removals_and_restarts);
        tcase_add_test(tests, news_tell_what_was_changed_in_order);
        tcase_add_test(tests, nothing_is_told_of_what_was_refused);
        tcase_add_test(tests, only_what_is_of_its_version_expires);
        tcase_add_test(tests, a_user_has_a_limit_of_names);
        tcase_add_test(tests, a_user_has_a_limit_of_bytes);
        tcase_add_test(tests, a_name_that_is_taken_over_counts_for_its_new_owner);
        tcase_add_test(tests, a_database_of_schema_1_is_brought_up_to_date);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
