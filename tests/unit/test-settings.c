/* SPDX-License-Identifier: MIT */

#include "jobman/settings.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static Settings settings;
static ErrorText error;

START_TEST(a_whole_file_is_read)
{
        scratch_write("jobman.conf", "[jobman]\n"
                                     "name = Jobs@A\n"
                                     "ssh = user@compute-a:2222\n"
                                     "[nameserver]\n"
                                     "location = /run/ns.sock\n"
                                     "[application Thermal]\n"
                                     "command = /bin/thermal \"two words\"\n"
                                     "maxJobs = 3\n"
                                     "listen = bind\n"
                                     "startTimeout = 500ms\n"
                                     "set = A=1 B=\n");
        ck_assert_msg(settings_read(scratch_path("jobman.conf"), &settings, &error) == 0, "%s",
                      error.text);
        ck_assert_str_eq(settings.name, "Jobs@A");
        ck_assert_str_eq(settings.ssh, "user@compute-a:2222");
        ck_assert_str_eq(settings.nameserver, "/run/ns.sock");
        ck_assert_uint_eq(settings.n_applications, 1);
        ck_assert_str_eq(settings.applications[0].command[1], "two words");
        ck_assert_uint_eq(settings.applications[0].max_jobs, 3);
        ck_assert(settings.applications[0].binds_itself);
        ck_assert_int_eq(settings.applications[0].start_timeout_ms, 500);
        ck_assert_int_eq(settings.applications[0].stop_timeout_ms, 5000);
        ck_assert_str_eq(settings.applications[0].signature, "Thermal");
        ck_assert_ptr_eq(settings_find(&settings, NULL), settings.applications);
        ck_assert_ptr_null(settings_find(&settings, "Other"));
        settings_deinit(&settings);
}
END_TEST

#define HEAD        "[jobman]\nname = J\n"
#define APPLICATION "[application A]\ncommand = /bin/a\n"

static const struct {
        const char *text;
        const char *line; /* where the message points, or NULL */
        const char *what;
} broken[] = {
        { "", NULL, "name" },
        { HEAD, NULL, "no [application NAME] section" },
        { HEAD "[application A]\n", ":3:", "command" },
        { HEAD "[application A]\ncommand = thermal\n", ":4:", "absolute" },
        { HEAD APPLICATION "maxJobs = 0\n", ":5:", "maxJobs" },
        { HEAD APPLICATION "maxJobs = many\n", ":5:", "maxJobs" },
        { HEAD APPLICATION "listen = often\n", ":5:", "neither inherit nor bind" },
        { HEAD APPLICATION "set = X\n", ":5:", "NAME=VALUE" },
        { HEAD APPLICATION "set = PYROPE_JOB=x\n", ":5:", "job manager's to set" },
        { HEAD APPLICATION "environment = LISTEN_FDS\n", ":5:", "passed on" },
        { HEAD APPLICATION "files = relative\n", ":5:", "absolute" },
        { HEAD APPLICATION "color = red\n", ":5:", "color" },
        { HEAD APPLICATION APPLICATION, ":5:", "A" },
        { HEAD "[application a/b]\ncommand = /bin/a\n", ":3:", "letters" },
        { HEAD "[wrong]\n", ":3:", "wrong" },
        { "[jobman]\nname = J\nssh = -oProxyCommand=x\n" APPLICATION, ":3:", "host" },
        { "[jobman]\nname = J\nssh = gw,a b\n" APPLICATION, ":3:", "host" },
        { "[jobman]\nname = J\nssh = 1,2,3,4,5,6,7,8,9\n" APPLICATION, ":3:", "up to 8" },
        { "[jobman]\nname = J\nzone = a b\n" APPLICATION, ":3:", "'a b' is not" },
        { HEAD "nonsense\n", ":3:", "expected" },
};

START_TEST(a_broken_file_is_refused_with_file_and_line)
{
        scratch_write("jobman.conf", broken[_i].text);
        ck_assert_int_eq(settings_read(scratch_path("jobman.conf"), &settings, &error),
                         SETTINGS_E_INVALID);
        ck_assert_msg(strstr(error.text, "jobman.conf") && strstr(error.text, broken[_i].what) &&
                              (!broken[_i].line || strstr(error.text, broken[_i].line)),
                      "row %d says: %s", _i, error.text);
        ck_assert_ptr_null(strchr(error.text, '\n'));
}
END_TEST

START_TEST(a_missing_file_is_named)
{
        ck_assert_int_lt(settings_read(scratch_path("none.conf"), &settings, &error), 0);
        ck_assert_ptr_nonnull(strstr(error.text, "none.conf: No such file"));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("settings");
        TCase *tcase = tcase_create("settings");

        tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
        tcase_add_test(tcase, a_whole_file_is_read);
        tcase_add_loop_test(tcase, a_broken_file_is_refused_with_file_and_line, 0,
                            ARRAY_SIZE(broken));
        tcase_add_test(tcase, a_missing_file_is_named);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
