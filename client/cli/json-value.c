/* SPDX-License-Identifier: MIT */

#include "client/cli/json-value.h"
#include "base/base64.h"
#include "client/cli/json-array.h"

#include "base/defs.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXT_LONG_INT 0x31 /* Pyro5: an int beyond 64 bits, as decimal text */

/* One key of the table in the header. Takes the reference, which may be NULL. */
static json_t *special(const char *key, json_t *value)
{
        json_t *object = json_object();

        if (json_object_set_new(object, key, value) < 0) {
                json_decref(object);
                return NULL;
        }
        return object;
}

static json_t *from_bytes(const void *bytes, size_t n_bytes)
{
        CLEANUP(freep) char *text = base64_encode(bytes, n_bytes);

        return text ? json_string(text) : NULL;
}

json_t *json_value_from_double(double value)
{
        if (isnan(value))
                return special("$float", json_string("nan"));
        if (isinf(value))
                return special("$float", json_string(value < 0 ? "-inf" : "inf"));
        return json_real(value);
}

json_t *json_value_from_uint(uint64_t value)
{
        char text[24];

        if (value <= INT64_MAX)
                return json_integer((json_int_t)value);
        (void)snprintf(text, sizeof(text), "%" PRIu64, value);
        return special("$int", json_string(text));
}

static json_t *from_int(pyrope_view item)
{
        int64_t value;
        uint64_t large;

        if (pyrope_get_int(item, &value) == PYROPE_OK)
                return json_integer(value);
        if (pyrope_get_uint(item, &large) == PYROPE_OK)
                return json_value_from_uint(large);
        return json_null();
}

/* Whether an int beyond 64 bits is one: a peer may send anything. */
static bool is_decimal(const char *text, size_t n)
{
        size_t sign = n && text[0] == '-';

        for (size_t i = sign; i < n; i++)
                if (text[i] < '0' || text[i] > '9')
                        return false;
        return n > sign;
}

static json_t *from_ext(pyrope_view item)
{
        const void *bytes;
        size_t n;
        int type;

        if (pyrope_get_ext(item, &type, &bytes, &n) != PYROPE_OK)
                return json_null();
        if (type == EXT_LONG_INT && is_decimal(bytes, n))
                return special("$int", json_stringn(bytes, n));
        return special("$ext", json_pack("[i, o]", type, from_bytes(bytes, n)));
}

static json_t *from_list(pyrope_view item)
{
        json_auto_t *array = json_array();
        pyrope_view element;

        for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, NULL, &element);)
                if (json_array_append_new(array, json_value_from(element)) < 0)
                        return NULL;
        return json_incref(array);
}

/* Whether an object of JSON says it all: text keys, and no look of a special() one. */
static bool is_plain_map(pyrope_view item)
{
        size_t n_pairs = pyrope_count(item);
        pyrope_view key, value;

        for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, &key, &value);) {
                const char *text;
                size_t n;

                if (pyrope_get_str(key, &text, &n) != PYROPE_OK || memchr(text, '\0', n))
                        return false;
                if (n_pairs == 1 && n && text[0] == '$')
                        return false;
        }
        return true;
}

static json_t *from_plain_map(pyrope_view item)
{
        json_auto_t *object = json_object();
        pyrope_view key, value;

        for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, &key, &value);) {
                const char *text;
                size_t n;

                if (pyrope_get_str(key, &text, &n) != PYROPE_OK)
                        return NULL;
                if (json_object_setn_new_nocheck(object, text, n, json_value_from(value)) < 0)
                        return NULL;
        }
        return json_incref(object);
}

static json_t *from_any_map(pyrope_view item)
{
        json_auto_t *pairs = json_array();
        pyrope_view key, value;

        for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, &key, &value);) {
                json_t *pair = json_pack("[o, o]", json_value_from(key), json_value_from(value));

                if (json_array_append_new(pairs, pair) < 0)
                        return NULL;
        }
        return special("$map", json_incref(pairs));
}

