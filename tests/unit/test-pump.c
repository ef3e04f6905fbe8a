/* SPDX-License-Identifier: MIT */

#include "client/pump.h"

#include "base/clock.h"
#include "base/unix-socket.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define MANY_BYTES 3000000u /* more than sockets hold together */
#define WAIT_MS    10000

static Pump *pump;
static int one[2], other[2]; /* of each pair of sockets: ours, the pump's */

static atomic_uint_fast64_t n_over; /* sum of the groups that have ended */

static void on_over(UNUSED void *userdata, uint64_t group)
{
        atomic_fetch_add(&n_over, group);
}

static void make_sockets(void)
{
        ck_assert_int_eq(unix_socketpair(one), 0);
        ck_assert_int_eq(unix_socketpair(other), 0);
}

static void setup(void)
{
        ck_assert_ptr_ne(signal(SIGPIPE, SIG_IGN), SIG_ERR);
        ck_assert_int_eq(pump_new(on_over, NULL, &pump), 0);
        make_sockets();
        ck_assert_int_eq(fcntl(one[0], F_SETFL, 0), 0);
        ck_assert_int_eq(fcntl(other[0], F_SETFL, 0), 0);
}

static void teardown(void)
{
        pump = pump_free(pump);
        ck_assert_ptr_null(pump_free(NULL));
        closep(&one[0]);
        closep(&other[0]);
}

static void join(uint64_t group)
{
        ck_assert_int_eq(pump_join(pump, (int[]){ one[1], other[1] }, group), 0);
}

/* Waits for the end of the stream, or its breaking. */
static void expect_hang_up(int fd)
{
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        char byte;

        ck_assert_int_eq(poll(&polled, 1, WAIT_MS), 1);
        ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
}

static void *send_many(void *userdata)
{
        CLEANUP(freep) char *bytes = malloc(MANY_BYTES);
        const int *fd = userdata;

        ck_assert_ptr_nonnull(bytes);
        for (size_t i = 0; i < MANY_BYTES; i++)
                bytes[i] = (char)(i * 7 + i / 251);
        ck_assert_int_eq(send(*fd, bytes, MANY_BYTES, 0), MANY_BYTES);
        ck_assert_int_eq(shutdown(*fd, SHUT_WR), 0);
        return NULL;
}

static void *receive_many(void *userdata)
{
        size_t n_read = 0, n_wrong = 0;
        const int *fd = userdata;
        char bytes[10000];
        ssize_t n;

        while ((n = recv(*fd, bytes, sizeof(bytes), 0)) > 0)
                for (ssize_t i = 0; i < n; i++, n_read++)
                        n_wrong += bytes[i] != (char)(n_read * 7 + n_read / 251);
        ck_assert_uint_eq(n_read, MANY_BYTES);
        ck_assert_uint_eq(n_wrong, 0);
        return NULL;
}

START_TEST(bytes_go_both_ways_to_the_end_whatever_is_full)
{
        pthread_t threads[4];
        Deadline late = deadline_in(WAIT_MS);
        uint64_t n_moved[2];

        join(0);
        ck_assert_int_eq(pthread_create(&threads[0], NULL, send_many, &one[0]), 0);
        ck_assert_int_eq(pthread_create(&threads[1], NULL, receive_many, &other[0]), 0);
        ck_assert_int_eq(pthread_create(&threads[2], NULL, send_many, &other[0]), 0);
        ck_assert_int_eq(pthread_create(&threads[3], NULL, receive_many, &one[0]), 0);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        do /* bytes are counted once they are gone */
                pump_moved(pump, n_moved);
        while ((n_moved[0] < MANY_BYTES || n_moved[1] < MANY_BYTES) && !deadline_passed(late));
        ck_assert_uint_eq(n_moved[0], MANY_BYTES);
        ck_assert_uint_eq(n_moved[1], MANY_BYTES);
}
END_TEST

START_TEST(the_end_of_one_direction_passes_and_the_other_goes_on)
{
        char byte;

        join(0);
        ck_assert_int_eq(shutdown(one[0], SHUT_WR), 0);
        expect_hang_up(other[0]);

        ck_assert_int_eq(send(other[0], "x", 1, 0), 1);
        ck_assert_int_eq(recv(one[0], &byte, 1, 0), 1);

        closep(&other[0]);
        expect_hang_up(one[0]);
        other[0] = -1;
}
END_TEST

START_TEST(what_was_sent_before_hanging_up_still_arrives)
{
        char bytes[4];

        ck_assert_int_eq(send(one[0], "last", 4, 0), 4);
        closep(&one[0]);
        join(0);
        ck_assert_int_eq(recv(other[0], bytes, 4, MSG_WAITALL), 4);
        expect_hang_up(other[0]);
        one[0] = -1;
}
END_TEST

START_TEST(who_writes_to_one_that_is_gone_learns_it)
{
        join(0);
        closep(&other[0]);
        while (send(one[0], "word", 4, MSG_NOSIGNAL) == 4)
                ;
        ck_assert(errno == EPIPE ||
                  errno == ECONNRESET); /* the latter if words were unread there */
}
END_TEST

START_TEST(a_group_leaves_and_others_stay)
{
        int left[2] = { one[0], other[0] };
        char byte;

        join(7);
        make_sockets();
        join(8);
        pump_leave(pump, 7);
        expect_hang_up(left[0]);
        expect_hang_up(left[1]);

        ck_assert_int_eq(send(one[0], "x", 1, 0), 1);
        ck_assert_int_eq(fcntl(other[0], F_SETFL, 0), 0);
        ck_assert_int_eq(recv(other[0], &byte, 1, 0), 1);
        ck_assert_uint_eq(atomic_load(&n_over), 7); /* told before they hang up */
        close(left[0]);
        close(left[1]);
}
END_TEST

START_TEST(the_end_of_the_pump_hangs_up_all)
{
        join(0);
        pump = pump_free(pump);
        expect_hang_up(one[0]);
        expect_hang_up(other[0]);
}
END_TEST

START_TEST(there_is_a_limit_to_pairs)
{
        struct rlimit limit;
        int fds[2];

        join(0);
        ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (size_t i = 1; i < PUMP_PAIRS_MAX; i++) {
                ck_assert_int_eq(unix_socketpair(fds), 0);
                ck_assert_int_eq(pump_join(pump, fds, 9), 0); /* a snake that bites its tail */
        }
        ck_assert_int_eq(unix_socketpair(fds), 0);
        ck_assert_int_eq(pump_join(pump, fds, 9), PUMP_E_FULL);
        ck_assert_int_eq(fcntl(fds[0], F_GETFD), -1); /* taken all the same */

        pump_leave(pump, 9);
        expect_hang_up((closep(&other[0]), one[0])); /* it is served in their midst */
        other[0] = -1;
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("pump");
        TCase *tests = tcase_create("pump");

        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_add_test(tests, bytes_go_both_ways_to_the_end_whatever_is_full);
        tcase_add_test(tests, the_end_of_one_direction_passes_and_the_other_goes_on);
        tcase_add_test(tests, what_was_sent_before_hanging_up_still_arrives);
        tcase_add_test(tests, who_writes_to_one_that_is_gone_learns_it);
        tcase_add_test(tests, a_group_leaves_and_others_stay);
        tcase_add_test(tests, the_end_of_the_pump_hangs_up_all);
        tcase_add_test(tests, there_is_a_limit_to_pairs);
        suite_add_tcase(suite, tests);
        return unit_run(suite);
}
