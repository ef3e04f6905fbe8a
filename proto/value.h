#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Inside of values, writers and errors, for the layers of libpyrope
 *
 * <pyrope/value.h> and <pyrope/error.h> have the contract; here is what only we may know. A value
 * is a reference-counted block of validated bytes, or a Parcel that a writer filled.
 */

#include "base/buffer.h"
#include "base/defs.h"
#include "proto/parcel.h"

#include <pyrope/value.h>
#include <stdint.h>

/* Fewer bytes are cheaper to copy than to describe to the kernel, and may change at once. */
#define WRITER_LEND_MIN_BYTES (64u * 1024)

DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_writer, pyrope_writer_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);

/**
 * value_new_take() - a value from a buffer that holds one encoded item
 * @buffer:   bytes not yet validated; on success the value owns the memory and @buffer is empty
 * @n_skip:   bytes at the front that do not belong to the item (a frame's header and annotations)
 * @ret:      owned by the caller
 *
 * Return: 0, CODEC_E_* (proto/codec.h), -ENOMEM.
 */
NODISCARD int value_new_take(Buffer *buffer, size_t n_skip, pyrope_value **ret);

/** value_new_copy() - the same from bytes that stay with the caller. Return: 0, CODEC_E_*, -ENOMEM.
 */
NODISCARD int value_new_copy(const uint8_t *bytes, size_t n_bytes, pyrope_value **ret);

/**
 * value_new_written() - a value from what a writer filled, and that is not validated again
 *
 * Return: 0 with all of @parcel taken; -ENOMEM.
 */
NODISCARD int value_new_written(Parcel *parcel, pyrope_value **ret);

/**
 * value_parcel() - how to send a value that was written with lent pieces; a view would copy them
 *
 * Return: borrowed; NULL: it has none, or is NULL itself.
 */
const Parcel *value_parcel(const pyrope_value *value);

/** value_type() - as pyrope_type_of(), without a view. @value may be NULL. */
pyrope_type value_type(const pyrope_value *value);

/**
 * value_aligned_copy() - bytes of the value, copied to where anything may stand; once for each
 * place
 *
 * Return: borrowed from @value; NULL if memory is out.
 */
const void *value_aligned_copy(pyrope_value *value, const uint8_t *bytes, size_t n_bytes);

/**
 * writer_finish() - the encoded bytes, still owned by the writer; lent ones are copied to them
 *
 * Return: PYROPE_OK with @ret valid until the writer is used again; the failure that stuck.
 */
NODISCARD pyrope_status writer_finish(pyrope_writer *writer, const uint8_t **ret, size_t *ret_n);

/** writer_fail() - let @status stick, unless one does already; @why is static text. */
void writer_fail(pyrope_writer *writer, pyrope_status status, const char *why);

/** writer_is_empty() - whether nothing was written, and nothing tried, since it was reset. */
bool writer_is_empty(const pyrope_writer *writer);

/** writer_why() - what the status of writer_finish() means. Return: static text. */
const char *writer_why(const pyrope_writer *writer);

/** writer_explain() - the failure that stuck, as an error. Return: its status. */
pyrope_status writer_explain(const pyrope_writer *writer, pyrope_error **error);

/** writer_reset() - empty and without failure; keeps its memory up to @n_keep_bytes. */
void writer_reset(pyrope_writer *writer, size_t n_keep_bytes);

/** writer_raw() - append bytes that are known to be one validated item. */
void writer_raw(pyrope_writer *writer, const void *bytes, size_t n_bytes);

/** writer_raw_list() - a list of items that are known to be valid, and lie one behind the other. */
void writer_raw_list(pyrope_writer *writer, const Buffer *items, size_t n_items);

/** writer_finish_parcel() - the same where lent pieces stay where they are. */
NODISCARD pyrope_status writer_finish_parcel(pyrope_writer *writer, const Parcel **ret);

/** writer_take_parcel() - hands over what is finished; the writer is empty again. */
void writer_take_parcel(pyrope_writer *writer, Parcel *ret);

/**
 * writer_borrow() - until it is reset, refer to large bytes instead of copying them
 *
 * For one who sends all before he returns to the owner of the bytes.
 */
void writer_borrow(pyrope_writer *writer);

/** writer_size() - bytes written so far. */
size_t writer_size(const pyrope_writer *writer);

/**
 * writer_proxy() - as pyrope_write_proxy(), with what the receiver would else have to ask for
 * @metadata: map with the lists methods, oneway, attrs; absent: empty lists
 */
void writer_proxy(pyrope_writer *writer, const char *uri, pyrope_view metadata);

/** writer_padded_bytes() - bytes with a longer head, see codec_pack_padded_head(). */
void writer_padded_bytes(pyrope_writer *writer, const void *data, size_t n, size_t n_pad);

/**
 * error_set() - fill an error output and return the status
 * @error: NULL, or where a new error goes
 *
 * Meant for `return error_set(error, PYROPE_E_IO, "cannot open %s: %s", ...)`. The text is bounded
 * (ERROR_TEXT_MAX_BYTES) and made one line of valid UTF-8. What @error held is overwritten, not
 * freed; it becomes NULL if memory is out.
 *
 * Return: @status.
 */
#define ERROR_TEXT_MAX_BYTES 4096u
pyrope_status error_set(pyrope_error **error, pyrope_status status, const char *format, ...)
        PRINTF(3, 4);

/** error_words() - what is said of a failure: the text of its error, or, if there is none, what the
 * status means. Return: borrowed from @error, or static. */
const char *error_words(pyrope_status status, const pyrope_error *error);

/** error_unsent() - mark what is there as pyrope_error_is_unsent(). Return: @status. */
pyrope_status error_unsent(pyrope_error **error, pyrope_status status);

/** error_null() - an argument is NULL that must not be. Return: PYROPE_E_INVALID. */
pyrope_status error_null(pyrope_error **error);

/** error_nomem() - memory is out. Return: PYROPE_E_NOMEM. */
pyrope_status error_nomem(pyrope_error **error);

/** error_set_remote() - the same for a remote exception. @traceback may be NULL. */
pyrope_status error_set_remote(pyrope_error **error, const char *class_, const char *text,
                               const char *traceback);

/**
 * error_keep_exception() - let a program read the exception itself
 * @error:     NULL: nothing to do; else of error_set_remote(), without an exception as yet
 * @value:     gets one more owner
 * @exception: the map, within @value
 */
void error_keep_exception(pyrope_error *error, pyrope_value *value, pyrope_view exception);

/** error_keep_annotations() - the same for what came beside it; @annotations is taken, empty then.
 */
void error_keep_annotations(pyrope_error *error, Buffer *annotations);

/** error_prefix() - put "what: " before the text of an error that is there. Return: its status. */
pyrope_status error_prefix(pyrope_error **error, pyrope_status status, const char *format, ...)
        PRINTF(3, 4);
