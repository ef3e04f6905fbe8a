/* SPDX-License-Identifier: MIT */

#include "base/config.h"

#include "base/config-ini.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const ConfigKey daemon_keys[] = {
        { .name = "title", .type = CONFIG_STRING, .min = 1, .max = 8 },
        { .name = "work-dir", .type = CONFIG_PATH, .fallback = "/var/lib/x" },
        { .name = "max-jobs", .type = CONFIG_INT, .min = 1, .max = 64, .fallback = "4" },
        { .name = "offset", .type = CONFIG_INT },
        { .name = "verbose", .type = CONFIG_BOOL },
        { .name = "timeout", .type = CONFIG_DURATION, .min = 100, .max = 60000, .fallback = "30s" },
        { .name = "limit", .type = CONFIG_SIZE, .min = 1, .max = 1048576 },
        { .name = "hosts", .type = CONFIG_LIST, .max = 3, .fallback = "here there" },
        { 0 },
};

static const ConfigKey application_keys[] = {
        { .name = "command", .type = CONFIG_ARGV, .is_required = true },
        { .name = "slots", .type = CONFIG_INT, .min = 1, .max = 8, .fallback = "1" },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = "daemon", .keys = daemon_keys },
        { .kind = "application", .is_named = true, .keys = application_keys },
        { 0 },
};

static Config *parse(const char *text)
{
        ErrorText error = { "" };
        Config *config = NULL;
        int r = config_parse("f.conf", text, strlen(text), schema, &config, &error);

        ck_assert_msg(r == 0, "%d '%s'", r, error.text);
        return config;
}

START_TEST(values_come_out_as_their_types)
{
        CLEANUP(config_freep)
        Config *config = parse("# comment\n"
                               "; comment\n"
                               "\n"
                               "[daemon]\n"
                               "title = a ; b #\n"
                               "  work-dir=/srv/x\r\n"
                               "max-jobs : 64\n"
                               "\toffset\t=\t-5\t\n"
                               "verbose = yes\n"
                               "timeout = 1m\n"
                               "limit = 64K\n"
                               "hosts = a \"b c\"");
        const ConfigSection *section = config_section(config, "daemon", NULL);
        char *const *words;
        size_t n_words;

        ck_assert_str_eq(config_get_string(section, "title"), "a ; b #");
        ck_assert_str_eq(config_get_string(section, "work-dir"), "/srv/x");
        ck_assert_int_eq(config_get_int(section, "max-jobs"), 64);
        ck_assert_int_eq(config_get_int(section, "offset"), -5);
        ck_assert(config_get_bool(section, "verbose"));
        ck_assert_int_eq(config_get_int(section, "timeout"), 60000);
        ck_assert_int_eq(config_get_int(section, "limit"), 65536);
        words = config_get_words(section, "hosts", &n_words);
        ck_assert_uint_eq(n_words, 2);
        ck_assert_str_eq(words[0], "a");
        ck_assert_str_eq(words[1], "b c");
        ck_assert_ptr_null(words[2]);
        ck_assert(config_has(section, "hosts"));
        ck_assert_ptr_null(config_name(section));
}
END_TEST

static const char *const empty[] = { "", "[daemon]\n", "# nothing\n\n", "\xef\xbb\xbf[daemon]" };

START_TEST(what_is_missing_has_its_fallback)
{
        CLEANUP(config_freep) Config *config = parse(empty[_i]);
        const ConfigSection *section = config_section(config, "daemon", NULL);
        size_t n_words;

        ck_assert_ptr_null(config_get_string(section, "title"));
        ck_assert_str_eq(config_get_string(section, "work-dir"), "/var/lib/x");
        ck_assert_int_eq(config_get_int(section, "max-jobs"), 4);
        ck_assert_int_eq(config_get_int(section, "offset"), 0);
        ck_assert(!config_get_bool(section, "verbose"));
        ck_assert_int_eq(config_get_int(section, "timeout"), 30000);
        config_get_words(section, "hosts", &n_words);
        ck_assert_uint_eq(n_words, 2);
        ck_assert(!config_has(section, "hosts"));
        ck_assert_ptr_null(config_next(config, "application", NULL));
        ck_assert_ptr_eq(config_next(config, "daemon", NULL), section);
        ck_assert_ptr_null(config_next(config, "daemon", section));
}
END_TEST

