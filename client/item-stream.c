/* SPDX-License-Identifier: MIT */

#include "client/item-stream.h"

#include "base/log.h"
#include "client/call.h"
#include "client/context.h"
#include "proto/message.h"

#include <string.h>

struct pyrope_stream {
        pyrope_proxy *proxy;     /* borrowed */
        pyrope_value *arguments; /* of each call for it: [id] */
        bool is_over;            /* the daemon knows it no more */
};

DEFINE_CLEANUP(pyrope_stream, pyrope_stream_free);

static pyrope_value *arguments_new(const char *stream_id)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *arguments;

        if (!writer)
                return NULL;
        pyrope_pack(writer, "[s]", stream_id);
        return pyrope_writer_take(writer, &arguments, NULL) ? NULL : arguments;
}

pyrope_stream *item_stream_new(pyrope_proxy *proxy, const char *stream_id)
{
        CLEANUP(pyrope_stream_freep) pyrope_stream *stream = calloc(1, sizeof(*stream));

        if (!stream)
                return NULL;
        stream->proxy = proxy;
        stream->arguments = arguments_new(stream_id);
        return stream->arguments ? TAKE(stream) : NULL;
}

static ConnCall call_of(const pyrope_stream *stream, const char *method)
{
        return (ConnCall){ .object = MESSAGE_DAEMON_OBJECT,
                           .method = method,
                           .args = pyrope_value_view(stream->arguments) };
}

pyrope_status pyrope_stream_next(pyrope_stream *stream, int64_t timeout_ms, pyrope_value **ret,
                                 pyrope_error **error)
{
        if (!stream || !ret)
                return error_null(error);

        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_proxy *proxy = stream->proxy;
        ConnCall call = call_of(stream, MESSAGE_STREAM_NEXT);
        pyrope_status status;

        if (stream->is_over) {
                *ret = NULL;
                return PYROPE_OK;
        }
        status = call_perform(proxy, &call, context_deadline(proxy_context(proxy), timeout_ms), ret,
                              &why);
        stream->is_over = status == PYROPE_E_REMOTE;
        if (stream->is_over && why &&
            strcmp(pyrope_error_class(why), MESSAGE_STREAM_END_CLASS) == 0) {
                *ret = NULL;
                return PYROPE_OK;
        }
        if (status && error)
                *error = TAKE(why);
        return status;
}

/* What is not worth a new connection: a stream that nobody asks for is given up by the daemon. */
static void tell_closed(const pyrope_stream *stream)
{
        Deadline deadline = context_deadline(proxy_context(stream->proxy), 0);
        ConnCall call = call_of(stream, MESSAGE_STREAM_CLOSE);
        Conn *conn;

        if (!proxy_enter_connected(stream->proxy, deadline, &conn))
                return;
        call.flags = FRAME_ONEWAY;
        if (conn_invoke(conn, &call, deadline, NULL, NULL))
                log_debug("the daemon could not be told that an item stream is over");
        proxy_leave(stream->proxy);
}

pyrope_stream *pyrope_stream_free(pyrope_stream *stream)
{
        if (!stream)
                return NULL;
        if (!stream->is_over && stream->arguments)
                tell_closed(stream);
        pyrope_value_free(stream->arguments);
        free(stream);
        return NULL;
}
