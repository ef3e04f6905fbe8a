/* SPDX-License-Identifier: MIT */

/* The methods that change something; when they answer, it is on the disk. */

#include "base/log.h"
#include "nameserver/endpoint.h"
#include "nameserver/method.h"
#include "nameserver/network-tag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* After store_register(), store_register_endpoint() and store_set_tags(). */
static int check_change(pyrope_call *call, NameServer *nameserver, StoreText name, int r,
                        const ErrorText *error)
{
        switch (r) {
        case STORE_E_EXISTS:
                return method_raise_name(call, "name already registered", name);
        case STORE_E_NOT_FOUND:
                return method_raise_name(call, "unknown name", name);
        case STORE_E_DENIED:
                return method_raise_name(call, "name belongs to another user", name);
        case STORE_E_CHANGED:
                return method_raise_name(call, "name is of another version", name);
        case STORE_E_QUOTA:
                return method_raise_name(call, "you have no room for more names, or longer ones",
                                         name);
        default:
                return method_check_store(call, &nameserver->cannot_write, r, error);
        }
}

/* As for any change by this caller. */
static StoreTerms terms_of(pyrope_call *call, NameServer *nameserver)
{
        return rules_terms(&nameserver->rules, pyrope_call_uid(call));
}

/* What register() and register_endpoint() are told. */
typedef struct Arguments Arguments;

struct Arguments {
        StoreText name;
        Uri uri;
        ArgumentTags tags;
        StoreTerms terms;
};

static void arguments_deinit(Arguments *arguments)
{
        uri_deinit(&arguments->uri);
        argument_tags_deinit(&arguments->tags);
}

/* Name and URI come first in both methods; raises what is wrong in the order that Pyro5 does. */
static int get_arguments(pyrope_call *call, NameServer *nameserver, size_t at_safe,
                         size_t at_metadata, Arguments *ret)
{
        int r;

        r = method_uri(call, 1, &ret->uri);
        if (r == 0)
                r = method_name(call, 0, &ret->name);
        if (r == 0)
                r = method_tags(call, at_metadata, "metadata", &ret->tags);
        if (r)
                return r;
        /* The nameserver's own entry is what clients find it by. */
        if (method_is_own_name(ret->name))
                return method_raise_name(call, "name is reserved", ret->name);
        ret->terms = terms_of(call, nameserver);
        ret->terms.safe = pyrope_truth(pyrope_argument(call, at_safe));
        return 0;
}

/* Whether the caller has said that it is in another zone than we are. */
static bool is_elsewhere(pyrope_call *call, const NameServer *nameserver)
{
        const void *zone;
        size_t n;

        return pyrope_call_annotation(call, NAMESERVER_ZONE, &zone, &n) &&
               (n != strlen(nameserver->zone) || memcmp(zone, nameserver->zone, n) != 0);
}

/*
 * A socket or a loopback address is a place of the caller's computer. One that says it is elsewhere
 * must tell the way; one that says nothing, as stock clients do, is told in which zone we take it
 * to be.
 */
static int check_place(pyrope_call *call, const NameServer *nameserver, const Uri *uri,
                       bool has_way)
{
        if (has_way || uri->kind != URI_PYRO || !endpoint_is_local(&uri->location))
                return 0;
        if (is_elsewhere(call, nameserver))
                return pyrope_raise(call, "ValueError",
                                    "this place means something on your computer only, and you "
                                    "are not in zone '%s': give the zone, or an ssh host, by "
                                    "register_endpoint()",
                                    nameserver->zone);
        if (pyrope_annotate(call, NAMESERVER_ZONE, nameserver->zone, strlen(nameserver->zone)))
                return pyrope_raise(call, "MemoryError", "%s", strerror(ENOMEM));
        return 0;
}

static StoreObject object_of(const Arguments *arguments)
{
        return (StoreObject){
                .name = arguments->name,
                .object = "", /* PYRONAME and PYROMETA stand for whatever is found */
                .tags = arguments->tags.items,
                .n_tags = arguments->tags.n,
        };
}

int method_register(pyrope_call *call, void *self)
{
        CLEANUP(arguments_deinit) Arguments arguments = { 0 };
        CLEANUP(freep) char *uri = NULL;
        NameServer *nameserver = self;
        ErrorText error = { "" };
        StoreEndpoint endpoint;
        StoreObject object;
        NetworkTag network;
        int r;

        r = get_arguments(call, nameserver, /* at_safe= */ 2, /* at_metadata= */ 3, &arguments);
        if (r == 0)
                r = check_place(call, nameserver, &arguments.uri, /* has_way= */ false);
        if (r)
                return r;
        uri = uri_format(&arguments.uri);
        if (!uri)
                return method_check_store(call, &nameserver->cannot_write, -ENOMEM, &error);
        object = object_of(&arguments);
        object.uri = uri;
        if (arguments.uri.kind == URI_PYRO) {
                if (endpoint_init(&arguments.uri.location, nameserver->zone, &endpoint))
                        return pyrope_raise(call, "Pyro5.errors.PyroError",
                                            "invalid uri (%s is an address to listen on)",
                                            arguments.uri.location.host);
                if (network_tag_find(object.tags, object.n_tags, &network) == 0)
                        network_tag_apply(&network, &endpoint);
                object.object = arguments.uri.object;
                object.endpoints = &endpoint;
                object.n_endpoints = 1;
        }
        r = store_register(nameserver->store, &object, &arguments.terms, &error);
        return check_change(call, nameserver, arguments.name, r, &error);
}

