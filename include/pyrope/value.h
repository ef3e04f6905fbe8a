#ifndef PYROPE_VALUE_H
#define PYROPE_VALUE_H

/* SPDX-License-Identifier: MIT */

/*
 * Data that travels: reading received values, writing values to send.
 *
 * A value is one msgpack item as Python's Pyro5 sends it (https://msgpack.org, spec of 2013): nil,
 * bool, int, float, str (UTF-8), bytes, list, map, and Pyro5's extension types. Received bytes are
 * validated once, as a whole, before a program sees them; a pyrope_view then points into them and
 * reads without allocating. A view is valid as long as the value (or the call) it came from.
 *
 * A pyrope_writer builds a value. Its functions return nothing: the first failure sticks and is
 * reported when the value is taken or sent, as stdio does with ferror().
 *
 * Arrays follow the msgpack-numpy convention (a map with the byte-string keys nd, type, kind, shape
 * and data; https://github.com/lebedov/msgpack-numpy), so that numpy gives and takes them. dtypes
 * are numpy's: "<f8" little-endian double, "<i4", "|u1", ... Order is C (last index fastest).
 *
 * NULL: see <pyrope/error.h>; what is written to a writer NULL is dropped, and a text, data, an
 * array or a format that is NULL is a failure that sticks.
 *
 * Threads: a value is immutable and may be read by many; a writer belongs to one thread at a time.
 */

#include <pyrope/error.h>
#include <stdarg.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- reading ---------------------------------------------------------------------------------- */

typedef enum pyrope_type {
        PYROPE_ABSENT, /* no value at all: a missing key, an argument not given */
        PYROPE_NIL,
        PYROPE_BOOL,
        PYROPE_INT,
        PYROPE_FLOAT,
        PYROPE_STR,
        PYROPE_BYTES,
        PYROPE_LIST,
        PYROPE_MAP,
        PYROPE_EXT,
} pyrope_type;

/* One item inside a value. {0} is the absent item. Copy it freely; the members are ours. */
typedef struct pyrope_view {
        const unsigned char *at;  /* first byte of the item, NULL if absent */
        const unsigned char *end; /* end of the bytes that were validated with it */
} pyrope_view;

typedef struct pyrope_value pyrope_value;

/** pyrope_value_view() - the item that a value is. @value may be NULL: absent. */
PYROPE_API pyrope_view pyrope_value_view(const pyrope_value *value);

/** pyrope_value_ref() - one more owner of @value. Return: @value. */
PYROPE_API pyrope_value *pyrope_value_ref(pyrope_value *value);

/** pyrope_value_free() - give up one ownership; NULL is fine. Return: NULL. */
PYROPE_API pyrope_value *pyrope_value_free(pyrope_value *value);

/** pyrope_type_of() - what an item is; PYROPE_ABSENT for the absent one. */
PYROPE_API pyrope_type pyrope_type_of(pyrope_view item);

/** pyrope_type_name() - Python's word for a type, for messages. Return: static text. */
PYROPE_API const char *pyrope_type_name(pyrope_type type);

/** pyrope_count() - elements of a list, pairs of a map, bytes of str and bytes; else 0. */
PYROPE_API size_t pyrope_count(pyrope_view item);

/** pyrope_truth() - truth as in Python: nil, false, 0, 0.0, "", b"", [], {} and absent are false.
 */
PYROPE_API bool pyrope_truth(pyrope_view item);

/* Typed reads. Return: PYROPE_OK; PYROPE_E_TYPE; PYROPE_E_RANGE where an int does not fit. An int
 * may have come as Pyro5's extension for long ints, which numpy's ints become as well. */
PYROPE_API pyrope_status pyrope_get_bool(pyrope_view item, bool *ret);
PYROPE_API pyrope_status pyrope_get_int(pyrope_view item, int64_t *ret);
PYROPE_API pyrope_status pyrope_get_uint(pyrope_view item, uint64_t *ret);
/* An int is taken as well, as Python would. */
PYROPE_API pyrope_status pyrope_get_double(pyrope_view item, double *ret);
/* Not NUL-terminated: @ret_n bytes of UTF-8, which may hold NUL. */
PYROPE_API pyrope_status pyrope_get_str(pyrope_view item, const char **ret, size_t *ret_n);
PYROPE_API pyrope_status pyrope_get_bytes(pyrope_view item, const void **ret, size_t *ret_n);
PYROPE_API pyrope_status pyrope_get_ext(pyrope_view item, int *ret_type, const void **ret,
                                        size_t *ret_n);

/** pyrope_str_equals() - whether @item is a str with just these bytes. */
PYROPE_API bool pyrope_str_equals(pyrope_view item, const char *text);

