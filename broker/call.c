/* SPDX-License-Identifier: MIT */

#include "broker/call.h"

#include "base/text.h"
#include "broker/bell.h"
#include "proto/frame.h"
#include "proto/value.h"

#include <errno.h>
#include <string.h>

static const char out_of_memory[] = "the daemon is out of memory";

int call_init(Call *call, pyrope_daemon *daemon, StreamTable *streams, uint64_t n_result_max)
{
        *call = (Call){
                .daemon = daemon,
                .streams = streams,
                .n_result_max = n_result_max,
                .annotations =
                        BUFFER_INIT(FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES + CALL_STREAM_ID_ROOM),
        };
        call->writer = pyrope_writer_new();
        return call->writer ? 0 : -ENOMEM;
}

void call_deinit(Call *call)
{
        call_drop_stream(call);
        call_leave_bell(call);
        pyrope_writer_free(call->writer);
        buffer_deinit(&call->annotations);
        arena_deinit(&call->arena);
}

void call_reset(Call *call)
{
        call_drop_stream(call);
        call_leave_bell(call);
        writer_reset(call->writer, CALL_KEEP_BYTES);
        arena_reset(&call->arena);
        if (call->annotations.data)
                buffer_deinit(&call->annotations); /* few answers have any */
        call->n_annotated = 0;
        call->frame = NULL;
        call->object = NULL;
        call->name = NULL;
        call->signature = NULL;
        call->n_arguments = 0;
        call->blob.at = NULL;
        call->is_raised = false;
}

/* Messages are made from strangers' bytes too; what travels must be UTF-8. */
static const char *clean_text(Call *call, const char *text)
{
        size_t n = strlen(text);
        size_t n_escaped = 4 * n + TEXT_ESCAPE_MIN;
        char *escaped;

        if (text_is_utf8(text, n))
                return text;
        escaped = arena_alloc(&call->arena, n_escaped);
        if (!escaped)
                return out_of_memory;
        text_escape(text, n, escaped, n_escaped);
        return escaped;
}

static PRINTF(3, 0) void set_exception(Call *call, const char *class_, const char *format,
                                       va_list arguments)
{
        const char *text = arena_vprintf(&call->arena, format, arguments);

        call->is_raised = true;
        call->exception = (MessageException){
                .class_ = arena_strndup(&call->arena, class_, strlen(class_)),
                .text = text ? clean_text(call, text) : out_of_memory,
        };
        if (!call->exception.class_)
                call->exception.class_ = "MemoryError";
}

int call_raise(Call *call, const char *class_, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        set_exception(call, class_, format, arguments);
        va_end(arguments);
        return PYROPE_RAISED;
}

int pyrope_raise_at(const char *file, int line, pyrope_call *call, const char *class_,
                    const char *format, ...)
{
        const char *slash;
        va_list arguments;

        if (!call)
                return PYROPE_RAISED;
        va_start(arguments, format);
        set_exception(call, class_ ? class_ : "RuntimeError", format ? format : "", arguments);
        va_end(arguments);
        file = file ? file : "?";
        slash = strrchr(file, '/');
        call->exception.traceback = arena_printf(
                &call->arena,
                "Traceback (most recent call last):\n  File \"%s\", line %d, in %s.%s\n%s: %s\n",
                slash ? slash + 1 : file, line, call->object->interface->class_->name, call->name,
                call->exception.class_, call->exception.text);
        return PYROPE_RAISED;
}

static int judge(Call *call, int r)
{
        if (r == 0) {
                call->is_raised = false; /* what the method itself has dealt with */
                return 0;
        }
        if (!call->is_raised)
                call_raise(call, "RuntimeError", "%s.%s() failed and did not say why",
                           call->object->interface->class_->name, call->name);
        return PYROPE_RAISED;
}

int call_run(Call *call, pyrope_method_fn fn, const char *name, const Signature *signature)
{
        call->name = name;
        call->signature = signature;
        call->is_raised = false;
        return judge(call, fn(call, call->object->self));
}

