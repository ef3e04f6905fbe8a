/* SPDX-License-Identifier: MIT */

/*
 * Whether bytes are UTF-8 is judged as the C library's iconv() does; escaped text is harmless and
 * stays as it is when escaped again; numbers that parse print as numbers that parse to the same.
 */

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OUT_MAX 512u

/* To UTF-16, which has neither surrogates nor anything above U+10FFFF. */
static bool iconv_takes(const uint8_t *data, size_t size)
{
        iconv_t converter = iconv_open("UTF-16LE", "UTF-8");
        char *in = (char *)(uintptr_t)data;
        char units[256];
        size_t r;

        PROPERTY(converter != (iconv_t)-1);
        do {
                char *out = units;
                size_t n_out = sizeof(units);

                r = iconv(converter, &in, &size, &out, &n_out);
        } while (r == (size_t)-1 && errno == E2BIG);
        iconv_close(converter);
        return r != (size_t)-1;
}

static void check_escape(const uint8_t *data, size_t size, size_t n_out)
{
        char *out = malloc(n_out); /* a sanitizer sees one byte too many */
        char again[OUT_MAX];
        size_t n;

        PROPERTY(out);
        n = text_escape(data, size, out, n_out);
        PROPERTY(n < n_out && strlen(out) == n);
        PROPERTY(text_is_utf8(out, n));
        for (size_t i = 0; i < n; i++) {
                PROPERTY((unsigned char)out[i] >= ' ' && out[i] != 0x7f);
                PROPERTY(i + 1 == n || (uint8_t)out[i] != 0xc2 || (uint8_t)out[i + 1] >= 0xa0);
        }
        PROPERTY(text_escape(out, n, again, n_out) == n && memcmp(out, again, n) == 0);
        free(out);
}

static void check_numbers(const char *text)
{
        char printed[32];
        int64_t number, again;

        if (text_parse_int64(text, INT64_MIN, INT64_MAX, &number) == 0) {
                snprintf(printed, sizeof(printed), "%" PRId64, number);
                PROPERTY(text_parse_int64(printed, number, number, &again) == 0);
                PROPERTY(again == number);
        }
        if (text_parse_size(text, &number) == 0) {
                snprintf(printed, sizeof(printed), "%" PRId64, number);
                PROPERTY(number >= 0 && text_parse_size(printed, &again) == 0);
                PROPERTY(again == number);
        }
        if (text_parse_duration(text, &number) == 0) {
                snprintf(printed, sizeof(printed), "%" PRId64 "ms", number);
                PROPERTY(number >= 0 && text_parse_duration(printed, &again) == 0);
                PROPERTY(again == number);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);

        PROPERTY(text);
        if (size)
                memcpy(text, data, size);
        text[size] = '\0';
        check_numbers(text);
        free(text);

        PROPERTY(text_is_utf8(data, size) == iconv_takes(data, size));
        check_escape(data, size, TEXT_ESCAPE_MIN + (size ? data[0] % 64 : 0));
        check_escape(data, size, OUT_MAX);
        return 0;
}
