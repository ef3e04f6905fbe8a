/* SPDX-License-Identifier: MIT */

#include "client/ns-place.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static const struct {
        const char *text;
        size_t n;
        const char *label;
} lists[] = {
        { NULL, 1, "" },
        { "", 1, "" },
        { " , ", 1, "" },
        { "/run/ns.sock", 1, "/run/ns.sock" },
        { "ssh://a,/run/b.sock", 2, "ssh://a, /run/b.sock" },
        { " ssh://u@a:22 \t127.0.0.1:9090,, ssh://b/./u:/run/c.sock ", 3,
          "ssh://u@a:22, 127.0.0.1:9090, ssh://b/./u:/run/c.sock" },
        { "ssh://g,u@h:22,i/./u:/run/c.sock,/a", 2, "ssh://g,u@h:22,i/./u:/run/c.sock, /a" },
        { "ssh://g,i,ssh://h,j ssh://k,./u:/a", 4, "ssh://g,i, ssh://h,j, ssh://k, /a" },
        { "ssh://g, 127.0.0.1:1", 2, "ssh://g, 127.0.0.1:1" },
};

START_TEST(commas_and_blanks_separate_places)
{
        CLEANUP(ns_places_deinit) NsPlaces places = { .n = 0 };
        CLEANUP(freep) char *label = NULL;

        ck_assert_int_eq(ns_places_parse(lists[_i].text, &places), 0);
        ck_assert_uint_eq(places.n, lists[_i].n);
        label = ns_places_label(&places);
        if (*lists[_i].label)
                ck_assert_str_eq(label, lists[_i].label);
        else
                ck_assert_ptr_null(places.items[0].given.path);
}
END_TEST

static const char *const wrong[] = { "-oProxyCommand=x", "/a, b c:x", "ssh://a,ssh://", "/a;/b,:" };

START_TEST(one_wrong_place_is_refused)
{
        CLEANUP(ns_places_deinit) NsPlaces places = { .n = 0 };

        ck_assert_int_eq(ns_places_parse(wrong[_i], &places), NS_PLACE_E_INVALID);
}
END_TEST

START_TEST(there_may_be_16_places_and_not_one_more)
{
        CLEANUP(ns_places_deinit) NsPlaces places = { .n = 0 };
        CLEANUP(ns_places_deinit) NsPlaces too_many = { .n = 0 };
        char text[256] = "";

        for (unsigned i = 0; i < NS_PLACES_MAX; i++)
                strcat(text, "/a.sock ");
        ck_assert_int_eq(ns_places_parse(text, &places), 0);
        ck_assert_uint_eq(places.n, NS_PLACES_MAX);
        strcat(text, "/b.sock");
        ck_assert_int_eq(ns_places_parse(text, &too_many), NS_PLACE_E_TOO_MANY);
}
END_TEST

START_TEST(who_did_not_answer_is_silent_until_he_does)
{
        CLEANUP(ns_places_deinit) NsPlaces places = { .n = 0 };

        ck_assert_int_eq(ns_places_parse("/a", &places), 0);
        ck_assert(!ns_place_is_silent(&places.items[0]));
        ns_place_mark(&places.items[0], false);
        ck_assert(ns_place_is_silent(&places.items[0]));
        ns_place_mark(&places.items[0], true);
        ck_assert(!ns_place_is_silent(&places.items[0]));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ns-place");
        TCase *tests = tcase_create("places");

        tcase_add_loop_test(tests, commas_and_blanks_separate_places, 0, ARRAY_SIZE(lists));
        tcase_add_loop_test(tests, one_wrong_place_is_refused, 0, ARRAY_SIZE(wrong));
        tcase_add_test(tests, there_may_be_16_places_and_not_one_more);
        tcase_add_test(tests, who_did_not_answer_is_silent_until_he_does);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
