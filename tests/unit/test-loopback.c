/* SPDX-License-Identifier: MIT */

#include "base/loopback.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define STRANGER 12345u /* a uid that is nobody's here */
#define WAIT_MS  60000
#define TRIES    20u /* for a port that others may take */

static const char *const families[] = { "127.0.0.1:0", "[::1]:0" };

static int diag_fd;
static int listen_fd;
static char where[LOOPBACK_WHERE_SIZE];

static void setup(void)
{
        ck_assert_int_eq(loopback_diag_open(&diag_fd), 0);
        listen_fd = -1;
}

static void teardown(void)
{
        closep(&listen_fd);
        closep(&diag_fd);
}

static void listen_on(const char *text)
{
        ErrorText error = { "" };

        ck_assert_msg(loopback_listen(text, 10, &listen_fd, where, &error) == 0, "%s", error.text);
}

/* A socket that is connected to listen_fd; -1 if that fails. */
static int connect_to_it(void)
{
        struct sockaddr_storage address;
        socklen_t n = sizeof(address);
        int fd;

        if (getsockname(listen_fd, (struct sockaddr *)&address, &n) < 0)
                return -1;
        fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&address, n) < 0)
                closep(&fd);
        return fd;
}

static int accept_it(void)
{
        struct pollfd pollfd = { .fd = listen_fd, .events = POLLIN };
        int fd;

        ck_assert_int_eq(poll(&pollfd, 1, WAIT_MS), 1);
        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        return fd;
}

/* -- where to listen -------------------------------------------------------------------------- */

static const char *const refused[] = {
        "",
        ":",
        ":0",
        "0",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:-1",
        "127.0.0.1:65536",
        "127.0.0.1:0x50",
        "127.0.0.1 :80",
        "127.1:80",
        "0.0.0.0:0",
        "126.255.255.255:0",
        "128.0.0.1:0",
        "192.0.2.1:80",
        "255.255.255.255:80",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[::]:80",
        "[]:80",
        "[::ffff:127.0.0.1]:80",
        "[fe80::1%lo]:80",
        "[2001:db8::1]:80",
        "[127.0.0.1]:80",
        "[00000000000000000000000000000000000000000000000000000000000000001]:80",
        "host.of.a.name.that.is.longer.than.any.address.could.ever.be.in.text.form:80",
};

START_TEST(no_address_but_the_loopbacks_is_listened_on)
{
        ErrorText error = { "" };

        ck_assert_int_eq(loopback_listen(refused[_i], 10, &listen_fd, where, &error),
                         LOOPBACK_E_INVALID);
        ck_assert_int_eq(listen_fd, -1);
        ck_assert_ptr_nonnull(strstr(error.text, "give 127.0.0.1:PORT or [::1]:PORT"));
}
END_TEST

START_TEST(the_port_that_was_found_is_told)
{
        char again[LOOPBACK_WHERE_SIZE] = "unchanged";
        ErrorText error = { "" };
        const char *port;
        int fd = -1;

        listen_on(families[_i]);
        port = strrchr(where, ':');
        ck_assert_str_ne(port, ":0");
        ck_assert_int_eq(strncmp(where, families[_i], (size_t)(port - where)), 0);
        ck_assert(fcntl(listen_fd, F_GETFD) & FD_CLOEXEC);
        ck_assert(fcntl(listen_fd, F_GETFL) & O_NONBLOCK);

        ck_assert_int_eq(loopback_listen(where, 10, &fd, again, &error), LOOPBACK_E_IN_USE);
        ck_assert_str_eq(again, "unchanged");
        ck_assert_ptr_nonnull(strstr(error.text, where));
}
END_TEST

START_TEST(any_address_of_the_loopback_net_will_do)
{
        listen_on("127.9.8.7:0");
        ck_assert_int_eq(strncmp(where, "127.9.8.7:", 10), 0);
}
END_TEST

START_TEST(what_is_accepted_sends_without_delay)
{
        CLEANUP(closep) int client = -1;
        CLEANUP(closep) int fd = -1;
        int is_on = 0;
        socklen_t n = sizeof(is_on);

        listen_on(families[_i]);
        client = connect_to_it();
        fd = accept_it();
        ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &is_on, &n), 0);
        ck_assert(is_on);
}
END_TEST

