#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * MuPIF's Network Tag
 *
 * How MuPIF tells where an object is: a metadata tag
 * `network:{"host": "h", "port": 1, "nathost": "n", "natport": 2}`, JSON of strings and numbers, or
 * null where there is none. It becomes an endpoint here, and an endpoint becomes it. Pure.
 */

#include "nameserver/store.h"
#include "proto/uri.h"

#define NETWORK_TAG_SIZE 1024u /* more than the longest that is written */

typedef struct NetworkTag NetworkTag;

struct NetworkTag {
        char host[URI_HOST_MAX_BYTES + 1]; /* "" where there is none */
        uint16_t port;                     /* 0 */
        char nathost[URI_HOST_MAX_BYTES + 1];
        uint16_t natport;
};

enum {
        NETWORK_TAG_E_SUCCESS,

        NETWORK_TAG_E_NONE, /* another tag, or one that tells no place to go to */
};

/**
 * network_tag_parse() - what a tag tells
 *
 * Hosts could be hosts, and are no addresses to listen on; where there is a host there is a port.
 *
 * Return: 0, NETWORK_TAG_E_NONE.
 */
NODISCARD int network_tag_parse(StoreText tag, NetworkTag *ret);

/** network_tag_write() - that of an endpoint with a NAT address. Return: its length. */
size_t network_tag_write(const StoreEndpoint *endpoint, char ret[static NETWORK_TAG_SIZE]);

/* Whether a tag begins as one. */
bool network_tag_is(StoreText tag);
