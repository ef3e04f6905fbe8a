/* SPDX-License-Identifier: MIT */

#include "base/text.h"
#include "proto/codec.h"
#include "proto/frame.h"
#include "proto/value.h"

#include <errno.h>
#include <string.h>

#define LEVELS_FEW 16u /* so deep a writer nests without memory of its own for it */

struct pyrope_writer {
        Parcel parcel;
        bool is_borrowing;    /* what is large is referred to, see writer_borrow() */
        pyrope_status status; /* the first failure sticks */
        const char *why;      /* static text for it */
        size_t depth;         /* containers that are open */

        /* Items still to come, twice, and 1 more for a map; [0] is the value as a whole. Only the
         * innermost can be 0 between two calls, and only if it is the whole. */
        uint64_t *pending; /* few, or CODEC_DEPTH_MAX + 1 of them, owned */
        uint64_t few[LEVELS_FEW];
};

pyrope_writer *pyrope_writer_new(void)
{
        pyrope_writer *writer;

        writer = malloc(sizeof(*writer));
        if (!writer)
                return NULL;
        writer->parcel = (Parcel)PARCEL_INIT(FRAME_MESSAGE_MAX_BYTES);
        writer->pending = writer->few;
        writer_reset(writer, 0);
        return writer;
}

pyrope_writer *pyrope_writer_free(pyrope_writer *writer)
{
        if (!writer)
                return NULL;
        parcel_deinit(&writer->parcel);
        if (writer->pending != writer->few)
                free(writer->pending);
        free(writer);
        return NULL;
}

void writer_reset(pyrope_writer *writer, size_t n_keep_bytes)
{
        if (writer->parcel.bytes.n_allocated > n_keep_bytes)
                parcel_deinit(&writer->parcel);
        parcel_clear(&writer->parcel);
        writer->is_borrowing = false;
        writer->status = PYROPE_OK;
        writer->why = NULL;
        writer->depth = 0;
        writer->pending[0] = 2;
}

void writer_fail(pyrope_writer *writer, pyrope_status status, const char *why)
{
        if (!writer || writer->status)
                return;
        writer->status = status;
        writer->why = why;
}

static void check(pyrope_writer *writer, int r)
{
        if (r == -EMSGSIZE)
                writer_fail(writer, PYROPE_E_TOO_LARGE, "the value is larger than the limit");
        else if (r)
                writer_fail(writer, PYROPE_E_NOMEM, "out of memory");
}

/* Whether an item may be written here; it then counts as written. */
static bool begin_item(pyrope_writer *writer, pyrope_type type)
{
        uint64_t *pending;

        if (!writer || writer->status)
                return false;
        pending = &writer->pending[writer->depth];
        if (*pending < 2) {
                writer_fail(writer, PYROPE_E_INVALID, "more than one value was written");
                return false;
        }
        if ((*pending & 3) == 1 && type != PYROPE_STR && type != PYROPE_BYTES) {
                writer_fail(writer, PYROPE_E_INVALID, "a map key must be a str");
                return false;
        }
        *pending -= 2;
        return true;
}

static void close_finished(pyrope_writer *writer)
{
        while (writer->depth > 0 && writer->pending[writer->depth] < 2)
                writer->depth--;
}

static void end_item(pyrope_writer *writer, int r)
{
        check(writer, r);
        close_finished(writer);
}

/* The next level does not fit into the few; once it did not, the memory stays. */
static int deepen(pyrope_writer *writer)
{
        uint64_t *pending;

        if (writer->pending != writer->few)
                return 0;
        pending = malloc((CODEC_DEPTH_MAX + 1) * sizeof(*pending));
        if (!pending)
                return -ENOMEM;
        memcpy(pending, writer->few, sizeof(writer->few));
        writer->pending = pending;
        return 0;
}

static void begin_container(pyrope_writer *writer, uint64_t pending, int r)
{
        check(writer, r);
        if (writer->depth == CODEC_DEPTH_MAX) {
                writer_fail(writer, PYROPE_E_INVALID, "lists and maps are nested too deep");
                return;
        }
        if (writer->depth + 1 == LEVELS_FEW && deepen(writer)) {
                writer_fail(writer, PYROPE_E_NOMEM, "out of memory");
                return;
        }
        writer->pending[++writer->depth] = pending;
        close_finished(writer);
}

