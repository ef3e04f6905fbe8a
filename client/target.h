#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Target
 *
 * What names a remote object: a URI or a name as a person types it, or as a daemon told it. Pure
 * text; nameserver.h finds the object's place.
 */

#include "base/defs.h"
#include "proto/uri.h"

#include <pyrope/value.h>

#define TARGET_NAMESERVER "Pyro.NameServer"

typedef enum TargetKind {
        TARGET_OBJECT,            /* text is an object's id, at is its daemon */
        TARGET_NAMESERVER_ITSELF, /* the nameserver of the context */
        TARGET_NAME, /* text is a name; at is the nameserver to ask, or nothing: ours */
        TARGET_TAGS, /* text is tags, comma-separated; at as before */
} TargetKind;

typedef struct Target Target;

struct Target {
        TargetKind kind;
        char *text; /* owned */
        Location at;
};

enum {
        TARGET_E_SUCCESS,

        TARGET_E_INVALID, /* begins as a URI, but is none */
        TARGET_E_TYPE,    /* neither text nor a URI nor a proxy */
};

/**
 * target_parse() - as typed: what begins with PYRO:, PYRONAME: or PYROMETA: is a URI, all else a
 * name
 *
 * Return: 0 with @ret owned by the caller; TARGET_E_INVALID; -ENOMEM.
 */
NODISCARD int target_parse(const char *text, Target *ret);

/**
 * target_told() - as a daemon told it
 * @item:   a str with a PYRO: URI, or a URI or a proxy as Pyro5 sends them
 * @teller: how that daemon is reached
 *
 * Return: 0 with @ret owned by the caller; TARGET_E_INVALID, TARGET_E_TYPE, -ENOMEM.
 */
NODISCARD int target_told(pyrope_view item, const Location *teller, Target *ret);

/** target_uri_text() - the URI in such an item, not checked. Return: 0 with @ret owned by the
 * caller, free(); TARGET_E_TYPE; -ENOMEM. */
NODISCARD int target_uri_text(pyrope_view item, char **ret);

/** target_copy() - Return: 0 with @ret owned by the caller; -ENOMEM. */
NODISCARD int target_copy(const Target *from, Target *ret);
void target_deinit(Target *target);
