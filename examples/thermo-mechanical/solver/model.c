/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/model.h"

#include "examples/thermo-mechanical/fem/gmsh.h"
#include "examples/thermo-mechanical/solver/work-file.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

typedef struct Source Source;

struct Source {
        const char *name; /* for complaints; borrowed */
        const char *text; /* borrowed, or in `file` */
        size_t n_text;
        char *file; /* owned */
};

static void source_deinit(Source *source)
{
        free(source->file);
}

static int source_init(Source *source, const char *argument, const char *name_of_text,
                       Complaint *complaint)
{
        int r;

        if (strchr(argument, '\n')) {
                *source = (Source){ name_of_text, argument, strlen(argument), NULL };
                return 0;
        }
        *source = (Source){ .name = argument };
        r = work_file_read(argument, &source->file, &source->n_text, complaint);
        if (r == -ENOENT)
                (void)complaint_set(complaint, "%.60s: no such file in the work directory",
                                    argument);
        source->text = source->file;
        return r;
}

static void model_free(Model **model)
{
        if (!*model)
                return;
        locator_deinit(&(*model)->locator);
        mesh_deinit(&(*model)->mesh);
        free(*model);
}

int model_new(Model **ret, const char *mesh, const char *problem, Complaint *complaint)
{
        CLEANUP(source_deinit) Source problem_source = { 0 };
        CLEANUP(source_deinit) Source mesh_source = { 0 };
        CLEANUP(model_free) Model *model = calloc(1, sizeof(*model));
        int r;

        if (!model)
                return -ENOMEM;
        model->n_refs = 1;
        r = source_init(&mesh_source, mesh, "mesh", complaint);
        if (!r)
                r = source_init(&problem_source, problem, "problem", complaint);
        if (!r)
                r = gmsh_parse(&model->mesh, mesh_source.name, mesh_source.text, mesh_source.n_text,
                               complaint);
        if (!r)
                r = problem_parse(&model->problem, &model->mesh, problem_source.name,
                                  problem_source.text, problem_source.n_text, complaint);
        if (!r)
                r = locator_init(&model->locator, &model->mesh);
        if (r)
                return r;

        *ret = TAKE(model);
        return 0;
}

Model *model_ref(Model *model)
{
        atomic_fetch_add(&model->n_refs, 1);
        return model;
}

void model_unref(Model *model)
{
        if (model && atomic_fetch_sub(&model->n_refs, 1) == 1)
                model_free(&model);
}
