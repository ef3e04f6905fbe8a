/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/elastic.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#define E     210e9
#define NU    0.3
#define ALPHA 1.2e-5
#define DT    80.0

#define STEEL                                                                                      \
        "[mechanical]\n"                                                                           \
        "young = 210e9\n"                                                                          \
        "poisson = 0.3\n"                                                                          \
        "expansion = 1.2e-5\n"                                                                     \
        "reference = 20\n"
#define STRESS STEEL "plane = stress\n[mechanical boundary]\n"
#define STRAIN STEEL "plane = strain\n[mechanical boundary]\n"

/* Statically determinate: the body may take any size. */
#define SIMPLE "left = fixed x\nlower = fixed y\n"
#define WALLS  "left = fixed x\nright = fixed x\norigin = fixed y\n"

static const Rectangle bar = { 2.0, 0.5, 8, 3 };

static ElasticResult solve(const Mesh *mesh, const char *text, const double *temperature)
{
        Problem problem = fixture_problem(mesh, text);
        Complaint complaint = { "" };
        ElasticResult result = { 0 };
        int r;

        r = elastic_solve(mesh, &problem.mechanical, temperature, &result, &complaint);
        ck_assert_msg(r == 0, "%s", complaint.text);
        return result;
}

/* Both stresses, at nodes and at centres, are these everywhere; to 1 Pa of some 200 MPa. */
static void expect_stress(const Mesh *mesh, const ElasticResult *result,
                          const double expected[static ELASTIC_STRESSES])
{
        for (size_t k = 0; k < ELASTIC_STRESSES; k++) {
                for (size_t i = 0; i < mesh->n_nodes; i++)
                        ck_assert_double_eq_tol(result->stress[i][k], expected[k], 1);
                for (size_t e = 0; e < mesh->n_surfaces; e++)
                        ck_assert_double_eq_tol(result->centre_stress[e][k], expected[k], 1);
        }
}

static double *uniform(const Mesh *mesh, double temperature)
{
        double *field = calloc(mesh->n_nodes, sizeof(*field));

        for (size_t i = 0; i < mesh->n_nodes; i++)
                field[i] = temperature;
        return field;
}

static Mesh distorted_bar(void)
{
        Mesh mesh = fixture_rectangle(bar);

        fixture_distort(&mesh, bar);
        return mesh;
}

/* What a uniform rise of temperature by DT does, in closed form. */
static const struct {
        const char *what;
        const char *problem;
        double stress[ELASTIC_STRESSES];
        double von_mises;
        double growth; /* of the width, as part of it */
} heated[] = {
        { "free expansion, plane stress", STRESS SIMPLE, { 0 }, 0, ALPHA *DT },
        { "free expansion in the plane, plane strain",
          STRAIN SIMPLE,
          { 0, 0, -E *ALPHA *DT, 0 },
          E *ALPHA *DT,
          (1 + NU) * ALPHA *DT },
        { "between rigid walls, plane stress",
          STRESS WALLS,
          { -E * ALPHA * DT, 0, 0, 0 },
          E *ALPHA *DT,
          0 },
        { "between rigid walls, plane strain",
          STRAIN WALLS,
          { -E * ALPHA * DT / (1 - NU), 0, -E *ALPHA *DT / (1 - NU), 0 },
          E *ALPHA *DT / (1 - NU),
          0 },
};

static void expect_heated(Mesh mesh, size_t row, double width)
{
        double *temperature = uniform(&mesh, 20 + DT);
        ElasticResult result = solve(&mesh, heated[row].problem, temperature);

        expect_stress(&mesh, &result, heated[row].stress);
        for (size_t i = 0; i < mesh.n_nodes; i++) {
                ck_assert_double_eq_tol(result.von_mises[i], heated[row].von_mises, 1);
                if (mesh.nodes[i][0] == width)
                        ck_assert_double_eq_tol(result.displacement[i][0],
                                                heated[row].growth * width, 1e-13);
        }
        elastic_result_deinit(&result);
        free(temperature);
        mesh_deinit(&mesh);
}

START_TEST(a_heated_bar_has_the_stress_of_the_closed_solution)
{
        expect_heated(distorted_bar(), (size_t)_i, bar.width);
        expect_heated(fixture_mesh(fixture_mixed), (size_t)_i, 2);
}
END_TEST

/* Patch test: a uniform traction gives a uniform stress, also on distorted and mixed elements. */
static void expect_tension(Mesh mesh, double width)
{
        const double expected[ELASTIC_STRESSES] = { 100e6 };
        ElasticResult result = solve(&mesh, STRESS SIMPLE "right = traction 100e6 0\n", NULL);

        expect_stress(&mesh, &result, expected);
        for (size_t i = 0; i < mesh.n_nodes; i++) {
                const double *xy = mesh.nodes[i];

                ck_assert_double_eq_tol(result.displacement[i][0], 100e6 / E * xy[0],
                                        1e-13 * width);
                ck_assert_double_eq_tol(result.displacement[i][1], -NU * 100e6 / E * xy[1],
                                        1e-13 * width);
        }
        elastic_result_deinit(&result);
        mesh_deinit(&mesh);
}

