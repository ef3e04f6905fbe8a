/* SPDX-License-Identifier: MIT */

#include "proto/value.h"

#include "proto/codec.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define UNUSED_MAX_BYTES 1024u /* not worth a realloc() */

typedef struct Copy Copy;

/* Bytes of the value once more, where something had to be aligned. */
struct Copy {
        Copy *next;
        const uint8_t *of;                     /* where they stand in the value */
        _Alignas(max_align_t) uint8_t bytes[]; /* aligned for everything */
};

struct pyrope_value {
        atomic_uint n_refs;
        uint8_t *memory;                     /* what the item lies in, owned; NULL: in own */
        pyrope_view view;                    /* validated */
        Copy *copies;                        /* owned */
        _Alignas(max_align_t) uint8_t own[]; /* aligned for everything */
};

/* Takes @memory on success. */
static int value_new(uint8_t *memory, pyrope_view view, pyrope_value **ret)
{
        pyrope_value *value;

        value = malloc(sizeof(*value));
        if (!value)
                return -ENOMEM;
        *value = (pyrope_value){ .memory = memory, .view = view };
        atomic_init(&value->n_refs, 1);
        *ret = value;
        return 0;
}

int value_new_take(Buffer *buffer, size_t n_skip, pyrope_value **ret)
{
        pyrope_view view;
        int r;

        r = codec_check(buffer->data + n_skip, buffer->n - n_skip, &view);
        if (r)
                return r;
        r = value_new(buffer->data, view, ret);
        if (r)
                return r;
        buffer_init(buffer, buffer->n_max);
        return 0;
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
        uint8_t *memory = buffer->data;
        int r;

        /* Doubling leaves up to half unused, and a value may live long. */
        if (buffer->n_allocated - buffer->n > UNUSED_MAX_BYTES)
                memory = realloc(buffer->data, buffer->n);
        if (memory)
                buffer->data = memory;
        r = value_new(buffer->data, (pyrope_view){ buffer->data, buffer->data + buffer->n }, ret);
        if (r)
                return r;
        buffer_init(buffer, buffer->n_max);
        return 0;
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
        free(value->memory);
        free(value);
        return NULL;
}