/* -- whose the other end is ------------------------------------------------------------------- */

START_TEST(our_own_end_is_ours)
{
        CLEANUP(closep) int client = -1;
        CLEANUP(closep) int fd = -1;
        uid_t uid = STRANGER;

        listen_on(families[_i]);
        client = connect_to_it();
        fd = accept_it();
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), 0);
        ck_assert_uint_eq(uid, geteuid());
        /* Still, when it has nothing more to say. */
        ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), 0);
}
END_TEST

START_TEST(an_end_that_was_closed_is_nobodys)
{
        CLEANUP(closep) int fd = -1;
        uid_t uid = STRANGER;
        int client;

        listen_on(families[_i]);
        client = connect_to_it();
        fd = accept_it();
        ck_assert_int_eq(close(client), 0);
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), LOOPBACK_E_UNKNOWN);
        ck_assert_uint_eq(uid, STRANGER);
}
END_TEST

START_TEST(an_end_that_was_reset_is_nobodys)
{
        const struct linger at_once = { .l_onoff = 1 };
        CLEANUP(closep) int fd = -1;
        uid_t uid = STRANGER;
        int client;

        listen_on(families[_i]);
        client = connect_to_it();
        ck_assert_int_eq(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        ck_assert_int_eq(close(client), 0);
        fd = accept_it();
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), LOOPBACK_E_UNKNOWN);
}
END_TEST

/* Closes one end of a connection and listens on its port. Return: the listener; -1: somebody else
 * on this machine was faster. */
static int listen_in_place_of(int client)
{
        const struct linger at_once = { .l_onoff = 1 };
        CLEANUP(closep) int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in address;
        socklen_t n = sizeof(address);

        ck_assert_int_eq(getsockname(client, (struct sockaddr *)&address, &n), 0);
        ck_assert_int_eq(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        ck_assert_int_eq(close(client), 0);
        if (bind(other, (struct sockaddr *)&address, n) < 0) {
                ck_assert_int_eq(errno, EADDRINUSE);
                return -1;
        }
        ck_assert_int_eq(listen(other, 1), 0);
        return TAKE_FD(other);
}

/* The port of the end that was closed is listened on by now: that is another socket. */
START_TEST(who_listens_on_the_port_meanwhile_is_not_taken_for_it)
{
        CLEANUP(closep) int other = -1;
        CLEANUP(closep) int fd = -1;
        uid_t uid = STRANGER;

        listen_on(families[0]);
        for (unsigned i = 0; i < TRIES && other < 0; i++) {
                int client = connect_to_it();

                closep(&fd);
                fd = accept_it();
                other = listen_in_place_of(client);
        }
        ck_assert_int_ge(other, 0);
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), LOOPBACK_E_UNKNOWN);
}
END_TEST

/* Connects as somebody else, and waits for the end. */
static void live_as_stranger(void)
{
        char byte;
        int fd;

        if (setresuid(STRANGER, STRANGER, STRANGER) < 0)
                _exit(1);
        fd = connect_to_it();
        _exit(fd >= 0 && read(fd, &byte, 1) == 0 ? 0 : 1);
}

