/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/gmsh.h"
#include "examples/thermo-mechanical/fem/locator.h"
#include "examples/thermo-mechanical/fem/thermal.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

static ThermalResult solve(const Mesh *mesh, const Problem *problem)
{
        Complaint complaint = { "" };
        ThermalResult result = { 0 };
        int r;

        r = thermal_solve(mesh, &problem->thermal, &result, &complaint);
        ck_assert_msg(r == 0, "%s", complaint.text);
        return result;
}

static void expect_refusal(const Mesh *mesh, const char *problem_text, const char *expected)
{
        Problem problem = fixture_problem(mesh, problem_text);
        Complaint complaint = { "" };
        ThermalResult result = { 0 };

        ck_assert_int_eq(thermal_solve(mesh, &problem.thermal, &result, &complaint), FEM_E_REFUSED);
        ck_assert_msg(strstr(complaint.text, expected) != NULL, "%s", complaint.text);
        ck_assert_ptr_null(result.temperature);
}

static double evaluate(const Mesh *mesh, const double *values, double x, double y)
{
        const Field field = { "temperature", FIELD_SCALAR, values };
        const double point[1][2] = { { x, y } };
        Complaint complaint = { "" };
        Locator locator;
        double value;

        ck_assert_int_eq(locator_init(&locator, mesh), 0);
        ck_assert_msg(locator_evaluate(&locator, &field, point, 1, &value, &complaint) == 0, "%s",
                      complaint.text);
        locator_deinit(&locator);
        return value;
}

#define T4_CONVERGED 18.2538 /* extrapolated from 96 x 160 and 192 x 320 elements */

/* The Standard NAFEMS Benchmarks, test T4: 18.25 degrees Celsius at (0.6, 0.2). */
START_TEST(nafems_t4_is_met_within_one_percent)
{
        size_t n_mesh;
        size_t n_problem;
        char *mesh_text = fixture_example("t4.msh", &n_mesh);
        char *problem_text = fixture_example("t4.problem", &n_problem);
        Mesh mesh = fixture_mesh(mesh_text);
        Problem problem = fixture_problem(&mesh, problem_text);
        ThermalResult result = solve(&mesh, &problem);
        double ours = evaluate(&mesh, result.temperature, 0.6, 0.2);

        printf("T4 ours %.4f published 18.25\n", ours);
        ck_assert_double_eq_tol(ours, 18.25, 0.01 * 18.25);
        ck_assert_double_eq_tol(evaluate(&mesh, result.temperature, 0.3, 0), 100, 1e-9);
        ck_assert_uint_eq(result.n_equations, 24 * 40 + 40);

        thermal_result_deinit(&result);
        mesh_deinit(&mesh);
        free(problem_text);
        free(mesh_text);
}
END_TEST

/* The error against a very fine mesh falls with the square of the element size. */
START_TEST(t4_converges_with_the_mesh)
{
        const Rectangle meshes[] = {
                { 0.6, 1.0, 12, 20 },
                { 0.6, 1.0, 24, 40 },
                { 0.6, 1.0, 48, 80 },
        };
        size_t n_problem;
        char *problem_text = fixture_example("t4.problem", &n_problem);
        double error[ARRAY_SIZE(meshes)];

        for (size_t i = 0; i < ARRAY_SIZE(meshes); i++) {
                Mesh mesh = fixture_rectangle(meshes[i]);
                Problem problem = fixture_problem(&mesh, problem_text);
                ThermalResult result = solve(&mesh, &problem);

                error[i] = fabs(evaluate(&mesh, result.temperature, 0.6, 0.2) - T4_CONVERGED);
                thermal_result_deinit(&result);
                mesh_deinit(&mesh);
        }
        ck_assert_double_lt(error[1], error[0] / 3.5);
        ck_assert_double_lt(error[2], error[1] / 3.5);
        free(problem_text);
}
END_TEST

/* 0 on the left, 100 on the right, insulated else: T = 100 x / width, exactly, on any mesh. */
static void expect_linear(const Mesh *mesh, double width)
{
        Problem problem = fixture_problem(mesh, "[thermal]\n"
                                                "conductivity = 3\n"
                                                "[thermal boundary]\n"
                                                "left = temperature 0\n"
                                                "right = temperature 100\n");
        ThermalResult result = solve(mesh, &problem);

        for (size_t i = 0; i < mesh->n_nodes; i++)
                ck_assert_double_eq_tol(result.temperature[i], 100 * mesh->nodes[i][0] / width,
                                        1e-10);
        thermal_result_deinit(&result);
}

