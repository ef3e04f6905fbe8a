#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Call
 *
 * What every kind of call through a proxy shares: its options, its turn, and one attempt more where
 * nothing was sent.
 */

#include "client/proxy.h"

/**
 * call_options_apply() - the options of the API, made part of a call
 * @options:      NULL for the defaults
 * @annotations:  empty; gets those of the options, and must live as long as @call
 * @call:         its other members are left alone
 * @ret_deadline: from now
 *
 * Return: PYROPE_OK, PYROPE_E_INVALID (unknown flags, the id of an annotation), PYROPE_E_TOO_LARGE
 * (annotations), PYROPE_E_NOMEM.
 */
NODISCARD pyrope_status call_options_apply(pyrope_context *context,
                                           const pyrope_call_options *options, Buffer *annotations,
                                           ConnCall *call, Deadline *ret_deadline,
                                           pyrope_error **error);

/* An empty buffer for them. */
#define CALL_ANNOTATIONS_INIT BUFFER_INIT(FRAME_PROGRAM_ANNOTATIONS_MAX_BYTES)

/**
 * call_arguments() - the arguments of the API, made part of a call
 *
 * Return: PYROPE_OK, PYROPE_E_INVALID (no list, no map).
 */
NODISCARD pyrope_status call_arguments(ConnCall *call, const pyrope_value *arguments,
                                       const pyrope_value *keywords, pyrope_error **error);

/**
 * call_mark_oneway() - as a stock client does: a method that the daemon told of as oneway is not
 * waited for
 */
void call_mark_oneway(const pyrope_proxy *proxy, ConnCall *call);

/**
 * call_perform() - wait for the turn, connect if need be, send, and wait for the answer
 * @call: without an object: the proxy's
 * @ret:  as of conn_invoke(); nil for a oneway call
 *
 * Return: as pyrope_call_method(), with words that name the object and the method.
 */
NODISCARD pyrope_status call_perform(pyrope_proxy *proxy, ConnCall *call, Deadline deadline,
                                     pyrope_value **ret, pyrope_error **error);
