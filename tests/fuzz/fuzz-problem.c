/* SPDX-License-Identifier: MIT */

/* What parses is solved, or refused in one line; a solution is finite. The mesh is a square with
 * the groups origin, lower, right, upper, left and domain. */

#include "examples/thermo-mechanical/fem/elastic.h"
#include "examples/thermo-mechanical/fem/gmsh.h"
#include "examples/thermo-mechanical/fem/problem.h"
#include "examples/thermo-mechanical/fem/rectangle.h"
#include "examples/thermo-mechanical/fem/thermal.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

static Mesh square(void)
{
        const Rectangle two_by_two = { .width = 1, .height = 1, .nx = 2, .ny = 2 };
        Complaint complaint;
        char *text = NULL;
        size_t n_text;
        FILE *file = open_memstream(&text, &n_text);
        Mesh mesh;

        PROPERTY(file && rectangle_write(file, &two_by_two) == 0);
        fclose(file);
        PROPERTY(gmsh_parse(&mesh, "square", text, n_text, &complaint) == 0);
        free(text);
        return mesh;
}

static void check_complaint(int r, const Complaint *complaint)
{
        PROPERTY(r == FEM_E_REFUSED);
        PROPERTY(complaint->text[0]);
        for (const char *c = complaint->text; *c; c++)
                PROPERTY(*c >= 0x20 && *c <= 0x7e);
}

static void check_thermal(const Mesh *mesh, const Problem *problem)
{
        Complaint complaint = { "" };
        ThermalResult result;
        int r;

        r = thermal_solve(mesh, &problem->thermal, &result, &complaint);
        if (r) {
                check_complaint(r, &complaint);
                return;
        }
        for (size_t i = 0; i < mesh->n_nodes; i++)
                PROPERTY(isfinite(result.temperature[i]));
        thermal_result_deinit(&result);
}

static void check_elastic(const Mesh *mesh, const Problem *problem)
{
        Complaint complaint = { "" };
        ElasticResult result;
        int r;

        r = elastic_solve(mesh, &problem->mechanical, NULL, &result, &complaint);
        if (r) {
                check_complaint(r, &complaint);
                return;
        }
        for (size_t i = 0; i < mesh->n_nodes; i++)
                PROPERTY(isfinite(result.displacement[i][0]) &&
                         isfinite(result.displacement[i][1]));
        elastic_result_deinit(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Mesh mesh = square();
        Complaint complaint = { "" };
        Problem problem;
        int r;

        r = problem_parse(&problem, &mesh, "input", (const char *)data, size, &complaint);
        if (r) {
                check_complaint(r, &complaint);
                PROPERTY(strncmp(complaint.text, "input:", 6) == 0);
        }
        if (!r && problem.has_thermal)
                check_thermal(&mesh, &problem);
        if (!r && problem.has_mechanical)
                check_elastic(&mesh, &problem);
        mesh_deinit(&mesh);
        return 0;
}
