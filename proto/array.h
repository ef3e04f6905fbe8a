#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Arrays by the msgpack-numpy convention (docs/protocol.md, section 5)
 *
 * <pyrope/value.h> has the contract; here is what the layers above need beside it.
 */

#include "base/defs.h"

#include <pyrope/value.h>

/** array_is_aligned() - whether the data stand where the machine may read items of the dtype. */
bool array_is_aligned(const pyrope_array *array);