void pyrope_write_nil(pyrope_writer *writer)
{
        if (begin_item(writer, PYROPE_NIL))
                end_item(writer, codec_pack_nil(&writer->parcel.bytes));
}

void pyrope_write_bool(pyrope_writer *writer, bool value)
{
        if (begin_item(writer, PYROPE_BOOL))
                end_item(writer, codec_pack_bool(&writer->parcel.bytes, value));
}

void pyrope_write_int(pyrope_writer *writer, int64_t value)
{
        if (begin_item(writer, PYROPE_INT))
                end_item(writer, codec_pack_int(&writer->parcel.bytes, value));
}

void pyrope_write_uint(pyrope_writer *writer, uint64_t value)
{
        if (begin_item(writer, PYROPE_INT))
                end_item(writer, codec_pack_uint(&writer->parcel.bytes, value));
}

void pyrope_write_double(pyrope_writer *writer, double value)
{
        if (begin_item(writer, PYROPE_FLOAT))
                end_item(writer, codec_pack_double(&writer->parcel.bytes, value));
}

void pyrope_write_str(pyrope_writer *writer, const char *text)
{
        pyrope_write_strn(writer, text, text ? strlen(text) : 1);
}

void pyrope_write_strn(pyrope_writer *writer, const char *text, size_t n)
{
        if (!begin_item(writer, PYROPE_STR))
                return;
        if (!text && n > 0)
                writer_fail(writer, PYROPE_E_INVALID, "a str is NULL");
        else if (!text_is_utf8(text, n))
                writer_fail(writer, PYROPE_E_INVALID, "a str is not UTF-8");
        else
                end_item(writer, codec_pack_str(&writer->parcel.bytes, text, n));
}

/* Returns whether the parcel now refers to the bytes. */
static bool lend(pyrope_writer *writer, const void *data, size_t n,
                 void (*released)(void *userdata), void *userdata)
{
        int r;

        if (!begin_item(writer, PYROPE_BYTES))
                return false;
        if (!data) {
                writer_fail(writer, PYROPE_E_INVALID, "bytes are NULL");
                return false;
        }
        r = codec_pack_padded_head(&writer->parcel.bytes, PYROPE_BYTES, n, 0);
        if (r == 0)
                r = parcel_lend(&writer->parcel, data, n, released, userdata);
        end_item(writer, r);
        return r == 0;
}

void pyrope_write_bytes(pyrope_writer *writer, const void *data, size_t n)
{
        if (writer && writer->is_borrowing && n >= WRITER_LEND_MIN_BYTES) {
                (void)lend(writer, data, n, NULL, NULL);
                return;
        }
        if (!begin_item(writer, PYROPE_BYTES))
                return;
        if (!data && n > 0)
                writer_fail(writer, PYROPE_E_INVALID, "bytes are NULL");
        else
                end_item(writer, codec_pack_bytes(&writer->parcel.bytes, data, n));
}

void pyrope_write_bytes_lent(pyrope_writer *writer, const void *data, size_t n,
                             void (*released)(void *userdata), void *userdata)
{
        if (n >= WRITER_LEND_MIN_BYTES) {
                if (lend(writer, data, n, released, userdata))
                        return;
        } else {
                pyrope_write_bytes(writer, data, n);
        }
        if (released)
                released(userdata);
}

void writer_borrow(pyrope_writer *writer)
{
        writer->is_borrowing = true;
}

void writer_padded_bytes(pyrope_writer *writer, const void *data, size_t n, size_t n_pad)
{
        int r;

        if (!begin_item(writer, PYROPE_BYTES))
                return;
        r = codec_pack_padded_head(&writer->parcel.bytes, PYROPE_BYTES, n, n_pad);
        end_item(writer, r ? r : buffer_append(&writer->parcel.bytes, data, n));
}

void pyrope_write_list(pyrope_writer *writer, size_t n)
{
        if (begin_item(writer, PYROPE_LIST))
                begin_container(writer, (uint64_t)n << 1,
                                codec_pack_list(&writer->parcel.bytes, n));
}

