/* SPDX-License-Identifier: MIT */

#include "jobman/registrar.h"

#include "proto/value.h"

#include <stdio.h>

DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);

pyrope_status registrar_add(const Registrar *self, const RegistrarEntry *entry,
                            pyrope_error **error)
{
        const pyrope_publication publication = {
                .name = entry->name,
                .uri = entry->uri,
                .tags = entry->tags,
                .n_tags = entry->n_tags,
                .ssh = self->ssh,
                .ttl_s = self->lease_s,
        };

        return pyrope_publish(self->context, &publication, REGISTRAR_TIMEOUT_MS, error);
}

void registrar_remove(const Registrar *self, const char *name)
{
        (void)pyrope_unpublish(self->context, name, REGISTRAR_TIMEOUT_MS);
}

static pyrope_status nameserver_call(const Registrar *self, const char *method,
                                     pyrope_writer *arguments, pyrope_value **ret,
                                     pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *list = NULL;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;
        pyrope_status status;

        status = pyrope_writer_take(arguments, &list, error);
        if (!status)
                status = pyrope_proxy_new(self->context, "Pyro.NameServer", REGISTRAR_TIMEOUT_MS,
                                          &nameserver, error);
        if (status)
                return status;
        return pyrope_call_method(nameserver, method, list, NULL, REGISTRAR_TIMEOUT_MS, ret, error);
}

/* yplookup(meta_all, meta_any, return_metadata) */
pyrope_status registrar_list(const Registrar *self, const char *jobman, pyrope_value **ret,
                             pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *arguments = pyrope_writer_new();
        CLEANUP(freep) char *tag = NULL;

        if (!arguments || asprintf(&tag, "jobmanager:%s", jobman) < 0) {
                tag = NULL;
                return error_nomem(error);
        }
        pyrope_pack(arguments, "[[ss]nb]", "type:instance", tag, 0);
        return nameserver_call(self, "yplookup", arguments, ret, error);
}

pyrope_status registrar_drop(const Registrar *self, const char *name, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *arguments = pyrope_writer_new();

        if (!arguments)
                return error_nomem(error);
        pyrope_pack(arguments, "[s]", name);
        return nameserver_call(self, "remove", arguments, NULL, error);
}
