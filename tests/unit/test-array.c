/* SPDX-License-Identifier: MIT */

#include "proto/array.h"

#include "proto/codec.h"
#include "proto/value.h"
#include "tests/unit/unit.h"
#include "tests/unit/writer-fixture.h"

#include <string.h>

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* As msgpack-numpy packs numpy.array([[1, 2, 3]], "<i2"). */
#define NUMPY_HEAD "\x85\xc4\2nd\xc3\xc4\4type\xa3<i2\xc4\4kind\xc4\0\xc4\5shape\x92\1\3\xc4\4"
static const uint8_t from_numpy[] = NUMPY_HEAD "data\xc4\6\1\0\2\0\3\0";

START_TEST(an_array_of_numpy_is_read_without_a_copy)
{
        pyrope_view view;
        pyrope_array array;

        ck_assert_int_eq(codec_check(from_numpy, sizeof(from_numpy) - 1, &view), 0);
        ck_assert_int_eq(pyrope_get_array(view, "<i2", &array), PYROPE_OK);

        ck_assert_str_eq(array.dtype, "<i2");
        ck_assert_uint_eq(array.n_dimensions, 2);
        ck_assert_uint_eq(array.shape[0], 1);
        ck_assert_uint_eq(array.shape[1], 3);
        ck_assert_ptr_eq(array.data, from_numpy + sizeof(from_numpy) - 1 - 6);
        ck_assert_uint_eq(array.n_bytes, 6);
}
END_TEST

/* As msgpack-numpy packs numpy.float32(1): no kind, no shape. */
START_TEST(a_scalar_of_numpy_is_an_array_of_no_dimension)
{
        static const uint8_t bytes[] =
                "\x83\xc4\2nd\xc2\xc4\4type\xa3<f4\xc4\4data\xc4\4\0\0\x80\x3f";
        pyrope_view view;
        pyrope_array array;
        float number;

        ck_assert_int_eq(codec_check(bytes, sizeof(bytes) - 1, &view), 0);
        ck_assert_int_eq(pyrope_get_array(view, NULL, &array), PYROPE_OK);

        ck_assert_uint_eq(array.n_dimensions, 0);
        ck_assert_uint_eq(array.n_bytes, sizeof(number));
        memcpy(&number, array.data, sizeof(number));
        ck_assert_float_eq(number, 1);
}
END_TEST

typedef struct Parts Parts;

/* What goes into the map; NULL leaves a key out. */
struct Parts {
        const char *nd; /* format and value are of pyrope_pack */
        const char *type;
        const char *kind;
        const char *shape; /* encoded */
        size_t n_data;
};

static void write_key(const char *key)
{
        pyrope_write_bytes(writer, key, strlen(key));
}

static pyrope_value *array_of(const Parts *parts)
{
        static const uint8_t zeros[64];
        size_t n = 1 + !!parts->nd + !!parts->type + !!parts->kind + !!parts->shape;

        pyrope_write_map(writer, n);
        if (parts->nd) {
                write_key("nd");
                pyrope_write_bool(writer, *parts->nd == 't');
        }
        if (parts->type) {
                write_key("type");
                pyrope_write_str(writer, parts->type);
        }
        if (parts->kind) {
                write_key("kind");
                pyrope_write_bytes(writer, parts->kind, strlen(parts->kind));
        }
        if (parts->shape) {
                write_key("shape");
                writer_raw(writer, parts->shape, strlen(parts->shape));
        }
        write_key("data");
        pyrope_write_bytes(writer, zeros, parts->n_data);
        return taken();
}

#define DEEP_SHAPE "\x98\1\1\1\1\1\1\1\1"

