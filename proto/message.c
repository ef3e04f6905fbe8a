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

/* The next item of a validated list, of which there must be one more. In line, and without the
 * iterator's care: every call is read so. */
static inline pyrope_view take_item(pyrope_view *rest)
{
        pyrope_view item = *rest;
        CodecHead head = codec_head(item.at);

        rest->at += head.n_head;
        if (head.type != PYROPE_LIST && head.type != PYROPE_MAP)
                rest->at += head.n;
        else if (head.n > 0)
                rest->at = codec_skip(item);
        return item;
}

static bool has_type(pyrope_view item, pyrope_type type)
{
        return codec_type(item.at[0]) == type;
}

static bool has_str_keys(pyrope_view map)
{
        pyrope_iter iter = pyrope_each(map);
        pyrope_view key, value;

        while (pyrope_next(&iter, &key, &value))
                if (!has_type(key, PYROPE_STR))
                        return false;
        return true;
}

/* Method, arguments and keywords, the last three of a call. */
static int unpack_call(pyrope_view rest, MessageInvoke *ret)
{
        static const pyrope_view absent = { NULL, NULL };

        ret->method = take_item(&rest);
        ret->args = take_item(&rest);
        ret->kwargs = rest;
        if (!has_type(ret->method, PYROPE_STR))
                return MESSAGE_E_SHAPE;
        if (has_type(ret->args, PYROPE_NIL))
                ret->args = absent;
        else if (!has_type(ret->args, PYROPE_LIST))
                return MESSAGE_E_SHAPE;
        if (has_type(ret->kwargs, PYROPE_NIL))
                ret->kwargs = absent;
        else if (!has_type(ret->kwargs, PYROPE_MAP) || !has_str_keys(ret->kwargs))
                return MESSAGE_E_SHAPE;
        return 0;
}

static bool begin_list(pyrope_view list, size_t n, pyrope_view *ret_rest)
{
        CodecHead head;

        if (!list.at)
                return false;
        head = codec_head(list.at);
        *ret_rest = (pyrope_view){ list.at + head.n_head, list.end };
        return head.type == PYROPE_LIST && head.n == n;
}

int message_invoke_unpack(pyrope_view payload, MessageInvoke *ret)
{
        MessageInvoke invoke;
        pyrope_view rest;

        if (!begin_list(payload, 4, &rest))
                return MESSAGE_E_SHAPE;
        invoke.object = take_item(&rest);
        if (!has_type(invoke.object, PYROPE_STR) || unpack_call(rest, &invoke))
                return MESSAGE_E_SHAPE;
        *ret = invoke;
        return 0;
}

int message_batch_unpack(pyrope_view call, MessageInvoke *ret)
{
        MessageInvoke invoke = { .object = { NULL, NULL } };
        pyrope_view rest;

        if (!begin_list(call, 3, &rest) || unpack_call(rest, &invoke))
                return MESSAGE_E_SHAPE;
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
