/* SPDX-License-Identifier: MIT */

#include "tests/support/repack.h"

static void repack_scalar(pyrope_writer *writer, pyrope_view item)
{
        const char *text;
        const void *data;
        uint64_t large;
        double number;
        int64_t i;
        size_t n;

        switch (pyrope_type_of(item)) {
        case PYROPE_NIL:
                pyrope_write_nil(writer);
                break;
        case PYROPE_BOOL:
                pyrope_write_bool(writer, pyrope_truth(item));
                break;
        case PYROPE_INT:
                if (pyrope_get_int(item, &i) == PYROPE_OK)
                        pyrope_write_int(writer, i);
                else if (pyrope_get_uint(item, &large) == PYROPE_OK)
                        pyrope_write_uint(writer, large);
                break;
        case PYROPE_FLOAT:
                if (pyrope_get_double(item, &number) == PYROPE_OK)
                        pyrope_write_double(writer, number);
                break;
        case PYROPE_STR:
                if (pyrope_get_str(item, &text, &n) == PYROPE_OK)
                        pyrope_write_strn(writer, text, n);
                break;
        case PYROPE_BYTES:
                if (pyrope_get_bytes(item, &data, &n) == PYROPE_OK)
                        pyrope_write_bytes(writer, data, n);
                break;
        default:
                pyrope_write_view(writer, item); /* an extension type */
                break;
        }
}

size_t repack(pyrope_writer *writer, pyrope_view item)
{
        pyrope_iter iter = pyrope_each(item);
        pyrope_view key, value;
        size_t depth = 0;
        size_t n;

        if (pyrope_type_of(item) == PYROPE_LIST)
                pyrope_write_list(writer, pyrope_count(item));
        else if (pyrope_type_of(item) == PYROPE_MAP)
                pyrope_write_map(writer, pyrope_count(item));
        else {
                repack_scalar(writer, item);
                return 0;
        }
        while (pyrope_next(&iter, &key, &value)) {
                if (key.at)
                        repack_scalar(writer, key);
                n = repack(writer, value);
                depth = n > depth ? n : depth;
        }
        return depth + 1;
}