START_TEST(a_linear_field_is_exact_on_distorted_quadrilaterals)
{
        const Rectangle rectangle = { 0.7, 0.4, 7, 5 };
        Mesh mesh = fixture_rectangle(rectangle);

        fixture_distort(&mesh, rectangle);
        expect_linear(&mesh, 0.7);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(a_linear_field_is_exact_on_mixed_elements)
{
        Mesh mesh = fixture_mesh(fixture_mixed);

        expect_linear(&mesh, 2);
        mesh_deinit(&mesh);
}
END_TEST

/* Flux q into the lower edge, convection at the upper: q = k dT / height = h (T_upper - ambient).
 */
START_TEST(flux_and_convection_balance)
{
        const Rectangle rectangle = { 1, 2, 3, 4 };
        Mesh mesh = fixture_rectangle(rectangle);
        Problem problem = fixture_problem(&mesh, "[thermal]\n"
                                                 "conductivity = 10\n"
                                                 "thickness = 0.5\n"
                                                 "[thermal boundary]\n"
                                                 "lower = flux 200\n"
                                                 "upper = convection 40 15\n");
        ThermalResult result = solve(&mesh, &problem);

        ck_assert_double_eq_tol(evaluate(&mesh, result.temperature, 0.4, 2), 20, 1e-10);
        ck_assert_double_eq_tol(evaluate(&mesh, result.temperature, 0.4, 0), 60, 1e-10);
        ck_assert_double_eq_tol(result.convected, 200 * 0.5 * 1, 1e-9);
        thermal_result_deinit(&result);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(the_later_temperature_holds_in_a_common_corner)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 1, 1, 2, 2 });
        Problem problem = fixture_problem(&mesh, "[thermal]\n"
                                                 "conductivity = 1\n"
                                                 "[thermal boundary]\n"
                                                 "left = temperature 5\n"
                                                 "lower = temperature 7\n");
        ThermalResult result = solve(&mesh, &problem);

        ck_assert_double_eq_tol(evaluate(&mesh, result.temperature, 0, 0), 7, 1e-9);
        thermal_result_deinit(&result);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(a_plate_without_any_temperature_is_refused)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 0.6, 1.0, 24, 40 });

        expect_refusal(&mesh, "[thermal]\nconductivity = 52\n[thermal boundary]\nlower = flux 10\n",
                       "neither a temperature nor convection is prescribed there");
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(numbers_out_of_all_range_are_refused)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 1, 1, 2, 2 });

        expect_refusal(&mesh,
                       "[thermal]\nconductivity = 1e-300\n[thermal boundary]\n"
                       "left = temperature 0\nright = flux 1e300\n",
                       "the solution exceeds all range");
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(a_system_above_the_limit_of_the_solver_is_refused)
{
        const size_t n_nodes = 30000;
        Mesh mesh = { .n_nodes = n_nodes, .n_surfaces = n_nodes - 2 };
        const Problem problem = { .thermal = { .conductivity = 1, .thickness = 1 } };
        Complaint complaint = { "" };
        uint32_t random = 1;
        ThermalResult result;

        mesh.nodes = calloc(mesh.n_nodes, sizeof(*mesh.nodes));
        mesh.node_ids = calloc(mesh.n_nodes, sizeof(*mesh.node_ids));
        mesh.surfaces = calloc(mesh.n_surfaces, sizeof(*mesh.surfaces));
        /* Each triangle ties nodes from anywhere, so that no order makes the envelope small. */
        for (uint32_t i = 0; i < mesh.n_surfaces; i++) {
                random = random * 1664525u + 1013904223u;
                mesh.surfaces[i] = (Element){
                        .kind = ELEMENT_TRIANGLE,
                        .nodes = { i, i + 1, (random >> 8) % (uint32_t)n_nodes },
                };
        }

        ck_assert_int_eq(thermal_solve(&mesh, &problem.thermal, &result, &complaint),
                         FEM_E_REFUSED);
        ck_assert_msg(strstr(complaint.text, "take a coarser mesh") != NULL, "%s", complaint.text);
        mesh_deinit(&mesh);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/fem/thermal");
        TCase *solution = tcase_create("solution");
        TCase *refusal = tcase_create("refusal");

        tcase_add_test(solution, nafems_t4_is_met_within_one_percent);
        tcase_add_test(solution, t4_converges_with_the_mesh);
        tcase_add_test(solution, a_linear_field_is_exact_on_distorted_quadrilaterals);
        tcase_add_test(solution, a_linear_field_is_exact_on_mixed_elements);
        tcase_add_test(solution, flux_and_convection_balance);
        tcase_add_test(solution, the_later_temperature_holds_in_a_common_corner);
        suite_add_tcase(suite, solution);
        tcase_add_test(refusal, a_plate_without_any_temperature_is_refused);
        tcase_add_test(refusal, numbers_out_of_all_range_are_refused);
        tcase_add_test(refusal, a_system_above_the_limit_of_the_solver_is_refused);
        suite_add_tcase(suite, refusal);
        return unit_run(suite);
}
