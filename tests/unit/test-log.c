/* SPDX-License-Identifier: MIT */

#include "base/log.h"

#include "tests/unit/capture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TIME "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z"

static void expect_match(const char *text, const char *pattern)
{
        regex_t regex;

        ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
        ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "'%s' is not like '%s'", text,
                      pattern);
        regfree(&regex);
}

static void init(LogLevel level)
{
        unsetenv("PYROPE_LOG");
        unsetenv("JOURNAL_STREAM");
        log_init("prog", level);
}

START_TEST(a_record_has_time_level_program_and_text)
{
        init(LOG_LEVEL_DEBUG);
        capture_start(STDERR_FILENO);
        log_error("one %d", 1);
        log_warning("two");
        log_info("three");
        log_debug("four");
        expect_match(capture_end(), "^" TIME " error prog: one 1\n" TIME " warning prog: two\n" TIME
                                    " info prog: three\n" TIME " debug prog: four\n$");
}
END_TEST

START_TEST(before_init_the_program_is_named_by_its_file)
{
        capture_start(STDERR_FILENO);
        log_warning("early");
        log_info("not shown");
        expect_match(capture_end(), "^" TIME " warning test-log: early\n$");
}
END_TEST

static const struct {
        const char *variable; /* NULL for unset */
        LogLevel fallback;
        LogLevel expected;
        const char *said;
} levels[] = {
        { NULL, LOG_LEVEL_INFO, LOG_LEVEL_INFO, "^$" },
        { "error", LOG_LEVEL_INFO, LOG_LEVEL_ERROR, "^$" },
        { "warning", LOG_LEVEL_INFO, LOG_LEVEL_WARNING, "^$" },
        { "info", LOG_LEVEL_WARNING, LOG_LEVEL_INFO, "^$" },
        { "debug", LOG_LEVEL_WARNING, LOG_LEVEL_DEBUG, "^$" },
        { "loud", LOG_LEVEL_INFO, LOG_LEVEL_INFO, "PYROPE_LOG=loud is none of error, warning" },
        { "", LOG_LEVEL_WARNING, LOG_LEVEL_WARNING, "PYROPE_LOG= is none of" },
};

