/* SPDX-License-Identifier: MIT */

/*
 * Lines of known_hosts: an input is a key, a newline, and the file or what ssh-keygen says of it.
 * A mark is only found where it stands.
 */

#include "client/ssh/known.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

static unsigned scan(const char *text)
{
        unsigned state = 0, found = 0;

        for (; *text; text++)
                found |= ssh_known_scan((unsigned char)*text, &state);
        return found;
}

static void check(const char *key, const char *text)
{
        CLEANUP(freep) char *copy = strdup(text);
        const unsigned found = scan(text);
        unsigned marks;

        if (!copy)
                return;
        PROPERTY(!(found & SSH_MARK_UNREAD) || strchr(text, '@'));
        PROPERTY(!(found & SSH_MARK_EXCEPTED) || strchr(text, '!'));
        marks = ssh_known_parse(copy, key);
        PROPERTY(!(marks & SSH_MARK_REVOKED) || strstr(text, "@revoked"));
        PROPERTY(!(marks & SSH_MARK_AUTHORITY) || strstr(text, "@cert-authority"));
        PROPERTY(!(marks & (SSH_MARK_REVOKED | SSH_MARK_NAMED)) || strstr(text, key));
        /* libssh's reading alone is trusted only where there is no mark. */
        PROPERTY(!(marks & (SSH_MARK_REVOKED | SSH_MARK_AUTHORITY)) || found & SSH_MARK_UNREAD ||
                 strchr(text, '\r'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(freep) char *bytes = strndup((const char *)data, size);
        char *text = bytes ? strchr(bytes, '\n') : NULL;

        if (!text)
                return 0;
        *text++ = '\0';
        if (bytes[0])
                check(bytes, text);
        return 0;
}
