/* SPDX-License-Identifier: MIT */

#include "broker/dispatch.h"

#include "base/log.h"
#include "base/text.h"
#include "broker/blob.h"
#include "broker/daemon-object.h"
#include "proto/codec.h"
#include "proto/credit.h"
#include "proto/inflate.h"
#include "proto/value.h"

#include <errno.h>
#include <string.h>

#define NAME_SHOWN_SIZE 200u /* of a stranger's name in a message, escapes included */

static const uint8_t pong[] = { 'p', 'o', 'n', 'g' };

void invocation_deinit(Invocation *invocation)
{
        buffer_deinit(&invocation->inflated);
}

/* What an answer has from its request: who asks again finds its number, and its correlation. */
static FrameHeader answer_header(const FrameHeader *request, FrameType type, size_t n_payload)
{
        FrameHeader header = {
                .type = type,
                .serializer = request->serializer,
                .flags = request->flags & FRAME_CORRELATION,
                .seq = request->seq,
                .n_payload = (uint32_t)n_payload,
        };

        if (header.flags)
                memcpy(header.correlation, request->correlation, sizeof(header.correlation));
        return header;
}

/* -- handshake and ping ----------------------------------------------------------------------- */

static void pack_connectok(const Interface *interface, pyrope_writer *writer)
{
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "handshake");
        pyrope_write_str(writer, "hello");
        pyrope_write_str(writer, "meta");
        pyrope_write_view(writer, pyrope_value_view(interface->metadata));
}

static Object *find_object(Registry *registry, pyrope_view id)
{
        const char *text;
        size_t n_text;

        if (pyrope_get_str(id, &text, &n_text) != PYROPE_OK)
                return NULL;
        return registry_find(registry, text, n_text);
}

/* Reads the CONNECT. Returns a reference, or NULL with the reason, in Pyro5's words. */
static Object *find_connected(Registry *registry, const Frame *frame, const char **ret_reason)
{
        MessageConnect connect;
        pyrope_view payload;

        *ret_reason = "the handshake is not a map of handshake and object";
        if (codec_check(frame_payload(frame), frame->header.n_payload, &payload) ||
            message_connect_unpack(payload, &connect))
                return NULL;
        *ret_reason = "'handshake'";
        if (!connect.handshake.at)
                return NULL;
        *ret_reason = "'object'";
        if (!connect.object.at)
                return NULL;
        *ret_reason = "unknown object";
        return find_object(registry, connect.object);
}

bool dispatch_is_paced(const Frame *frame)
{
        return credit_is_offered(frame->bytes, frame->header.n_annotations);
}

int dispatch_connect(Registry *registry, const Frame *frame, Call *call, Answer *ret)
{
        CLEANUP(object_unrefp) Object *object = NULL;
        FrameType type = FRAME_CONNECTOK;
        const char *reason;
        size_t n_payload;

        object = find_connected(registry, frame, &reason);
        if (object) {
                pack_connectok(object->interface, call->writer);
        } else {
                log_debug("handshake refused: %s", reason);
                type = FRAME_CONNECTFAIL;
                pyrope_write_str(call->writer, reason);
        }
        if (writer_finish(call->writer, &ret->payload, &n_payload) != PYROPE_OK)
                return DISPATCH_E_CLOSE;
        ret->header = answer_header(&frame->header, type, n_payload);
        if (object && dispatch_is_paced(frame)) {
                ret->header.n_annotations = CREDIT_OFFER_SIZE;
                ret->annotations = credit_offer;
        }
        return object ? 0 : DISPATCH_E_RAISED;
}

/* JSON of a text that is ours: without quotes, backslashes and controls. */
static int pack_json(const char *text, Call *call, const uint8_t **ret, size_t *ret_n)
{
        char *json = arena_printf(&call->arena, "\"%s\"", text);

        if (!json)
                return -ENOMEM;
        *ret = (const uint8_t *)json;
        *ret_n = strlen(json);
        return 0;
}

int dispatch_reject(const SessionReject *reject, Call *call, Answer *ret)
{
        const FrameHeader request = { .serializer = reject->serializer, .seq = reject->seq };
        size_t n_payload;
        int r;

        log_debug("%s refused: %s", reject->is_call ? "call" : "handshake", reject->text);
        if (reject->is_call) {
                call_raise(call, "Pyro5.errors.ProtocolError", "%s", reject->text);
                return dispatch_answer(DISPATCH_E_RAISED, &request, call, ret);
        }
        if (reject->serializer == SESSION_SERIALIZER_JSON) {
                r = pack_json(reject->text, call, &ret->payload, &n_payload);
        } else {
                pyrope_write_str(call->writer, reject->text);
                r = writer_finish(call->writer, &ret->payload, &n_payload) != PYROPE_OK;
        }
        if (r)
                return DISPATCH_E_CLOSE;
        ret->header = answer_header(&request, FRAME_CONNECTFAIL, n_payload);
        return 0;
}

