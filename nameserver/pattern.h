#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pattern
 *
 * Regular expressions as Python's re.match() takes them: anchored at the beginning of the text, not
 * at its end, on Unicode text. PCRE2 runs them, with limits, so that no pattern can keep us long.
 * What Python's syntax says otherwise is told in docs/nameserver.md and shown in the unit test.
 *
 * A pattern is used by one thread at a time.
 */

#include "base/error.h"

#define PATTERN_MAX_BYTES   8192u
#define PATTERN_NESTING_MAX 100u    /* parentheses inside each other */
#define PATTERN_STEPS_MAX   200000u /* of one match, as PCRE2 counts; some milliseconds */
#define PATTERN_DEPTH_MAX   10000u  /* of going back, in one match */
#define PATTERN_HEAP_KIB    4096u   /* memory of one match */

enum {
        PATTERN_E_SUCCESS,

        PATTERN_E_INVALID,  /* no regular expression, or a longer one than we take */
        PATTERN_E_NO_MATCH, /* the text does not begin so */
        PATTERN_E_LIMIT,    /* cannot be decided within the limits */
};

typedef struct Pattern Pattern;

/**
 * pattern_new() - compile a regular expression
 * @text, @n_text: valid UTF-8, which may hold NUL
 * @ret:        owned by the caller, pattern_free()
 * @error:      NULL, or says for PATTERN_E_INVALID what is wrong, and where
 *
 * Return: 0, PATTERN_E_INVALID, -ENOMEM.
 */
NODISCARD int pattern_new(const char *text, size_t n_text, Pattern **ret, ErrorText *error);
Pattern *pattern_free(Pattern *pattern);
DEFINE_CLEANUP(Pattern, pattern_free);

/**
 * pattern_match() - whether a text begins with what the pattern describes
 * @text, @n_text: valid UTF-8, which may hold NUL
 *
 * Return: 0, PATTERN_E_NO_MATCH, PATTERN_E_LIMIT, -ENOMEM.
 */
NODISCARD int pattern_match(const Pattern *pattern, const char *text, size_t n_text);
