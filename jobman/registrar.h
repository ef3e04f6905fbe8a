#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Registrar: the names of a job manager and of its instances in the nameserver
 *
 * A client of the nameserver through <pyrope/pyrope.h>. A name that cannot be removed, because the
 * nameserver is away, is kept and tried again by registrar_retry(). Threads: any.
 */

#include "base/defs.h"

#include <pthread.h>
#include <pyrope/pyrope.h>
#include <stdbool.h>

#define REGISTRAR_TIMEOUT_MS 10000 /* of one conversation with the nameserver */
#define REGISTRAR_LEFT_MAX   1024u /* names that wait for their removal */

typedef struct Registrar Registrar;
typedef struct RegistrarEntry RegistrarEntry;

struct Registrar {
        pyrope_context *context; /* borrowed */
        const char *zone;        /* borrowed */
        const char *ssh;         /* borrowed; NULL: not reached by SSH */
        pthread_mutex_t lock;
        char *left[REGISTRAR_LEFT_MAX]; /* names to be removed; owned */
        size_t n_left;
};

/* All borrowed. */
struct RegistrarEntry {
        const char *name;
        const char *uri;
        const char *const *tags;
        size_t n_tags;
};

void registrar_init(Registrar *self, pyrope_context *context, const char *zone, const char *ssh);
void registrar_deinit(Registrar *self);

/** registrar_add() - register, over an old entry of the name. Return: as pyrope_call_method(). */
NODISCARD pyrope_status registrar_add(Registrar *self, const RegistrarEntry *entry,
                                      pyrope_error **error);

/** registrar_remove() - now, or when the nameserver is back. A name that is not there is fine. */
void registrar_remove(Registrar *self, const char *name);

/** registrar_retry() - the removals that are left. Return: whether none is left. */
bool registrar_retry(Registrar *self);