/** pyrope_at() - element @index of a list; absent where there is none. Time grows with @index. */
PYROPE_API pyrope_view pyrope_at(pyrope_view list, size_t index);

/** pyrope_find() - value under a str key of a map, the last one if it stands twice; or absent. */
PYROPE_API pyrope_view pyrope_find(pyrope_view map, const char *key);

/* for (pyrope_iter it = pyrope_each(item); pyrope_next(&it, &key, &value);) ... */
typedef struct pyrope_iter {
        pyrope_view rest;
        size_t n_left;
        bool is_map;
} pyrope_iter;

/** pyrope_each() - iterate over a list or a map; over anything else: nothing. */
PYROPE_API pyrope_iter pyrope_each(pyrope_view container);

/**
 * pyrope_next() - the next element
 * @ret_key: absent in lists; may be NULL
 *
 * Return: false behind the last one.
 */
PYROPE_API bool pyrope_next(pyrope_iter *iter, pyrope_view *ret_key, pyrope_view *ret_value);

/**
 * pyrope_unpack() - read a whole structure by a format
 * @format: what is expected; blanks and commas mean nothing:
 *      n nil; b bool by truth (bool *); i int *; I int64_t *; f double *;
 *      s str (const char **, size_t *); y bytes (const void **, size_t *); v any (pyrope_view *);
 *      [..] a list of just these; {s:x s:x} a map: for each s a const char *key in the arguments
 *      before the targets of x, other keys ignored; a ? behind an item: it may be nil or absent,
 *      and its targets are then left as they are; * last inside [..]: more may follow
 * @error:  NULL, or receives a text with the position: "at [1].shape: expected list, got str"
 *
 * Return: PYROPE_OK, PYROPE_E_TYPE, PYROPE_E_RANGE, PYROPE_E_INVALID for a bad format. Targets read
 * before a failure keep what they got.
 */
PYROPE_API pyrope_status pyrope_unpack(pyrope_view item, pyrope_error **error, const char *format,
                                       ...);

/* -- writing ---------------------------------------------------------------------------------- */

typedef struct pyrope_writer pyrope_writer;

/** pyrope_writer_new() - an empty writer. Return: owned, or NULL if memory is out. */
PYROPE_API pyrope_writer *pyrope_writer_new(void);

/** pyrope_writer_free() - with what was written; NULL is fine. Return: NULL. */
PYROPE_API pyrope_writer *pyrope_writer_free(pyrope_writer *writer);

/* Items, one after another. A failure sticks, and is what pyrope_writer_take() returns. */
PYROPE_API void pyrope_write_nil(pyrope_writer *writer);
PYROPE_API void pyrope_write_bool(pyrope_writer *writer, bool value);
PYROPE_API void pyrope_write_int(pyrope_writer *writer, int64_t value);
PYROPE_API void pyrope_write_uint(pyrope_writer *writer, uint64_t value);
PYROPE_API void pyrope_write_double(pyrope_writer *writer, double value);
/* NUL-terminated UTF-8; text that is not UTF-8 is PYROPE_E_INVALID. */
PYROPE_API void pyrope_write_str(pyrope_writer *writer, const char *text);
PYROPE_API void pyrope_write_strn(pyrope_writer *writer, const char *text, size_t n);
PYROPE_API void pyrope_write_bytes(pyrope_writer *writer, const void *data, size_t n);

/**
 * pyrope_write_bytes_lent() - bytes that are sent from where they lie, without a copy
 * @data:     must not change until it is released
 * @released: called once with @userdata, from any thread, when the bytes are needed no more: the
 *            value is freed, the answer is sent, or nobody is left to send it to; perhaps before
 *            this returns, for few bytes are copied, and after a failure none are needed. NULL:
 *            they never change as long as the value, or the daemon of the call, lives
 *
 * A value with lent bytes is sent as it is; to view it copies it together, once, and the view is
 * absent if memory is out for that.
 */
PYROPE_API void pyrope_write_bytes_lent(pyrope_writer *writer, const void *data, size_t n,
                                        void (*released)(void *userdata), void *userdata);

/* Exactly @n elements, or @n pairs of key and value, must follow; keys are str. */
PYROPE_API void pyrope_write_list(pyrope_writer *writer, size_t n);
PYROPE_API void pyrope_write_map(pyrope_writer *writer, size_t n);
/* A copy of a received item, whole. An absent item is written as nil. */
PYROPE_API void pyrope_write_view(pyrope_writer *writer, pyrope_view item);
/* A Pyro URI, which Python receives as Pyro5.core.URI; bad text is PYROPE_E_INVALID. */
PYROPE_API void pyrope_write_uri(pyrope_writer *writer, const char *uri);
/* A proxy for a PYRO: URI, which Python receives as Pyro5.client.Proxy. */
PYROPE_API void pyrope_write_proxy(pyrope_writer *writer, const char *uri);