START_TEST(the_variable_sets_the_level)
{
        unsetenv("PYROPE_LOG");
        if (levels[_i].variable)
                setenv("PYROPE_LOG", levels[_i].variable, 1);
        capture_start(STDERR_FILENO);
        log_init("prog", levels[_i].fallback);
        expect_match(capture_end(), levels[_i].said);
        for (LogLevel level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
                ck_assert_int_eq(log_is_enabled(level), level <= levels[_i].expected);
}
END_TEST

static int n_evaluated;

static const char *evaluated(void)
{
        n_evaluated++;
        return "text";
}

START_TEST(a_record_that_is_not_written_costs_no_evaluation)
{
        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        log_debug("%s", evaluated());
        ck_assert_str_eq(capture_end(), "");
        ck_assert_int_eq(n_evaluated, 0);
}
END_TEST

static void log_in_call(const char *job)
{
        LOG_CONTEXT("call", 7u);
        LOG_CONTEXT("job", job);
        log_info("inner");
}

START_TEST(the_context_is_that_of_the_scope)
{
        char job[] = "k7m2xq";
        const char *text;

        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        {
                LOG_CONTEXT("conn", UINT64_MAX);
                log_in_call(job);
                log_info("outer");
        }
        log_info("none");
        text = capture_end();
        expect_match(text, " info prog conn=18446744073709551615 call=7 job=k7m2xq: inner\n");
        expect_match(text, " info prog conn=18446744073709551615: outer\n");
        expect_match(text, " info prog: none\n");
}
END_TEST

START_TEST(hostile_values_of_the_context_are_escaped_and_cut)
{
        char longer[1000];
        const char *text;

        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        {
                LOG_CONTEXT("job", "a\nb\x1b");
                LOG_CONTEXT("name", longer);
                LOG_CONTEXT("none", (const char *)NULL);
                log_info("text");
        }
        text = capture_end();
        expect_match(text, " job=a\\\\x0ab\\\\x1b name=x{120,127}\xe2\x80\xa6 none=-: text\n$");
}
END_TEST

START_TEST(a_deep_context_keeps_the_innermost)
{
        const char *text;

        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        {
                LOG_CONTEXT("a", 1u);
                LOG_CONTEXT("b", 2u);
                LOG_CONTEXT("c", 3u);
                LOG_CONTEXT("d", 4u);
                LOG_CONTEXT("e", 5u);
                LOG_CONTEXT("f", 6u);
                LOG_CONTEXT("g", 7u);
                LOG_CONTEXT("h", 8u);
                LOG_CONTEXT("i", 9u);
                log_info("deep");
        }
        text = capture_end();
        expect_match(text, " prog b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9: deep\n$");
}
END_TEST

START_TEST(hostile_text_stays_one_line_without_control_bytes)
{
        const char *text;

        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        log_info("%s", "x\n2026-01-01T00:00:00.000Z error prog: forged\x1b]52;c;eA==\x07\xc2\x9b"
                       "1m\x7f\xff");
        text = capture_end();
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
        for (const char *c = text; c[1]; c++)
                ck_assert_msg((unsigned char)*c >= 0x20 && *c != 0x7f, "%s", text);
        expect_match(text, ": x\\\\x0a2026-.*forged\\\\x1b\\]52;c;eA==\\\\x07\\\\xc2\\\\x9b1m"
                           "\\\\x7f\\\\xff\n$");
}
END_TEST

static const size_t long_lengths[] = { LOG_LINE_SIZE - 1, LOG_LINE_SIZE, 1 << 20 };

START_TEST(a_long_record_is_cut_and_marked)
{
        size_t n = long_lengths[_i];
        char *longer = malloc(n + 1);
        const char *text;

        memset(longer, 'x', n);
        longer[n] = '\0';
        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        log_info("%s", longer);
        text = capture_end();
        ck_assert_uint_eq(strlen(text), LOG_LINE_SIZE);
        ck_assert_str_eq(text + LOG_LINE_SIZE - 5, "x\xe2\x80\xa6\n");
        free(longer);
}
END_TEST

START_TEST(the_longest_record_that_fits_is_not_marked)
{
        char longer[LOG_LINE_SIZE];
        const char *text;
        size_t n_head;

        memset(longer, 'x', sizeof(longer));
        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        log_info("%s", "");
        n_head = strlen(capture_end());

        capture_start(STDERR_FILENO);
        log_info("%.*s", (int)(LOG_LINE_SIZE - n_head), longer);
        text = capture_end();
        ck_assert_uint_eq(strlen(text), LOG_LINE_SIZE);
        ck_assert_str_eq(text + LOG_LINE_SIZE - 3, "xx\n");
}
END_TEST

START_TEST(errno_is_kept)
{
        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        errno = ENOTTY;
        log_info("%m");
        ck_assert_int_eq(errno, ENOTTY);
        expect_match(capture_end(), ": Inappropriate ioctl for device\n$");
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
        static const char expected[] =
                "^<3>" TIME " error prog: a\n<4>" TIME " warning prog: b\n<6>" TIME
                " info prog: c\n<7>" TIME " debug prog: d\n$";
        struct stat st;
        char stream[64];

        init(LOG_LEVEL_DEBUG);
        capture_start(STDERR_FILENO);
        ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
        snprintf(stream, sizeof(stream), "%lu:%lu", st.st_dev, st.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
        log_init("prog", LOG_LEVEL_DEBUG);
        log_error("a");
        log_warning("b");
        log_info("c");
        log_debug("d");
        expect_match(capture_end(), expected);
}
END_TEST

/* A child of a service that logs elsewhere still has the variable. */
START_TEST(another_file_gets_no_priorities)
{
        init(LOG_LEVEL_INFO);
        setenv("JOURNAL_STREAM", "1:1", 1);
        log_init("prog", LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        log_info("a");
        expect_match(capture_end(), "^" TIME);
}
END_TEST

enum { N_THREADS = 4, N_RECORDS = 200 };

static void *log_many(void *userdata)
{
        const char *name = userdata;

        LOG_CONTEXT("thread", name);
        for (unsigned i = 0; i < N_RECORDS; i++)
                log_info("%s", name);
        return NULL;
}

START_TEST(records_of_threads_do_not_mix)
{
        static char names[N_THREADS][2] = { "a", "b", "c", "d" };
        pthread_t threads[N_THREADS];
        unsigned n = 0;
        const char *text;

        init(LOG_LEVEL_INFO);
        capture_start(STDERR_FILENO);
        for (int i = 0; i < N_THREADS; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
        for (int i = 0; i < N_THREADS; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);

        text = capture_end();
        for (const char *line = text; *line; line = strchr(line, '\n') + 1, n++) {
                const char *context = strstr(line, " info prog thread=");

                ck_assert_ptr_nonnull(context);
                ck_assert_int_eq(context[18], context[21]); /* "x: x" */
                ck_assert_int_eq(context[22], '\n');
        }
        ck_assert_uint_eq(n, N_THREADS * N_RECORDS);
}
END_TEST

/* -- files ------------------------------------------------------------------------------------ */

static const char *contents(const char *name)
{
        static char text[4096];
        FILE *file = fopen(scratch_path(name), "re");

        ck_assert_ptr_nonnull(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        (void)fclose(file);
        return text;
}

static void open_log(const char *name)
{
        ErrorText error = { "" };

        ck_assert_msg(log_open(scratch_path(name), &error) == 0, "%s", error.text);
}

START_TEST(records_go_to_a_file_behind_what_it_has)
{
        struct stat st;

        init(LOG_LEVEL_INFO);
        open_log("log");
        capture_start(STDERR_FILENO);
        log_info("one");
        log_info("two");

        ck_assert_str_eq(capture_end(), "");
        expect_match(contents("log"), "^" TIME " info prog: one\n" TIME " info prog: two\n$");
        ck_assert_int_eq(stat(scratch_path("log"), &st), 0);
        ck_assert_int_eq(st.st_mode & 0177, 0);
}
END_TEST

START_TEST(a_file_that_was_moved_or_truncated_is_opened_again)
{
        init(LOG_LEVEL_INFO);
        open_log("log");
        log_info("one");
        ck_assert_int_eq(rename(scratch_path("log"), scratch_path("old")), 0);
        log_info("two");
        open_log("log");
        log_info("three");

        expect_match(contents("old"), "^" TIME " info prog: one\n" TIME " info prog: two\n$");
        expect_match(contents("log"), "^" TIME " info prog: three\n$");
        ck_assert_int_eq(truncate(scratch_path("log"), 0), 0);
        log_info("four");
        expect_match(contents("log"), "^" TIME " info prog: four\n$");
}
END_TEST

START_TEST(what_cannot_be_opened_leaves_the_old_file)
{
        ErrorText error = { "" };

        init(LOG_LEVEL_INFO);
        open_log("log");
        ck_assert_int_eq(log_open(scratch_path("none/log"), &error), LOG_E_UNUSABLE);
        ck_assert_msg(strstr(error.text, "none/log: No such file"), "%s", error.text);
        ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
        ck_assert_int_eq(log_open(scratch_path("fifo"), &error), LOG_E_UNUSABLE);
        ck_assert_int_eq(log_open("/dev/null", &error), LOG_E_UNUSABLE);
        ck_assert_msg(strstr(error.text, "not a regular file"), "%s", error.text);
        ck_assert_int_eq(symlink("log", scratch_path("link")), 0);
        ck_assert_int_eq(log_open(scratch_path("link"), &error), LOG_E_UNUSABLE);
        log_info("here");

        expect_match(contents("log"), "^" TIME " info prog: here\n$");
}
END_TEST

START_TEST(a_file_gets_no_priorities)
{
        char stream[64];
        struct stat st;

        unsetenv("PYROPE_LOG");
        ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
        snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                 (unsigned long long)st.st_ino);
        ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_init("prog", LOG_LEVEL_INFO);
        open_log("log");
        log_info("a");

        expect_match(contents("log"), "^" TIME);
}
END_TEST

static TCase *files(void)
{
        TCase *tcase = tcase_create("file");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, records_go_to_a_file_behind_what_it_has);
        tcase_add_test(tcase, a_file_that_was_moved_or_truncated_is_opened_again);
        tcase_add_test(tcase, what_cannot_be_opened_leaves_the_old_file);
        tcase_add_test(tcase, a_file_gets_no_priorities);
        return tcase;
}

static TCase *records(void)
{
        TCase *tcase = tcase_create("record");

        tcase_add_test(tcase, a_record_has_time_level_program_and_text);
        tcase_add_test(tcase, before_init_the_program_is_named_by_its_file);
        tcase_add_loop_test(tcase, the_variable_sets_the_level, 0, ARRAY_SIZE(levels));
        tcase_add_test(tcase, a_record_that_is_not_written_costs_no_evaluation);
        tcase_add_test(tcase, hostile_text_stays_one_line_without_control_bytes);
        tcase_add_loop_test(tcase, a_long_record_is_cut_and_marked, 0, ARRAY_SIZE(long_lengths));
        tcase_add_test(tcase, the_longest_record_that_fits_is_not_marked);
        tcase_add_test(tcase, errno_is_kept);
        tcase_add_test(tcase, the_journal_gets_priorities);
        tcase_add_test(tcase, another_file_gets_no_priorities);
        tcase_add_test(tcase, records_of_threads_do_not_mix);
        return tcase;
}

static TCase *contexts(void)
{
        TCase *tcase = tcase_create("context");

        tcase_add_test(tcase, the_context_is_that_of_the_scope);
        tcase_add_test(tcase, hostile_values_of_the_context_are_escaped_and_cut);
        tcase_add_test(tcase, a_deep_context_keeps_the_innermost);
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("log");

        suite_add_tcase(suite, records());
        suite_add_tcase(suite, contexts());
        suite_add_tcase(suite, files());
        return unit_run(suite);
}