void dispatch_ping(const Frame *frame, Answer *ret)
{
        ret->header = answer_header(&frame->header, FRAME_PING, sizeof(pong));
        ret->payload = pong;
}

/* -- reading a call --------------------------------------------------------------------------- */

/* The classes are those that Pyro5 gives for such bytes. */
static int raise_malformed(Call *call, int r)
{
        call_raise(call, r == CODEC_E_UTF8 ? "Pyro5.errors.SerializeError" : "ValueError",
                   "the call cannot be read: %s", codec_strerror(r));
        return DISPATCH_E_RAISED;
}

/* Returns 0, DISPATCH_E_RAISED, DISPATCH_E_CLOSE. */
static int inflate_call(const uint8_t *payload, size_t n_payload, Call *call, Buffer *ret)
{
        int r;

        r = inflate_payload(payload, n_payload, ret);
        if (r == INFLATE_E_NO_ITEM)
                return raise_malformed(call, CODEC_E_FORMAT);
        if (r)
                log_debug("a compressed call cannot be inflated (%d)", r);
        return r ? DISPATCH_E_CLOSE : 0;
}

int dispatch_read(const Frame *frame, uint64_t n_max, Call *call, Invocation *ret)
{
        const uint8_t *payload = frame_payload(frame);
        size_t n_payload = frame->header.n_payload;
        pyrope_view view;
        int r;

        call->frame = frame;
        *ret = (Invocation){ .flags = frame->header.flags, .inflated = BUFFER_INIT(n_max) };
        if (ret->flags & FRAME_COMPRESSED) {
                r = inflate_call(payload, n_payload, call, &ret->inflated);
                if (r)
                        return r;
                payload = ret->inflated.data;
                n_payload = ret->inflated.n;
        }
        r = codec_check(payload, n_payload, &view);
        if (r)
                return raise_malformed(call, r);
        if (ret->flags & FRAME_KEEP_SERIALIZED)
                return blob_read(call, frame, view, &ret->message) ? DISPATCH_E_RAISED : 0;
        if (message_invoke_unpack(view, &ret->message)) {
                call_raise(call, "ValueError",
                           "a call is a list of object, method, arguments and keywords");
                return DISPATCH_E_RAISED;
        }
        return 0;
}

/* Pyro.Daemon.get_next_stream_item(streamId) */
static bool asks_stream(const Invocation *invocation, const char **ret_id, size_t *ret_n)
{
        const MessageInvoke *message = &invocation->message;
        pyrope_view id;

        if (!codec_str_is(message->method, MESSAGE_STREAM_NEXT) ||
            !codec_str_is(message->object, MESSAGE_DAEMON_OBJECT) ||
            invocation->flags & FRAME_BATCH ||
            pyrope_count(message->args) + pyrope_count(message->kwargs) != 1)
                return false;
        id = pyrope_at(message->args, 0);
        if (!id.at)
                id = pyrope_find(message->kwargs, "streamId");
        return pyrope_get_str(id, ret_id, ret_n) == PYROPE_OK;
}

int dispatch_find(Registry *registry, const Invocation *invocation, Call *call, Object **ret)
{
        Object *object = NULL;
        const char *id;
        size_t n_id;

        if (asks_stream(invocation, &id, &n_id))
                object = stream_table_object(call->streams, id, n_id, call->caller.uid);
        if (!object)
                object = find_object(registry, invocation->message.object);
        if (!object) {
                call_raise(call, "Pyro5.errors.DaemonError", "unknown object");
                return DISPATCH_E_RAISED;
        }
        *ret = object;
        return 0;
}

bool dispatch_waits(const Invocation *invocation, const Object *object)
{
        const InterfaceMethod *method;
        const char *text;
        size_t n_text;

        if (!object->interface->has_waits)
                return false;
        if (invocation->flags & FRAME_BATCH)
                return true;
        if (pyrope_get_str(invocation->message.method, &text, &n_text) != PYROPE_OK)
                return false;
        method = interface_find_method(object->interface, text, n_text);
        return method && (method->method->flags & PYROPE_WAITS);
}

/* -- running it ------------------------------------------------------------------------------- */

