#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Words the Finite Element Part Shares
 *
 * Every function here that can fail returns 0, or FEM_E_REFUSED with a Complaint that says why (the
 * input is at fault), or a negative errno (the machine is: -ENOMEM). Outputs are written on 0 only.
 * This part needs C and libm alone, so that it can be read, and taken, without the rest.
 */

#include <stdlib.h>

#define NODISCARD     __attribute__((warn_unused_result))
#define CLEANUP(fn)   __attribute__((cleanup(fn)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TAKE(pointer)                                                                              \
        __extension__({                                                                            \
                __typeof__(pointer) taken_ = (pointer);                                            \
                (pointer) = NULL;                                                                  \
                taken_;                                                                            \
        })

enum {
        FEM_E_SUCCESS,

        FEM_E_REFUSED, /* the complaint says what is wrong with the input */
        FEM_E_END,     /* lines_next() only: no line is left */
};

/* For CLEANUP(): frees what the variable points to, of whatever type. */
static inline void free_memory(void *pointer)
{
        free(*(void **)pointer);
}
