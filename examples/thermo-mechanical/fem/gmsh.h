#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Gmsh: reads a mesh in the format MSH 2.2 ASCII
 *
 * Read are $MeshFormat, $PhysicalNames, $Nodes and $Elements (points, 2-node lines, 3-node
 * triangles, 4-node quadrilaterals); other sections are skipped. Nodes that no surface element uses
 * (centres of arcs, say) are left out. The text may come from a stranger: a count in it never takes
 * more memory than a small multiple of the bytes that follow.
 */

#include "examples/thermo-mechanical/fem/complaint.h"
#include "examples/thermo-mechanical/fem/mesh.h"

/**
 * gmsh_parse() - read a mesh from memory
 * @ret:        the mesh; free with mesh_deinit(). Untouched unless 0 is returned
 * @name:       names the text in complaints
 * @text:       @n_text bytes, not terminated
 *
 * Return: 0, FEM_E_REFUSED, -ENOMEM.
 */
NODISCARD int gmsh_parse(Mesh *ret, const char *name, const char *text, size_t n_text,
                         Complaint *complaint);
