/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/problem.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/unit.h"

#include <string.h>

#define THERMAL    "[thermal]\nconductivity = 52\n"
#define MECHANICAL "[mechanical]\nyoung=1\npoisson=0\nexpansion=0\nreference=0\nplane=stress\n"
#define HOT        THERMAL "[thermal boundary]\n"
#define HELD       MECHANICAL "[mechanical boundary]\n"

static const struct {
        const char *text;
        const char *complaint;
} broken[] = {
        { "", "p: neither [thermal] nor [mechanical] in it" },
        { "k = 1\n", "p:1: \"k\" stands before any section" },
        { "[thermal\n", "p:1: a section ends in ]" },
        { "[thermals]\n", "p:1: unknown section [thermals]" },
        { "[thermal] x\n", "p:1: \"x\" is too much on this line" },
        { "[thermal]\n", "p: [thermal] without conductivity" },
        { "[thermal]\nconductivity\n", "p:2: a section, or a line like \"name = value\" wanted" },
        { "[thermal]\n= 5\n", "p:2: a section, or a line like \"name = value\" wanted" },
        { "[thermal]\nconductivity =\n", "p:2: a number wanted, but the line ends" },
        { "[thermal]\nconductivity = x\n", "p:2: a number wanted, not \"x\"" },
        { "[thermal]\nconductivity = 1 W\n", "p:2: \"W\" is too much on this line" },
        { "[thermal]\nconductivity = 0\n", "p:2: conductivity between 0 and inf wanted, not 0" },
        { "[thermal]\nconductivity = inf\n", "p:2: a number wanted, not \"inf\"" },
        { THERMAL THERMAL, "p:4: a second conductivity" },
        { "[thermal]\nyoung = 1\n", "p:2: [thermal] has no setting \"young\"" },
        { "[mechanical]\npoisson = 0.5\n", "p:2: poisson between -1 and 0.5 wanted, not 0.5" },
        { "[mechanical]\nplane = sheet\n", "p:2: plane is stress or strain, not \"sheet\"" },
        { "[mechanical]\nyoung = 1\n", "p: [mechanical] without poisson" },
        { HOT "lover = temperature 1\n", "p:4: the mesh has no group \"lover\"" },
        { HOT "whole plate = temperature 1\n",
          "p:4: \"whole plate\" is no border, but of dimension 2" },
        { HOT "lower = cold\n",
          "p:4: temperature, convection, flux or insulated wanted, not \"cold\"" },
        { HOT "lower =\n", "p:4: temperature, convection, flux or insulated wanted, not \"\"" },
        { HOT "lower = temperature\n", "p:4: a temperature wanted, but the line ends" },
        { HOT "lower = temperature 1 2\n", "p:4: \"2\" is too much on this line" },
        { HOT "lower = convection 5\n", "p:4: an ambient temperature wanted, but the line ends" },
        { HOT "lower = convection -5 0\n", "p:4: a coefficient of 0 or more wanted" },
        { HOT "origin = flux 5\n", "p:4: flux on \"origin\", which consists of points" },
        { HOT "origin = convection 5 0\n",
          "p:4: convection on \"origin\", which consists of points" },
        { HOT "left = insulated\nleft = flux 3\n", "p:5: a second condition on \"left\"" },
        { MECHANICAL "[thermal boundary]\nleft = flux 3\n", "p: conditions without [thermal]" },
        { THERMAL "[mechanical boundary]\nleft = fixed x\n", "p: conditions without [mechanical]" },
        { HELD "left = glued\n", "p:8: fixed, displacement or traction wanted, not \"glued\"" },
        { HELD "left = fixed\n", "p:8: fixed x, fixed y or fixed x y wanted" },
        { HELD "left = fixed z\n", "p:8: x or y wanted, not \"z\"" },
        { HELD "left = displacement 0.1\n", "p:8: x or y wanted, not \"0.1\"" },
        { HELD "left = displacement x\n", "p:8: a displacement wanted, but the line ends" },
        { HELD "left = traction 1\n", "p:8: a traction in y wanted, but the line ends" },
        { HELD "origin = traction 1 1\n", "p:8: traction on \"origin\", which consists of points" },
};

