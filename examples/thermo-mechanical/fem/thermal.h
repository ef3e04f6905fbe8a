#pragma once

/* SPDX-License-Identifier: MIT */

/* Thermal: steady plane heat conduction, - div(k grad T) = 0 with the borders of a problem */

#include "examples/thermo-mechanical/fem/complaint.h"
#include "examples/thermo-mechanical/fem/mesh.h"
#include "examples/thermo-mechanical/fem/problem.h"

typedef struct ThermalResult ThermalResult;

struct ThermalResult {
        double *temperature; /* °C at each node; owned */
        size_t n_equations;
        double convected; /* heat that leaves through the convection borders, W */
};

/**
 * thermal_solve() - find the temperatures
 * @thermal:    of a problem that has it, read with this mesh
 * @ret:        free with thermal_result_deinit(); untouched unless 0 is returned
 *
 * Return: 0, FEM_E_REFUSED, -ENOMEM.
 */
NODISCARD int thermal_solve(const Mesh *mesh, const Thermal *thermal, ThermalResult *ret,
                            Complaint *complaint);

/** thermal_result_deinit() - free what the result owns; fine for one of zeros */
void thermal_result_deinit(ThermalResult *result);
