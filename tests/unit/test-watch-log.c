/* SPDX-License-Identifier: MIT */

/* What watchers see of changes: by filter, from a version on, and when they are too slow. */

#include "nameserver/watch-log.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define BEGIN 100 /* version of the last change before */

static WatchLog *watch_log;
static int64_t version;
static char text[8192];

static void setup(void)
{
        watch_log = watch_log_new(BEGIN);
        ck_assert_ptr_nonnull(watch_log);
        version = BEGIN;
}

static void teardown(void)
{
        watch_log = watch_log_free(watch_log);
}

static StoreText text_of(const char *at)
{
        return (StoreText){ at, strlen(at) };
}

static size_t hash_words(const char *words, uint64_t *ret)
{
        size_t n = 0;

        for (; words && *words; words += strspn(words, " ")) {
                size_t n_word = strcspn(words, " ");

                ret[n++] = store_tag_hash((StoreText){ words, n_word });
                words += n_word;
        }
        return n;
}

/* Tags as words; NULL where there are none. */
static void change(StoreEvent event, const char *name, const char *tags, const char *old_tags)
{
        uint64_t now[8];
        uint64_t before[8];
        StoreNews news = {
                .event = event,
                .name = text_of(name),
                .uri = event == STORE_REGISTERED || event == STORE_REPLACED ? "PYRO:o@h:1" : NULL,
                .version = ++version,
                .tags = now,
                .n_tags = hash_words(tags, now),
                .old_tags = before,
                .n_old_tags = hash_words(old_tags, before),
        };

        watch_log_append(watch_log, &news);
}

/* What a filter gives from a version on, as "registered:a ..."; @at moves on. */
static const char *take(const WatchFilter *filter, int64_t *at)
{
        static const char *const events[] = {
                [WATCH_REGISTERED] = "registered",
                [WATCH_REPLACED] = "replaced",
                [WATCH_REMOVED] = "removed",
                [WATCH_EXPIRED] = "expired",
        };
        WatchItem items[WATCH_TAKE_MAX];
        size_t n_text = 0;
        size_t n = 0;

        if (watch_log_take(watch_log, filter, at, items, &n))
                return "lost";
        text[0] = '\0';
        for (size_t i = 0; i < n; i++) {
                n_text += (size_t)snprintf(text + n_text, sizeof(text) - n_text, "%s%s:%.*s",
                                           i ? " " : "", events[items[i].event],
                                           (int)items[i].change->name.n, items[i].change->name.at);
                watch_change_unref(items[i].change);
        }
        return text;
}

START_TEST(changes_are_given_in_their_order)
{
        const WatchFilter all = { .n_tags = 0 };
        int64_t at = BEGIN;

        change(STORE_REGISTERED, "a", NULL, NULL);
        change(STORE_REPLACED, "a", NULL, NULL);
        change(STORE_REMOVED, "a", NULL, NULL);
        change(STORE_EXPIRED, "b", NULL, NULL);

        ck_assert_str_eq(take(&all, &at), "registered:a replaced:a removed:a expired:b");
        ck_assert_int_eq(at, BEGIN + 4);
        ck_assert_str_eq(take(&all, &at), "");
        at = BEGIN + 2;
        ck_assert_str_eq(take(&all, &at), "removed:a expired:b");
}
END_TEST

START_TEST(a_version_that_the_log_does_not_know_is_lost)
{
        const WatchFilter all = { .n_tags = 0 };
        int64_t before = BEGIN - 1;
        int64_t after = BEGIN + 2;

        change(STORE_REGISTERED, "a", NULL, NULL);

        ck_assert_str_eq(take(&all, &before), "lost");
        ck_assert_str_eq(take(&all, &after), "lost");
        ck_assert_int_eq(before, BEGIN - 1);
}
END_TEST

/* Prefix, tags, whether any will do; and what is seen of the changes below. */
static const struct {
        const char *prefix, *tags;
        bool is_any;
        const char *seen;
} filters[] = {
        { "", NULL, false, "registered:ab replaced:ab registered:b replaced:b removed:ab" },
        { "a", NULL, false, "registered:ab replaced:ab removed:ab" },
        { "ab", NULL, false, "registered:ab replaced:ab removed:ab" },
        { "abc", NULL, false, "" },
        { "", "x", false, "registered:ab replaced:ab removed:ab" },
        { "", "y", false, "registered:ab registered:b removed:b removed:ab" },
        { "", "x y", false, "registered:ab removed:ab" },
        { "", "x y", true, "registered:ab replaced:ab registered:b removed:b removed:ab" },
        { "b", "y", true, "registered:b removed:b" },
        { "", "z", true, "" },
};

