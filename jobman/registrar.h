#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Registrar: the names of a job manager and of its instances in the nameservers
 *
 * They are published (<pyrope/pyrope.h>), so they are renewed, entered again, and removed also
 * where a nameserver is away meanwhile. Threads: any.
 */

#include "base/defs.h"

#include <pyrope/pyrope.h>

#define REGISTRAR_TIMEOUT_MS                                                                       \
        10000 /* until one nameserver has a name, or those there are dropped it */

typedef struct Registrar Registrar;
typedef struct RegistrarEntry RegistrarEntry;

struct Registrar {
        pyrope_context *context; /* borrowed */
        const char *zone;        /* borrowed */
        const char *ssh;         /* borrowed; NULL: not reached by SSH */
        int64_t lease_s;         /* 0: the default */
};

/* All borrowed. */
struct RegistrarEntry {
        const char *name;
        const char *uri;
        const char *const *tags;
        size_t n_tags;
};

/** registrar_add() - register, over an old entry of the name. Return: as pyrope_publish(). */
NODISCARD pyrope_status registrar_add(const Registrar *self, const RegistrarEntry *entry,
                                      pyrope_error **error);

/** registrar_remove() - now, and where a nameserver is away when it is back. A name that is not
 * there is fine. */
void registrar_remove(const Registrar *self, const char *name);

/**
 * registrar_list() - the instances that a nameserver has as those of a job manager
 * @ret: a map of their names and URIs; owned by the caller
 *
 * Return: as pyrope_call_method().
 */
NODISCARD pyrope_status registrar_list(const Registrar *self, const char *jobman,
                                       pyrope_value **ret, pyrope_error **error);

/**
 * registrar_drop() - remove a name from there that is not ours, but was an earlier job manager's
 *
 * Other nameservers drop it when its lease is over. A name that is not there is fine.
 * Return: as pyrope_call_method().
 */
NODISCARD pyrope_status registrar_drop(const Registrar *self, const char *name,
                                       pyrope_error **error);
