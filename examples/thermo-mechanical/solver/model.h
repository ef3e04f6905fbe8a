#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Model: a mesh, its problem, and the way to find points in it
 *
 * Never changed once it is made, so that any thread may read it; shared by the solver and by the
 * field objects it has given away, which may outlive its next input.
 */

#include "examples/thermo-mechanical/fem/locator.h"
#include "examples/thermo-mechanical/fem/problem.h"

typedef struct Model Model;

struct Model {
        _Atomic unsigned n_refs;
        Mesh mesh;
        Locator locator;
        Problem problem;
};

/**
 * model_new() - read the input
 * @mesh:       name of a file in the work directory, or the text of a mesh: what has a newline in
 *              it is a text
 * @problem:    likewise
 * @ret:        model_unref()
 *
 * Return: 0, FEM_E_REFUSED, -ENOENT with the name of the file in @complaint, another negative
 * errno.
 */
NODISCARD int model_new(Model **ret, const char *mesh, const char *problem, Complaint *complaint);

/** model_ref() - one more owner. Return: @model. */
Model *model_ref(Model *model);

/** model_unref() - give up one ownership; NULL is fine */
void model_unref(Model *model);
