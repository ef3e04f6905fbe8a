/* SPDX-License-Identifier: MIT */

#include "nameserver/pattern.h"

#include "tests/unit/unit.h"

#include <stdbool.h>
#include <string.h>

typedef struct Text Text;

struct Text {
        const char *at;
        size_t n;
};

/* A constant that may hold NUL. */
#define T(text)                                                                                    \
        {                                                                                          \
                (text), sizeof(text) - 1                                                           \
        }

/* What re.match() of Python 3.11 says: the pattern, the text, and whether it matches. */
static const struct {
        Text pattern, text;
        bool matches;
} cases[] = {
        { T("abc"), T("abc"), true },
        { T("abc"), T("abcdef"), true },
        { T("abc"), T("xabc"), false },
        { T("b"), T("abc"), false },
        { T("a$"), T("a"), true },
        { T("a$"), T("ab"), false },
        { T("a$"), T("a\012"), true },
        { T("a\\Z"), T("a"), true },
        { T("a\\Z"), T("ab"), false },
        { T(".*z"), T("aaz"), true },
        { T("."), T("\012"), false },
        { T("a.c"), T("a\012c"), false },
        { T("(?s)a.c"), T("a\012c"), true },
        { T("(?m)^b"), T("a\012b"), false },
        { T("(?m)a$"), T("a\012b"), true },
        { T("(?i)ABC"), T("abc"), true },
        { T("(?i)\\u00c4"), T("\303\244"), true },
        { T("http\\."), T("http.x"), true },
        { T("http\\."), T("httpx"), false },
        { T("\\d+"), T("42"), true },
        { T("\\d"), T("\331\243"), true },
        { T("\\w+"), T("\303\244\303\266"), true },
        { T("\\w"), T("-"), false },
        { T("\\s"), T("\302\240"), true },
        { T("\\bfoo\\b"), T("foo bar"), true },
        { T("\\bfoo\\b"), T("foobar"), false },
        { T("\\D"), T("1"), false },
        { T("(?:a|b)+c"), T("ababc"), true },
        { T("(a)(b)\\2\\1"), T("abba"), true },
        { T("(?P<x>a+)-(?P=x)"), T("aa-aa"), true },
        { T("(?P<x>a+)-(?P=x)$"), T("aa-a"), false },
        { T("a+?b"), T("aaab"), true },
        { T("a{2,3}$"), T("aaa"), true },
        { T("a{2,3}$"), T("aaaa"), false },
        { T("a{2}"), T("a"), false },
        { T("a++b"), T("aaab"), true },
        { T("(?>a+)ab"), T("aaab"), false },
        { T("(?=ab)a"), T("ab"), true },
        { T("(?!ab)a"), T("ab"), false },
        { T("(?<=x)a"), T("a"), false },
        { T("a(?<=a)b"), T("ab"), true },
        { T("(?#note)a"), T("a"), true },
        { T("(?x) a b # c"), T("ab"), true },
        { T("[]a]"), T("]"), true },
        { T("[^]a]"), T("]"), false },
        { T("[a-c\\]]+$"), T("ab]"), true },
        { T("[\\w.]+@"), T("me.you@x"), true },
        { T("\\x41\\u0042"), T("AB"), true },
        { T("\\t"), T("\011"), true },
        { T("\\0"), T("\000"), true },
        { T("a\000b"), T("a\000bc"), true },
        { T("\342\202\254+"), T("\342\202\254\342\202\254"), true },
        { T(".$"), T("\360\237\230\200"), true },
        { T("..$"), T("\360\237\230\200"), false },
        { T("\\A\\w"), T("a"), true },
        { T("Pyro\\."), T("Pyro.NameServer"), true },
        { T("^Pyro"), T("Pyro.NameServer"), true },
        { T("(a)?b(?(1)c|d)"), T("abc"), true },
        { T("(a)?b(?(1)c|d)"), T("bc"), false },
        { T("x*"), T(""), true },
        { T("(?i:A)b"), T("ab"), true },
        { T("(?i:A)b"), T("aB"), false },
        { T("\\."), T("a"), false },
        { T("a|b"), T("b"), true },
        { T("\\\\"), T("\\"), true },
};

/* What re.compile() of Python 3.11 refuses. */
static const Text refused[] = {
        T("("),
        T(")"),
        T("[a"),
        T("*a"),
        T("a**"),
        T("(?P<1>a)"),
        T("(?P<n>a)(?P<n>b)"),
        T("\\1"),
        T("(?P=x)"),
        T("\\q"),
        T("a{3,2}"),
        T("[b-a]"),
        T("(?<=a+)b"),
        T("(*UTF)a"),
        T("(?z)a"),
        T("\\"),
};

/* Where PCRE2 says something else, as the documentation tells: what we do, and Python does not. */
static const struct {
        Text pattern, text;
        bool matches;
} differences[] = {
        { T("a\\Z"), T("a\n"), true },        /* Python: only at the very end */
        { T("a{,2}$"), T("aa"), false },      /* Python: up to two */
        { T("[[:alpha:]]"), T("a"), true },   /* Python: one of "[:alph", then "]" */
        { T("(?<=a|bc)d|x"), T("x"), true },  /* Python: look-behind requires fixed width */
        { T("(a(?1)?b)$"), T("aabb"), true }, /* Python: knows no recursion */
};

