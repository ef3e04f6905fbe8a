/* SPDX-License-Identifier: MIT */

#include "client/ssh/run.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static SshWatch forever(void)
{
        return (SshWatch){ .stop_fd = eventfd(0, EFD_CLOEXEC), .deadline = DEADLINE_NONE };
}

START_TEST(output_words_and_status_come_back)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(
                ssh_run(ARGV("sh", "-c", "echo out; echo words >&2; exit 3"), &watch, &run, NULL),
                PYROPE_OK);
        ck_assert(!run.is_missing);
        ck_assert_str_eq((char *)run.output.data, "out\n");
        ck_assert_str_eq((char *)run.words.data, "words\n");
        ck_assert_int_eq(run.exit_status, 3);
}
END_TEST

START_TEST(arguments_meet_no_shell)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(ssh_run(ARGV("echo", "$(id)", ";", "a b"), &watch, &run, NULL), PYROPE_OK);
        ck_assert_str_eq((char *)run.output.data, "$(id) ; a b\n");
}
END_TEST

START_TEST(missing_program_is_told_from_a_failing_one)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(ssh_run(ARGV("no-such-program-anywhere"), &watch, &run, NULL), PYROPE_OK);
        ck_assert(run.is_missing);
}
END_TEST

START_TEST(too_much_output_is_refused)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(ssh_run(ARGV("head", "-c", "1000000", "/dev/zero"), &watch, &run, NULL),
                         PYROPE_E_TOO_LARGE);
}
END_TEST

START_TEST(too_many_words_keep_their_end)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(ssh_run(ARGV("sh", "-c", "head -c 1000000 /dev/zero >&2; echo end >&2"),
                                 &watch, &run, NULL),
                         PYROPE_OK);
        ck_assert_uint_ge(run.words.n, 4);
        ck_assert_str_eq((char *)run.words.data + run.words.n - 4, "end\n");
}
END_TEST

START_TEST(a_program_that_hangs_is_ended_with_its_children)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        watch.deadline = deadline_in(50);
        ck_assert_int_eq(ssh_run(ARGV("sh", "-c", "sleep 1000 & sleep 1000"), &watch, &run, NULL),
                         PYROPE_E_TIMEOUT);
        ck_assert_int_eq(run.exit_status, 128 + SIGKILL);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(a_program_that_nobody_waits_for_any_more_is_ended)
{
        SshRun run = SSH_RUN_INIT;

        ck_assert_int_eq(ssh_run_start(ARGV("sleep", "1000"), &run, NULL), PYROPE_OK);
        ck_assert_int_gt(run.pid, 0);
        ssh_run_deinit(&run);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(the_end_of_the_pool_ends_a_program)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        SshWatch watch = forever();

        ck_assert_int_eq(eventfd_write(watch.stop_fd, 1), 0);
        ck_assert_int_eq(ssh_run(ARGV("sleep", "1000"), &watch, &run, NULL), PYROPE_E_CLOSED);
}
END_TEST

START_TEST(a_proxy_is_a_stream_and_its_last_word_is_kept)
{
        SshProxy proxy = SSH_PROXY_INIT;
        char words[64], back[8] = "";
        struct pollfd ready = { .events = POLLIN };

        ck_assert_int_eq(ssh_proxy_start(ARGV("sh", "-c", "echo one >&2; echo last >&2; exec cat"),
                                         &ready.fd, &proxy, NULL),
                         PYROPE_OK);
        ck_assert_int_eq(write(ready.fd, "hello", 5), 5);
        ck_assert_int_eq(poll(&ready, 1, -1), 1);
        ck_assert_int_eq(read(ready.fd, back, sizeof(back)), 5);
        ck_assert_str_eq(back, "hello");
        ssh_proxy_words(&proxy, words, sizeof(words));
        ck_assert_str_eq(words, "last");
        (void)close(ready.fd);
        ssh_proxy_end(&proxy);
        ck_assert_int_eq(proxy.pid, 0);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(a_proxy_that_ignores_sigterm_is_ended_all_the_same)
{
        SshProxy proxy = SSH_PROXY_INIT;
        struct pollfd ready = { .events = POLLIN };

        ck_assert_int_eq(ssh_proxy_start(ARGV("sh", "-c", "trap '' TERM; echo; sleep 1000"),
                                         &ready.fd, &proxy, NULL),
                         PYROPE_OK);
        ck_assert_int_eq(poll(&ready, 1, -1), 1); /* the trap is set */
        ssh_proxy_end(&proxy);
        ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
        (void)close(ready.fd);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-run");
        TCase *tcase = tcase_create("ssh-run");

        tcase_add_test(tcase, output_words_and_status_come_back);
        tcase_add_test(tcase, arguments_meet_no_shell);
        tcase_add_test(tcase, missing_program_is_told_from_a_failing_one);
        tcase_add_test(tcase, too_much_output_is_refused);
        tcase_add_test(tcase, too_many_words_keep_their_end);
        tcase_add_test(tcase, a_program_that_hangs_is_ended_with_its_children);
        tcase_add_test(tcase, a_program_that_nobody_waits_for_any_more_is_ended);
        tcase_add_test(tcase, the_end_of_the_pool_ends_a_program);
        tcase_add_test(tcase, a_proxy_is_a_stream_and_its_last_word_is_kept);
        tcase_add_test(tcase, a_proxy_that_ignores_sigterm_is_ended_all_the_same);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
