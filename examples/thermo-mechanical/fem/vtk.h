#pragma once

/* SPDX-License-Identifier: MIT */

/* Vtk: writes nodal fields as a legacy ASCII file (version 3.0), which ParaView opens */

#include "examples/thermo-mechanical/fem/defs.h"
#include "examples/thermo-mechanical/fem/field.h"
#include "examples/thermo-mechanical/fem/mesh.h"

#include <stdio.h>

/**
 * vtk_write() - write a mesh and its fields
 * @title:      one line that says what the file shows
 *
 * Return: 0, or -EIO if the stream has failed.
 */
NODISCARD int vtk_write(FILE *file, const Mesh *mesh, const char *title, const Field *fields,
                        size_t n_fields);
