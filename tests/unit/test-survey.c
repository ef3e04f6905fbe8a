/* SPDX-License-Identifier: MIT */

#include "client/context.h"
#include "client/ssh/share-place.h"

#include "base/thread.h"
#include "base/unix-socket.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pyrope/agent.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define TRIES_MAX 1000 /* until the other thread was the faster one */
#define STOP_MS   20

static pyrope_context *context;
static int listen_fd, stop_fd;
static pthread_t thread;

/* What listens like an agent, and hangs up on everybody. */
static void *hang_up(UNUSED void *userdata)
{
        struct pollfd fds[] = { { .fd = listen_fd, .events = POLLIN },
                                { .fd = stop_fd, .events = POLLIN } };

        while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

                if (fd >= 0)
                        (void)close(fd);
        }
        return NULL;
}

static void setup(void)
{
        const pyrope_options options = { .runtime_dir = scratch_dir };
        ErrorText why = { "" };
        sigset_t term;

        scratch_setup();
        /* The agent that is told to end is this process. */
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &term, NULL), 0);
        ck_assert_int_eq(unix_listen(scratch_path(SSH_SHARE_PREFIX "0" SSH_SHARE_SUFFIX), 128,
                                     &listen_fd, &why),
                         0);
        stop_fd = eventfd(0, EFD_CLOEXEC);
        ck_assert_int_ge(stop_fd, 0);
        ck_assert_int_eq(thread_start(&thread, hang_up, NULL), 0);
        ck_assert_int_eq(pyrope_context_new(&options, &context, NULL), PYROPE_OK);
}

static void teardown(void)
{
        (void)eventfd_write(stop_fd, 1);
        (void)pthread_join(thread, NULL);
        (void)close(stop_fd);
        (void)close(listen_fd);
        context = pyrope_context_free(context);
        scratch_teardown();
}

START_TEST(an_agent_that_hangs_up_is_not_told_to_end)
{
        pyrope_status status = PYROPE_E_TIMEOUT;
        size_t n = 99;

        for (int i = 0; status == PYROPE_E_TIMEOUT && i < TRIES_MAX; i++)
                status = pyrope_agent_stop(context, STOP_MS, &n, NULL);
        ck_assert_int_eq(status, PYROPE_OK);
        ck_assert_uint_eq(n, 0);
}
END_TEST

/* Agents that are told to end, say so, and do not. */
#define STUCK_MAX 3

static pid_t stuck[STUCK_MAX];
static int told[2];
static sigset_t term;

static void be_stuck(int i)
{
        char name[] = SSH_SHARE_PREFIX "0" SSH_SHARE_SUFFIX;
        ErrorText why = { "" };
        int fd, number;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test be killed */
        name[strlen(SSH_SHARE_PREFIX)] = (char)('0' + i);
        if (unix_listen(scratch_path(name), 1, &fd, &why) || write(told[1], "l", 1) != 1)
                _exit(1);
        while (sigwait(&term, &number) == 0)
                if (write(told[1], "t", 1) != 1)
                        break;
        _exit(1);
}

static void expect_each(char word)
{
        char byte = 0;

        for (int i = 0; i < STUCK_MAX; i++) {
                ck_assert_int_eq(read(told[0], &byte, 1), 1);
                ck_assert_int_eq(byte, word);
        }
}

static void set_up_stuck(void)
{
        const pyrope_options options = { .runtime_dir = scratch_dir };

        scratch_setup();
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, &term, NULL), 0);
        ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
        for (int i = 0; i < STUCK_MAX; i++) {
                stuck[i] = fork();
                ck_assert_int_ge(stuck[i], 0);
                if (!stuck[i])
                        be_stuck(i);
        }
        expect_each('l');
        ck_assert_int_eq(pyrope_context_new(&options, &context, NULL), PYROPE_OK);
}

static void tear_down_stuck(void)
{
        context = pyrope_context_free(context);
        for (int i = 0; i < STUCK_MAX; i++) {
                (void)kill(stuck[i], SIGKILL);
                (void)waitpid(stuck[i], NULL, 0);
        }
        (void)close(told[0]);
        (void)close(told[1]);
        scratch_teardown();
}

START_TEST(of_agents_that_do_not_end_each_is_told)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        size_t n;

        ck_assert_int_eq(pyrope_agent_stop(context, STOP_MS, &n, &error), PYROPE_E_TIMEOUT);
        ck_assert_ptr_nonnull(strstr(pyrope_error_text(error), "does not end"));
        expect_each('t');
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("survey");
        TCase *tcase = tcase_create("survey");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_test(tcase, an_agent_that_hangs_up_is_not_told_to_end);
        suite_add_tcase(suite, tcase);
        tcase = tcase_create("survey stuck");
        tcase_add_checked_fixture(tcase, set_up_stuck, tear_down_stuck);
        tcase_add_test(tcase, of_agents_that_do_not_end_each_is_told);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
