/* SPDX-License-Identifier: MIT */

#include "client/ssh/socket.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
        const char *word;
        int tos;
} marks[] = {
        { "none", -1 },  { "ef", 0xb8 },       { "AF21", 0x48 },       { "cs0", 0 },
        { "cs7", 0xe0 }, { "lowdelay", 0x10 }, { "throughput", 0x08 }, { "0x20", 0x20 },
        { "255", 255 },  { "0", 0 },
};

START_TEST(mark_is_a_name_or_a_number)
{
        int tos = -2;

        ck_assert_int_eq(ssh_socket_parse_tos(marks[_i].word, &tos), 0);
        ck_assert_int_eq(tos, marks[_i].tos);
}
END_TEST

static const char *const no_marks[] = {
        "", "256", "-1", "ef1", "0x", "1 2", "99999999999999999999"
};

START_TEST(what_is_no_mark_is_refused)
{
        int tos = -2;

        ck_assert_int_eq(ssh_socket_parse_tos(no_marks[_i], &tos), -EINVAL);
        ck_assert_int_eq(tos, -2);
}
END_TEST

static int get_option(int fd, int level, int name)
{
        int value = -1;
        socklen_t n = sizeof(value);

        ck_assert_int_eq(getsockopt(fd, level, name, &value, &n), 0);
        return value;
}

START_TEST(socket_is_marked_and_kept_alive_as_the_settings_say)
{
        CLEANUP(closep) int fd = -1;
        SshSettings settings = SSH_SETTINGS_INIT;

        if (_i)
                settings.tos = 0xb8;
        settings.is_keepalive_off = _i;
        fd = ssh_socket_new(&settings, AF_INET);
        ck_assert_int_ge(fd, 0);
        ssh_socket_tune(&settings, fd);
        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_eq(get_option(fd, IPPROTO_IP, IP_TOS), _i ? 0xb8 : 0);
        ck_assert_int_eq(get_option(fd, SOL_SOCKET, SO_KEEPALIVE), !_i);
        ck_assert_int_eq(get_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
}
END_TEST

static const struct {
        const char *address, *interface;
        int result;
} bindings[] = {
        { "127.0.0.9", NULL, 0 },
        { NULL, "lo", 0 },
        { "127.0.0.9", "no-such", 0 }, /* the address wins, as with ssh */
        { "::1", NULL, -EAFNOSUPPORT },
        { "192.0.2.1", NULL, -EADDRNOTAVAIL }, /* RFC 5737: nobody's */
        { NULL, "no-such", -EADDRNOTAVAIL },
};

START_TEST(socket_has_the_address_that_the_settings_say)
{
        CLEANUP(closep) int fd = -1;
        SshSettings settings = SSH_SETTINGS_INIT;
        struct sockaddr_in here = { 0 };
        socklen_t n = sizeof(here);

        settings.bind_address = (char *)(uintptr_t)bindings[_i].address;
        settings.bind_interface = (char *)(uintptr_t)bindings[_i].interface;
        fd = ssh_socket_new(&settings, AF_INET);
        if (bindings[_i].result) {
                ck_assert_int_eq(fd, bindings[_i].result);
                fd = -1;
                return;
        }
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &n), 0);
        ck_assert_str_eq(inet_ntoa(here.sin_addr),
                         bindings[_i].address ? bindings[_i].address : "127.0.0.1");
}
END_TEST

START_TEST(an_address_is_no_name)
{
        ck_assert(ssh_socket_is_address("127.0.0.1"));
        ck_assert(ssh_socket_is_address("::1"));
        ck_assert(!ssh_socket_is_address("localhost"));
        ck_assert(!ssh_socket_is_address(""));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("client.ssh-socket");
        TCase *tcase = tcase_create("ssh-socket");

        tcase_add_loop_test(tcase, mark_is_a_name_or_a_number, 0, ARRAY_SIZE(marks));
        tcase_add_loop_test(tcase, what_is_no_mark_is_refused, 0, ARRAY_SIZE(no_marks));
        tcase_add_loop_test(tcase, socket_is_marked_and_kept_alive_as_the_settings_say, 0, 2);
        tcase_add_loop_test(tcase, socket_has_the_address_that_the_settings_say, 0,
                            ARRAY_SIZE(bindings));
        tcase_add_test(tcase, an_address_is_no_name);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