static const struct {
        Parts parts;
        const char *wanted;
        pyrope_status status;
        const char *dtype; /* as told */
} arrays[] = {
        { { "t", "<f8", "", "\x91\2", 16 }, "<f8", PYROPE_OK, "<f8" },
        { { "t", "<f8", "", "\x91\2", 16 }, NULL, PYROPE_OK, "<f8" },
        { { "t", "<f8", NULL, "\x91\2", 16 }, NULL, PYROPE_OK, "<f8" },
        { { "t", "=f8", "", "\x91\2", 16 }, "<f8", PYROPE_OK, "<f8" },
        { { "t", "f8", "", "\x91\2", 16 }, "f8", PYROPE_OK, "<f8" },
        { { "t", ">f8", "", "\x91\2", 16 }, NULL, PYROPE_OK, ">f8" },
        { { "t", ">f8", "", "\x91\2", 16 }, "<f8", PYROPE_E_TYPE, NULL },
        { { "t", "<f4", "", "\x91\2", 8 }, "<f8", PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "", "\x91\2", 16 }, "double", PYROPE_E_TYPE, NULL },
        { { "t", "<u1", "", "\x91\2", 2 }, "|u1", PYROPE_OK, "|u1" },
        { { "t", "|b1", "", "\x91\2", 2 }, NULL, PYROPE_OK, "|b1" },
        { { "t", "<c16", "", "\x91\2", 32 }, NULL, PYROPE_OK, "<c16" },
        { { "t", "<f16", "", "\x91\2", 32 }, NULL, PYROPE_OK, "<f16" },
        { { "t", "|f8", "", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f3", "", "\x91\2", 6 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f0", "", "\x91\2", 0 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f100", "", "\x91\2", 0 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f", "", "\x91\2", 0 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<", "", "\x91\2", 0 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "", "", "\x91\2", 0 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<U4", "", "\x91\2", 32 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<M8", "", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "|O", "O", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "O", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "V", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { NULL, "<f8", "", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", NULL, "", "\x91\2", 16 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "", NULL, 8 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "", "\xc0", 8 }, NULL, PYROPE_E_TYPE, NULL },
        { { "t", "<f8", "", "\x90", 8 }, NULL, PYROPE_OK, "<f8" },
        { { "t", "<f8", "", "\x91\2", 15 }, NULL, PYROPE_E_RANGE, NULL },
        { { "t", "<f8", "", "\x91\2", 17 }, NULL, PYROPE_E_RANGE, NULL },
        { { "t", "<f8", "", "\x91\xff", 8 }, NULL, PYROPE_E_RANGE, NULL },
        { { "t", "<f8", "", "\x91\xa1x", 8 }, NULL, PYROPE_E_RANGE, NULL },
        { { "t", "|u1", "", DEEP_SHAPE, 1 }, NULL, PYROPE_OK, "|u1" },
        { { "t", "|u1", "", "\x99\1\1\1\1\1\1\1\1\1", 1 }, NULL, PYROPE_E_RANGE, NULL },
        { { "f", "<f8", NULL, NULL, 8 }, NULL, PYROPE_OK, "<f8" },
        { { "f", "<f8", NULL, NULL, 16 }, NULL, PYROPE_E_RANGE, NULL },
};

START_TEST(dtype_kind_shape_and_data_must_agree)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = array_of(&arrays[_i].parts);
        pyrope_array array = { .dtype = "none" };

        ck_assert_int_eq(pyrope_get_array(pyrope_value_view(value), arrays[_i].wanted, &array),
                         arrays[_i].status);
        ck_assert_str_eq(array.dtype, arrays[_i].dtype ? arrays[_i].dtype : "none");
}
END_TEST

START_TEST(a_shape_that_overflows_is_refused)
{
        static const uint8_t bytes[] =
                "\x85\xc4\2nd\xc3\xc4\4type\xa3<f8\xc4\4kind\xc4\0\xc4\5shape"
                "\x92\xcf\x20\0\0\0\0\0\0\0\x08\xc4\4data\xc4\0";
        pyrope_view view;
        pyrope_array array;

        ck_assert_int_eq(codec_check(bytes, sizeof(bytes) - 1, &view), 0);
        ck_assert_int_eq(pyrope_get_array(view, NULL, &array), PYROPE_E_RANGE);
}
END_TEST

static const struct {
        const uint8_t *bytes;
        size_t n_bytes;
} no_arrays[] = {
        { BYTES("\xc0") },
        { BYTES("\x80") },
        { BYTES("\x92\1\2") },
        { BYTES("\x81\xa2nd\xc3") },   /* str keys are not the convention */
        { BYTES("\x81\xc4\2nd\x01") }, /* nd must be a bool */
        { BYTES("\x81\xc4\7"
                "complex\xc3") },
};

START_TEST(other_values_are_no_arrays)
{
        pyrope_view view;
        pyrope_array array;

        ck_assert_int_eq(codec_check(no_arrays[_i].bytes, no_arrays[_i].n_bytes, &view), 0);
        ck_assert_int_eq(pyrope_get_array(view, NULL, &array), PYROPE_E_TYPE);
}
END_TEST

static const double numbers[6] = { 0, 1, 2, 3, 4, 5 };

static pyrope_array matrix(void)
{
        return (pyrope_array){
                .dtype = "<f8",
                .n_dimensions = 2,
                .shape = { 2, 3 },
                .data = numbers,
                .n_bytes = sizeof(numbers),
        };
}

START_TEST(an_array_is_read_as_it_was_written)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_array array = matrix();
        pyrope_array got;

        pyrope_write_array(writer, &array);
        value = taken();
        ck_assert_int_eq(pyrope_get_array(pyrope_value_view(value), "<f8", &got), PYROPE_OK);

        ck_assert_uint_eq(got.n_dimensions, 2);
        ck_assert_uint_eq(got.shape[0], 2);
        ck_assert_uint_eq(got.shape[1], 3);
        ck_assert_uint_eq(got.n_bytes, sizeof(numbers));
        ck_assert_mem_eq(got.data, numbers, sizeof(numbers));
}
END_TEST

