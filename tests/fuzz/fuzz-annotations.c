/* SPDX-License-Identifier: MIT */

/*
 * The input is the annotations of a frame. Those that are taken, appended one by one, are the same
 * bytes; a method sees them in their order, and of an id that stands twice the last one alone.
 */

#include "broker/call.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ID_SIZE 4u

static void append_again(const uint8_t *bytes, size_t n_bytes)
{
        CLEANUP(buffer_deinit) Buffer again = BUFFER_INIT(n_bytes);
        bool is_good = frame_annotations_check(bytes, n_bytes) == 0;
        const uint8_t *at = bytes;
        size_t n_left = n_bytes;
        FrameAnnotation chunk;
        size_t n_chunks = 0;

        while (frame_annotation_next(&at, &n_left, &chunk) == 0) {
                PROPERTY(chunk.data >= bytes && chunk.data + chunk.n_data <= bytes + n_bytes);
                PROPERTY(frame_annotation_append(&again, chunk.id, chunk.data, chunk.n_data) == 0);
                n_chunks++;
        }
        PROPERTY(is_good == (n_left == 0 && n_chunks <= FRAME_ANNOTATIONS_MAX));
        PROPERTY(again.n == n_bytes - n_left);
        if (again.n > 0)
                PROPERTY(memcmp(again.data, bytes, again.n) == 0);
}

/* A method gets each chunk by its place, and by its id if that can be asked for. */
static void see_as_method(Call *call, size_t *n_seen, const FrameAnnotation *chunk)
{
        pyrope_annotation annotation;
        const void *data;
        size_t n_data;

        PROPERTY(pyrope_call_annotation_at(call, (*n_seen)++, &annotation));
        PROPERTY(memcmp(annotation.id, chunk->id, sizeof(chunk->id)) == 0);
        PROPERTY(annotation.data == chunk->data && annotation.n_data == chunk->n_data);
        if (strlen(chunk->id) < ID_SIZE)
                return;
        PROPERTY(pyrope_call_annotation(call, chunk->id, &data, &n_data));
        PROPERTY(data == chunk->data && n_data == chunk->n_data);
}

static bool has_id(const uint8_t *at, size_t n_left, const char *id)
{
        FrameAnnotation chunk;

        while (frame_annotation_next(&at, &n_left, &chunk) == 0)
                if (memcmp(chunk.id, id, ID_SIZE) == 0)
                        return true;
        return false;
}

static void see_all(const uint8_t *bytes, size_t n_bytes)
{
        const Frame frame = { .header.n_annotations = (uint32_t)n_bytes, .bytes = bytes };
        Call call = { .frame = &frame };
        pyrope_annotation annotation;
        FrameAnnotation chunk;
        size_t n_seen = 0;

        while (frame_annotation_next(&bytes, &n_bytes, &chunk) == 0)
                if (!has_id(bytes, n_bytes, chunk.id))
                        see_as_method(&call, &n_seen, &chunk);
        PROPERTY(!pyrope_call_annotation_at(&call, n_seen, &annotation));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        append_again(data, size);
        if (frame_annotations_check(data, size) == 0)
                see_all(data, size);
        return 0;
}
