/* SPDX-License-Identifier: MIT */

/* Several calls in one message, and their results in another (docs/protocol.md, section 3). */

#include "client/call.h"
#include "client/context.h"
#include "proto/codec.h"
#include "proto/message.h"
#include "proto/pack-format.h"

#include <errno.h>
#include <stdarg.h>

#define METHOD     "<batch>"
#define KEEP_BYTES (64u * 1024u) /* memory that stays between two messages */

struct pyrope_batch {
        pyrope_proxy *proxy;   /* borrowed */
        pyrope_writer *writer; /* for one call, and for all of them; owned */

        Buffer calls; /* [method, arguments, keywords], one behind the other */
        size_t n_calls;
        pyrope_status status; /* the first failure of adding sticks */
        const char *why;      /* static text for it */

        pyrope_value *results; /* of the latest message; NULL: there are none; owned */
        pyrope_iter rest;      /* of these, the ones not read yet */
};

DEFINE_CLEANUP(pyrope_batch, pyrope_batch_free);

pyrope_batch *pyrope_batch_new(pyrope_proxy *proxy)
{
        CLEANUP(pyrope_batch_freep) pyrope_batch *batch = calloc(1, sizeof(*batch));

        if (!proxy || !batch)
                return NULL;
        batch->proxy = proxy;
        buffer_init(&batch->calls, FRAME_MESSAGE_MAX_BYTES);
        batch->writer = pyrope_writer_new();
        return batch->writer ? TAKE(batch) : NULL;
}

pyrope_batch *pyrope_batch_free(pyrope_batch *batch)
{
        if (!batch)
                return NULL;
        pyrope_value_free(batch->results);
        buffer_deinit(&batch->calls);
        pyrope_writer_free(batch->writer);
        free(batch);
        return NULL;
}

/* -- calls ------------------------------------------------------------------------------------ */

static void fail(pyrope_batch *batch, pyrope_status status, const char *why)
{
        if (batch->status)
                return;
        batch->status = status;
        batch->why = why;
}

/* Takes the call that was written. */
static void keep_written(pyrope_batch *batch)
{
        const uint8_t *bytes;
        size_t n_bytes;
        pyrope_status status = writer_finish(batch->writer, &bytes, &n_bytes);
        int r;

        if (status) {
                fail(batch, status, writer_why(batch->writer));
                return;
        }
        r = buffer_append(&batch->calls, bytes, n_bytes);
        if (r)
                fail(batch, r == -EMSGSIZE ? PYROPE_E_TOO_LARGE : PYROPE_E_NOMEM,
                     r == -EMSGSIZE ? "the calls are larger than the limit" : "out of memory");
        else
                batch->n_calls++;
}

void pyrope_batch_add(pyrope_batch *batch, const char *method, const pyrope_value *arguments,
                      const pyrope_value *keywords)
{
        if (!batch)
                return;

        ConnCall call = { .method = method };
        pyrope_writer *writer = batch->writer;
        pyrope_view args = pyrope_value_view(arguments);
        pyrope_view kwargs = pyrope_value_view(keywords);

        if (!method) {
                fail(batch, PYROPE_E_INVALID, "a method's name is NULL");
                return;
        }
        if (call_arguments(&call, arguments, keywords, NULL)) {
                fail(batch, PYROPE_E_INVALID, "arguments must be a list, keywords a map");
                return;
        }
        if ((arguments && !args.at) || (keywords && !kwargs.at)) {
                fail(batch, PYROPE_E_NOMEM, "out of memory");
                return;
        }
        writer_reset(writer, KEEP_BYTES);
        pyrope_write_list(writer, 3);
        pyrope_write_str(writer, method);
        if (args.at)
                pyrope_write_view(writer, args);
        else
                pyrope_write_list(writer, 0);
        if (kwargs.at)
                pyrope_write_view(writer, kwargs);
        else
                pyrope_write_map(writer, 0);
        keep_written(batch);
}

