/* SPDX-License-Identifier: MIT */

#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"
#include "tests/unit/unit.h"

#include <string.h>

static pyrope_writer *writer;

static void set_up(void)
{
        writer = pyrope_writer_new();
        ck_assert_ptr_nonnull(writer);
}

static void tear_down(void)
{
        writer = pyrope_writer_free(writer);
}

static void write_scalars(void)
{
        pyrope_write_list(writer, 8);
        pyrope_write_nil(writer);
        pyrope_write_bool(writer, true);
        pyrope_write_int(writer, -5);
        pyrope_write_uint(writer, UINT64_MAX);
        pyrope_write_double(writer, 0.5);
        pyrope_write_str(writer, "x\xc3\xa9");
        pyrope_write_strn(writer, "a\0b", 3);
        pyrope_write_bytes(writer, "\xff", 1);
}

static void write_empty_containers(void)
{
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "k");
        pyrope_write_list(writer, 0);
        pyrope_write_bytes(writer, "b", 1);
        pyrope_write_list(writer, 1);
        pyrope_write_map(writer, 0);
}

static void write_views(void)
{
        pyrope_view inner = { (const uint8_t *)"\x92\1\xa1x\7", (const uint8_t *)"" };

        inner.end = inner.at + 4;
        pyrope_write_list(writer, 2);
        pyrope_write_view(writer, inner);
        pyrope_write_view(writer, (pyrope_view){ NULL, NULL });
}

static void write_nothing(void)
{
}

static void write_two_values(void)
{
        pyrope_write_nil(writer);
        pyrope_write_nil(writer);
}

static void write_a_short_list(void)
{
        pyrope_write_list(writer, 2);
        pyrope_write_nil(writer);
}

static void write_a_long_list(void)
{
        pyrope_write_list(writer, 1);
        pyrope_write_nil(writer);
        pyrope_write_nil(writer);
}

static void write_a_short_inner_map(void)
{
        pyrope_write_list(writer, 1);
        pyrope_write_map(writer, 1);
        pyrope_write_str(writer, "key without value");
}

static void write_an_int_key(void)
{
        pyrope_write_map(writer, 1);
        pyrope_write_int(writer, 1);
        pyrope_write_int(writer, 1);
}

static void write_a_view_as_key(void)
{
        pyrope_write_map(writer, 1);
        writer_raw(writer, "\x90", 1);
        pyrope_write_int(writer, 1);
}

static void write_bad_text(void)
{
        pyrope_write_str(writer, "\xff");
}

static void write_bad_text_then_more(void)
{
        pyrope_write_list(writer, 2);
        pyrope_write_strn(writer, "\xc3", 1);
        pyrope_write_int(writer, 1);
}

static void write_too_deep(void)
{
        for (int i = 0; i <= CODEC_DEPTH_MAX; i++)
                pyrope_write_list(writer, i < CODEC_DEPTH_MAX);
}

static void write_as_deep_as_allowed(void)
{
        for (int i = 1; i <= CODEC_DEPTH_MAX; i++)
                pyrope_write_list(writer, i < CODEC_DEPTH_MAX);
}

