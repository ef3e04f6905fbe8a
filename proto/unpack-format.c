/* SPDX-License-Identifier: MIT */

#include "proto/pack-format.h"
#include "proto/value.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE 256u /* of a position in a message; longer ones are cut */

typedef struct Unpack Unpack;

struct Unpack {
        const char *at; /* what of the format is left */
        va_list arguments;
        bool is_skipping; /* targets are passed over, nothing is read */
        size_t depth;
        pyrope_error **error;
        char path[PATH_SIZE]; /* "[1].shape" */
        size_t n_path;
};

static pyrope_status unpack_item(Unpack *unpack, pyrope_view item);

static size_t push_path(Unpack *unpack, const char *format, ...) PRINTF(2, 3);

/* Returns what pop_path() wants. */
static size_t push_path(Unpack *unpack, const char *format, ...)
{
        size_t n_before = unpack->n_path;
        size_t n_room = PATH_SIZE - n_before;
        va_list arguments;
        int n;

        va_start(arguments, format);
        n = vsnprintf(unpack->path + n_before, n_room, format, arguments);
        va_end(arguments);
        if (n > 0)
                unpack->n_path += (size_t)n < n_room ? (size_t)n : n_room - 1;
        return n_before;
}

static void pop_path(Unpack *unpack, size_t n_before)
{
        unpack->n_path = n_before;
        unpack->path[n_before] = '\0';
}

static pyrope_status fail(Unpack *unpack, pyrope_status status, const char *what)
{
        if (unpack->n_path == 0)
                return error_set(unpack->error, status, "%s", what);
        return error_set(unpack->error, status, "at %s: %s", unpack->path, what);
}

static pyrope_status fail_type(Unpack *unpack, pyrope_status status, const char *expected,
                               pyrope_view item)
{
        char what[96];

        if (status == PYROPE_E_RANGE)
                return fail(unpack, status, "the int does not fit");
        (void)snprintf(what, sizeof(what), "expected %s, got %s", expected,
                       pyrope_type_name(pyrope_type_of(item)));
        return fail(unpack, status, what);
}

static pyrope_status bad_format(Unpack *unpack)
{
        return error_set(unpack->error, PYROPE_E_INVALID, "a format that is none");
}

static pyrope_status get_small_int(pyrope_view item, int *ret)
{
        pyrope_status status;
        int64_t number;

        status = pyrope_get_int(item, &number);
        if (status)
                return status;
        if (number < INT_MIN || number > INT_MAX)
                return PYROPE_E_RANGE;
        *ret = (int)number;
        return PYROPE_OK;
}

static pyrope_status get_truth(pyrope_view item, bool *ret)
{
        if (!item.at)
                return PYROPE_E_TYPE;
        *ret = pyrope_truth(item);
        return PYROPE_OK;
}

static pyrope_status get_any(pyrope_view item, pyrope_view *ret)
{
        if (!item.at)
                return PYROPE_E_TYPE;
        *ret = item;
        return PYROPE_OK;
}

/* The targets are taken from the arguments whether they are filled or not. */
static pyrope_status unpack_letter(Unpack *unpack, char letter, pyrope_view item)
{
        bool is_read = !unpack->is_skipping;
        pyrope_status status = PYROPE_OK;
        const char *expected;
        void *target = letter == 'n' ? NULL : va_arg(unpack->arguments, void *);
        size_t *n = strchr("sy", letter) ? va_arg(unpack->arguments, size_t *) : NULL;

        if (!is_read)
                return PYROPE_OK;
        switch (letter) {
        case 'n':
                expected = "None";
                status = pyrope_type_of(item) == PYROPE_NIL ? PYROPE_OK : PYROPE_E_TYPE;
                break;
        case 'b':
                expected = "bool";
                status = get_truth(item, target);
                break;
        case 'i':
                expected = "int";
                status = get_small_int(item, target);
                break;
        case 'I':
                expected = "int";
                status = pyrope_get_int(item, target);
                break;
        case 'f':
                expected = "float";
                status = pyrope_get_double(item, target);
                break;
        case 's':
                expected = "str";
                status = pyrope_get_str(item, target, n);
                break;
        case 'y':
                expected = "bytes";
                status = pyrope_get_bytes(item, target, n);
                break;
        default:
                expected = "a value";
                status = get_any(item, target);
                break;
        }
        return status ? fail_type(unpack, status, expected, item) : PYROPE_OK;
}

