/* SPDX-License-Identifier: MIT */

/* Calls with a blob, whose object and method stand in an annotation. */

#include "broker/blob.h"

#include "tests/unit/dispatch-fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

#define BLOB(text) "BLBI", (text), sizeof(text) - 1
/* marshal.dumps(("topic", "t", "receive")) */
#define TO_RECEIVE "\xa9\3\xda\5topic\xda\1t\xda\7receive"

static int receive(pyrope_call *call, UNUSED void *self)
{
        const char *info;
        size_t n_info;

        if (!pyrope_call_blob_info(call, &info, &n_info))
                return pyrope_reply(call, "s", "no blob");
        if (!info)
                return pyrope_reply(call, "[nv]", pyrope_argument(call, 0));
        pyrope_write_list(pyrope_result(call), 2);
        pyrope_write_strn(pyrope_result(call), info, n_info);
        pyrope_write_view(pyrope_result(call), pyrope_argument(call, 0));
        return 0;
}

static const pyrope_method methods[] = {
        { "receive", "message [other]", receive, 0, NULL },
        { "two", "a b", receive, 0, NULL },
        { "none", NULL, receive, 0, NULL },
        { 0 },
};
static const pyrope_class target = { .name = "Target", .methods = methods };

static void set_up(void)
{
        dispatch_set_up(&target);
}

/* Puts an annotation between header and payload of what is asked. */
static void annotate(const char *id, const char *data, size_t n_data)
{
        CLEANUP(buffer_deinit) Buffer plain = asked;
        FrameHeader header = frame_of(&plain).header;

        asked = (Buffer)BUFFER_INIT(SIZE_MAX);
        ck_assert_int_eq(buffer_append(&asked, plain.data, FRAME_HEADER_SIZE), 0);
        ck_assert_int_eq(frame_annotation_append(&asked, id, data, n_data), 0);
        ck_assert_int_eq(
                buffer_append(&asked, plain.data + FRAME_HEADER_SIZE, plain.n - FRAME_HEADER_SIZE),
                0);
        header.n_annotations = (uint32_t)(asked.n - plain.n);
        frame_header_write(&header, asked.data);
}

START_TEST(object_and_method_come_from_the_annotation)
{
        pyrope_view payload;

        ASK(FRAME_KEEP_SERIALIZED, "[ss{s:i}{}]", "other", "another", "a", 1);
        annotate(BLOB(TO_RECEIVE));

        ck_assert_uint_eq(answer(&payload).flags, 0);
        ck_assert(pyrope_str_equals(pyrope_at(payload, 0), "topic"));
        ck_assert_int_eq(pyrope_type_of(pyrope_find(pyrope_at(payload, 1), "a")), PYROPE_INT);
}
END_TEST

START_TEST(an_info_that_is_no_text_is_told_apart)
{
        pyrope_view payload;

        ASK(FRAME_KEEP_SERIALIZED, "[ssin]", "t", "receive", 5);
        annotate(BLOB("\xa9\3N\xda\1t\xda\7receive"));

        ck_assert_uint_eq(answer(&payload).flags, 0);
        ck_assert_int_eq(pyrope_type_of(pyrope_at(payload, 0)), PYROPE_NIL);
        ck_assert_int_eq(pyrope_type_of(pyrope_at(payload, 1)), PYROPE_INT);
}
END_TEST

START_TEST(without_the_flag_the_annotation_means_nothing)
{
        pyrope_view payload;

        ASK(0, "[ss[i]n]", "t", "receive", 5);
        annotate(BLOB(TO_RECEIVE));
        ck_assert_uint_eq(answer(&payload).flags, 0);
        ck_assert(pyrope_str_equals(payload, "no blob"));
}
END_TEST

START_TEST(the_next_call_knows_nothing_of_a_blob)
{
        pyrope_view payload;

        ASK(FRAME_KEEP_SERIALIZED, "[ssin]", "t", "receive", 5);
        annotate(BLOB(TO_RECEIVE));
        (void)answer(&payload);
        ASK(0, "[ss[i]n]", "t", "receive", 5);
        (void)answer(&payload);

        ck_assert(pyrope_str_equals(payload, "no blob"));
}
END_TEST

START_TEST(an_annotation_that_cannot_be_read_is_an_exception)
{
        ASK(FRAME_KEEP_SERIALIZED, "[ssin]", "t", "receive", 5);
        expect_raised("builtins.ValueError", "a call with a blob has no readable annotation BLBI");
        annotate(BLOB("\xa9\3\xda\5to"));
        expect_raised("builtins.ValueError", "a call with a blob has no readable annotation BLBI");
}
END_TEST

START_TEST(a_payload_that_is_no_call_is_an_exception)
{
        ASK(FRAME_KEEP_SERIALIZED, "[ssi]", "t", "receive", 5);
        annotate(BLOB(TO_RECEIVE));
        expect_raised("builtins.ValueError", "a call is a list");
        ASK(FRAME_KEEP_SERIALIZED, "i", 5);
        annotate(BLOB(TO_RECEIVE));
        expect_raised("builtins.ValueError", "a call is a list");
}
END_TEST

#define PLACE(text) (text), sizeof(text) - 1

static const struct {
        const char *annotation;
        size_t n_annotation;
        const char *class_;
        const char *text;
} misfits[] = {
        { PLACE("\xa9\3N\xda\1x\xda\7receive"), "Pyro5.errors.DaemonError", "unknown object" },
        { PLACE("\xa9\3N\xda\1t\xda\7nothing"), "builtins.AttributeError",
          "'Target' object has no attribute 'nothing'" },
        { PLACE("\xa9\3N\xda\1t\xda\3two"), "builtins.TypeError",
          "Target.two() missing 1 required positional argument: 'b'" },
        { PLACE("\xa9\3N\xda\1t\xda\4none"), "builtins.TypeError", "Target.none() takes" },
};

START_TEST(a_blob_for_what_does_not_take_it_is_an_exception)
{
        ASK(FRAME_KEEP_SERIALIZED, "[ssin]", "t", "receive", 5);
        annotate("BLBI", misfits[_i].annotation, misfits[_i].n_annotation);

        expect_raised(misfits[_i].class_, misfits[_i].text);
}
END_TEST

START_TEST(a_blob_is_no_batch)
{
        ASK(FRAME_KEEP_SERIALIZED | FRAME_BATCH, "[ss[[s[i]n]]n]", "t", "<batch>", "receive", 1);
        annotate(BLOB(TO_RECEIVE));

        expect_raised("builtins.ValueError", "a call of a batch is a list");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("blob");
        TCase *tcase = tcase_create("blob");

        tcase_add_checked_fixture(tcase, set_up, dispatch_tear_down);
        tcase_add_test(tcase, object_and_method_come_from_the_annotation);
        tcase_add_test(tcase, an_info_that_is_no_text_is_told_apart);
        tcase_add_test(tcase, without_the_flag_the_annotation_means_nothing);
        tcase_add_test(tcase, the_next_call_knows_nothing_of_a_blob);
        tcase_add_test(tcase, an_annotation_that_cannot_be_read_is_an_exception);
        tcase_add_test(tcase, a_payload_that_is_no_call_is_an_exception);
        tcase_add_loop_test(tcase, a_blob_for_what_does_not_take_it_is_an_exception, 0,
                            ARRAY_SIZE(misfits));
        tcase_add_test(tcase, a_blob_is_no_batch);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