void pyrope_batch_addf(pyrope_batch *batch, const char *method, const char *format, ...)
{
        va_list list;

        if (!batch)
                return;
        writer_reset(batch->writer, KEEP_BYTES);
        pyrope_write_list(batch->writer, 3);
        pyrope_write_str(batch->writer, method);
        va_start(list, format);
        pack_format_list(batch->writer, format, list);
        va_end(list);
        pyrope_write_map(batch->writer, 0);
        keep_written(batch);
}

/* -- the message ------------------------------------------------------------------------------ */

/* Empties the batch. @ret: the list of the calls, which is the message's arguments. */
static pyrope_status take_calls(pyrope_batch *batch, pyrope_value **ret, size_t *ret_n,
                                pyrope_error **error)
{
        pyrope_status status = batch->status;
        const char *why = batch->why;

        if (!status) {
                writer_reset(batch->writer, KEEP_BYTES);
                writer_raw_list(batch->writer, &batch->calls, batch->n_calls);
        }
        *ret_n = batch->n_calls;
        buffer_clear(&batch->calls);
        batch->n_calls = 0;
        batch->status = PYROPE_OK;
        if (status)
                return error_set(error, status, "a call of the batch: %s", why);
        return pyrope_writer_take(batch->writer, ret, error);
}

static pyrope_status take_results(pyrope_batch *batch, pyrope_value *results, size_t n_calls,
                                  pyrope_error **error)
{
        pyrope_view view = pyrope_value_view(results);

        if (message_batch_results_check(view, n_calls))
                return error_set(error, PYROPE_E_PROTOCOL,
                                 "%s: a batch of %zu calls was answered by %s of %zu",
                                 proxy_object(batch->proxy), n_calls,
                                 pyrope_type_name(pyrope_type_of(view)), pyrope_count(view));
        batch->results = pyrope_value_ref(results);
        batch->rest = pyrope_each(view);
        return PYROPE_OK;
}

pyrope_status pyrope_batch_send(pyrope_batch *batch, const pyrope_call_options *options,
                                pyrope_error **error)
{
        if (!batch)
                return error_null(error);

        CLEANUP(buffer_deinit) Buffer annotations = CALL_ANNOTATIONS_INIT;
        CLEANUP(pyrope_value_freep) pyrope_value *calls = NULL, *results = NULL;
        ConnCall call = { .method = METHOD, .kwargs = codec_nil(), .flags = FRAME_BATCH };
        pyrope_proxy *proxy = batch->proxy;
        pyrope_status status;
        Deadline deadline;
        size_t n_calls;

        batch->results = pyrope_value_free(batch->results);
        batch->rest = (pyrope_iter){ .n_left = 0 };
        status = take_calls(batch, &calls, &n_calls, error);
        if (!status)
                status = call_options_apply(proxy_context(proxy), options, &annotations, &call,
                                            &deadline, error);
        if (status)
                return status;
        call.args = pyrope_value_view(calls);
        status = call_perform(proxy, &call, deadline, call.flags & FRAME_ONEWAY ? NULL : &results,
                              error);
        if (status || !results)
                return status;
        return take_results(batch, results, n_calls, error);
}

pyrope_status pyrope_batch_next(pyrope_batch *batch, pyrope_view *ret, pyrope_error **error)
{
        pyrope_view result, exception;

        if (!batch || !ret)
                return error_null(error);
        if (!batch->results || !pyrope_next(&batch->rest, NULL, &result)) {
                *ret = (pyrope_view){ NULL, NULL };
                return PYROPE_OK;
        }
        if (!message_batch_failure(result, &exception)) {
                *ret = result;
                return PYROPE_OK;
        }
        if (error) {
                *error = message_exception_error(exception);
                error_keep_exception(*error, batch->results, exception);
        }
        return PYROPE_E_REMOTE;
}
