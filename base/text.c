/* SPDX-License-Identifier: MIT */

#include "base/text.h"

#include <assert.h>
#include <string.h>

#define CODE_POINT_MAX 0x10ffffu
#define CUT_MARK       "\xe2\x80\xa6" /* U+2026, … */
#define CUT_MARK_SIZE  (sizeof(CUT_MARK) - 1)

typedef struct CodeRange CodeRange;

struct CodeRange {
        uint32_t first, last;
};

/* What would end a line, move the cursor, or turn the direction of what is written around it. */
static const CodeRange not_shown[] = {
        { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c }, { 0x200e, 0x200f },
        { 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
};

/* The code point at the front and its length in bytes; 0 if the bytes there are no UTF-8. */
static size_t decode(const uint8_t *bytes, size_t n_bytes, uint32_t *ret_code)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        uint32_t code;
        size_t n;

        if (bytes[0] < 0x80) {
                *ret_code = bytes[0];
                return 1;
        }
        n = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
        if (bytes[0] < 0xc0 || bytes[0] > 0xf7 || n > n_bytes)
                return 0;

        code = bytes[0] & (0x7fu >> n);
        for (size_t i = 1; i < n; i++) {
                if ((bytes[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (bytes[i] & 0x3f);
        }
        if (code < smallest[n] || code > CODE_POINT_MAX || (code >= 0xd800 && code <= 0xdfff))
                return 0;

        *ret_code = code;
        return n;
}

/* Most text is ASCII: eight bytes at a time as long as they last. */
static size_t ascii_length(const uint8_t *bytes, size_t n_bytes)
{
        const uint64_t high_bits = 0x8080808080808080u;
        uint64_t word;
        size_t n = 0;

        for (; n + sizeof(word) <= n_bytes; n += sizeof(word)) {
                memcpy(&word, bytes + n, sizeof(word));
                if (word & high_bits)
                        break;
        }
        while (n < n_bytes && bytes[n] < 0x80)
                n++;
        return n;
}

bool text_is_utf8(const void *bytes, size_t n_bytes)
{
        const uint8_t *next = bytes;
        const uint8_t *end = next + n_bytes;
        uint32_t code;
        size_t n;

        while (next < end) {
                next += ascii_length(next, (size_t)(end - next));
                for (; next < end && *next >= 0x80; next += n) {
                        n = decode(next, (size_t)(end - next), &code);
                        if (n == 0)
                                return false;
                }
        }
        return true;
}

static bool is_shown(uint32_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(not_shown); i++)
                if (code >= not_shown[i].first && code <= not_shown[i].last)
                        return false;
        return true;
}

/* Writes the first character, or its bytes escaped, to @out; returns how many bytes it took. */
static size_t escape_one(const uint8_t *bytes, size_t n_bytes, char out[static 16], size_t *ret_n)
{
        static const char digits[] = "0123456789abcdef";
        uint32_t code;
        size_t n = decode(bytes, n_bytes, &code);

        if (n && is_shown(code)) {
                memcpy(out, bytes, n);
                *ret_n = n;
                return n;
        }
        n = n ? n : 1;
        for (size_t i = 0; i < n; i++) {
                memcpy(out + 4 * i, "\\x", 2);
                out[4 * i + 2] = digits[bytes[i] >> 4];
                out[4 * i + 3] = digits[bytes[i] & 15];
        }
        *ret_n = 4 * n;
        return n;
}

size_t text_escape(const void *bytes, size_t n_bytes, char *out, size_t n_out)
{
        const uint8_t *next = bytes;
        size_t n_text = 0;
        size_t n_fit = 0; /* what may stay if the mark has to follow */
        char piece[16];
        size_t n_piece;
        size_t n;

        assert(n_out >= TEXT_ESCAPE_MIN);

        while (n_bytes > 0) {
                n = escape_one(next, n_bytes, piece, &n_piece);
                if (n_text + n_piece + 1 > n_out) {
                        memcpy(out + n_fit, CUT_MARK, CUT_MARK_SIZE);
                        n_text = n_fit + CUT_MARK_SIZE;
                        break;
                }
                memcpy(out + n_text, piece, n_piece);
                n_text += n_piece;
                if (n_text + CUT_MARK_SIZE + 1 <= n_out)
                        n_fit = n_text;
                next += n;
                n_bytes -= n;
        }
        out[n_text] = '\0';
        return n_text;
}

/* Reads at least one digit; what follows them is at *ret_end. Returns as text_parse_int64(). */
static int parse_digits(const char *text, bool is_negative, int64_t *ret, const char **ret_end)
{
        const char *p = text;
        int64_t number = 0;
        bool is_out = false;

        if (*p < '0' || *p > '9')
                return TEXT_E_INVALID;
        for (; *p >= '0' && *p <= '9'; p++) {
                int64_t digit = is_negative ? -(*p - '0') : *p - '0';

                /* All digits are looked at: "99…9x" is invalid rather than out of range. */
                is_out = is_out || __builtin_mul_overflow(number, 10, &number) ||
                         __builtin_add_overflow(number, digit, &number);
        }
        *ret_end = p;
        *ret = number;
        return is_out ? TEXT_E_RANGE : 0;
}

int text_parse_int64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
        bool is_negative = text[0] == '-';
        const char *end = NULL;
        int64_t number;
        int r;

        r = parse_digits(text + is_negative, is_negative, &number, &end);
        if (r == TEXT_E_INVALID || *end != '\0')
                return TEXT_E_INVALID;
        if (r)
                return r;
        if (number < min || number > max)
                return TEXT_E_RANGE;

        *ret = number;
        return 0;
}

typedef struct TextUnit TextUnit;

struct TextUnit {
        const char *name; /* NULL ends an array */
        int64_t factor;
};

static int parse_with_unit(const char *text, const TextUnit *units, int64_t *ret)
{
        const char *end = NULL;
        int64_t number;
        int r;

        r = parse_digits(text, /* is_negative= */ false, &number, &end);
        if (r == TEXT_E_INVALID)
                return r;
        for (; units->name; units++)
                if (strcmp(units->name, end) == 0)
                        break;
        if (!units->name)
                return TEXT_E_INVALID;
        if (r || __builtin_mul_overflow(number, units->factor, &number))
                return TEXT_E_RANGE;

        *ret = number;
        return 0;
}

int text_parse_size(const char *text, int64_t *ret_bytes)
{
        static const TextUnit units[] = {
                { "", 1 },
                { "K", INT64_C(1) << 10 },
                { "M", INT64_C(1) << 20 },
                { "G", INT64_C(1) << 30 },
                { "T", INT64_C(1) << 40 },
                { NULL, 0 },
        };

        return parse_with_unit(text, units, ret_bytes);
}

int text_parse_duration(const char *text, int64_t *ret_ms)
{
        static const TextUnit units[] = {
                { "ms", 1 },      { "s", 1000 },     { "m", 60000 },
                { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
        };

        if (strcmp(text, "0") == 0) {
                *ret_ms = 0;
                return 0;
        }
        return parse_with_unit(text, units, ret_ms);
}

int text_parse_bool(const char *text, bool *ret)
{
        static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(text, words[i]) == 0) {
                        *ret = i % 2;
                        return 0;
                }
        return TEXT_E_INVALID;
}
