/* SPDX-License-Identifier: MIT */

/* The methods that change nothing. */

#include "nameserver/method.h"
#include "nameserver/network-tag.h"

int method_ping(UNUSED pyrope_call *call, UNUSED void *self)
{
        return 0;
}

int method_count(pyrope_call *call, void *self)
{
        CLEANUP(reading_deinit) Reading reading = { 0 };
        NameServer *nameserver = self;
        ErrorText error = { "" };
        size_t n = 0;
        int r;

        if (method_read(call, nameserver, &reading))
                return PYROPE_RAISED;
        r = store_reader_count(reading.reader, &n, &error);
        if (method_check_store(call, &nameserver->cannot_read, r, &error))
                return PYROPE_RAISED;
        pyrope_write_uint(pyrope_result(call), n);
        return 0;
}

/* The tags, and one more if it is not NULL. */
static void write_tags(pyrope_writer *writer, const StoreObject *object, const StoreText *more)
{
        pyrope_write_list(writer, object->n_tags + (more ? 1 : 0));
        for (size_t i = 0; i < object->n_tags; i++)
                pyrope_write_strn(writer, object->tags[i].at, object->tags[i].n);
        if (more)
                pyrope_write_strn(writer, more->at, more->n);
}

/* What goes with the tags that write_metadata() writes. */
#define WITH_METADATA (STORE_WITH_TAGS | STORE_WITH_NAT)

/* The tags, and that of MuPIF, for its clients look there for the address. */
static void write_metadata(pyrope_writer *writer, const StoreObject *object)
{
        const StoreEndpoint *endpoint = network_tag_untold(object);
        char network[NETWORK_TAG_SIZE];
        StoreText more = { .at = network };

        if (endpoint)
                more.n = network_tag_write(endpoint, network);
        write_tags(writer, object, endpoint ? &more : NULL);
}

/* Finds the object of a name or raises. */
static int find(pyrope_call *call, NameServer *nameserver, unsigned with, Reading *reading,
                const StoreObject **ret)
{
        ErrorText error = { "" };
        StoreText name;
        int r;

        r = method_name(call, 0, &name);
        if (r == 0)
                r = method_read(call, nameserver, reading);
        if (r)
                return r;
        r = store_reader_find(reading->reader, name, with, ret, &error);
        if (r == STORE_E_NOT_FOUND)
                return method_raise_name(call, "unknown name", name);
        return method_check_store(call, &nameserver->cannot_read, r, &error);
}

int method_lookup(pyrope_call *call, void *self)
{
        CLEANUP(reading_deinit) Reading reading = { 0 };
        pyrope_writer *writer = pyrope_result(call);
        /* By truth: PYRONAME in the stock client passes a float there. */
        bool with_tags = pyrope_truth(pyrope_argument(call, 1));
        const StoreObject *object;
        int r;

        r = find(call, self, with_tags ? WITH_METADATA : 0, &reading, &object);
        if (r)
                return r;
        if (with_tags)
                pyrope_write_list(writer, 2);
        pyrope_write_uri(writer, object->uri);
        if (with_tags)
                write_metadata(writer, object);
        return 0;
}

/* Writes {name: uri text} or {name: [uri text, [tags]]}. */
static int write_listing(pyrope_call *call, void *self, const StoreQuery *query, bool with_tags)
{
        CLEANUP(reading_deinit) Reading reading = { 0 };
        NameServer *nameserver = self;
        pyrope_writer *writer = pyrope_result(call);
        const StoreObject *object;
        ErrorText error = { "" };
        size_t n = 0;
        int r;

        if (method_read(call, nameserver, &reading))
                return PYROPE_RAISED;
        r = store_reader_begin(reading.reader, query, with_tags ? WITH_METADATA : 0, &n, &error);
        if (method_check_store(call, &nameserver->cannot_read, r, &error))
                return PYROPE_RAISED;
        pyrope_write_map(writer, n);
        while ((r = store_reader_next(reading.reader, &object, &error)) == 0) {
                pyrope_write_strn(writer, object->name.at, object->name.n);
                if (with_tags)
                        pyrope_write_list(writer, 2);
                pyrope_write_str(writer, object->uri);
                if (with_tags)
                        write_metadata(writer, object);
        }
        return r == STORE_E_NOT_FOUND
                       ? 0
                       : method_check_store(call, &nameserver->cannot_read, r, &error);
}

