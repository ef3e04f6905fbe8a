/* SPDX-License-Identifier: MIT */

#include "proto/array.h"

#include "proto/codec.h"
#include "proto/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ALIGNMENT  8u /* of the data, counted from the first byte of the value */
#define N_KEYS     5u
#define HEAD_PAD_1 1u /* bytes by which a 16-bit length is longer than an 8-bit one */
#define HEAD_PAD_3 3u /* and a 32-bit one */

typedef struct Dtype Dtype;

struct Dtype {
        char order;  /* '<', '>', or '|' for a single byte */
        char kind;   /* b bool, i int, u unsigned, f float, c complex */
        size_t size; /* bytes of an item */
};

static const struct {
        char kind;
        uint8_t sizes[4]; /* 0: no more */
} numeric_kinds[] = {
        { 'b', { 1 } },           { 'i', { 1, 2, 4, 8 } }, { 'u', { 1, 2, 4, 8 } },
        { 'f', { 2, 4, 8, 16 } }, { 'c', { 8, 16, 32 } },
};

static bool has_size(char kind, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(numeric_kinds); i++)
                if (numeric_kinds[i].kind == kind)
                        return size > 0 && memchr(numeric_kinds[i].sizes, (int)size,
                                                  sizeof(numeric_kinds[i].sizes));
        return false;
}

static bool parse_dtype(const char *text, size_t n, Dtype *ret)
{
        Dtype dtype = { .order = '<' };
        size_t at = 0;

        if (n > 0 && memchr("<>|=", text[0], 4))
                dtype.order = text[at++] == '=' ? '<' : text[0];
        if (at == n)
                return false;
        dtype.kind = text[at++];
        if (n - at < 1 || n - at > 2)
                return false;
        for (; at < n; at++) {
                if (text[at] < '0' || text[at] > '9')
                        return false;
                dtype.size = 10 * dtype.size + (size_t)(text[at] - '0');
        }
        if (!has_size(dtype.kind, dtype.size))
                return false;
        if (dtype.size == 1)
                dtype.order = '|';
        *ret = dtype;
        return dtype.size == 1 || dtype.order != '|';
}

static bool is_same(const Dtype *one, const Dtype *other)
{
        return one->order == other->order && one->kind == other->kind && one->size == other->size;
}

static void format_dtype(const Dtype *dtype, char ret[static PYROPE_DTYPE_SIZE])
{
        (void)snprintf(ret, PYROPE_DTYPE_SIZE, "%c%c%u", dtype->order, dtype->kind,
                       (unsigned)dtype->size % 100);
}

/* Bytes of a str or bytes: Python sends either, by version. */
static bool get_text(pyrope_view item, const char **ret, size_t *ret_n)
{
        const void *bytes;

        if (pyrope_get_str(item, ret, ret_n) == PYROPE_OK)
                return true;
        if (pyrope_get_bytes(item, &bytes, ret_n))
                return false;
        *ret = bytes;
        return true;
}

/* The map of an array, taken apart; what is not there is absent. */
typedef struct Parts Parts;

struct Parts {
        pyrope_view nd, type, kind, shape, data;
};

static Parts take_apart(pyrope_view item)
{
        Parts parts = { .nd = { NULL, NULL } };
        const struct {
                const char *name;
                pyrope_view *part;
        } keys[N_KEYS] = {
                { "nd", &parts.nd },       { "type", &parts.type }, { "kind", &parts.kind },
                { "shape", &parts.shape }, { "data", &parts.data },
        };
        pyrope_iter iter = pyrope_each(item);
        pyrope_view key, value;
        const void *name;
        size_t n_name;

        if (!iter.is_map)
                return parts;
        while (pyrope_next(&iter, &key, &value)) {
                if (pyrope_get_bytes(key, &name, &n_name))
                        continue;
                for (size_t i = 0; i < N_KEYS; i++)
                        if (strlen(keys[i].name) == n_name &&
                            memcmp(keys[i].name, name, n_name) == 0)
                                *keys[i].part = value;
        }
        return parts;
}

/* Kind "O" is a pickle and "V" a structure; plain arrays have "", scalars none at all. */
static bool is_plain(pyrope_view kind)
{
        const char *text;
        size_t n;

        if (!kind.at)
                return true;
        return get_text(kind, &text, &n) && !(n == 1 && (text[0] == 'O' || text[0] == 'V'));
}

static pyrope_status get_shape(pyrope_view list, pyrope_array *array)
{
        pyrope_iter iter = pyrope_each(list);
        pyrope_view item;
        uint64_t n;

        if (pyrope_type_of(list) != PYROPE_LIST)
                return PYROPE_E_TYPE;
        if (iter.n_left > PYROPE_DIMENSIONS_MAX)
                return PYROPE_E_RANGE;
        while (pyrope_next(&iter, NULL, &item)) {
                if (pyrope_get_uint(item, &n) || n > SIZE_MAX)
                        return PYROPE_E_RANGE;
                array->shape[array->n_dimensions++] = (size_t)n;
        }
        return PYROPE_OK;
}

/* Bytes that items of @size in the array's shape take; false if no memory could hold them. */
static bool shape_bytes(const pyrope_array *array, size_t size, size_t *ret)
{
        size_t n = size;

        for (size_t i = 0; i < array->n_dimensions; i++)
                if (__builtin_mul_overflow(n, array->shape[i], &n))
                        return false;
        *ret = n;
        return true;
}

