/* SPDX-License-Identifier: MIT */

#include "broker/object.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static int check_id(const char *id, ErrorText *error)
{
        size_t n = strlen(id);

        if (n == 0 || n > OBJECT_ID_MAX_BYTES || !text_is_utf8(id, n)) {
                error_text_set(error, "an object's id is UTF-8 of 1 to %u bytes",
                               OBJECT_ID_MAX_BYTES);
                return OBJECT_E_INVALID;
        }
        for (size_t i = 0; i < n; i++) {
                if ((unsigned char)id[i] <= ' ' || id[i] == '@' || id[i] == 0x7f) {
                        error_text_set(error, "object id '%s': blanks and '@' break its URI", id);
                        return OBJECT_E_INVALID;
                }
        }
        return 0;
}

static void object_destroy(Object *object)
{
        assert(STAILQ_EMPTY(&object->waiting));
        interface_free(object->interface);
        free(object->id);
        free(object);
}

int object_new(const char *id, const pyrope_class *class_, void *self, Object **ret,
               ErrorText *error)
{
        Object *object;
        int r;

        r = check_id(id, error);
        if (r)
                return r;
        object = calloc(1, sizeof(*object));
        if (!object)
                return -ENOMEM;
        atomic_init(&object->n_refs, 1);
        STAILQ_INIT(&object->waiting);
        object->self = self;
        object->is_concurrent = class_->flags & PYROPE_CONCURRENT;

        object->id = strdup(id);
        r = object->id ? interface_new(class_, &object->interface, error) : -ENOMEM;
        if (r) {
                object_destroy(object);
                return r == INTERFACE_E_INVALID ? OBJECT_E_INVALID : r;
        }
        *ret = object;
        return 0;
}

Object *object_ref(Object *object)
{
        atomic_fetch_add_explicit(&object->n_refs, 1, memory_order_relaxed);
        return object;
}

Object *object_unref(Object *object)
{
        const pyrope_class *class_;

        if (!object || atomic_fetch_sub_explicit(&object->n_refs, 1, memory_order_acq_rel) > 1)
                return NULL;
        class_ = object->interface->class_;
        if (object->is_registered && class_->released)
                class_->released(object->self);
        object_destroy(object);
        return NULL;
}
