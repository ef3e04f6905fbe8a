#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * What the tests of the finite elements share: meshes and problems that must parse. A failure fails
 * the test with the complaint.
 */

#include "examples/thermo-mechanical/fem/mesh.h"
#include "examples/thermo-mechanical/fem/problem.h"
#include "examples/thermo-mechanical/fem/rectangle.h"

/** fixture_mesh() - a mesh from text */
Mesh fixture_mesh(const char *text);

/** fixture_rectangle() - the mesh of a rectangle, as make-mesh makes it */
Mesh fixture_rectangle(Rectangle rectangle);

/** fixture_distort() - move each node inside the rectangle by up to a fifth of an element */
void fixture_distort(Mesh *mesh, Rectangle rectangle);

/** fixture_problem() - a problem on a mesh, from text */
Problem fixture_problem(const Mesh *mesh, const char *text);

/** fixture_example() - a file of the example's data; free() it */
char *fixture_example(const char *name, size_t *ret_n);

/* A square of 2 m x 2 m: two quadrilaterals below, four triangles above; no angle is right inside,
 * nodes are numbered without order, and node 77 is used by nothing. */
extern const char fixture_mixed[];
