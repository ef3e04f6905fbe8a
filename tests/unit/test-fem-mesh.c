/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/gmsh.h"
#include "examples/thermo-mechanical/fem/lines.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

#define HEAD     "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n"
#define NODES    "$Nodes\n4\n1 0 0 0\n2 1 0 0\n3 1 1 0\n4 0 1 0\n$EndNodes\n"
#define TRIANGLE "1 2 2 0 0 1 2 3\n"

/* Each row is wrong in one way, which the complaint names with its line. */
static const struct {
        const char *text;
        const char *complaint;
} broken[] = {
        { "", "m: no triangle and no quadrilateral in it" },
        { "hello\n", "m:1: a section like $Nodes wanted, not \"hello\"" },
        { NODES, "m:1: $MeshFormat wanted first, not $Nodes" },
        { "$MeshFormat\n4.1 0 8\n", "m:2: format MSH 2.2 wanted, not \"4.1\"" },
        { "$MeshFormat\n2.2 1 8\n", "m:2: this mesh is binary; save it as ASCII" },
        { "$MeshFormat\n2.2 0 8\n$EndNodes\n", "m:3: $EndMeshFormat wanted, not \"$EndNodes\"" },
        { "$MeshFormat\n2.2 0 8\n", "m:2: the text ends within $MeshFormat" },
        { HEAD "$PhysicalNames\n1\n1 1 lower\n",
          "m:6: a name in quotation marks wanted, not \"lower\"" },
        { HEAD "$PhysicalNames\n2\n1 1 \"a\"\n1 2 \"a\"\n", "m:7: a second group named \"a\"" },
        { HEAD "$PhysicalNames\n257\n", "m:5: a count from 0 to 256 wanted, not 257" },
        { HEAD "$Nodes\n1000000\n1 0 0 0\n",
          "m:5: 1000000 lines announced, but the text ends before" },
        { HEAD "$Nodes\n1000001\n", "m:5: a count from 0 to 1000000 wanted, not 1000001" },
        { HEAD "$Nodes\n-1\n", "m:5: a count from 0 to 1000000 wanted, not -1" },
        { HEAD "$Nodes\n99999999999999999999\n",
          "m:5: a count from 0 to 1000000 wanted, not 99999999999999999999" },
        { HEAD "$Nodes\n2\n1 0 0 0\n$EndNodes\n", "m:7: a node number wanted, not \"$EndNodes\"" },
        { HEAD "$Nodes\n1\n1 0 x 0\n", "m:6: a coordinate y wanted, not \"x\"" },
        { HEAD "$Nodes\n1\n1 0 0\n", "m:6: a coordinate z wanted, but the line ends" },
        { HEAD "$Nodes\n1\n1 nan 0 0\n", "m:6: a coordinate x wanted, not \"nan\"" },
        { HEAD "$Nodes\n1\n1 1e999 0 0\n", "m:6: a coordinate x wanted, not \"1e999\"" },
        { HEAD "$Nodes\n1\n1 2e6 0 0\n",
          "m:6: a coordinate x within 1e+06 m of 0 wanted, not 2e+06" },
        { HEAD "$Nodes\n1\n1 0 0 0.5\n",
          "m:6: a coordinate z within 1e-09 m of 0 wanted, not 0.5" },
        { HEAD "$Nodes\n1\n1 0 0 0 0\n", "m:6: \"0\" is too much on this line" },
        { HEAD "$Nodes\n3\n8 0 0 0\n5 1 0 0\n8 1 1 0\n$EndNodes\n", "m:8: a second node 8" },
        { HEAD NODES NODES, "m:11: a second $Nodes" },
        { HEAD "$Elements\n0\n", "m:4: $Elements before $Nodes" },
        { HEAD NODES "$Elements\n1\n1 4 2 0 0 1 2 3 4\n",
          "m:13: element type 4; points (15), 2-node lines (1), 3-node triangles (2) and 4-node "
          "quadrilaterals (3) are read" },
        { HEAD NODES "$Elements\n1\n1 2 2 0 0 1 2 9\n", "m:13: there is no node 9" },
        { HEAD NODES "$Elements\n1\n1 2 2 0 0 1 2\n",
          "m:13: a node number wanted, but the line ends" },
        { HEAD NODES "$Elements\n1\n1 2 65 0 0 1 2 3\n",
          "m:13: a number of tags from 0 to 64 wanted, not 65" },
        { HEAD NODES "$Elements\n1\n7 2 2 0 0 1 3 2\n",
          "m:13: element 7 is inverted: its nodes must run counterclockwise around a convex "
          "shape" },
        { HEAD NODES "$Elements\n1\n7 3 2 0 0 1 2 4 3\n",
          "m:13: element 7 is inverted: its nodes must run counterclockwise around a convex "
          "shape" },
        { HEAD NODES "$Elements\n1\n7 2 2 0 0 1 2 2\n",
          "m:13: element 7 is degenerate: next to no length or area" },
        { HEAD NODES "$Elements\n1\n7 1 2 0 0 2 2\n",
          "m:13: element 7 is degenerate: next to no length or area" },
        { HEAD NODES "$Elements\n2\n" TRIANGLE TRIANGLE "$EndElements\n",
          "m:14: a second element 1" },
        { HEAD NODES "$Elements\n2\n" TRIANGLE "2 1 2 0 0 3 4\n$EndElements\n",
          "m: element 2 touches no triangle and no quadrilateral" },
        { HEAD NODES "$Elements\n1\n2 1 2 0 0 3 4\n$EndElements\n",
          "m: no triangle and no quadrilateral in it" },
        { HEAD "$Comments\nnever ends\n", "m:5: the text ends within $Comments" },
        { HEAD "$Nodes\n1\n\x1b[31m\xc3\xa9 0 0 0\n",
          "m:6: a node number wanted, not \"?[31m??\"" },
};

