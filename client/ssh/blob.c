/* SPDX-License-Identifier: MIT */

#include "client/ssh/blob.h"

#include "base/base64.h"
#include "base/buffer.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* Certificates, the keys in them, and how many strings such a key has behind its type:
 * PROTOCOL.certkeys and PROTOCOL.u2f of OpenSSH. */
static const struct {
        const char *certificate, *plain;
        unsigned n_strings;
} types[] = {
        { "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1 },
        { "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2 },
        { "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2 },
        { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2 },
        { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2 },
        { "sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2 },
        { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3 },
};

int ssh_cursor_u32(SshCursor *cursor, uint32_t *ret)
{
        if (cursor->end - cursor->at < 4)
                return -EBADMSG;
        memcpy(ret, cursor->at, 4);
        *ret = be32toh(*ret);
        cursor->at += 4;
        return 0;
}

int ssh_cursor_string(SshCursor *cursor, const uint8_t **ret, uint32_t *ret_n)
{
        SshCursor moved = *cursor;
        uint32_t n;

        if (ssh_cursor_u32(&moved, &n) || (size_t)(moved.end - moved.at) < n)
                return -EBADMSG;
        *ret = moved.at;
        *ret_n = n;
        moved.at += n;
        *cursor = moved;
        return 0;
}

/* Row of the table for a certificate's type. Return: its index; ARRAY_SIZE(types) for none. */
static size_t find_type(const uint8_t *name, uint32_t n_name)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(types) && (strlen(types[i].certificate) != n_name ||
                                         memcmp(types[i].certificate, name, n_name) != 0))
                i++;
        return i;
}

/* The strings of the key, which lie together behind the nonce. */
static int find_key(SshCursor *cursor, unsigned n_strings, const uint8_t **ret, size_t *ret_n)
{
        const uint8_t *string;
        uint32_t n;
        int r;

        r = ssh_cursor_string(cursor, &string, &n); /* nonce */
        *ret = cursor->at;
        for (unsigned i = 0; !r && i < n_strings; i++)
                r = ssh_cursor_string(cursor, &string, &n);
        *ret_n = (size_t)(cursor->at - *ret);
        return r;
}

static int write_plain(const char *type, const uint8_t *key, size_t n_key, char **ret)
{
        CLEANUP(buffer_deinit) Buffer plain = BUFFER_INIT(SSH_BLOB_MAX_BYTES + 64);
        uint32_t n = htobe32((uint32_t)strlen(type));

        if (buffer_append(&plain, &n, sizeof(n)) || buffer_append(&plain, type, strlen(type)) ||
            buffer_append(&plain, key, n_key))
                return -ENOMEM;
        *ret = base64_encode(plain.data, plain.n);
        return *ret ? 0 : -ENOMEM;
}

static int plain_of(const uint8_t *bytes, size_t n_bytes, char **ret)
{
        SshCursor cursor = { .at = bytes, .end = bytes + n_bytes };
        const uint8_t *name, *key;
        uint32_t n_name;
        size_t i, n_key;

        if (n_bytes > SSH_BLOB_MAX_BYTES || ssh_cursor_string(&cursor, &name, &n_name))
                return SSH_BLOB_E_CORRUPT;
        i = find_type(name, n_name);
        if (i == ARRAY_SIZE(types))
                return SSH_BLOB_E_OTHER;
        if (find_key(&cursor, types[i].n_strings, &key, &n_key))
                return SSH_BLOB_E_CORRUPT;
        return write_plain(types[i].plain, key, n_key, ret);
}

int ssh_blob_type(const char *key, char *out, size_t n_out)
{
        CLEANUP(freep) void *bytes = NULL;
        SshCursor cursor;
        const uint8_t *name;
        uint32_t n_name;
        size_t n_bytes;
        int r;

        r = base64_decode(key, strlen(key), &bytes, &n_bytes);
        if (r)
                return r < 0 ? r : SSH_BLOB_E_CORRUPT;
        cursor = (SshCursor){ .at = bytes, .end = (uint8_t *)bytes + n_bytes };
        if (ssh_cursor_string(&cursor, &name, &n_name) || n_name >= n_out ||
            memchr(name, '\0', n_name))
                return SSH_BLOB_E_CORRUPT;
        memcpy(out, name, n_name);
        out[n_name] = '\0';
        return 0;
}

int ssh_blob_plain(const char *certificate, char **ret)
{
        CLEANUP(freep) void *bytes = NULL;
        size_t n_bytes;
        int r;

        r = base64_decode(certificate, strlen(certificate), &bytes, &n_bytes);
        if (r)
                return r < 0 ? r : SSH_BLOB_E_CORRUPT;
        return plain_of(bytes, n_bytes, ret);
}
