/* SPDX-License-Identifier: MIT */

/*
 * Regular expressions: an input is a pattern, a newline, and a text. A match is decided, or given
 * up at the limits, and the same whenever it is asked; a pattern that is refused has a reason.
 */

#include "nameserver/pattern.h"

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check(const char *pattern, size_t n_pattern, const char *text, size_t n_text)
{
        CLEANUP(pattern_freep) Pattern *compiled = NULL;
        ErrorText error = { "" };
        int r;

        r = pattern_new(pattern, n_pattern, &compiled, &error);
        PROPERTY(r == 0 || r == PATTERN_E_INVALID);
        PROPERTY(!compiled == (r != 0));
        PROPERTY(r == 0 || error.text[0]);
        if (r)
                return;
        r = pattern_match(compiled, text, n_text);
        PROPERTY(r == 0 || r == PATTERN_E_NO_MATCH || r == PATTERN_E_LIMIT);
        PROPERTY(pattern_match(compiled, text, n_text) == r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *bytes = (const char *)data;
        const char *newline = memchr(data, '\n', size);
        size_t n_pattern = newline ? (size_t)(newline - bytes) : size;
        size_t n_text = newline ? size - n_pattern - 1 : 0;

        /* The message that brought them was checked. */
        if (text_is_utf8(bytes, n_pattern) && text_is_utf8(bytes + size - n_text, n_text))
                check(bytes, n_pattern, bytes + size - n_text, n_text);
        return 0;
}