static json_t *from_map(pyrope_view item)
{
        pyrope_array array;

        if (pyrope_get_array(item, NULL, &array) == PYROPE_OK && json_array_can(&array))
                return json_array_from(&array);
        return is_plain_map(item) ? from_plain_map(item) : from_any_map(item);
}

static json_t *from_str(pyrope_view item)
{
        const char *text = "";
        size_t n = 0;

        (void)pyrope_get_str(item, &text, &n);
        return json_stringn_nocheck(text, n); /* UTF-8 was checked on its way in */
}

json_t *json_value_from(pyrope_view item)
{
        const void *bytes = NULL;
        double number = 0;
        size_t n = 0;

        switch (pyrope_type_of(item)) {
        case PYROPE_ABSENT:
        case PYROPE_NIL:
                return json_null();
        case PYROPE_BOOL:
                return json_boolean(pyrope_truth(item));
        case PYROPE_INT:
                return from_int(item);
        case PYROPE_FLOAT:
                (void)pyrope_get_double(item, &number);
                return json_value_from_double(number);
        case PYROPE_STR:
                return from_str(item);
        case PYROPE_BYTES:
                (void)pyrope_get_bytes(item, &bytes, &n);
                return special("$bytes", from_bytes(bytes, n));
        case PYROPE_LIST:
                return from_list(item);
        case PYROPE_MAP:
                return from_map(item);
        case PYROPE_EXT:
                return from_ext(item);
        }
        return NULL;
}

/* -- and back --------------------------------------------------------------------------------- */

static int invalid(JsonProblem *problem, const char *format, ...) PRINTF(2, 3);

static int invalid(JsonProblem *problem, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
        va_end(arguments);
        return JSON_VALUE_E_INVALID;
}

static int write_int_text(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        const char *text = json_string_value(json);
        unsigned long long value;
        char *end;

        if (!text || text[0] < '0' || text[0] > '9')
                return invalid(problem, "$int wants a string of digits");
        errno = 0;
        value = strtoull(text, &end, 10);
        if (errno || *end)
                return invalid(problem, "$int: '%.30s' is no number up to 2^64 - 1", text);

        pyrope_write_uint(writer, value);
        return 0;
}

static int write_float_text(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        static const struct {
                const char *text;
                double value;
        } floats[] = { { "nan", NAN }, { "inf", INFINITY }, { "-inf", -INFINITY } };
        const char *text = json_string_value(json);

        for (size_t i = 0; text && i < ARRAY_SIZE(floats); i++) {
                if (strcmp(text, floats[i].text) == 0) {
                        pyrope_write_double(writer, floats[i].value);
                        return 0;
                }
        }
        return invalid(problem, "$float is one of \"nan\", \"inf\", \"-inf\"");
}

static int write_bytes(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        CLEANUP(freep) void *bytes = NULL;
        size_t n;
        int r;

        if (!json_is_string(json))
                return invalid(problem, "$bytes wants a string of base64");
        r = base64_decode(json_string_value(json), json_string_length(json), &bytes, &n);
        if (r == BASE64_E_INVALID)
                return invalid(problem, "$bytes: not base64 (RFC 4648, padded)");
        if (r)
                return r;

        pyrope_write_bytes(writer, bytes, n);
        return 0;
}

static int write_pairs(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        const json_t *pair;
        size_t i;

        if (!json_is_array(json))
                return invalid(problem, "$map wants a list of pairs");

        pyrope_write_map(writer, json_array_size(json));
        json_array_foreach(json, i, pair)
        {
                int r;

                if (json_array_size(pair) != 2)
                        return invalid(problem, "$map wants a list of pairs");
                r = json_value_write(writer, json_array_get(pair, 0), problem);
                if (!r)
                        r = json_value_write(writer, json_array_get(pair, 1), problem);
                if (r)
                        return r;
        }
        return 0;
}

