/* SPDX-License-Identifier: MIT */

#include "base/options.h"

#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N_ARGS_MAX 80

static bool verbose, all;
static const char *socket_path;
static OptionList excludes;
static int64_t jobs = 4, limit_bytes, timeout_ms;

static const Option options[] = {
        { .name = "verbose", .letter = 'v', .help = "say more", .flag = &verbose },
        { .name = "socket",
          .letter = 's',
          .argument = "PATH",
          .help = "listen there",
          .string = &socket_path },
        { .name = "exclude",
          .letter = 'x',
          .argument = "NAME",
          .help = "not this one (repeatable)",
          .list = &excludes },
        { .name = "jobs",
          .letter = 'j',
          .argument = "N",
          .help = "so many at once",
          .number = &jobs,
          .min = 1,
          .max = 64 },
        { .name = "limit",
          .argument = "SIZE",
          .help = "largest message",
          .size_bytes = &limit_bytes },
        { .name = "timeout",
          .argument = "TIME",
          .help = "give up after it",
          .min = 1,
          .max = 60000,
          .duration_ms = &timeout_ms },
        { 0 },
};

static const Options program = {
        .program = "prog",
        .usage = "[OPTION...] FILE...",
        .summary = "work on files",
        .environment = "  PROG_HOME  where it lives",
        .options = options,
        .n_args_min = 1,
        .n_args_max = 3,
};

static int list_run(int n_args, char **args)
{
        ck_assert_int_eq(n_args, 1);
        ck_assert_str_eq(args[0], "what");
        ck_assert_ptr_null(args[1]);
        return 7;
}

static const Option list_options[] = {
        { .name = "all", .letter = 'a', .help = "hidden ones too", .flag = &all },
        { 0 },
};

static const OptionsCommand cmd_list = {
        .name = "list",
        .usage = "[OPTION...] NAME",
        .summary = "print names",
        .details = "More about it.",
        .options = list_options,
        .n_args_min = 1,
        .n_args_max = 1,
        .run = list_run,
};

static const OptionsCommand cmd_secret = {
        .name = "secret",
        .usage = "",
        .summary = "for our own use",
        .is_hidden = true,
        .n_args_max = OPTIONS_ANY,
        .run = list_run,
};

static const OptionsCommand *const commands[] = { &cmd_list, &cmd_secret, NULL };

static const Options suite_program = {
        .program = "tool",
        .summary = "do this and that",
        .options = options,
        .commands = commands,
};

/* Splits a line at blanks into an argv that lives as long as the test. */
static char **split(const char *line, int *ret_argc)
{
        static char text[4096];
        static char *argv[N_ARGS_MAX];
        int argc = 0;

        snprintf(text, sizeof(text), "%s", line);
        for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
                argv[argc++] = word;
        argv[argc] = NULL;
        *ret_argc = argc;
        return argv;
}

static int parse(const Options *table, const char *line, OptionsResult *ret)
{
        int argc;
        char **argv = split(line, &argc);

        return options_parse(table, argc, argv, ret);
}

static const char *const orders[] = {
        "prog -v --socket=/s -x one --exclude two -j 9 --limit 2K --timeout 5s a b",
        "prog a -v --socket /s -xone --exclude=two b -j9 --limit=2K --timeout=5s",
        "prog a b -vs/s -xone -xtwo --jobs=9 --lim 2K --tim=5s",
        "prog --verb --sock=/s --exc one --exc two --jobs 9 --limit 2K --timeout 5000ms -- a b",
};

START_TEST(options_may_stand_anywhere_in_each_spelling)
{
        OptionsResult result;

        ck_assert_int_eq(parse(&program, orders[_i], &result), 0);

        ck_assert(verbose);
        ck_assert_str_eq(socket_path, "/s");
        ck_assert_uint_eq(excludes.n, 2);
        ck_assert_str_eq(excludes.values[0], "one");
        ck_assert_str_eq(excludes.values[1], "two");
        ck_assert_int_eq(jobs, 9);
        ck_assert_int_eq(limit_bytes, 2048);
        ck_assert_int_eq(timeout_ms, 5000);
        ck_assert_ptr_null(result.command);
        ck_assert_int_eq(result.n_args, 2);
        ck_assert_str_eq(result.args[0], "a");
        ck_assert_str_eq(result.args[1], "b");
        ck_assert_ptr_null(result.args[2]);
}
END_TEST

