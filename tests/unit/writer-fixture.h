#pragma once

/* SPDX-License-Identifier: MIT */

/* Writer Fixture: a writer for each test, and what was written in it. */

#include "proto/value.h"

extern pyrope_writer *writer;

/* For a checked fixture. */
void writer_set_up(void);
void writer_tear_down(void);

/* What was written; owned by the caller. */
pyrope_value *taken(void);
