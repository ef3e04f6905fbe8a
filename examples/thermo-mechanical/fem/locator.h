#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Locator: finds the element around a point, and a field's value there
 *
 * A grid of square cells lies over the mesh; each lists the elements whose bounding box meets it.
 */

#include "examples/thermo-mechanical/fem/complaint.h"
#include "examples/thermo-mechanical/fem/field.h"
#include "examples/thermo-mechanical/fem/mesh.h"

typedef struct Locator Locator;

struct Locator {
        const Mesh *mesh;   /* borrowed */
        double origin[2];   /* the lower left corner, m */
        double cell_size;   /* m */
        size_t n_cells[2];  /* in x, in y */
        size_t *first;      /* [cells + 1], into elements; owned */
        uint32_t *elements; /* indices of surface elements, cell by cell; owned */
};

/** locator_init() - for a mesh that outlives the locator. Return: 0, -ENOMEM. */
NODISCARD int locator_init(Locator *locator, const Mesh *mesh);

/** locator_deinit() - free what the locator owns; fine for one of zeros */
void locator_deinit(Locator *locator);

/**
 * locator_find() - the surface element around a point, and its shape functions there
 *
 * A point outside the mesh, but within ELEMENT_TOLERANCE of an element's own coordinates, counts as
 * lying on the edge.
 *
 * Return: the element; NULL if the point lies outside.
 */
const Element *locator_find(const Locator *locator, const double point[2],
                            double ret_shape[static ELEMENT_NODES_MAX]);

/**
 * locator_evaluate() - a field at points
 * @field:      on the nodes of the mesh
 * @points:     @n_points times { x, y }, metres
 * @ret:        at each point as many numbers as the field has at a node
 *
 * Return: 0, FEM_E_REFUSED if a point lies outside the mesh; @ret is then partly written.
 */
NODISCARD int locator_evaluate(const Locator *locator, const Field *field,
                               const double (*points)[2], size_t n_points, double *ret,
                               Complaint *complaint);
