#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Errors
 *
 * A function that can fail returns 0, a positive outcome of its own module's enum, or a negative
 * errno that nobody expected. These macros leave a trace of an error's way up in the log, at debug
 * level, and give the code back: `return error_trace(r);`.
 *
 * ErrorText carries the one line a person needs where a code says too little.
 */

#include "base/defs.h"

#include <stdarg.h>

#define ERROR_TEXT_SIZE 1024u /* bytes with the terminator; longer text is cut and marked */

typedef struct ErrorText ErrorText;

struct ErrorText {
        char text[ERROR_TEXT_SIZE]; /* one line of UTF-8 without newline; "" if none was set */
};

/* Where an unexpected error is born; r is negative. */
#define error_origin(r) error_log_((r), "from", __FILE__, __LINE__, __func__)

/* Where a negative error passes on. */
#define error_trace(r) error_log_((r), "through", __FILE__, __LINE__, __func__)

/* Like error_trace(), but a positive outcome, which the caller did not expect either, becomes
 * -ENOTRECOVERABLE, so that it cannot be taken for an outcome of the caller's own module. */
#define error_fold(r) error_log_(error_folded_(r), "folded", __FILE__, __LINE__, __func__)

/**
 * error_text_set() - write the line
 * @error:      receives it, or NULL to drop it
 * @format:     as printf(), also with the text of @error itself; what comes out is escaped as
 * text_escape() does, so that names and paths of strangers can neither break the line nor move the
 * terminal
 *
 * errno is kept.
 */
void error_text_set(ErrorText *error, const char *format, ...) PRINTF(2, 3);

/* The same with a va_list. */
void error_text_vset(ErrorText *error, const char *format, va_list arguments) PRINTF(2, 0);

/* The halves of the macros above. */
int error_log_(int r, const char *what, const char *file, int line, const char *function);
int error_folded_(int r);