START_TEST(a_patch_under_tension_is_exact)
{
        expect_tension(distorted_bar(), bar.width);
        expect_tension(fixture_mesh(fixture_mixed), 2);
}
END_TEST

/* u_x = shift y / height, u_y = 0 on all borders: pure shear. */
START_TEST(a_patch_under_shear_is_exact)
{
        const Rectangle square = { 1, 1, 4, 4 };
        const double expected[ELASTIC_STRESSES] = { 0, 0, 0, 50e6 };
        Mesh mesh = fixture_rectangle(square);
        ElasticResult result;

        fixture_distort(&mesh, square);
        result = solve(&mesh,
                       STRAIN "lower = fixed x y\n"
                              "upper = fixed y\n"
                              "upper = traction 50e6 0\n"
                              "left = traction 0 -50e6\n"
                              "left = fixed y\n"
                              "right = traction 0 50e6\n"
                              "right = fixed y\n",
                       NULL);

        expect_stress(&mesh, &result, expected);
        elastic_result_deinit(&result);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(a_prescribed_displacement_is_met)
{
        const double expected[ELASTIC_STRESSES] = { E * 1e-4 };
        Mesh mesh = distorted_bar();
        ElasticResult result = solve(&mesh, STRESS SIMPLE "right = displacement x 2e-4\n", NULL);

        expect_stress(&mesh, &result, expected);
        elastic_result_deinit(&result);
        mesh_deinit(&mesh);
}
END_TEST

/* Bernoulli's beam: soft in one direction, but not singular. */
START_TEST(a_slender_cantilever_is_not_taken_for_singular)
{
        const Rectangle beam = { 20, 0.5, 400, 6 };
        const double load = 1e3; /* Pa over the end */
        double inertia = 0.5 * 0.5 * 0.5 / 12;
        double expected = load * 0.5 * 20 * 20 * 20 / (3 * E * inertia);
        Mesh mesh = fixture_rectangle(beam);
        ElasticResult result =
                solve(&mesh, STRESS "left = fixed x y\nright = traction 0 1e3\n", NULL);

        ck_assert_double_eq_tol(result.displacement[mesh.n_nodes - 1][1], expected,
                                0.03 * expected);
        elastic_result_deinit(&result);
        mesh_deinit(&mesh);
}
END_TEST

/* Each leaves the body one way to move without strain. */
static const char *const loose[] = {
        STRESS,
        STRESS "left = fixed x\n",
        STRESS "lower = fixed y\n",
        STRESS "origin = fixed x y\n",
};

START_TEST(a_body_without_enough_supports_is_refused)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 0.6, 1.0, 24, 40 });
        Problem problem = fixture_problem(&mesh, loose[_i]);
        Complaint complaint = { "" };
        ElasticResult result = { 0 };

        ck_assert_int_eq(elastic_solve(&mesh, &problem.mechanical, NULL, &result, &complaint),
                         FEM_E_REFUSED);
        ck_assert_msg(strstr(complaint.text, "the body can move or turn there") != NULL, "%s",
                      complaint.text);
        ck_assert_ptr_null(result.displacement);
        mesh_deinit(&mesh);
}
END_TEST

/* Two squares that meet in node 3: the right one can turn about it. */
START_TEST(a_part_that_hangs_on_one_node_is_refused)
{
        Mesh mesh = fixture_mesh("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n"
                                 "$PhysicalNames\n1\n1 1 \"left\"\n$EndPhysicalNames\n"
                                 "$Nodes\n7\n"
                                 "1 0 0 0\n2 1 0 0\n3 1 1 0\n4 0 1 0\n"
                                 "5 2 1 0\n6 2 2 0\n7 1 2 0\n"
                                 "$EndNodes\n"
                                 "$Elements\n3\n"
                                 "1 1 2 1 1 4 1\n"
                                 "2 3 2 0 0 1 2 3 4\n"
                                 "3 3 2 0 0 3 5 6 7\n"
                                 "$EndElements\n");
        Problem problem = fixture_problem(&mesh, STRESS "left = fixed x y\n");
        Complaint complaint = { "" };
        ElasticResult result;

        ck_assert_int_eq(elastic_solve(&mesh, &problem.mechanical, NULL, &result, &complaint),
                         FEM_E_REFUSED);
        ck_assert_msg(strstr(complaint.text, "the body can move or turn there") != NULL, "%s",
                      complaint.text);
        mesh_deinit(&mesh);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/fem/elastic");
        TCase *solution = tcase_create("solution");
        TCase *refusal = tcase_create("refusal");

        tcase_add_loop_test(solution, a_heated_bar_has_the_stress_of_the_closed_solution, 0,
                            ARRAY_SIZE(heated));
        tcase_add_test(solution, a_patch_under_tension_is_exact);
        tcase_add_test(solution, a_patch_under_shear_is_exact);
        tcase_add_test(solution, a_prescribed_displacement_is_met);
        tcase_add_test(solution, a_slender_cantilever_is_not_taken_for_singular);
        suite_add_tcase(suite, solution);
        tcase_add_loop_test(refusal, a_body_without_enough_supports_is_refused, 0,
                            ARRAY_SIZE(loose));
        tcase_add_test(refusal, a_part_that_hangs_on_one_node_is_refused);
        suite_add_tcase(suite, refusal);
        return unit_run(suite);
}
