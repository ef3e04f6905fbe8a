/* SPDX-License-Identifier: MIT */

#include "client/ssh/expand.h"

#include "tests/unit/unit.h"

#include <string.h>

static const SshTokens tokens = {
        .alias = "h1", .host_name = "10.0.0.2", .known_as = "cluster", .user = "me", .port = 2222
};

static void set_environment(void)
{
        ck_assert_int_eq(setenv("HOME", "/home/me", 1), 0);
        ck_assert_int_eq(setenv("KEYS", "/keys", 1), 0);
        ck_assert_int_eq(unsetenv("NOTHING"), 0);
}

static const struct {
        const char *text, *path, *command; /* NULL: refused */
} expansions[] = {
        { "/plain", "/plain", "/plain" },
        { "", "", "" },
        { "~/.ssh/id", "/home/me/.ssh/id", "~/.ssh/id" },
        { "~", "/home/me", "~" },
        { "~other/id", NULL, "~other/id" },
        { "/a~b", "/a~b", "/a~b" },
        { "%d/%n-%h-%k-%r-%p", "/home/me/h1-10.0.0.2-cluster-me-2222",
          "/home/me/h1-10.0.0.2-cluster-me-2222" },
        { "100%%", "100%", "100%" },
        { "${KEYS}/id", "/keys/id", "${KEYS}/id" },
        { "${NOTHING}/id", NULL, "${NOTHING}/id" },
        { "${KEYS", NULL, "${KEYS" },
        { "$KEYS", "$KEYS", "$KEYS" },
        { "%C", NULL, NULL },
        { "%", NULL, NULL },
};

START_TEST(path_has_home_variables_and_tokens)
{
        CLEANUP(freep) char *out = NULL;
        const char *wanted = expansions[_i].path;

        set_environment();
        ck_assert_int_eq(ssh_expand_path(&tokens, "IdentityFile", expansions[_i].text, &out, NULL),
                         wanted ? PYROPE_OK : PYROPE_E_CONFIG);
        ck_assert_pstr_eq(out, wanted);
}
END_TEST

START_TEST(command_leaves_home_and_variables_to_the_shell)
{
        CLEANUP(freep) char *out = NULL;
        const char *wanted = expansions[_i].command;

        set_environment();
        ck_assert_int_eq(
                ssh_expand_command(&tokens, "ProxyCommand", expansions[_i].text, &out, NULL),
                wanted ? PYROPE_OK : PYROPE_E_CONFIG);
        ck_assert_pstr_eq(out, wanted);
}
END_TEST

START_TEST(endless_text_is_refused)
{
        CLEANUP(freep) char *out = NULL;
        char text[9000];

        memset(text, 'x', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        ck_assert_int_eq(ssh_expand_path(&tokens, "IdentityFile", text, &out, NULL),
                         PYROPE_E_CONFIG);
        ck_assert_ptr_null(out);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-expand");
        TCase *tcase = tcase_create("ssh-expand");

        tcase_add_loop_test(tcase, path_has_home_variables_and_tokens, 0, ARRAY_SIZE(expansions));
        tcase_add_loop_test(tcase, command_leaves_home_and_variables_to_the_shell, 0,
                            ARRAY_SIZE(expansions));
        tcase_add_test(tcase, endless_text_is_refused);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
