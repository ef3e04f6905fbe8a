/* SPDX-License-Identifier: MIT */

#include "nameserver/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* The numeric address that a host name is, if it is one; IPv4 as an IPv6 address of its kind. */
static bool parse_address(const char *host, struct in6_addr *ret)
{
        struct in_addr v4;

        /* Takes "0" and "127.1" too, as those do who resolve the name in the end. */
        if (inet_aton(host, &v4)) {
                *ret = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
                memcpy(&ret->s6_addr[12], &v4.s_addr, sizeof(v4.s_addr));
                return true;
        }
        return inet_pton(AF_INET6, host, ret) == 1;
}

bool endpoint_is_wildcard(const char *host)
{
        static const uint8_t v4_any[4];
        struct in6_addr address;

        if (!parse_address(host, &address))
                return false;
        return IN6_IS_ADDR_UNSPECIFIED(&address) ||
               (IN6_IS_ADDR_V4MAPPED(&address) &&
                memcmp(&address.s6_addr[12], v4_any, sizeof(v4_any)) == 0);
}

static bool is_loopback(const char *host)
{
        struct in6_addr address;

        if (!parse_address(host, &address))
                return strcasecmp(host, "localhost") == 0;
        return IN6_IS_ADDR_LOOPBACK(&address) ||
               (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == IN_LOOPBACKNET);
}

bool endpoint_is_local(const Location *location)
{
        return location->path || is_loopback(location->host);
}

int endpoint_init(const Location *location, const char *zone, StoreEndpoint *ret)
{
        assert(!location->path != !location->host);
        if (location->host && endpoint_is_wildcard(location->host))
                return ENDPOINT_E_WILDCARD;
        *ret = (StoreEndpoint){
                .zone = zone,
                .path = location->path,
                .host = location->host,
                .port = location->port,
        };
        return 0;
}

/* The endpoint whose NAT address everybody is told, or NULL. */
static const StoreEndpoint *find_nat(const StoreEndpoint *endpoints, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *host = endpoints[i].nathost;

                if (host && (n == 1 || !is_loopback(host)))
                        return &endpoints[i];
        }
        return NULL;
}

char *endpoint_publish(const char *object, const StoreEndpoint *endpoints, size_t n)
{
        const StoreEndpoint *nat = find_nat(endpoints, n);
        /* uri_format() writes nothing: what it is lent is not const only by its owner's nature. */
        Uri uri = { .kind = URI_PYRO, .object = (char *)(uintptr_t)object };

        assert(n > 0);
        if (nat) {
                uri.location.host = (char *)(uintptr_t)nat->nathost;
                uri.location.port = nat->natport;
        } else {
                uri.location.path = (char *)(uintptr_t)endpoints[0].path;
                uri.location.host = (char *)(uintptr_t)endpoints[0].host;
                uri.location.port = endpoints[0].port;
        }
        return uri_format(&uri);
}
