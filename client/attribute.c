/* SPDX-License-Identifier: MIT */

/* Remote attributes: two methods that every Pyro5 object has, with nil for keywords. */

#include "client/call.h"
#include "client/context.h"
#include "proto/codec.h"

#define METHOD_GET "__getattr__"
#define METHOD_SET "__setattr__"

static pyrope_status call_attribute(pyrope_proxy *proxy, const char *method, pyrope_writer *writer,
                                    int64_t timeout_ms, pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *arguments = NULL;
        ConnCall call = { .method = method, .kwargs = codec_nil() };
        pyrope_status status;

        status = pyrope_writer_take(writer, &arguments, error);
        if (status)
                return status;
        call.args = pyrope_value_view(arguments);
        return call_perform(proxy, &call, context_deadline(proxy_context(proxy), timeout_ms), ret,
                            error);
}

pyrope_status pyrope_get_attribute(pyrope_proxy *proxy, const char *name, int64_t timeout_ms,
                                   pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        if (!proxy || !name)
                return error_null(error);
        if (!writer)
                return error_nomem(error);
        pyrope_pack(writer, "[s]", name);
        return call_attribute(proxy, METHOD_GET, writer, timeout_ms, ret, error);
}

pyrope_status pyrope_set_attribute(pyrope_proxy *proxy, const char *name, const pyrope_value *value,
                                   int64_t timeout_ms, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();

        if (!proxy || !name)
                return error_null(error);
        if (!writer)
                return error_nomem(error);
        pyrope_pack(writer, "[sv]", name, pyrope_value_view(value));
        return call_attribute(proxy, METHOD_SET, writer, timeout_ms, NULL, error);
}
