#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Object
 *
 * Something that peers call: an id, a class, and what the class's methods work on. The registry
 * holds one reference, each request another; when the last goes, the class's `released` is told.
 * Whether a call runs and who waits belongs to the schedule, under its lock.
 */

#include "broker/interface.h"

#include <stdatomic.h>
#include <sys/queue.h>

/* uthash shall tell when memory is out, not exit. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

typedef struct Object Object;
typedef struct Request Request;

typedef STAILQ_HEAD(RequestQueue, Request) RequestQueue;

struct Object {
        atomic_uint n_refs;
        char *id;             /* owned */
        Interface *interface; /* owned */
        void *self;           /* the program's */
        bool is_immediate;    /* of the broker itself: runs at once, never waits */
        bool is_concurrent;   /* its calls may run side by side */
        bool is_registered;   /* was callable once, so `released` is due at the end */
        UT_hash_handle hh;    /* registry */

        bool is_busy;         /* schedule: a call runs, or is ready to run */
        RequestQueue waiting; /* schedule: calls behind it; each holds a reference */
};

enum {
        OBJECT_E_SUCCESS,

        OBJECT_E_INVALID, /* the id or the class is not of the documented form */
};

#define OBJECT_ID_MAX_BYTES 255u

/**
 * object_new() - an object with one reference
 * @id:         copied; no blanks, no '@', which would break its URI
 * @class_:     borrowed
 * @ret:        owned by the caller
 *
 * Return: 0, OBJECT_E_INVALID, -ENOMEM.
 */
NODISCARD int object_new(const char *id, const pyrope_class *class_, void *self, Object **ret,
                         ErrorText *error);

Object *object_ref(Object *object);
Object *object_unref(Object *object);
DEFINE_CLEANUP(Object, object_unref);
