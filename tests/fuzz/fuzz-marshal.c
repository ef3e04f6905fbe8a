/* SPDX-License-Identifier: MIT */

/*
 * What is found lies within the input, and the texts of a blob are UTF-8; a blob that was read is
 * still one where it is written as plain texts.
 */

#include "proto/marshal.h"

#include "base/buffer.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

static bool is_within(const MarshalText *text, const uint8_t *data, size_t size)
{
        const uint8_t *at = (const uint8_t *)text->text;

        return at >= data && at <= data + size && text->n <= (size_t)(data + size - at);
}

static void append(Buffer *buffer, const MarshalText *text)
{
        uint8_t head[5] = { 'u' };

        for (unsigned i = 0; i < 4; i++)
                head[1 + i] = (uint8_t)(text->n >> 8 * i);
        PROPERTY(buffer_append(buffer, head, sizeof(head)) == 0);
        PROPERTY(buffer_append(buffer, text->text, text->n) == 0);
}

static bool is_same(const MarshalText *one, const MarshalText *other)
{
        return one->n == other->n && memcmp(one->text, other->text, one->n) == 0;
}

static void check_blob(const MarshalBlob *blob)
{
        CLEANUP(buffer_deinit) Buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
        MarshalBlob again;

        PROPERTY(text_is_utf8(blob->object.text, blob->object.n));
        PROPERTY(text_is_utf8(blob->method.text, blob->method.n));
        PROPERTY(buffer_append(&buffer, ")\3N", 3) == 0);
        append(&buffer, &blob->object);
        append(&buffer, &blob->method);
        PROPERTY(marshal_blob_parse(buffer.data, buffer.n, &again) == 0);
        PROPERTY(is_same(&blob->object, &again.object) && is_same(&blob->method, &again.method));
        PROPERTY(!again.info.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        MarshalText text;
        MarshalBlob blob;

        if (marshal_text_parse(data, size, &text) == 0)
                PROPERTY(is_within(&text, data, size));
        if (marshal_blob_parse(data, size, &blob))
                return 0;
        PROPERTY(is_within(&blob.object, data, size) && is_within(&blob.method, data, size));
        if (blob.info.text)
                PROPERTY(is_within(&blob.info, data, size) &&
                         text_is_utf8(blob.info.text, blob.info.n));
        check_blob(&blob);
        return 0;
}
