/* SPDX-License-Identifier: MIT */

#include "broker/registry.h"

#include <errno.h>
#include <string.h>

void registry_init(Registry *registry)
{
        *registry = (Registry){ .objects = NULL };
        pthread_rwlock_init(&registry->lock, NULL);
}

void registry_deinit(Registry *registry)
{
        Object *object;
        Object *next;

        HASH_ITER (hh, registry->objects, object, next) {
                HASH_DEL(registry->objects, object);
                object_unref(object);
        }
        pthread_rwlock_destroy(&registry->lock);
}

int registry_add(Registry *registry, Object *object)
{
        Object *found;
        size_t n_id = strlen(object->id);
        int r = 0;

        pthread_rwlock_wrlock(&registry->lock);
        HASH_FIND(hh, registry->objects, object->id, n_id, found);
        if (found) {
                r = REGISTRY_E_EXISTS;
        } else {
                HASH_ADD_KEYPTR(hh, registry->objects, object->id, n_id, object);
                if (object->hh.tbl)
                        object->is_registered = true;
                else
                        r = -ENOMEM;
        }
        pthread_rwlock_unlock(&registry->lock);
        return r;
}

int registry_remove(Registry *registry, const char *id)
{
        Object *object;

        pthread_rwlock_wrlock(&registry->lock);
        HASH_FIND_STR(registry->objects, id, object);
        if (object && object->is_immediate)
                object = NULL; /* what the broker itself needs cannot be taken away */
        if (object)
                HASH_DEL(registry->objects, object);
        pthread_rwlock_unlock(&registry->lock);
        if (!object)
                return REGISTRY_E_NOT_FOUND;
        object_unref(object);
        return 0;
}

Object *registry_find(Registry *registry, const char *id, size_t n_id)
{
        Object *object;

        pthread_rwlock_rdlock(&registry->lock);
        HASH_FIND(hh, registry->objects, id, n_id, object);
        if (object)
                object_ref(object);
        pthread_rwlock_unlock(&registry->lock);
        return object;
}

Object *registry_first(Registry *registry)
{
        Object *object;

        pthread_rwlock_rdlock(&registry->lock);
        object = registry->objects;
        while (object && object->is_immediate)
                object = object->hh.next;
        if (object)
                object_ref(object);
        pthread_rwlock_unlock(&registry->lock);
        return object;
}

void registry_write_ids(Registry *registry, pyrope_writer *writer)
{
        Object *object;

        pthread_rwlock_rdlock(&registry->lock);
        pyrope_write_list(writer, HASH_COUNT(registry->objects));
        for (object = registry->objects; object; object = object->hh.next)
                pyrope_write_str(writer, object->id);
        pthread_rwlock_unlock(&registry->lock);
}
