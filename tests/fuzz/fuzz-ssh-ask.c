/* SPDX-License-Identifier: MIT */

/* What a host has shown to a person: bounded lines of UTF-8 without any control character. */

#include "client/ssh/ask.h"

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *text = strndup((const char *)data, size);
        char out[SSH_ASK_TEXT_BYTES];
        size_t n_lines = 1;

        if (!text)
                return 0;
        ssh_ask_show(text, out);
        PROPERTY(strnlen(out, sizeof(out)) < sizeof(out));
        PROPERTY(text_is_utf8(out, strlen(out)));
        for (const char *at = out; *at; at++) {
                n_lines += *at == '\n';
                PROPERTY(*at == '\n' || ((unsigned char)*at >= ' ' && *at != '\x7f'));
        }
        PROPERTY(n_lines <= SSH_ASK_LINES_MAX);
        return 0;
}
