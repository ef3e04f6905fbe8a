#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Arguments of the Nameserver's Methods
 *
 * What clients send becomes names, tags, URIs and endpoints here, and is refused here: what comes
 * out keeps the store's limits. Pure. Texts are those of Pyro5's nameserver where it has one.
 */

#include "base/zone.h"
#include "nameserver/store.h"
#include "proto/uri.h"

#include <pyrope/value.h>

enum {
        ARGUMENT_E_SUCCESS,

        ARGUMENT_E_TYPE,  /* of another type; Python: TypeError */
        ARGUMENT_E_VALUE, /* of the type, but not to be had; Python: ValueError */
        ARGUMENT_E_URI,   /* no Pyro URI; Python: PyroError */
};

typedef struct ArgumentTags ArgumentTags;
typedef struct ArgumentWay ArgumentWay;
typedef struct ArgumentEndpoint ArgumentEndpoint;

struct ArgumentTags {
        StoreText *items; /* owned; what they point to is borrowed from the message */
        size_t n;
};

/* What register_endpoint() is told beside name and URI; nil or absent where nothing was said. */
struct ArgumentWay {
        pyrope_view zone, ssh, nathost, natport;
};

/* An endpoint with room for its texts; not to be copied. */
struct ArgumentEndpoint {
        StoreEndpoint endpoint;
        char zone[ZONE_SIZE];
        char ssh[URI_SSH_WAY_MAX_BYTES + 1];
        char nathost[URI_HOST_MAX_BYTES + 1];
};

/** argument_is_given() - whether there is a value, and not nil. */
bool argument_is_given(pyrope_view item);

/**
 * argument_name() - a name
 * @ret:        borrowed from the message
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_VALUE.
 */
NODISCARD int argument_name(pyrope_view item, StoreText *ret, ErrorText *error);

/**
 * argument_tags() - metadata: whatever Python iterates over, with str inside
 * @parameter:  how the message calls it
 * @ret:        argument_tags_deinit() it; nil and absent give none
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_VALUE, -ENOMEM.
 */
NODISCARD int argument_tags(pyrope_view item, const char *parameter, ArgumentTags *ret,
                            ErrorText *error);
void argument_tags_deinit(ArgumentTags *tags);

/**
 * argument_uri() - a URI of any kind, as text or as Pyro5.core.URI
 * @ret:        owned by the caller, uri_deinit(); without ssh
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_URI, -ENOMEM.
 */
NODISCARD int argument_uri(pyrope_view item, Uri *ret, ErrorText *error);

/**
 * argument_endpoint() - an endpoint by all that register_endpoint() was told
 * @uri:        as argument_uri() gave it; borrowed as long as @ret
 * @own_zone:   the zone, if none was said
 * @ret:        may be written whatever is returned
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_VALUE.
 */
NODISCARD int argument_endpoint(const ArgumentWay *way, const Uri *uri, const char *own_zone,
                                ArgumentEndpoint *ret, ErrorText *error);

/**
 * argument_version() - the number of a change
 * @parameter:  how the message calls it
 * @ret:        0 where none was said
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_VALUE.
 */
NODISCARD int argument_version(pyrope_view item, const char *parameter, int64_t *ret,
                               ErrorText *error);

/**
 * argument_ttl() - the term of a lease, in seconds, at most LEASE_TTL_MAX_S
 * @ret_ms:     0 where none was said
 *
 * Return: 0, ARGUMENT_E_TYPE, ARGUMENT_E_VALUE.
 */
NODISCARD int argument_ttl(pyrope_view item, int64_t *ret_ms, ErrorText *error);