START_TEST(the_end_of_another_user_is_his)
{
        uid_t uid = (uid_t)-1;
        int status = -1;
        pid_t pid;
        int fd;

        if (geteuid() != 0)
                return; /* only root can act as a second user */
        listen_on(families[_i]);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                live_as_stranger();
        fd = accept_it();
        ck_assert_int_eq(loopback_peer_uid(diag_fd, fd, &uid), 0);
        ck_assert_uint_eq(uid, STRANGER);
        ck_assert_int_eq(close(fd), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
}
END_TEST

/* -- whose server it is ----------------------------------------------------------------------- */

/* Listens at addresses that are not the loopback's alone, as a stock server may. */
static void listen_everywhere(const char *host)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
        const int off = 0;

        listen_fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!is_v4)
                ck_assert_int_eq(
                        setsockopt(listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
        ck_assert_int_eq(bind(listen_fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                              is_v4 ? sizeof(v4) : sizeof(v6)),
                         0);
        ck_assert_int_eq(listen(listen_fd, 10), 0);
}

static const struct {
        const char *listens;
        const char *connects;
        const char *shows;
} ways[] = {
        { "0.0.0.0", "127.0.0.1", "127.0.0.1:" },   { "0.0.0.0", "127.1.2.3", "127.1.2.3:" },
        { "::", "127.0.0.1", "127.0.0.1:" },        { "::", "::1", "[::1]:" },
        { "::", "::ffff:127.0.0.1", "127.0.0.1:" }, { "0.0.0.0", "::ffff:127.0.0.1", "127.0.0.1:" },
};

/* A socket that is connected to the port of listen_fd at that address. */
static int connect_by(const char *host)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
        int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in6 listening; /* the port of both families stands at one place */
        socklen_t n = sizeof(listening);

        ck_assert_int_eq(getsockname(listen_fd, (struct sockaddr *)&listening, &n), 0);
        v4.sin_port = v6.sin6_port = listening.sin6_port;
        if (!is_v4)
                ck_assert_int_eq(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
        ck_assert_int_eq(connect(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
                                 is_v4 ? sizeof(v4) : sizeof(v6)),
                         0);
        return fd;
}

static void expect_server(int client, int r, uid_t wanted)
{
        uid_t uid = STRANGER;

        ck_assert_int_eq(loopback_server_uid(diag_fd, client, &uid), r);
        ck_assert_uint_eq(uid, wanted);
}

START_TEST(a_server_is_known_before_and_after_it_accepts)
{
        CLEANUP(closep) int client = -1;
        CLEANUP(closep) int fd = -1;
        char shown[LOOPBACK_WHERE_SIZE];

        listen_everywhere(ways[_i].listens);
        client = connect_by(ways[_i].connects);
        ck_assert_int_eq(loopback_peer_where(client, shown), 0);
        ck_assert_int_eq(strncmp(shown, ways[_i].shows, strlen(ways[_i].shows)), 0);
        expect_server(client, 0, geteuid());
        fd = accept_it();
        expect_server(client, 0, geteuid());
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0); /* it may still listen to us */
        expect_server(client, 0, geteuid());
}
END_TEST