pyrope_status pyrope_get_array(pyrope_view item, const char *wanted, pyrope_array *ret)
{
        pyrope_array array = { .n_dimensions = 0 };
        Parts parts = take_apart(item);
        Dtype dtype, wanted_dtype;
        pyrope_status status;
        const char *text;
        size_t n_text;
        size_t n_bytes;
        bool is_array;

        if (!ret)
                return PYROPE_E_INVALID;
        if (pyrope_get_bool(parts.nd, &is_array) || !get_text(parts.type, &text, &n_text) ||
            !is_plain(parts.kind) || pyrope_get_bytes(parts.data, &array.data, &array.n_bytes))
                return PYROPE_E_TYPE;
        if (!parse_dtype(text, n_text, &dtype))
                return PYROPE_E_TYPE;
        if (wanted && (!parse_dtype(wanted, strlen(wanted), &wanted_dtype) ||
                       !is_same(&dtype, &wanted_dtype)))
                return PYROPE_E_TYPE;

        if (is_array) {
                status = get_shape(parts.shape, &array);
                if (status)
                        return status;
        }
        if (!shape_bytes(&array, dtype.size, &n_bytes) || n_bytes != array.n_bytes)
                return PYROPE_E_RANGE;

        format_dtype(&dtype, array.dtype);
        *ret = array;
        return PYROPE_OK;
}

bool array_is_aligned(const pyrope_array *array)
{
        Dtype dtype = { .size = 1 };

        (void)parse_dtype(array->dtype, strlen(array->dtype), &dtype);
        if (dtype.kind == 'c')
                dtype.size /= 2;
        return (uintptr_t)array->data % dtype.size == 0;
}

pyrope_status pyrope_value_array(pyrope_value *value, pyrope_view item, const char *dtype,
                                 pyrope_array *ret)
{
        pyrope_status status;
        pyrope_array array;

        if (!value || !ret)
                return PYROPE_E_INVALID;
        status = pyrope_get_array(item, dtype, &array);
        if (status)
                return status;
        if (!array_is_aligned(&array)) {
                array.data = value_aligned_copy(value, array.data, array.n_bytes);
                if (!array.data)
                        return PYROPE_E_NOMEM;
        }
        *ret = array;
        return PYROPE_OK;
}

/* A key, with a longer form of its length where bytes are left to fill. */
static void write_key(pyrope_writer *writer, const char *name, size_t *n_pad)
{
        size_t n = *n_pad >= HEAD_PAD_3 ? HEAD_PAD_3 : *n_pad >= HEAD_PAD_1 ? HEAD_PAD_1 : 0;

        writer_padded_bytes(writer, name, strlen(name), n);
        *n_pad -= n;
}

/* Bytes between the shape and the data: four keys of 2 + 2, 4, 4, 4, true, the dtype, b"" and the
 * head of the data. */
static size_t bytes_before_data(const char *dtype, size_t n_data)
{
        size_t n_head = n_data <= UINT8_MAX ? 2 : n_data <= UINT16_MAX ? 3 : 5;

        return (2 + 2) + 1 + (2 + 4) + 1 + strlen(dtype) + (2 + 4) + 2 + (2 + 4) + n_head;
}

/* All of an array but its data. Returns whether they are to follow. */
static bool write_description(pyrope_writer *writer, const pyrope_array *array)
{
        char text[PYROPE_DTYPE_SIZE];
        Dtype dtype;
        size_t n_bytes;
        size_t n_pad;

        if (!writer)
                return false;
        if (!array || !memchr(array->dtype, '\0', sizeof(array->dtype)) ||
            !parse_dtype(array->dtype, strlen(array->dtype), &dtype) ||
            array->n_dimensions > PYROPE_DIMENSIONS_MAX ||
            !shape_bytes(array, dtype.size, &n_bytes) || n_bytes != array->n_bytes) {
                writer_fail(writer, PYROPE_E_INVALID,
                            "an array whose dtype, shape and data differ");
                return false;
        }
        format_dtype(&dtype, text);

        /* The shape comes first, so that all behind it has a known length: the keys are then
         * filled up so far that the data stand at a multiple of 8 bytes, and need no copy. */
        pyrope_write_map(writer, N_KEYS);
        pyrope_write_bytes(writer, "shape", 5);
        pyrope_write_list(writer, array->n_dimensions);
        for (size_t i = 0; i < array->n_dimensions; i++)
                pyrope_write_uint(writer, array->shape[i]);
        n_pad = (0 - (writer_size(writer) + bytes_before_data(text, n_bytes))) % ALIGNMENT;
        write_key(writer, "nd", &n_pad);
        pyrope_write_bool(writer, true);
        write_key(writer, "type", &n_pad);
        pyrope_write_str(writer, text);
        write_key(writer, "kind", &n_pad);
        pyrope_write_bytes(writer, "", 0);
        write_key(writer, "data", &n_pad);
        return true;
}

void pyrope_write_array(pyrope_writer *writer, const pyrope_array *array)
{
        if (write_description(writer, array))
                pyrope_write_bytes(writer, array->data, array->n_bytes);
}

void pyrope_write_array_lent(pyrope_writer *writer, const pyrope_array *array,
                             void (*released)(void *userdata), void *userdata)
{
        if (write_description(writer, array))
                pyrope_write_bytes_lent(writer, array->data, array->n_bytes, released, userdata);
        else if (released)
                released(userdata);
}