static int write_special(pyrope_writer *writer, const char *key, const json_t *json,
                         JsonProblem *problem)
{
        static const struct {
                const char *key;
                int (*write)(pyrope_writer *writer, const json_t *json, JsonProblem *problem);
        } specials[] = { { "$int", write_int_text },
                         { "$float", write_float_text },
                         { "$bytes", write_bytes },
                         { "$map", write_pairs } };

        for (size_t i = 0; i < ARRAY_SIZE(specials); i++)
                if (strcmp(key, specials[i].key) == 0)
                        return specials[i].write(writer, json, problem);
        return invalid(problem, "{\"%.30s\": ...} has no meaning here", key);
}

static int write_object(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        void *at = json_object_iter((json_t *)(uintptr_t)json); /* only reads */

        if (json_object_size(json) == 1 && json_object_iter_key(at)[0] == '$')
                return write_special(writer, json_object_iter_key(at), json_object_iter_value(at),
                                     problem);

        pyrope_write_map(writer, json_object_size(json));
        for (; at; at = json_object_iter_next((json_t *)(uintptr_t)json, at)) {
                int r;

                pyrope_write_strn(writer, json_object_iter_key(at), json_object_iter_key_len(at));
                r = json_value_write(writer, json_object_iter_value(at), problem);
                if (r)
                        return r;
        }
        return 0;
}

static int write_array(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        const json_t *element;
        size_t i;

        pyrope_write_list(writer, json_array_size(json));
        json_array_foreach(json, i, element)
        {
                int r = json_value_write(writer, element, problem);

                if (r)
                        return r;
        }
        return 0;
}

int json_value_write(pyrope_writer *writer, const json_t *json, JsonProblem *problem)
{
        switch (json_typeof(json)) {
        case JSON_OBJECT:
                return write_object(writer, json, problem);
        case JSON_ARRAY:
                return write_array(writer, json, problem);
        case JSON_STRING:
                pyrope_write_strn(writer, json_string_value(json), json_string_length(json));
                return 0;
        case JSON_INTEGER:
                pyrope_write_int(writer, json_integer_value(json));
                return 0;
        case JSON_REAL:
                pyrope_write_double(writer, json_real_value(json));
                return 0;
        case JSON_TRUE:
        case JSON_FALSE:
                pyrope_write_bool(writer, json_is_true(json));
                return 0;
        case JSON_NULL:
                pyrope_write_nil(writer);
                return 0;
        }
        return -EINVAL;
}

int json_value_parse(pyrope_writer *writer, const char *text, JsonProblem *problem)
{
        json_error_t error;
        json_auto_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

        if (!json)
                return invalid(problem, "line %d column %d: %s", error.line, error.column,
                               error.text);
        return json_value_write(writer, json, problem);
}

/* -- text ------------------------------------------------------------------------------------- */

/* Digits that a float needs so that no other float reads the same. */
static unsigned digits_of_real(double value)
{
        char text[40];

        for (unsigned n = 15; n < 17; n++) {
                (void)snprintf(text, sizeof(text), "%.*g", (int)n, value);
                if (strtod(text, NULL) == value)
                        return n;
        }
        return 17;
}

static unsigned digits_max(unsigned one, unsigned other)
{
        return one > other ? one : other;
}

/* jansson knows one precision for a whole text: the most that any float in it needs. */
static unsigned digits_of(const json_t *json)
{
        unsigned digits = 1;
        const json_t *inner;
        const char *key;
        size_t i;

        if (json_is_real(json))
                return digits_of_real(json_real_value(json));
        json_array_foreach(json, i, inner) digits = digits_max(digits, digits_of(inner));
        json_object_foreach((json_t *)(uintptr_t)json, key, inner) digits =
                digits_max(digits, digits_of(inner));
        return digits;
}

char *json_value_text(const json_t *json)
{
        return json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits_of(json)));
}
