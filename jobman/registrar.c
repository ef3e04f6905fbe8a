/* SPDX-License-Identifier: MIT */

#include "jobman/registrar.h"

#include "base/log.h"
#include "proto/value.h"

#include <string.h>

DEFINE_CLEANUP(pyrope_proxy, pyrope_proxy_free);

void registrar_init(Registrar *self, pyrope_context *context, const char *zone, const char *ssh)
{
        *self = (Registrar){ .context = context, .zone = zone, .ssh = ssh };
        (void)pthread_mutex_init(&self->lock, NULL);
}

void registrar_deinit(Registrar *self)
{
        while (self->n_left)
                free(self->left[--self->n_left]);
        (void)pthread_mutex_destroy(&self->lock);
}

static pyrope_status nameserver_call(Registrar *self, const char *method, pyrope_writer *arguments,
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
        return pyrope_call_method(nameserver, method, list, NULL, REGISTRAR_TIMEOUT_MS, NULL,
                                  error);
}

/* register_endpoint(name, uri, zone, ssh, nathost, natport, safe, metadata) */
pyrope_status registrar_add(Registrar *self, const RegistrarEntry *entry, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *arguments = pyrope_writer_new();
        size_t i;

        if (!arguments)
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        pyrope_write_list(arguments, 8);
        pyrope_pack(arguments, "ssssnnb", entry->name, entry->uri, self->zone, self->ssh, 0);
        pyrope_write_list(arguments, entry->n_tags);
        for (i = 0; i < entry->n_tags; i++)
                pyrope_write_str(arguments, entry->tags[i]);
        return nameserver_call(self, "register_endpoint", arguments, error);
}

static bool try_remove(Registrar *self, const char *name)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *arguments = pyrope_writer_new();
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;

        if (!arguments)
                return false;
        pyrope_pack(arguments, "[s]", name);
        if (!nameserver_call(self, "remove", arguments, &error))
                return true;
        log_warning("cannot remove the name %s: %s; it is tried again", name,
                    error ? pyrope_error_text(error) : "out of memory");
        return false;
}

static void keep(Registrar *self, char *name)
{
        (void)pthread_mutex_lock(&self->lock);
        if (name && self->n_left < REGISTRAR_LEFT_MAX)
                self->left[self->n_left++] = TAKE(name);
        (void)pthread_mutex_unlock(&self->lock);
        free(name);
}

void registrar_remove(Registrar *self, const char *name)
{
        if (!try_remove(self, name))
                keep(self, strdup(name));
}

static char *take_left(Registrar *self)
{
        char *name = NULL;

        (void)pthread_mutex_lock(&self->lock);
        if (self->n_left)
                name = self->left[--self->n_left];
        (void)pthread_mutex_unlock(&self->lock);
        return name;
}

bool registrar_retry(Registrar *self)
{
        char *name;

        while ((name = take_left(self))) {
                if (!try_remove(self, name)) {
                        keep(self, name);
                        return false;
                }
                free(name);
        }
        return true;
}
