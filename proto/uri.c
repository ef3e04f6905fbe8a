/* SPDX-License-Identifier: MIT */

#include "proto/uri.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SOCKET_MARK "./u:"

static const char *const kind_names[] = {
        [URI_PYRO] = "PYRO",
        [URI_PYRONAME] = "PYRONAME",
        [URI_PYROMETA] = "PYROMETA",
};

static bool is_alphanumeric(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and what is in @others; neither '-' nor '.' in front, nor nothing at all. */
static bool is_word(const char *text, size_t n, const char *others)
{
        if (n == 0 || text[0] == '-' || text[0] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_alphanumeric(text[i]) && (!text[i] || !strchr(others, text[i])))
                        return false;
        return true;
}

/* A numeric IPv6 address with or without %scope. */
static bool is_ipv6(const char *text, size_t n)
{
        const char *scope = memchr(text, '%', n);
        size_t n_address = scope ? (size_t)(scope - text) : n;
        char address[INET6_ADDRSTRLEN];
        struct in6_addr parsed;

        if (n_address >= sizeof(address))
                return false;
        if (scope && !is_word(scope + 1, n - n_address - 1, "._-"))
                return false;
        memcpy(address, text, n_address);
        address[n_address] = '\0';
        return inet_pton(AF_INET6, address, &parsed) == 1;
}

static bool is_host(const char *text, size_t n)
{
        if (n > URI_HOST_MAX_BYTES)
                return false;
        return memchr(text, ':', n) ? is_ipv6(text, n) : is_word(text, n, "._-");
}

bool uri_is_host(const char *text)
{
        return is_host(text, strlen(text));
}

static int parse_port(const char *text, uint16_t *ret)
{
        int64_t port;

        if (text_parse_int64(text, 1, UINT16_MAX, &port))
                return URI_E_INVALID;
        *ret = (uint16_t)port;
        return 0;
}

typedef struct HostPort HostPort;

struct HostPort {
        const char *host; /* within the text */
        size_t n_host;
        uint16_t port; /* 0 if the text has none */
};

/* host, host:port, [v6] or [v6]:port, to the end of the text. */
static int parse_host_port(const char *text, HostPort *ret)
{
        bool is_bracketed = text[0] == '[';
        HostPort found = { .host = text + is_bracketed };
        const char *end;

        end = strchr(found.host, is_bracketed ? ']' : ':');
        if (is_bracketed && !end)
                return URI_E_INVALID;
        found.n_host = end ? (size_t)(end - found.host) : strlen(found.host);
        if (!is_host(found.host, found.n_host))
                return URI_E_INVALID;
        if (is_bracketed && !memchr(found.host, ':', found.n_host))
                return URI_E_INVALID;

        end = found.host + found.n_host + is_bracketed;
        if (*end != '\0' && (*end != ':' || parse_port(end + 1, &found.port)))
                return URI_E_INVALID;
        *ret = found;
        return 0;
}

bool uri_is_ssh_target(const char *text)
{
        const char *at = strchr(text, '@');
        HostPort host;

        if (strlen(text) > URI_SSH_TARGET_MAX_BYTES)
                return false;
        if (at && !is_word(text, (size_t)(at - text), "._+-"))
                return false;
        return parse_host_port(at ? at + 1 : text, &host) == 0;
}

bool uri_is_ssh_way(const char *text)
{
        char target[URI_SSH_TARGET_MAX_BYTES + 1];

        for (size_t n_hops = 1; n_hops <= URI_SSH_HOPS_MAX; n_hops++) {
                size_t n = strcspn(text, ",");

                if (n >= sizeof(target))
                        return false;
                memcpy(target, text, n);
                target[n] = '\0';
                if (!uri_is_ssh_target(target))
                        return false;
                if (text[n] == '\0')
                        return true;
                text += n + 1;
        }
        return false;
}

void location_deinit(Location *location)
{
        free(location->ssh);
        free(location->path);
        free(location->host);
        *location = (Location){ .port = 0 };
}

static int copy_text(const char *text, size_t n, char **ret)
{
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}

static int set_path(const char *path, Location *ret)
{
        /* Pyro5 takes no ':' in the path of a socket, and a control byte is nobody's intention. */
        if (*path == '\0')
                return URI_E_INVALID;
        for (const char *p = path; *p; p++)
                if (*p == ':' || (uint8_t)*p < ' ' || *p == 0x7f)
                        return URI_E_INVALID;
        return copy_text(path, strlen(path), &ret->path);
}

/* ./u:path, or host:port; @default_port 0: the port must be there. */
static int parse_direct(const char *text, uint16_t default_port, Location *ret)
{
        HostPort found;
        int r;

        if (strncmp(text, SOCKET_MARK, strlen(SOCKET_MARK)) == 0)
                return set_path(text + strlen(SOCKET_MARK), ret);
        r = parse_host_port(text, &found);
        if (r)
                return r;
        if (found.port == 0)
                found.port = default_port;
        if (found.port == 0)
                return URI_E_INVALID;

        ret->port = found.port;
        return copy_text(found.host, found.n_host, &ret->host);
}

/* What follows ssh://. */
static int parse_ssh(const char *text, Location *ret)
{
        size_t n_way = strcspn(text, "/");
        const char *rest = text + n_way;
        int r;

        r = copy_text(text, n_way, &ret->ssh);
        if (r)
                return r;
        if (!uri_is_ssh_way(ret->ssh))
                return URI_E_INVALID;
        if (*rest == '\0' || strcmp(rest, "/") == 0)
                return 0;

        r = parse_direct(rest + 1, /* default_port= */ 0, ret);
        if (r)
                return r;
        /* sshd resolves a relative path against "/", which is never what was meant. */
        return ret->path && ret->path[0] != '/' ? URI_E_INVALID : 0;
}

static int parse_location(const char *text, uint16_t default_port, Location *ret)
{
        CLEANUP(location_deinit) Location location = { .port = 0 };
        int r;

        if (strlen(text) > URI_TEXT_MAX_BYTES || !text_is_utf8(text, strlen(text)))
                return URI_E_INVALID;
        if (strncmp(text, URI_SSH_SCHEME, strlen(URI_SSH_SCHEME)) == 0)
                r = parse_ssh(text + strlen(URI_SSH_SCHEME), &location);
        else if (text[0] == '/')
                r = set_path(text, &location);
        else
                r = parse_direct(text, default_port, &location);
        if (r)
                return r;

        *ret = location;
        location = (Location){ .port = 0 };
        return 0;
}

int location_parse(const char *text, Location *ret)
{
        return parse_location(text, /* default_port= */ 0, ret);
}

static char *printed(const char *format, ...) PRINTF(1, 2);

static char *printed(const char *format, ...)
{
        va_list arguments;
        char *text;
        int n;

        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        return n < 0 ? NULL : text;
}

char *location_format(const Location *location)
{
        bool is_v6 = location->host && strchr(location->host, ':');
        const char *ssh_mark = location->ssh ? URI_SSH_SCHEME : "";
        const char *ssh = location->ssh ? location->ssh : "";
        const char *slash = location->ssh ? "/" : "";

        if (location->path)
                return printed("%s%s%s" SOCKET_MARK "%s", ssh_mark, ssh, slash, location->path);
        if (location->host)
                return printed("%s%s%s%s%s%s:%u", ssh_mark, ssh, slash, is_v6 ? "[" : "",
                               location->host, is_v6 ? "]" : "", (unsigned)location->port);
        return printed("%s%s", ssh_mark, ssh);
}

static int copy_optional(const char *text, char **ret)
{
        return text ? copy_text(text, strlen(text), ret) : 0;
}

int location_copy(const Location *from, Location *ret)
{
        CLEANUP(location_deinit) Location copy = { .port = from->port };

        if (copy_optional(from->ssh, &copy.ssh) || copy_optional(from->path, &copy.path) ||
            copy_optional(from->host, &copy.host))
                return -ENOMEM;
        *ret = copy;
        copy = (Location){ .port = 0 };
        return 0;
}

void uri_deinit(Uri *uri)
{
        free(uri->object);
        uri->object = NULL;
        location_deinit(&uri->location);
}

/* The name before the first ':'. */
static int parse_kind(const char *text, UriKind *ret, const char **ret_rest)
{
        size_t n = strcspn(text, ":");

        if (text[n] != ':')
                return URI_E_INVALID;
        for (size_t i = 0; i < ARRAY_SIZE(kind_names); i++)
                if (strlen(kind_names[i]) == n && strncasecmp(text, kind_names[i], n) == 0) {
                        *ret = (UriKind)i;
                        *ret_rest = text + n + 1;
                        return 0;
                }
        return URI_E_INVALID;
}

/* The first '@' with something on both sides parts object and location, as in Pyro5. */
static size_t object_length(const char *text)
{
        const char *at = text[0] ? strchr(text + 1, '@') : NULL;

        return at && at[1] ? (size_t)(at - text) : strlen(text);
}

static bool is_object(const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if ((uint8_t)text[i] <= ' ' || text[i] == 0x7f)
                        return false;
        return n > 0 && text_is_utf8(text, n);
}

int uri_parse(const char *text, Uri *ret)
{
        CLEANUP(uri_deinit) Uri uri = { .kind = URI_PYRO };
        const char *rest;
        size_t n_object;
        int r;

        if (strlen(text) > URI_TEXT_MAX_BYTES)
                return URI_E_INVALID;
        r = parse_kind(text, &uri.kind, &rest);
        if (r)
                return r;
        n_object = object_length(rest);
        if (!is_object(rest, n_object))
                return URI_E_INVALID;
        r = copy_text(rest, n_object, &uri.object);
        if (r)
                return r;

        if (rest[n_object] == '@')
                r = parse_location(rest + n_object + 1,
                                   uri.kind == URI_PYRO ? 0 : URI_NAMESERVER_PORT, &uri.location);
        else if (uri.kind == URI_PYRO)
                r = URI_E_INVALID;
        if (r)
                return r;

        *ret = uri;
        uri = (Uri){ .kind = URI_PYRO };
        return 0;
}

char *uri_format(const Uri *uri)
{
        CLEANUP(freep) char *location = NULL;

        if (!location_is_given(&uri->location))
                return printed("%s:%s", kind_names[uri->kind], uri->object);
        location = location_format(&uri->location);
        if (!location)
                return NULL;
        return printed("%s:%s@%s", kind_names[uri->kind], uri->object, location);
}
