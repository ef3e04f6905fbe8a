#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * The remote object of a job manager (docs/protocol.md lists its methods)
 *
 * Its names are those of MuPIF's job manager, so that its users find what they know. The object is
 * concurrent: allocations wait for applications to start, and nobody else waits for them.
 */

#include "base/defs.h"
#include "jobman/instance.h"
#include "jobman/settings.h"

#include <pyrope/daemon.h>

#define METHODS_OBJECT          "jobman"    /* object id */
#define METHODS_PIECE_MAX_BYTES (16u << 20) /* of a file, in one call */

typedef struct MethodsSelf MethodsSelf;

struct MethodsSelf {
        const Settings *settings;
        InstanceHost *host;
};

/* Its self is a MethodsSelf. */
extern const pyrope_class methods_class;
