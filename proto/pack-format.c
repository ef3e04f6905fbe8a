/* SPDX-License-Identifier: MIT */

#include "proto/pack-format.h"

#include "proto/value.h"

#include <string.h>

const char *pack_format_skip(const char *at)
{
        while (*at == ' ' || *at == ',' || *at == '\t' || *at == '\n')
                at++;
        return at;
}

static bool is_opening(char letter)
{
        return letter == '[' || letter == '{';
}

static bool is_closing(char letter)
{
        return letter == ']' || letter == '}';
}

/* How many values a format describes, up to its end or an unmatched bracket; false if a bracket is
 * not closed. */
static bool count_values(const char *at, size_t *ret)
{
        size_t depth = 0;
        size_t n = 0;

        for (at = pack_format_skip(at); *at; at = pack_format_skip(at + 1)) {
                if (is_closing(*at)) {
                        if (depth-- == 0)
                                break;
                        continue;
                }
                if (*at == ':')
                        continue;
                n += depth == 0;
                depth += is_opening(*at);
        }
        *ret = n;
        return *at || depth == 0;
}

typedef struct Pack Pack;

struct Pack {
        pyrope_writer *writer;
        const char *at; /* what of the format is left */
        va_list arguments;
        char closing[PACK_FORMAT_DEPTH_MAX]; /* the brackets that are open, by what closes them */
        size_t depth;
};

static void pack_lent(Pack *pack, char letter)
{
        const void *data = va_arg(pack->arguments, const void *);
        size_t n = letter == 'Y' ? va_arg(pack->arguments, size_t) : 0;
        void (*released)(void *userdata) = va_arg(pack->arguments, void (*)(void *userdata));
        void *userdata = va_arg(pack->arguments, void *);

        if (letter == 'Y')
                pyrope_write_bytes_lent(pack->writer, data, n, released, userdata);
        else
                pyrope_write_array_lent(pack->writer, data, released, userdata);
}

static bool pack_scalar(Pack *pack, char letter)
{
        const void *data;
        const char *text;

        switch (letter) {
        case 'n':
                pyrope_write_nil(pack->writer);
                return true;
        case 'b':
                pyrope_write_bool(pack->writer, va_arg(pack->arguments, int));
                return true;
        case 'i':
                pyrope_write_int(pack->writer, va_arg(pack->arguments, int));
                return true;
        case 'I':
                pyrope_write_int(pack->writer, va_arg(pack->arguments, int64_t));
                return true;
        case 'f':
                pyrope_write_double(pack->writer, va_arg(pack->arguments, double));
                return true;
        case 's':
                text = va_arg(pack->arguments, const char *);
                if (text)
                        pyrope_write_str(pack->writer, text);
                else
                        pyrope_write_nil(pack->writer);
                return true;
        case 'y':
                data = va_arg(pack->arguments, const void *);
                pyrope_write_bytes(pack->writer, data, va_arg(pack->arguments, size_t));
                return true;
        case 'Y':
        case 'A':
                pack_lent(pack, letter);
                return true;
        case 'v':
                pyrope_write_view(pack->writer, va_arg(pack->arguments, pyrope_view));
                return true;
        case 'a':
                pyrope_write_array(pack->writer, va_arg(pack->arguments, const pyrope_array *));
                return true;
        default:
                return false;
        }
}

static bool open_bracket(Pack *pack, char bracket)
{
        size_t n;

        if (pack->depth == PACK_FORMAT_DEPTH_MAX || !count_values(pack->at, &n))
                return false;
        pack->closing[pack->depth++] = bracket == '[' ? ']' : '}';
        if (bracket == '[')
                pyrope_write_list(pack->writer, n);
        else
                pyrope_write_map(pack->writer, n / 2);
        return bracket == '[' || n % 2 == 0;
}

static bool close_bracket(Pack *pack, char bracket)
{
        return pack->depth > 0 && pack->closing[--pack->depth] == bracket;
}

/* In a map, s and ':' come before each value. */
static bool pack_key(Pack *pack)
{
        if (*pack->at++ != 's')
                return false;
        pack->at = pack_format_skip(pack->at);
        return *pack->at++ == ':' && pack_scalar(pack, 's');
}

static bool pack_next(Pack *pack)
{
        bool is_in_map = pack->depth > 0 && pack->closing[pack->depth - 1] == '}';
        char letter;

        if (is_closing(*pack->at))
                return close_bracket(pack, *pack->at++);
        if (is_in_map && !pack_key(pack))
                return false;
        pack->at = pack_format_skip(pack->at);
        letter = *pack->at;
        if (letter == '\0')
                return false;
        pack->at++;
        if (is_opening(letter))
                return open_bracket(pack, letter);
        return pack_scalar(pack, letter);
}

static void bad_format(pyrope_writer *writer)
{
        writer_fail(writer, PYROPE_E_INVALID, "a format that is none");
}

void pyrope_vpack(pyrope_writer *writer, const char *format, va_list arguments)
{
        Pack pack = { .writer = writer, .at = format };
        bool is_good = true;

        if (!writer)
                return;
        if (!format) {
                bad_format(writer);
                return;
        }
        va_copy(pack.arguments, arguments);
        while (is_good && *(pack.at = pack_format_skip(pack.at)))
                is_good = pack_next(&pack);
        va_end(pack.arguments);
        if (!is_good || pack.depth > 0)
                bad_format(writer);
}

void pack_format_list(pyrope_writer *writer, const char *format, va_list arguments)
{
        size_t n;

        if (!format || !count_values(format, &n)) {
                bad_format(writer);
                return;
        }
        pyrope_write_list(writer, n);
        pyrope_vpack(writer, format, arguments);
}

void pyrope_pack(pyrope_writer *writer, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        pyrope_vpack(writer, format, arguments);
        va_end(arguments);
}
