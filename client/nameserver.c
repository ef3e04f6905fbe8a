/* SPDX-License-Identifier: MIT */

#include "client/nameserver.h"

#include "base/random.h"
#include "base/runtime-dir.h"
#include "base/unix-socket.h"
#include "client/context.h"
#include "client/proxy.h"
#include "client/reach.h"
#include "client/where.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is asked on a host of which only the name is known, and where a site may have its own. */
#define WHERE_COMMAND     "pyrope where nameserver"
#define WHERE_SITE_SOCKET RUNTIME_SITE_DIR "/" WHERE_NAMESERVER

static pyrope_status no_memory(pyrope_error **error)
{
        return error_set(error, PYROPE_E_NOMEM, "out of memory");
}

/* -- where it is ------------------------------------------------------------------------------ */

/* The path in the output of WHERE_COMMAND, which a stranger may have written. Return: owned, NULL
 * if there is none. */
static char *printed_path(const Buffer *output)
{
        CLEANUP(freep) char *path = strndup((const char *)output->data, output->n);
        size_t n;

        if (!path)
                return NULL;
        n = strcspn(path, "\n");
        if (n + 1 != output->n) /* one line, and nothing else */
                return NULL;
        path[n] = '\0';
        for (const char *at = path; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        return NULL;
        return unix_path_check(path, NULL) == 0 ? TAKE(path) : NULL;
}

/* Where there is no `pyrope` on the host: whether somebody listens where a site has its own. */
static pyrope_status try_site_socket(pyrope_context *context, Location *at, int exit_status,
                                     Deadline deadline, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(closep) int fd = -1;
        pyrope_status status = context_open(context, at, deadline, &fd, &why);

        if (status != PYROPE_E_UNREACHABLE) {
                if (error)
                        *error = TAKE(why);
                return status;
        }
        return error_set(error, PYROPE_E_NOT_FOUND,
                         "nameserver ssh://%s: '%s' told no path there (exit status %d), and "
                         "nobody listens on %s; name its socket: ssh://%s/./u:/path",
                         at->ssh, WHERE_COMMAND, exit_status, WHERE_SITE_SOCKET, at->ssh);
}

static pyrope_status ask_host(pyrope_context *context, Deadline deadline, Location *ret,
                              pyrope_error **error)
{
        CLEANUP(location_deinit) Location at = { 0 };
        SshOutput output;
        pyrope_status status;
        bool is_told;

        if (location_copy(&context->nameserver, &at))
                return no_memory(error);
        status = ssh_pool_exec(context->pool, at.ssh, WHERE_COMMAND, deadline, &output, error);
        if (status)
                return status;
        at.path = output.exit_status == 0 ? printed_path(&output.text) : NULL;
        buffer_deinit(&output.text);

        is_told = at.path != NULL;
        if (!is_told)
                at.path = strdup(WHERE_SITE_SOCKET);
        if (!at.path)
                return no_memory(error);
        if (!is_told)
                status = try_site_socket(context, &at, output.exit_status, deadline, error);
        if (status)
                return status;

        *ret = at;
        at = (Location){ 0 };
        return PYROPE_OK;
}

static bool is_given(const Location *at)
{
        return at->ssh || at->path || at->host;
}

/* Our own one, else that of the computer. */
static pyrope_status default_at(const pyrope_context *context, Location *ret, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_status status;
        char *path;

        status = where_socket(context, WHERE_NAMESERVER, &path, &why);
        if (status == PYROPE_E_NOT_FOUND && !context->runtime_dir &&
            runtime_dir_find_site(WHERE_NAMESERVER, &path) == 0)
                status = PYROPE_OK;
        if (status && error)
                *error = TAKE(why);
        if (status)
                return error_prefix(error, status,
                                    "no nameserver is named (--nameserver, PYROPE_NAMESERVER)");
        *ret = (Location){ .path = path };
        return PYROPE_OK;
}

pyrope_status nameserver_at(pyrope_context *context, Deadline deadline, Location *ret,
                            pyrope_error **error)
{
        const Location *given = &context->nameserver;

        if (!is_given(given))
                return default_at(context, ret, error);
        if (given->ssh && !given->path && !given->host)
                return ask_host(context, deadline, ret, error);
        return location_copy(given, ret) ? no_memory(error) : PYROPE_OK;
}

pyrope_status pyrope_where_nameserver(pyrope_context *context, char **ret, pyrope_error **error)
{
        if (!context || !ret)
                return error_null(error);

        CLEANUP(location_deinit) Location found = { 0 };
        const Location *at = &context->nameserver;
        pyrope_status status;

        if (!is_given(at)) {
                status = default_at(context, &found, error);
                if (status)
                        return status;
                at = &found;
        }
        *ret = reach_label(at);
        return *ret ? PYROPE_OK : no_memory(error);
}

char *nameserver_label(const pyrope_context *context)
{
        CLEANUP(freep) char *location = NULL;
        char *label;

        if (!is_given(&context->nameserver))
                return strdup("the nameserver of this machine");
        location = reach_label(&context->nameserver);
        return location && asprintf(&label, "nameserver %s", location) >= 0 ? label : NULL;
}

pyrope_status nameserver_of(pyrope_context *context, Deadline deadline, pyrope_proxy **ret,
                            pyrope_error **error)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *made = NULL;
        Target target = { .kind = TARGET_NAMESERVER_ITSELF };
        pyrope_proxy *known;
        pyrope_status status;

        (void)pthread_mutex_lock(&context->lock);
        known = context->nameserver_proxy;
        (void)pthread_mutex_unlock(&context->lock);
        if (known) {
                *ret = known;
                return PYROPE_OK;
        }

        /* Connecting takes its time, so it is done without the lock. */
        target.text = strdup(TARGET_NAMESERVER);
        if (!target.text)
                return no_memory(error);
        status = proxy_new(context, &target, deadline, &made, error);
        if (status)
                return status;

        (void)pthread_mutex_lock(&context->lock);
        if (!context->nameserver_proxy)
                context->nameserver_proxy = TAKE(made);
        *ret = context->nameserver_proxy;
        (void)pthread_mutex_unlock(&context->lock);
        return PYROPE_OK;
}

