/* SPDX-License-Identifier: MIT */

#include "client/ssh/target.h"

#include "base/text.h"
#include "proto/uri.h"

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

static char *put(char *out, const char *text, size_t n)
{
        memcpy(out, text, n);
        return out + n;
}

/* One host; returns the new end of what is written. ssh -G puts an IPv4 address into brackets, too:
 * without them it is what people write. */
static char *put_plain(char *out, const char *text, size_t n)
{
        const char *open, *close;

        if (n >= strlen(URI_SSH_SCHEME) && !strncmp(text, URI_SSH_SCHEME, strlen(URI_SSH_SCHEME))) {
                text += strlen(URI_SSH_SCHEME);
                n -= strlen(URI_SSH_SCHEME);
                n -= n && text[n - 1] == '/';
        }
        open = memchr(text, '[', n);
        close = memchr(text, ']', n);
        if (!open || !close || close < open || memchr(open, ':', (size_t)(close - open)))
                return put(out, text, n);
        out = put(out, text, (size_t)(open - text));
        out = put(out, open + 1, (size_t)(close - open - 1));
        return put(out, close + 1, (size_t)(text + n - close - 1));
}

char *ssh_target_plain_way(const char *text)
{
        char *way = malloc(strlen(text) + 1), *end = way;
        size_t n;

        while (way) {
                n = strcspn(text, ",");
                end = put_plain(end, text, n);
                if (!text[n])
                        break;
                *end++ = ',';
                text += n + 1;
        }
        if (way)
                *end = '\0';
        return way;
}

pyrope_status ssh_target_parse(const char *text, SshTarget *ret, pyrope_error **error)
{
        CLEANUP(ssh_target_deinit) SshTarget target = { 0 };
        CLEANUP(freep) char *plain = ssh_target_plain_way(text);
        const char *at, *rest;
        int64_t port = 0;

        if (!plain)
                return error_nomem(error);
        if (!uri_is_ssh_target(plain))
                return error_set(error, PYROPE_E_INVALID, "%s: is not [user@]host[:port]", text);
        at = strrchr(plain, '@');
        if (at)
                target.user = strndup(plain, (size_t)(at - plain));
        target.host = host_copy(at ? at + 1 : plain, &rest);
        if ((at && !target.user) || !target.host)
                return error_nomem(error);
        if (rest[0] == ':' && text_parse_int64(rest + 1, 1, UINT16_MAX, &port))
                return error_set(error, PYROPE_E_INVALID, "%s: the port is not 1 to 65535", text);
        target.port = (uint16_t)port;
        *ret = target;
        target = (SshTarget){ 0 };
        return PYROPE_OK;
}
