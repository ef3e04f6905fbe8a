#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * An object of ours in the process of a client, for a stock Python daemon to call back.
 *
 *      add(a, b)       fail(class)     notice(value)
 *      receive(blob)   [info, content]
 *      relay(uri)      calls context() of the object there, with the correlation id of its own call
 */

#include <pyrope/pyrope.h>
#include <stdint.h>

typedef struct StockObject StockObject;

/* Serves at once, on a Unix socket, or on a port of @host if it is given. Exits if it cannot. */
StockObject *stock_object_new(pyrope_context *context, const char *host);
void stock_object_free(StockObject *object);

/* Borrowed. */
const char *stock_object_uri(const StockObject *object);

/* What notice() was told; waits for it. -1 if time is up. */
int64_t stock_object_noticed(StockObject *object);
