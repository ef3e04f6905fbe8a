#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Registry
 *
 * The objects of a daemon by their ids. Any thread may use it; nothing of a program is called with
 * its lock held.
 */

#include "broker/object.h"

#include <pthread.h>

typedef struct Registry Registry;

struct Registry {
        pthread_rwlock_t lock;
        Object *objects; /* uthash, in the order of registration; one reference each */
};

enum {
        REGISTRY_E_SUCCESS,

        REGISTRY_E_EXISTS,    /* the id is taken */
        REGISTRY_E_NOT_FOUND, /* no object of that id */
};

void registry_init(Registry *registry);

/* Drops all objects that are left; the daemon's threads must be gone. */
void registry_deinit(Registry *registry);

/**
 * registry_add() - make an object callable
 * @object:     its reference is taken on success
 *
 * Return: 0, REGISTRY_E_EXISTS, -ENOMEM.
 */
NODISCARD int registry_add(Registry *registry, Object *object);

/* The object lives on until its last request is done. Return: 0, REGISTRY_E_NOT_FOUND. */
NODISCARD int registry_remove(Registry *registry, const char *id);

/* Return: a reference, owned by the caller; NULL if there is none. */
Object *registry_find(Registry *registry, const char *id, size_t n_id);

/* The first registered that is not of the broker itself. Return: as registry_find(). */
Object *registry_first(Registry *registry);

/* A list of all ids. */
void registry_write_ids(Registry *registry, pyrope_writer *writer);
