/* SPDX-License-Identifier: MIT */

#include "proto/value.h"

#include "base/text.h"
#include "proto/frame.h"

#include <stdio.h>
#include <string.h>

struct pyrope_error {
        pyrope_status status;
        char *class_;    /* NULL unless the status is PYROPE_E_REMOTE; owned */
        char *traceback; /* or NULL; owned */
        char *text;      /* one line; owned */
        bool is_unsent;  /* of a call that was not sent */

        /* Of a remote exception only. */
        pyrope_value *value;   /* what the exception lies in, or NULL; owned */
        pyrope_view exception; /* the map; absent without a value */
        Buffer annotations;    /* as they came, and checked */
};

static const struct {
        const char *name;
        const char *text;
} statuses[] = {
#define X(name, number, text) [number] = { #name, text },
        PYROPE_STATUS_MAP(X)
#undef X
};

const char *pyrope_strerror(pyrope_status status)
{
        return (unsigned)status < ARRAY_SIZE(statuses) ? statuses[status].text : "unknown status";
}

const char *pyrope_status_name(pyrope_status status)
{
        return (unsigned)status < ARRAY_SIZE(statuses) ? statuses[status].name : "E_UNKNOWN";
}

pyrope_error *pyrope_error_free(pyrope_error *error)
{
        if (!error)
                return NULL;
        free(error->text);
        free(error->traceback);
        free(error->class_);
        pyrope_value_free(error->value);
        buffer_deinit(&error->annotations);
        free(error);
        return NULL;
}

pyrope_status pyrope_error_status(const pyrope_error *error)
{
        if (!error)
                return PYROPE_E_NOMEM;
        return error->status;
}

const char *pyrope_error_text(const pyrope_error *error)
{
        if (!error)
                return pyrope_strerror(PYROPE_E_NOMEM);
        return error->text;
}

const char *pyrope_error_class(const pyrope_error *error)
{
        if (!error)
                return NULL;
        return error->class_;
}

const char *pyrope_error_traceback(const pyrope_error *error)
{
        if (!error)
                return NULL;
        return error->traceback;
}

bool pyrope_error_is_unsent(const pyrope_error *error)
{
        return error && error->is_unsent;
}

pyrope_view pyrope_error_arguments(const pyrope_error *error)
{
        if (!error)
                return (pyrope_view){ NULL, NULL };
        return pyrope_find(error->exception, "args");
}

pyrope_view pyrope_error_attribute(const pyrope_error *error, const char *name)
{
        if (!error || !name)
                return (pyrope_view){ NULL, NULL };
        return pyrope_find(pyrope_find(error->exception, "attributes"), name);
}

bool pyrope_error_annotation(const pyrope_error *error, const char *id, const void **ret,
                             size_t *ret_n)
{
        FrameAnnotation chunk;

        if (!error || !id || !ret || !ret_n)
                return false;
        if (!frame_annotation_find(error->annotations.data, error->annotations.n, id, &chunk))
                return false;
        *ret = chunk.data;
        *ret_n = chunk.n_data;
        return true;
}

void error_keep_exception(pyrope_error *error, pyrope_value *value, pyrope_view exception)
{
        if (!error)
                return;
        error->value = pyrope_value_ref(value);
        error->exception = exception;
}

void error_keep_annotations(pyrope_error *error, Buffer *annotations)
{
        if (!error)
                return;
        buffer_move(annotations, &error->annotations);
}

static char *line_of(const char *format, va_list arguments) PRINTF(1, 0);

/* Printed text as one line of bounded length, or NULL if memory is out. */
static char *line_of(const char *format, va_list arguments)
{
        char raw[2 * ERROR_TEXT_MAX_BYTES];
        char line[ERROR_TEXT_MAX_BYTES];
        int n;

        n = vsnprintf(raw, sizeof(raw), format, arguments);
        if (n < 0)
                n = 0;
        if ((size_t)n >= sizeof(raw))
                n = sizeof(raw) - 1;
        text_escape(raw, (size_t)n, line, sizeof(line));
        return strdup(line);
}

static char *printed_line(const char *format, ...) PRINTF(1, 2);

static char *printed_line(const char *format, ...)
{
        va_list arguments;
        char *line;

        va_start(arguments, format);
        line = line_of(format, arguments);
        va_end(arguments);
        return line;
}

/* @text is taken; NULL if memory was out. */
static pyrope_error *error_new(pyrope_status status, char *text)
{
        pyrope_error *error;

        if (!text)
                return NULL;
        error = calloc(1, sizeof(*error));
        if (!error) {
                free(text);
                return NULL;
        }
        error->status = status;
        error->text = text;
        return error;
}

pyrope_status error_set(pyrope_error **error, pyrope_status status, const char *format, ...)
{
        va_list arguments;

        if (!error)
                return status;
        va_start(arguments, format);
        *error = error_new(status, line_of(format, arguments));
        va_end(arguments);
        return status;
}

pyrope_status error_unsent(pyrope_error **error, pyrope_status status)
{
        if (error && *error)
                (*error)->is_unsent = true;
        return status;
}

const char *error_words(pyrope_status status, const pyrope_error *error)
{
        return error ? pyrope_error_text(error) : pyrope_strerror(status);
}

pyrope_status error_null(pyrope_error **error)
{
        return error_set(error, PYROPE_E_INVALID, "an argument is NULL that must not be");
}

pyrope_status error_nomem(pyrope_error **error)
{
        return error_set(error, PYROPE_E_NOMEM, "%s", pyrope_strerror(PYROPE_E_NOMEM));
}

pyrope_status error_set_remote(pyrope_error **error, const char *class_, const char *text,
                               const char *traceback)
{
        CLEANUP(pyrope_error_freep) pyrope_error *made = NULL;

        if (!error)
                return PYROPE_E_REMOTE;
        *error = NULL;
        made = error_new(PYROPE_E_REMOTE, printed_line("%s", text));
        if (!made)
                return PYROPE_E_REMOTE;
        made->class_ = printed_line("%s", class_);
        if (!made->class_)
                return PYROPE_E_REMOTE;
        if (traceback) {
                made->traceback = strdup(traceback);
                if (!made->traceback)
                        return PYROPE_E_REMOTE;
        }

        *error = TAKE(made);
        return PYROPE_E_REMOTE;
}

pyrope_status error_prefix(pyrope_error **error, pyrope_status status, const char *format, ...)
{
        CLEANUP(freep) char *prefix = NULL;
        va_list arguments;
        char *text;

        if (!error || !*error)
                return status;
        va_start(arguments, format);
        prefix = line_of(format, arguments);
        va_end(arguments);
        text = prefix ? printed_line("%s: %s", prefix, (*error)->text) : NULL;
        if (text) {
                free((*error)->text);
                (*error)->text = text;
        }
        return status;
}
