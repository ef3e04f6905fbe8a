/* SPDX-License-Identifier: MIT */

#include "base/unix-message.h"

#include "base/unix-socket.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#define SOON  deadline_in(60000)
#define N_MAX 1000u

static int fds[2];
static Buffer got = BUFFER_INIT(N_MAX);

static void setup(void)
{
        ck_assert_int_eq(unix_socketpair(fds), 0);
}

static void teardown(void)
{
        closep(&fds[0]);
        closep(&fds[1]);
        buffer_deinit(&got);
}

static size_t n_descriptors(void)
{
        DIR *entries = opendir("/proc/self/fd");
        size_t n = 0;

        ck_assert_ptr_nonnull(entries);
        while (readdir(entries))
                n++;
        (void)closedir(entries);
        return n;
}

static const size_t sizes[] = { 0, 1, N_MAX };

START_TEST(a_message_arrives_whole)
{
        char bytes[N_MAX];
        int passed = 7;

        memset(bytes, 'x', sizeof(bytes));
        ck_assert_int_eq(unix_message_send(fds[0], bytes, sizes[_i], -1, SOON), 0);
        ck_assert_int_eq(unix_message_send(fds[0], "next", 4, -1, SOON), 0);

        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, &passed), 0);
        ck_assert_uint_eq(got.n, sizes[_i]);
        ck_assert_int_eq(passed, -1);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, NULL), 0);
        ck_assert_mem_eq(got.data, "next", 4);
}
END_TEST

START_TEST(one_that_is_too_large_is_refused)
{
        char bytes[N_MAX + 1] = "";
        int passed = 7;

        ck_assert_int_eq(unix_message_send(fds[0], bytes, sizeof(bytes), fds[0], SOON), 0);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, &passed),
                         UNIX_MESSAGE_E_TOO_LARGE);
        ck_assert_int_eq(passed, 7);
}
END_TEST

START_TEST(a_descriptor_comes_beside_it)
{
        int pair[2], passed = -1;
        char bytes[2];

        ck_assert_int_eq(unix_socketpair(pair), 0);
        ck_assert_int_eq(unix_message_send(fds[0], "take", 4, pair[0], SOON), 0);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, &passed), 0);
        ck_assert_int_eq(write(passed, "hi", 2), 2);
        ck_assert_int_eq(read(pair[1], bytes, 2), 2);
        (void)close(passed);
        (void)close(pair[0]);
        (void)close(pair[1]);
}
END_TEST

static void send_with_descriptors(size_t n)
{
        char control[CMSG_SPACE(16 * sizeof(int))] = "";
        struct iovec piece = { (char[]){ 0, 0, 0, 1, 'x' }, 5 };
        struct msghdr message = { .msg_iov = &piece,
                                  .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(n * sizeof(int));
        for (size_t i = 0; i < n; i++)
                memcpy(CMSG_DATA(header) + i * sizeof(int), &fds[0], sizeof(int));
        ck_assert_int_eq(sendmsg(fds[0], &message, 0), 5);
}

/* As many as one piece may have for us, and more. */
static const size_t numbers[] = { 1, 2, 4, 5, 16 };

START_TEST(no_descriptor_is_left_open)
{
        size_t n_before = n_descriptors();
        int passed = -1;

        send_with_descriptors(numbers[_i]);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, NULL), 0);
        ck_assert_uint_eq(n_descriptors(), n_before);

        send_with_descriptors(numbers[_i]);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, &passed), 0);
        ck_assert_uint_eq(n_descriptors(), n_before + 1);
        (void)close(passed);
}
END_TEST

static const size_t beginnings[] = { 0, 1, 3, 4, 5 };

START_TEST(a_peer_that_hangs_up_ends_it_at_any_byte)
{
        ck_assert_int_eq(write(fds[0], "\0\0\0\2x", beginnings[_i]), (ssize_t)beginnings[_i]);
        closep(&fds[0]);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &got, NULL), UNIX_MESSAGE_E_ENDED);
        ck_assert_int_eq(unix_message_send(fds[1], "x", 1, -1, SOON), UNIX_MESSAGE_E_ENDED);
}
END_TEST

START_TEST(a_peer_that_stalls_ends_it_at_any_byte)
{
        ck_assert_int_eq(write(fds[0], "\0\0\0\2x", beginnings[_i]), (ssize_t)beginnings[_i]);
        ck_assert_int_eq(unix_message_receive(fds[1], deadline_in(1), &got, NULL),
                         UNIX_MESSAGE_E_TIMEOUT);
}
END_TEST

START_TEST(nobody_who_reads_ends_sending)
{
        char bytes[65536] = "";
        int r;

        while ((r = unix_message_send(fds[0], bytes, sizeof(bytes), -1, deadline_in(1))) == 0)
                ;
        ck_assert_int_eq(r, UNIX_MESSAGE_E_TIMEOUT);
}
END_TEST

#define N_LARGE (4u << 20)

static void *send_large(void *userdata)
{
        char *bytes = malloc(N_LARGE);

        ck_assert_ptr_nonnull(bytes);
        memset(bytes, 'y', N_LARGE);
        *(int *)userdata = unix_message_send(fds[0], bytes, N_LARGE, fds[0], SOON);
        free(bytes);
        return NULL;
}

START_TEST(one_larger_than_the_sockets_buffer_comes_in_pieces)
{
        Buffer large = BUFFER_INIT(N_LARGE);
        pthread_t thread;
        int sent = -1, passed = -1;

        ck_assert_int_eq(pthread_create(&thread, NULL, send_large, &sent), 0);
        ck_assert_int_eq(unix_message_receive(fds[1], SOON, &large, &passed), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(sent, 0);
        ck_assert_uint_eq(large.n, N_LARGE);
        ck_assert_int_eq(large.data[N_LARGE - 1], 'y');
        ck_assert_int_ge(passed, 0);
        (void)close(passed);
        buffer_deinit(&large);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("base.unix-message");
        TCase *tcase = tcase_create("unix-message");

        tcase_add_checked_fixture(tcase, setup, teardown);
        tcase_add_loop_test(tcase, a_message_arrives_whole, 0, ARRAY_SIZE(sizes));
        tcase_add_test(tcase, one_that_is_too_large_is_refused);
        tcase_add_test(tcase, a_descriptor_comes_beside_it);
        tcase_add_loop_test(tcase, no_descriptor_is_left_open, 0, ARRAY_SIZE(numbers));
        tcase_add_loop_test(tcase, a_peer_that_hangs_up_ends_it_at_any_byte, 0,
                            ARRAY_SIZE(beginnings));
        tcase_add_loop_test(tcase, a_peer_that_stalls_ends_it_at_any_byte, 0,
                            ARRAY_SIZE(beginnings));
        tcase_add_test(tcase, nobody_who_reads_ends_sending);
        tcase_add_test(tcase, one_larger_than_the_sockets_buffer_comes_in_pieces);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
