/* SPDX-License-Identifier: MIT */

#include "tests/unit/capture.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_SIZE 65536

static int captured_fd, saved_fd, memory_fd;

void capture_start(int fd)
{
        fflush(NULL);
        captured_fd = fd;
        saved_fd = dup(fd);
        memory_fd = memfd_create("capture", 0);
        ck_assert_int_ge(saved_fd, 0);
        ck_assert_int_ge(memory_fd, 0);
        /* As a log file has it; and unlike one, such memory does not order writes of threads. */
        ck_assert_int_eq(fcntl(memory_fd, F_SETFL, O_APPEND), 0);
        ck_assert_int_eq(dup2(memory_fd, fd), fd);
}

const char *capture_end(void)
{
        static char text[TEXT_SIZE];
        ssize_t n;

        fflush(NULL);
        ck_assert_int_eq(dup2(saved_fd, captured_fd), captured_fd);
        n = pread(memory_fd, text, sizeof(text) - 1, 0);
        ck_assert_int_ge(n, 0);
        ck_assert_int_lt(n, TEXT_SIZE - 1); /* all of it was read */
        text[n] = '\0';
        close(memory_fd);
        close(saved_fd);
        return text;
}
