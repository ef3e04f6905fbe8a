#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * SSH Blob
 *
 * Public keys as SSH sends them (RFC 4253 section 6.6: strings, of which the first names the type),
 * written in base64, which is how ssh, libssh and we compare them. Pure.
 */

#include "base/defs.h"

#include <stdbool.h>

#define SSH_BLOB_MAX_BYTES 16384u /* of a key; libssh takes no larger one from an agent either */

enum {
        SSH_BLOB_E_SUCCESS,

        SSH_BLOB_E_OTHER,   /* a key, but no certificate */
        SSH_BLOB_E_CORRUPT, /* no key at all */
};

typedef struct SshCursor SshCursor;

/* Where one is in bytes of somebody else's. */
struct SshCursor {
        const uint8_t *at, *end;
};

/* Each moves on only if all of it is there. Return: 0, -EBADMSG. */
NODISCARD int ssh_cursor_u32(SshCursor *cursor, uint32_t *ret);
NODISCARD int ssh_cursor_string(SshCursor *cursor, const uint8_t **ret, uint32_t *ret_n);

/**
 * ssh_blob_type() - the name of a key's type
 * @key:        in base64
 * @out:        receives it, terminated
 *
 * Return: 0; SSH_BLOB_E_CORRUPT, also if it does not fit in @out; -ENOMEM.
 */
NODISCARD int ssh_blob_type(const char *key, char *out, size_t n_out);

/**
 * ssh_blob_plain() - the key that a certificate is for
 * @certificate: in base64
 * @ret:        in base64; owned by the caller, free()
 *
 * Return: 0; SSH_BLOB_E_OTHER; SSH_BLOB_E_CORRUPT; -ENOMEM.
 */
NODISCARD int ssh_blob_plain(const char *certificate, char **ret);