START_TEST(parse_refuses_a_broken_mesh_with_file_and_line)
{
        const char *text = broken[_i].text;
        Complaint complaint = { "" };
        Mesh mesh = { .n_nodes = 99 };
        int r;

        r = gmsh_parse(&mesh, "m", text, strlen(text), &complaint);

        ck_assert_int_eq(r, FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, broken[_i].complaint);
        ck_assert_uint_eq(mesh.n_nodes, 99);
}
END_TEST

START_TEST(parse_refuses_a_line_above_the_limit)
{
        char text[sizeof(HEAD) + LINES_LINE_MAX + 3];
        size_t n_head = strlen(HEAD);
        Complaint complaint = { "" };
        Mesh mesh;

        memcpy(text, HEAD, n_head);
        memset(text + n_head, ' ', LINES_LINE_MAX + 1);

        /* At the limit the line is read, and the mesh is only empty. */
        text[n_head + LINES_LINE_MAX] = '\n';
        ck_assert_int_eq(gmsh_parse(&mesh, "m", text, n_head + LINES_LINE_MAX + 1, &complaint),
                         FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "m: no triangle and no quadrilateral in it");

        text[n_head + LINES_LINE_MAX] = ' ';
        ck_assert_int_eq(gmsh_parse(&mesh, "m", text, n_head + LINES_LINE_MAX + 1, &complaint),
                         FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "m:4: line longer than 1000 bytes");
}
END_TEST

START_TEST(parse_refuses_zero_bytes)
{
        const char text[] = HEAD "$No\0des\n";
        Complaint complaint = { "" };
        Mesh mesh;

        ck_assert_int_eq(gmsh_parse(&mesh, "m", text, sizeof(text) - 1, &complaint), FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "m:4: a zero byte: this is not text");
}
END_TEST

START_TEST(parse_reads_a_mixed_mesh_without_its_unused_node)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        const MeshGroup *left = mesh_find_group(&mesh, "left");
        const MeshGroup *plate = mesh_find_group(&mesh, "whole plate");
        const Element *last = &mesh.surfaces[5];

        ck_assert_uint_eq(mesh.n_nodes, 9);
        ck_assert_uint_eq(mesh.n_surfaces, 6);
        ck_assert_uint_eq(mesh.n_borders, 9);
        ck_assert_ptr_nonnull(left);
        ck_assert_uint_eq(left->dimension, 1);
        ck_assert_uint_eq(left->n_elements, 2);
        ck_assert_uint_eq(plate->n_elements, 5);
        ck_assert_ptr_null(mesh_find_group(&mesh, "nowhere"));
        ck_assert_uint_eq(last->id, 55);
        ck_assert_uint_eq(last->group, ELEMENT_NO_GROUP);
        ck_assert_int_eq(last->kind, ELEMENT_TRIANGLE);
        ck_assert_uint_eq(mesh.node_ids[last->nodes[0]], 6);
        ck_assert_uint_eq(mesh.node_ids[last->nodes[2]], 2147483647);
        ck_assert_double_eq(mesh.nodes[last->nodes[1]][0], 2);
        for (size_t i = 0; i < mesh.n_nodes; i++)
                ck_assert_uint_ne(mesh.node_ids[i], 77);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(parse_takes_windows_line_ends_and_a_missing_last_one)
{
        char text[4096];
        size_t n = 0;
        Mesh mesh;

        for (const char *c = fixture_mixed; *c; c++) {
                if (*c == '\n')
                        text[n++] = '\r';
                text[n++] = *c;
        }
        text[n - 1] = 0;
        mesh = fixture_mesh(text);
        ck_assert_uint_eq(mesh.n_nodes, 9);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(the_shipped_mesh_is_what_make_mesh_makes)
{
        const Rectangle t4 = { .width = 0.6, .height = 1.0, .nx = 24, .ny = 40 };
        char *made = NULL;
        size_t n_made;
        size_t n_shipped;
        char *shipped = fixture_example("t4.msh", &n_shipped);
        FILE *file = open_memstream(&made, &n_made);

        ck_assert_int_eq(rectangle_write(file, &t4), 0);
        fclose(file);

        ck_assert_uint_eq(n_made, n_shipped);
        ck_assert_mem_eq(made, shipped, n_made);
        free(made);
        free(shipped);
}
END_TEST

START_TEST(rectangle_write_tells_of_a_full_disk)
{
        const Rectangle one = { .width = 1, .height = 1, .nx = 1, .ny = 1 };
        FILE *full = fopen("/dev/full", "w");

        ck_assert_ptr_nonnull(full);
        ck_assert_int_lt(rectangle_write(full, &one), 0);
        fclose(full);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/fem/mesh");
        TCase *parse = tcase_create("parse");

        tcase_add_loop_test(parse, parse_refuses_a_broken_mesh_with_file_and_line, 0,
                            ARRAY_SIZE(broken));
        tcase_add_test(parse, parse_refuses_a_line_above_the_limit);
        tcase_add_test(parse, parse_refuses_zero_bytes);
        tcase_add_test(parse, parse_reads_a_mixed_mesh_without_its_unused_node);
        tcase_add_test(parse, parse_takes_windows_line_ends_and_a_missing_last_one);
        tcase_add_test(parse, the_shipped_mesh_is_what_make_mesh_makes);
        tcase_add_test(parse, rectangle_write_tells_of_a_full_disk);
        suite_add_tcase(suite, parse);
        return unit_run(suite);
}
