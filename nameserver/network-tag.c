/* SPDX-License-Identifier: MIT */

#include "nameserver/network-tag.h"

#include "nameserver/endpoint.h"

#include <stdio.h>
#include <string.h>

#define BEGINNING "network:"

typedef struct Cursor {
        const char *at;
        const char *end;
} Cursor;

/* Whether a tag begins as one. */
static bool is_network_tag(StoreText tag)
{
        size_t n = strlen(BEGINNING);

        return tag.n > n && memcmp(tag.at, BEGINNING, n) == 0 && tag.at[n] == '{';
}

static void skip_blanks(Cursor *cursor)
{
        while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) && *cursor->at)
                cursor->at++;
}

/* Takes one character, and the blanks around it. */
static bool take(Cursor *cursor, char c)
{
        skip_blanks(cursor);
        if (cursor->at == cursor->end || *cursor->at != c)
                return false;
        cursor->at++;
        skip_blanks(cursor);
        return true;
}

static bool take_word(Cursor *cursor, const char *word)
{
        size_t n = strlen(word);

        if ((size_t)(cursor->end - cursor->at) < n || memcmp(cursor->at, word, n) != 0)
                return false;
        cursor->at += n;
        return true;
}

/* A string without escapes: no host and no key has any. */
static bool take_string(Cursor *cursor, char *ret, size_t n_ret)
{
        size_t n = 0;

        if (!take(cursor, '"'))
                return false;
        for (; cursor->at < cursor->end && *cursor->at != '"'; cursor->at++) {
                if (*cursor->at == '\\' || *cursor->at == '\0' || n + 1 >= n_ret)
                        return false;
                ret[n++] = *cursor->at;
        }
        ret[n] = '\0';
        return take(cursor, '"');
}

static bool take_port(Cursor *cursor, uint16_t *ret)
{
        const char *begin = cursor->at;
        uint32_t port = 0;

        if (take_word(cursor, "null"))
                return true;
        for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
                port = port * 10 + (uint32_t)(*cursor->at - '0');
                if (port > UINT16_MAX)
                        return false;
        }
        *ret = (uint16_t)port;
        return cursor->at > begin;
}

static bool take_host(Cursor *cursor, char *ret, size_t n_ret)
{
        return take_word(cursor, "null") || take_string(cursor, ret, n_ret);
}

static bool take_pair(Cursor *cursor, NetworkTag *ret)
{
        char key[16];

        if (!take_string(cursor, key, sizeof(key)) || !take(cursor, ':'))
                return false;
        if (strcmp(key, "host") == 0)
                return take_host(cursor, ret->host, sizeof(ret->host));
        if (strcmp(key, "port") == 0)
                return take_port(cursor, &ret->port);
        if (strcmp(key, "nathost") == 0)
                return take_host(cursor, ret->nathost, sizeof(ret->nathost));
        if (strcmp(key, "natport") == 0)
                return take_port(cursor, &ret->natport);
        return false;
}

static bool take_object(Cursor *cursor, NetworkTag *ret)
{
        if (!take(cursor, '{'))
                return false;
        do {
                if (!take_pair(cursor, ret))
                        return false;
        } while (take(cursor, ','));
        return take(cursor, '}') && cursor->at == cursor->end;
}

/* One that is no place to go to is as good as none. */
static void check_place(char *host, uint16_t *port)
{
        if (host[0] && *port && uri_is_host(host) && !endpoint_is_wildcard(host))
                return;
        host[0] = '\0';
        *port = 0;
}

int network_tag_parse(StoreText tag, NetworkTag *ret)
{
        Cursor cursor = { tag.at + strlen(BEGINNING), tag.at + tag.n };
        NetworkTag found = { .port = 0 };

        if (!is_network_tag(tag) || !take_object(&cursor, &found))
                return NETWORK_TAG_E_NONE;
        check_place(found.host, &found.port);
        check_place(found.nathost, &found.natport);
        if (!found.host[0] && !found.nathost[0])
                return NETWORK_TAG_E_NONE;
        *ret = found;
        return 0;
}

int network_tag_find(const StoreText *tags, size_t n_tags, NetworkTag *ret)
{
        for (size_t i = 0; i < n_tags; i++)
                if (network_tag_parse(tags[i], ret) == 0)
                        return 0;
        return NETWORK_TAG_E_NONE;
}

void network_tag_apply(const NetworkTag *tag, StoreEndpoint *endpoint)
{
        if (endpoint->host && tag->host[0]) {
                endpoint->host = tag->host;
                endpoint->port = tag->port;
        }
        endpoint->nathost = tag->nathost[0] ? tag->nathost : NULL;
        endpoint->natport = tag->natport;
}

static bool is_told_by(const StoreEndpoint *endpoint, const NetworkTag *tag)
{
        return endpoint->nathost && strcmp(endpoint->nathost, tag->nathost) == 0 &&
               endpoint->natport == tag->natport;
}

static const StoreEndpoint *find_nat(const StoreObject *object)
{
        for (size_t i = 0; i < object->n_endpoints; i++)
                if (object->endpoints[i].nathost)
                        return &object->endpoints[i];
        return NULL;
}

static const StoreEndpoint *find_told(const StoreObject *object, const NetworkTag *tag)
{
        for (size_t i = 0; tag && i < object->n_endpoints; i++)
                if (is_told_by(&object->endpoints[i], tag))
                        return &object->endpoints[i];
        return NULL;
}

bool network_tag_move(const StoreObject *object, const NetworkTag *old, const NetworkTag *tag,
                      StoreEndpoint *ret)
{
        const StoreEndpoint *found = find_told(object, old);

        if (!found && tag)
                found = find_nat(object);
        if (!found && tag && object->n_endpoints > 0)
                found = &object->endpoints[0];
        if (!found)
                return false;

        *ret = *found;
        network_tag_apply(tag ? tag : &(NetworkTag){ .port = 0 }, ret);
        return true;
}

const StoreEndpoint *network_tag_untold(const StoreObject *object)
{
        for (size_t i = 0; i < object->n_tags; i++)
                if (is_network_tag(object->tags[i]))
                        return NULL;
        return find_nat(object);
}

size_t network_tag_write(const StoreEndpoint *endpoint, char ret[static NETWORK_TAG_SIZE])
{
        char host[URI_HOST_MAX_BYTES + 3] = "null";

        /* Hosts have neither quotes nor backslashes. */
        if (endpoint->host)
                (void)snprintf(host, sizeof(host), "\"%s\"", endpoint->host);
        return (size_t)snprintf(ret, NETWORK_TAG_SIZE,
                                BEGINNING "{\"host\": %s, \"port\": %u, \"nathost\": \"%s\", "
                                          "\"natport\": %u}",
                                host, endpoint->port, endpoint->nathost, endpoint->natport);
}
