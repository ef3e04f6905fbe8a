#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Nameserver
 *
 * The nameserver seen by a client: where it is, what it knows about a name, and the place of what a
 * target names. Works with stock Pyro5 nameservers, which know one URI a name.
 */

#include "base/clock.h"
#include "client/ns-place.h"
#include "client/target.h"

#include <pyrope/pyrope.h>

/* What every job manager is registered with. */
#define NAMESERVER_TAG_MANAGER "type:jobmanager"

/**
 * nameserver_at() - where the nameserver of a context listens
 *
 * Of several the first that answers; those that did not a moment ago come last.
 *
 * Return: PYROPE_OK with @ret owned by the caller; as ns_place_at(), with what each of several
 * said.
 */
NODISCARD pyrope_status nameserver_at(pyrope_context *context, Deadline deadline, Location *ret,
                                      pyrope_error **error);

/**
 * nameserver_connect() - a proxy of its own, for a question or two
 * @at: where it is; NULL: the context's, wherever that is found
 *
 * Return: PYROPE_OK with @ret owned by the caller; as pyrope_proxy_new().
 */
NODISCARD pyrope_status nameserver_connect(pyrope_context *context, const Location *at,
                                           Deadline deadline, pyrope_proxy **ret,
                                           pyrope_error **error);

/**
 * nameserver_open() - connect to the one at a place
 *
 * Return: PYROPE_OK with @ret owned by the caller; as ns_place_at() and pyrope_proxy_new().
 */
NODISCARD pyrope_status nameserver_open(pyrope_context *context, NsPlace *place, Deadline deadline,
                                        pyrope_proxy **ret, pyrope_error **error);

/** nameserver_label() - what errors call the nameserver, as the user named it. Return: owned,
 * free(); NULL: out of memory. */
NODISCARD char *nameserver_label(const pyrope_context *context);

/** nameserver_resolve() - as pyrope_resolve(), with a deadline. */
NODISCARD pyrope_status nameserver_resolve(pyrope_context *context, const char *name,
                                           Deadline deadline, pyrope_value **ret,
                                           pyrope_error **error);

/**
 * nameserver_tagged() - the names that have all of some tags
 * @tags: a list of str
 * @ret:  a map from each name to [URI text, [tags]]
 */
NODISCARD pyrope_status nameserver_tagged(pyrope_context *context, const pyrope_value *tags,
                                          Deadline deadline, pyrope_value **ret,
                                          pyrope_error **error);

/**
 * nameserver_find() - an object's id and place, by whatever names it
 * @ret: of kind TARGET_OBJECT; owned by the caller
 *
 * Of several objects with the same tags one is chosen by chance, as stock clients do.
 *
 * Return: as pyrope_proxy_new().
 */
NODISCARD pyrope_status nameserver_find(pyrope_context *context, const Target *target,
                                        Deadline deadline, Target *ret, pyrope_error **error);
