/* SPDX-License-Identifier: MIT */

/* Methods that give item streams. */

#include "tests/unit/dispatch-fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

/* -- the object that is called ---------------------------------------------------------------- */

static int n_calls; /* of count() */

static int count(pyrope_call *call, UNUSED void *self)
{
        return pyrope_reply(call, "i", ++n_calls);
}

static int n_closed; /* streams */

static int next_item(pyrope_call *call, void *state)
{
        int *n_left = state;

        if (*n_left == 0)
                return PYROPE_STREAM_END;
        return pyrope_reply(call, "i", (*n_left)--);
}

static void close_items(void *state)
{
        n_closed++;
        free(state);
}

static int give_items(pyrope_call *call, UNUSED void *self)
{
        static const pyrope_stream_class items = { .next = next_item, .close = close_items };
        int *n_left = malloc(sizeof(*n_left));

        if (pyrope_arguments(call, "i", n_left)) {
                free(n_left);
                return PYROPE_RAISED;
        }
        return pyrope_reply_stream(call, &items, n_left);
}

static int give_items_and_fail(pyrope_call *call, void *self)
{
        (void)give_items(call, self);
        return pyrope_raise(call, "KeyError", "no items");
}

static const pyrope_method methods[] = {
        { "count", NULL, count, 0, NULL },
        { "items", "n", give_items, 0, NULL },
        { "items_and_fail", "n", give_items_and_fail, 0, NULL },
        { 0 },
};

static const pyrope_class target = { .name = "Target", .methods = methods };

static void setup(void)
{
        n_calls = 0;
        n_closed = 0;
        dispatch_set_up(&target);
}

/* -- streams ---------------------------------------------------------------------------------- */

/* The id of the stream that answers the frame in `asked`. */
static void expect_stream(char ret_id[static RANDOM_UUID_SIZE])
{
        FrameAnnotation annotation;
        pyrope_view payload;
        const uint8_t *at;
        size_t n_left;

        ck_assert_int_eq(answer(&payload).flags, FRAME_STREAM | FRAME_EXCEPTION);
        ck_assert(
                pyrope_str_equals(pyrope_find(payload, "__class__"), "Pyro5.errors.ProtocolError"));
        at = the_call.annotations.data;
        n_left = the_call.annotations.n;
        ck_assert_int_eq(frame_annotation_next(&at, &n_left, &annotation), 0);
        ck_assert_str_eq(annotation.id, "STRM");
        ck_assert_uint_eq(annotation.n_data, RANDOM_UUID_SIZE - 1);
        memcpy(ret_id, annotation.data, annotation.n_data);
        ret_id[annotation.n_data] = '\0';
}

#define ASK_ITEM(id) ASK(0, "[ss[s]n]", "Pyro.Daemon", "get_next_stream_item", (id))

START_TEST(a_stream_gives_its_items_and_ends)
{
        char id[RANDOM_UUID_SIZE];
        pyrope_view payload;
        int64_t item = 0;

        ASK(0, "[ss[i]n]", "t", "items", 2);
        expect_stream(id);
        ASK_ITEM(id);
        ck_assert_int_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_get_int(payload, &item), PYROPE_OK);
        ck_assert_int_eq(item, 2);
        ASK(0, "[ss[]{s:s}]", "Pyro.Daemon", "get_next_stream_item", "streamId", id);
        ck_assert_int_eq(answer(&payload).flags, 0);
        ASK_ITEM(id);
        ck_assert_int_eq(answer(&payload).flags, FRAME_EXCEPTION);
        ck_assert(pyrope_str_equals(pyrope_find(payload, "__class__"), "builtins.StopIteration"));
        ck_assert_uint_eq(pyrope_count(pyrope_find(payload, "args")), 0);
        ck_assert_int_eq(n_closed, 1);
        ASK_ITEM(id);
        expect_raised("Pyro5.errors.DaemonError", "unknown object"); /* no Pyro.Daemon here */
}
END_TEST

START_TEST(a_stream_goes_away_with_the_exception_of_its_method)
{
        ASK(0, "[ss[i]n]", "t", "items_and_fail", 2);
        expect_raised("builtins.KeyError", "no items");
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(a_stream_in_a_batch_fails_the_whole)
{
        ASK(FRAME_BATCH, "[ss[[s[]n][s[i]n]]n]", "t", "<batch>", "count", "items", 2);
        expect_raised("Pyro5.errors.SerializeError", "an item stream");
        ck_assert_int_eq(n_calls, 1);
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(a_stream_that_nobody_hears_of_is_closed)
{
        CLEANUP(invocation_deinit) Invocation invocation = { .flags = 0 };
        CLEANUP(object_unrefp) Object *object = NULL;
        Frame frame;

        ASK(FRAME_ONEWAY, "[ss[i]n]", "t", "items", 2);
        frame = frame_of(&asked);
        call_reset(&the_call);
        ck_assert_int_eq(dispatch_read(&frame, UINT32_MAX, &the_call, &invocation), 0);
        ck_assert_int_eq(dispatch_find(&registry, &invocation, &the_call, &object), 0);
        the_call.object = object;
        ck_assert_int_eq(dispatch_run(&invocation, &the_call), 0);
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(one_stream_too_many_is_closed_and_told)
{
        char id[RANDOM_UUID_SIZE];

        for (unsigned i = 0; i < STREAM_PER_UID_MAX; i++) {
                ASK(0, "[ss[i]n]", "t", "items", 2);
                expect_stream(id);
        }
        ASK(0, "[ss[i]n]", "t", "items", 2);
        expect_raised("builtins.RuntimeError", "1024 item streams are open already");
        ck_assert_int_eq(n_closed, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("dispatch-stream");
        TCase *tcase = tcase_create("dispatch-stream");

        tcase_add_checked_fixture(tcase, setup, dispatch_tear_down);
        tcase_add_test(tcase, a_stream_gives_its_items_and_ends);
        tcase_add_test(tcase, a_stream_goes_away_with_the_exception_of_its_method);
        tcase_add_test(tcase, a_stream_in_a_batch_fails_the_whole);
        tcase_add_test(tcase, a_stream_that_nobody_hears_of_is_closed);
        tcase_add_test(tcase, one_stream_too_many_is_closed_and_told);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
