/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/thermal.h"

#include "examples/thermo-mechanical/fem/system.h"

#include <stdlib.h>

void thermal_result_deinit(ThermalResult *result)
{
        free(result->temperature);
        *result = (ThermalResult){ 0 };
}

static const ThermalCondition *condition_of(const Thermal *thermal, const Element *border)
{
        for (size_t i = 0; i < thermal->n_conditions; i++)
                if (thermal->conditions[i].group == border->group)
                        return &thermal->conditions[i];
        return NULL;
}

/* Condition by condition, so that where two of them meet, the later one in the problem holds. */
static void prescribe_temperatures(System *system, const Thermal *thermal)
{
        for (size_t i = 0; i < thermal->n_conditions; i++) {
                const ThermalCondition *condition = &thermal->conditions[i];

                if (condition->kind != THERMAL_TEMPERATURE)
                        continue;
                for (size_t e = 0; e < system->mesh->n_borders; e++) {
                        const Element *border = &system->mesh->borders[e];

                        if (border->group != condition->group)
                                continue;
                        for (size_t k = 0; k < element_n_nodes(border->kind); k++)
                                system_prescribe(system, border->nodes[k], 0, condition->value);
                }
        }
}

/* matrix_ij = integral of k t (grad N_i . grad N_j) */
static void add_conduction(System *system, const Thermal *thermal, const Element *element)
{
        double factor = thermal->conductivity * thermal->thickness;
        size_t n_nodes = element_n_nodes(element->kind);
        ElementSample samples[ELEMENT_SAMPLES_MAX];
        double xy[ELEMENT_NODES_MAX][2];
        SystemPart part = { 0 };
        size_t n_samples;

        mesh_corners(system->mesh, element, xy);
        n_samples = element_samples(element->kind, xy, samples);
        for (size_t s = 0; s < n_samples; s++) {
                const ElementSample *at = &samples[s];

                for (size_t i = 0; i < n_nodes; i++)
                        for (size_t j = 0; j <= i; j++)
                                part.matrix[i][j] +=
                                        factor * at->area *
                                        (at->dx[i] * at->dx[j] + at->dy[i] * at->dy[j]);
        }
        system_add(system, element, &part);
}

/* Along a line: matrix_ij = integral of h t N_i N_j, load_i = integral of h t T_ambient N_i. */
static void add_convection(System *system, const Thermal *thermal,
                           const ThermalCondition *condition, const Element *line)
{
        double factor = condition->value * thermal->thickness * mesh_length(system->mesh, line);
        double load = factor * condition->ambient / 2;
        const SystemPart part = {
                .matrix = { { factor / 3 }, { factor / 6, factor / 3 } },
                .load = { load, load },
        };

        system_add(system, line, &part);
}

static void add_flux(System *system, const Thermal *thermal, const ThermalCondition *condition,
                     const Element *line)
{
        double load = condition->value * thermal->thickness * mesh_length(system->mesh, line) / 2;
        const SystemPart part = { .load = { load, load } };

        system_add(system, line, &part);
}

static void add_border(System *system, const Thermal *thermal, const Element *border)
{
        const ThermalCondition *condition = condition_of(thermal, border);

        if (condition && condition->kind == THERMAL_CONVECTION)
                add_convection(system, thermal, condition, border);
        if (condition && condition->kind == THERMAL_FLUX)
                add_flux(system, thermal, condition, border);
}

static double convected(const Mesh *mesh, const Thermal *thermal, const double *temperature)
{
        double sum = 0;

        for (size_t e = 0; e < mesh->n_borders; e++) {
                const Element *border = &mesh->borders[e];
                const ThermalCondition *condition = condition_of(thermal, border);
                double mean;

                if (!condition || condition->kind != THERMAL_CONVECTION)
                        continue;
                mean = (temperature[border->nodes[0]] + temperature[border->nodes[1]]) / 2;
                sum += condition->value * thermal->thickness * mesh_length(mesh, border) *
                       (mean - condition->ambient);
        }
        return sum;
}

int thermal_solve(const Mesh *mesh, const Thermal *thermal, ThermalResult *ret,
                  Complaint *complaint)
{
        CLEANUP(system_deinit) System system = { 0 };
        int r;

        r = system_init(&system, mesh, 1);
        if (r)
                return r;
        prescribe_temperatures(&system, thermal);
        r = system_number(&system, complaint);
        if (r)
                return r;
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                add_conduction(&system, thermal, &mesh->surfaces[e]);
        for (size_t e = 0; e < mesh->n_borders; e++)
                add_border(&system, thermal, &mesh->borders[e]);
        r = system_solve(&system, "neither a temperature nor convection is prescribed there",
                         complaint);
        if (r)
                return r;

        ret->convected = convected(mesh, thermal, system.values);
        ret->n_equations = system.n_equations;
        ret->temperature = TAKE(system.values);
        return 0;
}
