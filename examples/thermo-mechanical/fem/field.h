#pragma once

/* SPDX-License-Identifier: MIT */

/* Field: numbers at the nodes of a mesh, under a name */

typedef enum FieldKind FieldKind;
typedef struct Field Field;

/* The value of each is how many numbers there are at a node. */
enum FieldKind {
        FIELD_SCALAR = 1,
        FIELD_VECTOR = 2, /* x, y */
        FIELD_TENSOR = 4, /* xx, yy, zz, xy of a symmetric tensor */
};

struct Field {
        const char *name; /* without blanks */
        FieldKind kind;
        const double *values; /* node by node */
};