static const char *class_name(const Call *call)
{
        return call->object->interface->class_->name;
}

/* @what as Pyro5 words it. */
static int raise_hidden(Call *call, const char *name, size_t n_name, const char *what)
{
        char shown[NAME_SHOWN_SIZE];

        text_escape(name, n_name, shown, sizeof(shown));
        return call_raise(call, "AttributeError", "attempt to access %s '%s'", what, shown);
}

static int raise_unknown(Call *call, const char *name, size_t n_name)
{
        char shown[NAME_SHOWN_SIZE];

        if (interface_is_private(name, n_name))
                return raise_hidden(call, name, n_name, "private attribute");
        if (interface_find_attribute(call->object->interface, name, n_name))
                return raise_hidden(call, name, n_name, "unexposed attribute");
        text_escape(name, n_name, shown, sizeof(shown));
        return call_raise(call, "AttributeError", "'%s' object has no attribute '%s'",
                          class_name(call), shown);
}

static int run_method(Call *call, const MessageInvoke *message)
{
        const InterfaceMethod *method;
        const char *text = "";
        size_t n_text = 0;
        ErrorText why;

        (void)pyrope_get_str(message->method, &text, &n_text); /* no str: names no method */
        method = interface_find_method(call->object->interface, text, n_text);
        if (!method)
                return raise_unknown(call, text, n_text);
        if (signature_bind(&method->signature, class_name(call), method->method->name,
                           message->args, message->kwargs, call->arguments, &why))
                return call_raise(call, "TypeError", "%s", why.text);
        if (call->blob.at)
                call->arguments[0] = call->blob;
        call->n_arguments = method->signature.n_names;
        return call_run(call, method->method->run, method->method->name, &method->signature);
}

/* __getattr__(name) and __setattr__(name, value): how Python's proxies reach attributes. */
static int run_attribute(Call *call, bool is_set, pyrope_view args)
{
        const pyrope_attribute *attribute;
        const char *name;
        size_t n_name;

        if (pyrope_count(args) != (is_set ? 2u : 1u) ||
            pyrope_get_str(pyrope_at(args, 0), &name, &n_name) != PYROPE_OK)
                return call_raise(call, "TypeError", "%s takes a name%s",
                                  is_set ? "__setattr__" : "__getattr__",
                                  is_set ? " and a value" : "");
        if (interface_is_private(name, n_name))
                return raise_hidden(call, name, n_name, "private attribute");
        attribute = interface_find_attribute(call->object->interface, name, n_name);
        if (!attribute || (is_set && !attribute->set))
                return raise_hidden(call, name, n_name, "unexposed or unknown remote attribute");
        call->n_arguments = is_set;
        call->arguments[0] = pyrope_at(args, 1);
        return call_run(call, is_set ? attribute->set : attribute->get, attribute->name, NULL);
}

static int run_stream(Call *call, const char *id, size_t n_id, bool is_oneway)
{
        Stream *stream;
        int r;

        /* Who is not told the item, and may be gone by now, adopts nothing. */
        r = stream_table_take(call->streams, id, n_id, &call->caller, !is_oneway, &stream);
        if (r == STREAM_E_BUSY)
                return call_raise(call, "RuntimeError", "another item of the stream is being made");
        if (r)
                return call_raise(call, "Pyro5.errors.PyroError", "item stream terminated");
        r = call_run_stream(call, stream);
        stream_table_give(call->streams, stream, r != 0 && r != PYROPE_STREAM_WAIT);
        return r;
}

/* A call that failed stands in the results of its batch as this. */
static int append_failure(Call *call, Buffer *results)
{
        const uint8_t *bytes;
        size_t n_bytes;

        writer_reset(call->writer, CALL_KEEP_BYTES);
        message_batch_failure_begin(call->writer);
        message_exception_pack(call->writer, &call->exception);
        if (writer_finish(call->writer, &bytes, &n_bytes) != PYROPE_OK)
                return -ENOMEM;
        return buffer_append(results, bytes, n_bytes);
}

static int append_result(Call *call, Buffer *results)
{
        const uint8_t *bytes;
        size_t n_bytes;

        if (call_result(call, &bytes, &n_bytes))
                return append_failure(call, results);
        if (!bytes && writer_finish(call->writer, &bytes, &n_bytes) != PYROPE_OK)
                return -ENOMEM;
        return buffer_append(results, bytes, n_bytes);
}

static bool is_callable(const Call *call, pyrope_view name)
{
        const char *text;
        size_t n_text;

        return pyrope_get_str(name, &text, &n_text) == PYROPE_OK &&
               interface_find_method(call->object->interface, text, n_text);
}

