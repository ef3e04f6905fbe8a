/* SPDX-License-Identifier: MIT */

/*
 * What codec_check() accepts, every reader reads without leaving the bytes, and packing it again
 * item by item gives an equal value, which then packs to the same bytes each time. Where msgpack-c
 * can judge, it judges alike, and a beginning is given up only if the whole is.
 */

#include "proto/codec.h"

#include "proto/repr.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/repack.h"

#include <msgpack.h>
#include <string.h>

#define ORACLE_DEPTH_MAX 30u /* msgpack-c gives up at 32 */

static bool is_equal_scalar(pyrope_view one, pyrope_view other)
{
        double number_one, number_other;
        const uint8_t *bytes_one, *bytes_other;
        size_t n = codec_view_bytes(one, &bytes_one);

        if (pyrope_type_of(one) == PYROPE_FLOAT) {
                PROPERTY(pyrope_get_double(one, &number_one) == PYROPE_OK);
                PROPERTY(pyrope_get_double(other, &number_other) == PYROPE_OK);
                return memcmp(&number_one, &number_other, sizeof(number_one)) == 0;
        }
        if (pyrope_type_of(one) == PYROPE_EXT)
                return n == codec_view_bytes(other, &bytes_other) &&
                       memcmp(bytes_one, bytes_other, n) == 0;
        if (pyrope_type_of(one) == PYROPE_INT) {
                int64_t i = 0, j = 1;
                uint64_t u = 0, v = 1;

                if (pyrope_get_int(one, &i) == PYROPE_OK)
                        return pyrope_get_int(other, &j) == PYROPE_OK && i == j;
                return pyrope_get_uint(one, &u) == PYROPE_OK &&
                       pyrope_get_uint(other, &v) == PYROPE_OK && u == v;
        }
        n = pyrope_count(one);
        return memcmp(codec_skip(one) - n, codec_skip(other) - n, n) == 0 &&
               pyrope_truth(one) == pyrope_truth(other);
}

static bool is_equal(pyrope_view one, pyrope_view other)
{
        pyrope_iter iter_one = pyrope_each(one), iter_other = pyrope_each(other);
        pyrope_view key_one, value_one, key_other, value_other;

        if (pyrope_type_of(one) != pyrope_type_of(other) ||
            pyrope_count(one) != pyrope_count(other))
                return false;
        if (pyrope_type_of(one) != PYROPE_LIST && pyrope_type_of(one) != PYROPE_MAP)
                return is_equal_scalar(one, other);
        while (pyrope_next(&iter_one, &key_one, &value_one)) {
                if (!pyrope_next(&iter_other, &key_other, &value_other) ||
                    (key_one.at && !is_equal_scalar(key_one, key_other)) ||
                    !is_equal(value_one, value_other))
                        return false;
        }
        return true;
}

/* Readers that look for one thing in a value of any shape. */
static void read_in_other_ways(pyrope_view item)
{
        pyrope_array array;
        char text[64];
        int64_t i;

        PROPERTY(repr_format(item, text, sizeof(text)) < sizeof(text));
        if (pyrope_get_array(item, NULL, &array) == PYROPE_OK)
                PROPERTY(item.at < (const uint8_t *)array.data &&
                         (const uint8_t *)array.data + array.n_bytes <= item.end);
        (void)pyrope_find(item, "__class__");
        PROPERTY(pyrope_at(item, pyrope_count(item)).at == NULL);
        (void)pyrope_unpack(item, NULL, "[v{s:i?}*]", &item, "key", &i);
}

/* It allocates what a count claims and nests less deep, so it sees only what we read as far as it
 * will, and knows neither UTF-8 nor keys. */
static void check_against_msgpack_c(const uint8_t *data, size_t size, int r, size_t depth)
{
        msgpack_unpack_return result;
        msgpack_unpacked unpacked;
        size_t n_read = 0;
        bool is_one_item;

        if (r != CODEC_E_SUCCESS && r != CODEC_E_TRAILING && r != CODEC_E_FORMAT)
                return;
        msgpack_unpacked_init(&unpacked);
        result = msgpack_unpack_next(&unpacked, (const char *)data, size, &n_read);
        is_one_item = result == MSGPACK_UNPACK_SUCCESS && n_read == size;
        if (r)
                PROPERTY(!is_one_item);
        else
                PROPERTY(is_one_item || depth > ORACLE_DEPTH_MAX);
        msgpack_unpacked_destroy(&unpacked);
}

static size_t check_value(pyrope_view view)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *first = NULL;
        const uint8_t *bytes;
        size_t n_bytes;
        size_t depth;

        depth = repack(writer, view);
        PROPERTY(depth <= CODEC_DEPTH_MAX);
        PROPERTY(pyrope_writer_take(writer, &first, NULL) == PYROPE_OK);
        PROPERTY(is_equal(view, pyrope_value_view(first)));

        repack(writer, pyrope_value_view(first));
        PROPERTY(writer_finish(writer, &bytes, &n_bytes) == PYROPE_OK);
        PROPERTY(n_bytes == (size_t)(pyrope_value_view(first).end - pyrope_value_view(first).at));
        PROPERTY(memcmp(bytes, pyrope_value_view(first).at, n_bytes) == 0);
        PROPERTY(codec_check(bytes, n_bytes, &view) == 0);
        return depth;
}

/* What is an item has no beginning without hope, and what never becomes one is seen by its whole.
 */
static void check_beginnings(const uint8_t *data, size_t size, int r)
{
        const size_t cut = size > 0 ? data[size - 1] % size : 0;

        if (r == 0)
                PROPERTY(codec_check_beginning(data, cut, size) == 0);
        if (r != CODEC_E_INCOMPLETE)
                PROPERTY(codec_check_beginning(data, size, size + cut) == r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        pyrope_view view = { NULL, NULL };
        size_t depth = 0;
        int r;

        r = codec_check(data, size, &view);
        if (r == 0) {
                PROPERTY(view.at == data && codec_skip(view) == data + size);
                depth = check_value(view);
                read_in_other_ways(view);
        } else {
                PROPERTY(view.at == NULL);
        }
        check_beginnings(data, size, r);
        check_against_msgpack_c(data, size, r, depth);
        return 0;
}
