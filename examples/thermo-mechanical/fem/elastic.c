/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/elastic.h"

#include "examples/thermo-mechanical/fem/system.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

typedef struct Law Law;

/* Plane stress and plane strain differ only in these numbers. In-plane stress, with e = strain:
 *   s_xx = direct (e_xx - thermal) + cross (e_yy - thermal), s_yy alike, s_xy = shear 2 e_xy
 *   s_zz = across (s_xx + s_yy) - across_thermal
 * where thermal = expansion (T - reference) and across_thermal = modulus (T - reference). */
struct Law {
        double direct, cross, shear; /* Pa */
        double expansion;            /* 1/K, in the plane */
        double across;               /* 1 */
        double modulus;              /* Pa/K */
};

static Law law_of(const Mechanical *mechanical)
{
        double e = mechanical->young;
        double nu = mechanical->poisson;
        double alpha = mechanical->expansion;

        if (mechanical->is_strain)
                return (Law){
                        .direct = e * (1 - nu) / ((1 + nu) * (1 - 2 * nu)),
                        .cross = e * nu / ((1 + nu) * (1 - 2 * nu)),
                        .shear = e / (2 * (1 + nu)),
                        .expansion = (1 + nu) * alpha,
                        .across = nu,
                        .modulus = e * alpha,
                };
        return (Law){
                .direct = e / (1 - nu * nu),
                .cross = e * nu / (1 - nu * nu),
                .shear = e / (2 * (1 + nu)),
                .expansion = alpha,
        };
}

/* Temperature above the reference at a sample. */
static double heating(const Mechanical *mechanical, const double *temperature,
                      const Element *element, const ElementSample *at)
{
        double sum = 0;

        if (!temperature)
                return 0;
        for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                sum += at->shape[i] * (temperature[element->nodes[i]] - mechanical->reference);
        return sum;
}

void elastic_result_deinit(ElasticResult *result)
{
        free(result->von_mises);
        free(result->stress);
        free(result->centre_stress);
        free(result->displacement);
        *result = (ElasticResult){ 0 };
}

/* Condition by condition, so that where two of them meet, the later one in the problem holds. */
static void prescribe_displacements(System *system, const Mechanical *mechanical)
{
        for (size_t i = 0; i < mechanical->n_conditions; i++) {
                const MechanicalCondition *condition = &mechanical->conditions[i];

                for (size_t e = 0; e < system->mesh->n_borders; e++) {
                        const Element *border = &system->mesh->borders[e];

                        if (border->group != condition->group)
                                continue;
                        for (size_t k = 0; k < 2 * element_n_nodes(border->kind); k++)
                                if (condition->has[k % 2])
                                        system_prescribe(system, border->nodes[k / 2], k % 2,
                                                         condition->value[k % 2]);
                }
        }
}

/* What one sample adds, of unit thickness: B' D B to the matrix, B' D thermal to the load. Of the
 * rows, the even ones are x and the odd ones y. */
static void add_sample(SystemPart *part, const Law *law, const ElementSample *at, size_t n_nodes,
                       double thermal)
{
        double pressure = (law->direct + law->cross) * thermal;

        for (size_t i = 0; i < n_nodes; i++) {
                double xi = at->dx[i] * at->area;
                double yi = at->dy[i] * at->area;
                double *row_x = part->matrix[2 * i];
                double *row_y = part->matrix[2 * i + 1];

                part->load[2 * i] += pressure * xi;
                part->load[2 * i + 1] += pressure * yi;
                for (size_t j = 0; j < n_nodes; j++) {
                        double xj = at->dx[j];
                        double yj = at->dy[j];

                        row_x[2 * j] += law->direct * xi * xj + law->shear * yi * yj;
                        row_x[2 * j + 1] += law->cross * xi * yj + law->shear * yi * xj;
                        row_y[2 * j] += law->cross * yi * xj + law->shear * xi * yj;
                        row_y[2 * j + 1] += law->direct * yi * yj + law->shear * xi * xj;
                }
        }
}

static void add_surface(System *system, const Mechanical *mechanical, const double *temperature,
                        const Element *element)
{
        Law law = law_of(mechanical);
        ElementSample samples[ELEMENT_SAMPLES_MAX];
        double xy[ELEMENT_NODES_MAX][2];
        SystemPart part = { 0 };
        size_t n_samples;

        mesh_corners(system->mesh, element, xy);
        n_samples = element_samples(element->kind, xy, samples);
        for (size_t s = 0; s < n_samples; s++) {
                double hotter = heating(mechanical, temperature, element, &samples[s]);

                add_sample(&part, &law, &samples[s], element_n_nodes(element->kind),
                           law.expansion * hotter);
        }
        system_add(system, element, &part);
}

