#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Signature
 *
 * The parameters of a method, "a b [c d]", compiled once when its class is registered, and the
 * binding of a call's positional and keyword arguments to them. A call that does not fit is told so
 * in Python's words, since Python programmers read them.
 */

#include "base/error.h"

#include <pyrope/value.h>

#define SIGNATURE_PARAMETERS_MAX 32u

enum {
        SIGNATURE_E_SUCCESS,

        SIGNATURE_E_INVALID,  /* not a list of names with the optional ones in brackets */
        SIGNATURE_E_MISMATCH, /* the arguments do not fit the parameters */
};

typedef struct Signature Signature;

struct Signature {
        char *text;                                  /* what the names point into; owned */
        const char *names[SIGNATURE_PARAMETERS_MAX]; /* in their order */
        size_t n_names;
        size_t n_required; /* of the names, the first ones */
};

/**
 * signature_init() - compile a declaration
 * @declaration: "a b [c d]"; NULL: no parameters
 * @error:       NULL, or says what is wrong with it
 *
 * Return: 0, SIGNATURE_E_INVALID, -ENOMEM.
 */
NODISCARD int signature_init(Signature *signature, const char *declaration, ErrorText *error);

void signature_deinit(Signature *signature);

/**
 * signature_bind() - give each parameter its argument
 * @class_, @method: for the message
 * @args:     a list, or absent
 * @kwargs:   a map with str keys, or absent
 * @ret:      n_names views in the order of the names; absent where nothing was given
 * @error:    receives the text of the TypeError
 *
 * Return: 0, SIGNATURE_E_MISMATCH.
 */
NODISCARD int signature_bind(const Signature *signature, const char *class_, const char *method,
                             pyrope_view args, pyrope_view kwargs,
                             pyrope_view ret[static SIGNATURE_PARAMETERS_MAX], ErrorText *error);
