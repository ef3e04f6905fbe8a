#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Order: numbers nodes so that neighbours get near numbers
 *
 * The method of Cuthill and McKee, reversed (A. George, J. W.-H. Liu, Computer Solution of Large
 * Sparse Positive Definite Systems, 1981, chapter 4): it keeps the envelope of the matrix small.
 */

#include "examples/thermo-mechanical/fem/mesh.h"

#include "examples/thermo-mechanical/fem/defs.h"

/**
 * order_nodes() - number the nodes of a mesh
 * @ret:        @mesh->n_nodes entries: the nodes in their new order; a permutation
 *
 * Return: 0, -ENOMEM.
 */
NODISCARD int order_nodes(const Mesh *mesh, uint32_t *ret);