/* -- what it knows ---------------------------------------------------------------------------- */

static bool is_naming_error(pyrope_status status, const pyrope_error *error)
{
        return status == PYROPE_E_REMOTE && error && pyrope_error_class(error) &&
               strcmp(pyrope_error_class(error), "Pyro5.errors.NamingError") == 0;
}

/* A record by what a stock nameserver tells: [URI, [tags]]. */
static pyrope_status record_of(const char *name, pyrope_view answer, pyrope_value **ret,
                               pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        CLEANUP(uri_deinit) Uri uri = { 0 };
        CLEANUP(freep) char *text = NULL;
        int r;

        r = target_uri_text(pyrope_at(answer, 0), &text);
        if (!r)
                r = uri_parse(text, &uri);
        if (r < 0 || !writer)
                return no_memory(error);
        if (r)
                return error_set(error, PYROPE_E_PROTOCOL, "%s: the nameserver has no URI for it",
                                 name);

        pyrope_pack(writer, "{s:s s:s s:s s:v s:[]}", "name", name, "object", uri.object, "uri",
                    text, "metadata", pyrope_at(answer, 1), "endpoints");
        return pyrope_writer_take(writer, ret, error);
}

static pyrope_status lookup(pyrope_proxy *nameserver, const char *name, Deadline deadline,
                            pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *answer = NULL;
        pyrope_status status;

        status = proxy_callf(nameserver, deadline, &answer, error, "lookup", "sb", name, 1);
        return status ? status : record_of(name, pyrope_value_view(answer), ret, error);
}

static pyrope_status resolve_by(pyrope_proxy *nameserver, const char *name, Deadline deadline,
                                pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(freep) char *label = NULL;
        pyrope_status status;

        if (proxy_has_method(nameserver, "resolve"))
                status = proxy_callf(nameserver, deadline, ret, &why, "resolve", "s", name);
        else
                status = lookup(nameserver, name, deadline, ret, &why);

        if (is_naming_error(status, why)) {
                label = nameserver_label(proxy_context(nameserver));
                return error_set(error, PYROPE_E_NOT_FOUND,
                                 "%s: no such name (%s); 'pyrope list' prints those there are",
                                 name, label ? label : "nameserver");
        }
        if (error)
                *error = TAKE(why);
        return status;
}

pyrope_status nameserver_resolve(pyrope_context *context, const char *name, Deadline deadline,
                                 pyrope_value **ret, pyrope_error **error)
{
        pyrope_proxy *nameserver;
        pyrope_status status;

        status = nameserver_of(context, deadline, &nameserver, error);
        return status ? status : resolve_by(nameserver, name, deadline, ret, error);
}

pyrope_status pyrope_resolve(pyrope_context *context, const char *name, int64_t timeout_ms,
                             pyrope_value **ret, pyrope_error **error)
{
        if (!context || !name || !ret)
                return error_null(error);
        return nameserver_resolve(context, name, context_deadline(context, timeout_ms), ret, error);
}

pyrope_status nameserver_tagged(pyrope_context *context, const pyrope_value *tags,
                                Deadline deadline, pyrope_value **ret, pyrope_error **error)
{
        pyrope_proxy *nameserver;
        pyrope_status status;

        status = nameserver_of(context, deadline, &nameserver, error);
        return status ? status
                      : proxy_callf(nameserver, deadline, ret, error, "yplookup", "v",
                                    pyrope_value_view(tags));
}

/* -- where an object is ----------------------------------------------------------------------- */

