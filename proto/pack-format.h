#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Formats of pyrope_pack() and pyrope_unpack(), for the layers of libpyrope
 *
 * A format comes from a program, not from a peer; a wrong one is still refused, never followed.
 */

#include "base/defs.h"

#define PACK_FORMAT_DEPTH_MAX 16 /* brackets inside each other */

/** pack_format_skip() - first byte behind the blanks and commas that mean nothing. */
const char *pack_format_skip(const char *at);