/*
 * One call of a batch: [method, args, kwargs]. An unknown method fails the batch as a whole, as in
 * Pyro5; an exception of a method ends it, but leaves the results before it.
 *
 * Returns 0 or -errno.
 */
static int run_batched(Call *call, pyrope_view item, Buffer *results, bool *ret_is_void)
{
        MessageInvoke batched;

        writer_reset(call->writer, CALL_KEEP_BYTES);
        *ret_is_void = true;
        if (message_batch_unpack(item, &batched)) {
                call_raise(call, "ValueError",
                           "a call of a batch is a list of method, arguments and keywords");
                return 0;
        }
        if (!is_callable(call, batched.method)) {
                (void)run_method(call, &batched); /* raises the AttributeError */
                return 0;
        }
        *ret_is_void = false;
        if (run_method(call, &batched))
                return append_failure(call, results);
        if (call->stream_class) {
                call_drop_stream(call);
                *ret_is_void = true;
                call_raise(call, "Pyro5.errors.SerializeError",
                           "an item stream cannot be a result in a batch");
                return 0;
        }
        return append_result(call, results);
}

static int run_batch(Call *call, pyrope_view calls)
{
        CLEANUP(buffer_deinit) Buffer results = BUFFER_INIT(call->n_result_max);
        bool is_void = false;
        size_t n_results = 0;
        pyrope_view item;
        int r = 0;

        for (pyrope_iter it = pyrope_each(calls); pyrope_next(&it, NULL, &item);) {
                call->is_raised = false;
                r = run_batched(call, item, &results, &is_void);
                if (is_void)
                        return PYROPE_RAISED;
                if (r)
                        break;
                n_results++;
                if (call->is_raised)
                        break;
        }
        if (r == -EMSGSIZE)
                return call_raise(call, "RuntimeError",
                                  "the results of the batch have more bytes than the limit of %llu",
                                  (unsigned long long)call->n_result_max);
        if (r)
                return call_raise(call, "MemoryError", "the daemon is out of memory");
        call->is_raised = false;
        writer_reset(call->writer, CALL_KEEP_BYTES);
        writer_raw_list(call->writer, &results, n_results);
        call->name = "<batch>";
        return 0;
}

int dispatch_run(const Invocation *invocation, Call *call)
{
        const MessageInvoke *message = &invocation->message;
        bool is_oneway = invocation->flags & FRAME_ONEWAY;
        const char *stream;
        size_t n_stream;
        int r;

        if (asks_stream(invocation, &stream, &n_stream))
                r = run_stream(call, stream, n_stream, is_oneway);
        else if (invocation->flags & FRAME_BATCH)
                r = run_batch(call, message->args);
        else if (codec_str_is(message->method, "__getattr__"))
                r = run_attribute(call, /* is_set= */ false, message->args);
        else if (codec_str_is(message->method, "__setattr__"))
                r = run_attribute(call, /* is_set= */ true, message->args);
        else
                r = run_method(call, message);
        if (r || is_oneway)
                call_drop_stream(call); /* nobody hears of it */
        if (is_oneway)
                call_leave_bell(call); /* nobody waits */
        if (call->bell)
                return DISPATCH_E_WAIT;
        return r ? DISPATCH_E_RAISED : 0;
}

const char *dispatch_outcome(int outcome, const Call *call)
{
        if (outcome == DISPATCH_E_WAIT)
                return "waits for a bell";
        return outcome ? call->exception.class_ : "done";
}

int dispatch_answer(int outcome, const FrameHeader *request, Call *call, Answer *ret)
{
        bool is_result = outcome == 0;
        bool is_stream = false;
        const uint8_t *payload;
        size_t n_payload;

        if (is_result && call->stream_class) {
                is_stream = call_keep_stream(call) == 0;
                is_result = false; /* Pyro5's clients see an exception, too */
        }
        if (is_result && call_result(call, &payload, &n_payload))
                is_result = false;
        if (!is_result && call_exception(call, &payload, &n_payload))
                return DISPATCH_E_CLOSE;

        ret->header = answer_header(request, FRAME_RESULT, n_payload);
        ret->header.n_annotations = (uint32_t)call->annotations.n;
        ret->annotations = call->annotations.data;
        ret->payload = payload;
        if (!is_result)
                ret->header.flags |= is_stream ? FRAME_STREAM | FRAME_EXCEPTION : FRAME_EXCEPTION;
        else
                ret->header.flags |= request->flags & FRAME_BATCH;
        return 0;
}
