/* SPDX-License-Identifier: MIT */

#include "proto/value.h"

#include "proto/codec.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define UNUSED_MAX_BYTES 1024u /* not worth a realloc() */
#define UNUSED_MAX_PART  8u    /* of what was received: an eighth */

typedef struct Copy Copy;

/* Bytes of the value once more, where something had to be aligned. */
struct Copy {
        Copy *next;
        const uint8_t *of;                     /* where they stand in the value */
        _Alignas(max_align_t) uint8_t bytes[]; /* aligned for everything */
};

struct pyrope_value {
        atomic_uint n_refs;
        pyrope_view view;                    /* validated; absent while it is in pieces */
        Parcel parcel;                       /* what the item lies in; empty: in own */
        _Atomic(uint8_t *) joined;           /* copy of the pieces, owned; NULL: none yet */
        Copy *copies;                        /* owned */
        _Alignas(max_align_t) uint8_t own[]; /* aligned for everything */
};

static int value_new(pyrope_view view, pyrope_value **ret)
{
        pyrope_value *value;

        value = malloc(sizeof(*value));
        if (!value)
                return -ENOMEM;
        *value = (pyrope_value){ .view = view };
        atomic_init(&value->n_refs, 1);
        *ret = value;
        return 0;
}

int value_new_take(Buffer *buffer, size_t n_skip, pyrope_value **ret)
{
        pyrope_view view;
        int r;

        /* Memory kept from an earlier message may be twice what is needed. */
        if (buffer->n_pages > 0 && buffer->n_allocated - buffer->n > buffer->n / UNUSED_MAX_PART)
                buffer_shrink(buffer);
        r = codec_check(buffer->data + n_skip, buffer->n - n_skip, &view);
        if (r == 0)
                r = value_new(view, ret);
        if (r == 0)
                buffer_move(buffer, &(*ret)->parcel.bytes);
        return r;
}

int value_new_copy(const uint8_t *bytes, size_t n_bytes, pyrope_value **ret)
{
        pyrope_value *value;
        pyrope_view view;
        int r;

        r = codec_check(bytes, n_bytes, &view);
        if (r)
                return r;
        value = malloc(sizeof(*value) + n_bytes);
        if (!value)
                return -ENOMEM;
        *value = (pyrope_value){ .view = { value->own, value->own + n_bytes } };
        atomic_init(&value->n_refs, 1);
        memcpy(value->own, bytes, n_bytes);
        *ret = value;
        return 0;
}

int value_new_written(Parcel *parcel, pyrope_value **ret)
{
        Buffer *bytes = &parcel->bytes;
        pyrope_view view = { NULL, NULL };
        int r;

        /* Doubling leaves up to half unused, and a value may live long. */
        if (bytes->n_allocated - bytes->n > UNUSED_MAX_BYTES)
                buffer_shrink(bytes);
        if (!parcel->pieces)
                view = (pyrope_view){ bytes->data, bytes->data + bytes->n };
        r = value_new(view, ret);
        if (r == 0)
                parcel_move(parcel, &(*ret)->parcel);
        return r;
}

const Parcel *value_parcel(const pyrope_value *value)
{
        return value && value->parcel.pieces ? &value->parcel : NULL;
}

pyrope_type value_type(const pyrope_value *value)
{
        const Parcel *pieces = value_parcel(value);

        return pieces ? codec_type(pieces->bytes.data[0])
                      : pyrope_type_of(pyrope_value_view(value));
}

const void *value_aligned_copy(pyrope_value *value, const uint8_t *bytes, size_t n_bytes)
{
        Copy *copy;

        for (copy = value->copies; copy; copy = copy->next)
                if (copy->of == bytes)
                        return copy->bytes;

        copy = malloc(sizeof(*copy) + n_bytes);
        if (!copy)
                return NULL;
        copy->of = bytes;
        memcpy(copy->bytes, bytes, n_bytes);
        copy->next = value->copies;
        value->copies = copy;
        return copy->bytes;
}

/* The pieces stay: others may be sending them. */
static pyrope_view join(pyrope_value *value)
{
        const size_t n = parcel_size(&value->parcel);
        uint8_t *joined = atomic_load(&value->joined);
        uint8_t *other = NULL;

        if (!joined) {
                joined = malloc(n);
                if (!joined)
                        return (pyrope_view){ NULL, NULL };
                parcel_copy(&value->parcel, joined);
                if (!atomic_compare_exchange_strong(&value->joined, &other, joined)) {
                        free(joined); /* another thread was first */
                        joined = other;
                }
        }
        return (pyrope_view){ joined, joined + n };
}

pyrope_view pyrope_value_view(const pyrope_value *value)
{
        if (!value)
                return (pyrope_view){ NULL, NULL };
        if (value->view.at)
                return value->view;
        return join((pyrope_value *)(uintptr_t)value);
}

pyrope_value *pyrope_value_ref(pyrope_value *value)
{
        if (value)
                atomic_fetch_add_explicit(&value->n_refs, 1, memory_order_relaxed);
        return value;
}

pyrope_value *pyrope_value_free(pyrope_value *value)
{
        Copy *copy;

        if (!value || atomic_fetch_sub_explicit(&value->n_refs, 1, memory_order_acq_rel) != 1)
                return NULL;
        while ((copy = value->copies)) {
                value->copies = copy->next;
                free(copy);
        }
        parcel_deinit(&value->parcel);
        free(value->joined);
        free(value);
        return NULL;
}