/* Wherever an array begins, its data stand at a multiple of 8 bytes. */
START_TEST(data_of_our_arrays_need_no_copy)
{
        static const uint8_t large[70000];
        static const size_t sizes[] = { 0, 8, 256, 65536 };
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_array got;

        pyrope_write_list(writer, 2);
        pyrope_write_bytes(writer, large, (size_t)_i % 8);
        pyrope_write_array(writer, &(pyrope_array){ .dtype = "<f8",
                                                    .n_dimensions = 1,
                                                    .shape = { sizes[_i / 8] / 8 },
                                                    .data = large,
                                                    .n_bytes = sizes[_i / 8] });
        value = taken();

        ck_assert_int_eq(pyrope_get_array(pyrope_at(pyrope_value_view(value), 1), "<f8", &got),
                         PYROPE_OK);
        ck_assert_uint_eq((uintptr_t)got.data % 8, 0);
        ck_assert(array_is_aligned(&got));
}
END_TEST

START_TEST(data_at_an_odd_address_are_copied_once)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_array raw, first, second;
        uint8_t shifted[sizeof(from_numpy)];
        size_t n = sizeof(from_numpy) - 1;

        /* Moved by a byte, so that one of the two is odd. */
        ck_assert_int_eq(value_new_copy(from_numpy, n, &value), 0);
        ck_assert_int_eq(pyrope_get_array(pyrope_value_view(value), NULL, &raw), PYROPE_OK);
        if (array_is_aligned(&raw)) {
                pyrope_value_free(value);
                shifted[0] = 0x91;
                memcpy(shifted + 1, from_numpy, n);
                ck_assert_int_eq(value_new_copy(shifted, n + 1, &value), 0);
        }
        pyrope_view item = pyrope_value_view(value);
        if (pyrope_type_of(item) == PYROPE_LIST)
                item = pyrope_at(item, 0);
        ck_assert_int_eq(pyrope_get_array(item, NULL, &raw), PYROPE_OK);

        ck_assert_int_eq(pyrope_value_array(value, item, "<i2", &first), PYROPE_OK);
        ck_assert_int_eq(pyrope_value_array(value, item, "<i2", &second), PYROPE_OK);

        ck_assert(!array_is_aligned(&raw));
        ck_assert(array_is_aligned(&first));
        ck_assert_mem_eq(first.data, "\1\0\2\0\3\0", 6);
        ck_assert_ptr_eq(first.data, second.data);
        ck_assert_int_eq(pyrope_value_array(value, item, "<f8", &first), PYROPE_E_TYPE);
}
END_TEST

START_TEST(an_array_that_does_not_agree_is_not_written)
{
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_array array = matrix();

        if (_i == 0)
                array.n_bytes--;
        if (_i == 1)
                array.shape[0] = 3;
        if (_i == 2)
                array.n_dimensions = PYROPE_DIMENSIONS_MAX + 1;
        if (_i == 3)
                memcpy(array.dtype, "<f8<f8<f", 8);
        if (_i == 4)
                memcpy(array.dtype, "|O", 3);
        if (_i == 5)
                array.shape[1] = SIZE_MAX;
        pyrope_write_array(writer, &array);

        ck_assert_int_eq(writer_finish(writer, &bytes, &n_bytes), PYROPE_E_INVALID);
}
END_TEST

START_TEST(an_array_is_packed_by_its_letter)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = NULL;
        pyrope_array array = matrix();
        pyrope_array got;

        pyrope_pack(writer, "[ia]", 1, &array);
        value = taken();

        ck_assert_int_eq(pyrope_get_array(pyrope_at(pyrope_value_view(value), 1), "<f8", &got),
                         PYROPE_OK);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("array");
        TCase *tcase = tcase_create("array");

        tcase_add_checked_fixture(tcase, writer_set_up, writer_tear_down);
        tcase_add_test(tcase, an_array_of_numpy_is_read_without_a_copy);
        tcase_add_test(tcase, a_scalar_of_numpy_is_an_array_of_no_dimension);
        tcase_add_loop_test(tcase, dtype_kind_shape_and_data_must_agree, 0, ARRAY_SIZE(arrays));
        tcase_add_test(tcase, a_shape_that_overflows_is_refused);
        tcase_add_loop_test(tcase, other_values_are_no_arrays, 0, ARRAY_SIZE(no_arrays));
        tcase_add_test(tcase, an_array_is_read_as_it_was_written);
        tcase_add_loop_test(tcase, data_of_our_arrays_need_no_copy, 0, 32);
        tcase_add_test(tcase, data_at_an_odd_address_are_copied_once);
        tcase_add_loop_test(tcase, an_array_that_does_not_agree_is_not_written, 0, 6);
        tcase_add_test(tcase, an_array_is_packed_by_its_letter);
        suite_add_tcase(suite, tcase);
        return unit_run(suite);
}
