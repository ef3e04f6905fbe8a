/* SPDX-License-Identifier: MIT */

#include "base/words.h"

#include "tests/unit/unit.h"

#include <string.h>

/* The words are shown with a bar behind each. */
static const struct {
        const char *text;
        const char *words;
} good[] = {
        { "", "" },
        { " \t ", "" },
        { "one", "one|" },
        { "  one\ttwo  three ", "one|two|three|" },
        { "\"my mesh\" x", "my mesh|x|" },
        { "'my mesh' x", "my mesh|x|" },
        { "a\"b c\"d'e f'g", "ab cde fg|" },
        { "\"\" '' x", "||x|" },
        { "my\\ mesh", "my mesh|" },
        { "\\\"a\\'", "\"a'|" },
        { "\"a\\\"b\\\\c\"", "a\"b\\c|" },
        { "'a\\b\"c'", "a\\b\"c|" }, /* nothing is special in '' */
        { "\"it's\"", "it's|" },
        { "a\\nb", "anb|" }, /* no escapes but of the character itself */
        { "$HOME `id` *.c ; rm", "$HOME|`id`|*.c|;|rm|" },
        { "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9|" },
};

START_TEST(split_makes_these_words)
{
        Words words;
        char joined[256] = "";

        ck_assert_int_eq(words_split(good[_i].text, &words), 0);

        ck_assert_ptr_null(words.items[words.n]);
        for (size_t i = 0; i < words.n; i++) {
                strcat(joined, words.items[i]);
                strcat(joined, "|");
        }
        ck_assert_str_eq(joined, good[_i].words);
        words_deinit(&words);
        ck_assert_ptr_null(words.items);
}
END_TEST

static const struct {
        const char *text;
        int r;
} bad[] = {
        { "\"open", WORDS_E_QUOTE },     { "'open", WORDS_E_QUOTE },
        { "a\"", WORDS_E_QUOTE },        { "'a\"", WORDS_E_QUOTE },
        { "a \"b\" 'c", WORDS_E_QUOTE }, { "a\\", WORDS_E_BACKSLASH },
        { "\"a\\", WORDS_E_BACKSLASH },  { "\\", WORDS_E_BACKSLASH },
        { "'a\\'b'", WORDS_E_QUOTE },
};

START_TEST(split_refuses_what_is_not_finished)
{
        Words words = { .n = 99 };

        ck_assert_int_eq(words_split(bad[_i].text, &words), bad[_i].r);
        ck_assert_uint_eq(words.n, 99);
}
END_TEST

START_TEST(split_takes_its_limit_and_not_one_more)
{
        char text[2 * WORDS_MAX + 3];
        Words words;

        for (size_t i = 0; i < WORDS_MAX; i++)
                memcpy(text + 2 * i, "x ", 3);
        ck_assert_int_eq(words_split(text, &words), 0);
        ck_assert_uint_eq(words.n, WORDS_MAX);
        words_deinit(&words);

        strcat(text, "x");
        ck_assert_int_eq(words_split(text, &words), WORDS_E_TOO_MANY);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("words");
        TCase *tcase = tcase_create("words");

        tcase_add_loop_test(tcase, split_makes_these_words, 0, ARRAY_SIZE(good));
        tcase_add_loop_test(tcase, split_refuses_what_is_not_finished, 0, ARRAY_SIZE(bad));
        tcase_add_test(tcase, split_takes_its_limit_and_not_one_more);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