static void write_a_count_beyond_32_bits(void)
{
        pyrope_write_list(writer, (size_t)UINT32_MAX + 1);
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* What is written, and the bytes or the failure it gives. */
static const struct {
        void (*write)(void);
        pyrope_status status;
        const uint8_t *bytes; /* NULL: not compared */
        size_t n_bytes;
} scripts[] = {
        { write_scalars, PYROPE_OK,
          BYTES("\x98\xc0\xc3\xfb\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xcb\x3f\xe0\0\0\0\0\0\0"
                "\xa3x\xc3\xa9\xa3"
                "a\0b\xc4\1\xff") },
        { write_empty_containers, PYROPE_OK, BYTES("\x82\xa1k\x90\xc4\1b\x91\x80") },
        { write_views, PYROPE_OK, BYTES("\x92\x92\1\xa1x\xc0") },
        { write_as_deep_as_allowed, PYROPE_OK, NULL, 0 },
        { write_nothing, PYROPE_E_INVALID, NULL, 0 },
        { write_two_values, PYROPE_E_INVALID, NULL, 0 },
        { write_a_short_list, PYROPE_E_INVALID, NULL, 0 },
        { write_a_long_list, PYROPE_E_INVALID, NULL, 0 },
        { write_a_short_inner_map, PYROPE_E_INVALID, NULL, 0 },
        { write_an_int_key, PYROPE_E_INVALID, NULL, 0 },
        { write_a_view_as_key, PYROPE_E_INVALID, NULL, 0 },
        { write_bad_text, PYROPE_E_INVALID, NULL, 0 },
        { write_bad_text_then_more, PYROPE_E_INVALID, NULL, 0 },
        { write_too_deep, PYROPE_E_INVALID, NULL, 0 },
        { write_a_count_beyond_32_bits, PYROPE_E_TOO_LARGE, NULL, 0 },
};

START_TEST(finish_gives_one_item_or_the_failure)
{
        const uint8_t *bytes = NULL;
        size_t n_bytes = 0;
        pyrope_view view;

        scripts[_i].write();

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), scripts[_i].status);
        if (scripts[_i].status) {
                ck_assert_ptr_null(bytes);
                return;
        }
        ck_assert_int_eq(codec_check(bytes, n_bytes, &view), 0);
        if (!scripts[_i].bytes)
                return;
        ck_assert_uint_eq(n_bytes, scripts[_i].n_bytes);
        ck_assert_mem_eq(bytes, scripts[_i].bytes, n_bytes);
}
END_TEST

START_TEST(take_gives_the_value_or_the_failure_and_an_empty_writer)
{
        pyrope_value *value = NULL;
        pyrope_error *error = NULL;
        bool is_good = scripts[_i].status == PYROPE_OK;

        scripts[_i].write();

        ck_assert_int_eq(pyrope_writer_take(writer, &value, &error), scripts[_i].status);
        ck_assert_int_eq(!value, !is_good);
        ck_assert_int_eq(!error, is_good);
        if (error)
                ck_assert_int_eq(pyrope_error_status(error), scripts[_i].status);
        pyrope_value_free(value);
        pyrope_error_free(error);

        pyrope_write_int(writer, 7);
        ck_assert_int_eq(pyrope_writer_take(writer, &value, NULL), PYROPE_OK);
        ck_assert_int_eq(pyrope_type_of(pyrope_value_view(value)), PYROPE_INT);
        pyrope_value_free(value);
}
END_TEST

START_TEST(the_first_failure_sticks)
{
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_write_list(writer, (size_t)UINT32_MAX + 1);
        pyrope_write_str(writer, "\xff");

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_TOO_LARGE);
        ck_assert_str_eq(writer_why(writer), "the value is larger than the limit");
}
END_TEST

/* Nothing is read of what cannot fit, so nothing has to be there. */
START_TEST(a_value_larger_than_any_message_is_refused)
{
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_write_bytes(writer, "", FRAME_MESSAGE_MAX_BYTES - 4);
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_TOO_LARGE);

        writer_reset(writer, 64);
        writer_raw(writer, "\xc6", (size_t)FRAME_MESSAGE_MAX_BYTES + 1);
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_TOO_LARGE);
}
END_TEST

START_TEST(a_finished_writer_may_be_asked_again)
{
        const uint8_t *bytes;
        size_t n_bytes;

        pyrope_write_int(writer, 1);

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_OK);
        ck_assert_uint_eq(n_bytes, 1);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("writer");
        TCase *tcase = tcase_create("writer");

        tcase_add_checked_fixture(tcase, set_up, tear_down);
        tcase_add_loop_test(tcase, finish_gives_one_item_or_the_failure, 0, ARRAY_SIZE(scripts));
        tcase_add_loop_test(tcase, take_gives_the_value_or_the_failure_and_an_empty_writer, 0,
                            ARRAY_SIZE(scripts));
        tcase_add_test(tcase, the_first_failure_sticks);
        tcase_add_test(tcase, a_value_larger_than_any_message_is_refused);
        tcase_add_test(tcase, a_finished_writer_may_be_asked_again);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