START_TEST(nothing_given_leaves_the_targets_alone)
{
        OptionsResult result;

        ck_assert_int_eq(parse(&program, "prog a", &result), 0);
        ck_assert(!verbose);
        ck_assert_ptr_null(socket_path);
        ck_assert_int_eq(jobs, 4);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
        OptionsResult result;

        ck_assert_int_eq(parse(&program, "prog -- -v --socket", &result), 0);
        ck_assert(!verbose);
        ck_assert_int_eq(result.n_args, 2);
        ck_assert_str_eq(result.args[0], "-v");
}
END_TEST

START_TEST(one_dash_is_an_argument)
{
        OptionsResult result;

        ck_assert_int_eq(parse(&program, "prog -", &result), 0);
        ck_assert_str_eq(result.args[0], "-");
}
END_TEST

static const struct {
        const char *line;
        const char *message;
} mistakes[] = {
        { "prog --nonsense a", "prog: unknown option '--nonsense'; try 'prog --help'\n" },
        { "prog --nonsense=5 a", "prog: unknown option '--nonsense'; try 'prog --help'\n" },
        { "prog a -q", "prog: unknown option '-q'; try 'prog --help'\n" },
        { "prog -vq a", "prog: unknown option '-q'; try 'prog --help'\n" },
        { "prog --ver a", "prog: --ver may be --verbose or --version; try 'prog --help'\n" },
        { "prog --=x a", "prog: unknown option '--'; try 'prog --help'\n" },
        { "prog --verbose=yes a", "prog: --verbose takes no value; try 'prog --help'\n" },
        { "prog --help=me", "prog: --help takes no value; try 'prog --help'\n" },
        { "prog a --socket", "prog: --socket needs a value: --socket=PATH; try 'prog --help'\n" },
        { "prog a -s", "prog: -s needs a value: --socket=PATH; try 'prog --help'\n" },
        { "prog -j 0 a", "prog: --jobs=0 is not within 1 to 64; try 'prog --help'\n" },
        { "prog -j 65 a", "prog: --jobs=65 is not within 1 to 64; try 'prog --help'\n" },
        { "prog -j 9x a", "prog: --jobs=9x is not a number; try 'prog --help'\n" },
        { "prog --limit=1k a",
          "prog: --limit=1k is not a size such as 512, 64K, 10M, 1G; try 'prog --help'\n" },
        { "prog --limit=99999999999999999999 a",
          "prog: --limit=99999999999999999999 is too large; try 'prog --help'\n" },
        { "prog --timeout=5 a",
          "prog: --timeout=5 is not a time such as 500ms, 30s, 2m, 1h; try 'prog --help'\n" },
        { "prog --timeout=2m a",
          "prog: --timeout=2m is not within 1 to 60000 ms; try 'prog --help'\n" },
        { "prog", "prog: an argument is missing: prog [OPTION...] FILE...; try 'prog --help'\n" },
        { "prog a b c d", "prog: 'd' is an argument too many; try 'prog --help'\n" },
        { "prog --\x1b[31m", "prog: unknown option '--\\x1b[31m'; try 'prog --help'\n" },
};

START_TEST(mistakes_are_one_line_that_says_what)
{
        OptionsResult result = { .n_args = 99 };
        int r;

        capture_start(STDERR_FILENO);
        r = parse(&program, mistakes[_i].line, &result);
        ck_assert_str_eq(capture_end(), mistakes[_i].message);

        ck_assert_int_eq(r, OPTIONS_E_MISUSED);
        ck_assert_int_eq(result.n_args, 99);
}
END_TEST

