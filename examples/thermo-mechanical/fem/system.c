/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/system.h"

#include "examples/thermo-mechanical/fem/order.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SYSTEM_PRESCRIBED UINT32_MAX

int system_init(System *system, const Mesh *mesh, size_t n_per_node)
{
        size_t n_values = mesh->n_nodes * n_per_node;
        CLEANUP(free_memory) double *values = calloc(n_values, sizeof(*values));
        CLEANUP(free_memory) uint32_t *equations = calloc(n_values, sizeof(*equations));

        if (!values || !equations)
                return -ENOMEM;
        *system = (System){
                .mesh = mesh,
                .n_per_node = n_per_node,
                .values = TAKE(values),
                .equations = TAKE(equations),
        };
        return 0;
}

void system_deinit(System *system)
{
        skyline_deinit(&system->matrix);
        free(system->rhs);
        free(system->equations);
        free(system->values);
        *system = (System){ 0 };
}

void system_prescribe(System *system, uint32_t node, size_t component, double value)
{
        size_t i = node * system->n_per_node + component;

        system->equations[i] = SYSTEM_PRESCRIBED;
        system->values[i] = value;
}

static int number_equations(System *system)
{
        CLEANUP(free_memory) uint32_t *order = calloc(system->mesh->n_nodes, sizeof(*order));
        int r;

        if (!order)
                return -ENOMEM;
        r = order_nodes(system->mesh, order);
        if (r)
                return r;
        for (size_t i = 0; i < system->mesh->n_nodes; i++)
                for (size_t c = 0; c < system->n_per_node; c++) {
                        uint32_t *equation = &system->equations[order[i] * system->n_per_node + c];

                        if (*equation != SYSTEM_PRESCRIBED)
                                *equation = (uint32_t)system->n_equations++;
                }
        return 0;
}

/* The equations of an element, in the order of a part's rows. Returns how many rows. */
static size_t rows_of(const System *system, const Element *element,
                      uint32_t ret[static SYSTEM_ROWS_MAX])
{
        size_t n_rows = 0;

        for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                for (size_t c = 0; c < system->n_per_node; c++)
                        ret[n_rows++] =
                                system->equations[element->nodes[i] * system->n_per_node + c];
        return n_rows;
}

/* A row starts at the smallest equation that shares an element with it. */
static void lower_firsts(const System *system, const Element *element, size_t *first)
{
        uint32_t smallest = SYSTEM_PRESCRIBED;
        uint32_t rows[SYSTEM_ROWS_MAX];
        size_t n_rows = rows_of(system, element, rows);

        for (size_t i = 0; i < n_rows; i++)
                if (rows[i] < smallest)
                        smallest = rows[i];
        for (size_t i = 0; i < n_rows; i++)
                if (rows[i] != SYSTEM_PRESCRIBED && first[rows[i]] > smallest)
                        first[rows[i]] = smallest;
}

int system_number(System *system, Complaint *complaint)
{
        size_t *first;
        int r;

        r = number_equations(system);
        if (r)
                return r;
        system->rhs = calloc(system->n_equations + 1, sizeof(*system->rhs));
        first = calloc(system->n_equations + 1, sizeof(*first));
        if (!system->rhs || !first) {
                free(first);
                return -ENOMEM;
        }

        for (size_t i = 0; i < system->n_equations; i++)
                first[i] = i;
        for (size_t e = 0; e < system->mesh->n_surfaces; e++)
                lower_firsts(system, &system->mesh->surfaces[e], first);
        for (size_t e = 0; e < system->mesh->n_borders; e++)
                lower_firsts(system, &system->mesh->borders[e], first);
        return skyline_init(&system->matrix, system->n_equations, first, complaint);
}

void system_add(System *system, const Element *element, const SystemPart *part)
{
        uint32_t rows[SYSTEM_ROWS_MAX];
        size_t n_rows = rows_of(system, element, rows);

        for (size_t i = 0; i < n_rows; i++) {
                if (rows[i] == SYSTEM_PRESCRIBED)
                        continue;
                system->rhs[rows[i]] += part->load[i];
                for (size_t j = 0; j < n_rows; j++) {
                        double entry = i >= j ? part->matrix[i][j] : part->matrix[j][i];
                        size_t node = element->nodes[j / system->n_per_node];
                        size_t component = j % system->n_per_node;

                        if (rows[j] == SYSTEM_PRESCRIBED)
                                system->rhs[rows[i]] -=
                                        entry *
                                        system->values[node * system->n_per_node + component];
                        else if (rows[j] <= rows[i])
                                skyline_add(&system->matrix, rows[i], rows[j], entry);
                }
        }
}

static int refuse_singular(const System *system, size_t row, const char *cause,
                           Complaint *complaint)
{
        size_t i = 0;

        while (system->equations[i] != row)
                i++;
        return complaint_set(complaint, "the equations are singular at node %u: %s",
                             system->mesh->node_ids[i / system->n_per_node], cause);
}

/* Numbers from 0 to 1 without a pattern: a body's free movement is a part of them. */
static void make_known(double *known, size_t n)
{
        uint32_t random = 1;

        for (size_t i = 0; i < n; i++) {
                random = random * 1664525u + 1013904223u;
                known[i] = (double)random / UINT32_MAX;
        }
}

/* Factors the matrix, and solves for a known solution to see what the factor is worth. */
static int factor(System *system, const char *cause, Complaint *complaint)
{
        size_t n = system->n_equations;
        CLEANUP(free_memory) double *known = calloc(n + 1, sizeof(*known));
        CLEANUP(free_memory) double *found = calloc(n + 1, sizeof(*found));
        size_t row;

        if (!known || !found)
                return -ENOMEM;
        make_known(known, n);
        skyline_multiply(&system->matrix, known, found);
        row = skyline_factor(&system->matrix);
        if (row < n)
                return refuse_singular(system, row, cause, complaint);

        skyline_solve(&system->matrix, found);
        for (size_t i = 0; i < n; i++)
                if (!(fabs(found[i] - known[i]) <= SYSTEM_ERROR_MAX))
                        return refuse_singular(system, i, cause, complaint);
        return 0;
}

int system_solve(System *system, const char *cause, Complaint *complaint)
{
        size_t n_values = system->mesh->n_nodes * system->n_per_node;
        int r;

        r = factor(system, cause, complaint);
        if (r)
                return r;
        skyline_solve(&system->matrix, system->rhs);

        for (size_t i = 0; i < n_values; i++) {
                if (system->equations[i] != SYSTEM_PRESCRIBED)
                        system->values[i] = system->rhs[system->equations[i]];
                if (!isfinite(system->values[i]))
                        return complaint_set(complaint, "the solution exceeds all range: check "
                                                        "the numbers of the problem");
        }
        return 0;
}
