/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/vtk.h"

#include <errno.h>

/* The cell types of VTK. */
#define VTK_TRIANGLE 5
#define VTK_QUAD     9

static void write_points(FILE *file, const Mesh *mesh)
{
        fprintf(file, "POINTS %zu double\n", mesh->n_nodes);
        for (size_t i = 0; i < mesh->n_nodes; i++)
                fprintf(file, "%.12g %.12g 0\n", mesh->nodes[i][0], mesh->nodes[i][1]);
}

static void write_cells(FILE *file, const Mesh *mesh)
{
        size_t n_numbers = 0;

        for (size_t e = 0; e < mesh->n_surfaces; e++)
                n_numbers += 1 + element_n_nodes(mesh->surfaces[e].kind);
        fprintf(file, "CELLS %zu %zu\n", mesh->n_surfaces, n_numbers);
        for (size_t e = 0; e < mesh->n_surfaces; e++) {
                const Element *element = &mesh->surfaces[e];

                fprintf(file, "%zu", element_n_nodes(element->kind));
                for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                        fprintf(file, " %u", element->nodes[i]);
                fputc('\n', file);
        }
        fprintf(file, "CELL_TYPES %zu\n", mesh->n_surfaces);
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                fprintf(file, "%d\n",
                        mesh->surfaces[e].kind == ELEMENT_TRIANGLE ? VTK_TRIANGLE : VTK_QUAD);
}

static void write_field(FILE *file, const Mesh *mesh, const Field *field)
{
        const double *v = field->values;

        switch (field->kind) {
        case FIELD_SCALAR:
                fprintf(file, "SCALARS %s double 1\nLOOKUP_TABLE default\n", field->name);
                for (size_t i = 0; i < mesh->n_nodes; i++, v += 1)
                        fprintf(file, "%.12g\n", v[0]);
                return;
        case FIELD_VECTOR:
                fprintf(file, "VECTORS %s double\n", field->name);
                for (size_t i = 0; i < mesh->n_nodes; i++, v += 2)
                        fprintf(file, "%.12g %.12g 0\n", v[0], v[1]);
                return;
        case FIELD_TENSOR:
                fprintf(file, "TENSORS %s double\n", field->name);
                for (size_t i = 0; i < mesh->n_nodes; i++, v += 4)
                        fprintf(file, "%.12g %.12g 0\n%.12g %.12g 0\n0 0 %.12g\n", v[0], v[3], v[3],
                                v[1], v[2]);
                return;
        }
}

int vtk_write(FILE *file, const Mesh *mesh, const char *title, const Field *fields, size_t n_fields)
{
        fprintf(file, "# vtk DataFile Version 3.0\n%.200s\nASCII\nDATASET UNSTRUCTURED_GRID\n",
                title);
        write_points(file, mesh);
        write_cells(file, mesh);
        fprintf(file, "POINT_DATA %zu\n", mesh->n_nodes);
        for (size_t i = 0; i < n_fields; i++)
                write_field(file, mesh, &fields[i]);
        return fflush(file) != 0 || ferror(file) ? -EIO : 0;
}
