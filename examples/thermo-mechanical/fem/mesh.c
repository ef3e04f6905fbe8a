/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/mesh.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
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

/* Marks the nodes of surface elements in @places, then numbers them in the order of the file. */
static void place_nodes(Mesh *mesh, uint32_t *places)
{
        uint32_t n_used = 0;

        for (size_t e = 0; e < mesh->n_surfaces; e++)
                for (size_t i = 0; i < element_n_nodes(mesh->surfaces[e].kind); i++)
                        places[mesh->surfaces[e].nodes[i]] = 1;
        for (size_t i = 0; i < mesh->n_nodes; i++) {
                if (!places[i]) {
                        places[i] = UINT32_MAX;
                        continue;
                }
                memmove(mesh->nodes[n_used], mesh->nodes[i], sizeof(*mesh->nodes));
                mesh->node_ids[n_used] = mesh->node_ids[i];
                places[i] = n_used++;
        }
        mesh->n_nodes = n_used;
}

/* Returns false if a node of the element was left out. */
static bool renumber(Element *element, const uint32_t *places)
{
        for (size_t i = 0; i < element_n_nodes(element->kind); i++) {
                element->nodes[i] = places[element->nodes[i]];
                if (element->nodes[i] == UINT32_MAX)
                        return false;
        }
        return true;
}

int mesh_drop_unused(Mesh *mesh, const Element **ret_stray)
{
        CLEANUP(free_memory) uint32_t *places = calloc(mesh->n_nodes + 1, sizeof(*places));

        if (!places)
                return -ENOMEM;
        place_nodes(mesh, places);
        *ret_stray = NULL;
        for (size_t i = 0; i < mesh->n_surfaces; i++)
                (void)renumber(&mesh->surfaces[i], places); /* all of its nodes are used */
        for (size_t i = 0; i < mesh->n_borders; i++)
                if (!renumber(&mesh->borders[i], places)) {
                        *ret_stray = &mesh->borders[i];
                        return 0;
                }
        return 0;
}