START_TEST(a_filter_sees_names_come_and_go)
{
        uint64_t tags[8];
        const WatchFilter filter = {
                .prefix = text_of(filters[_i].prefix),
                .tags = tags,
                .n_tags = hash_words(filters[_i].tags, tags),
                .is_any = filters[_i].is_any,
        };
        int64_t at = BEGIN;

        change(STORE_REGISTERED, "ab", "x", NULL);
        change(STORE_REPLACED, "ab", "x y", "x");
        change(STORE_REGISTERED, "b", "y", NULL);
        change(STORE_REPLACED, "b", NULL, "y");
        change(STORE_REMOVED, "ab", NULL, "x y");

        ck_assert_str_eq(take(&filter, &at), filters[_i].seen);
        ck_assert_int_eq(at, BEGIN + 5);
}
END_TEST

START_TEST(the_log_keeps_as_many_changes_as_it_may)
{
        const WatchFilter none = { .prefix = text_of("none") };
        int64_t first = BEGIN;
        int64_t second = BEGIN + 1;

        for (unsigned i = 0; i < WATCH_LOG_MAX; i++)
                change(STORE_REGISTERED, "a", NULL, NULL);
        ck_assert_str_eq(take(&none, &first), "");
        ck_assert_int_eq(first, BEGIN + WATCH_LOOK_MAX);

        first = BEGIN;
        change(STORE_REGISTERED, "a", NULL, NULL);
        ck_assert_str_eq(take(&none, &first), "lost");
        ck_assert_str_eq(take(&none, &second), "");
}
END_TEST

START_TEST(the_log_keeps_as_many_bytes_as_it_may)
{
        static char name[STORE_NAME_MAX_BYTES + 1];
        const WatchFilter none = { .prefix = text_of("none") };
        unsigned n = WATCH_LOG_MAX_BYTES / (sizeof(WatchChange) + STORE_NAME_MAX_BYTES + 11);
        int64_t at;

        memset(name, 'n', sizeof(name) - 1);
        for (unsigned i = 0; i < n; i++)
                change(STORE_REGISTERED, name, NULL, NULL);
        at = BEGIN;
        ck_assert_str_eq(take(&none, &at), "");
        change(STORE_REGISTERED, name, NULL, NULL);
        at = BEGIN;
        ck_assert_str_eq(take(&none, &at), "lost");
}
END_TEST

START_TEST(as_many_changes_are_given_at_once_as_may_be)
{
        const WatchFilter all = { .n_tags = 0 };
        WatchItem items[WATCH_TAKE_MAX];
        int64_t at = BEGIN;
        size_t n = 0;

        for (unsigned i = 0; i <= WATCH_TAKE_MAX; i++)
                change(STORE_REGISTERED, "a", NULL, NULL);

        ck_assert_int_eq(watch_log_take(watch_log, &all, &at, items, &n), 0);
        ck_assert_uint_eq(n, WATCH_TAKE_MAX);
        for (size_t i = 0; i < n; i++)
                watch_change_unref(items[i].change);
        ck_assert_str_eq(take(&all, &at), "registered:a");
}
END_TEST

START_TEST(where_a_change_is_missing_all_are_lost)
{
        const WatchFilter all = { .n_tags = 0 };
        int64_t at = BEGIN + 1;
        int64_t later;

        change(STORE_REGISTERED, "a", NULL, NULL);
        version++;
        later = version;
        change(STORE_REGISTERED, "b", NULL, NULL);

        ck_assert_str_eq(take(&all, &at), "lost");
        ck_assert_str_eq(take(&all, &later), "registered:b");
}
END_TEST

static void count(void *userdata)
{
        ++*(int *)userdata;
}

START_TEST(watchers_are_woken_by_what_concerns_them)
{
        int n_a = 0;
        int n_b = 0;
        Watcher a = { .filter = { .prefix = text_of("a") }, .wake = count, .userdata = &n_a };
        Watcher b = { .filter = { .prefix = text_of("b") }, .wake = count, .userdata = &n_b };

        watch_log_add(watch_log, &a);
        watch_log_add(watch_log, &b);
        change(STORE_REGISTERED, "a1", NULL, NULL);
        change(STORE_REMOVED, "a1", NULL, NULL);
        ck_assert_int_eq(n_a, 2);
        ck_assert_int_eq(n_b, 0);

        watch_log_remove(watch_log, &a);
        watch_log_wake_all(watch_log);
        ck_assert_int_eq(n_a, 2);
        ck_assert_int_eq(n_b, 1);
        watch_log_remove(watch_log, &b);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/watch-log");
        TCase *tests = tcase_create("watch-log");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, changes_are_given_in_their_order);
        tcase_add_test(tests, a_version_that_the_log_does_not_know_is_lost);
        tcase_add_loop_test(tests, a_filter_sees_names_come_and_go, 0, ARRAY_SIZE(filters));
        tcase_add_test(tests, the_log_keeps_as_many_changes_as_it_may);
        tcase_add_test(tests, the_log_keeps_as_many_bytes_as_it_may);
        tcase_add_test(tests, as_many_changes_are_given_at_once_as_may_be);
        tcase_add_test(tests, where_a_change_is_missing_all_are_lost);
        tcase_add_test(tests, watchers_are_woken_by_what_concerns_them);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