void pyrope_write_map(pyrope_writer *writer, size_t n)
{
        if (begin_item(writer, PYROPE_MAP))
                begin_container(writer, (uint64_t)n << 2 | 1,
                                codec_pack_map(&writer->parcel.bytes, n));
}

void writer_raw(pyrope_writer *writer, const void *bytes, size_t n_bytes)
{
        const uint8_t *at = bytes;

        if (!begin_item(writer, pyrope_type_of((pyrope_view){ at, at + n_bytes })))
                return;
        if (writer->is_borrowing && n_bytes >= WRITER_LEND_MIN_BYTES)
                end_item(writer, parcel_lend(&writer->parcel, bytes, n_bytes, NULL, NULL));
        else
                end_item(writer, buffer_append(&writer->parcel.bytes, bytes, n_bytes));
}

void writer_raw_list(pyrope_writer *writer, const Buffer *items, size_t n_items)
{
        const uint8_t *at = items->data;
        const uint8_t *next;

        pyrope_write_list(writer, n_items);
        for (; n_items > 0; n_items--) {
                next = codec_skip((pyrope_view){ at, items->data + items->n });
                writer_raw(writer, at, (size_t)(next - at));
                at = next;
        }
}

void pyrope_write_view(pyrope_writer *writer, pyrope_view item)
{
        const uint8_t *bytes;
        size_t n_bytes;

        if (!item.at) {
                pyrope_write_nil(writer);
                return;
        }
        n_bytes = codec_view_bytes(item, &bytes);
        writer_raw(writer, bytes, n_bytes);
}

/* Whether just one item was written, else the failure. */
static pyrope_status finish(pyrope_writer *writer)
{
        if (writer->status)
                return writer->status;
        if (writer->depth > 0 || writer->pending[0] >= 2) {
                writer_fail(writer, PYROPE_E_INVALID,
                            writer->parcel.bytes.n == 0 ? "nothing was written"
                                                        : "a list or map lacks elements");
                return writer->status;
        }
        return PYROPE_OK;
}

pyrope_status writer_finish(pyrope_writer *writer, const uint8_t **ret, size_t *ret_n)
{
        pyrope_status status;

        status = finish(writer);
        if (status)
                return status;
        if (parcel_join(&writer->parcel)) {
                check(writer, -ENOMEM);
                return writer->status;
        }
        *ret = writer->parcel.bytes.data;
        *ret_n = writer->parcel.bytes.n;
        return PYROPE_OK;
}

pyrope_status writer_finish_parcel(pyrope_writer *writer, const Parcel **ret)
{
        pyrope_status status;

        status = finish(writer);
        if (status)
                return status;
        *ret = &writer->parcel;
        return PYROPE_OK;
}

void writer_take_parcel(pyrope_writer *writer, Parcel *ret)
{
        parcel_move(&writer->parcel, ret);
        writer_reset(writer, 0);
}

size_t writer_size(const pyrope_writer *writer)
{
        return parcel_size(&writer->parcel);
}

bool writer_is_empty(const pyrope_writer *writer)
{
        return writer->status == PYROPE_OK && writer->parcel.bytes.n == 0;
}

const char *writer_why(const pyrope_writer *writer)
{
        return writer->why ? writer->why : pyrope_strerror(writer->status);
}

pyrope_status writer_explain(const pyrope_writer *writer, pyrope_error **error)
{
        if (writer->status == PYROPE_E_TOO_LARGE)
                return error_set(error, writer->status, "the value cannot be sent: %s of %u bytes",
                                 writer_why(writer), FRAME_MESSAGE_MAX_BYTES);
        return error_set(error, writer->status, "the value cannot be sent: %s", writer_why(writer));
}

pyrope_status pyrope_writer_take(pyrope_writer *writer, pyrope_value **ret, pyrope_error **error)
{
        pyrope_status status;

        if (!writer)
                return error_null(error);
        if (!ret) {
                writer_reset(writer, 0);
                return error_null(error);
        }
        status = finish(writer);
        if (status)
                (void)writer_explain(writer, error);
        else if (value_new_written(&writer->parcel, ret))
                status = error_nomem(error);
        writer_reset(writer, 0);
        return status;
}
