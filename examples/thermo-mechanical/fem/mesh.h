#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Mesh: plane nodes, surface elements, and named borders
 *
 * Every node belongs to a surface element, and every surface element is sound (element_inspect()).
 * Borders are the line and point elements that boundary conditions refer to by group.
 */

#include "examples/thermo-mechanical/fem/defs.h"
#include "examples/thermo-mechanical/fem/element.h"

#define MESH_NODES_MAX      1000000u
#define MESH_ELEMENTS_MAX   2000000u
#define MESH_GROUPS_MAX     256u
#define MESH_NAME_MAX       127u /* bytes of a group's name */
#define MESH_COORDINATE_MAX 1e6  /* metres */

typedef struct Mesh Mesh;
typedef struct MeshGroup MeshGroup;

struct MeshGroup {
        char name[MESH_NAME_MAX + 1];
        uint32_t tag;       /* its number in the mesh file; unique among those of a dimension */
        unsigned dimension; /* 0 points, 1 lines, 2 surfaces */
        size_t n_elements;
};

struct Mesh {
        size_t n_nodes;
        double (*nodes)[2]; /* metres; owned */
        uint32_t *node_ids; /* the numbers in the mesh file; owned */
        size_t n_surfaces;
        Element *surfaces; /* triangles and quadrilaterals; owned */
        size_t n_borders;
        Element *borders; /* lines and points; owned */
        size_t n_groups;
        MeshGroup *groups; /* owned */
};

/** mesh_deinit() - free what the mesh owns; fine for one of zeros */
void mesh_deinit(Mesh *mesh);

/** mesh_find_group() - the group of that name; NULL if there is none */
const MeshGroup *mesh_find_group(const Mesh *mesh, const char *name);

/** mesh_corners() - coordinates of an element's nodes, metres; the rest of @ret is zero */
void mesh_corners(const Mesh *mesh, const Element *element, double ret[ELEMENT_NODES_MAX][2]);

/** mesh_length() - length of a line element, metres */
double mesh_length(const Mesh *mesh, const Element *line);

/**
 * mesh_drop_unused() - leave out the nodes that no surface element uses; the others keep their
 * order
 * @ret_stray:  a border that has such a node, or NULL; the mesh is of no use then
 *
 * Return: 0, -ENOMEM.
 */
NODISCARD int mesh_drop_unused(Mesh *mesh, const Element **ret_stray);
