#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Complaint: what is wrong with an input, in one line
 *
 * The text is plain printable ASCII without a newline, whatever bytes the input quoted in it had.
 */

#include "examples/thermo-mechanical/fem/defs.h"

#define COMPLAINT_MAX 400u /* bytes of text; more is cut */

typedef struct Complaint Complaint;

struct Complaint {
        char text[COMPLAINT_MAX + 1];
};

/**
 * complaint_set() - write the one line
 *
 * Return: FEM_E_REFUSED always, so that a function can complain and leave in one statement.
 */
int complaint_set(Complaint *complaint, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
