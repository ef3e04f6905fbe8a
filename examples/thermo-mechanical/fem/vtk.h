#pragma once

/* SPDX-License-Identifier: MIT */

/* Vtk: writes nodal fields as a legacy ASCII file (version 3.0), which ParaView opens */

#include "examples/thermo-mechanical/fem/mesh.h"

#include "examples/thermo-mechanical/fem/defs.h"

#include <stdio.h>

typedef enum VtkKind VtkKind;
typedef struct VtkField VtkField;

enum VtkKind {
        VTK_SCALAR, /* one number at each node */
        VTK_VECTOR, /* two: x, y */
        VTK_TENSOR, /* four: xx, yy, zz, xy of a symmetric tensor */
};

struct VtkField {
        const char *name; /* without blanks */
        VtkKind kind;
        const double *values; /* node by node */
};

/**
 * vtk_write() - write a mesh and its fields
 * @title:      one line that says what the file shows
 *
 * Return: 0, or -EIO if the stream has failed.
 */
NODISCARD int vtk_write(FILE *file, const Mesh *mesh, const char *title, const VtkField *fields,
                        size_t n_fields);
