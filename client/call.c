/* SPDX-License-Identifier: MIT */

/* Calls through a proxy. */

#include "client/call.h"

#include "base/log.h"
#include "client/context.h"
#include "proto/codec.h"
#include "proto/pack-format.h"

#include <stdarg.h>
#include <stdio.h>

/* Puts "object.method" before the text of a failure that is ours; a remote exception speaks for
 * itself. */
static pyrope_status call_failed(const pyrope_proxy *proxy, const char *method,
                                 pyrope_status status, pyrope_error **error)
{
        CLEANUP(freep) char *label = NULL;

        if (status == PYROPE_OK || status == PYROPE_E_REMOTE)
                return status;
        label = proxy_label(proxy);
        return error_prefix(error, status, "%s: %s", label ? label : proxy_object(proxy), method);
}

/* One attempt at a call, or at a ping if there is no @call. The turn is held. */
static pyrope_status attempt(pyrope_proxy *proxy, ConnCall *call, Deadline deadline,
                             pyrope_value **ret, bool *ret_is_unsent, pyrope_error **error)
{
        const char *object;
        pyrope_status status;
        Conn *conn;

        *ret_is_unsent = false;
        status = proxy_conn(proxy, deadline, &conn, &object, error);
        if (status)
                return error_unsent(error, status);
        if (call) {
                bool is_own = !call->object;

                if (is_own)
                        call->object = object;
                atomic_fetch_add_explicit(&proxy_context(proxy)->n_calls, 1, memory_order_relaxed);
                status = conn_invoke(conn, call, deadline, ret, error);
                if (is_own)
                        call->object = NULL; /* it may have another id after a reconnect */
        } else {
                status = conn_ping(conn, deadline, error);
        }
        *ret_is_unsent = status == PYROPE_E_CLOSED;
        if (!*ret_is_unsent)
                return call_failed(proxy, call ? call->method : "ping", status, error);
        status = call_failed(proxy, call ? call->method : "ping", PYROPE_E_UNREACHABLE, error);
        return error_unsent(error, status);
}

static pyrope_status nil_new(pyrope_value **ret, pyrope_error **error)
{
        const pyrope_view nil = codec_nil();

        return value_new_copy(nil.at, (size_t)(nil.end - nil.at), ret) ? error_nomem(error)
                                                                       : PYROPE_OK;
}

/* Connects anew if the daemon has hung up since the last call. Gives the turn back. */
static pyrope_status perform(pyrope_proxy *proxy, ConnCall *call, Deadline deadline,
                             pyrope_value **ret, pyrope_error **error)
{
        pyrope_status status;
        bool is_unsent;

        status = attempt(proxy, call, deadline, ret, &is_unsent, error);
        if (is_unsent) {
                if (error)
                        *error = pyrope_error_free(*error);
                status = attempt(proxy, call, deadline, ret, &is_unsent, error);
        }
        proxy_leave(proxy);
        if (status == PYROPE_E_UNREACHABLE)
                proxy_explain(proxy, error);
        if (!status && ret && call && call->flags & FRAME_ONEWAY)
                return nil_new(ret, error);
        return status;
}

pyrope_status call_perform(pyrope_proxy *proxy, ConnCall *call, Deadline deadline,
                           pyrope_value **ret, pyrope_error **error)
{
        pyrope_status status;
        LOG_CONTEXT("call", call->method);

        status = proxy_enter(proxy, deadline, error);
        return status ? status : perform(proxy, call, deadline, ret, error);
}

pyrope_status proxy_call(pyrope_proxy *proxy, const char *method, const pyrope_value *arguments,
                         const pyrope_value *keywords, Deadline deadline, pyrope_value **ret,
                         pyrope_error **error)
{
        ConnCall call = { .method = method };
        pyrope_status status;

        status = call_arguments(&call, arguments, keywords, error);
        if (status)
                return status;
        call_mark_oneway(proxy, &call);
        return call_perform(proxy, &call, deadline, ret, error);
}

/* The arguments in the writer of the proxy, whose turn is held. */
static pyrope_status pack_arguments(pyrope_proxy *proxy, const char *format, va_list arguments,
                                    ConnCall *call, pyrope_error **error)
{
        pyrope_writer *writer = proxy_writer(proxy);
        pyrope_status status;

        if (!writer)
                return error_nomem(error);
        writer_borrow(writer); /* the caller keeps his data until we return */
        pack_format_list(writer, format, arguments);
        status = writer_finish_parcel(writer, &call->args_parcel);
        return status ? writer_explain(writer, error) : PYROPE_OK;
}

static pyrope_status call_packed(pyrope_proxy *proxy, Deadline deadline, pyrope_value **ret,
                                 pyrope_error **error, const char *method, const char *format,
                                 va_list arguments)
{
        ConnCall call = { .method = method };
        pyrope_status status;
        LOG_CONTEXT("call", method);

        call_mark_oneway(proxy, &call);
        status = proxy_enter(proxy, deadline, error);
        if (status)
                return status;
        status = pack_arguments(proxy, format, arguments, &call, error);
        if (status) {
                proxy_leave(proxy);
                return status;
        }
        return perform(proxy, &call, deadline, ret, error);
}

pyrope_status proxy_callf(pyrope_proxy *proxy, Deadline deadline, pyrope_value **ret,
                          pyrope_error **error, const char *method, const char *format, ...)
{
        pyrope_status status;
        va_list arguments;

        va_start(arguments, format);
        status = call_packed(proxy, deadline, ret, error, method, format, arguments);
        va_end(arguments);
        return status;
}

pyrope_status proxy_ask(pyrope_proxy *proxy, Deadline deadline, pyrope_value **ret,
                        pyrope_error **error, const char *method, const char *format, ...)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;
        va_list arguments;

        va_start(arguments, format);
        status = call_packed(proxy, deadline, ret, &why, method, format, arguments);
        va_end(arguments);
        if (status == PYROPE_E_UNREACHABLE && !pyrope_error_is_unsent(why)) {
                why = pyrope_error_free(why);
                va_start(arguments, format);
                status = call_packed(proxy, deadline, ret, &why, method, format, arguments);
                va_end(arguments);
        }
        if (status && error)
                *error = TAKE(why);
        return status;
}

pyrope_status pyrope_callf(pyrope_proxy *proxy, const char *method, pyrope_value **ret,
                           pyrope_error **error, const char *format, ...)
{
        if (!proxy || !method || !format)
                return error_null(error);

        Deadline deadline = context_deadline(proxy_context(proxy), 0);
        pyrope_status status;
        va_list arguments;

        va_start(arguments, format);
        status = call_packed(proxy, deadline, ret, error, method, format, arguments);
        va_end(arguments);
        return status;
}

pyrope_status pyrope_call_method(pyrope_proxy *proxy, const char *method,
                                 const pyrope_value *arguments, const pyrope_value *keywords,
                                 int64_t timeout_ms, pyrope_value **ret, pyrope_error **error)
{
        if (!proxy || !method)
                return error_null(error);
        return proxy_call(proxy, method, arguments, keywords,
                          context_deadline(proxy_context(proxy), timeout_ms), ret, error);
}

pyrope_status pyrope_ping(pyrope_proxy *proxy, int64_t timeout_ms, pyrope_error **error)
{
        if (!proxy)
                return error_null(error);

        Deadline deadline = context_deadline(proxy_context(proxy), timeout_ms);
        pyrope_status status = proxy_enter(proxy, deadline, error);

        return status ? status : perform(proxy, NULL, deadline, NULL, error);
}
