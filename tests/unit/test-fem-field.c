/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/locator.h"
#include "examples/thermo-mechanical/fem/vtk.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

static double linear(const double at[2])
{
        return 3 - 2 * at[0] + 5 * at[1];
}

/* A vector field: the linear one, and its negative. */
static double *linear_field(const Mesh *mesh)
{
        double *values = calloc(mesh->n_nodes, 2 * sizeof(*values));

        for (size_t i = 0; i < mesh->n_nodes; i++) {
                values[2 * i] = linear(mesh->nodes[i]);
                values[2 * i + 1] = -linear(mesh->nodes[i]);
        }
        return values;
}

/* Every point of a raster over the rectangle, its borders included, is found, and a linear field is
 * met there exactly. */
static void expect_exact(const Mesh *mesh, double width, double height)
{
        enum { N = 41 };
        double *values = linear_field(mesh);
        const Field field = { "linear", FIELD_VECTOR, values };
        double points[N * N][2];
        double found[N * N][2];
        Complaint complaint = { "" };
        Locator locator;
        int r;

        for (size_t i = 0; i < N * N; i++) {
                points[i][0] = width * (double)(i % N) / (N - 1);
                points[i][1] = height * (double)(i / N) / (N - 1);
        }
        ck_assert_int_eq(locator_init(&locator, mesh), 0);
        r = locator_evaluate(&locator, &field, (const double(*)[2])points, N * N, &found[0][0],
                             &complaint);
        ck_assert_msg(r == 0, "%s", complaint.text);
        for (size_t i = 0; i < N * N; i++) {
                ck_assert_double_eq_tol(found[i][0], linear(points[i]), 1e-9);
                ck_assert_double_eq_tol(found[i][1], -linear(points[i]), 1e-9);
        }
        locator_deinit(&locator);
        free(values);
}

START_TEST(evaluate_is_exact_for_a_linear_field_everywhere)
{
        const Rectangle rectangle = { 0.6, 1.0, 24, 40 };
        Mesh distorted = fixture_rectangle(rectangle);
        Mesh mixed = fixture_mesh(fixture_mixed);

        fixture_distort(&distorted, rectangle);
        expect_exact(&distorted, 0.6, 1.0);
        expect_exact(&mixed, 2, 2);
        mesh_deinit(&mixed);
        mesh_deinit(&distorted);
}
END_TEST

/* Slivers along one line: a grid with a cell for each would have each list every sliver. */
START_TEST(a_mesh_of_slivers_makes_no_huge_grid)
{
        const Rectangle slivers = { 1000, 0.01, 1, 400 };
        Mesh mesh = fixture_rectangle(slivers);
        Locator locator;

        ck_assert_int_eq(locator_init(&locator, &mesh), 0);
        ck_assert_uint_le(locator.first[locator.n_cells[0] * locator.n_cells[1]],
                          16 * mesh.n_surfaces);
        locator_deinit(&locator);
        expect_exact(&mesh, 1000, 0.01);
        mesh_deinit(&mesh);
}
END_TEST

static const double outside[][2] = {
        { -0.001, 0.5 }, { 0.601, 0.5 }, { 0.3, 1.001 },    { 0.3, -1e-5 },
        { 1e300, 0 },    { NAN, 0 },     { 0.3, INFINITY }, { -1e9, -1e9 },
};

