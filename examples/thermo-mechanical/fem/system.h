#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * System: the linear equations of a mesh with one or two unknowns at each node
 *
 * Prescribe values, number the rest, add the elements, solve. Prescribed values never become
 * equations: their part goes to the right hand side.
 */

#include "examples/thermo-mechanical/fem/mesh.h"
#include "examples/thermo-mechanical/fem/skyline.h"

#include <stdbool.h>

#define SYSTEM_PER_NODE_MAX 2u
#define SYSTEM_ROWS_MAX     (ELEMENT_NODES_MAX * SYSTEM_PER_NODE_MAX)
#define SYSTEM_ERROR_MAX    1e-4 /* of a known solution of the size of 1, when it is solved for */

typedef struct System System;
typedef struct SystemPart SystemPart;

struct System {
        const Mesh *mesh; /* borrowed */
        size_t n_per_node;
        double *values;      /* [n_nodes * n_per_node]: prescribed, then solved; owned */
        uint32_t *equations; /* the row of each value, or SYSTEM_PRESCRIBED; owned */
        size_t n_equations;
        double *rhs; /* owned */
        Skyline matrix;
};

/* What one element adds: rows and columns run over its nodes, and over the unknowns of each. */
struct SystemPart {
        double matrix[SYSTEM_ROWS_MAX][SYSTEM_ROWS_MAX]; /* symmetric; the lower half is read */
        double load[SYSTEM_ROWS_MAX];
};

/** system_init() - no value is prescribed yet. Return: 0, -ENOMEM. */
NODISCARD int system_init(System *system, const Mesh *mesh, size_t n_per_node);

/** system_deinit() - free what the system owns; fine for one of zeros */
void system_deinit(System *system);

/** system_prescribe() - give one value; the last one given holds */
void system_prescribe(System *system, uint32_t node, size_t component, double value);

/**
 * system_number() - after the last prescribed value: number the equations, make room for them
 *
 * Return: 0, FEM_E_REFUSED if they are too many, -ENOMEM.
 */
NODISCARD int system_number(System *system, Complaint *complaint);

/** system_add() - add the part of one element, after system_number() */
void system_add(System *system, const Element *element, const SystemPart *part);

/**
 * system_solve() - find all values
 * @cause:      what a singular system lacks, for the complaint
 *
 * Whether a system is singular cannot be told from its pivots, which rounding makes anything
 * between zero and small. So the same equations are solved for a solution known before, too: if
 * that does not come back within SYSTEM_ERROR_MAX, they are singular, or so near to it that no
 * digit is worth anything.
 *
 * Return: 0, FEM_E_REFUSED if the system is singular or its numbers exceed all range, -ENOMEM.
 */
NODISCARD int system_solve(System *system, const char *cause, Complaint *complaint);