static int match(Text pattern, Text text)
{
        CLEANUP(pattern_freep) Pattern *compiled = NULL;
        ErrorText error = { "" };

        ck_assert_msg(pattern_new(pattern.at, pattern.n, &compiled, &error) == 0, "%s: %s",
                      pattern.at, error.text);
        return pattern_match(compiled, text.at, text.n);
}

START_TEST(matches_as_python_does)
{
        ck_assert_msg(match(cases[_i].pattern, cases[_i].text) ==
                              (cases[_i].matches ? 0 : PATTERN_E_NO_MATCH),
                      "%s on %s", cases[_i].pattern.at, cases[_i].text.at);
}
END_TEST

START_TEST(differs_from_python_where_the_documentation_says_so)
{
        ck_assert_msg(match(differences[_i].pattern, differences[_i].text) ==
                              (differences[_i].matches ? 0 : PATTERN_E_NO_MATCH),
                      "%s on %s", differences[_i].pattern.at, differences[_i].text.at);
}
END_TEST

START_TEST(refuses_what_is_no_pattern_and_says_where)
{
        Pattern *pattern = NULL;
        ErrorText error = { "" };

        ck_assert_msg(pattern_new(refused[_i].at, refused[_i].n, &pattern, &error) ==
                              PATTERN_E_INVALID,
                      "took %s", refused[_i].at);
        ck_assert_ptr_null(pattern);
        ck_assert_msg(strstr(error.text, " at position "), "%s", error.text);
}
END_TEST

START_TEST(a_pattern_has_a_length_limit)
{
        static char text[PATTERN_MAX_BYTES + 1];
        CLEANUP(pattern_freep) Pattern *pattern = NULL;
        Pattern *longer = NULL;

        memset(text, 'a', sizeof(text));

        ck_assert_int_eq(pattern_new(text, PATTERN_MAX_BYTES, &pattern, NULL), 0);
        ck_assert_int_eq(pattern_match(pattern, text, PATTERN_MAX_BYTES), 0);
        ck_assert_int_eq(pattern_new(text, PATTERN_MAX_BYTES + 1, &longer, NULL),
                         PATTERN_E_INVALID);
}
END_TEST

static int nest(size_t depth)
{
        CLEANUP(pattern_freep) Pattern *pattern = NULL;
        char text[2 * (PATTERN_NESTING_MAX + 1)];

        memset(text, '(', depth);
        memset(text + depth, ')', depth);
        return pattern_new(text, 2 * depth, &pattern, NULL);
}

START_TEST(a_pattern_has_a_nesting_limit)
{
        ck_assert_int_eq(nest(PATTERN_NESTING_MAX), 0);
        ck_assert_int_eq(nest(PATTERN_NESTING_MAX + 1), PATTERN_E_INVALID);
}
END_TEST

/* Patterns that take for ever, or all memory, where nobody stops them. */
static const Text endless[] = {
        T("(a+)+$"), T("(a|aa)+$"), T("(?:a?){30}a{30}$"), T("(?:(a*)*)*[bc]"), T("(a+a+)+[bc]"),
};

START_TEST(a_match_that_would_take_for_ever_is_given_up)
{
        char text[2000];

        memset(text, 'a', sizeof(text));
        text[sizeof(text) - 1] = '!';

        ck_assert_int_eq(match(endless[_i], (Text){ text, sizeof(text) }), PATTERN_E_LIMIT);
}
END_TEST

START_TEST(a_long_name_needs_no_more_than_the_limits)
{
        static char text[65536];

        memset(text, 'a', sizeof(text));

        ck_assert_int_eq(match((Text)T(".*a$"), (Text){ text, sizeof(text) }), 0);
        ck_assert_int_eq(match((Text)T("\\w+$"), (Text){ text, sizeof(text) }), 0);
        ck_assert_int_eq(match((Text)T("a*?$"), (Text){ text, sizeof(text) }), 0);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("nameserver/pattern");
        TCase *tests = tcase_create("pattern");

        tcase_add_loop_test(tests, matches_as_python_does, 0, ARRAY_SIZE(cases));
        tcase_add_loop_test(tests, differs_from_python_where_the_documentation_says_so, 0,
                            ARRAY_SIZE(differences));
        tcase_add_loop_test(tests, refuses_what_is_no_pattern_and_says_where, 0,
                            ARRAY_SIZE(refused));
        tcase_add_test(tests, a_pattern_has_a_length_limit);
        tcase_add_test(tests, a_pattern_has_a_nesting_limit);
        tcase_add_loop_test(tests, a_match_that_would_take_for_ever_is_given_up, 0,
                            ARRAY_SIZE(endless));
        tcase_add_test(tests, a_long_name_needs_no_more_than_the_limits);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
