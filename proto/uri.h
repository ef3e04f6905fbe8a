#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Pyro URIs and locations
 *
 *      PYRO:object@host:port   PYRO:object@./u:path   PYRO:object@[v6]:port
 *      PYRONAME:name[@location]   PYROMETA:tag,tag[@location]
 *
 * and, where a person types a location, /path, ./u:path, host:port, ssh://WAY and
 * ssh://WAY/./u:/path. WAY is [user@]host[:port], or up to URI_SSH_HOPS_MAX of these in the order
 * in which one goes through them, as for ssh -J: gateway,inner,me@host:22. Pure: text in, structure
 * out. A host name is checked against a strict pattern, so that it can never be an option or a
 * shell's word.
 */

#include "base/defs.h"

#include <stdbool.h>
#include <stdint.h>

#define URI_TEXT_MAX_BYTES       8192u
#define URI_SSH_SCHEME           "ssh://" /* before a way, in a location */
#define URI_HOST_MAX_BYTES       255u
#define URI_NAMESERVER_PORT      9090u
#define URI_SSH_TARGET_MAX_BYTES 320u /* of [user@]host[:port] */
#define URI_SSH_HOPS_MAX         8u   /* hosts of a way, the last included */
#define URI_SSH_WAY_MAX_BYTES    (URI_SSH_HOPS_MAX * (URI_SSH_TARGET_MAX_BYTES + 1) - 1)

enum {
        URI_E_SUCCESS,

        URI_E_INVALID, /* of no known form */
};

typedef enum UriKind { URI_PYRO, URI_PYRONAME, URI_PYROMETA } UriKind;

typedef struct Location Location;
typedef struct Uri Uri;

/* Where a daemon listens, and the SSH host it is seen from. Members are owned; NULL is "not there".
 */
struct Location {
        char *ssh;  /* the way there; each host may be an alias of the user's ssh configuration */
        char *path; /* Unix socket */
        char *host; /* name or numeric address, without brackets */
        uint16_t port;
};

struct Uri {
        UriKind kind;
        char *object;      /* PYRO: object id; PYRONAME: name; PYROMETA: tags, comma-separated */
        Location location; /* all NULL where the URI has none */
};

/**
 * location_parse() - a location as a person types it
 *
 * Return: 0 with @ret owned by the caller; URI_E_INVALID; -ENOMEM.
 */
NODISCARD int location_parse(const char *text, Location *ret);
void location_deinit(Location *location);
/** location_format() - as location_parse() reads it. Return: owned, free(); NULL: out of memory. */
NODISCARD char *location_format(const Location *location);
NODISCARD int location_copy(const Location *from, Location *ret); /* 0, -ENOMEM */

/** location_is_given() - whether it is one at all: not all members are NULL. */
static inline bool location_is_given(const Location *location)
{
        return location->ssh || location->path || location->host;
}

/** uri_parse() - Return: 0 with @ret owned by the caller; URI_E_INVALID; -ENOMEM. */
NODISCARD int uri_parse(const char *text, Uri *ret);
void uri_deinit(Uri *uri);
/** uri_format() - as uri_parse() reads it. Return: owned, free(); NULL: out of memory. */
NODISCARD char *uri_format(const Uri *uri);

/** uri_is_host() - whether @text may be a host name or numeric address. */
bool uri_is_host(const char *text);
/** uri_is_ssh_target() - whether @text is [user@]host[:port] of harmless letters only. */
bool uri_is_ssh_target(const char *text);
/** uri_is_ssh_way() - whether @text is one of those, or up to URI_SSH_HOPS_MAX with ',' between. */
bool uri_is_ssh_way(const char *text);