START_TEST(list_takes_its_limit_and_not_one_more)
{
        char line[1024] = "prog a";
        OptionsResult result;

        for (unsigned i = 0; i < OPTIONS_LIST_MAX; i++)
                strcat(line, " -xn");
        ck_assert_int_eq(parse(&program, line, &result), 0);
        ck_assert_uint_eq(excludes.n, OPTIONS_LIST_MAX);

        excludes.n = 0;
        strcat(line, " -xn");
        capture_start(STDERR_FILENO);
        ck_assert_int_eq(parse(&program, line, &result), OPTIONS_E_MISUSED);
        ck_assert_str_eq(capture_end(), "prog: more than 64 times --exclude; try 'prog --help'\n");
}
END_TEST

START_TEST(help_is_printed_from_the_table)
{
        OptionsResult result;
        int r;

        capture_start(STDOUT_FILENO);
        r = parse(&program, "prog --help --nonsense", &result);
        ck_assert_str_eq(capture_end(), "Usage: prog [OPTION...] FILE...\n"
                                        "Work on files.\n"
                                        "\n"
                                        "Options:\n"
                                        "  -v, --verbose             say more\n"
                                        "  -s, --socket=PATH         listen there\n"
                                        "  -x, --exclude=NAME        not this one (repeatable)\n"
                                        "  -j, --jobs=N              so many at once\n"
                                        "      --limit=SIZE          largest message\n"
                                        "      --timeout=TIME        give up after it\n"
                                        "  -h, --help                print this help\n"
                                        "      --version             print the version\n"
                                        "\n"
                                        "Environment:\n"
                                        "  PROG_HOME  where it lives\n");
        ck_assert_int_eq(r, OPTIONS_E_SHOWN);
}
END_TEST

START_TEST(help_breaks_long_lines_between_words)
{
        static bool flag;
        static const Option wide[] = {
                { .name = "a-name-too-long-for-its-column", .help = "below", .flag = &flag },
                { .name = "b",
                  .help = "one two three four five six seven eight nine ten eleven twelve",
                  .flag = &flag },
                { 0 },
        };
        static const Options table = {
                .program = "p", .usage = "", .summary = "s", .options = wide
        };
        OptionsResult result;

        capture_start(STDOUT_FILENO);
        ck_assert_int_eq(parse(&table, "p -h", &result), OPTIONS_E_SHOWN);
        ck_assert_ptr_nonnull(strstr(
                capture_end(), "      --a-name-too-long-for-its-column\n"
                               "                            below\n"
                               "      --b                   one two three four five six seven "
                               "eight nine ten\n"
                               "                            eleven twelve\n"));
}
END_TEST

START_TEST(version_is_the_projects)
{
        OptionsResult result;

        capture_start(STDOUT_FILENO);
        ck_assert_int_eq(parse(&program, "prog --version", &result), OPTIONS_E_SHOWN);
        ck_assert_str_eq(capture_end(), "prog " PYROPE_VERSION "\n");
}
END_TEST

static const char *const command_orders[] = {
        "tool -v --socket /s list -a what",
        "tool list what --all -v --socket=/s",
        "tool -v list --socket=/s what -a",
        "tool --socket=/s -- list -av what",
};

START_TEST(options_of_the_program_stand_on_both_sides_of_the_subcommand)
{
        int argc;
        char **argv = split(command_orders[_i], &argc);

        ck_assert_int_eq(options_main(&suite_program, argc, argv), 7);
        ck_assert(verbose);
        ck_assert(all);
        ck_assert_str_eq(socket_path, "/s");
}
END_TEST

static const struct {
        const char *line;
        const char *message;
} command_mistakes[] = {
        { "tool", "tool: a command is missing; try 'tool --help'\n" },
        { "tool -v", "tool: a command is missing; try 'tool --help'\n" },
        { "tool -a list x", "tool: unknown option '-a'; try 'tool --help'\n" },
        { "tool lis x", "tool: unknown command 'lis'; try 'tool --help'\n" },
        { "tool list", "tool list: an argument is missing: tool list [OPTION...] NAME; "
                       "try 'tool list --help'\n" },
        { "tool list a b", "tool list: 'b' is an argument too many; try 'tool list --help'\n" },
        { "tool list a --nope", "tool list: unknown option '--nope'; try 'tool list --help'\n" },
};

