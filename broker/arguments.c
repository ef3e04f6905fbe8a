/* SPDX-License-Identifier: MIT */

/*
 * Reading the arguments of a call, for methods; <pyrope/daemon.h> has the contract.
 */

#include "broker/call.h"

#include "proto/array.h"

#include <limits.h>
#include <string.h>

pyrope_view pyrope_argument(pyrope_call *call, size_t index)
{
        if (!call)
                return (pyrope_view){ NULL, NULL };
        return index < call->n_arguments ? call->arguments[index] : (pyrope_view){ NULL, NULL };
}

/* An attribute's setter has one argument without a name. */
static const char *parameter_name(const Call *call, size_t index)
{
        return call->signature ? call->signature->names[index] : "value";
}

static int raise_misfit(Call *call, size_t index, const char *expected, pyrope_view item,
                        pyrope_status status)
{
        const char *class_ = call->object->interface->class_->name;
        const char *name = parameter_name(call, index);

        if (status == PYROPE_E_NOMEM)
                return call_raise(call, "MemoryError", "the daemon is out of memory");
        if (status == PYROPE_E_RANGE)
                return call_raise(call, "TypeError", "%s.%s() argument '%s' does not fit %s",
                                  class_, call->name, name, expected);
        return call_raise(call, "TypeError", "%s.%s() argument '%s' must be %s, not %s", class_,
                          call->name, name, expected, pyrope_type_name(pyrope_type_of(item)));
}

static pyrope_status read_bool(UNUSED Call *call, pyrope_view item, void *target,
                               UNUSED size_t *target_n)
{
        *(bool *)target = pyrope_truth(item);
        return PYROPE_OK;
}

static pyrope_status read_int(UNUSED Call *call, pyrope_view item, void *target,
                              UNUSED size_t *target_n)
{
        pyrope_status status;
        int64_t value;

        status = pyrope_get_int(item, &value);
        if (status)
                return status;
        if (value < INT_MIN || value > INT_MAX)
                return PYROPE_E_RANGE;
        *(int *)target = (int)value;
        return PYROPE_OK;
}

static pyrope_status read_int64(UNUSED Call *call, pyrope_view item, void *target,
                                UNUSED size_t *target_n)
{
        return pyrope_get_int(item, target);
}

static pyrope_status read_double(UNUSED Call *call, pyrope_view item, void *target,
                                 UNUSED size_t *target_n)
{
        return pyrope_get_double(item, target);
}

/* A text with NUL inside would end early for whoever reads it in C. */
static pyrope_status read_text(Call *call, pyrope_view item, void *target, UNUSED size_t *target_n)
{
        pyrope_status status;
        const char *text;
        size_t n;

        status = pyrope_get_str(item, &text, &n);
        if (status)
                return status;
        if (memchr(text, '\0', n))
                return PYROPE_E_RANGE;
        text = arena_strndup(&call->arena, text, n);
        if (!text)
                return PYROPE_E_NOMEM;
        *(const char **)target = text;
        return PYROPE_OK;
}

static pyrope_status read_bytes(UNUSED Call *call, pyrope_view item, void *target, size_t *target_n)
{
        return pyrope_get_bytes(item, target, target_n);
}

static pyrope_status read_view(UNUSED Call *call, pyrope_view item, void *target,
                               UNUSED size_t *target_n)
{
        *(pyrope_view *)target = item;
        return PYROPE_OK;
}

pyrope_status pyrope_call_array(pyrope_call *call, pyrope_view item, const char *dtype,
                                pyrope_array *ret)
{
        pyrope_status status;
        pyrope_array array;
        void *copy;

        if (!call || !ret)
                return PYROPE_E_INVALID;
        status = pyrope_get_array(item, dtype, &array);
        if (status)
                return status;
        if (!array_is_aligned(&array)) {
                copy = arena_alloc(&call->arena, array.n_bytes);
                if (!copy)
                        return PYROPE_E_NOMEM;
                memcpy(copy, array.data, array.n_bytes);
                array.data = copy;
        }
        *ret = array;
        return PYROPE_OK;
}

static pyrope_status read_array(Call *call, pyrope_view item, void *target, UNUSED size_t *target_n)
{
        return pyrope_call_array(call, item, "<f8", target);
}

typedef struct Letter Letter;

struct Letter {
        char letter;
        const char *expected; /* for the TypeError */
        pyrope_status (*read)(Call *call, pyrope_view item, void *target, size_t *target_n);
};

static const Letter letters[] = {
        { 'b', "bool", read_bool },
        { 'i', "int of 32 bits", read_int },
        { 'I', "int of 64 bits", read_int64 },
        { 'f', "float", read_double },
        { 's', "str without NUL", read_text },
        { 'y', "bytes", read_bytes },
        { 'v', "anything", read_view },
        { 'a', "array of float64", read_array },
};

static const Letter *find_letter(char letter)
{
        for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
                if (letters[i].letter == letter)
                        return &letters[i];
        return NULL;
}

/* Whether to leave the target alone: an optional parameter without a value. */
static bool is_left_out(const Call *call, size_t index)
{
        pyrope_type type = pyrope_type_of(call->arguments[index]);

        if (type == PYROPE_ABSENT)
                return true;
        return type == PYROPE_NIL && call->signature && index >= call->signature->n_required;
}

static int read_arguments(Call *call, const char *format, va_list targets)
{
        for (size_t i = 0; i < call->n_arguments; i++) {
                const Letter *letter = find_letter(format[i]);
                void *target = va_arg(targets, void *);
                size_t *target_n = format[i] == 'y' ? va_arg(targets, size_t *) : NULL;
                pyrope_status status;

                if (!letter)
                        return call_raise(call, "RuntimeError", "'%c' is no format of an argument",
                                          format[i]);
                if (is_left_out(call, i))
                        continue;
                status = letter->read(call, call->arguments[i], target, target_n);
                if (status)
                        return raise_misfit(call, i, letter->expected, call->arguments[i], status);
        }
        return 0;
}

int pyrope_arguments(pyrope_call *call, const char *format, ...)
{
        va_list targets;
        int r;

        if (!call)
                return PYROPE_RAISED;
        if (!format)
                format = "";
        if (strlen(format) != call->n_arguments)
                return call_raise(call, "RuntimeError",
                                  "%s.%s() has %zu parameters, but reads \"%s\"",
                                  call->object->interface->class_->name, call->name,
                                  call->n_arguments, format);
        va_start(targets, format);
        r = read_arguments(call, format, targets);
        va_end(targets);
        return r;
}
