/* SPDX-License-Identifier: MIT */

#include "proto/repr.h"

#include "proto/codec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DOUBLE_DIGITS_MAX  17 /* enough to tell any two doubles apart */
#define FIXED_EXPONENT_MAX 16 /* from here on Python prints an exponent */
#define FIXED_EXPONENT_MIN (-4)

typedef struct Text Text;

struct Text {
        char *at;
        size_t n;
        size_t n_max; /* without the terminator */
};

static void put_bytes(Text *text, const void *bytes, size_t n)
{
        if (n > text->n_max - text->n)
                n = text->n_max - text->n;
        memcpy(text->at + text->n, bytes, n);
        text->n += n;
}

static void put(Text *text, const char *format, ...) PRINTF(2, 3);

/* For short texts: numbers, punctuation. */
static void put(Text *text, const char *format, ...)
{
        char piece[64];
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(piece, sizeof(piece), format, arguments);
        va_end(arguments);
        if (n > 0)
                put_bytes(text, piece, (size_t)n < sizeof(piece) ? (size_t)n : sizeof(piece) - 1);
}

static void put_escaped(Text *text, uint8_t byte, char quote, bool is_ascii_only)
{
        static const char named[] = "\nn\rr\tt\\\\";
        const char *name = NULL;

        for (size_t i = 0; named[i]; i += 2)
                if ((uint8_t)named[i] == byte)
                        name = &named[i + 1];
        if (name)
                put(text, "\\%c", *name);
        else if (byte == (uint8_t)quote)
                put(text, "\\%c", quote);
        else if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && is_ascii_only))
                put(text, "\\x%02x", byte);
        else
                put_bytes(text, &byte, 1);
}

static void put_quoted(Text *text, const uint8_t *bytes, size_t n, bool is_ascii_only)
{
        char quote = n && memchr(bytes, '\'', n) && !memchr(bytes, '"', n) ? '"' : '\'';

        put(text, "%c", quote);
        for (size_t i = 0; i < n && text->n < text->n_max; i++)
                put_escaped(text, bytes[i], quote, is_ascii_only);
        put(text, "%c", quote);
}

/* Python prints the fewest digits that read back as the same double. */
static void put_double(Text *text, double number)
{
        char digits[64];
        int n_digits = 0;
        int exponent;

        if (isnan(number) || isinf(number)) {
                put(text, "%s", isnan(number) ? "nan" : number < 0 ? "-inf" : "inf");
                return;
        }
        do {
                n_digits++;
                (void)snprintf(digits, sizeof(digits), "%.*e", n_digits - 1, number);
        } while (n_digits < DOUBLE_DIGITS_MAX && strtod(digits, NULL) != number);

        exponent = (int)strtol(strchr(digits, 'e') + 1, NULL, 10);
        if (exponent >= FIXED_EXPONENT_MIN && exponent < FIXED_EXPONENT_MAX)
                put(text, "%.*f", n_digits - 1 > exponent ? n_digits - 1 - exponent : 1, number);
        else
                put(text, "%s", digits);
}

static void put_ext(Text *text, pyrope_view item)
{
        const void *data;
        size_t n;
        int type;

        if (pyrope_get_ext(item, &type, &data, &n))
                return;
        if (type == CODEC_EXT_LONG) {
                put_bytes(text, data, n);
                return;
        }
        put(text, "ExtType(code=%d, data=b", type);
        put_quoted(text, data, n, /* is_ascii_only= */ true);
        put(text, ")");
}

static void put_int(Text *text, pyrope_view item)
{
        int64_t number;
        uint64_t large;

        if (pyrope_get_int(item, &number) == PYROPE_OK)
                put(text, "%lld", (long long)number);
        else if (pyrope_get_uint(item, &large) == PYROPE_OK)
                put(text, "%llu", (unsigned long long)large);
}

/* Everything but lists and maps. */
static void put_scalar(Text *text, pyrope_view item)
{
        const char *str;
        const void *data;
        double number;
        size_t n;

        switch (pyrope_type_of(item)) {
        case PYROPE_BOOL:
                put(text, "%s", pyrope_truth(item) ? "True" : "False");
                break;
        case PYROPE_INT:
                put_int(text, item);
                break;
        case PYROPE_FLOAT:
                if (pyrope_get_double(item, &number) == PYROPE_OK)
                        put_double(text, number);
                break;
        case PYROPE_STR:
                if (pyrope_get_str(item, &str, &n) == PYROPE_OK)
                        put_quoted(text, (const uint8_t *)str, n, /* is_ascii_only= */ false);
                break;
        case PYROPE_BYTES:
                put(text, "b");
                if (pyrope_get_bytes(item, &data, &n) == PYROPE_OK)
                        put_quoted(text, data, n, /* is_ascii_only= */ true);
                break;
        case PYROPE_EXT:
                put_ext(text, item);
                break;
        default:
                put(text, "None");
                break;
        }
}

typedef struct Open Open;

struct Open {
        pyrope_iter iter;
        size_t n_put; /* elements printed */
};

static bool is_container(pyrope_view item)
{
        pyrope_type type = pyrope_type_of(item);

        return type == PYROPE_LIST || type == PYROPE_MAP;
}

static void put_item(Text *text, pyrope_view item)
{
        Open open[REPR_DEPTH_MAX];
        size_t depth = 0;
        pyrope_view key;
        Open *top;

        for (;;) {
                if (!is_container(item)) {
                        put_scalar(text, item);
                } else if (depth == REPR_DEPTH_MAX) {
                        put(text, "%s", pyrope_each(item).is_map ? "{...}" : "[...]");
                } else {
                        open[depth++] = (Open){ .iter = pyrope_each(item) };
                        put(text, "%s", open[depth - 1].iter.is_map ? "{" : "[");
                }

                /* The next element of the innermost container that has one. */
                for (;; depth--) {
                        if (depth == 0 || text->n == text->n_max)
                                return;
                        top = &open[depth - 1];
                        if (pyrope_next(&top->iter, &key, &item))
                                break;
                        put(text, "%s", top->iter.is_map ? "}" : "]");
                }
                if (top->n_put++ > 0)
                        put(text, ", ");
                if (top->iter.is_map) {
                        put_scalar(text, key);
                        put(text, ": ");
                }
        }
}

size_t repr_format(pyrope_view item, char *ret, size_t n_ret)
{
        Text text = { .at = ret, .n_max = n_ret - 1 };

        put_item(&text, item);
        text.at[text.n] = '\0';
        return text.n;
}

size_t repr_format_str(pyrope_view item, char *ret, size_t n_ret)
{
        Text text = { .at = ret, .n_max = n_ret - 1 };
        const char *str;
        size_t n;

        if (pyrope_get_str(item, &str, &n))
                return repr_format(item, ret, n_ret);
        for (size_t i = 0; i < n && text.n < text.n_max; i++)
                if (str[i])
                        put_bytes(&text, &str[i], 1);
                else
                        put(&text, "\\x00"); /* what follows is not to be lost */
        text.at[text.n] = '\0';
        return text.n;
}
