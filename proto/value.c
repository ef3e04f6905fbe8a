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
        Buffer memory;                       /* what the item lies in; empty: in own */
        pyrope_view view;                    /* validated */
        Copy *copies;                        /* owned */
        _Alignas(max_align_t) uint8_t own[]; /* aligned for everything */
};

/* Takes the memory of @buffer on success. */
static int value_new(Buffer *buffer, pyrope_view view, pyrope_value **ret)
{
        pyrope_value *value;

        value = malloc(sizeof(*value));
        if (!value)
                return -ENOMEM;
        *value = (pyrope_value){ .view = view };
        buffer_move(buffer, &value->memory);
        atomic_init(&value->n_refs, 1);
        *ret = value;
        return 0;
}

int value_new_take(Buffer *buffer, size_t n_skip, pyrope_value **ret)
{
        pyrope_view view;
        int r;

        /* Memory kept from an earlier message may be twice what is needed. */
        if (buffer->n_allocated - buffer->n > buffer->n / UNUSED_MAX_PART)
                buffer_shrink(buffer);
        r = codec_check(buffer->data + n_skip, buffer->n - n_skip, &view);
        return r ? r : value_new(buffer, view, ret);
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

int value_new_written(Buffer *buffer, pyrope_value **ret)
{
        /* Doubling leaves up to half unused, and a value may live long. */
        if (buffer->n_allocated - buffer->n > UNUSED_MAX_BYTES)
                buffer_shrink(buffer);
        return value_new(buffer, (pyrope_view){ buffer->data, buffer->data + buffer->n }, ret);
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

pyrope_view pyrope_value_view(const pyrope_value *value)
{
        return value ? value->view : (pyrope_view){ NULL, NULL };
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
        buffer_deinit(&value->memory);
        free(value);
        return NULL;
}
