/* SPDX-License-Identifier: MIT */

#include "client/ssh/probe.h"

#include "base/clock.h"
#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define WAIT_MS 20000

typedef struct Host {
        int listen_fd, fd; /* the second is what it accepted */
        SshSettings settings;
        SshProbe *probe;
} Host;

static pyrope_status no_hop(void *userdata, const SshSettings *settings, const SshWatch *watch,
                            int *ret_fd, pyrope_error **error)
{
        (void)userdata, (void)settings, (void)watch, (void)ret_fd;
        return error_set(error, PYROPE_E_CLOSED, "there is no session");
}

/* A probe of a port of 127.0.0.1, accepted. */
static void host_up(Host *ret)
{
        const SshHop hop = { .open = no_hop };
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(address);

        *ret = (Host){ .settings = SSH_SETTINGS_INIT };
        ret->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(ret->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(ret->listen_fd, 4), 0);
        ck_assert_int_eq(getsockname(ret->listen_fd, (struct sockaddr *)&address, &n), 0);
        ret->settings.target = strdup("h1");
        ret->settings.host_name = strdup("127.0.0.1");
        ret->settings.port = ntohs(address.sin_port);
        ret->probe = ssh_probe_start(&ret->settings, &hop);
        ck_assert_ptr_nonnull(ret->probe);
        ret->fd = accept(ret->listen_fd, NULL, NULL);
        ck_assert_int_ge(ret->fd, 0);
}

static void host_down(Host *host)
{
        ck_assert_ptr_null(ssh_probe_end(host->probe));
        ssh_settings_deinit(&host->settings);
        closep(&host->fd);
        closep(&host->listen_fd);
}

static void say(const Host *host, const char *bytes, size_t n)
{
        ck_assert_int_eq(send(host->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Until it is over. Return: whether it was answered. */
static bool is_answered(const Host *host)
{
        Deadline deadline = deadline_in(WAIT_MS);
        SshAliveSeen seen = { 0 };

        do {
                ck_assert(!deadline_passed(deadline));
                (void)poll(NULL, 0, 1);
                ssh_probe_look(host->probe, &seen);
        } while (seen.is_probing);
        ck_assert(!seen.answered_at_ms || seen.took_ms >= 0);
        return seen.answered_at_ms;
}

static const struct {
        const char *says;
        bool is_answer;
} beginnings[] = {
        { "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", true },
        { "SSH-", true },
        { "Welcome!\r\nnot SSH-2.0\nSSH-2.0-x\r\n", true },
        { "\n\nSSH-2.0-x", true },
        { "Exceeded MaxStartups\r\n", false },
        { "SSH", false },
        { "SSHSSH-2.0", false },
        { " SSH-2.0", false },
        { "ssh-2.0-x\n", false },
        { "", false },
};

START_TEST(sshd_is_known_by_the_line_that_says_who_it_is)
{
        Host host;

        host_up(&host);
        say(&host, beginnings[_i].says, strlen(beginnings[_i].says));
        (void)shutdown(host.fd, SHUT_WR);
        ck_assert_msg(is_answered(&host) == beginnings[_i].is_answer, "%s", beginnings[_i].says);
        host_down(&host);
}
END_TEST

START_TEST(the_line_may_come_in_pieces)
{
        Host host;

        host_up(&host);
        for (const char *at = "SSH-"; *at; at++)
                say(&host, at, 1);
        ck_assert(is_answered(&host));
        host_down(&host);
}
END_TEST

START_TEST(not_everything_is_listened_to)
{
        static char before[SSH_PROBE_MAX_BYTES];
        size_t n = sizeof(before) - strlen("SSH-") + (size_t)_i;
        Host host;

        host_up(&host);
        memset(before, '\n', sizeof(before));
        say(&host, before, n);
        say(&host, "SSH-", strlen("SSH-"));
        ck_assert(is_answered(&host) == !_i);
        host_down(&host);
}
END_TEST

START_TEST(it_sends_nothing)
{
        Host host;
        char byte;

        host_up(&host);
        say(&host, "SSH-2.0-x\r\n", strlen("SSH-2.0-x\r\n"));
        ck_assert(is_answered(&host));
        /* It has hung up: with a reset, if it left something of what we said. */
        ck_assert_int_le(recv(host.fd, &byte, 1, 0), 0);
        host_down(&host);
}
END_TEST

START_TEST(a_host_that_says_nothing_can_be_left)
{
        SshAliveSeen seen = { 0 };
        Host host;
        char byte;

        host_up(&host);
        ssh_probe_look(host.probe, &seen);
        ck_assert(seen.is_probing);
        host.probe = ssh_probe_end(host.probe);
        ck_assert_int_eq(recv(host.fd, &byte, 1, 0), 0);
        host_down(&host);
}
END_TEST

static const struct {
        const char *jump, *command;
        bool is_possible;
} ways[] = { { NULL, NULL, true }, { "gateway", NULL, true }, { NULL, "nc %h %p", false } };

START_TEST(the_users_own_program_is_not_run_for_it)
{
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        settings.proxy_jump = ways[_i].jump ? strdup(ways[_i].jump) : NULL;
        settings.proxy_command = ways[_i].command ? strdup(ways[_i].command) : NULL;
        ck_assert(ssh_probe_is_possible(&settings) == ways[_i].is_possible);
}
END_TEST

START_TEST(what_the_kernel_has_to_repeat_is_seen)
{
        Host host;
        SshAliveSeen seen = { 0 };
        uint64_t n_taken = 0;
        int fds[2];

        host_up(&host);
        say(&host, "SSH-", strlen("SSH-"));
        ck_assert(is_answered(&host));
        ssh_probe_look_at(host.fd, &n_taken, &seen);
        ck_assert(!seen.is_hidden && !seen.is_moving);
        ck_assert_int_le(seen.sent_at_ms, clock_boottime_ms());
        ck_assert_uint_ge(n_taken, strlen("SSH-"));
        host_down(&host);

        seen = (SshAliveSeen){ 0 };
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        ssh_probe_look_at(fds[0], &n_taken, &seen);
        ck_assert(seen.is_hidden && !seen.is_moving);
        ck_assert_int_eq(send(fds[0], "x", 1, 0), 1);
        ssh_probe_look_at(fds[0], &n_taken, &seen);
        ck_assert(seen.is_hidden && seen.is_moving && !seen.resend_at_ms);
        (void)close(fds[0]);
        (void)close(fds[1]);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("ssh-probe");
        TCase *tcase = tcase_create("ssh-probe");

        tcase_add_loop_test(tcase, sshd_is_known_by_the_line_that_says_who_it_is, 0,
                            (int)ARRAY_SIZE(beginnings));
        tcase_add_test(tcase, the_line_may_come_in_pieces);
        tcase_add_loop_test(tcase, not_everything_is_listened_to, 0, 2);
        tcase_add_test(tcase, it_sends_nothing);
        tcase_add_test(tcase, a_host_that_says_nothing_can_be_left);
        tcase_add_loop_test(tcase, the_users_own_program_is_not_run_for_it, 0,
                            (int)ARRAY_SIZE(ways));
        tcase_add_test(tcase, what_the_kernel_has_to_repeat_is_seen);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
