#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Checks of stock-calls, and short forms of what a program would write out. What is not as it
 * should be is also printed.
 */

#include "base/defs.h"

#include <pyrope/pyrope.h>

#define STOCK_TIMEOUT_MS 20000 /* of all that may take its time */

DEFINE_CLEANUP(pyrope_value, pyrope_value_free);
DEFINE_CLEANUP(pyrope_error, pyrope_error_free);
DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);
DEFINE_CLEANUP(pyrope_answer, pyrope_answer_free);
DEFINE_CLEANUP(pyrope_stream, pyrope_stream_free);
DEFINE_CLEANUP(pyrope_batch, pyrope_batch_free);
DEFINE_CLEANUP(pyrope_writer, pyrope_writer_free);

extern pyrope_context *context;
extern pyrope_proxy *stock;
extern int n_failed;

void check(bool is_true, const char *sentence);

/* One call of @stock with arguments by a format; NULL if it fails. */
pyrope_value *call(const char *method, const char *format, ...);

bool is_status(pyrope_status is, pyrope_status wanted, const pyrope_error *error);
/* A remote exception of that class, with @part in its text. */
bool fails_as(pyrope_status status, const pyrope_error *error, const char *class_,
              const char *part);
bool is_int(pyrope_view item, int64_t wanted);
bool is_bytes(pyrope_view item, const void *wanted, size_t n_wanted);
bool holds(const char *text, const char *part);

/* The daemon ends the connection of @stock when it is asked to, and that is noticed. */
bool is_dropped(void);
