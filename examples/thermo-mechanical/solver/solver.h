#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Solver: what the two programs have in common
 *
 * A solver has an input and, by name, the fields that belong to it: set from outside or solved for.
 * The functions called solver_on_x() are remote methods as they stand, with the solver as `self`:
 *
 *      getField(name)         the values at the nodes: [n], or [n, c] where a node has c numbers
 *      getFieldObject(name)   a proxy of a FieldObject
 *      writeResults(name)     all fields into a VTK file NAME in the work directory;
 *                             a map with "name" and "size"
 *      terminate()            stops the daemon, when the calls that run have ended
 *
 * Calls on one solver follow each other; its field objects are called meanwhile.
 */

#include "examples/thermo-mechanical/solver/field-object.h"

#define SOLVER_FIELDS_MAX 4u

typedef struct Solver Solver;

struct Solver {
        const char *title; /* first line of result files; static */
        Model *model;      /* NULL before the first input; owned reference */
        size_t n_fields;
        FieldObject *fields[SOLVER_FIELDS_MAX]; /* owned references */
};

/**
 * solver_raise() - raise what a function of fem/ or of the model returned
 * @r:          FEM_E_REFUSED or a negative errno
 * @class_:     for FEM_E_REFUSED: "ValueError", "RuntimeError"
 *
 * Return: PYROPE_RAISED.
 */
int solver_raise(pyrope_call *call, int r, const char *class_, const Complaint *complaint);

/**
 * solver_read_model() - the arguments mesh and problem of setInput(), read
 * @ret:        model_unref()
 *
 * Return: 0, PYROPE_RAISED.
 */
NODISCARD int solver_read_model(pyrope_call *call, Model **ret);

/** solver_take_model() - the solver's input from now on; drops all fields. @model is taken. */
void solver_take_model(Solver *solver, pyrope_call *call, Model *model);

/** solver_drop_fields() - have none; their objects leave the daemon */
void solver_drop_fields(Solver *solver, pyrope_call *call);

/**
 * solver_put_field() - set a field; one of the same name is dropped
 * @name:       static text
 * @values:     malloc'ed, as many as the mesh and @kind want; taken, in failure too
 *
 * Return: 0, PYROPE_RAISED.
 */
NODISCARD int solver_put_field(Solver *solver, pyrope_call *call, const char *name, FieldKind kind,
                               double *values);

/** solver_find_field() - the field of that name; NULL if there is none */
FieldObject *solver_find_field(const Solver *solver, const char *name);

int solver_on_get_field(pyrope_call *call, void *self);
int solver_on_get_field_object(pyrope_call *call, void *self);
int solver_on_write_results(pyrope_call *call, void *self);
int solver_on_terminate(pyrope_call *call, void *self);

/**
 * solver_main() - a whole main(): serve one solver as [--socket PATH] says
 *
 * Without the option the socket is the one that a job manager handed over, or one of its own in the
 * runtime directory. Return: the exit status of the program: 0 done, 1 failed, 2 misused.
 */
int solver_main(int argc, char **argv, const pyrope_class *class_, const char *title);
