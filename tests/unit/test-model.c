/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/model.h"
#include "tests/unit/fem-fixture.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

#define PROBLEM "[thermal]\nconductivity = 1\n"

static void enter(void)
{
        scratch_setup();
        ck_assert_int_eq(chdir(scratch_dir), 0);
}

static void leave(void)
{
        ck_assert_int_eq(chdir("/"), 0);
        scratch_teardown();
}

START_TEST(input_is_read_from_files_and_from_texts)
{
        const char *meshes[] = { "a.msh", fixture_mixed };
        const char *problems[] = { "a.problem", PROBLEM };

        scratch_write("a.msh", fixture_mixed);
        scratch_write("a.problem", PROBLEM);
        for (size_t i = 0; i < ARRAY_SIZE(meshes); i++) {
                Complaint complaint = { "" };
                Model *model;

                ck_assert_msg(model_new(&model, meshes[i], problems[i], &complaint) == 0, "%s",
                              complaint.text);
                ck_assert_uint_eq(model->mesh.n_nodes, 9);
                ck_assert(model->problem.has_thermal);
                model_unref(model);
        }
}
END_TEST

START_TEST(mistakes_are_told_with_the_name_of_the_source)
{
        const struct {
                const char *mesh;
                const char *problem;
                int r;
                const char *complaint;
        } rows[] = {
                { "b.msh", PROBLEM, -ENOENT, "b.msh: no such file in the work directory" },
                { fixture_mixed, "b", -ENOENT, "b: no such file in the work directory" },
                { "a.msh", PROBLEM, FEM_E_REFUSED,
                  "a.msh:1: a section like $Nodes wanted, not \"oops\"" },
                { "oops\n", PROBLEM, FEM_E_REFUSED,
                  "mesh:1: a section like $Nodes wanted, not \"oops\"" },
                { fixture_mixed, "k = 1\n", FEM_E_REFUSED,
                  "problem:1: \"k\" stands before any section" },
        };

        scratch_write("a.msh", "oops");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                Complaint complaint = { "" };
                Model *model = NULL;

                ck_assert_int_eq(model_new(&model, rows[i].mesh, rows[i].problem, &complaint),
                                 rows[i].r);
                ck_assert_str_eq(complaint.text, rows[i].complaint);
                ck_assert_ptr_null(model);
        }
}
END_TEST

START_TEST(a_model_lives_until_its_last_owner_leaves)
{
        Complaint complaint;
        Model *model;

        ck_assert_int_eq(model_new(&model, fixture_mixed, PROBLEM, &complaint), 0);
        ck_assert_ptr_eq(model_ref(model), model);
        model_unref(model);
        ck_assert_uint_eq(model->mesh.n_nodes, 9); /* the sanitizer watches */
        model_unref(model);
        model_unref(NULL);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("examples/solver/model");
        TCase *input = tcase_create("input");

        tcase_add_checked_fixture(input, enter, leave);
        tcase_add_test(input, input_is_read_from_files_and_from_texts);
        tcase_add_test(input, mistakes_are_told_with_the_name_of_the_source);
        tcase_add_test(input, a_model_lives_until_its_last_owner_leaves);
        suite_add_tcase(suite, input);
        return unit_run(suite);
}
