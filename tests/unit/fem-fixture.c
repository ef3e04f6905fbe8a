/* SPDX-License-Identifier: MIT */

#include "tests/unit/fem-fixture.h"

#include "examples/thermo-mechanical/fem/gmsh.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

#define EXAMPLE_DIR TEST_DATA_DIR "/../../examples/thermo-mechanical/data/"

const char fixture_mixed[] = "$MeshFormat\n"
                             "2.2 0 8\n"
                             "$EndMeshFormat\n"
                             "$PhysicalNames\n"
                             "6\n"
                             "0 1 \"origin\"\n"
                             "1 1 \"lower\"\n"
                             "1 2 \"right\"\n"
                             "1 3 \"upper\"\n"
                             "1 4 \"left\"\n"
                             "2 1 \"whole plate\"\n"
                             "$EndPhysicalNames\n"
                             "$Nodes\n"
                             "10\n"
                             "10 0 0 0\n"
                             "4 1.2 0 0\n"
                             "900 2 0 0\n"
                             "31 0 0.9 0\n"
                             "77 5 5 0\n"
                             "5 0.8 1.1 0\n"
                             "6 2 1 0\n"
                             "7 0 2 0\n"
                             "2147483647 0.9 2 0\n"
                             "9 2 2 0\n"
                             "$EndNodes\n"
                             "$Elements\n"
                             "15\n"
                             "100 15 2 1 1 10\n"
                             "1 1 2 1 1 10 4\n"
                             "2 1 2 1 1 4 900\n"
                             "3 1 2 2 1 900 6\n"
                             "4 1 2 2 1 6 9\n"
                             "5 1 2 3 1 9 2147483647\n"
                             "6 1 2 3 1 2147483647 7\n"
                             "7 1 2 4 1 7 31\n"
                             "8 1 2 4 1 31 10\n"
                             "50 3 2 1 1 10 4 5 31\n"
                             "51 3 2 1 1 4 900 6 5\n"
                             "52 2 2 1 1 31 5 7\n"
                             "53 2 2 1 1 5 2147483647 7\n"
                             "54 2 4 1 1 1 -2 5 6 2147483647\n"
                             "55 2 0 6 9 2147483647\n"
                             "$EndElements\n";

Mesh fixture_mesh(const char *text)
{
        Complaint complaint = { "" };
        Mesh mesh = { 0 };
        int r;

        r = gmsh_parse(&mesh, "test.msh", text, strlen(text), &complaint);
        ck_assert_msg(r == 0, "%s", complaint.text);
        return mesh;
}

Mesh fixture_rectangle(Rectangle rectangle)
{
        char *text = NULL;
        size_t n_text;
        FILE *file = open_memstream(&text, &n_text);
        Mesh mesh;

        ck_assert_ptr_nonnull(file);
        ck_assert_int_eq(rectangle_write(file, &rectangle), 0);
        fclose(file);
        mesh = fixture_mesh(text);
        free(text);
        return mesh;
}

void fixture_distort(Mesh *mesh, Rectangle rectangle)
{
        for (size_t i = 0; i < mesh->n_nodes; i++) {
                double *xy = mesh->nodes[i];
                bool is_inside = xy[0] > 0 && xy[0] < rectangle.width && xy[1] > 0 &&
                                 xy[1] < rectangle.height;

                if (!is_inside)
                        continue;
                xy[0] += 0.2 * rectangle.width / rectangle.nx * sin(13.0 * (double)i);
                xy[1] += 0.2 * rectangle.height / rectangle.ny * cos(7.0 * (double)i);
        }
}

Problem fixture_problem(const Mesh *mesh, const char *text)
{
        Complaint complaint = { "" };
        Problem problem = { 0 };
        int r;

        r = problem_parse(&problem, mesh, "test.problem", text, strlen(text), &complaint);
        ck_assert_msg(r == 0, "%s", complaint.text);
        return problem;
}

char *fixture_example(const char *name, size_t *ret_n)
{
        char path[4096];
        char *text = NULL;
        size_t n_room = 0;
        ssize_t n;
        FILE *file;

        ck_assert_int_lt(snprintf(path, sizeof(path), "%s%s", EXAMPLE_DIR, name), sizeof(path));
        file = fopen(path, "r");
        ck_assert_msg(file != NULL, "cannot open %s", path);
        n = getdelim(&text, &n_room, 0, file);
        ck_assert_int_gt(n, 0);
        fclose(file);
        *ret_n = (size_t)n;
        return text;
}
