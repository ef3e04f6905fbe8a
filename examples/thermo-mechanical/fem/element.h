#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Element: shape functions and integration of the four element kinds
 *
 * Corners run counterclockwise and are given as xy[i] = { x, y } in metres. Natural coordinates run
 * over -1..1 in the quadrilateral and over the triangle (0,0) (1,0) (0,1).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELEMENT_NODES_MAX   4u
#define ELEMENT_SAMPLES_MAX 4u
#define ELEMENT_NO_GROUP    UINT32_MAX

/* In natural coordinates: so far outside, a point still counts as lying on the edge. */
#define ELEMENT_TOLERANCE 1e-6

typedef enum ElementKind ElementKind;
typedef enum ElementFlaw ElementFlaw;
typedef struct Element Element;
typedef struct ElementSample ElementSample;

enum ElementKind {
        ELEMENT_POINT,
        ELEMENT_LINE,
        ELEMENT_TRIANGLE,
        ELEMENT_QUADRILATERAL,
};

enum ElementFlaw {
        ELEMENT_SOUND,

        ELEMENT_DEGENERATE, /* next to no length or area, at one corner at least */
        ELEMENT_INVERTED,   /* runs clockwise, or folds over itself */
};

struct Element {
        uint32_t id;    /* the number in the mesh file */
        uint32_t group; /* index into the mesh's groups, or ELEMENT_NO_GROUP */
        ElementKind kind;
        uint32_t nodes[ELEMENT_NODES_MAX]; /* indices into the mesh's nodes */
};

/* One point of a surface element, and what is needed to integrate there. */
struct ElementSample {
        double shape[ELEMENT_NODES_MAX]; /* shape functions, 1 */
        double dx[ELEMENT_NODES_MAX];    /* their derivatives by x, 1/m */
        double dy[ELEMENT_NODES_MAX];    /* and by y, 1/m */
        double area;                     /* the part of the element it stands for, m² */
};

/** element_n_nodes() - number of corners */
size_t element_n_nodes(ElementKind kind);

/** element_dimension() - 0 point, 1 line, 2 surface */
unsigned element_dimension(ElementKind kind);

/** element_inspect() - is the element fit for use? A line is sound if it has a length. */
ElementFlaw element_inspect(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2]);

/**
 * element_samples() - the integration points of a sound surface element
 *
 * One in a triangle and 2 x 2 in a quadrilateral: exact for the stiffness of the one, and of the
 * other when it is a parallelogram.
 *
 * Return: how many were written.
 */
size_t element_samples(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2],
                       ElementSample ret[static ELEMENT_SAMPLES_MAX]);

/** element_centre() - the one sample in the middle of a sound surface element; stands for all */
void element_centre(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2], ElementSample *ret);

/**
 * element_locate() - shape functions at a point, if it lies in the element
 * @ret_shape:  written if true is returned
 *
 * Return: whether the point lies in the element or within ELEMENT_TOLERANCE of its edge.
 */
bool element_locate(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2], const double point[2],
                    double ret_shape[static ELEMENT_NODES_MAX]);
