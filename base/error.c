/* SPDX-License-Identifier: MIT */

#include "base/error.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "base/error.c" of what the compiler was given, which may be an absolute path. */
static const char *path_in_tree(const char *file)
{
        const char *start = file;
        const char *previous = file;

        for (const char *p = file; *p; p++)
                if (*p == '/') {
                        start = previous;
                        previous = p + 1;
                }
        return start;
}

int error_log_(int r, const char *what, const char *file, int line, const char *function)
{
        if (r && log_is_enabled(LOG_LEVEL_DEBUG))
                log_debug("error %d (%s) %s %s() at %s:%d", r, r < 0 ? strerror(-r) : "outcome",
                          what, function, path_in_tree(file), line);
        return r;
}

int error_folded_(int r)
{
        return r > 0 ? -ENOTRECOVERABLE : r;
}

void error_text_vset(ErrorText *error, const char *format, va_list arguments)
{
        char raw[2 * ERROR_TEXT_SIZE];
        int saved_errno = errno;
        int n;

        if (!error)
                return;
        n = vsnprintf(raw, sizeof(raw), format, arguments);
        if (n < 0)
                n = 0;
        if ((size_t)n >= sizeof(raw))
                n = sizeof(raw) - 1;
        text_escape(raw, (size_t)n, error->text, sizeof(error->text));
        errno = saved_errno;
}

void error_text_set(ErrorText *error, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        error_text_vset(error, format, arguments);
        va_end(arguments);
}
