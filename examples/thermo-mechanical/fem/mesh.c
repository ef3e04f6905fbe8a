/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/mesh.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void mesh_deinit(Mesh *mesh)
{
        free(mesh->groups);
        free(mesh->borders);
        free(mesh->surfaces);
        free(mesh->node_ids);
        free(mesh->nodes);
        *mesh = (Mesh){ 0 };
}

const MeshGroup *mesh_find_group(const Mesh *mesh, const char *name)
{
        for (size_t i = 0; i < mesh->n_groups; i++)
                if (strcmp(mesh->groups[i].name, name) == 0)
                        return &mesh->groups[i];
        return NULL;
}

void mesh_corners(const Mesh *mesh, const Element *element, double ret[ELEMENT_NODES_MAX][2])
{
        memset(ret, 0, ELEMENT_NODES_MAX * sizeof(*ret));
        for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                memcpy(ret[i], mesh->nodes[element->nodes[i]], sizeof(*ret));
}

double mesh_length(const Mesh *mesh, const Element *line)
{
        const double *a = mesh->nodes[line->nodes[0]];
        const double *b = mesh->nodes[line->nodes[1]];

        return hypot(b[0] - a[0], b[1] - a[1]);
}
