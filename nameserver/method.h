#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * What the Nameserver's Methods Share
 *
 * Reading an argument or raising what is wrong with it; raising what the store could not do. Each
 * function that reads returns 0, or PYROPE_RAISED with an exception set, which the method returns.
 */

#include "nameserver/argument.h"
#include "nameserver/nameserver.h"
#include "nameserver/search.h"

typedef struct Reading Reading;

/* A reader as long as a method needs it: CLEANUP(reading_deinit) Reading reading = { 0 }; */
struct Reading {
        StoreReaders *readers; /* where it came from */
        StoreReader *reader;   /* NULL until method_read() */
};

/* One function for each method, named as clients name it. */
int method_count(pyrope_call *call, void *self);
int method_list(pyrope_call *call, void *self);
int method_lookup(pyrope_call *call, void *self);
int method_ping(pyrope_call *call, void *self);
int method_register(pyrope_call *call, void *self);
int method_register_endpoint(pyrope_call *call, void *self);
int method_remove(pyrope_call *call, void *self);
int method_renew(pyrope_call *call, void *self);
int method_resolve(pyrope_call *call, void *self);
int method_set_metadata(pyrope_call *call, void *self);
int method_watch(pyrope_call *call, void *self);
int method_yplookup(pyrope_call *call, void *self);

NODISCARD int method_name(pyrope_call *call, size_t index, StoreText *ret);
NODISCARD int method_tags(pyrope_call *call, size_t index, const char *parameter,
                          ArgumentTags *ret);
NODISCARD int method_uri(pyrope_call *call, size_t index, Uri *ret);
/* One of @prefix and @regex is true, see pyrope_truth(). */
NODISCARD int method_search(pyrope_call *call, pyrope_view prefix, pyrope_view regex, Search *ret);

/** method_raise_argument() - an outcome of argument.h. Return: PYROPE_RAISED. */
int method_raise_argument(pyrope_call *call, int r, const ErrorText *error);

/** method_raise_name() - NamingError "WHAT: NAME". Return: PYROPE_RAISED. */
int method_raise_name(pyrope_call *call, const char *what, StoreText name);

/** method_read() - a reader, until reading_deinit(). */
NODISCARD int method_read(pyrope_call *call, NameServer *nameserver, Reading *ret);
void reading_deinit(Reading *reading);

/**
 * method_check_store() - go on after 0, raise a failure that the method does not expect
 * @is_failing: the nameserver's cannot_read or cannot_write; the log gets one line when it begins,
 *              and one when it is over
 *
 * Return: 0, PYROPE_RAISED.
 */
NODISCARD int method_check_store(pyrope_call *call, atomic_bool *is_failing, int r,
                                 const ErrorText *error);

bool method_is_own_name(StoreText name);

/* The connection of the call holds the lease of the name, if it has one; without memory it does
 * not. */
void method_hold_lease(pyrope_call *call, NameServer *nameserver, StoreText name);
