/* SPDX-License-Identifier: MIT */

#include "client/pipe.h"

#include "base/unix-socket.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define MANY_BYTES 3000000u /* more than pipes and sockets hold together */

static int socks[2]; /* ours, the nameserver's */
static int in[2], out[2];

static void setup(void)
{
        ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
        ck_assert_int_eq(unix_socketpair(socks), 0);
        ck_assert_int_eq(fcntl(socks[1], F_SETFL, 0), 0);
        ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
}

/* Sends back what it gets, to the end. */
static void *echo(UNUSED void *userdata)
{
        static char bytes[100000];
        ssize_t n;

        while ((n = read(socks[1], bytes, sizeof(bytes))) > 0)
                ck_assert_int_eq(send(socks[1], bytes, (size_t)n, MSG_NOSIGNAL), n);
        (void)shutdown(socks[1], SHUT_WR);
        return NULL;
}

static void *write_many(UNUSED void *userdata)
{
        static char bytes[MANY_BYTES];
        size_t n_written = 0;
        ssize_t n;

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(i * 7 + i / 251);
        while (n_written < sizeof(bytes)) {
                n = write(in[1], bytes + n_written, sizeof(bytes) - n_written);
                ck_assert_int_gt(n, 0);
                n_written += (size_t)n;
        }
        close(in[1]);
        return NULL;
}

static void *read_many(UNUSED void *userdata)
{
        static char bytes[100000];
        size_t n_read = 0, n_wrong = 0;
        ssize_t n;

        while ((n = read(out[0], bytes, sizeof(bytes))) > 0)
                for (ssize_t i = 0; i < n; i++, n_read++)
                        n_wrong += bytes[i] != (char)(n_read * 7 + n_read / 251);
        ck_assert_uint_eq(n_read, MANY_BYTES);
        ck_assert_uint_eq(n_wrong, 0);
        return NULL;
}

START_TEST(bytes_go_both_ways_to_the_end_whatever_is_full)
{
        void *(*const parts[])(void *) = { echo, write_many, read_many };
        pthread_t threads[3];

        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, parts[i], NULL), 0);
        ck_assert_int_eq(pipe_run(socks[0], in[0], out[1]), 0);
        close(out[1]);
        for (int i = 0; i < 3; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

START_TEST(the_end_of_the_socket_ends_it_though_more_could_come_in)
{
        ck_assert_int_eq(send(socks[1], "bye", 3, 0), 3);
        close(socks[1]);
        ck_assert_int_eq(write(in[1], "late", 4), 4);
        ck_assert_int_eq(pipe_run(socks[0], in[0], out[1]), 0);
        ck_assert_int_eq(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_eq(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(an_output_that_is_gone_is_an_error)
{
        close(out[0]);
        ck_assert_int_eq(send(socks[1], "hello", 5, 0), 5);
        ck_assert_int_eq(pipe_run(socks[0], in[0], out[1]), -EPIPE);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pipe");
        TCase *tests = tcase_create("pipe");

        tcase_add_checked_fixture(tests, setup, NULL);
        tcase_add_test(tests, bytes_go_both_ways_to_the_end_whatever_is_full);
        tcase_add_test(tests, the_end_of_the_socket_ends_it_though_more_could_come_in);
        tcase_add_test(tests, an_output_that_is_gone_is_an_error);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
