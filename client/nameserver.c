/* SPDX-License-Identifier: MIT */

#include "client/nameserver.h"

#include "base/log.h"
#include "base/random.h"
#include "client/context.h"
#include "client/proxy.h"
#include "client/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 5000 /* for each of several, before those that were silent are asked again */

/* -- where it is ------------------------------------------------------------------------------ */

pyrope_status nameserver_connect(pyrope_context *context, const Location *at, Deadline deadline,
                                 pyrope_proxy **ret, pyrope_error **error)
{
        CLEANUP(target_deinit)
        Target target = { .kind = at ? TARGET_OBJECT : TARGET_NAMESERVER_ITSELF,
                          .text = strdup(TARGET_NAMESERVER) };

        if (!target.text || (at && location_copy(at, &target.at)))
                return error_nomem(error);
        return proxy_new(context, &target, deadline, ret, error);
}

pyrope_status nameserver_open(pyrope_context *context, NsPlace *place, Deadline deadline,
                              pyrope_proxy **ret, pyrope_error **error)
{
        CLEANUP(location_deinit) Location at = { 0 };
        pyrope_status status = ns_place_at(context, place, deadline, &at, error);

        return status ? status : nameserver_connect(context, &at, deadline, ret, error);
}

/* Whether it answers a handshake. */
static pyrope_status try_place(pyrope_context *context, NsPlace *place, Deadline deadline,
                               Location *ret, pyrope_error **error)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        pyrope_status status = nameserver_open(context, place, deadline, &proxy, error);

        ns_place_mark(place, status == PYROPE_OK);
        if (status)
                return status;
        return proxy_at(proxy, ret) ? error_nomem(error) : PYROPE_OK;
}

/* A search among several: which are left for the second round, and what the others said. */
typedef struct Search Search;

struct Search {
        bool is_left[NS_PLACES_MAX];
        ErrorText reasons;
};

/* Asks place @i. One that does not answer in the first round is left for the second, so that it
 * costs those behind it no more than that. */
static pyrope_status ask_place(pyrope_context *context, size_t i, bool is_first, Deadline deadline,
                               Search *search, Location *ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        NsPlace *place = &context->nameservers.items[i];
        pyrope_status status;

        if (is_first)
                deadline = deadline_min(deadline, deadline_in(PATIENCE_MS));
        status = try_place(context, place, deadline, ret, &why);
        search->is_left[i] = is_first && status == PYROPE_E_TIMEOUT;
        if (status && !search->is_left[i])
                error_text_set(&search->reasons, "%s%s%s", search->reasons.text,
                               search->reasons.text[0] ? "; " : "", error_words(status, why));
        return status;
}

/* Those that did not answer a moment ago come last, and then have all the time. */
static pyrope_status find_answering(pyrope_context *context, Deadline deadline, Location *ret,
                                    Search *search)
{
        NsPlaces *places = &context->nameservers;
        pyrope_status status = PYROPE_E_NOT_FOUND;

        for (size_t i = 0; i < places->n; i++)
                search->is_left[i] = ns_place_is_silent(&places->items[i]);
        for (int round = 1; round <= 2; round++)
                for (size_t i = 0; i < places->n; i++) {
                        if (search->is_left[i] != (round == 2))
                                continue;
                        status = ask_place(context, i, round == 1, deadline, search, ret);
                        if (!status)
                                return PYROPE_OK;
                }
        return status;
}

pyrope_status nameserver_at(pyrope_context *context, Deadline deadline, Location *ret,
                            pyrope_error **error)
{
        Search search = { .reasons = { "" } };
        pyrope_status status;

        if (context->nameservers.n == 1)
                return ns_place_at(context, &context->nameservers.items[0], deadline, ret, error);
        status = find_answering(context, deadline, ret, &search);
        if (status)
                return error_set(error, status, "no nameserver answers: %s", search.reasons.text);
        if (search.reasons.text[0])
                log_debug("nameservers passed over: %s", search.reasons.text);
        return PYROPE_OK;
}

pyrope_status pyrope_where_nameserver(pyrope_context *context, char **ret, pyrope_error **error)
{
        if (!context || !ret)
                return error_null(error);

        CLEANUP(location_deinit) Location found = { 0 };
        NsPlaces *places = &context->nameservers;
        pyrope_status status;

        if (places->n == 1 && !location_is_given(&places->items[0].given)) {
                status = ns_place_at(context, &places->items[0], DEADLINE_NONE, &found, error);
                if (status)
                        return status;
                *ret = reach_label(&found);
        } else {
                *ret = ns_places_label(places);
        }
        return *ret ? PYROPE_OK : error_nomem(error);
}

char *nameserver_label(const pyrope_context *context)
{
        CLEANUP(freep) char *locations = NULL;
        const NsPlaces *places = &context->nameservers;
        char *label;
        int n;

        if (places->n == 1 && !location_is_given(&places->items[0].given))
                return strdup("the nameserver of this machine");
        locations = ns_places_label(places);
        if (!locations)
                return NULL;
        n = asprintf(&label, "nameserver%s %s", places->n > 1 ? "s" : "", locations);
        return n < 0 ? NULL : label;
}

/* The proxy of a context's nameserver, made when first needed; borrowed from @context. */
static pyrope_status nameserver_of(pyrope_context *context, Deadline deadline, pyrope_proxy **ret,
                                   pyrope_error **error)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *made = NULL;
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
        status = nameserver_connect(context, NULL, deadline, &made, error);
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
                return error_nomem(error);
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

        status = proxy_ask(nameserver, deadline, &answer, error, "lookup", "sb", name, 1);
        return status ? status : record_of(name, pyrope_value_view(answer), ret, error);
}

static pyrope_status resolve_by(pyrope_proxy *nameserver, const char *name, Deadline deadline,
                                pyrope_value **ret, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(freep) char *label = NULL;
        pyrope_status status;

        if (proxy_has_method(nameserver, "resolve"))
                status = proxy_ask(nameserver, deadline, ret, &why, "resolve", "s", name);
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
                      : proxy_ask(nameserver, deadline, ret, error, "yplookup", "v",
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
                return error_nomem(error);

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
                return error_nomem(error);

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
                return error_nomem(error);
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
                status = proxy_ask(nameserver, deadline, &names, error, "yplookup", "v",
                                   pyrope_value_view(tags));
        if (status)
                return status;
        name = any_name(pyrope_value_view(names));
        if (!name)
                return error_set(error, PYROPE_E_NOT_FOUND, "no object has the tags %s", text);
        return find_name(context, name, nameserver, deadline, ret, error);
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
                return target_copy(target, ret) ? error_nomem(error) : PYROPE_OK;
        case TARGET_NAMESERVER_ITSELF:
                status = nameserver_at(context, deadline, &itself.at, error);
                if (status)
                        return status;
                status = target_copy(&itself, ret) ? error_nomem(error) : PYROPE_OK;
                location_deinit(&itself.at);
                return status;
        case TARGET_NAME:
        case TARGET_TAGS:
                break;
        }

        if (location_is_given(&target->at))
                status = nameserver_connect(context, &target->at, deadline, &other, error);
        else
                status = nameserver_of(context, deadline, &nameserver, error);
        if (status)
                return status;
        return (target->kind == TARGET_NAME ? find_name : find_tags)(
                context, target->text, other ? other : nameserver, deadline, ret, error);
}
