/* SPDX-License-Identifier: MIT */

#include "tests/integration/stock-check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

pyrope_context *context;
pyrope_proxy *stock;
int n_failed;

void check(bool is_true, const char *sentence)
{
        printf("%s - %s\n", is_true ? "ok" : "NOT OK", sentence);
        n_failed += !is_true;
}

bool is_status(pyrope_status is, pyrope_status wanted, const pyrope_error *error)
{
        if (is != wanted)
                printf("    %s: %s\n", pyrope_status_name(is),
                       error ? pyrope_error_text(error) : "no words");
        return is == wanted;
}

/* One call with arguments by a format; the result, or NULL after it was said what failed. */
pyrope_value *call(const char *method, const char *format, ...)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        pyrope_value *result = NULL;
        pyrope_status status;
        va_list list;

        va_start(list, format);
        pyrope_vpack(writer, format, list);
        va_end(list);
        status = pyrope_writer_take(writer, &arguments, &error);
        if (!status)
                status = pyrope_call_method(stock, method, arguments, NULL, 0, &result, &error);
        if (!is_status(status, PYROPE_OK, error))
                printf("    in %s\n", method);
        return result;
}

bool is_int(pyrope_view item, int64_t wanted)
{
        int64_t number;

        return pyrope_get_int(item, &number) == PYROPE_OK && number == wanted;
}

bool holds(const char *text, const char *part)
{
        return text && strstr(text, part);
}

bool fails_as(pyrope_status status, const pyrope_error *error, const char *class_, const char *part)
{
        bool is_so = is_status(status, PYROPE_E_REMOTE, error) &&
                     strcmp(pyrope_error_class(error), class_) == 0 &&
                     holds(pyrope_error_text(error), part);

        if (!is_so && error)
                printf("    %s: %s\n",
                       pyrope_error_class(error) ? pyrope_error_class(error) : "no class",
                       pyrope_error_text(error));
        return is_so;
}

bool is_bytes(pyrope_view item, const void *wanted, size_t n_wanted)
{
        const void *data;
        size_t n;

        return pyrope_get_bytes(item, &data, &n) == PYROPE_OK && n == n_wanted &&
               memcmp(data, wanted, n) == 0;
}

bool is_dropped(void)
{
        CLEANUP(pyrope_value_freep) pyrope_value *nil = call("drop_me", "[]");

        return nil && pyrope_wait_hangup(stock, STOCK_TIMEOUT_MS) == PYROPE_OK;
}
