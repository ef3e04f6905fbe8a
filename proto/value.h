#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Inside of values, writers and errors, for the layers of libpyrope
 *
 * <pyrope/value.h> and <pyrope/error.h> have the contract; here is what only we may know. A value
 * is a reference-counted block of validated bytes; a writer fills a Buffer.
 */

#include "base/buffer.h"
#include "base/defs.h"

#include <pyrope/value.h>
#include <stdint.h>

DEFINE_CLEANUP(pyrope_value *, pyrope_value_free);
DEFINE_CLEANUP(pyrope_writer *, pyrope_writer_free);
DEFINE_CLEANUP(pyrope_error *, pyrope_error_free);

/**
 * value_new_take() - a value from a buffer that holds one encoded item
 * @buffer:   bytes not yet validated; on success the value owns the memory and @buffer is empty
 * @n_skip:   bytes at the front that do not belong to the item (a frame's header and annotations)
 * @ret:      owned by the caller
 *
 * Return: 0, CODEC_E_* (proto/codec.h), -ENOMEM.
 */
NODISCARD int value_new_take(Buffer *buffer, size_t n_skip, pyrope_value **ret);

/**
 * writer_finish() - the encoded bytes, still owned by the writer
 *
 * Return: PYROPE_OK with @ret valid until the writer is used again; the failure that stuck.
 */
NODISCARD pyrope_status writer_finish(pyrope_writer *writer, const uint8_t **ret, size_t *ret_n);

/** writer_reset() - empty and without failure; keeps its memory up to @n_keep_bytes. */
void writer_reset(pyrope_writer *writer, size_t n_keep_bytes);

/** writer_raw() - append bytes that are known to be one validated item. */
void writer_raw(pyrope_writer *writer, const void *bytes, size_t n_bytes);

/**
 * error_set() - fill an error output and return the status
 * @error: NULL, or where a new error goes
 *
 * Meant for `return error_set(error, PYROPE_E_IO, "cannot open %s: %s", ...)`. The text is bounded
 * (ERROR_TEXT_MAX_BYTES) and made one line of valid UTF-8. If memory is out the error stays NULL.
 *
 * Return: @status.
 */
#define ERROR_TEXT_MAX_BYTES 4096u
pyrope_status error_set(pyrope_error **error, pyrope_status status, const char *format, ...)
        PRINTF(3, 4);

/** error_set_remote() - the same for a remote exception. @traceback may be NULL. */
pyrope_status error_set_remote(pyrope_error **error, const char *class_, const char *text,
                               const char *traceback);

/** error_prefix() - put "what: " before the text of an error that is there. Return: its status. */
pyrope_status error_prefix(pyrope_error **error, pyrope_status status, const char *format, ...)
        PRINTF(3, 4);
