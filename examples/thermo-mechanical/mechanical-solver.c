/* SPDX-License-Identifier: MIT */

/*
 * mechanical-solver: plane thermo-elasticity as a remote object
 *
 *      setInput(mesh, problem)   names of files in the work directory, or texts; a map that counts
 *      setField(name, values)    "temperature", °C at the nodes; without it there is no heating
 *      solveStep(time=0.0)       a map; afterwards there are the fields "displacement", m,
 *                                "stress" (xx, yy, zz, xy) and "von_mises", Pa
 *
 * and what solver/solver.h adds.
 */

#include "examples/thermo-mechanical/fem/elastic.h"
#include "examples/thermo-mechanical/solver/solver.h"

#include <math.h>
#include <string.h>

static int get_application_signature(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "s",
                            "mechanical-solver " PYROPE_VERSION ": plane thermo-elasticity");
}

static int set_input(pyrope_call *call, void *self)
{
        Model *model;

        if (solver_read_model(call, &model))
                return PYROPE_RAISED;
        if (!model->problem.has_mechanical) {
                model_unref(model);
                return pyrope_raise(call, "ValueError", "the problem has no section [mechanical]");
        }
        solver_take_model(self, call, model);
        return pyrope_reply(call, "{s:I s:I}", "nodes", (int64_t)model->mesh.n_nodes, "elements",
                            (int64_t)model->mesh.n_surfaces);
}

/* Checks a field that was sent, and copies it. Returns NULL when an exception is raised. */
static double *copy_field(pyrope_call *call, const pyrope_array *array, size_t n_nodes)
{
        const double *sent = array->data;
        double *values;

        if (array->n_dimensions != 1 || array->shape[0] != n_nodes) {
                (void)pyrope_raise(call, "ValueError",
                                   "values: an array of shape [%zu] wanted, one for each node",
                                   n_nodes);
                return NULL;
        }
        for (size_t i = 0; i < n_nodes; i++)
                if (!isfinite(sent[i])) {
                        (void)pyrope_raise(call, "ValueError", "values: [%zu] is not finite", i);
                        return NULL;
                }

        values = malloc(n_nodes * sizeof(*values));
        if (!values)
                (void)pyrope_raise(call, "MemoryError", "out of memory");
        else
                memcpy(values, sent, n_nodes * sizeof(*values));
        return values;
}

static int set_field(pyrope_call *call, void *self)
{
        Solver *solver = self;
        pyrope_array array;
        const char *name;
        double *values;

        if (pyrope_arguments(call, "sa", &name, &array))
                return PYROPE_RAISED;
        if (!solver->model)
                return pyrope_raise(call, "RuntimeError", "setInput() comes first");
        if (strcmp(name, "temperature") != 0)
                return pyrope_raise(call, "ValueError",
                                    "the field \"temperature\" can be set, not \"%.60s\"", name);

        values = copy_field(call, &array, solver->model->mesh.n_nodes);
        if (!values)
                return PYROPE_RAISED;
        /* What was solved for another temperature goes. */
        solver_drop_fields(solver, call);
        return solver_put_field(solver, call, "temperature", FIELD_SCALAR, values);
}

static int reply_summary(pyrope_call *call, double time, const Solver *solver, size_t n_equations)
{
        const double *u = solver_find_field(solver, "displacement")->values;
        const double *von_mises = solver_find_field(solver, "von_mises")->values;
        double largest_u = 0;
        double largest_stress = 0;

        for (size_t i = 0; i < solver->model->mesh.n_nodes; i++) {
                largest_u = fmax(largest_u, hypot(u[2 * i], u[2 * i + 1]));
                largest_stress = fmax(largest_stress, von_mises[i]);
        }
        return pyrope_reply(call, "{s:f s:I s:f s:f}", "time", time, "equations",
                            (int64_t)n_equations, "displacement", largest_u, "von_mises",
                            largest_stress);
}

/* Hands the arrays of a result over to the solver, one by one. */
static int put_result(Solver *solver, pyrope_call *call, ElasticResult *result)
{
        double *values;

        values = (double *)(void *)TAKE(result->displacement);
        if (solver_put_field(solver, call, "displacement", FIELD_VECTOR, values))
                return PYROPE_RAISED;
        values = (double *)(void *)TAKE(result->stress);
        if (solver_put_field(solver, call, "stress", FIELD_TENSOR, values))
                return PYROPE_RAISED;
        return solver_put_field(solver, call, "von_mises", FIELD_SCALAR, TAKE(result->von_mises));
}

static int solve_step(pyrope_call *call, void *self)
{
        Solver *solver = self;
        CLEANUP(elastic_result_deinit) ElasticResult result = { 0 };
        const FieldObject *temperature;
        Complaint complaint = { "" };
        double time = 0;
        int r;

        if (pyrope_arguments(call, "f", &time))
                return PYROPE_RAISED;
        if (!solver->model)
                return pyrope_raise(call, "RuntimeError", "setInput() comes first");

        temperature = solver_find_field(solver, "temperature");
        r = elastic_solve(&solver->model->mesh, &solver->model->problem.mechanical,
                          temperature ? temperature->values : NULL, &result, &complaint);
        if (r)
                return solver_raise(call, r, "RuntimeError", &complaint);
        if (put_result(solver, call, &result))
                return PYROPE_RAISED;
        return reply_summary(call, time, solver, result.n_equations);
}

static const pyrope_method methods[] = {
        { "getApplicationSignature", NULL, get_application_signature, 0, "who this is" },
        { "setInput", "mesh problem", set_input, 0, "read the input" },
        { "setField", "name values", set_field, 0, "the temperature at the nodes" },
        { "solveStep", "[time]", solve_step, 0, "find displacements and stresses" },
        { "getField", "name", solver_on_get_field, 0, "values at the nodes" },
        { "getFieldObject", "name", solver_on_get_field_object, 0, "a field to hold and ask" },
        { "writeResults", "name", solver_on_write_results, 0, "all fields into a VTK file" },
        { "terminate", NULL, solver_on_terminate, 0, "end the program" },
        { 0 },
};

static const pyrope_class mechanical_solver = { .name = "MechanicalSolver", .methods = methods };

int main(int argc, char **argv)
{
        return solver_main(argc, argv, &mechanical_solver,
                           "Plane thermo-elasticity: displacement in m, stress in Pa");
}