/* Then the kernel tells nobody of the connection before something is sent. */
START_TEST(so_is_one_that_is_told_when_there_is_something_to_read)
{
        CLEANUP(closep) int client = -1;
        const int seconds = 60;

        listen_on(families[_i]);
        ck_assert_int_eq(
                setsockopt(listen_fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
        client = connect_to_it();
        expect_server(client, 0, geteuid());
}
END_TEST

START_TEST(a_server_that_hung_up_is_nobodys)
{
        CLEANUP(closep) int client = -1;

        listen_on(families[_i]);
        client = connect_to_it();
        ck_assert_int_eq(close(accept_it()), 0);
        expect_server(client, LOOPBACK_E_CLOSED, STRANGER);
}
END_TEST

START_TEST(so_is_one_that_ended_before_it_accepted)
{
        CLEANUP(closep) int client = -1;

        listen_on(families[_i]);
        client = connect_to_it();
        closep(&listen_fd);
        expect_server(client, LOOPBACK_E_CLOSED, STRANGER);
}
END_TEST

/* The sockets that are made meanwhile are another user's. */
static void become(uid_t uid)
{
        ck_assert_int_eq(seteuid(uid), 0);
}

START_TEST(the_server_of_another_user_is_his)
{
        CLEANUP(closep) int client = -1;
        CLEANUP(closep) int fd = -1;

        if (geteuid() != 0)
                return; /* only root can act as a second user */
        become(STRANGER);
        listen_on(families[_i]);
        become(0);
        client = connect_to_it();
        expect_server(client, 0, STRANGER);
        become(STRANGER);
        fd = accept_it();
        become(0);
        expect_server(client, 0, STRANGER);
}
END_TEST

START_TEST(who_accepts_counts_more_than_who_listened)
{
        CLEANUP(closep) int client = -1;
        CLEANUP(closep) int fd = -1;

        if (geteuid() != 0)
                return; /* only root can act as a second user */
        listen_on(families[_i]);
        client = connect_to_it();
        become(STRANGER);
        fd = accept_it();
        become(0);
        expect_server(client, 0, STRANGER);
}
END_TEST

/* Who closes it lets another user have the port; the pair stays what it was. */
START_TEST(who_takes_the_port_of_a_server_that_hung_up_is_not_taken_for_it)
{
        CLEANUP(closep) int client = -1;

        listen_on(families[_i]);
        client = connect_to_it();
        ck_assert_int_eq(close(accept_it()), 0);
        closep(&listen_fd);
        listen_on(where);
        expect_server(client, LOOPBACK_E_CLOSED, STRANGER);
}
END_TEST

/* Packets find a socket that is tied to an interface, questions do not. */
START_TEST(a_server_that_the_kernel_does_not_find_is_not_known)
{
        CLEANUP(closep) int client = -1;

        listen_on(families[_i]);
        if (setsockopt(listen_fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) < 0)
                return; /* an older kernel permits it to root alone */
        client = connect_to_it();
        expect_server(client, LOOPBACK_E_UNKNOWN, STRANGER);
}
END_TEST

START_TEST(a_connection_to_itself_is_noticed)
{
        CLEANUP(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in self = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        CLEANUP(closep) int client = -1;
        socklen_t n = sizeof(self);

        ck_assert_int_eq(bind(fd, (struct sockaddr *)&self, n), 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&self, &n), 0);
        ck_assert(!loopback_is_itself(fd));
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&self, n), 0);
        ck_assert(loopback_is_itself(fd));

        listen_on(families[0]);
        client = connect_to_it();
        ck_assert(!loopback_is_itself(client));
}
END_TEST

START_TEST(only_addresses_of_the_loopback_net_are_told)
{
        char shown[LOOPBACK_WHERE_SIZE] = "unchanged";
        CLEANUP(closep) int one = -1;
        CLEANUP(closep) int other = -1;
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        one = fds[0];
        ck_assert_int_eq(loopback_peer_where(one, shown), LOOPBACK_E_INVALID);
        ck_assert_int_eq(close(fds[1]), 0);
        other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(loopback_peer_where(other, shown), LOOPBACK_E_CLOSED);
        ck_assert_str_eq(shown, "unchanged");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("loopback");
        TCase *tcase = tcase_create("loopback");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, no_address_but_the_loopbacks_is_listened_on, 0,
                            ARRAY_SIZE(refused));
        tcase_add_loop_test(tcase, the_port_that_was_found_is_told, 0, ARRAY_SIZE(families));
        tcase_add_test(tcase, any_address_of_the_loopback_net_will_do);
        tcase_add_loop_test(tcase, what_is_accepted_sends_without_delay, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, our_own_end_is_ours, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, an_end_that_was_closed_is_nobodys, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, an_end_that_was_reset_is_nobodys, 0, ARRAY_SIZE(families));
        tcase_add_test(tcase, who_listens_on_the_port_meanwhile_is_not_taken_for_it);
        tcase_add_loop_test(tcase, the_end_of_another_user_is_his, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, a_server_is_known_before_and_after_it_accepts, 0,
                            ARRAY_SIZE(ways));
        tcase_add_loop_test(tcase, so_is_one_that_is_told_when_there_is_something_to_read, 0,
                            ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, a_server_that_hung_up_is_nobodys, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, so_is_one_that_ended_before_it_accepted, 0,
                            ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, the_server_of_another_user_is_his, 0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, who_accepts_counts_more_than_who_listened, 0,
                            ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, who_takes_the_port_of_a_server_that_hung_up_is_not_taken_for_it,
                            0, ARRAY_SIZE(families));
        tcase_add_loop_test(tcase, a_server_that_the_kernel_does_not_find_is_not_known, 0,
                            ARRAY_SIZE(families));
        tcase_add_test(tcase, a_connection_to_itself_is_noticed);
        tcase_add_test(tcase, only_addresses_of_the_loopback_net_are_told);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