START_TEST(words_without_value_and_fallback_are_an_empty_array)
{
        static const ConfigKey keys[] = { { .name = "list", .type = CONFIG_LIST }, { 0 } };
        static const ConfigSchema small[] = { { .kind = "s", .keys = keys }, { 0 } };
        CLEANUP(config_freep) Config *config = NULL;
        size_t n = 99;

        ck_assert_int_eq(config_parse("f", "", 0, small, &config, NULL), 0);
        ck_assert_ptr_null(config_get_words(config_section(config, "s", NULL), "list", &n)[0]);
        ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(named_sections_keep_their_order)
{
        CLEANUP(config_freep)
        Config *config = parse("[application zeta]\n"
                               "command = /z\n"
                               "[daemon]\n"
                               "[ application \t alpha beta ]\n"
                               "command = /a -x\n"
                               "slots = 2\n");
        const ConfigSection *first = config_next(config, "application", NULL);
        const ConfigSection *second = config_next(config, "application", first);

        ck_assert_str_eq(config_name(first), "zeta");
        ck_assert_int_eq(config_get_int(first, "slots"), 1);
        ck_assert_str_eq(config_name(second), "alpha beta");
        ck_assert_int_eq(config_get_int(second, "slots"), 2);
        ck_assert_str_eq(config_get_words(second, "command", NULL)[1], "-x");
        ck_assert_ptr_null(config_next(config, "application", second));
        ck_assert_ptr_eq(config_section(config, "application", "zeta"), first);
        ck_assert_ptr_null(config_section(config, "application", "nobody"));
}
END_TEST

#define LINE_10 "xxxxxxxxxx"
#define LINE_50 LINE_10 LINE_10 LINE_10 LINE_10 LINE_10

static const struct {
        const char *text;
        const char *message;
} mistakes[] = {
        { "[daemon]\nx = 1\n", "f.conf:2: unknown key 'x' in [daemon]" },
        { "[application a]\ncommand = /a\nx = 1\n",
          "f.conf:3: unknown key 'x' in [application a]" },
        { "\n\n[nonsense]\n", "f.conf:3: unknown section [nonsense]" },
        { "[nonsense a]", "f.conf:1: unknown section [nonsense]" },
        { "[]", "f.conf:1: unknown section []" },
        { "[daemon x]", "f.conf:1: [daemon] has no name" },
        { "[application]\n", "f.conf:1: a name is missing: [application NAME]" },
        { "[application ]\n", "f.conf:1: a name is missing: [application NAME]" },
        { "[daemon]\n[daemon]\n", "f.conf:2: [daemon] is there already, on line 1" },
        { "[application a]\ncommand=/a\n[application  a ]\ncommand=/a\n",
          "f.conf:3: [application a] is there already, on line 1" },
        { "[daemon]\nverbose = on\n\nverbose = on\n",
          "f.conf:4: 'verbose' is there already, on line 2" },
        { "[application a]\n\n", "f.conf:1: [application a] needs the key 'command'" },
        { "max-jobs = 1\n", "f.conf:1: a key stands before the first [section]" },
        { "[daemon]\nmax-jobs\n", "f.conf:2: expected [section], key = value, or a comment" },
        { "[daemon]\n# a\n  nonsense here\nmax-jobs = 2\n",
          "f.conf:3: expected [section], key = value, or a comment" },
        { "[daemon]\n= 5\n", "f.conf:2: unknown key '' in [daemon]" },
        { "[daemon\n", "f.conf:1: the name of a section ends in ']'" },
        { "[daemon] max-jobs = 1\n", "f.conf:1: nothing may follow the ']' of a section" },
        { "[application " LINE_50 "]", "f.conf:1: the name of a section is longer than 48 bytes" },
        { "[daemon]\nmax-jobs = 0", "f.conf:2: 'max-jobs' must be within 1 to 64, not 0" },
        { "[daemon]\nmax-jobs = 65", "f.conf:2: 'max-jobs' must be within 1 to 64, not 65" },
        { "[daemon]\nmax-jobs = many", "f.conf:2: 'max-jobs' must be a number, not 'many'" },
        { "[daemon]\nmax-jobs =", "f.conf:2: 'max-jobs' must be a number, not ''" },
        { "[daemon]\nmax-jobs = 4 # four",
          "f.conf:2: 'max-jobs' must be a number, not '4 # four'" },
        { "[daemon]\noffset = 9223372036854775808",
          "f.conf:2: 'offset' is out of range: '9223372036854775808'" },
        { "[daemon]\nverbose = maybe", "f.conf:2: 'verbose' must be yes or no, not 'maybe'" },
        { "[daemon]\ntimeout = 30",
          "f.conf:2: 'timeout' must be a time such as 500ms, 30s, 2m, 1h, not '30'" },
        { "[daemon]\ntimeout = 99ms",
          "f.conf:2: 'timeout' must be within 100 to 60000 ms, not 99" },
        { "[daemon]\nlimit = 1k",
          "f.conf:2: 'limit' must be a size such as 512, 64K, 10M, 1G, not '1k'" },
        { "[daemon]\nlimit = 2M",
          "f.conf:2: 'limit' must be within 1 to 1048576 bytes, not 2097152" },
        { "[daemon]\ntitle =", "f.conf:2: 'title' must be within 1 to 8 bytes, not 0" },
        { "[daemon]\ntitle = 123456789", "f.conf:2: 'title' must be within 1 to 8 bytes, not 9" },
        { "[daemon]\nwork-dir = jobs",
          "f.conf:2: 'work-dir' must be an absolute path, not 'jobs'" },
        { "[daemon]\nwork-dir =", "f.conf:2: 'work-dir' must be an absolute path, not ''" },
        { "[daemon]\nhosts = a b c d", "f.conf:2: 'hosts' must be within 0 to 3 words, not 4" },
        { "[daemon]\nhosts = \"a", "f.conf:2: 'hosts': a quote is not closed" },
        { "[daemon]\nhosts = a\\", "f.conf:2: 'hosts': nothing follows the backslash" },
        { "[application a]\ncommand = solver",
          "f.conf:2: 'command' must be a command with an absolute path, not 'solver'" },
        { "[application a]\ncommand =",
          "f.conf:2: 'command' must be a command with an absolute path, not ''" },
        { "[daemon]\ntitle = \xff", "f.conf:2: the line is not UTF-8" },
        { "[daemon]\n# \x1b[31m", "f.conf:2: the line has control characters" },
        { "[daemon]\n\x01=\n", "f.conf:2: the line has control characters" },
        { "[daemon]\nti\rtle = x", "f.conf:2: the line has control characters" },
};

START_TEST(mistakes_are_one_line_that_says_where)
{
        ErrorText error = { "" };
        Config *config = NULL;
        const char *text = mistakes[_i].text;

        ck_assert_int_eq(config_parse("f.conf", text, strlen(text), schema, &config, &error),
                         CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, mistakes[_i].message);
        ck_assert_ptr_null(config);
        ck_assert_int_eq(config_parse("f.conf", text, strlen(text), schema, &config, NULL),
                         CONFIG_E_INVALID);
}
END_TEST

START_TEST(a_required_key_is_missed_without_its_section_too)
{
        static const ConfigKey keys[] = {
                { .name = "user", .type = CONFIG_STRING, .is_required = true }, { 0 }
        };
        static const ConfigSchema strict[] = { { .kind = "login", .keys = keys }, { 0 } };
        ErrorText error;
        Config *config;

        ck_assert_int_eq(config_parse("f", "", 0, strict, &config, &error), CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, "f: [login] needs the key 'user'");
}
END_TEST

START_TEST(a_nul_byte_is_a_control_character)
{
        static const char text[] = "[daemon]\nverbose = yes\0\n";
        ErrorText error;
        Config *config;

        ck_assert_int_eq(config_parse("f", text, sizeof(text) - 1, schema, &config, &error),
                         CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, "f:2: the line has control characters");
}
END_TEST

START_TEST(a_line_may_have_its_limit_and_not_one_byte_more)
{
        static const char head[] = "[application a]\n";
        char text[CONFIG_INI_LINE_MAX + 64];
        char *line = text + sizeof(head) - 1;
        CLEANUP(config_freep) Config *config = NULL;
        ErrorText error;

        memcpy(text, head, sizeof(head) - 1);
        memset(line, 'x', CONFIG_INI_LINE_MAX);
        memcpy(line, "command = /", 11);
        memcpy(line + CONFIG_INI_LINE_MAX, "\r\nslots = 2", 12);
        ck_assert_int_eq(config_parse("f", text, strlen(text), schema, &config, NULL), 0);
        ck_assert_uint_eq(strlen(config_get_words(config_next(config, "application", NULL),
                                                  "command", NULL)[0]),
                          CONFIG_INI_LINE_MAX - 10);

        memcpy(line + CONFIG_INI_LINE_MAX, "x\r\n", 4);
        config = config_free(config);
        ck_assert_int_eq(config_parse("f", text, strlen(text), schema, &config, &error),
                         CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, "f:2: the line is longer than 4096 bytes");
}
END_TEST

START_TEST(a_section_name_may_have_its_limit)
{
        static const char name[] = LINE_10 LINE_10 LINE_10 "123456"; /* with "application " 48 */
        char text[256];
        CLEANUP(config_freep) Config *config = NULL;

        ck_assert_uint_eq(strlen("application ") + strlen(name), CONFIG_INI_SECTION_MAX);
        snprintf(text, sizeof(text), "[application %s]\ncommand=/x", name);
        config = parse(text);
        ck_assert_ptr_nonnull(config_section(config, "application", name));
}
END_TEST

START_TEST(a_file_may_have_1024_sections_and_not_one_more)
{
        static char text[CONFIG_SECTIONS_MAX * 64];
        CLEANUP(config_freep) Config *config = NULL;
        ErrorText error;
        size_t n = (size_t)snprintf(text, sizeof(text), "[daemon]\n");

        for (unsigned i = 1; i < CONFIG_SECTIONS_MAX; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, "[application a%u]\ncommand=/x\n",
                                      i);
        ck_assert_int_eq(config_parse("f", text, n, schema, &config, NULL), 0);

        n += (size_t)snprintf(text + n, sizeof(text) - n, "[application b]\ncommand=/x\n");
        config = config_free(config);
        ck_assert_int_eq(config_parse("f", text, n, schema, &config, &error), CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, "f:2048: more than 1024 sections");
}
END_TEST

START_TEST(refuse_names_the_line_of_the_key)
{
        CLEANUP(config_freep) Config *config = parse("\n[daemon]\nmax-jobs = 7\n");
        const ConfigSection *section = config_section(config, "daemon", NULL);
        ErrorText error;

        ck_assert_int_eq(config_refuse(section, "max-jobs", &error, "%d is odd", 7),
                         CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, "f.conf:3: 7 is odd");
        config_refuse(section, "timeout", &error, "too short");
        ck_assert_str_eq(error.text, "f.conf:2: too short");
        config_refuse(section, NULL, &error, "wrong");
        ck_assert_str_eq(error.text, "f.conf:2: wrong");
}
END_TEST

START_TEST(other_users_of_the_ini_library_keep_their_settings)
{
        CLEANUP(config_freep) Config *config = NULL;

        ini_allow_multiline = true;
        ini_max_line = 123;
        config = parse("[daemon]\n");
        ck_assert(ini_allow_multiline);
        ck_assert(ini_use_stack);
        ck_assert_int_eq(ini_max_line, 123);
}
END_TEST

/* The linker puts these in the place of the allocations of the configuration code. */
static int n_until_failure = -1; /* allocations that still succeed; -1 for all of them */

static bool allocation_fails(void)
{
        return n_until_failure >= 0 && n_until_failure-- == 0;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
        return allocation_fails() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
        return allocation_fails() ? NULL : __real_calloc(n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
        return allocation_fails() ? NULL : __real_strdup(text);
}

START_TEST(each_lack_of_memory_is_reported_and_leaks_nothing)
{
        static const char text[] = "[daemon]\nhosts = a b\n[application x]\ncommand = /x -y\n";
        Config *config = NULL;
        ErrorText error;
        int n_failed = 0;
        int r = -ENOMEM;

        for (int n = 0; r; n++) {
                n_until_failure = n;
                r = config_parse("f", text, strlen(text), schema, &config, &error);
                n_until_failure = -1;
                n_failed += r == -ENOMEM;
                ck_assert(r == 0 || r == -ENOMEM);
                ck_assert(!config == !!r);
        }
        config_free(config);
        ck_assert_int_gt(n_failed, 10);
}
END_TEST

static int read_config(const char *path, ErrorText *error)
{
        CLEANUP(config_freep) Config *config = NULL;

        *error = (ErrorText){ "" };
        return config_read(path, schema, &config, error);
}

START_TEST(read_takes_a_file_of_ours)
{
        CLEANUP(config_freep) Config *config = NULL;

        scratch_write("f", "[daemon]\nmax-jobs = 3\n");
        ck_assert_int_eq(config_read(scratch_path("f"), schema, &config, NULL), 0);
        ck_assert_int_eq(config_get_int(config_section(config, "daemon", NULL), "max-jobs"), 3);
}
END_TEST

START_TEST(read_names_the_file_and_line)
{
        ErrorText error;
        char expected[PATH_MAX + 64];

        scratch_write("f", "[daemon]\nmax-jobs = x\n");
        snprintf(expected, sizeof(expected), "%s:2: 'max-jobs' must be a number, not 'x'",
                 scratch_path("f"));
        ck_assert_int_eq(read_config(scratch_path("f"), &error), CONFIG_E_INVALID);
        ck_assert_str_eq(error.text, expected);
}
END_TEST

static const struct {
        mode_t mode;
        int r;
} modes[] = {
        { 0600, 0 },
        { 0400, 0 },
        { 0644, 0 },
        { 0755, 0 },
        { 0620, CONFIG_E_UNSAFE },
        { 0602, CONFIG_E_UNSAFE },
        { 0666, CONFIG_E_UNSAFE },
};

START_TEST(read_refuses_a_file_that_others_may_write)
{
        ErrorText error;

        scratch_write("f", "");
        ck_assert_int_eq(chmod(scratch_path("f"), modes[_i].mode), 0);
        ck_assert_int_eq(read_config(scratch_path("f"), &error), modes[_i].r);
        ck_assert(!modes[_i].r == !strstr(error.text, "chmod go-w"));
}
END_TEST

START_TEST(read_refuses_what_is_no_file)
{
        ErrorText error;

        ck_assert_int_eq(read_config(scratch_path("none"), &error), CONFIG_E_NOT_FOUND);
        ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
        ck_assert_int_eq(read_config(scratch_dir, &error), CONFIG_E_UNSAFE);
        ck_assert_ptr_nonnull(strstr(error.text, "not a regular file"));
        ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
        ck_assert_int_eq(read_config(scratch_path("fifo"), &error), CONFIG_E_UNSAFE);
        ck_assert_int_eq(read_config("/dev/null", &error), CONFIG_E_UNSAFE);
}
END_TEST

/* Whoever starts us in his directory must not choose our configuration. */
START_TEST(read_refuses_a_relative_path)
{
        ErrorText error;

        scratch_write("f", "");
        ck_assert_int_eq(chdir(scratch_dir), 0);
        ck_assert_int_eq(read_config("f", &error), CONFIG_E_UNSAFE);
        ck_assert_str_eq(error.text, "f: is not an absolute path");
}
END_TEST

START_TEST(read_stops_at_the_limit_of_a_file)
{
        char block[1024];
        ErrorText error;
        FILE *file;

        scratch_write("f", "");
        memset(block, '\n', sizeof(block));
        file = fopen(scratch_path("f"), "w");
        for (unsigned i = 0; i < CONFIG_FILE_MAX / sizeof(block); i++)
                ck_assert_uint_eq(fwrite(block, sizeof(block), 1, file), 1);
        fflush(file);
        ck_assert_int_eq(read_config(scratch_path("f"), &error), 0);

        fputc('\n', file);
        fclose(file);
        ck_assert_int_eq(read_config(scratch_path("f"), &error), CONFIG_E_INVALID);
        ck_assert_ptr_nonnull(strstr(error.text, "more than 1048576 bytes"));
}
END_TEST

START_TEST(read_refuses_a_file_of_somebody_else)
{
        ErrorText error;

        scratch_write("f", "");
        ck_assert_int_eq(chown(scratch_path("f"), SCRATCH_STRANGER, SCRATCH_STRANGER), 0);
        ck_assert_int_eq(read_config(scratch_path("f"), &error), CONFIG_E_UNSAFE);
        ck_assert_ptr_nonnull(strstr(error.text, "belongs to uid 65533"));
}
END_TEST

static int read_as(void *path)
{
        ErrorText error;

        return read_config(path, &error) ? 1 : 0;
}

START_TEST(read_takes_a_file_of_root)
{
        scratch_write("f", "");
        ck_assert_int_eq(chmod(scratch_path("f"), 0644), 0);
        ck_assert_int_eq(chmod(scratch_dir, 0711), 0);
        ck_assert_int_eq(scratch_run_as(SCRATCH_STRANGER, read_as, (void *)scratch_path("f")), 0);
}
END_TEST

static TCase *texts(void)
{
        TCase *tcase = tcase_create("text");

        tcase_add_test(tcase, values_come_out_as_their_types);
        tcase_add_loop_test(tcase, what_is_missing_has_its_fallback, 0, ARRAY_SIZE(empty));
        tcase_add_test(tcase, words_without_value_and_fallback_are_an_empty_array);
        tcase_add_test(tcase, named_sections_keep_their_order);
        tcase_add_loop_test(tcase, mistakes_are_one_line_that_says_where, 0, ARRAY_SIZE(mistakes));
        tcase_add_test(tcase, a_required_key_is_missed_without_its_section_too);
        tcase_add_test(tcase, a_nul_byte_is_a_control_character);
        tcase_add_test(tcase, a_line_may_have_its_limit_and_not_one_byte_more);
        tcase_add_test(tcase, a_section_name_may_have_its_limit);
        tcase_add_test(tcase, a_file_may_have_1024_sections_and_not_one_more);
        tcase_add_test(tcase, refuse_names_the_line_of_the_key);
        tcase_add_test(tcase, each_lack_of_memory_is_reported_and_leaks_nothing);
        tcase_add_test(tcase, other_users_of_the_ini_library_keep_their_settings);
        return tcase;
}

static TCase *files(void)
{
        TCase *tcase = tcase_create("file");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, read_takes_a_file_of_ours);
        tcase_add_test(tcase, read_names_the_file_and_line);
        tcase_add_loop_test(tcase, read_refuses_a_file_that_others_may_write, 0, ARRAY_SIZE(modes));
        tcase_add_test(tcase, read_refuses_what_is_no_file);
        tcase_add_test(tcase, read_refuses_a_relative_path);
        tcase_add_test(tcase, read_stops_at_the_limit_of_a_file);
        if (geteuid() == 0) {
                tcase_add_test(tcase, read_refuses_a_file_of_somebody_else);
                tcase_add_test(tcase, read_takes_a_file_of_root);
        }
        return tcase;
}

int main(void)
{
        Suite *suite = suite_create("config");

        suite_add_tcase(suite, texts());
        suite_add_tcase(suite, files());
        return unit_run(suite);
}
