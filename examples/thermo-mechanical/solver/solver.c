/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/solver.h"

#include "examples/thermo-mechanical/fem/vtk.h"
#include "examples/thermo-mechanical/solver/work-file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int solver_raise(pyrope_call *call, int r, const char *class_, const Complaint *complaint)
{
        if (r == FEM_E_REFUSED)
                return pyrope_raise(call, class_, "%s", complaint->text);
        if (r == -ENOENT)
                return pyrope_raise(call, "FileNotFoundError", "%s", complaint->text);
        if (r == -ENOMEM)
                return pyrope_raise(call, "MemoryError", "out of memory");
        return pyrope_raise(call, "OSError", "%s", strerror(-r));
}

int solver_read_model(pyrope_call *call, Model **ret)
{
        Complaint complaint = { "" };
        const char *problem;
        const char *mesh;
        int r;

        if (pyrope_arguments(call, "ss", &mesh, &problem))
                return PYROPE_RAISED;
        r = model_new(ret, mesh, problem, &complaint);
        return r ? solver_raise(call, r, "ValueError", &complaint) : 0;
}

static void drop_field(Solver *solver, pyrope_daemon *daemon, size_t index)
{
        FieldObject *dropped = solver->fields[index];

        solver->fields[index] = solver->fields[--solver->n_fields];
        field_object_withdraw(dropped, daemon);
        field_object_unref(dropped);
}

void solver_drop_fields(Solver *solver, pyrope_call *call)
{
        while (solver->n_fields > 0)
                drop_field(solver, pyrope_call_daemon(call), solver->n_fields - 1);
}

void solver_take_model(Solver *solver, pyrope_call *call, Model *model)
{
        solver_drop_fields(solver, call);
        model_unref(solver->model);
        solver->model = model;
}

static size_t index_of_field(const Solver *solver, const char *name)
{
        size_t i = 0;

        while (i < solver->n_fields && strcmp(solver->fields[i]->field.name, name) != 0)
                i++;
        return i;
}

FieldObject *solver_find_field(const Solver *solver, const char *name)
{
        size_t i = index_of_field(solver, name);

        return i < solver->n_fields ? solver->fields[i] : NULL;
}

int solver_put_field(Solver *solver, pyrope_call *call, const char *name, FieldKind kind,
                     double *values)
{
        FieldObject *object = field_object_new(solver->model, name, kind, values);
        size_t old = index_of_field(solver, name);

        if (!object)
                return pyrope_raise(call, "MemoryError", "out of memory");
        if (old < solver->n_fields)
                drop_field(solver, pyrope_call_daemon(call), old);
        solver->fields[solver->n_fields++] = object;
        return 0;
}

/* The field that the one argument names; or NULL, and an exception is raised. */
static FieldObject *field_argument(pyrope_call *call, const Solver *solver)
{
        FieldObject *object;
        const char *name;

        if (pyrope_arguments(call, "s", &name))
                return NULL;
        object = solver_find_field(solver, name);
        if (!object)
                (void)pyrope_raise(call, "ValueError", "there is no field \"%.60s\"%s", name,
                                   solver->n_fields == 0 ? ": nothing is solved yet" : "");
        return object;
}

int solver_on_get_field(pyrope_call *call, void *self)
{
        const FieldObject *object = field_argument(call, self);

        return object ? field_object_write(object, call) : PYROPE_RAISED;
}

/* Raises OSError with what the library says. */
static int raise_error(pyrope_call *call, pyrope_error *error)
{
        (void)pyrope_raise(call, "OSError", "%s", pyrope_error_text(error));
        pyrope_error_free(error);
        return PYROPE_RAISED;
}

int solver_on_get_field_object(pyrope_call *call, void *self)
{
        pyrope_daemon *daemon = pyrope_call_daemon(call);
        FieldObject *object = field_argument(call, self);
        CLEANUP(free_memory) char *uri = NULL;
        pyrope_error *error = NULL;

        if (!object)
                return PYROPE_RAISED;
        if (field_object_publish(object, daemon, &error) != PYROPE_OK)
                return raise_error(call, error);
        uri = pyrope_daemon_uri(daemon, object->id);
        if (!uri)
                return pyrope_raise(call, "MemoryError", "out of memory");
        pyrope_write_proxy(pyrope_result(call), uri);
        return 0;
}

static int write_fields(const Solver *solver, FILE *file)
{
        Field fields[SOLVER_FIELDS_MAX];

        for (size_t i = 0; i < solver->n_fields; i++)
                fields[i] = solver->fields[i]->field;
        return vtk_write(file, &solver->model->mesh, solver->title, fields, solver->n_fields);
}

int solver_on_write_results(pyrope_call *call, void *self)
{
        const Solver *solver = self;
        Complaint complaint = { "" };
        const char *name;
        long long size;
        FILE *file;
        int r;

        if (pyrope_arguments(call, "s", &name))
                return PYROPE_RAISED;
        if (solver->n_fields == 0)
                return pyrope_raise(call, "RuntimeError", "nothing is solved yet");
        r = work_file_create(name, ".vtk", &file, &complaint);
        if (r)
                return solver_raise(call, r, "ValueError", &complaint);

        r = write_fields(solver, file);
        size = ftello(file);
        if (fclose(file) != 0 && r == 0)
                r = -EIO;
        if (r) {
                (void)unlink(name); /* half a result is worse than none */
                return solver_raise(call, r, "OSError", &complaint);
        }
        return pyrope_reply(call, "{s:s s:I}", "name", name, "size", (int64_t)size);
}

int solver_on_terminate(pyrope_call *call, void *self)
{
        (void)self;
        pyrope_daemon_stop(pyrope_call_daemon(call));
        return 0;
}

static int report(const char *program, pyrope_error *error)
{
        fprintf(stderr, "%s: %s\n", program, pyrope_error_text(error));
        pyrope_error_free(error);
        return 1;
}

static int serve(const char *program, const char *socket, const pyrope_class *class_,
                 Solver *solver)
{
        const pyrope_daemon_options options = { .socket = socket };
        pyrope_daemon *daemon = NULL;
        pyrope_error *error = NULL;
        pyrope_status status;

        status = pyrope_daemon_new(&options, &daemon, &error);
        if (status == PYROPE_OK)
                status = pyrope_daemon_register(daemon, NULL, class_, solver, &error);
        if (status == PYROPE_OK)
                status = pyrope_daemon_run(daemon, &error);
        pyrope_daemon_free(daemon);
        return status == PYROPE_OK ? 0 : report(program, error);
}

int solver_main(int argc, char **argv, const pyrope_class *class_, const char *title)
{
        Solver solver = { .title = title };
        const char *socket = NULL;
        int status;

        if (argc == 3 && strcmp(argv[1], "--socket") == 0) {
                socket = argv[2];
        } else if (argc != 1) {
                fprintf(stderr, "usage: %s [--socket PATH]\n", argv[0]);
                return 2;
        }

        status = serve(argv[0], socket, class_, &solver);
        for (size_t i = 0; i < solver.n_fields; i++)
                field_object_unref(solver.fields[i]);
        model_unref(solver.model);
        return status;
}