/* Behind the opening bracket. */
static pyrope_status unpack_list(Unpack *unpack, pyrope_view item)
{
        pyrope_iter iter = pyrope_each(item);
        pyrope_view element;
        pyrope_status status;
        bool may_be_longer;
        size_t n_path;

        if (!unpack->is_skipping && pyrope_type_of(item) != PYROPE_LIST)
                return fail_type(unpack, PYROPE_E_TYPE, "list", item);
        for (size_t i = 0;; i++) {
                unpack->at = pack_format_skip(unpack->at);
                if (strchr("*]", *unpack->at))
                        break;
                if (!pyrope_next(&iter, NULL, &element))
                        element = (pyrope_view){ NULL, NULL };
                n_path = push_path(unpack, "[%zu]", i);
                status = unpack_item(unpack, element);
                if (status)
                        return status;
                pop_path(unpack, n_path);
        }

        may_be_longer = *unpack->at == '*';
        unpack->at = pack_format_skip(unpack->at + may_be_longer);
        if (*unpack->at++ != ']')
                return bad_format(unpack);
        if (iter.n_left > 0 && !may_be_longer && !unpack->is_skipping)
                return fail(unpack, PYROPE_E_TYPE, "the list has more elements than expected");
        return PYROPE_OK;
}

/* Behind the opening bracket. */
static pyrope_status unpack_map(Unpack *unpack, pyrope_view item)
{
        pyrope_status status;
        const char *key;
        size_t n_path;

        if (!unpack->is_skipping && pyrope_type_of(item) != PYROPE_MAP)
                return fail_type(unpack, PYROPE_E_TYPE, "dict", item);
        for (;;) {
                unpack->at = pack_format_skip(unpack->at);
                if (*unpack->at == '}')
                        break;
                if (*unpack->at++ != 's')
                        return bad_format(unpack);
                unpack->at = pack_format_skip(unpack->at);
                if (*unpack->at++ != ':')
                        return bad_format(unpack);
                key = va_arg(unpack->arguments, const char *);
                n_path = push_path(unpack, "%s%s", unpack->n_path ? "." : "", key);
                status = unpack_item(unpack, pyrope_find(item, key));
                if (status)
                        return status;
                pop_path(unpack, n_path);
        }
        unpack->at++;
        return PYROPE_OK;
}

/* Whether a '?' stands behind the item that begins at @at. */
static bool is_optional(const char *at)
{
        size_t depth = 0;

        do {
                if (*at == '\0')
                        return false;
                if (strchr("[{", *at))
                        depth++;
                else if (strchr("]}", *at) && depth-- == 0)
                        return false;
                at = pack_format_skip(at + 1);
        } while (depth > 0);
        return *at == '?';
}

static pyrope_status unpack_one(Unpack *unpack, pyrope_view item)
{
        pyrope_status status;
        char letter = *unpack->at;

        if (letter == '\0' || !strchr("nbiIfsyv[{", letter))
                return bad_format(unpack);
        unpack->at++;
        if (letter != '[' && letter != '{')
                return unpack_letter(unpack, letter, item);

        if (unpack->depth == PACK_FORMAT_DEPTH_MAX)
                return bad_format(unpack);
        unpack->depth++;
        status = letter == '[' ? unpack_list(unpack, item) : unpack_map(unpack, item);
        unpack->depth--;
        return status;
}

static pyrope_status unpack_item(Unpack *unpack, pyrope_view item)
{
        pyrope_type type = pyrope_type_of(item);
        bool was_skipping = unpack->is_skipping;
        pyrope_status status;

        unpack->at = pack_format_skip(unpack->at);
        if ((type == PYROPE_ABSENT || type == PYROPE_NIL) && is_optional(unpack->at))
                unpack->is_skipping = true;
        status = unpack_one(unpack, item);
        unpack->is_skipping = was_skipping;
        if (status)
                return status;
        unpack->at = pack_format_skip(unpack->at);
        unpack->at += *unpack->at == '?';
        return PYROPE_OK;
}

pyrope_status pyrope_unpack(pyrope_view item, pyrope_error **error, const char *format, ...)
{
        if (!format)
                return error_null(error);

        Unpack unpack = { .at = format, .error = error };
        pyrope_status status;

        va_start(unpack.arguments, format);
        status = unpack_item(&unpack, item);
        va_end(unpack.arguments);
        if (status)
                return status;
        return *pack_format_skip(unpack.at) ? bad_format(&unpack) : PYROPE_OK;
}
