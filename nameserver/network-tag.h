#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * MuPIF's Network Tag
 *
 * How MuPIF tells where an object is: a metadata tag
 * `network:{"host": "h", "port": 1, "nathost": "n", "natport": 2}`, JSON of strings and numbers, or
 * null where there is none. It becomes an endpoint here, and an endpoint becomes it. Pure.
 *
 * A tag tells of one endpoint: the one that has its NAT address, else the first that has any, else
 * the first. What it tells is in that endpoint as long as the tag is in the metadata.
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

/** network_tag_find() - the first of an object's that tells something. Return: as
 * network_tag_parse(). */
NODISCARD int network_tag_find(const StoreText *tags, size_t n_tags, NetworkTag *ret);

/**
 * network_tag_apply() - an endpoint becomes what a tag tells
 * @endpoint:   borrows from @tag then; a socket stays one
 */
void network_tag_apply(const NetworkTag *tag, StoreEndpoint *endpoint);

/**
 * network_tag_move() - what becomes of an object when its metadata are replaced
 * @old:        what their tag told; NULL: there was none
 * @tag:        what the new ones' tells; NULL: there is none
 * @ret:        the endpoint that changes, as it shall be; borrows from @object and @tag
 *
 * Return: whether one changes.
 */
bool network_tag_move(const StoreObject *object, const NetworkTag *old, const NetworkTag *tag,
                      StoreEndpoint *ret);

/** network_tag_untold() - the endpoint whose NAT address no tag of the object tells, or NULL. */
const StoreEndpoint *network_tag_untold(const StoreObject *object);

/** network_tag_write() - that of an endpoint with a NAT address. Return: its length. */
size_t network_tag_write(const StoreEndpoint *endpoint, char ret[static NETWORK_TAG_SIZE]);
