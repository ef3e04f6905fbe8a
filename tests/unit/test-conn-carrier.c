/* SPDX-License-Identifier: MIT */

/* Conversations whose bytes go another way than by the descriptor. */

#include "tests/unit/conn-fixture.h"

#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* The other way: a socket pair whose far end the daemon has, one byte or part at a time. */
typedef struct Way {
        int fd;
        unsigned n_closed;
        bool is_full; /* it takes nothing any more */
} Way;

static Way way;

static ssize_t way_send(void *userdata, const struct iovec *parts, size_t n_parts,
                        Deadline deadline)
{
        const Way *self = userdata;

        ck_assert_uint_gt(n_parts, 0);
        if (self->is_full) {
                ck_assert(!deadline_is_none(deadline));
                errno = ETIMEDOUT;
                return -1;
        }
        return send(self->fd, parts[0].iov_base, parts[0].iov_len > 7 ? 7 : parts[0].iov_len,
                    MSG_NOSIGNAL);
}

static ssize_t way_receive(void *userdata, void *ret, size_t n_room, Deadline deadline)
{
        const Way *self = userdata;
        struct pollfd polled = { .fd = self->fd, .events = POLLIN };

        if (poll(&polled, 1, deadline_left_ms(deadline)) == 0) {
                errno = ETIMEDOUT;
                return -1;
        }
        return recv(self->fd, ret, n_room > 5 ? 5 : n_room, 0);
}

static void way_close(void *userdata)
{
        Way *self = userdata;

        self->n_closed++;
        closep(&self->fd);
}

static void set_up(void)
{
        const ConnCarrier carrier = { way_send, way_receive, way_close, &way };
        int fds[2];

        conn_set_up();
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        closep(&daemon_fd);
        daemon_fd = fds[1];
        way = (Way){ .fd = fds[0] };
        conn_carry(&conn, &carrier);
}

static void tear_down(void)
{
        conn_tear_down();
        ck_assert_uint_eq(way.n_closed, 1);
}

START_TEST(a_call_goes_by_the_carrier)
{
        uint8_t payload[256];

        daemon_answers(result_header(0), BYTES("\x2a"));
        ck_assert_int_eq(conn_add(&adder_add), PYROPE_OK);

        ck_assert_uint_eq(daemon_reads(payload, sizeof(payload)).type, FRAME_INVOKE);
        ck_assert(conn_is_open(&conn));
        ck_assert_uint_eq(way.n_closed, 0);
}
END_TEST

START_TEST(an_answer_that_does_not_come_is_a_timeout)
{
        ck_assert_int_eq(conn_ping(&conn, deadline_in(1), &error), PYROPE_E_TIMEOUT);
        assert_conn_error(PYROPE_E_TIMEOUT, "no answer in time");
        ck_assert(!conn_is_open(&conn));
        ck_assert_uint_eq(way.n_closed, 1);
}
END_TEST

START_TEST(a_carrier_that_takes_nothing_is_a_timeout)
{
        way.is_full = true;

        ck_assert_int_eq(conn_ping(&conn, deadline_in(1000), &error), PYROPE_E_TIMEOUT);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

START_TEST(the_end_of_the_carrier_is_a_hang_up)
{
        daemon_hangs_up();

        ck_assert_int_ne(conn_ping(&conn, DEADLINE_NONE, &error), PYROPE_OK);
        ck_assert_int_eq(pyrope_error_status(error), PYROPE_E_UNREACHABLE);
        ck_assert(!conn_is_open(&conn));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("conn-carrier");
        TCase *tcase = tcase_create("conn-carrier");

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_test(tcase, a_call_goes_by_the_carrier);
        tcase_add_test(tcase, an_answer_that_does_not_come_is_a_timeout);
        tcase_add_test(tcase, a_carrier_that_takes_nothing_is_a_timeout);
        tcase_add_test(tcase, the_end_of_the_carrier_is_a_hang_up);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
