#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * FieldObject: a result that others can hold and ask for values at points
 *
 * Remote methods:
 *      evaluate(points)  points [n, 2], metres -> values [n], or [n, c] where a node has c numbers
 *      getValues()       the values at the nodes, of the same shape
 *      getNodes()        where the nodes are: [n, 2], metres
 *
 * It never changes once it is made. A new input or step of its solver takes it off the daemon;
 * calls that run end in peace.
 */

#include "examples/thermo-mechanical/fem/field.h"
#include "examples/thermo-mechanical/solver/model.h"

#include <pyrope/daemon.h>

#define FIELD_OBJECT_ID_MAX 64u

typedef struct FieldObject FieldObject;

struct FieldObject {
        _Atomic unsigned n_refs;
        Model *model;                 /* owned reference */
        Field field;                  /* the name is static */
        double *values;               /* of the field; owned */
        char id[FIELD_OBJECT_ID_MAX]; /* in the daemon; empty while it is not registered */
};

/**
 * field_object_new() - a field on the nodes of a model
 * @name:       static text
 * @values:     taken, in failure too
 *
 * Return: owned, field_object_unref(); NULL if memory is out.
 */
FieldObject *field_object_new(Model *model, const char *name, FieldKind kind, double *values);

/** field_object_unref() - give up one ownership; NULL is fine */
void field_object_unref(FieldObject *object);

/** field_object_publish() - register it, unless it is. Return: as pyrope_daemon_register(). */
pyrope_status field_object_publish(FieldObject *object, pyrope_daemon *daemon,
                                   pyrope_error **error);

/** field_object_withdraw() - unregister it, if it is */
void field_object_withdraw(FieldObject *object, pyrope_daemon *daemon);

/** field_object_write() - its values at the nodes as the result of a call. Return: 0. */
int field_object_write(const FieldObject *object, pyrope_call *call);
