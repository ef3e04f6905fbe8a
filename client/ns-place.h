#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Places of Nameservers
 *
 * Where a nameserver may be: as a person says it, and what was found out on the way there. A
 * context has one or several. Any thread.
 */

#include "base/clock.h"
#include "proto/uri.h"

#include <pyrope/pyrope.h>
#include <stdatomic.h>

#define NS_PLACES_MAX 16u

/* How an SSH host lets us go to its nameserver. */
typedef enum NsWay {
        NS_WAY_UNKNOWN,
        NS_WAY_SOCKET, /* by a channel to the socket */
        NS_WAY_PIPE,   /* by a command that connects to it: our key is good for nothing else */
} NsWay;

typedef struct NsPlace NsPlace;
typedef struct NsPlaces NsPlaces;

struct NsPlace {
        Location given;                      /* all NULL: the default */
        atomic_int way;                      /* NsWay */
        atomic_int_fast64_t silent_until_ms; /* nobody answered; until then others come first */
};

struct NsPlaces {
        NsPlace items[NS_PLACES_MAX];
        size_t n; /* at least 1 */
};

enum {
        NS_PLACE_E_SUCCESS,

        NS_PLACE_E_INVALID,  /* one of them is no location */
        NS_PLACE_E_TOO_MANY, /* above NS_PLACES_MAX */
};

/**
 * ns_places_parse() - "ssh://a, /run/b.sock": separated by commas and blanks, where a comma behind
 * the host of a way by SSH is followed by its next host, unless another place begins there
 * @text:       NULL or only separators: the default place
 * @ret:        owned by the caller, ns_places_deinit(), whatever is returned
 *
 * Return: 0, NS_PLACE_E_INVALID, NS_PLACE_E_TOO_MANY, -ENOMEM.
 */
NODISCARD int ns_places_parse(const char *text, NsPlaces *ret);
void ns_places_deinit(NsPlaces *places);

/** ns_places_label() - as they were said, separated by commas. Return: owned, free(); NULL: out of
 * memory. */
NODISCARD char *ns_places_label(const NsPlaces *places);

/**
 * ns_place_at() - where to connect to
 * @ret:        owned by the caller; an SSH host alone stands for the command there
 *
 * A location that names an SSH host alone is asked there, each time. What the host permits is tried
 * once.
 *
 * Return: PYROPE_OK; PYROPE_E_NOT_FOUND (none named, none here); PYROPE_E_DENIED (no private
 * runtime directory); as ssh_pool_exec() and ssh_pool_open().
 */
NODISCARD pyrope_status ns_place_at(pyrope_context *context, NsPlace *place, Deadline deadline,
                                    Location *ret, pyrope_error **error);

/** ns_place_mark() - whether somebody answered there. */
void ns_place_mark(NsPlace *place, bool has_answered);

/** ns_place_is_silent() - whether nobody answered there a moment ago. */
bool ns_place_is_silent(const NsPlace *place);
