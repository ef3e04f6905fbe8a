/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/rectangle.h"

#include <errno.h>

#define GMSH_LINE          1
#define GMSH_QUADRILATERAL 3
#define GMSH_POINT         15

enum {
        TAG_LOWER = 1,
        TAG_RIGHT,
        TAG_UPPER,
        TAG_LEFT,
        TAG_DOMAIN,
        TAG_ORIGIN,
};

static const struct {
        int dimension;
        int tag;
        const char *name;
} groups[] = {
        { 0, TAG_ORIGIN, "origin" }, { 1, TAG_LOWER, "lower" }, { 1, TAG_RIGHT, "right" },
        { 1, TAG_UPPER, "upper" },   { 1, TAG_LEFT, "left" },   { 2, TAG_DOMAIN, "domain" },
};

static void write_head(FILE *file)
{
        fprintf(file, "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n%zu\n",
                ARRAY_SIZE(groups));
        for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
                fprintf(file, "%d %d \"%s\"\n", groups[i].dimension, groups[i].tag, groups[i].name);
        fprintf(file, "$EndPhysicalNames\n");
}

/* The number of a node; column and row count from 0. */
static unsigned node(const Rectangle *rectangle, unsigned column, unsigned row)
{
        return row * (rectangle->nx + 1) + column + 1;
}

static void write_nodes(FILE *file, const Rectangle *rectangle)
{
        fprintf(file, "$Nodes\n%u\n", node(rectangle, rectangle->nx, rectangle->ny));
        for (unsigned row = 0; row <= rectangle->ny; row++)
                for (unsigned column = 0; column <= rectangle->nx; column++)
                        fprintf(file, "%u %.12g %.12g 0\n", node(rectangle, column, row),
                                rectangle->width * column / rectangle->nx,
                                rectangle->height * row / rectangle->ny);
        fprintf(file, "$EndNodes\n");
}

static void write_line(FILE *file, unsigned *id, int tag, unsigned a, unsigned b)
{
        fprintf(file, "%u %d 2 %d %d %u %u\n", ++*id, GMSH_LINE, tag, tag, a, b);
}

static void write_elements(FILE *file, const Rectangle *rectangle)
{
        unsigned nx = rectangle->nx;
        unsigned ny = rectangle->ny;
        unsigned id = 1;

        fprintf(file, "$Elements\n%u\n", 1 + 2 * (nx + ny) + nx * ny);
        fprintf(file, "%u %d 2 %d %d 1\n", id, GMSH_POINT, TAG_ORIGIN, TAG_ORIGIN);
        for (unsigned i = 0; i < nx; i++) {
                write_line(file, &id, TAG_LOWER, node(rectangle, i, 0), node(rectangle, i + 1, 0));
                write_line(file, &id, TAG_UPPER, node(rectangle, i + 1, ny),
                           node(rectangle, i, ny));
        }
        for (unsigned j = 0; j < ny; j++) {
                write_line(file, &id, TAG_RIGHT, node(rectangle, nx, j),
                           node(rectangle, nx, j + 1));
                write_line(file, &id, TAG_LEFT, node(rectangle, 0, j + 1), node(rectangle, 0, j));
        }
        for (unsigned j = 0; j < ny; j++)
                for (unsigned i = 0; i < nx; i++)
                        fprintf(file, "%u %d 2 %d %d %u %u %u %u\n", ++id, GMSH_QUADRILATERAL,
                                TAG_DOMAIN, TAG_DOMAIN, node(rectangle, i, j),
                                node(rectangle, i + 1, j), node(rectangle, i + 1, j + 1),
                                node(rectangle, i, j + 1));
        fprintf(file, "$EndElements\n");
}

int rectangle_write(FILE *file, const Rectangle *rectangle)
{
        write_head(file);
        write_nodes(file, rectangle);
        write_elements(file, rectangle);
        return fflush(file) != 0 || ferror(file) ? -EIO : 0;
}
