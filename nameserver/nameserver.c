/* SPDX-License-Identifier: MIT */

#include "nameserver/nameserver.h"

#include "base/clock.h"
#include "base/log.h"
#include "nameserver/endpoint.h"
#include "nameserver/method.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What stock tools look for. */
#define OWN_TAG "class:Pyro5.nameserver.NameServer"

/* Those that change something wait for the disk. */
static const pyrope_method methods[] = {
        { "count", NULL, method_count, 0, "number of registered names, its own included" },
        { "list", "[prefix regex return_metadata]", method_list, 0,
          "names and their URIs, by prefix or regular expression" },
        { "lookup", "name [return_metadata]", method_lookup, 0, "URI of a name" },
        { "ping", NULL, method_ping, 0, "nothing, as a sign of life" },
        { "register", "name uri [safe metadata]", method_register, PYROPE_WAITS,
          "make a name stand for a URI" },
        { "register_endpoint", "name uri [zone ssh nathost natport safe metadata version ttl]",
          method_register_endpoint, PYROPE_WAITS, "add the way to an object from one zone" },
        { "remove", "[name prefix regex]", method_remove, PYROPE_WAITS,
          "forget a name, or those with a prefix or by a regular expression" },
        { "renew", "names", method_renew, 0, "let leases run anew; the names that have none" },
        { "resolve", "name", method_resolve, 0, "all that is known of a name" },
        { "set_metadata", "name metadata", method_set_metadata, PYROPE_WAITS,
          "replace the tags of a name" },
        { "watch", "[prefix meta_all meta_any since]", method_watch, 0,
          "what is there and what changes, by prefix or metadata, as an item stream" },
        { "yplookup", "[meta_all meta_any return_metadata]", method_yplookup, 0,
          "names and their URIs, by metadata tags" },
        { 0 },
};

const pyrope_class nameserver_class = {
        .name = "NameServer",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

/* After each change, in the thread that made it. */
static void on_news(const StoreNews *news, void *userdata)
{
        NameServer *nameserver = userdata;

        if (news->ttl_ms == 0)
                lease_table_drop(nameserver->leases, news->name);
        else if (lease_table_put(nameserver->leases, news, /* is_confirmed= */ true,
                                 clock_boottime_ms()))
                log_error("out of memory: a name stays beyond its lease until a restart");
        watch_log_append(nameserver->log, news);
}

/* What is in the database already. */
static int load(NameServer *nameserver, ErrorText *error)
{
        StoreReader *reader;
        int64_t version = 0;
        int r;

        r = store_readers_take(nameserver->readers, &reader, error);
        if (r)
                return r;
        r = lease_keeper_load(nameserver->leases, reader, error);
        if (r == 0)
                r = store_reader_version(reader, &version, error);
        store_readers_give(nameserver->readers, reader);
        if (r)
                return r;
        nameserver->log = watch_log_new(version);
        return nameserver->log ? 0 : error_origin(-ENOMEM);
}

int nameserver_start(NameServer *nameserver, ErrorText *error)
{
        int r;

        rules_init(&nameserver->rules);
        nameserver->leases = lease_table_new();
        if (!nameserver->leases)
                return error_origin(-ENOMEM);
        r = load(nameserver, error);
        if (r)
                return r;
        store_on_news(nameserver->store, on_news, nameserver);
        r = watch_ticker_new(nameserver->log, &nameserver->ticker);
        if (r == 0)
                r = lease_keeper_new(nameserver->leases, nameserver->store, &nameserver->keeper);
        if (r)
                error_text_set(error, "cannot start a thread: %s", strerror(-r));
        return r;
}

void nameserver_stop(NameServer *nameserver)
{
        nameserver->keeper = lease_keeper_free(nameserver->keeper);
        nameserver->ticker = watch_ticker_free(nameserver->ticker);
        nameserver->log = watch_log_free(nameserver->log);
        nameserver->leases = lease_table_free(nameserver->leases);
        rules_deinit(&nameserver->rules);
}

static bool is_as_it_should_be(const NameServer *nameserver, const StoreObject *object,
                               const char *uri)
{
        return strcmp(object->uri, uri) == 0 && object->n_endpoints == 1 &&
               strcmp(object->endpoints[0].zone, nameserver->zone) == 0;
}

/* 0 if the entry is there as it should be, STORE_E_NOT_FOUND if not. */
static int find_own(NameServer *nameserver, StoreText name, const char *uri, ErrorText *error)
{
        const StoreObject *object;
        StoreReader *reader;
        int r;

        r = store_readers_take(nameserver->readers, &reader, error);
        if (r)
                return r;
        r = store_reader_find(reader, name, STORE_WITH_ENDPOINTS, &object, error);
        if (r == 0 && !is_as_it_should_be(nameserver, object, uri))
                r = STORE_E_NOT_FOUND;
        store_readers_give(nameserver->readers, reader);
        return r;
}

int nameserver_announce(NameServer *nameserver, const char *uri, ErrorText *error)
{
        static const StoreText name = { NAMESERVER_OBJECT, sizeof(NAMESERVER_OBJECT) - 1 };
        static const StoreText tag = { OWN_TAG, sizeof(OWN_TAG) - 1 };
        CLEANUP(uri_deinit) Uri parsed = { 0 };
        const StoreTerms terms = { .uid = geteuid(), .is_administrator = true };
        StoreEndpoint endpoint;
        StoreObject object;
        int r;

        r = find_own(nameserver, name, uri, error);
        if (r != STORE_E_NOT_FOUND)
                return r;
        r = uri_parse(uri, &parsed);
        if (r)
                return error_fold(r);
        r = endpoint_init(&parsed.location, nameserver->zone, &endpoint);
        if (r)
                return error_fold(r);
        object = (StoreObject){
                .name = name,
                .object = NAMESERVER_OBJECT,
                .uri = uri,
                .tags = &tag,
                .n_tags = 1,
                .endpoints = &endpoint,
                .n_endpoints = 1,
        };
        return store_register(nameserver->store, &object, &terms, error);
}
