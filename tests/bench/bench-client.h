#pragma once

/* SPDX-License-Identifier: MIT */

/* What the benchmarks on <pyrope/pyrope.h> share: a context, and calls that do not fail. */

#include "tests/bench/bench.h"

#include <pyrope/pyrope.h>

extern pyrope_context *bench_context; /* made by main() */

/* Ends the program with the words of a failure. */
void bench_check(pyrope_status status, pyrope_error *const *error);

/* BenchPeer.open: the proxy of a URI. */
void *bench_open(const char *address);
