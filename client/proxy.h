#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Proxy
 *
 * One remote object and the connection to its daemon. What names the object is kept, so that a lost
 * connection is made again by the next call: a name is looked up again, for the object may live
 * elsewhere by then. One call at a time; others wait for their turn, no longer than their deadline.
 */

#include "base/clock.h"
#include "client/target.h"
#include "proto/conn.h"

#include <pyrope/pyrope.h>

DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);

/**
 * proxy_new() - connect to what @target names
 * @target: taken, whatever comes; all zero afterwards
 *
 * Return: as pyrope_proxy_new().
 */
NODISCARD pyrope_status proxy_new(pyrope_context *context, Target *target, Deadline deadline,
                                  pyrope_proxy **ret, pyrope_error **error);

/** proxy_told() - as pyrope_proxy_received(), with a deadline. */
NODISCARD pyrope_status proxy_told(pyrope_proxy *from, pyrope_view item, Deadline deadline,
                                   pyrope_proxy **ret, pyrope_error **error);

/** proxy_enter() - wait for the turn. Return: PYROPE_OK, then call proxy_leave();
 * PYROPE_E_TIMEOUT. */
NODISCARD pyrope_status proxy_enter(pyrope_proxy *proxy, Deadline deadline, pyrope_error **error);
void proxy_leave(pyrope_proxy *proxy);

/**
 * proxy_conn() - the connection, made again if need be; for who has the turn
 * @ret:        borrowed until proxy_leave(), as is
 * @ret_object: the id that the object has now
 *
 * Return: as pyrope_proxy_new().
 */
NODISCARD pyrope_status proxy_conn(pyrope_proxy *proxy, Deadline deadline, Conn **ret,
                                   const char **ret_object, pyrope_error **error);

/** proxy_writer() - an empty writer; for who has the turn, and as long. Return: borrowed; NULL if
 * memory is out. */
pyrope_writer *proxy_writer(pyrope_proxy *proxy);

/** proxy_enter_connected() - turn and connection for what is not worth a new one. Return: false if
 * there is none, or the deadline passed; else call proxy_leave(). */
NODISCARD bool proxy_enter_connected(pyrope_proxy *proxy, Deadline deadline, Conn **ret);

/** proxy_label() - what errors call the object: as the user named it. Return: owned, free(); NULL:
 * out of memory. */
NODISCARD char *proxy_label(const pyrope_proxy *proxy);

/** proxy_call() - as pyrope_call_method(), with a deadline. */
NODISCARD pyrope_status proxy_call(pyrope_proxy *proxy, const char *method,
                                   const pyrope_value *arguments, const pyrope_value *keywords,
                                   Deadline deadline, pyrope_value **ret, pyrope_error **error);

/** proxy_callf() - as pyrope_callf(), with a deadline; @error comes after it. */
NODISCARD pyrope_status proxy_callf(pyrope_proxy *proxy, Deadline deadline, pyrope_value **ret,
                                    pyrope_error **error, const char *method, const char *format,
                                    ...);

/** proxy_ask() - the same for what does no harm if it runs twice: where the way broke in the middle
 * of it, it is called once more. */
NODISCARD pyrope_status proxy_ask(pyrope_proxy *proxy, Deadline deadline, pyrope_value **ret,
                                  pyrope_error **error, const char *method, const char *format,
                                  ...);

/**
 * proxy_on_lost() - who knows more about a daemon that was lost
 * @explain:  told of a call's failure with PYROPE_E_UNREACHABLE, after the call, in its thread; may
 *            put other words into the error. NULL: nobody
 * @userdata: handed to it; must live as long as @proxy
 *
 * To be said before other threads use the proxy.
 */
typedef void (*ProxyExplain)(void *userdata, pyrope_error **error);
void proxy_on_lost(pyrope_proxy *proxy, ProxyExplain explain, void *userdata);

/** proxy_explain() - let them speak; nothing if nobody is there, or @error or *@error is NULL. */
void proxy_explain(const pyrope_proxy *proxy, pyrope_error **error);

/** proxy_has_method() - whether the daemon told of it on connecting first. */
bool proxy_has_method(const pyrope_proxy *proxy, const char *method);

/** proxy_is_oneway() - whether it told that nobody is to wait for it. */
bool proxy_is_oneway(const pyrope_proxy *proxy, const char *method);

/** proxy_at() - how the daemon is reached. Return: 0 with @ret owned by the caller; -ENOMEM. */
NODISCARD int proxy_at(pyrope_proxy *proxy, Location *ret);

/** proxy_context() - borrowed. */
pyrope_context *proxy_context(const pyrope_proxy *proxy);

/** proxy_object() - the object's id. Return: borrowed from @proxy. */
const char *proxy_object(const pyrope_proxy *proxy);
