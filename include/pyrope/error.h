#ifndef PYROPE_ERROR_H
#define PYROPE_ERROR_H

/* SPDX-License-Identifier: MIT */

/*
 * Status codes and error details of the public API.
 *
 * Every function that can fail returns a pyrope_status and takes, last, an optional place for a
 * pyrope_error: one line of text that says what was tried, where, why it failed and what helps.
 * Outputs are written only when PYROPE_OK is returned, the error only when it is not.
 * An error belongs to the one who received it and may be read by one thread at a time.
 *
 * NULL: where it is not said that a pointer may be NULL, it must not be. If it is, a function that
 * returns a status returns PYROPE_E_INVALID, any other what stands for nothing (NULL, false, 0, -1
 * for a descriptor, an absent item), and nothing else happens. This holds for all of <pyrope/...>,
 * but not for the targets that a format lists.
 *
 * Out of memory, an error may be NULL although one was asked for: so the functions below read NULL
 * as an error of that status.
 */

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PYROPE_API                     __attribute__((visibility("default")))
#define PYROPE_PRINTF(at_format, at_1) __attribute__((format(printf, at_format, at_1)))
#else
#define PYROPE_API
#define PYROPE_PRINTF(at_format, at_1)
#endif

/* Status codes; the numbers are part of the ABI: append, never renumber. */
#define PYROPE_STATUS_MAP(X)                                                                       \
        X(OK, 0, "success")                                                                        \
        X(E_NOMEM, 1, "out of memory")                                                             \
        X(E_INVALID, 2, "an argument is not of the documented form")                               \
        X(E_TYPE, 3, "the value is of another type")                                               \
        X(E_RANGE, 4, "the value does not fit")                                                    \
        X(E_NOT_FOUND, 5, "no such name, object or file")                                          \
        X(E_EXISTS, 6, "already there, or in use")                                                 \
        X(E_UNREACHABLE, 7, "host or daemon refused, hung up or did not answer")                   \
        X(E_TIMEOUT, 8, "the deadline passed")                                                     \
        X(E_HOST_KEY, 9, "host key unknown, changed or revoked")                                   \
        X(E_AUTH, 10, "login refused")                                                             \
        X(E_DENIED, 11, "not permitted")                                                           \
        X(E_PROTOCOL, 12, "the peer does not keep to the protocol")                                \
        X(E_TOO_LARGE, 13, "larger than the limit")                                                \
        X(E_REMOTE, 14, "the remote method raised an exception")                                   \
        X(E_CONFIG, 15, "the configuration is wrong")                                              \
        X(E_BUSY, 16, "no free slot")                                                              \
        X(E_CLOSED, 17, "used after it was closed")                                                \
        X(E_IO, 18, "the operating system refused")

typedef enum pyrope_status {
#define X(name, number, text) PYROPE_##name = (number),
        PYROPE_STATUS_MAP(X)
#undef X
} pyrope_status;

typedef struct pyrope_error pyrope_error;

/** pyrope_strerror() - the general meaning of a status. Return: static text, never NULL. */
PYROPE_API const char *pyrope_strerror(pyrope_status status);

/** pyrope_status_name() - "E_TIMEOUT". Return: static text, never NULL. */
PYROPE_API const char *pyrope_status_name(pyrope_status status);

/** pyrope_error_free() - release an error; NULL is fine. Return: NULL. */
PYROPE_API pyrope_error *pyrope_error_free(pyrope_error *error);

/** pyrope_error_status() - why it failed. Return: never PYROPE_OK. */
PYROPE_API pyrope_status pyrope_error_status(const pyrope_error *error);

/** pyrope_error_text() - one line for a person. Return: borrowed from @error, never NULL. */
PYROPE_API const char *pyrope_error_text(const pyrope_error *error);

/**
 * pyrope_error_class() - class of a remote exception, "builtins.ValueError"
 *
 * Return: borrowed from @error; NULL unless the status is PYROPE_E_REMOTE.
 */
PYROPE_API const char *pyrope_error_class(const pyrope_error *error);

/**
 * pyrope_error_traceback() - what the remote side tells about the place, several lines
 *
 * Return: borrowed from @error; NULL where there is none.
 */
PYROPE_API const char *pyrope_error_traceback(const pyrope_error *error);

/**
 * pyrope_error_is_unsent() - whether a call failed before anything of it was sent
 *
 * Then it was certainly not executed, and may be made again. Of any other call without a result or
 * a remote exception it is not known whether it ran.
 *
 * Return: false for NULL, and for what is not the failure of a call.
 */
PYROPE_API bool pyrope_error_is_unsent(const pyrope_error *error);

#ifdef __cplusplus
}
#endif

#endif
