#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Words
 *
 * A line of text split into words, as in `command = /bin/solver --mesh "my mesh.vtk"`. Words are
 * separated by blanks. "..." and '...' keep blanks in a word and may stand anywhere in it; outside
 * '...' a backslash takes the next character as it is. There are no variables, no patterns, no
 * other escapes: it is not a shell, and none ever sees the words.
 */

#include "base/defs.h"

#define WORDS_MAX 1024u

enum {
        WORDS_E_SUCCESS,

        WORDS_E_QUOTE,     /* a quote is not closed */
        WORDS_E_BACKSLASH, /* nothing follows a backslash */
        WORDS_E_TOO_MANY,  /* more than WORDS_MAX */
};

typedef struct Words Words;

struct Words {
        char **items; /* n words, then NULL; owned, one piece of memory */
        size_t n;
};

/**
 * words_split() - split a line
 * @text:       borrowed for the call
 * @ret:        its previous contents are not freed; words_deinit()
 *
 * Return: 0, WORDS_E_QUOTE, WORDS_E_BACKSLASH, WORDS_E_TOO_MANY, -ENOMEM.
 */
NODISCARD int words_split(const char *text, Words *ret);

void words_deinit(Words *words);
