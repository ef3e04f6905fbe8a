/* SPDX-License-Identifier: MIT */

/* watch(), over a socket as clients call it: what is there, what changes, and where to go on. */

#include "tests/unit/nameserver-fixture.h"

#include "base/clock.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static ConnAnswer answer;
static int64_t version; /* of the last item */

static void setup(void)
{
        nameserver_set_up();
        answer = (ConnAnswer)CONN_ANSWER_INIT;
}

static void teardown(void)
{
        conn_answer_deinit(&answer);
        nameserver_tear_down();
}

static pyrope_status invoke(const char *object, const char *method, pyrope_value **ret,
                            const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *args = NULL;
        ConnCall call = { .object = object, .method = method, .answer = &answer };
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
        ck_assert_int_eq(pyrope_writer_take(writer, &args, NULL), PYROPE_OK);
        call.args = pyrope_value_view(args);
        return conn_invoke(&conn, &call, deadline_in(60000), ret, NULL);
}

static void put(const char *name, const char *tag)
{
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;

        ck_assert_int_eq(invoke(OWN, "register", &result, tag ? "[s s b [s]]" : "[s s]", name,
                                "PYRO:o@h:1", 0, tag),
                         PYROPE_OK);
}

static void drop(const char *name)
{
        CLEANUP(pyrope_value_freep) pyrope_value *result = NULL;

        ck_assert_int_eq(invoke(OWN, "remove", &result, "[s]", name), PYROPE_OK);
}

/* Begins to watch, from now on the only stream. */
static char stream[CONN_STREAM_ID_MAX_BYTES + 1u];

static void watch(const char *prefix, const char *tag, int64_t since)
{
        pyrope_status status;

        if (since)
                status = invoke(OWN, "watch", NULL, "[s n n I]", prefix, since);
        else
                status = invoke(OWN, "watch", NULL, tag ? "[s [s]]" : "[s]", prefix, tag);
        ck_assert_int_eq(status, PYROPE_OK);
        ck_assert_str_ne(answer.stream_id, "");
        memcpy(stream, answer.stream_id, sizeof(stream));
}

static const char *str_at(pyrope_view map, const char *key, size_t *ret_n)
{
        const char *text = "-";

        *ret_n = 1;
        (void)pyrope_get_str(pyrope_find(map, key), &text, ret_n);
        return text;
}

/* The next item as "event:name ...", good until the next call. */
static const char *item(void)
{
        static char text[4096];
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_view change;
        size_t n = 0;

        ck_assert_int_eq(invoke("Pyro.Daemon", "get_next_stream_item", &value, "[s]", stream),
                         PYROPE_OK);
        ck_assert_int_eq(pyrope_get_int(pyrope_find(pyrope_value_view(value), "version"), &version),
                         PYROPE_OK);
        text[0] = '\0';
        for (pyrope_iter it = pyrope_each(pyrope_find(pyrope_value_view(value), "changes"));
             pyrope_next(&it, NULL, &change);) {
                size_t n_event;
                size_t n_name;
                const char *event = str_at(change, "event", &n_event);
                const char *name = str_at(change, "name", &n_name);

                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s:%.*s", n ? " " : "",
                                      (int)n_event, event, (int)n_name, name);
        }
        return text;
}

START_TEST(what_is_there_comes_first_then_what_changes)
{
        put("b", NULL);
        put("a", "t");
        watch("", NULL, 0);

        ck_assert_str_eq(item(), "present:a present:b current:-");
        put("c", NULL);
        ck_assert_str_eq(item(), "registered:c");
        put("a", NULL);
        drop("c");
        ck_assert_str_eq(item(), "replaced:a removed:c");
}
END_TEST

START_TEST(a_prefix_or_tags_say_what_is_watched)
{
        put("a1", "t");
        put("a2", NULL);
        put("b", "t");
        watch("a", NULL, 0);
        ck_assert_str_eq(item(), "present:a1 present:a2 current:-");
        watch("", "t", 0);
        ck_assert_str_eq(item(), "present:a1 present:b current:-");
        put("a1", NULL);
        ck_assert_str_eq(item(), "removed:a1");
        watch("a", "t", 0);
        ck_assert_str_eq(item(), "current:-");
}
END_TEST

