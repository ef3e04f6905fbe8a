#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Formats of pyrope_pack() and pyrope_unpack(), for the layers of libpyrope
 *
 * A format comes from a program, not from a peer; a wrong one is still refused, never followed.
 */

#include "base/defs.h"

#include <pyrope/value.h>
#include <stdarg.h>

#define PACK_FORMAT_DEPTH_MAX 16 /* brackets inside each other */

/** pack_format_skip() - first byte behind the blanks and commas that mean nothing. */
const char *pack_format_skip(const char *at);

/** pack_format_list() - as pyrope_vpack(), with what the format describes made one list. */
void pack_format_list(pyrope_writer *writer, const char *format, va_list arguments);
