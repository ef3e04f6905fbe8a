/* SPDX-License-Identifier: MIT */

/*
 * Readers of <pyrope/value.h>. Whatever they are given was validated by codec_check(), so nothing
 * is checked again; the absent item is the one exception.
 */

#include "proto/codec.h"

#include <pyrope/value.h>

#include <math.h>
#include <string.h>

#define LONG_DIGITS_MAX 310u /* of an int that a double can still hold, sign included */

static CodecHead head_of(pyrope_view item)
{
        return item.at ? codec_head(item.at) : (CodecHead){ .type = PYROPE_ABSENT };
}

pyrope_type pyrope_type_of(pyrope_view item)
{
        return item.at ? codec_type(item.at[0]) : PYROPE_ABSENT;
}

const char *pyrope_type_name(pyrope_type type)
{
        static const char *const names[] = {
                [PYROPE_ABSENT] = "nothing", [PYROPE_NIL] = "None",    [PYROPE_BOOL] = "bool",
                [PYROPE_INT] = "int",        [PYROPE_FLOAT] = "float", [PYROPE_STR] = "str",
                [PYROPE_BYTES] = "bytes",    [PYROPE_LIST] = "list",   [PYROPE_MAP] = "dict",
                [PYROPE_EXT] = "ExtType",
        };

        return (unsigned)type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

size_t pyrope_count(pyrope_view item)
{
        CodecHead head = head_of(item);

        switch (head.type) {
        case PYROPE_STR:
        case PYROPE_BYTES:
        case PYROPE_LIST:
        case PYROPE_MAP:
                return head.n;
        default:
                return 0;
        }
}

/* An int of Python: its sign and its distance from 0. */
typedef struct Int Int;

struct Int {
        bool is_negative;
        uint64_t magnitude;
};

/* Tags 0xcc..0xcf are unsigned, 0xd0..0xd3 signed, all others hold a small signed number. */
static Int int_of(const uint8_t *at, const CodecHead *head)
{
        uint64_t bits;
        unsigned n_unused;
        int64_t number;

        if (head->n == 0) {
                number = (int8_t)at[0];
        } else {
                bits = codec_big_endian(at + 1, head->n);
                if (at[0] < 0xd0)
                        return (Int){ false, bits };
                n_unused = 64 - 8 * (unsigned)head->n;
                number = (int64_t)(bits << n_unused) >> n_unused;
        }
        return number < 0 ? (Int){ true, -(uint64_t)number } : (Int){ false, (uint64_t)number };
}

/* Pyro5 sends an int beyond 64 bits, and every int of numpy, as text in an ext. */
static bool is_long(pyrope_view item, const CodecHead *head)
{
        const uint8_t *at = item.at;

        return head->type == PYROPE_EXT && at[head->n_head - 1] == CODEC_EXT_LONG;
}

static pyrope_status long_of(const uint8_t *digits, size_t n, Int *ret)
{
        Int number = { .is_negative = n > 0 && digits[0] == '-' };

        if (n == (size_t)number.is_negative)
                return PYROPE_E_TYPE;
        for (size_t i = number.is_negative; i < n; i++) {
                if (digits[i] < '0' || digits[i] > '9')
                        return PYROPE_E_TYPE;
                if (__builtin_mul_overflow(number.magnitude, 10, &number.magnitude) ||
                    __builtin_add_overflow(number.magnitude, digits[i] - '0', &number.magnitude))
                        return PYROPE_E_RANGE;
        }
        *ret = number;
        return PYROPE_OK;
}

static pyrope_status get_any_int(pyrope_view item, Int *ret)
{
        CodecHead head = head_of(item);

        if (is_long(item, &head))
                return long_of(item.at + head.n_head, head.n, ret);
        if (head.type != PYROPE_INT)
                return PYROPE_E_TYPE;
        *ret = int_of(item.at, &head);
        return PYROPE_OK;
}

pyrope_status pyrope_get_bool(pyrope_view item, bool *ret)
{
        if (!ret)
                return PYROPE_E_INVALID;
        if (pyrope_type_of(item) != PYROPE_BOOL)
                return PYROPE_E_TYPE;
        *ret = item.at[0] & 1;
        return PYROPE_OK;
}

pyrope_status pyrope_get_int(pyrope_view item, int64_t *ret)
{
        pyrope_status status;
        Int number;

        if (!ret)
                return PYROPE_E_INVALID;
        status = get_any_int(item, &number);
        if (status)
                return status;
        if (number.magnitude > (uint64_t)INT64_MAX + number.is_negative)
                return PYROPE_E_RANGE;
        *ret = (int64_t)(number.is_negative ? -number.magnitude : number.magnitude);
        return PYROPE_OK;
}

pyrope_status pyrope_get_uint(pyrope_view item, uint64_t *ret)
{
        pyrope_status status;
        Int number;

        if (!ret)
                return PYROPE_E_INVALID;
        status = get_any_int(item, &number);
        if (status)
                return status;
        if (number.is_negative && number.magnitude > 0)
                return PYROPE_E_RANGE;
        *ret = number.magnitude;
        return PYROPE_OK;
}

static double float_of(const uint8_t *at, const CodecHead *head)
{
        uint64_t bits = codec_big_endian(at + 1, head->n);
        uint32_t bits32 = (uint32_t)bits;
        double number;
        float number32;

        if (head->n == sizeof(number32)) {
                memcpy(&number32, &bits32, sizeof(number32));
                return (double)number32;
        }
        memcpy(&number, &bits, sizeof(number));
        return number;
}

/* The digits of an int that 64 bits do not hold; strtod() wants them terminated. */
static pyrope_status long_as_double(pyrope_view item, double *ret)
{
        CodecHead head = head_of(item);
        char text[LONG_DIGITS_MAX + 1];
        double number;

        if (head.n > LONG_DIGITS_MAX)
                return PYROPE_E_RANGE;
        memcpy(text, item.at + head.n_head, head.n);
        text[head.n] = '\0';
        number = strtod(text, NULL);
        if (isinf(number))
                return PYROPE_E_RANGE;
        *ret = number;
        return PYROPE_OK;
}

pyrope_status pyrope_get_double(pyrope_view item, double *ret)
{
        CodecHead head = head_of(item);
        pyrope_status status;
        Int number;

        if (!ret)
                return PYROPE_E_INVALID;
        if (head.type == PYROPE_FLOAT) {
                *ret = float_of(item.at, &head);
                return PYROPE_OK;
        }
        status = get_any_int(item, &number);
        if (status == PYROPE_E_RANGE)
                return long_as_double(item, ret);
        if (status)
                return status;
        *ret = number.is_negative ? -(double)number.magnitude : (double)number.magnitude;
        return PYROPE_OK;
}

pyrope_status pyrope_get_str(pyrope_view item, const char **ret, size_t *ret_n)
{
        CodecHead head = head_of(item);

        if (!ret || !ret_n)
                return PYROPE_E_INVALID;
        if (head.type != PYROPE_STR)
                return PYROPE_E_TYPE;
        *ret = (const char *)item.at + head.n_head;
        *ret_n = head.n;
        return PYROPE_OK;
}

pyrope_status pyrope_get_bytes(pyrope_view item, const void **ret, size_t *ret_n)
{
        CodecHead head = head_of(item);

        if (!ret || !ret_n)
                return PYROPE_E_INVALID;
        if (head.type != PYROPE_BYTES)
                return PYROPE_E_TYPE;
        *ret = item.at + head.n_head;
        *ret_n = head.n;
        return PYROPE_OK;
}

pyrope_status pyrope_get_ext(pyrope_view item, int *ret_type, const void **ret, size_t *ret_n)
{
        CodecHead head = head_of(item);

        if (!ret_type || !ret || !ret_n)
                return PYROPE_E_INVALID;
        if (head.type != PYROPE_EXT)
                return PYROPE_E_TYPE;
        *ret_type = (int8_t)item.at[head.n_head - 1];
        *ret = item.at + head.n_head;
        *ret_n = head.n;
        return PYROPE_OK;
}

bool pyrope_truth(pyrope_view item)
{
        CodecHead head = head_of(item);

        switch (head.type) {
        case PYROPE_ABSENT:
        case PYROPE_NIL:
                return false;
        case PYROPE_BOOL:
                return item.at[0] & 1;
        case PYROPE_INT:
                return int_of(item.at, &head).magnitude != 0;
        case PYROPE_FLOAT:
                return float_of(item.at, &head) != 0;
        case PYROPE_STR:
        case PYROPE_BYTES:
        case PYROPE_LIST:
        case PYROPE_MAP:
                return head.n != 0;
        case PYROPE_EXT: {
                Int number = { .magnitude = 1 };

                if (is_long(item, &head))
                        (void)get_any_int(item, &number); /* what does not fit is not 0 */
                return number.magnitude != 0;
        }
        }
        return false;
}

bool pyrope_str_equals(pyrope_view item, const char *text)
{
        if (!text)
                return false;
        return item.at && codec_str_is(item, text);
}

pyrope_iter pyrope_each(pyrope_view container)
{
        CodecHead head = head_of(container);

        if (head.type != PYROPE_LIST && head.type != PYROPE_MAP)
                return (pyrope_iter){ .n_left = 0 };
        return (pyrope_iter){
                .rest = { container.at + head.n_head, container.end },
                .n_left = head.n,
                .is_map = head.type == PYROPE_MAP,
        };
}

static pyrope_view next_item(pyrope_iter *iter)
{
        pyrope_view item = iter->rest;
        CodecHead head = codec_head(item.at);

        if (head.type != PYROPE_LIST && head.type != PYROPE_MAP)
                iter->rest.at = item.at + head.n_head + head.n;
        else
                iter->rest.at = head.n > 0 ? codec_skip(item) : item.at + head.n_head;
        return item;
}

bool pyrope_next(pyrope_iter *iter, pyrope_view *ret_key, pyrope_view *ret_value)
{
        pyrope_view key = { NULL, NULL };

        if (!iter || !ret_value)
                return false;
        if (iter->n_left == 0)
                return false;
        iter->n_left--;
        if (iter->is_map)
                key = next_item(iter);
        if (ret_key)
                *ret_key = key;
        *ret_value = next_item(iter);
        return true;
}

pyrope_view pyrope_at(pyrope_view list, size_t index)
{
        pyrope_iter iter = pyrope_each(list);
        pyrope_view item;

        if (iter.is_map || index >= iter.n_left)
                return (pyrope_view){ NULL, NULL };
        do {
                item = next_item(&iter);
        } while (index-- > 0);
        return item;
}

pyrope_view pyrope_find(pyrope_view map, const char *key)
{
        pyrope_iter iter = pyrope_each(map);
        pyrope_view found = { NULL, NULL };
        pyrope_view name, item;

        if (!key)
                return (pyrope_view){ NULL, NULL };
        if (!iter.is_map)
                return found;

        /* A key may stand twice; as in Python, the last one wins. */
        while (pyrope_next(&iter, &name, &item))
                if (pyrope_str_equals(name, key))
                        found = item;
        return found;
}