START_TEST(one_goes_on_from_a_version)
{
        put("a", NULL);
        watch("", NULL, 0);
        ck_assert_str_eq(item(), "present:a current:-");
        put("b", NULL);
        drop("a");

        watch("", NULL, version);
        ck_assert_str_eq(item(), "registered:b removed:a");
        watch("", NULL, version + 1);
        ck_assert_str_eq(item(), "lost:- present:b current:-");
}
END_TEST

START_TEST(after_a_restart_one_goes_on_if_nothing_was_changed)
{
        int64_t first;

        put("a", NULL);
        watch("", NULL, 0);
        ck_assert_str_eq(item(), "present:a current:-");
        first = version;
        put("b", NULL);
        watch("", NULL, 0);
        ck_assert_str_eq(item(), "present:a present:b current:-");
        conn_answer_deinit(&answer);
        answer = (ConnAnswer)CONN_ANSWER_INIT;
        nameserver_down();
        nameserver_up();
        put("c", NULL);

        watch("", NULL, version);
        ck_assert_str_eq(item(), "registered:c");
        watch("", NULL, first);
        ck_assert_str_eq(item(), "lost:- present:a present:b present:c current:-");
}
END_TEST

START_TEST(who_is_too_slow_is_told_and_begins_anew)
{
        StoreTerms terms = { .uid = geteuid() };
        StoreObject object = { .name = { "a", 1 }, .object = "o", .uri = "PYRO:o@h:1" };
        StoreNews news = { .event = STORE_REPLACED, .name = { "a", 1 }, .uri = "PYRO:o@h:1" };

        watch("", NULL, 0);
        ck_assert_str_eq(item(), "current:-");
        ck_assert_int_eq(store_register(nameserver.store, &object, &terms, NULL), 0);
        /* As many more as the log has room for, without the disk. */
        for (unsigned i = 0; i < WATCH_LOG_MAX; i++) {
                news.version = watch_log_version(nameserver.log) + 1;
                watch_log_append(nameserver.log, &news);
        }

        ck_assert_str_eq(item(), "lost:- present:a current:-");
}
END_TEST

START_TEST(many_names_come_in_several_items)
{
        char name[16];
        size_t n_items = 0;
        const char *text;

        for (unsigned i = 0; i < WATCH_TAKE_MAX + 10; i++) {
                snprintf(name, sizeof(name), "n%03u", i);
                put(name, NULL);
        }
        watch("n", NULL, 0);
        do {
                text = item();
                n_items++;
        } while (!strstr(text, "current:-"));
        ck_assert_uint_eq(n_items, 2);
}
END_TEST

START_TEST(what_cannot_be_watched_is_refused)
{
        ck_assert_int_eq(invoke(OWN, "watch", NULL, "[i]", 5), PYROPE_E_REMOTE);
        ck_assert_int_eq(invoke(OWN, "watch", NULL, "[n [s] [s]]", "x", "y"), PYROPE_E_REMOTE);
        ck_assert_int_eq(invoke(OWN, "watch", NULL, "[n s]", "x"), PYROPE_E_REMOTE);
        ck_assert_int_eq(invoke(OWN, "watch", NULL, "[n n n i]", 0), PYROPE_E_REMOTE);
        ck_assert_int_eq(invoke(OWN, "watch", NULL, "[n n n s]", "1"), PYROPE_E_REMOTE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/watch");
        TCase *tests = tcase_create("watch");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, what_is_there_comes_first_then_what_changes);
        tcase_add_test(tests, a_prefix_or_tags_say_what_is_watched);
        tcase_add_test(tests, one_goes_on_from_a_version);
        tcase_add_test(tests, after_a_restart_one_goes_on_if_nothing_was_changed);
        tcase_add_test(tests, who_is_too_slow_is_told_and_begins_anew);
        tcase_add_test(tests, many_names_come_in_several_items);
        tcase_add_test(tests, what_cannot_be_watched_is_refused);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
