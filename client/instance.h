#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Instance
 *
 * One allocated run of an application: its job manager, its id there, and the object it serves.
 */

#include "base/clock.h"

#include <pyrope/pyrope.h>

struct pyrope_instance {
        pyrope_context *context; /* borrowed */
        char *manager_name;
        char *job;
        pyrope_proxy *manager;
        pyrope_proxy *proxy; /* NULL until the instance was reached */
};

/**
 * instance_new() - let a job manager start an instance, and connect to it
 * @manager:     taken on success
 * @application: NULL: the only one it offers
 *
 * Nothing is left running if it fails.
 *
 * Return: as pyrope_allocate().
 */
NODISCARD pyrope_status instance_new(pyrope_context *context, const char *manager_name,
                                     pyrope_proxy **manager, const char *application,
                                     Deadline deadline, pyrope_instance **ret,
                                     pyrope_error **error);
