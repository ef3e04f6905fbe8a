/* SPDX-License-Identifier: MIT */

#include "tests/integration/stock-streams.h"

#include "tests/integration/stock-check.h"

#include <stdarg.h>

static pyrope_stream *stream_of(const char *method, const char *format, ...)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        CLEANUP(pyrope_answer_freep) pyrope_answer *answer = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status;
        va_list list;

        va_start(list, format);
        pyrope_vpack(writer, format, list);
        va_end(list);
        (void)pyrope_writer_take(writer, &arguments, NULL);
        status = pyrope_call_with(stock, method, arguments, NULL, NULL, &answer, &error);
        (void)is_status(status, PYROPE_OK, error);
        return answer ? pyrope_answer_take_stream(answer) : NULL;
}

static bool next_is(pyrope_stream *stream, int64_t wanted)
{
        CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        pyrope_status status = pyrope_stream_next(stream, 0, &item, &error);

        return is_status(status, PYROPE_OK, error) && is_int(pyrope_value_view(item), wanted);
}

static bool is_over(pyrope_stream *stream)
{
        CLEANUP(pyrope_value_freep) pyrope_value *item = NULL;

        return pyrope_stream_next(stream, 0, &item, NULL) == PYROPE_OK && !item;
}

static bool is_closed_at_python(void)
{
        CLEANUP(pyrope_value_freep) pyrope_value *taken = call("take", "[i]", 1);

        return pyrope_str_equals(pyrope_at(pyrope_value_view(taken), 0), "closed");
}

static void check_stream_ends(void)
{
        CLEANUP(pyrope_stream_freep) pyrope_stream *stream = stream_of("stream", "[i]", 3);
        CLEANUP(pyrope_stream_freep) pyrope_stream *other = stream_of("stream", "[i]", 2);
        CLEANUP(pyrope_stream_freep) pyrope_stream *broken = stream_of("broken_stream", "[]");
        CLEANUP(pyrope_stream_freep) pyrope_stream *empty = stream_of("stream", "[i]", 0);
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *between = NULL;
        pyrope_value *item = NULL;
        pyrope_status status;

        check(stream && other && broken && empty, "generators are streams");
        if (!stream || !other || !broken || !empty)
                return;
        check(next_is(stream, 1), "the first item of a stream");
        check(next_is(other, 1), "two streams at once");
        between = call("echo", "[i]", 5);
        check(is_int(pyrope_value_view(between), 5), "a call between items");
        check(next_is(stream, 2) && next_is(stream, 3), "the other items");
        check(is_over(stream) && is_over(stream), "nothing behind the last item, however often");
        check(is_over(empty), "a stream without items");
        check(next_is(broken, 1), "a stream up to where it breaks");
        status = pyrope_stream_next(broken, 0, &item, &error);
        check(fails_as(status, error, "builtins.ValueError", "in the middle"),
              "an exception in the middle of a stream");
        check(is_over(broken), "which ends it");
}

static void check_stream_life(void)
{
        CLEANUP(pyrope_stream_freep) pyrope_stream *stream = stream_of("stream", "[i]", 3);
        CLEANUP(pyrope_error_freep) pyrope_error *unwanted = NULL, *forbidden = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *off = NULL, *on = NULL;
        pyrope_stream *watched;
        pyrope_status status;

        check(stream && next_is(stream, 1) && is_dropped() && next_is(stream, 2),
              "a stream goes on over a new connection");
        check(stream && next_is(stream, 3) && is_over(stream), "up to its end");

        watched = stream_of("watched_stream", "[]");
        check(watched && !is_over(watched), "a stream without end");
        pyrope_stream_free(watched);
        check(is_closed_at_python(), "is closed when it is freed half read");
        status = pyrope_callf(stock, "watched_stream", NULL, &unwanted, "");
        check(is_status(status, PYROPE_E_TYPE, unwanted) &&
                      holds(pyrope_error_text(unwanted), "watched_stream"),
              "a stream that a plain call gives is refused with its name");

        off = call("allow_streams", "[b]", 0);
        status = pyrope_callf(stock, "stream", NULL, &forbidden, "");
        check(is_status(status, PYROPE_E_PROTOCOL, forbidden) &&
                      holds(pyrope_error_text(forbidden), "the daemon allows none"),
              "a daemon that forbids streams is told from one that is broken");
        on = call("allow_streams", "[b]", 1);
        check(off && on, "and the connection stays");
}

void check_streams(void)
{
        check_stream_ends();
        check_stream_life();
}
