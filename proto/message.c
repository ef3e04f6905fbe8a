/* SPDX-License-Identifier: MIT */

#include "proto/message.h"

#include "base/text.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/marshal.h"

#include <string.h>

#define ALIGNMENT     8u /* of the arguments in the payload of an INVOKE */
#define BATCH_FAILURE "Pyro5.core._ExceptionWrapper"

static bool is_list_of_str(pyrope_view list)
{
        pyrope_iter iter = pyrope_each(list);
        pyrope_view item;

        if (pyrope_type_of(list) != PYROPE_LIST)
                return false;
        while (pyrope_next(&iter, NULL, &item))
                if (pyrope_type_of(item) != PYROPE_STR)
                        return false;
        return true;
}

int message_connect_unpack(pyrope_view payload, MessageConnect *ret)
{
        MessageConnect connect = {
                .handshake = pyrope_find(payload, "handshake"),
                .object = pyrope_find(payload, "object"),
        };

        if (pyrope_type_of(payload) != PYROPE_MAP)
                return MESSAGE_E_SHAPE;
        if (connect.object.at && pyrope_type_of(connect.object) != PYROPE_STR)
                return MESSAGE_E_SHAPE;
        *ret = connect;
        return 0;
}

void message_connect_pack(pyrope_writer *writer, const char *object)
{
        pyrope_pack(writer, "{s:s s:s}", "handshake", "hello", "object", object);
}

int message_connectok_unpack(pyrope_view payload, pyrope_view *ret_meta)
{
        pyrope_view meta = pyrope_find(payload, "meta");

        if (!is_list_of_str(pyrope_find(meta, "methods")) ||
            !is_list_of_str(pyrope_find(meta, "oneway")) ||
            !is_list_of_str(pyrope_find(meta, "attrs")))
                return MESSAGE_E_SHAPE;
        *ret_meta = meta;
        return 0;
}

static bool find_text(uint8_t serializer, const uint8_t *payload, size_t n_payload,
                      const uint8_t **ret, size_t *ret_n)
{
        MarshalText marshalled;
        const char *text;
        pyrope_view view;

        if (serializer == FRAME_SERIALIZER_MARSHAL) {
                if (marshal_text_parse(payload, n_payload, &marshalled))
                        return false;
                *ret = (const uint8_t *)marshalled.text;
                *ret_n = marshalled.n;
                return true;
        }
        if (serializer != FRAME_SERIALIZER_MSGPACK || codec_check(payload, n_payload, &view) ||
            pyrope_get_str(view, &text, ret_n))
                return false;
        *ret = (const uint8_t *)text;
        return true;
}

void message_connectfail_text(uint8_t serializer, const uint8_t *payload, size_t n_payload,
                              char *ret, size_t n_ret)
{
        const uint8_t *text = payload;
        size_t n = n_payload;

        /* What cannot be read is shown as it is: better than nothing, and escaped. */
        (void)find_text(serializer, payload, n_payload, &text, &n);
        text_escape(text, n, ret, n_ret);
}

/* Method, arguments and keywords, the last three of a call. */
static int unpack_call(pyrope_iter *iter, MessageInvoke *ret)
{
        MessageInvoke invoke = *ret;
        pyrope_iter keywords;
        pyrope_view key, value;

        if (!pyrope_next(iter, NULL, &invoke.method) || !pyrope_next(iter, NULL, &invoke.args) ||
            !pyrope_next(iter, NULL, &invoke.kwargs))
                return MESSAGE_E_SHAPE;
        if (pyrope_type_of(invoke.method) != PYROPE_STR)
                return MESSAGE_E_SHAPE;
        if (pyrope_type_of(invoke.args) == PYROPE_NIL)
                invoke.args = (pyrope_view){ NULL, NULL };
        else if (pyrope_type_of(invoke.args) != PYROPE_LIST)
                return MESSAGE_E_SHAPE;
        if (pyrope_type_of(invoke.kwargs) == PYROPE_NIL)
                invoke.kwargs = (pyrope_view){ NULL, NULL };
        else if (pyrope_type_of(invoke.kwargs) != PYROPE_MAP)
                return MESSAGE_E_SHAPE;

        keywords = pyrope_each(invoke.kwargs);
        while (pyrope_next(&keywords, &key, &value))
                if (pyrope_type_of(key) != PYROPE_STR)
                        return MESSAGE_E_SHAPE;
        *ret = invoke;
        return 0;
}

static bool begin_list(pyrope_view list, size_t n, pyrope_iter *ret)
{
        *ret = pyrope_each(list);
        return pyrope_type_of(list) == PYROPE_LIST && ret->n_left == n;
}

int message_invoke_unpack(pyrope_view payload, MessageInvoke *ret)
{
        MessageInvoke invoke = { .object = { NULL, NULL } };
        pyrope_iter iter;
        int r;

        if (!begin_list(payload, 4, &iter) || !pyrope_next(&iter, NULL, &invoke.object) ||
            pyrope_type_of(invoke.object) != PYROPE_STR)
                return MESSAGE_E_SHAPE;
        r = unpack_call(&iter, &invoke);
        if (r)
                return r;
        *ret = invoke;
        return 0;
}

int message_batch_unpack(pyrope_view call, MessageInvoke *ret)
{
        MessageInvoke invoke = { .object = { NULL, NULL } };
        pyrope_iter iter;
        int r;

        if (!begin_list(call, 3, &iter))
                return MESSAGE_E_SHAPE;
        r = unpack_call(&iter, &invoke);
        if (r)
                return r;
        *ret = invoke;
        return 0;
}

bool message_batch_failure(pyrope_view result, pyrope_view *ret)
{
        if (!pyrope_str_equals(pyrope_find(result, "__class__"), BATCH_FAILURE))
                return false;
        *ret = pyrope_find(result, "exception");
        return true;
}

int message_batch_results_check(pyrope_view results, size_t n_calls)
{
        size_t n = pyrope_count(results);
        pyrope_view exception;

        if (pyrope_type_of(results) != PYROPE_LIST || n > n_calls)
                return MESSAGE_E_SHAPE;
        if (n == n_calls)
                return 0;
        return n > 0 && message_batch_failure(pyrope_at(results, n - 1), &exception)
                       ? 0
                       : MESSAGE_E_SHAPE;
}

void message_batch_failure_begin(pyrope_writer *writer)
{
        pyrope_write_map(writer, 2);
        pyrope_write_str(writer, "__class__");
        pyrope_write_str(writer, BATCH_FAILURE);
        pyrope_write_str(writer, "exception");
}

int message_invoke_begin(Buffer *buffer, const char *object, const char *method)
{
        const size_t n_object = strlen(object);
        const size_t n_method = strlen(method);
        const size_t n_short = 1 + codec_str_bytes(n_object) + codec_str_bytes(n_method);
        const size_t n_pad = (0 - n_short) % ALIGNMENT;
        int r;

        /* The list's head can be 2 or 4 bytes longer, those of short texts 1, 2 or 4. */
        r = codec_pack_padded_head(buffer, PYROPE_LIST, 4, n_pad & 4 ? 4 : n_pad & 2);
        if (r == 0)
                r = codec_pack_padded_head(buffer, PYROPE_STR, n_object, n_pad & 1);
        if (r == 0)
                r = buffer_append(buffer, object, n_object);
        if (r == 0)
                r = codec_pack_padded_head(buffer, PYROPE_STR, n_method, n_pad & 4 ? n_pad & 2 : 0);
        if (r == 0)
                r = buffer_append(buffer, method, n_method);
        return r;
}
