#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Skyline: a symmetric positive definite matrix stored within its envelope
 *
 * Row i holds the columns from its first nonzero one to the diagonal, where all of the fill of a
 * Cholesky factorization falls as well. A direct method, because it needs no tuning and cannot fail
 * to converge; its price is memory, which has a named limit.
 */

#include "examples/thermo-mechanical/fem/complaint.h"

#include <stddef.h>
#include <stdint.h>

#define SKYLINE_ENTRIES_MAX (1u << 26) /* 512 MiB; a square of about 250 x 250 elements */

typedef struct Skyline Skyline;

struct Skyline {
        size_t n_rows;
        size_t *first;   /* of each row: its first column; owned */
        size_t *start;   /* [n_rows + 1]: where the row starts in entries; owned */
        double *entries; /* owned */
};

/** skyline_deinit() - free what the matrix owns; fine for one of zeros */
void skyline_deinit(Skyline *skyline);

/**
 * skyline_init() - a matrix of zeros
 * @first:      of each row its first column, at most its own number; taken, in failure too
 *
 * Return: 0, FEM_E_REFUSED if the envelope has more than SKYLINE_ENTRIES_MAX entries, -ENOMEM.
 */
NODISCARD int skyline_init(Skyline *skyline, size_t n_rows, size_t *first, Complaint *complaint);

/** skyline_add() - add to an entry at or below the diagonal, within the envelope */
void skyline_add(Skyline *skyline, size_t row, size_t column, double value);

/** skyline_multiply() - @ret = matrix times @vector, before skyline_factor() */
void skyline_multiply(const Skyline *skyline, const double *vector, double *ret);

/**
 * skyline_factor() - replace the matrix by its Cholesky factor
 *
 * Return: n_rows, or the first row at which the matrix is not positive definite.
 */
NODISCARD size_t skyline_factor(Skyline *skyline);

/** skyline_solve() - replace the right hand side @b by the solution, after skyline_factor() */
void skyline_solve(const Skyline *skyline, double *b);
