#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Endpoint
 *
 * Where an object is, and which of its endpoints those are told who can be told only one: the
 * clients of lookup and list. Pure.
 */

#include "nameserver/store.h"

#include "proto/uri.h"

enum {
        ENDPOINT_E_SUCCESS,

        ENDPOINT_E_WILDCARD, /* 0.0.0.0 or ::, which is an address to listen on, not to go to */
};

/**
 * endpoint_init() - the endpoint of a location
 * @location:   with a path, or a host and port; borrowed as long as @ret
 * @ret:        of zone @zone, without NAT address and ssh
 *
 * Return: 0, ENDPOINT_E_WILDCARD.
 */
NODISCARD int endpoint_init(const Location *location, const char *zone, StoreEndpoint *ret);

/** endpoint_is_local() - whether a place means something on its own computer only. */
bool endpoint_is_local(const Location *location);

/** endpoint_is_wildcard() - whether a host is 0.0.0.0 or ::, however it is written. */
bool endpoint_is_wildcard(const char *host);

/**
 * endpoint_publish() - the one URI of an object, for clients who know of no zones
 * @object:     the object's id
 * @endpoints:  at least one, in the order of their registration
 *
 * It has the first NAT address there is; but one on the loopback interface is true for one client
 * only, and counts only if the object has no other endpoint. Without a NAT address it has the
 * first endpoint.
 *
 * Return: owned by the caller, free(); NULL: out of memory.
 */
NODISCARD char *endpoint_publish(const char *object, const StoreEndpoint *endpoints, size_t n);
