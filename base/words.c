/* SPDX-License-Identifier: MIT */

#include "base/words.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

#define BLANKS " \t"

/* Reads the rest of a quoted piece, the opening quote of which has been passed. */
static int read_quoted(const char **text, char quote, char **out)
{
        const char *p = *text;

        for (; *p && *p != quote; p++) {
                if (*p == '\\' && quote == '"' && *++p == '\0')
                        return WORDS_E_BACKSLASH;
                *(*out)++ = *p;
        }
        if (!*p)
                return WORDS_E_QUOTE;
        *text = p + 1;
        return 0;
}

/* Reads one word, up to a blank or the end; it never gets longer than its text. */
static int read_word(const char **text, char **out)
{
        int r = 0;

        while (r == 0 && **text && !strchr(BLANKS, **text)) {
                char c = *(*text)++;

                if (c == '"' || c == '\'') {
                        r = read_quoted(text, c, out);
                        continue;
                }
                if (c == '\\')
                        c = *(*text)++;
                if (c == '\0')
                        return WORDS_E_BACKSLASH;
                *(*out)++ = c;
        }
        *(*out)++ = '\0';
        return r;
}

/* Most words a text can have: every second character. */
static size_t most_words(const char *text)
{
        size_t n = strlen(text) / 2 + 1;

        return n < WORDS_MAX ? n : WORDS_MAX;
}

int words_split(const char *text, Words *ret)
{
        size_t n_items = most_words(text) + 1;
        CLEANUP(freep) char **items = NULL;
        size_t n = 0;
        char *out;
        int r;

        /* The array, and behind it the words with their terminators. */
        items = malloc(n_items * sizeof(*items) + strlen(text) + 1);
        if (!items)
                return error_origin(-ENOMEM);
        out = (char *)(items + n_items);

        for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
                if (n == WORDS_MAX)
                        return WORDS_E_TOO_MANY;
                items[n++] = out;
                r = read_word(&text, &out);
                if (r)
                        return r;
        }
        items[n] = NULL;

        *ret = (Words){ .items = TAKE(items), .n = n };
        return 0;
}

void words_deinit(Words *words)
{
        free(words->items);
        *words = (Words){ 0 };
}
