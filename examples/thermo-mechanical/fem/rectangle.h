#pragma once

/* SPDX-License-Identifier: MIT */

/* Rectangle: writes the mesh of a rectangle as MSH 2.2 ASCII, for make-mesh and for tests */

#include "examples/thermo-mechanical/fem/defs.h"

#include <stdio.h>

typedef struct Rectangle Rectangle;

struct Rectangle {
        double width, height; /* m; the lower left corner is the origin */
        unsigned nx, ny;      /* quadrilaterals along each */
};

/**
 * rectangle_write() - write the mesh
 *
 * Its groups are the lines lower, right, upper and left, the surface domain, and the point origin.
 *
 * Return: 0, or -EIO if the stream has failed.
 */
NODISCARD int rectangle_write(FILE *file, const Rectangle *rectangle);
