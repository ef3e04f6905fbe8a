#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Guest
 *
 * What a program keeps for a connection as long as it lasts. Its peer holds one reference, each of
 * its calls that was put aside another; when the last goes, the program is told. Any thread.
 */

#include "base/defs.h"

#include <stdatomic.h>

typedef struct Guest Guest;

struct Guest {
        atomic_uint n_refs;
        atomic_uint state;         /* of what follows: nothing, being set, set */
        void *data;                /* the program's */
        void (*ended)(void *data); /* the connection is over; or NULL */
};

enum {
        GUEST_E_SUCCESS,

        GUEST_E_EXISTS, /* something is kept already */
};

/* Return: a reference, with nothing kept; NULL if memory is out. */
NODISCARD Guest *guest_new(void);

/* NULL is fine, for this and the next. Return: @guest. */
Guest *guest_ref(Guest *guest);

/* Tells the program if it was the last. Return: NULL. */
Guest *guest_unref(Guest *guest);

/* Return: what is kept; NULL if nothing is. */
void *guest_data(Guest *guest);

/* Keeps it; of several threads that try one wins. Return: 0, GUEST_E_EXISTS. */
NODISCARD int guest_keep(Guest *guest, void *data, void (*ended)(void *data));
