/* SPDX-License-Identifier: MIT */

#include "client/ssh/share-place.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static SshSharePlace place;

static void teardown(void)
{
        ssh_share_place_deinit(&place);
        scratch_teardown();
}

static const char *name_now(const char *config_file)
{
        static char name[sizeof(place.name)];

        ssh_share_place_deinit(&place);
        ck_assert_int_eq(ssh_share_place_init(config_file, SSH_BACKEND_AUTO, &place), 0);
        strcpy(name, place.name);
        return name;
}

START_TEST(the_same_settings_have_the_same_place)
{
        char first[sizeof(place.name)];

        strcpy(first, name_now(NULL));
        ck_assert_str_eq(name_now(NULL), first);
        ck_assert_uint_le(strlen(first), RUNTIME_NAME_MAX);
        ck_assert_ptr_null(place.config_file);
}
END_TEST

static const char *const variables[] = { "HOME", "SSH_AUTH_SOCK", "KRB5CCNAME", "PATH" };

START_TEST(another_environment_has_another_place)
{
        char first[sizeof(place.name)];

        scratch_write("ssh", "");
        ck_assert_int_eq(chmod(scratch_path("ssh"), 0700), 0);
        strcpy(first, name_now(NULL));
        setenv(variables[_i], scratch_dir, 1);
        ck_assert_str_ne(name_now(NULL), first);
}
END_TEST

START_TEST(another_file_or_content_has_another_place)
{
        char first[sizeof(place.name)];

        scratch_write("config", "Host a\n");
        strcpy(first, name_now(scratch_path("config")));
        ck_assert_str_ne(name_now(scratch_path("none")), first);
        ck_assert_str_eq(name_now(scratch_path("config")), first);
        scratch_write("config", "Host a b\n");
        ck_assert_str_ne(name_now(scratch_path("config")), first);
}
END_TEST

static const char *const lines[] = { "IdentityFile ${KEY}\n", "ProxyCommand connect \"$KEY\" %h\n",
                                     "Include included\n" };

START_TEST(a_variable_that_the_configuration_names_has_another_place)
{
        char first[sizeof(place.name)], text[PATH_MAX + 32];

        scratch_write("included", lines[0]);
        (void)snprintf(text, sizeof(text), _i == 2 ? "Include %s\n" : "%s",
                       _i == 2 ? scratch_path("included") : lines[_i]);
        scratch_write("config", text);
        unsetenv("KEY");
        strcpy(first, name_now(scratch_path("config")));
        setenv("KEY", "", 1);
        ck_assert_str_ne(name_now(scratch_path("config")), first);
        setenv("KEY", "one", 1);
        strcpy(first, name_now(scratch_path("config")));
        setenv("KEY", "two", 1);
        ck_assert_str_ne(name_now(scratch_path("config")), first);
        setenv("KEY", "one", 1);
        setenv("OTHER", "two", 1);
        ck_assert_str_eq(name_now(scratch_path("config")), first);
}
END_TEST

START_TEST(the_file_is_named_from_the_root)
{
        ck_assert_int_eq(chdir(scratch_dir), 0);
        (void)name_now("config");
        ck_assert_str_eq(place.config_file, scratch_path("config"));
}
END_TEST

START_TEST(an_environment_too_large_for_a_key_is_an_error)
{
        char long_value[9000];

        memset(long_value, 'x', sizeof(long_value));
        long_value[sizeof(long_value) - 1] = '\0';
        setenv("KRB5CCNAME", long_value, 1);
        ck_assert_int_eq(ssh_share_place_init(NULL, SSH_BACKEND_AUTO, &place), -EMSGSIZE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-share-place");
        TCase *tcase = tcase_create("ssh-share-place");

        tcase_add_checked_fixture(tcase, scratch_setup, teardown);
        tcase_add_test(tcase, the_same_settings_have_the_same_place);
        tcase_add_loop_test(tcase, another_environment_has_another_place, 0, ARRAY_SIZE(variables));
        tcase_add_test(tcase, another_file_or_content_has_another_place);
        tcase_add_loop_test(tcase, a_variable_that_the_configuration_names_has_another_place, 0,
                            ARRAY_SIZE(lines));
        tcase_add_test(tcase, the_file_is_named_from_the_root);
        tcase_add_test(tcase, an_environment_too_large_for_a_key_is_an_error);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