START_TEST(mistakes_name_the_subcommand)
{
        int argc;
        char **argv = split(command_mistakes[_i].line, &argc);
        int status;

        capture_start(STDERR_FILENO);
        status = options_main(&suite_program, argc, argv);
        ck_assert_str_eq(capture_end(), command_mistakes[_i].message);
        ck_assert_int_eq(status, OPTIONS_EXIT_MISUSED);
}
END_TEST

START_TEST(help_of_the_program_lists_the_commands_that_people_type)
{
        OptionsResult result;
        const char *help;

        capture_start(STDOUT_FILENO);
        ck_assert_int_eq(parse(&suite_program, "tool --help", &result), OPTIONS_E_SHOWN);
        help = capture_end();
        ck_assert_ptr_nonnull(strstr(help, "Usage: tool [OPTION...] COMMAND [...]\n"
                                           "Do this and that.\n"
                                           "\n"
                                           "Commands:\n"
                                           "  list                      print names\n"
                                           "\n"
                                           "Options:\n"
                                           "  -v, --verbose             say more\n"));
        ck_assert_ptr_null(strstr(help, "secret"));
}
END_TEST

START_TEST(help_of_a_subcommand_has_its_options_and_the_programs)
{
        int argc;
        char **argv = split("tool list --help", &argc);
        int status;

        capture_start(STDOUT_FILENO);
        status = options_main(&suite_program, argc, argv);
        ck_assert_ptr_nonnull(strstr(capture_end(),
                                     "Usage: tool list [OPTION...] NAME\n"
                                     "Print names.\n"
                                     "\n"
                                     "More about it.\n"
                                     "\n"
                                     "Options:\n"
                                     "  -a, --all                 hidden ones too\n"
                                     "  -h, --help                print this help\n"
                                     "      --version             print the version\n"
                                     "\n"
                                     "Options of every command:\n"
                                     "  -v, --verbose             say more\n"));
        ck_assert_int_eq(status, OPTIONS_EXIT_DONE);
}
END_TEST

START_TEST(hidden_commands_run)
{
        OptionsResult result;

        ck_assert_int_eq(parse(&suite_program, "tool secret a b c d", &result), 0);
        ck_assert_ptr_eq(result.command, &cmd_secret);
        ck_assert_int_eq(result.n_args, 4);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("options");
        TCase *plain = tcase_create("program");
        TCase *with_commands = tcase_create("subcommands");

        tcase_add_loop_test(plain, options_may_stand_anywhere_in_each_spelling, 0,
                            ARRAY_SIZE(orders));
        tcase_add_test(plain, nothing_given_leaves_the_targets_alone);
        tcase_add_test(plain, two_dashes_end_the_options);
        tcase_add_test(plain, one_dash_is_an_argument);
        tcase_add_loop_test(plain, mistakes_are_one_line_that_says_what, 0, ARRAY_SIZE(mistakes));
        tcase_add_test(plain, list_takes_its_limit_and_not_one_more);
        tcase_add_test(plain, help_is_printed_from_the_table);
        tcase_add_test(plain, help_breaks_long_lines_between_words);
        tcase_add_test(plain, version_is_the_projects);
        tcase_add_loop_test(with_commands,
                            options_of_the_program_stand_on_both_sides_of_the_subcommand, 0,
                            ARRAY_SIZE(command_orders));
        tcase_add_loop_test(with_commands, mistakes_name_the_subcommand, 0,
                            ARRAY_SIZE(command_mistakes));
        tcase_add_test(with_commands, help_of_the_program_lists_the_commands_that_people_type);
        tcase_add_test(with_commands, help_of_a_subcommand_has_its_options_and_the_programs);
        tcase_add_test(with_commands, hidden_commands_run);
        suite_add_tcase(suite, plain);
        suite_add_tcase(suite, with_commands);
        return unit_run(suite);
}
