#pragma once

/* SPDX-License-Identifier: MIT */

/* Elastic: plane thermo-elasticity at small strain; the temperature field comes from elsewhere */

#include "examples/thermo-mechanical/fem/complaint.h"
#include "examples/thermo-mechanical/fem/mesh.h"
#include "examples/thermo-mechanical/fem/problem.h"

#define ELASTIC_STRESSES 4u /* xx, yy, zz, xy */

typedef struct ElasticResult ElasticResult;

struct ElasticResult {
        double (*displacement)[2];                 /* m at each node; owned */
        double (*centre_stress)[ELASTIC_STRESSES]; /* Pa at each surface element's centre; owned */
        double (*stress)[ELASTIC_STRESSES]; /* at each node, the mean of its elements; owned */
        double *von_mises;                  /* Pa at each node, of that mean; owned */
        size_t n_equations;
};

/**
 * elastic_solve() - find displacements and stresses
 * @mechanical: of a problem that has it, read with this mesh
 * @temperature: °C at each node; NULL: the reference temperature everywhere
 * @ret:        free with elastic_result_deinit(); untouched unless 0 is returned
 *
 * Return: 0, FEM_E_REFUSED, -ENOMEM.
 */
NODISCARD int elastic_solve(const Mesh *mesh, const Mechanical *mechanical,
                            const double *temperature, ElasticResult *ret, Complaint *complaint);

/** elastic_result_deinit() - free what the result owns; fine for one of zeros */
void elastic_result_deinit(ElasticResult *result);
