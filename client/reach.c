/* SPDX-License-Identifier: MIT */

#include "client/reach.h"

#include "base/unix-socket.h"

#include <errno.h>
#include <string.h>

/* The ways to an endpoint, best first. */
typedef enum Way {
        WAY_SAME_ZONE_UNIX,
        WAY_SAME_ZONE_PORT,
        WAY_SSH_UNIX,
        WAY_SSH_PORT,
        WAY_NAT,
        WAY_NAMESERVER_UNIX,
        WAY_NAMESERVER_PORT,
        WAY_NAT_LOOPBACK,
        WAY_NONE,
} Way;

/* One endpoint of a record; what is missing, or not of its form, is NULL or 0. Texts are owned. */
typedef struct Endpoint {
        char *zone;
        char *path;
        char *host;
        char *nathost;
        char *ssh;
        uint16_t port;
        uint16_t natport;
} Endpoint;

static void endpoint_deinit(Endpoint *endpoint)
{
        free(endpoint->zone);
        free(endpoint->path);
        free(endpoint->host);
        free(endpoint->nathost);
        free(endpoint->ssh);
}

static bool is_any(const char *text)
{
        return *text;
}

static bool is_path(const char *text)
{
        return text[0] == '/' && unix_path_check(text, NULL) == 0;
}

/* The str under @key, if @is_good likes it. Return: 0, -ENOMEM. */
static int endpoint_text(pyrope_view map, const char *key, bool (*is_good)(const char *),
                         char **ret)
{
        CLEANUP(freep) char *text = NULL;
        const char *bytes;
        size_t n;

        if (pyrope_get_str(pyrope_find(map, key), &bytes, &n) != PYROPE_OK || memchr(bytes, 0, n))
                return 0;
        text = strndup(bytes, n);
        if (!text)
                return -ENOMEM;

        if (is_good(text))
                *ret = TAKE(text);
        return 0;
}

static uint16_t endpoint_port(pyrope_view map, const char *key)
{
        int64_t port;

        if (pyrope_get_int(pyrope_find(map, key), &port) != PYROPE_OK)
                return 0;
        return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static int endpoint_init(Endpoint *ret, pyrope_view map)
{
        int r;

        *ret = (Endpoint){ .port = endpoint_port(map, "port"),
                           .natport = endpoint_port(map, "natport") };
        r = endpoint_text(map, "zone", is_any, &ret->zone);
        if (!r)
                r = endpoint_text(map, "unix", is_path, &ret->path);
        if (!r)
                r = endpoint_text(map, "host", uri_is_host, &ret->host);
        if (!r)
                r = endpoint_text(map, "nathost", uri_is_host, &ret->nathost);
        if (!r)
                r = endpoint_text(map, "ssh", uri_is_ssh_way, &ret->ssh);
        return r;
}

static bool is_loopback(const char *host)
{
        return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
               strcmp(host, "::1") == 0;
}

static Way way_to(const Endpoint *endpoint, const char *zone, const Location *nameserver)
{
        bool has_port = endpoint->host && endpoint->port;
        bool has_nat = endpoint->nathost && endpoint->natport;

        if (endpoint->zone && strcmp(endpoint->zone, zone) == 0) {
                if (endpoint->path)
                        return WAY_SAME_ZONE_UNIX;
                if (has_port)
                        return WAY_SAME_ZONE_PORT;
        }
        if (endpoint->ssh && endpoint->path)
                return WAY_SSH_UNIX;
        if (endpoint->ssh && has_port)
                return WAY_SSH_PORT;
        if (has_nat && !is_loopback(endpoint->nathost))
                return WAY_NAT;
        if (nameserver->ssh && endpoint->path)
                return WAY_NAMESERVER_UNIX;
        if (has_port && (nameserver->ssh || !is_loopback(endpoint->host)))
                return WAY_NAMESERVER_PORT;
        return has_nat ? WAY_NAT_LOOPBACK : WAY_NONE;
}

/* Where @way leads; everything in it is borrowed. */
static Location location_of(const Endpoint *endpoint, Way way, const Location *nameserver)
{
        switch (way) {
        case WAY_SAME_ZONE_UNIX:
                return (Location){ .path = endpoint->path };
        case WAY_SAME_ZONE_PORT:
                return (Location){ .host = endpoint->host, .port = endpoint->port };
        case WAY_SSH_UNIX:
                return (Location){ .ssh = endpoint->ssh, .path = endpoint->path };
        case WAY_SSH_PORT:
                return (Location){ .ssh = endpoint->ssh,
                                   .host = endpoint->host,
                                   .port = endpoint->port };
        case WAY_NAMESERVER_UNIX:
                return (Location){ .ssh = nameserver->ssh, .path = endpoint->path };
        case WAY_NAMESERVER_PORT:
                return (Location){ .ssh = nameserver->ssh,
                                   .host = endpoint->host,
                                   .port = endpoint->port };
        case WAY_NAT:
        case WAY_NAT_LOOPBACK:
        case WAY_NONE:
                break;
        }
        return (Location){ .host = endpoint->nathost, .port = endpoint->natport };
}

int reach_told(const Location *teller, const Location *told, Location *ret)
{
        Location seen = *told;

        if (told->ssh || (!told->path && !told->host))
                return REACH_E_INVALID;
        if (told->path && !is_path(told->path)) /* relative to where the daemon was started */
                return REACH_E_INVALID;
        seen.ssh = teller->ssh;
        return location_copy(&seen, ret);
}

/* What a nameserver without endpoints knows: the URI alone. */
static int choose_uri(pyrope_view record, const Location *nameserver, Location *ret)
{
        CLEANUP(uri_deinit) Uri uri = { 0 };
        CLEANUP(freep) char *text = NULL;
        int r;

        r = endpoint_text(record, "uri", is_any, &text);
        if (r)
                return r;
        r = text ? uri_parse(text, &uri) : URI_E_INVALID;
        if (r > 0 || (!r && uri.kind != URI_PYRO))
                return REACH_E_INVALID;
        return r ? r : reach_told(nameserver, &uri.location, ret);
}

int reach_choose(pyrope_view record, const char *zone, const Location *nameserver, Location *ret)
{
        pyrope_view endpoints = pyrope_find(record, "endpoints");
        CLEANUP(location_deinit) Location best = { 0 };
        Way best_way = WAY_NONE;
        pyrope_view map;

        if (pyrope_count(endpoints) == 0)
                return choose_uri(record, nameserver, ret);

        for (pyrope_iter it = pyrope_each(endpoints); pyrope_next(&it, NULL, &map);) {
                CLEANUP(endpoint_deinit) Endpoint endpoint = { 0 };
                Location here;
                Way way;
                int r;

                r = endpoint_init(&endpoint, map);
                if (r)
                        return r;
                way = way_to(&endpoint, zone, nameserver);
                if (way >= best_way)
                        continue;

                here = location_of(&endpoint, way, nameserver);
                location_deinit(&best);
                best = (Location){ 0 };
                r = location_copy(&here, &best);
                if (r)
                        return r;
                best_way = way;
        }
        if (best_way == WAY_NONE)
                return REACH_E_NONE;

        *ret = best;
        best = (Location){ 0 };
        return 0;
}

char *reach_label(const Location *at)
{
        if (at->path && !at->ssh)
                return strdup(at->path);
        return location_format(at);
}
