/* SPDX-License-Identifier: MIT */

#include "broker/schedule.h"

#include "tests/unit/unit.h"

#include <poll.h>
#include <string.h>

static int run(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

static const pyrope_method methods[] = { { "m", NULL, run, 0, NULL }, { 0 } };
static const pyrope_class serial = { .name = "Serial", .methods = methods };
static const pyrope_class concurrent = {
        .name = "Concurrent",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

static Schedule schedule;
static Peer *const some_peer = (Peer *)&schedule; /* never looked into */

static void setup_two(void)
{
        ck_assert_int_eq(schedule_init(&schedule, 2), 0);
}

static void teardown(void)
{
        schedule_deinit(&schedule);
}

static Object *object_of(const pyrope_class *class_)
{
        Object *object = NULL;

        ck_assert_int_eq(object_new("o", class_, NULL, &object, NULL), 0);
        return object;
}

static Request *request_for(Object *object, Peer *peer, uint16_t seq)
{
        uint8_t bytes[FRAME_HEADER_SIZE] = { 0 };
        const Frame frame = {
                .header = { .seq = seq },
                .bytes = bytes + FRAME_HEADER_SIZE,
                .n_bytes = sizeof(bytes),
        };
        const Caller caller = { .uid = 0 };
        Buffer in = BUFFER_INIT(0);
        Request *request = request_new(object, &caller, &frame, &in);

        ck_assert_ptr_nonnull(request);
        request->peer = peer;
        return request;
}

static void submit(Object *object, Peer *peer, uint16_t seq)
{
        ck_assert_int_eq(schedule_submit(&schedule, request_for(object, peer, seq)), 0);
}

/* The next ready call is this one; it runs from here on. */
static void expect_next(uint16_t seq)
{
        Request *request = NULL;

        ck_assert_int_eq(schedule_take(&schedule, &request), 0);
        ck_assert_uint_eq(request->frame.header.seq, seq);
        request->peer = NULL;
        request_free(request);
}

static void expect_nothing(void)
{
        Request *request = NULL;

        ck_assert_int_eq(schedule_take(&schedule, &request), SCHEDULE_E_EMPTY);
        ck_assert_ptr_null(request);
}

static bool is_readable(int fd)
{
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        return poll(&pollfd, 1, 0) == 1;
}

START_TEST(one_call_at_a_time_runs_on_a_serial_object)
{
        Object *object = object_of(&serial);
        Object *other = object_of(&serial);

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        ck_assert_int_eq(schedule_begin(&schedule, object, false), SCHEDULE_E_WAIT);
        ck_assert_int_eq(schedule_begin(&schedule, other, false), 0);
        schedule_end(&schedule, other, false);
        schedule_end(&schedule, object, false);
        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        object_unref(object);
        object_unref(other);
}
END_TEST

START_TEST(calls_of_a_concurrent_object_run_side_by_side)
{
        Object *object = object_of(&concurrent);

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        ck_assert_int_eq(schedule_begin(&schedule, object, false),
                         SCHEDULE_E_WAIT); /* two is the limit */
        schedule_end(&schedule, object, false);
        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        object_unref(object);
}
END_TEST

static void submit_waiting(Object *object, uint16_t seq)
{
        Request *request = request_for(object, some_peer, seq);

        request->waits = true;
        ck_assert_int_eq(schedule_submit(&schedule, request), 0);
}

START_TEST(calls_that_wait_leave_half_of_the_threads_to_others)
{
        Object *object = object_of(&concurrent);

        ck_assert_int_eq(schedule_begin(&schedule, object, true), 0);
        ck_assert_int_eq(schedule_begin(&schedule, object, true), SCHEDULE_E_WAIT);
        submit_waiting(object, 1);
        submit_waiting(object, 2);
        expect_nothing();
        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0); /* nobody is in its way */
        schedule_end(&schedule, object, false);
        expect_nothing();

        schedule_end(&schedule, object, true);
        expect_next(1);
        expect_nothing();
        ck_assert_int_eq(schedule_begin(&schedule, object, true), SCHEDULE_E_WAIT);
        schedule_end(&schedule, object, true);
        expect_next(2);
        schedule_end(&schedule, object, true);
        ck_assert_int_eq(schedule_begin(&schedule, object, true), 0);
        schedule_end(&schedule, object, true);
        object_unref(object);
}
END_TEST

START_TEST(waiting_calls_run_in_the_order_they_came)
{
        Object *object = object_of(&serial);

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        submit(object, some_peer, 1);
        submit(object, NULL, 2);
        submit(object, some_peer, 3);
        expect_nothing();
        for (uint16_t seq = 1; seq <= 3; seq++) {
                schedule_end(&schedule, object, false);
                expect_next(seq);
                expect_nothing();
        }
        schedule_end(&schedule, object, false);
        object_unref(object);
}
END_TEST

START_TEST(a_busy_object_does_not_keep_out_the_others)
{
        Object *busy = object_of(&serial);
        Object *other = object_of(&serial);

        ck_assert_int_eq(schedule_begin(&schedule, busy, false), 0);
        submit(busy, some_peer, 1);
        submit(busy, some_peer, 2);
        submit(other, some_peer, 3);
        schedule_end(&schedule, busy, false);
        expect_next(3); /* was ready before the next of the busy one */
        expect_next(1);
        schedule_end(&schedule, other, false);
        schedule_end(&schedule, busy, false);
        expect_next(2);
        schedule_end(&schedule, busy, false);
        object_unref(busy);
        object_unref(other);
}
END_TEST

START_TEST(no_more_calls_run_than_the_limit_and_none_overtakes)
{
        Object *objects[4];

        for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
                objects[i] = object_of(&serial);
        ck_assert_int_eq(schedule_begin(&schedule, objects[0], false), 0);
        ck_assert_int_eq(schedule_begin(&schedule, objects[1], false), 0);
        ck_assert_int_eq(schedule_begin(&schedule, objects[2], false), SCHEDULE_E_WAIT);
        submit(objects[2], some_peer, 2);
        expect_nothing();
        schedule_end(&schedule, objects[0], false);
        ck_assert_int_eq(schedule_begin(&schedule, objects[3], false), SCHEDULE_E_WAIT);
        expect_next(2);
        schedule_end(&schedule, objects[2], false);
        schedule_end(&schedule, objects[1], false);
        for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
                object_unref(objects[i]);
}
END_TEST

/* A call ends and is answered; NULL: one that never was a request. */
static void end_one(Object *object, Request *request)
{
        schedule_end(&schedule, object, false);
        (void)schedule_done(&schedule, 0);
        if (request)
                request->peer = NULL;
        request_free(request);
}

START_TEST(where_nothing_ends_one_more_may_run_up_to_as_many_again)
{
        CLEANUP(object_unrefp) Object *object = object_of(&concurrent);
        Request *requests[4];
        unsigned n_extra;

        for (int i = 0; i < 2; i++)
                ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        ck_assert(!schedule_relieve(&schedule, &n_extra)); /* nobody is ready */
        ck_assert_uint_eq(n_extra, 0);
        for (uint16_t i = 0; i < 4; i++)
                ck_assert_int_eq(schedule_submit(&schedule, request_for(object, some_peer, i)), 0);
        for (unsigned i = 0; i < 2; i++) {
                ck_assert_int_eq(schedule_take(&schedule, &requests[i]), SCHEDULE_E_EMPTY);
                ck_assert(schedule_relieve(&schedule, &n_extra));
                ck_assert_uint_eq(n_extra, i + 1);
                ck_assert_int_eq(schedule_take(&schedule, &requests[i]), 0);
        }
        ck_assert(schedule_relieve(&schedule, &n_extra));
        ck_assert_uint_eq(n_extra, 2); /* that is the limit */
        ck_assert_int_eq(schedule_take(&schedule, &requests[2]), SCHEDULE_E_EMPTY);

        end_one(object, NULL); /* each that ends makes room for one */
        ck_assert_int_eq(schedule_take(&schedule, &requests[2]), 0);
        end_one(object, NULL);
        ck_assert_int_eq(schedule_take(&schedule, &requests[3]), 0);
        ck_assert(!schedule_relieve(&schedule, &n_extra));
        for (int i = 0; i < 4; i++)
                end_one(object, requests[i]);
        ck_assert(!schedule_relieve(&schedule, &n_extra));
        ck_assert_uint_eq(n_extra, 0);
}
END_TEST

START_TEST(an_oneway_call_wakes_a_thread_if_it_may_run)
{
        Object *object = object_of(&serial);

        submit(object, NULL, 1);
        ck_assert(is_readable(schedule.ready_fd));
        expect_next(1);
        schedule_end(&schedule, object, false);
        object_unref(object);
}
END_TEST

START_TEST(an_oneway_call_behind_a_running_one_wakes_nobody)
{
        Object *object = object_of(&serial);

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        submit(object, NULL, 1);
        ck_assert(!is_readable(schedule.ready_fd));
        schedule_end(&schedule, object, false);
        expect_next(1);
        schedule_end(&schedule, object, false);
        object_unref(object);
}
END_TEST

START_TEST(who_takes_one_of_several_ready_calls_wakes_another_thread)
{
        Object *one = object_of(&serial);
        Object *other = object_of(&serial);

        submit(one, some_peer, 1);
        submit(other, some_peer, 2);
        ck_assert(!is_readable(schedule.ready_fd));
        expect_next(1);
        ck_assert(is_readable(schedule.ready_fd));
        expect_next(2);
        schedule_end(&schedule, one, false);
        schedule_end(&schedule, other, false);
        object_unref(one);
        object_unref(other);
}
END_TEST

START_TEST(oneway_calls_beyond_the_limit_must_bring_their_peer)
{
        Object *object = object_of(&serial);
        Request *beyond = NULL;

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        for (unsigned i = 0; i < SCHEDULE_ONEWAY_MAX; i++)
                submit(object, NULL, (uint16_t)i);
        beyond = request_for(object, NULL, 7777);
        ck_assert_int_eq(schedule_submit(&schedule, beyond), SCHEDULE_E_FULL);
        beyond->peer = some_peer;
        ck_assert_int_eq(schedule_submit(&schedule, beyond), 0);

        for (unsigned i = 0; i < SCHEDULE_ONEWAY_MAX; i++) {
                schedule_end(&schedule, object, false);
                expect_next((uint16_t)i);
                (void)schedule_done(&schedule, FRAME_HEADER_SIZE);
        }
        schedule_end(&schedule, object, false);
        expect_next(7777);
        schedule_end(&schedule, object, false);
        submit(object, NULL, 1); /* there is room again */
        expect_next(1);
        schedule_end(&schedule, object, false);
        object_unref(object);
}
END_TEST

START_TEST(stopping_refuses_new_calls_and_finishes_with_the_last_answer)
{
        Object *object = object_of(&serial);
        Request *late = request_for(object, NULL, 9);

        ck_assert_int_eq(schedule_begin(&schedule, object, false), 0);
        submit(object, some_peer, 1);
        schedule_stop(&schedule);
        ck_assert_int_eq(schedule_begin(&schedule, object, false), SCHEDULE_E_STOPPING);
        ck_assert_int_eq(schedule_submit(&schedule, late), SCHEDULE_E_STOPPING);
        schedule_end(&schedule, object, false);
        ck_assert(schedule_done(&schedule, 0)); /* the waiting one was accepted, so it runs */
        ck_assert(!is_readable(schedule.finished_fd));
        expect_next(1);
        schedule_end(&schedule, object, false);
        ck_assert(!is_readable(schedule.finished_fd));
        ck_assert(!schedule_done(&schedule, 0));
        ck_assert(is_readable(schedule.finished_fd));
        request_free(late);
        object_unref(object);
}
END_TEST

START_TEST(an_idle_schedule_finishes_at_once)
{
        ck_assert(!schedule_is_stopping(&schedule));
        schedule_stop(&schedule);
        schedule_stop(&schedule);
        ck_assert(schedule_is_stopping(&schedule));
        ck_assert(is_readable(schedule.finished_fd));
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("schedule");
        TCase *tcase = tcase_create("schedule");

        tcase_add_checked_fixture(tcase, setup_two, teardown);
        tcase_add_test(tcase, one_call_at_a_time_runs_on_a_serial_object);
        tcase_add_test(tcase, calls_of_a_concurrent_object_run_side_by_side);
        tcase_add_test(tcase, calls_that_wait_leave_half_of_the_threads_to_others);
        tcase_add_test(tcase, waiting_calls_run_in_the_order_they_came);
        tcase_add_test(tcase, a_busy_object_does_not_keep_out_the_others);
        tcase_add_test(tcase, no_more_calls_run_than_the_limit_and_none_overtakes);
        tcase_add_test(tcase, where_nothing_ends_one_more_may_run_up_to_as_many_again);
        tcase_add_test(tcase, an_oneway_call_wakes_a_thread_if_it_may_run);
        tcase_add_test(tcase, an_oneway_call_behind_a_running_one_wakes_nobody);
        tcase_add_test(tcase, who_takes_one_of_several_ready_calls_wakes_another_thread);
        tcase_add_test(tcase, oneway_calls_beyond_the_limit_must_bring_their_peer);
        tcase_add_test(tcase, stopping_refuses_new_calls_and_finishes_with_the_last_answer);
        tcase_add_test(tcase, an_idle_schedule_finishes_at_once);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
