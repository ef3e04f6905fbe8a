/* SPDX-License-Identifier: MIT */

#include "client/ssh-target.h"

#include "base/text.h"
#include "proto/uri.h"

#include <stdio.h>
#include <string.h>

void ssh_target_deinit(SshTarget *target)
{
        free(target->user);
        free(target->host);
        *target = (SshTarget){ 0 };
}

/* The host, without brackets, and what follows it. */
static char *host_copy(const char *text, const char **ret_rest)
{
        size_t n;

        if (text[0] == '[') {
                n = strcspn(text + 1, "]");
                *ret_rest = text[n + 1] ? text + n + 2 : text + n + 1;
                return strndup(text + 1, n);
        }
        n = strcspn(text, ":");
        *ret_rest = text + n;
        return strndup(text, n);
}

/* ssh -G puts an IPv4 address into brackets, too: without them it is what people write. */
static char *without_brackets(const char *text)
{
        const char *open = strchr(text, '['), *close = strchr(text, ']');
        char *plain = NULL;

        if (!open || !close || close < open || memchr(open, ':', (size_t)(close - open)))
                return strdup(text);
        if (asprintf(&plain, "%.*s%.*s%s", (int)(open - text), text, (int)(close - open - 1),
                     open + 1, close + 1) < 0)
                return NULL;
        return plain;
}

pyrope_status ssh_target_parse(const char *text, SshTarget *ret, pyrope_error **error)
{
        CLEANUP(ssh_target_deinit) SshTarget target = { 0 };
        CLEANUP(freep) char *plain = without_brackets(text);
        const char *at, *rest;
        int64_t port = 0;

        if (!plain)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        if (!uri_is_ssh_target(plain))
                return error_set(error, PYROPE_E_INVALID, "%s: is not [user@]host[:port]", text);
        at = strrchr(plain, '@');
        if (at)
                target.user = strndup(plain, (size_t)(at - plain));
        target.host = host_copy(at ? at + 1 : plain, &rest);
        if ((at && !target.user) || !target.host)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        if (rest[0] == ':' && text_parse_int64(rest + 1, 1, UINT16_MAX, &port))
                return error_set(error, PYROPE_E_INVALID, "%s: the port is not 1 to 65535", text);
        target.port = (uint16_t)port;
        *ret = target;
        target = (SshTarget){ 0 };
        return PYROPE_OK;
}
