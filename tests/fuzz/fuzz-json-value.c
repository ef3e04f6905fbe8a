/* SPDX-License-Identifier: MIT */

/*
 * JSON that is a value comes back from it as JSON that is the same value; and whatever value a peer
 * sends can be written as JSON.
 */

#include "client/cli/json-value.h"

#include "proto/codec.h"
#include "proto/value.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Return: owned; NULL if it is no value. */
static pyrope_value *value_of(const char *text)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        pyrope_value *value = NULL;
        JsonProblem problem;

        if (json_value_parse(writer, text, &problem) != 0)
                return NULL;
        return pyrope_writer_take(writer, &value, NULL) == PYROPE_OK ? value : NULL;
}

static char *text_of(pyrope_view item)
{
        json_auto_t *json = json_value_from(item);

        PROPERTY(json);
        return json_value_text(json);
}

static void check_json(const char *text)
{
        CLEANUP(pyrope_value_freep) pyrope_value *value = value_of(text);
        CLEANUP(pyrope_value_freep) pyrope_value *again = NULL;
        CLEANUP(freep) char *written = NULL;
        const uint8_t *one, *other;
        size_t n_one, n_other;

        /* Pairs with the byte-string key nd may be a numeric array, which becomes lists. */
        if (!value || strstr(text, "bmQ="))
                return;
        written = text_of(pyrope_value_view(value));
        again = value_of(written);
        PROPERTY(again);
        n_one = codec_view_bytes(pyrope_value_view(value), &one);
        n_other = codec_view_bytes(pyrope_value_view(again), &other);
        PROPERTY(n_one == n_other && memcmp(one, other, n_one) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *text = strndup((const char *)data, size);
        pyrope_view item;

        if (codec_check(data, size, &item) == 0)
                free(text_of(item));
        check_json(text);
        return 0;
}
