/* SPDX-License-Identifier: MIT */

#include "jobman/registrar.h"

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
