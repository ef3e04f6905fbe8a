/* SPDX-License-Identifier: MIT */

#include "client/ssh/expand.h"

#include "base/buffer.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXPANDED_MAX_BYTES 8192u
#define VARIABLE_MAX_BYTES 64u
#define USER_LOOKUP_BYTES  4096u
#define HOST_BYTES         256u

char *ssh_expand_login_home(void)
{
        char bytes[USER_LOOKUP_BYTES];
        struct passwd user, *found;

        if (getpwuid_r(geteuid(), &user, bytes, sizeof(bytes), &found) || !found)
                return NULL;
        return strdup(found->pw_dir);
}

char *ssh_expand_home(void)
{
        const char *home = getenv("HOME");

        return home && home[0] == '/' ? strdup(home) : ssh_expand_login_home();
}

static int append(Buffer *out, const char *text)
{
        return text ? buffer_append(out, text, strlen(text)) : -ENOENT;
}

static int append_home(Buffer *out)
{
        CLEANUP(freep) char *home = ssh_expand_home();

        return append(out, home);
}

static int append_local_user(Buffer *out)
{
        char bytes[USER_LOOKUP_BYTES];
        struct passwd user, *found;

        if (getpwuid_r(getuid(), &user, bytes, sizeof(bytes), &found) || !found)
                return -ENOENT;
        return append(out, found->pw_name);
}

static int append_local_host(Buffer *out, bool is_short)
{
        char host[HOST_BYTES];

        if (gethostname(host, sizeof(host)) < 0)
                return -errno;
        host[sizeof(host) - 1] = '\0';
        if (is_short)
                host[strcspn(host, ".")] = '\0';
        return append(out, host);
}

static int append_token(Buffer *out, const SshTokens *tokens, char token)
{
        switch (token) {
        case '%':
                return append(out, "%");
        case 'd':
                return append_home(out);
        case 'h':
                return append(out, tokens->host_name);
        case 'i':
                return buffer_append_printf(out, "%lu", (unsigned long)getuid());
        case 'k':
                return append(out, tokens->known_as);
        case 'l':
                return append_local_host(out, /* is_short= */ false);
        case 'L':
                return append_local_host(out, /* is_short= */ true);
        case 'n':
                return append(out, tokens->alias);
        case 'p':
                return buffer_append_printf(out, "%u", tokens->port);
        case 'r':
                return append(out, tokens->user);
        case 'u':
                return append_local_user(out);
        default:
                return -ENOENT;
        }
}

/* ${NAME}; returns the number of bytes it takes up in the text, or -ENOENT. */
static int append_variable(Buffer *out, const char *at)
{
        char name[VARIABLE_MAX_BYTES];
        size_t n = strcspn(at + 2, "}");
        int r;

        if (at[2 + n] != '}' || n >= sizeof(name))
                return -ENOENT;
        memcpy(name, at + 2, n);
        name[n] = '\0';
        r = append(out, getenv(name));
        return r ? r : (int)n + 3;
}

/* One step; returns how many bytes of the text it took. */
static int append_step(Buffer *out, const SshTokens *tokens, const char *at, bool is_path)
{
        int r;

        if (*at == '%') {
                r = at[1] ? append_token(out, tokens, at[1]) : -ENOENT;
                return r ? r : 2;
        }
        if (is_path && at[0] == '$' && at[1] == '{')
                return append_variable(out, at);
        r = buffer_append(out, at, 1);
        return r ? r : 1;
}

static pyrope_status expand(const SshTokens *tokens, const char *what, const char *text,
                            bool is_path, char **ret, pyrope_error **error)
{
        Buffer out = BUFFER_INIT(EXPANDED_MAX_BYTES);
        const char *at = text;
        int r = 0;

        if (is_path && at[0] == '~') {
                r = at[1] && at[1] != '/' ? -ENOENT : append_home(&out);
                at++;
        }
        while (r >= 0 && *at) {
                r = append_step(&out, tokens, at, is_path);
                at += r > 0 ? r : 0;
        }
        if (r >= 0)
                r = buffer_append(&out, "", 1);
        if (r < 0) {
                buffer_deinit(&out);
                if (r == -ENOMEM)
                        return error_nomem(error);
                return error_set(error, PYROPE_E_CONFIG, "%s %s: %s", what, text,
                                 r == -EMSGSIZE ? "is too long"
                                                : "has a token or variable that cannot be replaced "
                                                  "here; write it out in the SSH configuration");
        }
        *ret = (char *)out.data;
        return PYROPE_OK;
}

pyrope_status ssh_expand_path(const SshTokens *tokens, const char *what, const char *text,
                              char **ret, pyrope_error **error)
{
        return expand(tokens, what, text, /* is_path= */ true, ret, error);
}

pyrope_status ssh_expand_command(const SshTokens *tokens, const char *what, const char *text,
                                 char **ret, pyrope_error **error)
{
        return expand(tokens, what, text, /* is_path= */ false, ret, error);
}
