/* SPDX-License-Identifier: MIT */

#include "broker/call.h"
#include "proto/frame.h"
#include "tests/unit/unit.h"

#include <string.h>

/* -- a call with annotations ------------------------------------------------------------------ */

static Buffer sent = BUFFER_INIT(SIZE_MAX);
static Frame frame;
static Call call;

static void setup(void)
{
        ck_assert_int_eq(call_init(&call, NULL, NULL, 4096), 0);
        frame = (Frame){ .header = { .type = FRAME_INVOKE, .serializer = 4, .seq = 65535 } };
        call.frame = &frame;
}

static void teardown(void)
{
        call_deinit(&call);
        buffer_deinit(&sent);
}

static void send_annotation(const char *id, const char *text)
{
        ck_assert_int_eq(frame_annotation_append(&sent, id, text, strlen(text)), 0);
        frame.bytes = sent.data;
        frame.header.n_annotations = (uint32_t)sent.n;
}

static void expect_annotation(const char *id, const char *text)
{
        const void *data = NULL;
        size_t n_data = 0;

        ck_assert(pyrope_call_annotation(&call, id, &data, &n_data));
        ck_assert_uint_eq(n_data, strlen(text));
        ck_assert_mem_eq(data, text, n_data);
}

/* -- what the caller said --------------------------------------------------------------------- */

START_TEST(sequence_and_serializer_are_those_of_the_frame)
{
        ck_assert_uint_eq(pyrope_call_sequence(&call), 65535);
        ck_assert_uint_eq(pyrope_call_serializer(&call), 4);
}
END_TEST

START_TEST(a_correlation_is_told_only_where_the_flag_says_so)
{
        unsigned char id[16] = { 7 };

        memset(frame.header.correlation, 0xab, sizeof(frame.header.correlation));
        ck_assert(!pyrope_call_correlation(&call, id));
        ck_assert_uint_eq(id[0], 7);
        frame.header.flags = FRAME_CORRELATION;
        ck_assert(pyrope_call_correlation(&call, id));
        ck_assert_mem_eq(id, frame.header.correlation, sizeof(id));
}
END_TEST

START_TEST(annotations_are_found_by_their_ids)
{
        const void *data;
        size_t n_data;

        send_annotation("ABCD", "one");
        send_annotation("EMPT", "");
        expect_annotation("ABCD", "one");
        expect_annotation("EMPT", "");
        ck_assert(!pyrope_call_annotation(&call, "NONE", &data, &n_data));
        ck_assert(!pyrope_call_annotation(&call, "", &data, &n_data));
        ck_assert(!pyrope_call_annotation(&call, "ABCDE", &data, &n_data));
}
END_TEST

START_TEST(of_an_id_that_stands_twice_the_last_counts)
{
        pyrope_annotation annotation;

        send_annotation("ABCD", "old");
        send_annotation("WXYZ", "other");
        send_annotation("ABCD", "new");
        expect_annotation("ABCD", "new");
        ck_assert(pyrope_call_annotation_at(&call, 0, &annotation));
        ck_assert_str_eq(annotation.id, "WXYZ");
        ck_assert(pyrope_call_annotation_at(&call, 1, &annotation));
        ck_assert_str_eq(annotation.id, "ABCD");
        ck_assert_mem_eq(annotation.data, "new", 3);
        ck_assert(!pyrope_call_annotation_at(&call, 2, &annotation));
}
END_TEST

START_TEST(a_call_may_have_no_annotations)
{
        pyrope_annotation annotation;

        ck_assert(!pyrope_call_annotation_at(&call, 0, &annotation));
}
END_TEST

/* -- what the answer says --------------------------------------------------------------------- */

START_TEST(annotations_of_an_answer_are_gone_with_it)
{
        ck_assert_int_eq(pyrope_annotate(&call, "RSPA", "data", 5), PYROPE_OK);
        ck_assert_uint_eq(call.annotations.n, 8 + 5);
        ck_assert_int_eq(frame_annotations_check(call.annotations.data, call.annotations.n), 0);
        call_reset(&call);
        ck_assert_uint_eq(call.annotations.n, 0);
}
END_TEST

/* No ids for an answer. */
static const char *const bad_ids[] = { "", "ABC", "ABCDE", "STRM", "BLBI", "AB\xc3\xa9" };

START_TEST(an_answer_has_no_annotation_of_a_bad_id)
{
        ck_assert_int_eq(pyrope_annotate(&call, bad_ids[_i], "x", 1), PYROPE_E_INVALID);
        ck_assert_uint_eq(call.annotations.n, 0);
}
END_TEST

START_TEST(annotations_of_an_answer_have_a_limit)
{
        CLEANUP(freep) char *much = calloc(1, FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES);

        ck_assert_int_eq(
                pyrope_annotate(&call, "MUCH", much, FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES - 7),
                PYROPE_E_TOO_LARGE);
        for (size_t i = 0; i < FRAME_PROGRAM_ANNOTATIONS_MAX; i++)
                ck_assert_int_eq(pyrope_annotate(&call, "MANY", NULL, 0), PYROPE_OK);
        ck_assert_int_eq(pyrope_annotate(&call, "MANY", NULL, 0), PYROPE_E_TOO_LARGE);
        call_reset(&call);
        ck_assert_int_eq(
                pyrope_annotate(&call, "MUCH", much, FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES - 8),
                PYROPE_OK);
}
END_TEST

START_TEST(annotations_and_result_together_keep_to_the_limit)
{
        char bytes[4096] = "";
        const uint8_t *result;
        size_t n_result;
        const Interface interface = { .class_ = &(const pyrope_class){ .name = "T" } };
        Object object = { .interface = (Interface *)(uintptr_t)&interface };

        call.object = &object;
        call.name = "m";
        ck_assert_int_eq(pyrope_annotate(&call, "HALF", bytes, 2048), PYROPE_OK);
        pyrope_write_bytes(call.writer, bytes, 2048 - 8 - 3);
        ck_assert_int_eq(call_result(&call, &result, &n_result), 0);
        ck_assert_int_eq(pyrope_annotate(&call, "MORE", bytes, 0), PYROPE_OK);
        ck_assert_int_eq(call_result(&call, &result, &n_result), PYROPE_RAISED);
        ck_assert_str_eq(call.exception.class_, "RuntimeError");
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("call-context");
        TCase *tc = tcase_create("call-context");

        tcase_add_checked_fixture(tc, setup, teardown);
        tcase_add_test(tc, sequence_and_serializer_are_those_of_the_frame);
        tcase_add_test(tc, a_correlation_is_told_only_where_the_flag_says_so);
        tcase_add_test(tc, annotations_are_found_by_their_ids);
        tcase_add_test(tc, of_an_id_that_stands_twice_the_last_counts);
        tcase_add_test(tc, a_call_may_have_no_annotations);
        tcase_add_test(tc, annotations_of_an_answer_are_gone_with_it);
        tcase_add_loop_test(tc, an_answer_has_no_annotation_of_a_bad_id, 0, ARRAY_SIZE(bad_ids));
        tcase_add_test(tc, annotations_of_an_answer_have_a_limit);
        tcase_add_test(tc, annotations_and_result_together_keep_to_the_limit);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
