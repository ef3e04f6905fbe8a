#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Item Stream
 *
 * pyrope_stream: a generator of the remote side, whose items are asked for one by one at the object
 * Pyro.Daemon, through the proxy whose call gave it.
 */

#include "client/proxy.h"

/** item_stream_new() - Return: owned, pyrope_stream_free(); NULL if memory is out. */
NODISCARD pyrope_stream *item_stream_new(pyrope_proxy *proxy, const char *stream_id);
