/* SPDX-License-Identifier: MIT */

/*
 * thermal-solver: steady plane heat conduction as a remote object
 *
 *      setInput(mesh, problem)   names of files in the work directory, or texts; a map that counts
 *      solveStep(time=0.0)       a map; afterwards there is the field "temperature", °C
 *
 * and what solver/solver.h adds.
 */

#include "examples/thermo-mechanical/fem/thermal.h"
#include "examples/thermo-mechanical/solver/solver.h"

#include <math.h>

static int get_application_signature(pyrope_call *call, void *self)
{
        (void)self;
        return pyrope_reply(call, "s", "thermal-solver " PYROPE_VERSION ": plane heat conduction");
}

static int set_input(pyrope_call *call, void *self)
{
        Model *model;

        if (solver_read_model(call, &model))
                return PYROPE_RAISED;
        if (!model->problem.has_thermal) {
                model_unref(model);
                return pyrope_raise(call, "ValueError", "the problem has no section [thermal]");
        }
        solver_take_model(self, call, model);
        return pyrope_reply(call, "{s:I s:I}", "nodes", (int64_t)model->mesh.n_nodes, "elements",
                            (int64_t)model->mesh.n_surfaces);
}

static int reply_summary(pyrope_call *call, double time, const Solver *solver,
                         const ThermalResult *result)
{
        double minimum = result->temperature[0];
        double maximum = result->temperature[0];

        for (size_t i = 1; i < solver->model->mesh.n_nodes; i++) {
                minimum = fmin(minimum, result->temperature[i]);
                maximum = fmax(maximum, result->temperature[i]);
        }
        return pyrope_reply(call, "{s:f s:I s:f s:f s:f}", "time", time, "equations",
                            (int64_t)result->n_equations, "minimum", minimum, "maximum", maximum,
                            "convected", result->convected);
}

static int solve_step(pyrope_call *call, void *self)
{
        Solver *solver = self;
        Complaint complaint = { "" };
        ThermalResult result;
        double time = 0;
        int r;

        if (pyrope_arguments(call, "f", &time))
                return PYROPE_RAISED;
        if (!solver->model)
                return pyrope_raise(call, "RuntimeError", "setInput() comes first");

        r = thermal_solve(&solver->model->mesh, &solver->model->problem.thermal, &result,
                          &complaint);
        if (r)
                return solver_raise(call, r, "RuntimeError", &complaint);
        /* From here on the solver owns the temperatures. */
        if (solver_put_field(solver, call, "temperature", FIELD_SCALAR, result.temperature))
                return PYROPE_RAISED;
        return reply_summary(call, time, solver, &result);
}

static const pyrope_method methods[] = {
        { "getApplicationSignature", NULL, get_application_signature, 0, "who this is" },
        { "setInput", "mesh problem", set_input, 0, "read the input" },
        { "solveStep", "[time]", solve_step, 0, "find the temperatures" },
        { "getField", "name", solver_on_get_field, 0, "values at the nodes" },
        { "getFieldObject", "name", solver_on_get_field_object, 0, "a field to hold and ask" },
        { "writeResults", "name", solver_on_write_results, 0, "all fields into a VTK file" },
        { "terminate", NULL, solver_on_terminate, 0, "end the program" },
        { 0 },
};

static const pyrope_class thermal_solver = { .name = "ThermalSolver", .methods = methods };

int main(int argc, char **argv)
{
        return solver_main(argc, argv, &thermal_solver, "Plane heat conduction: temperature in C");
}