int method_list(pyrope_call *call, void *self)
{
        CLEANUP(search_deinit) Search search = { .query = { .kind = STORE_ALL } };
        pyrope_view prefix = pyrope_argument(call, 0);
        pyrope_view regex = pyrope_argument(call, 1);
        int r = 0;

        if (pyrope_truth(prefix) && pyrope_truth(regex))
                return pyrope_raise(call, "ValueError",
                                    "you can only filter on one thing at a time");
        if (pyrope_truth(prefix) || pyrope_truth(regex))
                r = method_search(call, prefix, regex, &search);
        if (r)
                return r;
        return write_listing(call, self, &search.query, pyrope_truth(pyrope_argument(call, 2)));
}

int method_yplookup(pyrope_call *call, void *self)
{
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };
        bool all = pyrope_truth(pyrope_argument(call, 0));
        bool any = pyrope_truth(pyrope_argument(call, 1));
        pyrope_view return_metadata = pyrope_argument(call, 2);
        StoreQuery query;
        int r;

        if (all && any)
                return pyrope_raise(call, "ValueError",
                                    "you can't use meta_all or meta_any at the same time");
        if (!all && !any) {
                pyrope_write_map(pyrope_result(call), 0);
                return 0;
        }
        r = method_tags(call, all ? 0 : 1, all ? "metadata_all" : "metadata_any", &tags);
        if (r)
                return r;
        query = (StoreQuery){ .kind = all ? STORE_ALL_TAGS : STORE_ANY_TAG,
                              .tags = tags.items,
                              .n_tags = tags.n };
        /* Here metadata are what one gets without asking. */
        return write_listing(call, self, &query,
                             pyrope_type_of(return_metadata) == PYROPE_ABSENT ||
                                     pyrope_truth(return_metadata));
}

static void write_text(pyrope_writer *writer, const char *key, const char *text)
{
        pyrope_write_str(writer, key);
        if (text)
                pyrope_write_str(writer, text);
        else
                pyrope_write_nil(writer);
}

static void write_port(pyrope_writer *writer, const char *key, uint16_t port)
{
        pyrope_write_str(writer, key);
        if (port)
                pyrope_write_uint(writer, port);
        else
                pyrope_write_nil(writer);
}

static void write_endpoint(pyrope_writer *writer, const StoreEndpoint *endpoint)
{
        pyrope_write_map(writer, 7);
        write_text(writer, "zone", endpoint->zone);
        write_text(writer, "unix", endpoint->path);
        write_text(writer, "host", endpoint->host);
        write_port(writer, "port", endpoint->port);
        write_text(writer, "nathost", endpoint->nathost);
        write_port(writer, "natport", endpoint->natport);
        write_text(writer, "ssh", endpoint->ssh);
}

/* The term in seconds, and whether somebody has said since the start that the name is still good.
 */
static void write_lease(pyrope_writer *writer, LeaseTable *leases, const StoreObject *object)
{
        bool is_confirmed = false;
        bool has_lease = lease_table_find(leases, object->name, &is_confirmed) == 0;

        pyrope_write_str(writer, "ttl");
        if (has_lease)
                pyrope_write_int(writer, object->ttl_ms / 1000);
        else
                pyrope_write_nil(writer);
        pyrope_write_str(writer, "confirmed");
        if (has_lease)
                pyrope_write_bool(writer, is_confirmed);
        else
                pyrope_write_nil(writer);
}

static void write_object(pyrope_writer *writer, LeaseTable *leases, const StoreObject *object)
{
        pyrope_write_map(writer, 9);
        pyrope_write_str(writer, "name");
        pyrope_write_strn(writer, object->name.at, object->name.n);
        write_text(writer, "object", object->object[0] ? object->object : NULL);
        write_text(writer, "uri", object->uri);
        pyrope_write_str(writer, "metadata");
        write_tags(writer, object, NULL);
        pyrope_write_str(writer, "endpoints");
        pyrope_write_list(writer, object->n_endpoints);
        for (size_t i = 0; i < object->n_endpoints; i++)
                write_endpoint(writer, &object->endpoints[i]);
        pyrope_write_str(writer, "owner");
        pyrope_write_uint(writer, object->owner);
        pyrope_write_str(writer, "version");
        pyrope_write_int(writer, object->version);
        write_lease(writer, leases, object);
}

int method_resolve(pyrope_call *call, void *self)
{
        CLEANUP(reading_deinit) Reading reading = { 0 };
        NameServer *nameserver = self;
        const StoreObject *object;
        int r;

        r = find(call, nameserver, STORE_WITH_TAGS | STORE_WITH_ENDPOINTS, &reading, &object);
        if (r)
                return r;
        write_object(pyrope_result(call), nameserver->leases, object);
        return 0;
}
