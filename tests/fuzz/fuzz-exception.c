/* SPDX-License-Identifier: MIT */

/*
 * Whatever comes as an exception becomes an error whose class and text are one line each and whose
 * traceback is bounded; sent on under that class and text it arrives as the same error.
 */

#include "proto/message.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define SHOWN_WHOLE 255u /* bytes of a class name that is not cut */

static void check_line(const char *text)
{
        PROPERTY(strlen(text) < ERROR_TEXT_MAX_BYTES && text_is_utf8(text, strlen(text)));
        for (const char *p = text; *p; p++)
                PROPERTY((uint8_t)*p >= ' ' && *p != 0x7f);
}

static void check_traceback(const char *text)
{
        PROPERTY(strlen(text) < MESSAGE_TRACEBACK_MAX_BYTES && text_is_utf8(text, strlen(text)));
        for (const char *p = text; *p; p++)
                PROPERTY(((uint8_t)*p >= ' ' || *p == '\n') && *p != 0x7f);
}

static bool has_suffix(const char *text, const char *suffix)
{
        size_t n = strlen(text);
        size_t n_suffix = strlen(suffix);

        return n >= n_suffix && strcmp(text + n - n_suffix, suffix) == 0;
}

static void check_sent_on(const pyrope_error *error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_error_freep) pyrope_error *again = NULL;
        const MessageException exception = {
                .class_ = pyrope_error_class(error),
                .text = pyrope_error_text(error),
                .traceback = pyrope_error_traceback(error),
        };
        const uint8_t *bytes;
        pyrope_view view;
        size_t n_bytes;

        message_exception_pack(writer, &exception);
        PROPERTY(writer_finish(writer, &bytes, &n_bytes) == PYROPE_OK);
        PROPERTY(codec_check(bytes, n_bytes, &view) == 0);
        again = message_exception_error(view);
        PROPERTY(again != NULL);
        /* A bare name comes back with its module, and a KeyError in one more pair of quotes. */
        if (strlen(exception.class_) < SHOWN_WHOLE)
                PROPERTY(has_suffix(pyrope_error_class(again), exception.class_));
        if (strcmp(pyrope_error_class(again), "builtins.KeyError") != 0)
                PROPERTY(strcmp(pyrope_error_text(again), exception.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_view payload;

        if (codec_check(data, size, &payload))
                return 0;
        error = message_exception_error(payload);
        PROPERTY(error != NULL && pyrope_error_status(error) == PYROPE_E_REMOTE);
        check_line(pyrope_error_class(error));
        check_line(pyrope_error_text(error));
        if (pyrope_error_traceback(error))
                check_traceback(pyrope_error_traceback(error));
        check_sent_on(error);
        return 0;
}