/* The object and the place that a record leads to. */
static pyrope_status find_by_record(pyrope_context *context, const char *name, pyrope_view record,
                                    pyrope_proxy *nameserver, Target *ret, pyrope_error **error)
{
        CLEANUP(location_deinit) Location nameserver_place = { 0 }, at = { 0 };
        CLEANUP(freep) char *object = NULL;
        const char *text;
        size_t n;
        int r;

        if (pyrope_get_str(pyrope_find(record, "object"), &text, &n) != PYROPE_OK)
                return error_set(error, PYROPE_E_PROTOCOL,
                                 "%s: the nameserver's record has no object", name);
        object = strndup(text, n);
        if (!object || proxy_at(nameserver, &nameserver_place))
                return no_memory(error);

        r = reach_choose(record, context->zone, &nameserver_place, &at);
        if (r == REACH_E_NONE)
                return error_set(
                        error, PYROPE_E_UNREACHABLE,
                        "%s: no way there from zone '%s': it is registered neither in this "
                        "zone nor with an SSH host or NAT address",
                        name, context->zone);
        if (r == REACH_E_INVALID)
                return error_set(error, PYROPE_E_PROTOCOL,
                                 "%s: the nameserver's record has no place", name);
        if (r)
                return no_memory(error);

        *ret = (Target){ .kind = TARGET_OBJECT, .text = TAKE(object), .at = at };
        at = (Location){ 0 };
        return PYROPE_OK;
}

static pyrope_status find_name(pyrope_context *context, const char *name, pyrope_proxy *nameserver,
                               Deadline deadline, Target *ret, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *record = NULL;
        pyrope_status status = resolve_by(nameserver, name, deadline, &record, error);

        return status ? status
                      : find_by_record(context, name, pyrope_value_view(record), nameserver, ret,
                                       error);
}

/* "a,b" as a list. */
static pyrope_status tags_new(const char *text, pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_writer_freep) pyrope_writer *writer = pyrope_writer_new();
        size_t n_tags = 1;

        if (!writer)
                return no_memory(error);
        for (const char *at = text; *at; at++)
                n_tags += *at == ',';
        pyrope_write_list(writer, n_tags);
        for (size_t n; n_tags; n_tags--, text += n + 1) {
                n = strcspn(text, ",");
                pyrope_write_strn(writer, text, n);
        }
        return pyrope_writer_take(writer, ret, error);
}

/* One name of a map, by chance. Return: owned, free(); NULL: none, or out of memory. */
static char *any_name(pyrope_view names)
{
        size_t n_names = pyrope_count(names), n = 0;
        pyrope_view key = { 0 }, value;
        const char *text;
        uint32_t chance;

        random_bytes(&chance, sizeof(chance));
        n_names = n_names ? chance % n_names + 1 : 0;
        for (pyrope_iter it = pyrope_each(names); n_names; n_names--)
                (void)pyrope_next(&it, &key, &value);
        return pyrope_get_str(key, &text, &n) == PYROPE_OK ? strndup(text, n) : NULL;
}

static pyrope_status find_tags(pyrope_context *context, const char *text, pyrope_proxy *nameserver,
                               Deadline deadline, Target *ret, pyrope_error **error)
{
        CLEANUP(pyrope_value_freep) pyrope_value *tags = NULL, *names = NULL;
        CLEANUP(freep) char *name = NULL;
        pyrope_status status = tags_new(text, &tags, error);

        if (!status)
                status = proxy_callf(nameserver, deadline, &names, error, "yplookup", "v",
                                     pyrope_value_view(tags));
        if (status)
                return status;
        name = any_name(pyrope_value_view(names));
        if (!name)
                return error_set(error, PYROPE_E_NOT_FOUND, "no object has the tags %s", text);
        return find_name(context, name, nameserver, deadline, ret, error);
}

/* A nameserver that a URI names, for this one question. */
static pyrope_status other_nameserver(pyrope_context *context, const Location *at,
                                      Deadline deadline, pyrope_proxy **ret, pyrope_error **error)
{
        CLEANUP(target_deinit)
        Target target = { .kind = TARGET_OBJECT, .text = strdup(TARGET_NAMESERVER) };

        if (!target.text || location_copy(at, &target.at))
                return no_memory(error);
        return proxy_new(context, &target, deadline, ret, error);
}

pyrope_status nameserver_find(pyrope_context *context, const Target *target, Deadline deadline,
                              Target *ret, pyrope_error **error)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *other = NULL;
        pyrope_proxy *nameserver = NULL;
        Target itself = { .kind = TARGET_OBJECT, .text = target->text };
        pyrope_status status;

        switch (target->kind) {
        case TARGET_OBJECT:
                return target_copy(target, ret) ? no_memory(error) : PYROPE_OK;
        case TARGET_NAMESERVER_ITSELF:
                status = nameserver_at(context, deadline, &itself.at, error);
                if (status)
                        return status;
                status = target_copy(&itself, ret) ? no_memory(error) : PYROPE_OK;
                location_deinit(&itself.at);
                return status;
        case TARGET_NAME:
        case TARGET_TAGS:
                break;
        }

        if (is_given(&target->at))
                status = other_nameserver(context, &target->at, deadline, &other, error);
        else
                status = nameserver_of(context, deadline, &nameserver, error);
        if (status)
                return status;
        return (target->kind == TARGET_NAME ? find_name : find_tags)(
                context, target->text, other ? other : nameserver, deadline, ret, error);
}
