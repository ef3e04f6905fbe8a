/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/locator.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define ENTRIES_PER_ELEMENT_MAX 16.0 /* mean; a grid of long thin elements is made coarser */
#define COARSER                 2.0
#define MARGIN                  (4 * ELEMENT_TOLERANCE) /* of a bounding box, as part of its size */

typedef struct Box Box;

struct Box {
        double low[2];
        double high[2];
};

static void box_extend(Box *box, const double point[2])
{
        for (size_t k = 0; k < 2; k++) {
                box->low[k] = fmin(box->low[k], point[k]);
                box->high[k] = fmax(box->high[k], point[k]);
        }
}

static Box box_of_element(const Mesh *mesh, const Element *element)
{
        const double *first = mesh->nodes[element->nodes[0]];
        Box box = { { first[0], first[1] }, { first[0], first[1] } };
        double margin;

        for (size_t i = 1; i < element_n_nodes(element->kind); i++)
                box_extend(&box, mesh->nodes[element->nodes[i]]);
        margin = MARGIN * fmax(box.high[0] - box.low[0], box.high[1] - box.low[1]);
        for (size_t k = 0; k < 2; k++) {
                box.low[k] -= margin;
                box.high[k] += margin;
        }
        return box;
}

static size_t cell_along(const Locator *locator, size_t axis, double coordinate)
{
        double cell = floor((coordinate - locator->origin[axis]) / locator->cell_size);

        if (cell < 0)
                return 0;
        return cell < (double)locator->n_cells[axis] ? (size_t)cell : locator->n_cells[axis] - 1;
}

/* The range of cells, both ends included, that a box meets. */
static void cells_of(const Locator *locator, const Box *box, size_t low[2], size_t high[2])
{
        for (size_t k = 0; k < 2; k++) {
                low[k] = cell_along(locator, k, box->low[k]);
                high[k] = cell_along(locator, k, box->high[k]);
        }
}

static double count_entries(const Locator *locator)
{
        double sum = 0;

        for (size_t e = 0; e < locator->mesh->n_surfaces; e++) {
                Box box = box_of_element(locator->mesh, &locator->mesh->surfaces[e]);
                size_t high[2];
                size_t low[2];

                cells_of(locator, &box, low, high);
                sum += (double)(high[0] - low[0] + 1) * (double)(high[1] - low[1] + 1);
        }
        return sum;
}

/* About one cell for each element, unless the elements are so long that they would fill too many:
 * the grid never takes more memory than a small multiple of the mesh. */
static void lay_grid(Locator *locator)
{
        const Mesh *mesh = locator->mesh;
        Box box = { { INFINITY, INFINITY }, { -INFINITY, -INFINITY } };
        double size[2];

        for (size_t i = 0; i < mesh->n_nodes; i++)
                box_extend(&box, mesh->nodes[i]);
        for (size_t k = 0; k < 2; k++) {
                locator->origin[k] = box.low[k];
                size[k] = box.high[k] - box.low[k];
        }

        locator->cell_size = fmax(sqrt(size[0] * size[1] / (double)mesh->n_surfaces),
                                  fmax(size[0], size[1]) / (double)mesh->n_surfaces);
        for (;;) {
                for (size_t k = 0; k < 2; k++)
                        locator->n_cells[k] = (size_t)(size[k] / locator->cell_size) + 1;
                if (count_entries(locator) <= ENTRIES_PER_ELEMENT_MAX * (double)mesh->n_surfaces)
                        return;
                locator->cell_size *= COARSER;
        }
}

/* Calls for every cell that the element meets: counts into first[cell + 1], or lists at next[cell].
 */
static void enter_element(Locator *locator, size_t e, size_t *next)
{
        Box box = box_of_element(locator->mesh, &locator->mesh->surfaces[e]);
        size_t high[2];
        size_t low[2];

        cells_of(locator, &box, low, high);
        for (size_t y = low[1]; y <= high[1]; y++)
                for (size_t x = low[0]; x <= high[0]; x++) {
                        size_t cell = y * locator->n_cells[0] + x;

                        if (next)
                                locator->elements[next[cell]++] = (uint32_t)e;
                        else
                                locator->first[cell + 1]++;
                }
}

static int fill_cells(Locator *locator)
{
        size_t n_cells = locator->n_cells[0] * locator->n_cells[1];
        CLEANUP(free_memory) size_t *next = calloc(n_cells, sizeof(*next));

        locator->first = calloc(n_cells + 1, sizeof(*locator->first));
        if (!next || !locator->first)
                return -ENOMEM;
        for (size_t e = 0; e < locator->mesh->n_surfaces; e++)
                enter_element(locator, e, NULL);
        for (size_t cell = 0; cell < n_cells; cell++) {
                next[cell] = locator->first[cell];
                locator->first[cell + 1] += locator->first[cell];
        }

        locator->elements = calloc(locator->first[n_cells], sizeof(*locator->elements));
        if (!locator->elements)
                return -ENOMEM;
        for (size_t e = 0; e < locator->mesh->n_surfaces; e++)
                enter_element(locator, e, next);
        return 0;
}

int locator_init(Locator *locator, const Mesh *mesh)
{
        CLEANUP(locator_deinit) Locator built = { .mesh = mesh };
        int r;

        lay_grid(&built);
        r = fill_cells(&built);
        if (r)
                return r;

        *locator = built;
        built = (Locator){ 0 };
        return 0;
}

void locator_deinit(Locator *locator)
{
        free(locator->elements);
        free(locator->first);
        *locator = (Locator){ 0 };
}

const Element *locator_find(const Locator *locator, const double point[2],
                            double ret_shape[static ELEMENT_NODES_MAX])
{
        size_t cell = cell_along(locator, 1, point[1]) * locator->n_cells[0] +
                      cell_along(locator, 0, point[0]);

        for (size_t i = locator->first[cell]; i < locator->first[cell + 1]; i++) {
                const Element *element = &locator->mesh->surfaces[locator->elements[i]];
                double xy[ELEMENT_NODES_MAX][2];

                mesh_corners(locator->mesh, element, xy);
                if (element_locate(element->kind, xy, point, ret_shape))
                        return element;
        }
        return NULL;
}

int locator_evaluate(const Locator *locator, const Field *field, const double (*points)[2],
                     size_t n_points, double *ret, Complaint *complaint)
{
        size_t n_numbers = (size_t)field->kind;

        for (size_t p = 0; p < n_points; p++) {
                double shape[ELEMENT_NODES_MAX];
                const Element *element = locator_find(locator, points[p], shape);

                if (!element)
                        return complaint_set(complaint, "point %zu (%g, %g) lies outside the mesh",
                                             p, points[p][0], points[p][1]);
                for (size_t k = 0; k < n_numbers; k++) {
                        double sum = 0;

                        for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                                sum += shape[i] * field->values[element->nodes[i] * n_numbers + k];
                        ret[p * n_numbers + k] = sum;
                }
        }
        return 0;
}