/**
 * pyrope_pack() - write a whole structure by a format
 * @format: blanks and commas mean nothing: n nil; b bool (int); i int; I int64_t; f double;
 *      s const char * (NULL: nil); y const void *, size_t; v pyrope_view; a const pyrope_array *;
 *      Y as y, and A as a, lent: followed by void (*released)(void *), void *userdata;
 *      [..] a list; {s:x ..} a map, each key a const char *
 *
 * Writes into @writer; a bad format is PYROPE_E_INVALID, kept until the value is taken. What stands
 * behind its mistake is not read, and what is lent there not released.
 */
PYROPE_API void pyrope_pack(pyrope_writer *writer, const char *format, ...);
PYROPE_API void pyrope_vpack(pyrope_writer *writer, const char *format, va_list args);

/**
 * pyrope_writer_take() - the finished value; the writer is empty again, whatever comes
 *
 * Return: PYROPE_OK with @ret owned by the caller; PYROPE_E_NOMEM; PYROPE_E_TOO_LARGE;
 * PYROPE_E_INVALID if what was written is not exactly one well-formed item.
 */
PYROPE_API pyrope_status pyrope_writer_take(pyrope_writer *writer, pyrope_value **ret,
                                            pyrope_error **error);

/* -- arrays ----------------------------------------------------------------------------------- */

enum { PYROPE_DIMENSIONS_MAX = 8, PYROPE_DTYPE_SIZE = 8 };

typedef struct pyrope_array {
        char dtype[PYROPE_DTYPE_SIZE]; /* numpy's, NUL-terminated */
        size_t n_dimensions;
        size_t shape[PYROPE_DIMENSIONS_MAX];
        const void *data; /* C order; borrowed */
        size_t n_bytes;
} pyrope_array;

/**
 * pyrope_get_array() - a received array, without a copy
 * @item:  an array by the msgpack-numpy convention
 * @dtype: the dtype that is wanted, or NULL for any numeric one
 * @ret:   the array; data point into the message and may lie at an odd address: receive it by
 *         pyrope_value_array() or pyrope_call_array() where that matters
 *
 * Kind "O" (pickle) is refused, as are shapes that do not fit the data.
 * Return: PYROPE_OK, PYROPE_E_TYPE (no array, or another dtype), PYROPE_E_RANGE (shape and data).
 */
PYROPE_API pyrope_status pyrope_get_array(pyrope_view item, const char *dtype, pyrope_array *ret);

/**
 * pyrope_value_array() - the same, aligned for its dtype
 * @value: the value that @item lies in; it keeps the copy, if one had to be made
 *
 * Not for several threads at once on one @value. Return: as pyrope_get_array(), PYROPE_E_NOMEM.
 */
PYROPE_API pyrope_status pyrope_value_array(pyrope_value *value, pyrope_view item,
                                            const char *dtype, pyrope_array *ret);

/** pyrope_write_array() - an array; its data are copied into the writer. */
PYROPE_API void pyrope_write_array(pyrope_writer *writer, const pyrope_array *array);

/** pyrope_write_array_lent() - the same with its data lent, see pyrope_write_bytes_lent(). */
PYROPE_API void pyrope_write_array_lent(pyrope_writer *writer, const pyrope_array *array,
                                        void (*released)(void *userdata), void *userdata);

/* -- beside values ---------------------------------------------------------------------------- */

/* Data that travels beside a call or its answer, under an id of four ASCII characters. */
typedef struct pyrope_annotation {
        char id[5]; /* NUL-terminated */
        const void *data;
        size_t n_data;
} pyrope_annotation;

/**
 * pyrope_error_arguments() - what the class of a remote exception was given when it was raised
 *
 * Return: a list, valid as long as @error; absent unless the status is PYROPE_E_REMOTE.
 */
PYROPE_API pyrope_view pyrope_error_arguments(const pyrope_error *error);

/**
 * pyrope_error_attribute() - an attribute of a remote exception, as the remote side set it
 *
 * Return: valid as long as @error; absent where there is none.
 */
PYROPE_API pyrope_view pyrope_error_attribute(const pyrope_error *error, const char *name);

/**
 * pyrope_error_annotation() - what came beside a remote exception, see pyrope_call_with()
 * @ret, @ret_n: bytes, borrowed from @error
 *
 * Return: whether there is such an annotation.
 */
PYROPE_API bool pyrope_error_annotation(const pyrope_error *error, const char *id, const void **ret,
                                        size_t *ret_n);

#ifdef __cplusplus
}
#endif

#endif