START_TEST(evaluate_refuses_a_point_outside)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 0.6, 1.0, 6, 10 });
        double *values = linear_field(&mesh);
        double points[2][2] = { { 0.1, 0.1 }, { outside[_i][0], outside[_i][1] } };
        Complaint complaint = { "" };
        const Field field = { "linear", FIELD_VECTOR, values };
        double found[4];
        Locator locator;

        ck_assert_int_eq(locator_init(&locator, &mesh), 0);
        ck_assert_int_eq(locator_evaluate(&locator, &field, (const double(*)[2])points, 2, found,
                                          &complaint),
                         FEM_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(complaint.text, "point 1 ("));
        ck_assert_ptr_nonnull(strstr(complaint.text, "lies outside the mesh"));
        locator_deinit(&locator);
        free(values);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(a_point_next_to_the_edge_counts_as_on_it)
{
        Mesh mesh = fixture_rectangle((Rectangle){ 0.6, 1.0, 6, 10 });
        const double point[2] = { 0.6 + 0.1 * ELEMENT_TOLERANCE / 4, 0.5 };
        double shape[ELEMENT_NODES_MAX];
        Locator locator;

        ck_assert_int_eq(locator_init(&locator, &mesh), 0);
        ck_assert_ptr_nonnull(locator_find(&locator, point, shape));
        locator_deinit(&locator);
        mesh_deinit(&mesh);
}
END_TEST

/* One triangle, one quadrilateral, one field of each kind: the whole file. */
START_TEST(vtk_write_writes_the_legacy_format)
{
        double nodes[5][2] = { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { 2, 0.5 } };
        Element surfaces[2] = {
                { .kind = ELEMENT_QUADRILATERAL, .nodes = { 0, 1, 2, 3 } },
                { .kind = ELEMENT_TRIANGLE, .nodes = { 1, 4, 2 } },
        };
        const Mesh mesh = { .n_nodes = 5, .nodes = nodes, .n_surfaces = 2, .surfaces = surfaces };
        const double scalars[5] = { 1, 2, 3, 4, 5.5 };
        const double vectors[10] = { 0, 1, 0, 2, 0, 3, 0, 4, -1e-7, 5 };
        const double tensors[20] = { 1, 2, 3, 4 };
        const Field fields[] = {
                { "temperature", FIELD_SCALAR, scalars },
                { "displacement", FIELD_VECTOR, vectors },
                { "stress", FIELD_TENSOR, tensors },
        };
        char *text = NULL;
        size_t n_text;
        FILE *file = open_memstream(&text, &n_text);

        ck_assert_int_eq(vtk_write(file, &mesh, "a plate", fields, ARRAY_SIZE(fields)), 0);
        fclose(file);

        ck_assert_str_eq(text, "# vtk DataFile Version 3.0\na plate\nASCII\n"
                               "DATASET UNSTRUCTURED_GRID\n"
                               "POINTS 5 double\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n2 0.5 0\n"
                               "CELLS 2 9\n4 0 1 2 3\n3 1 4 2\nCELL_TYPES 2\n9\n5\n"
                               "POINT_DATA 5\n"
                               "SCALARS temperature double 1\nLOOKUP_TABLE default\n"
                               "1\n2\n3\n4\n5.5\n"
                               "VECTORS displacement double\n"
                               "0 1 0\n0 2 0\n0 3 0\n0 4 0\n-1e-07 5 0\n"
                               "TENSORS stress double\n"
                               "1 4 0\n4 2 0\n0 0 3\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n"
                               "0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n");
        free(text);
}
END_TEST

START_TEST(vtk_write_tells_of_a_full_disk)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        FILE *full = fopen("/dev/full", "w");

        ck_assert_ptr_nonnull(full);
        ck_assert_int_lt(vtk_write(full, &mesh, "a plate", NULL, 0), 0);
        fclose(full);
        mesh_deinit(&mesh);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/fem/field");
        TCase *locator = tcase_create("locator");
        TCase *vtk = tcase_create("vtk");

        tcase_add_test(locator, evaluate_is_exact_for_a_linear_field_everywhere);
        tcase_add_test(locator, a_mesh_of_slivers_makes_no_huge_grid);
        tcase_add_loop_test(locator, evaluate_refuses_a_point_outside, 0, ARRAY_SIZE(outside));
        tcase_add_test(locator, a_point_next_to_the_edge_counts_as_on_it);
        suite_add_tcase(suite, locator);
        tcase_add_test(vtk, vtk_write_writes_the_legacy_format);
        tcase_add_test(vtk, vtk_write_tells_of_a_full_disk);
        suite_add_tcase(suite, vtk);
        return unit_run(suite);
}