int method_register_endpoint(pyrope_call *call, void *self)
{
        CLEANUP(arguments_deinit) Arguments arguments = { 0 };
        ArgumentWay way = {
                .zone = pyrope_argument(call, 2),
                .ssh = pyrope_argument(call, 3),
                .nathost = pyrope_argument(call, 4),
                .natport = pyrope_argument(call, 5),
        };
        NameServer *nameserver = self;
        ErrorText error = { "" };
        ArgumentEndpoint endpoint;
        int64_t ttl_ms = 0;
        StoreObject object;
        int r;

        r = get_arguments(call, nameserver, /* at_safe= */ 6, /* at_metadata= */ 7, &arguments);
        if (r == 0)
                r = check_place(call, nameserver, &arguments.uri,
                                argument_is_given(way.zone) || argument_is_given(way.ssh));
        if (r)
                return r;
        r = argument_endpoint(&way, &arguments.uri, nameserver->zone, &endpoint, &error);
        if (r == 0)
                r = argument_version(pyrope_argument(call, 8), "version", &arguments.terms.version,
                                     &error);
        if (r == 0)
                r = argument_ttl(pyrope_argument(call, 9), &ttl_ms, &error);
        if (r)
                return method_raise_argument(call, r, &error);
        object = object_of(&arguments);
        object.object = arguments.uri.object;
        object.endpoints = &endpoint.endpoint;
        object.n_endpoints = 1;
        object.ttl_ms = ttl_ms;
        arguments.terms.keep_tags = !argument_is_given(pyrope_argument(call, 7));
        r = store_register_endpoint(nameserver->store, &object, &arguments.terms, &error);
        if (r == 0)
                method_hold_lease(call, nameserver, arguments.name);
        return check_change(call, nameserver, arguments.name, r, &error);
}

int method_set_metadata(pyrope_call *call, void *self)
{
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };
        NameServer *nameserver = self;
        const StoreTerms terms = terms_of(call, nameserver);
        ErrorText error = { "" };
        StoreText name;
        int r;

        r = method_name(call, 0, &name);
        if (r == 0)
                r = method_tags(call, 1, "metadata", &tags);
        if (r)
                return r;
        r = store_set_tags(nameserver->store, name, tags.items, tags.n, &terms, &error);
        return check_change(call, nameserver, name, r, &error);
}

/* The first filter that is true counts; @ret_any tells whether there is one. */
static int get_removal(pyrope_call *call, Search *ret, bool *ret_any)
{
        pyrope_view name = pyrope_argument(call, 0);
        pyrope_view prefix = pyrope_argument(call, 1);
        pyrope_view regex = pyrope_argument(call, 2);
        StoreText text;
        int r;

        *ret_any = true;
        if (pyrope_truth(name) && !pyrope_str_equals(name, NAMESERVER_OBJECT)) {
                r = method_name(call, 0, &text);
                if (r == 0)
                        ret->query = (StoreQuery){ .kind = STORE_NAME, .text = text };
                return r;
        }
        if (pyrope_truth(prefix) || pyrope_truth(regex))
                return method_search(call, prefix, regex, ret);
        *ret_any = false;
        return 0;
}

/* Of several names those of others stay; that is an error only where none could be removed. */
static int tell_left(pyrope_call *call, const StoreQuery *query, size_t n, size_t n_left)
{
        char text[24];

        if (query->kind == STORE_NAME)
                return method_raise_name(call, "name belongs to another user", query->text);
        /* No log of that: whoever wants to fill it could go on for ever. */
        if (n == 0)
                return pyrope_raise(call, "Pyro5.errors.NamingError",
                                    "nothing was removed: %zu names belong to other users", n_left);
        log_info("user %u removes %zu names; %zu stay, for they are others'",
                 (unsigned)pyrope_call_uid(call), n, n_left);
        (void)snprintf(text, sizeof(text), "%zu", n_left); /* 20 digits at most */
        if (pyrope_annotate(call, NAMESERVER_LEFT, text, strlen(text)))
                return pyrope_raise(call, "MemoryError", "%s", strerror(ENOMEM));
        return 0;
}

static int remove_found(pyrope_call *call, NameServer *nameserver, const StoreQuery *query,
                        size_t *ret_n)
{
        static const StoreText own = { NAMESERVER_OBJECT, sizeof(NAMESERVER_OBJECT) - 1 };
        CLEANUP(reading_deinit) Reading reading = { 0 };
        const StoreTerms terms = terms_of(call, nameserver);
        ErrorText error = { "" };
        size_t n_left = 0;
        int r;

        if (query->kind != STORE_NAME && method_read(call, nameserver, &reading))
                return PYROPE_RAISED;
        r = store_remove(nameserver->store, reading.reader, query, own, &terms, ret_n, &n_left,
                         &error);
        r = method_check_store(call, &nameserver->cannot_write, r, &error);
        if (r)
                return r;
        return n_left > 0 ? tell_left(call, query, *ret_n, n_left) : 0;
}

int method_remove(pyrope_call *call, void *self)
{
        CLEANUP(search_deinit) Search search = { 0 };
        bool any = false;
        size_t n = 0;
        int r;

        r = get_removal(call, &search, &any);
        if (r == 0 && any)
                r = remove_found(call, self, &search.query, &n);
        if (r)
                return r;
        pyrope_write_uint(pyrope_result(call), n);
        return 0;
}