START_TEST(parse_refuses_a_broken_problem_with_file_and_line)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        const char *text = broken[_i].text;
        Complaint complaint = { "" };
        Problem problem = { .has_thermal = false };
        int r;

        r = problem_parse(&problem, &mesh, "p", text, strlen(text), &complaint);

        ck_assert_int_eq(r, FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, broken[_i].complaint);
        ck_assert(!problem.has_thermal && !problem.has_mechanical);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(parse_reads_every_kind_of_line)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        Problem problem = fixture_problem(&mesh, "# a comment\n"
                                                 "[ thermal ]  # another\n"
                                                 "conductivity=5.2e1\n"
                                                 "  thickness = 0.01\n"
                                                 "\n"
                                                 "[thermal boundary]\n"
                                                 "lower = temperature -3\n"
                                                 "upper = convection 750 20\n"
                                                 "left = insulated\n"
                                                 "right = flux 1000 # into the body\n"
                                                 "[mechanical]\n"
                                                 "young = 210e9\n"
                                                 "poisson = 0.3\n"
                                                 "expansion = 1.2e-5\n"
                                                 "reference = 20\n"
                                                 "plane = strain\n"
                                                 "[mechanical boundary]\n"
                                                 "lower = fixed x y\n"
                                                 "origin = displacement y -0.5\n"
                                                 "lower = traction 1 2\n");
        const ThermalCondition *thermal = problem.thermal.conditions;
        const MechanicalCondition *mechanical = problem.mechanical.conditions;

        ck_assert(problem.has_thermal && problem.has_mechanical);
        ck_assert_double_eq(problem.thermal.conductivity, 52);
        ck_assert_double_eq(problem.thermal.thickness, 0.01);
        ck_assert_uint_eq(problem.thermal.n_conditions, 4);
        ck_assert_int_eq(thermal[0].kind, THERMAL_TEMPERATURE);
        ck_assert_double_eq(thermal[0].value, -3);
        ck_assert_int_eq(thermal[1].kind, THERMAL_CONVECTION);
        ck_assert_str_eq(mesh.groups[thermal[1].group].name, "upper");
        ck_assert_double_eq(thermal[1].value, 750);
        ck_assert_double_eq(thermal[1].ambient, 20);
        ck_assert_int_eq(thermal[2].kind, THERMAL_INSULATED);
        ck_assert_int_eq(thermal[3].kind, THERMAL_FLUX);
        ck_assert_double_eq(thermal[3].value, 1000);

        ck_assert_double_eq(problem.mechanical.young, 210e9);
        ck_assert_double_eq(problem.mechanical.reference, 20);
        ck_assert(problem.mechanical.is_strain);
        ck_assert_uint_eq(problem.mechanical.n_conditions, 3);
        ck_assert(mechanical[0].has[0] && mechanical[0].has[1]);
        ck_assert(!mechanical[1].has[0] && mechanical[1].has[1]);
        ck_assert_double_eq(mechanical[1].value[1], -0.5);
        ck_assert_int_eq(mechanical[2].kind, MECHANICAL_TRACTION);
        ck_assert_double_eq(mechanical[2].value[1], 2);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(thickness_is_one_metre_unless_given)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        Problem problem = fixture_problem(&mesh, THERMAL);

        ck_assert_double_eq(problem.thermal.thickness, 1);
        mesh_deinit(&mesh);
}
END_TEST

START_TEST(parse_refuses_conditions_above_the_limit)
{
        Mesh mesh = fixture_mesh(fixture_mixed);
        Complaint complaint = { "" };
        char *text = NULL;
        size_t n_text;
        FILE *file = open_memstream(&text, &n_text);
        size_t n_at_limit;
        Problem problem;

        fputs(HELD, file);
        for (unsigned i = 0; i < PROBLEM_CONDITIONS_MAX; i++)
                fputs("left = fixed x\n", file);
        fflush(file);
        n_at_limit = n_text;
        fputs("left = fixed x\n", file);
        fclose(file);

        ck_assert_int_eq(problem_parse(&problem, &mesh, "p", text, n_at_limit, &complaint), 0);
        ck_assert_int_eq(problem_parse(&problem, &mesh, "p", text, n_text, &complaint),
                         FEM_E_REFUSED);
        ck_assert_str_eq(complaint.text, "p:264: more than 256 conditions");
        free(text);
        mesh_deinit(&mesh);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/fem/problem");
        TCase *parse = tcase_create("parse");

        tcase_add_loop_test(parse, parse_refuses_a_broken_problem_with_file_and_line, 0,
                            ARRAY_SIZE(broken));
        tcase_add_test(parse, parse_reads_every_kind_of_line);
        tcase_add_test(parse, thickness_is_one_metre_unless_given);
        tcase_add_test(parse, parse_refuses_conditions_above_the_limit);
        suite_add_tcase(suite, parse);
        return unit_run(suite);
}