int call_run_stream(Call *call, const Stream *stream)
{
        int r;

        call->name = stream->method;
        call->is_raised = false;
        r = stream->class_->next(call, stream->state);
        call_drop_stream(call); /* an item is no stream */
        if (r == PYROPE_STREAM_WAIT && call->bell)
                return r;
        call_leave_bell(call);
        if (r != PYROPE_STREAM_END)
                return judge(call, r);
        call->is_raised = true;
        call->exception = (MessageException){ .class_ = "StopIteration" };
        return PYROPE_RAISED;
}

int pyrope_reply_stream(pyrope_call *call, const pyrope_stream_class *class_, void *state)
{
        if (!call)
                return PYROPE_RAISED;
        call_drop_stream(call);
        if (!class_ || !class_->next)
                return call_raise(call, "RuntimeError", "%s.%s() gives a stream without a next()",
                                  call->object->interface->class_->name, call->name);
        call->stream_class = class_;
        call->stream_state = state;
        return 0;
}

void call_leave_bell(Call *call)
{
        call->bell = bell_unref(call->bell);
}

void call_drop_stream(Call *call)
{
        const pyrope_stream_class *class_ = TAKE(call->stream_class);

        if (class_ && class_->close)
                class_->close(call->stream_state);
}

int call_keep_stream(Call *call)
{
        char id[RANDOM_UUID_SIZE];
        int r;

        r = stream_table_add(call->streams, call->object, call->name, &call->caller,
                             call->stream_class, call->stream_state, id);
        if (r) {
                call_drop_stream(call);
                if (r == STREAM_E_FULL)
                        return call_raise(call, "RuntimeError",
                                          "%u item streams are open already, that is the limit",
                                          STREAM_PER_UID_MAX);
                return call_raise(call, "MemoryError", "%s", out_of_memory);
        }
        call->stream_class = NULL;
        if (call_announce_stream(call, id)) {
                stream_table_close(call->streams, id, strlen(id), call->caller.uid);
                return call_raise(call, "MemoryError", "%s", out_of_memory);
        }
        call_raise(call, "Pyro5.errors.ProtocolError", "result of call is an iterator");
        return 0;
}

static int raise_unsendable(Call *call, pyrope_status status)
{
        const char *class_ = call->object->interface->class_->name;

        if (status == PYROPE_E_NOMEM)
                return call_raise(call, "MemoryError", "%s", out_of_memory);
        return call_raise(call, "RuntimeError", "the result of %s.%s() cannot be sent: %s", class_,
                          call->name, writer_why(call->writer));
}

int call_result(Call *call, const uint8_t **ret, size_t *ret_n)
{
        const Parcel *parcel;
        pyrope_status status;
        size_t n_bytes;

        if (writer_is_empty(call->writer))
                pyrope_write_nil(call->writer);
        status = writer_finish_parcel(call->writer, &parcel);
        if (status)
                return raise_unsendable(call, status);
        n_bytes = parcel_size(parcel);
        if (n_bytes + call->annotations.n > call->n_result_max)
                return call_raise(call, "RuntimeError",
                                  "the result of %s.%s() has %zu bytes, the limit is %llu",
                                  call->object->interface->class_->name, call->name,
                                  n_bytes + call->annotations.n,
                                  (unsigned long long)call->n_result_max);
        *ret = parcel->pieces ? NULL : parcel->bytes.data;
        *ret_n = n_bytes;
        return 0;
}

int call_exception(Call *call, const uint8_t **ret, size_t *ret_n)
{
        writer_reset(call->writer, CALL_KEEP_BYTES);
        message_exception_pack(call->writer, &call->exception);
        if (writer_finish(call->writer, ret, ret_n) != PYROPE_OK)
                return -ENOMEM; /* texts and class are clean, so nothing else can fail */
        return 0;
}

pyrope_writer *pyrope_result(pyrope_call *call)
{
        if (!call)
                return NULL;
        return call->writer;
}

int pyrope_reply(pyrope_call *call, const char *format, ...)
{
        va_list arguments;

        if (!call)
                return PYROPE_RAISED;
        va_start(arguments, format);
        pyrope_vpack(call->writer, format, arguments);
        va_end(arguments);
        return 0;
}
