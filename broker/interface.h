#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Interface
 *
 * A pyrope_class, checked and compiled once: methods and attributes by name, signatures, and the
 * metadata as they travel. Immutable afterwards, so any thread may read it.
 */

#include "broker/signature.h"

#include <pyrope/daemon.h>
#include <stdbool.h>

enum {
        INTERFACE_E_SUCCESS,

        INTERFACE_E_INVALID, /* the class's table is wrong */
};

typedef struct Interface Interface;
typedef struct InterfaceMethod InterfaceMethod;

struct InterfaceMethod {
        const pyrope_method *method; /* borrowed from the class */
        Signature signature;
};

struct Interface {
        const pyrope_class *class_; /* borrowed */
        InterfaceMethod *methods;   /* sorted by name; owned */
        size_t n_methods;
        bool has_waits;         /* some of them are PYROPE_WAITS */
        pyrope_value *metadata; /* {"methods": [..], "oneway": [..], "attrs": [..]}; owned */
};

/**
 * interface_new() - check and compile a class
 * @class_:     borrowed for the life of the interface
 * @ret:        owned by the caller
 * @error:      says for INTERFACE_E_INVALID what is wrong
 *
 * Return: 0, INTERFACE_E_INVALID, -ENOMEM.
 */
NODISCARD int interface_new(const pyrope_class *class_, Interface **ret, ErrorText *error);

Interface *interface_free(Interface *interface);
DEFINE_CLEANUP(Interface, interface_free);

/* Return: borrowed; NULL if there is none of that name. */
const InterfaceMethod *interface_find_method(const Interface *interface, const char *name,
                                             size_t n_name);
const pyrope_attribute *interface_find_attribute(const Interface *interface, const char *name,
                                                 size_t n_name);

/**
 * interface_is_private() - whether Pyro5 hides a name from callers
 *
 * What starts with "_", except for those special names of Python that may be methods (__len__).
 */
bool interface_is_private(const char *name, size_t n_name);
