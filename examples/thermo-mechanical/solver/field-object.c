/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/solver/field-object.h"

#include <stdatomic.h>
#include <stdio.h>

FieldObject *field_object_new(Model *model, const char *name, FieldKind kind, double *values)
{
        FieldObject *object = calloc(1, sizeof(*object));

        if (!object) {
                free(values);
                return NULL;
        }
        object->n_refs = 1;
        object->model = model_ref(model);
        object->field = (Field){ name, kind, values };
        object->values = values;
        return object;
}

void field_object_unref(FieldObject *object)
{
        if (!object || atomic_fetch_sub(&object->n_refs, 1) != 1)
                return;
        free(object->values);
        model_unref(object->model);
        free(object);
}

/* One or more numbers at each of n places: a scalar field gives [n], others [n, c]. */
static int reply_numbers(pyrope_call *call, FieldKind kind, const double *numbers, size_t n)
{
        pyrope_array array = {
                .dtype = "<f8",
                .n_dimensions = kind == FIELD_SCALAR ? 1 : 2,
                .shape = { n, (size_t)kind },
                .data = numbers,
                .n_bytes = n * (size_t)kind * sizeof(*numbers),
        };

        return pyrope_reply(call, "a", &array);
}

int field_object_write(const FieldObject *object, pyrope_call *call)
{
        return reply_numbers(call, object->field.kind, object->values, object->model->mesh.n_nodes);
}

static int evaluate(pyrope_call *call, void *self)
{
        const FieldObject *object = self;
        CLEANUP(free_memory) double *values = NULL;
        Complaint complaint;
        pyrope_array points;
        int r;

        if (pyrope_arguments(call, "a", &points))
                return PYROPE_RAISED;
        if (points.n_dimensions != 2 || points.shape[1] != 2)
                return pyrope_raise(call, "ValueError", "points: an array of shape [n, 2] wanted");
        values = calloc(points.shape[0] + 1, (size_t)object->field.kind * sizeof(*values));
        if (!values)
                return pyrope_raise(call, "MemoryError", "out of memory");

        r = locator_evaluate(&object->model->locator, &object->field, points.data, points.shape[0],
                             values, &complaint);
        if (r)
                return pyrope_raise(call, "ValueError", "%s", complaint.text);
        return reply_numbers(call, object->field.kind, values, points.shape[0]);
}

static int get_values(pyrope_call *call, void *self)
{
        return field_object_write(self, call);
}

static int get_nodes(pyrope_call *call, void *self)
{
        const Mesh *mesh = &((const FieldObject *)self)->model->mesh;

        return reply_numbers(call, FIELD_VECTOR, &mesh->nodes[0][0], mesh->n_nodes);
}

static void released(void *self)
{
        field_object_unref(self);
}

static const pyrope_method methods[] = {
        { "evaluate", "points", evaluate, 0, "values at points [n, 2]" },
        { "getValues", NULL, get_values, 0, "values at the nodes" },
        { "getNodes", NULL, get_nodes, 0, "the nodes [n, 2], metres" },
        { 0 },
};

static const pyrope_class field_class = {
        .name = "Field",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
        .released = released,
};

pyrope_status field_object_publish(FieldObject *object, pyrope_daemon *daemon, pyrope_error **error)
{
        static _Atomic unsigned n_published;
        pyrope_status status;

        if (object->id[0])
                return PYROPE_OK;
        /* Ids are not used twice, so that a proxy of an old field never finds a newer one. */
        (void)snprintf(object->id, sizeof(object->id), "%.40s-%u", object->field.name,
                       atomic_fetch_add(&n_published, 1) + 1);
        atomic_fetch_add(&object->n_refs, 1);
        status = pyrope_daemon_register(daemon, object->id, &field_class, object, error);
        if (status != PYROPE_OK) {
                object->id[0] = 0;
                field_object_unref(object);
        }
        return status;
}

void field_object_withdraw(FieldObject *object, pyrope_daemon *daemon)
{
        /* A daemon that has stopped may have let go of it already. */
        if (object->id[0])
                (void)pyrope_daemon_unregister(daemon, object->id);
        object->id[0] = 0;
}