static void add_tractions(System *system, const Mechanical *mechanical, const Element *border)
{
        for (size_t i = 0; i < mechanical->n_conditions; i++) {
                const MechanicalCondition *condition = &mechanical->conditions[i];
                SystemPart part = { 0 };

                if (condition->kind != MECHANICAL_TRACTION || condition->group != border->group)
                        continue;
                for (size_t k = 0; k < 4; k++)
                        part.load[k] =
                                condition->value[k % 2] * mesh_length(system->mesh, border) / 2;
                system_add(system, border, &part);
        }
}

static void find_centre_stress(const Mesh *mesh, const Mechanical *mechanical,
                               const double *temperature, ElasticResult *result, size_t e)
{
        const Element *element = &mesh->surfaces[e];
        double *stress = result->centre_stress[e];
        double strain[3] = { 0 }; /* xx, yy, 2 xy */
        Law law = law_of(mechanical);
        double xy[ELEMENT_NODES_MAX][2];
        ElementSample at;
        double hotter;

        mesh_corners(mesh, element, xy);
        element_centre(element->kind, xy, &at);
        for (size_t i = 0; i < element_n_nodes(element->kind); i++) {
                const double *u = result->displacement[element->nodes[i]];

                strain[0] += at.dx[i] * u[0];
                strain[1] += at.dy[i] * u[1];
                strain[2] += at.dy[i] * u[0] + at.dx[i] * u[1];
        }
        hotter = heating(mechanical, temperature, element, &at);
        strain[0] -= law.expansion * hotter;
        strain[1] -= law.expansion * hotter;

        stress[0] = law.direct * strain[0] + law.cross * strain[1];
        stress[1] = law.cross * strain[0] + law.direct * strain[1];
        stress[2] = law.across * (stress[0] + stress[1]) - law.modulus * hotter;
        stress[3] = law.shear * strain[2];
}

static double von_mises(const double stress[static ELASTIC_STRESSES])
{
        double xy = stress[0] - stress[1];
        double yz = stress[1] - stress[2];
        double zx = stress[2] - stress[0];

        return sqrt((xy * xy + yz * yz + zx * zx) / 2 + 3 * stress[3] * stress[3]);
}

static int average_stress(const Mesh *mesh, ElasticResult *result)
{
        CLEANUP(free_memory) double *n_elements = calloc(mesh->n_nodes, sizeof(*n_elements));

        if (!n_elements)
                return -ENOMEM;
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                for (size_t i = 0; i < element_n_nodes(mesh->surfaces[e].kind); i++) {
                        uint32_t node = mesh->surfaces[e].nodes[i];

                        n_elements[node]++;
                        for (size_t k = 0; k < ELASTIC_STRESSES; k++)
                                result->stress[node][k] += result->centre_stress[e][k];
                }
        for (size_t node = 0; node < mesh->n_nodes; node++) {
                for (size_t k = 0; k < ELASTIC_STRESSES; k++)
                        result->stress[node][k] /= n_elements[node];
                result->von_mises[node] = von_mises(result->stress[node]);
        }
        return 0;
}

static int find_displacements(System *system, const Mechanical *mechanical,
                              const double *temperature, Complaint *complaint)
{
        const Mesh *mesh = system->mesh;
        int r;

        prescribe_displacements(system, mechanical);
        r = system_number(system, complaint);
        if (r)
                return r;
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                add_surface(system, mechanical, temperature, &mesh->surfaces[e]);
        for (size_t e = 0; e < mesh->n_borders; e++)
                add_tractions(system, mechanical, &mesh->borders[e]);
        return system_solve(system, "the body can move or turn there without strain", complaint);
}

int elastic_solve(const Mesh *mesh, const Mechanical *mechanical, const double *temperature,
                  ElasticResult *ret, Complaint *complaint)
{
        CLEANUP(elastic_result_deinit) ElasticResult result = { 0 };
        CLEANUP(system_deinit) System system = { 0 };
        int r;

        result.centre_stress = calloc(mesh->n_surfaces, sizeof(*result.centre_stress));
        result.stress = calloc(mesh->n_nodes, sizeof(*result.stress));
        result.von_mises = calloc(mesh->n_nodes, sizeof(*result.von_mises));
        if (!result.centre_stress || !result.stress || !result.von_mises)
                return -ENOMEM;

        r = system_init(&system, mesh, 2);
        if (r)
                return r;
        r = find_displacements(&system, mechanical, temperature, complaint);
        if (r)
                return r;
        result.n_equations = system.n_equations;
        result.displacement = (double(*)[2])(void *)TAKE(system.values);
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                find_centre_stress(mesh, mechanical, temperature, &result, e);
        r = average_stress(mesh, &result);
        if (r)
                return r;

        *ret = result;
        result = (ElasticResult){ 0 };
        return 0;
}
