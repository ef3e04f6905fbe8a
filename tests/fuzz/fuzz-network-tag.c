/* SPDX-License-Identifier: MIT */

#include "nameserver/network-tag.h"

#include "nameserver/endpoint.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What a tag tells is a place, and written anew it tells the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char written[NETWORK_TAG_SIZE];
        StoreText tag = { (const char *)data, size };
        StoreEndpoint endpoint = { .zone = "z", .host = "h", .port = 1 };
        const StoreObject object = { .endpoints = &endpoint, .n_endpoints = 1 };
        StoreEndpoint moved;
        NetworkTag found;
        NetworkTag again;
        size_t n;

        if (network_tag_parse(tag, &found))
                return 0;
        PROPERTY(!found.host[0] == !found.port && !found.nathost[0] == !found.natport);
        PROPERTY(!found.host[0] || uri_is_host(found.host));
        PROPERTY(network_tag_find(&tag, 1, &again) == 0);
        PROPERTY(network_tag_move(&object, NULL, &found, &moved) && moved.host && moved.port);
        PROPERTY(!moved.nathost == !moved.natport);
        if (!found.nathost[0])
                return 0;
        endpoint.host = found.host[0] ? found.host : NULL;
        endpoint.port = found.port;
        endpoint.nathost = found.nathost;
        endpoint.natport = found.natport;
        PROPERTY(network_tag_move(&object, &found, NULL, &moved) && !moved.nathost);
        n = network_tag_write(&endpoint, written);
        PROPERTY(n < sizeof(written));
        PROPERTY(network_tag_parse((StoreText){ written, n }, &again) == 0);
        PROPERTY(strcmp(again.host, found.host) == 0 && again.port == found.port);
        PROPERTY(strcmp(again.nathost, found.nathost) == 0 && again.natport == found.natport);
        return 0;
}
