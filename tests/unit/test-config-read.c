/* SPDX-License-Identifier: MIT */

/* A file with drop-ins beside it; single files are tested by test-config.c. */

#include "base/config.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const ConfigKey daemon_keys[] = {
        { .name = "zone", .type = CONFIG_STRING, .max = 8 },
        { .name = "jobs", .type = CONFIG_INT, .min = 1, .max = 64, .fallback = "4" },
        { .name = "hosts", .type = CONFIG_LIST },
        { 0 },
};

static const ConfigKey application_keys[] = {
        { .name = "command", .type = CONFIG_ARGV, .is_required = true },
        { .name = "slots", .type = CONFIG_INT, .fallback = "1" },
        { 0 },
};

static const ConfigSchema schema[] = {
        { .kind = "daemon", .keys = daemon_keys },
        { .kind = "application", .is_named = true, .keys = application_keys },
        { 0 },
};

static void setup(void)
{
        scratch_setup();
        ck_assert_int_eq(mkdir(scratch_path("f.d"), 0700), 0);
        scratch_write("f", "[daemon]\nzone = main\njobs = 1\nhosts = a b c\n"
                           "[application one]\ncommand = /one\n");
}

static Config *read_all(void)
{
        ErrorText error = { "" };
        Config *config = NULL;

        ck_assert_msg(config_read(scratch_path("f"), schema, &config, &error) == 0, "%s",
                      error.text);
        return config;
}

/* Refused, by words that begin with the path of @file and then @says. */
static void assert_refused(int expected, const char *file, const char *says)
{
        char whole[PATH_MAX + 128];
        ErrorText error = { "" };
        Config *config = NULL;
        int r = config_read(scratch_path("f"), schema, &config, &error);

        (void)snprintf(whole, sizeof(whole), "%s:%s", scratch_path(file), says);
        ck_assert_int_eq(r, expected);
        ck_assert_msg(strstr(error.text, whole) == error.text, "'%s' is not '%s'", error.text,
                      whole);
        ck_assert_ptr_null(config);
}

START_TEST(a_later_file_wins_key_by_key)
{
        CLEANUP(config_freep) Config *config = NULL;
        const ConfigSection *daemon, *one;
        size_t n;

        scratch_write("f.d/20.conf", "[daemon]\njobs = 20\n");
        scratch_write("f.d/10.conf", "[daemon]\njobs = 10\nhosts = x\n"
                                     "[application one]\nslots = 7\n"
                                     "[application two]\ncommand = /two\n");
        config = read_all();

        daemon = config_section(config, "daemon", NULL);
        ck_assert_str_eq(config_get_string(daemon, "zone"), "main");
        ck_assert_int_eq(config_get_int(daemon, "jobs"), 20);
        ck_assert_str_eq(config_get_words(daemon, "hosts", &n)[0], "x");
        ck_assert_uint_eq(n, 1);
        one = config_next(config, "application", NULL);
        ck_assert_str_eq(config_name(one), "one");
        ck_assert_int_eq(config_get_int(one, "slots"), 7);
        ck_assert_str_eq(config_get_words(one, "command", NULL)[0], "/one");
        ck_assert_str_eq(config_name(config_next(config, "application", one)), "two");
}
END_TEST

START_TEST(other_names_in_the_directory_are_passed_over)
{
        CLEANUP(config_freep) Config *config = NULL;

        scratch_write("f.d/10.conf~", "no configuration");
        scratch_write("f.d/.hidden.conf", "no configuration");
        scratch_write("f.d/.conf", "no configuration");
        scratch_write("f.d/README", "no configuration");
        config = read_all();

        ck_assert_int_eq(config_get_int(config_section(config, "daemon", NULL), "jobs"), 1);
}
END_TEST

START_TEST(a_mistake_is_told_by_the_file_that_has_it)
{
        CLEANUP(config_freep) Config *config = NULL;
        ErrorText error = { "" };

        scratch_write("f.d/10.conf", "[daemon]\n\njobs = x\n");
        assert_refused(CONFIG_E_INVALID, "f.d/10.conf", "3: 'jobs' must be");
        scratch_write("f.d/10.conf", "[application three]\nslots = 3\n");
        assert_refused(CONFIG_E_INVALID, "f.d/10.conf", "1: [application three] needs the key");
        scratch_write("f.d/10.conf", "[daemon]\njobs = 3\njobs = 4\n");
        assert_refused(CONFIG_E_INVALID, "f.d/10.conf", "3: 'jobs' is there already, on line 2");
        scratch_write("f.d/10.conf", "[daemon]\n[daemon]\n");
        assert_refused(CONFIG_E_INVALID, "f.d/10.conf", "2: [daemon] is there already, on line 1");

        scratch_write("f.d/10.conf", "[daemon]\njobs = 3\n");
        config = read_all();
        config_refuse(config_section(config, "daemon", NULL), "jobs", &error, "too few");
        ck_assert_msg(strstr(error.text, "f.d/10.conf:2: too few"), "%s", error.text);
        config_refuse(config_section(config, "daemon", NULL), "zone", &error, "too far");
        ck_assert_msg(strstr(error.text, "f:2: too far"), "%s", error.text);
}
END_TEST

START_TEST(a_directory_or_file_that_others_write_is_refused)
{
        scratch_write("f.d/10.conf", "[daemon]\njobs = 3\n");
        ck_assert_int_eq(chmod(scratch_path("f.d/10.conf"), 0622), 0);
        assert_refused(CONFIG_E_UNSAFE, "f.d/10.conf", " others may write it");
        ck_assert_int_eq(chmod(scratch_path("f.d/10.conf"), 0644), 0);
        ck_assert_int_eq(chmod(scratch_path("f.d"), 0770), 0);
        assert_refused(CONFIG_E_UNSAFE, "f.d", " others may write it");
}
END_TEST

START_TEST(a_link_to_nowhere_is_no_file_that_is_missing)
{
        ck_assert_int_eq(symlink("/nowhere", scratch_path("f.d/10.conf")), 0);
        assert_refused(CONFIG_E_INVALID, "f.d/10.conf", " No such file");
}
END_TEST

START_TEST(there_may_be_256_drop_ins_and_not_one_more)
{
        char name[32];

        for (unsigned i = 0; i < CONFIG_DROP_INS_MAX; i++) {
                (void)snprintf(name, sizeof(name), "f.d/%u.conf", i);
                scratch_write(name, "[daemon]\njobs = 5\n");
        }
        config_free(read_all());
        scratch_write("f.d/more.conf", "");
        assert_refused(CONFIG_E_INVALID, "f.d", " has more than 256 files");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("config-read");
        TCase *tests = tcase_create("drop-ins");

        tcase_add_checked_fixture(tests, setup, scratch_teardown);
        tcase_add_test(tests, a_later_file_wins_key_by_key);
        tcase_add_test(tests, other_names_in_the_directory_are_passed_over);
        tcase_add_test(tests, a_mistake_is_told_by_the_file_that_has_it);
        tcase_add_test(tests, a_directory_or_file_that_others_write_is_refused);
        tcase_add_test(tests, a_link_to_nowhere_is_no_file_that_is_missing);
        tcase_add_test(tests, there_may_be_256_drop_ins_and_not_one_more);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
