/* SPDX-License-Identifier: MIT */

/*
 * SSH keys and certificates as hosts and agents send them: an input is the bytes of one. The key of
 * a certificate lies in it as it is, and is no certificate itself.
 */

#include "client/ssh/blob.h"

#include "base/base64.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check(const char *certificate, const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *plain = NULL;
        CLEANUP(freep) char *plainer = NULL;
        CLEANUP(freep) void *bytes = NULL;
        size_t n_bytes;
        uint32_t n_type;
        int r = ssh_blob_plain(certificate, &plain);

        PROPERTY(r == 0 || r == SSH_BLOB_E_OTHER || r == SSH_BLOB_E_CORRUPT);
        PROPERTY(!plain == (r != 0));
        if (r)
                return;
        PROPERTY(!base64_decode(plain, strlen(plain), &bytes, &n_bytes));
        PROPERTY(ssh_blob_plain(plain, &plainer) == SSH_BLOB_E_OTHER);
        PROPERTY(!ssh_cursor_u32(&(SshCursor){ bytes, (uint8_t *)bytes + n_bytes }, &n_type));
        PROPERTY(n_bytes < size &&
                 memmem(data, size, (uint8_t *)bytes + 4 + n_type, n_bytes - 4 - n_type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *text = base64_encode(data, size);

        if (text)
                check(text, data, size);
        return 0;
}
