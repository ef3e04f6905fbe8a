/* SPDX-License-Identifier: MIT */

#include "nameserver/argument.h"

#include "base/buffer.h"
#include "nameserver/endpoint.h"
#include "nameserver/lease.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

bool argument_is_given(pyrope_view item)
{
        return pyrope_type_of(item) > PYROPE_NIL;
}

static const char *type_name(pyrope_view item)
{
        return pyrope_type_name(pyrope_type_of(item));
}

int argument_name(pyrope_view item, StoreText *ret, ErrorText *error)
{
        StoreText name;

        if (pyrope_get_str(item, &name.at, &name.n) != PYROPE_OK) {
                error_text_set(error, "name must be a str");
                return ARGUMENT_E_TYPE;
        }
        if (name.n > STORE_NAME_MAX_BYTES) {
                error_text_set(error, "a name has at most %u bytes, this one has %zu",
                               STORE_NAME_MAX_BYTES, name.n);
                return ARGUMENT_E_VALUE;
        }
        *ret = name;
        return 0;
}

/* -- metadata --------------------------------------------------------------------------------- */

static int get_tag(pyrope_view item, const char *parameter, StoreText *ret, ErrorText *error)
{
        if (pyrope_get_str(item, &ret->at, &ret->n) != PYROPE_OK) {
                error_text_set(error, "%s should hold str, not %s", parameter, type_name(item));
                return ARGUMENT_E_TYPE;
        }
        if (ret->n > STORE_NAME_MAX_BYTES) {
                error_text_set(error, "%s should hold tags of at most %u bytes, one has %zu",
                               parameter, STORE_NAME_MAX_BYTES, ret->n);
                return ARGUMENT_E_VALUE;
        }
        return 0;
}

/* A dict is iterated over by its keys. */
static int get_tags(pyrope_view item, const char *parameter, ArgumentTags *ret, ErrorText *error)
{
        bool is_map = pyrope_type_of(item) == PYROPE_MAP;
        pyrope_view value;
        pyrope_view key;
        int r = 0;

        for (pyrope_iter it = pyrope_each(item); r == 0 && pyrope_next(&it, &key, &value);)
                r = get_tag(is_map ? key : value, parameter, &ret->items[ret->n++], error);
        return r;
}

static int check_iterable(pyrope_view item, const char *parameter, ErrorText *error)
{
        switch (pyrope_type_of(item)) {
        case PYROPE_LIST:
        case PYROPE_MAP:
                break;
        case PYROPE_STR:
                error_text_set(error,
                               "%s should not be a str, but another iterable (set, list, etc)",
                               parameter);
                return ARGUMENT_E_TYPE;
        case PYROPE_BYTES:
                error_text_set(error, "%s should hold str, not int", parameter);
                return ARGUMENT_E_TYPE;
        default:
                error_text_set(error, "'%s' object is not iterable", type_name(item));
                return ARGUMENT_E_TYPE;
        }
        if (pyrope_count(item) > STORE_TAGS_MAX) {
                error_text_set(error, "%s should hold at most %u tags, not %zu", parameter,
                               STORE_TAGS_MAX, pyrope_count(item));
                return ARGUMENT_E_VALUE;
        }
        return 0;
}

int argument_tags(pyrope_view item, const char *parameter, ArgumentTags *ret, ErrorText *error)
{
        CLEANUP(argument_tags_deinit) ArgumentTags tags = { 0 };
        int r;

        if (!argument_is_given(item)) {
                *ret = (ArgumentTags){ 0 };
                return 0;
        }
        r = check_iterable(item, parameter, error);
        if (r)
                return r;
        /* One more, for calloc() may give NULL for none. */
        tags.items = calloc(pyrope_count(item) + 1, sizeof(*tags.items));
        if (!tags.items)
                return error_origin(-ENOMEM);
        r = get_tags(item, parameter, &tags, error);
        if (r)
                return r;
        *ret = (ArgumentTags){ .items = TAKE(tags.items), .n = tags.n };
        return 0;
}

void argument_tags_deinit(ArgumentTags *tags)
{
        free(tags->items);
        *tags = (ArgumentTags){ 0 };
}

/* -- URIs ------------------------------------------------------------------------------------- */

static int refuse_uri(ErrorText *error)
{
        error_text_set(error, "invalid uri");
        return ARGUMENT_E_URI;
}

/* Appends a str; one with NUL would end early for whoever reads it in C. */
static int append_str(Buffer *text, pyrope_view item, ErrorText *error)
{
        const char *at;
        size_t n;

        if (pyrope_get_str(item, &at, &n) != PYROPE_OK || memchr(at, '\0', n))
                return refuse_uri(error);
        return buffer_append(text, at, n);
}

static int append_text(Buffer *text, const char *constant)
{
        return buffer_append(text, constant, strlen(constant));
}

/* The object of PYROMETA is a set of tags, which travels as a list. */
static int append_object(Buffer *text, pyrope_view object, ErrorText *error)
{
        pyrope_view tag;
        int n = 0;
        int r = 0;

        if (pyrope_type_of(object) != PYROPE_LIST)
                return append_str(text, object, error);
        for (pyrope_iter it = pyrope_each(object); r == 0 && pyrope_next(&it, NULL, &tag);) {
                if (n++)
                        r = append_text(text, ",");
                if (r == 0)
                        r = append_str(text, tag, error);
        }
        return r;
}

static int append_port(Buffer *text, pyrope_view item, ErrorText *error)
{
        int64_t port;

        if (pyrope_get_int(item, &port) != PYROPE_OK)
                return refuse_uri(error);
        return buffer_append_printf(text, ":%lld", (long long)port);
}

static int append_host(Buffer *text, pyrope_view host, pyrope_view port, ErrorText *error)
{
        const char *at;
        size_t n;
        bool is_v6;
        int r;

        if (pyrope_get_str(host, &at, &n) != PYROPE_OK)
                return refuse_uri(error);
        is_v6 = memchr(at, ':', n);
        r = append_text(text, is_v6 ? "@[" : "@");
        if (r == 0)
                r = append_str(text, host, error);
        if (r == 0 && is_v6)
                r = append_text(text, "]");
        return r ? r : append_port(text, port, error);
}

/* state: [protocol, object, sockname, host, port], as Pyro5.core.URI has it. */
static int append_state(Buffer *text, pyrope_view state, ErrorText *error)
{
        pyrope_view sockname = pyrope_at(state, 2);
        pyrope_view host = pyrope_at(state, 3);
        int r;

        if (pyrope_count(state) != 5)
                return refuse_uri(error);
        r = append_str(text, pyrope_at(state, 0), error);
        if (r == 0)
                r = append_text(text, ":");
        if (r == 0)
                r = append_object(text, pyrope_at(state, 1), error);
        if (r == 0 && argument_is_given(sockname))
                r = append_text(text, "@./u:");
        if (r == 0 && argument_is_given(sockname))
                return append_str(text, sockname, error);
        if (r == 0 && argument_is_given(host))
                r = append_host(text, host, pyrope_at(state, 4), error);
        return r;
}

static int parse_uri(const char *text, Uri *ret, ErrorText *error)
{
        CLEANUP(uri_deinit) Uri uri = { 0 };
        int r;

        r = uri_parse(text, &uri);
        if (r)
                return r < 0 ? r : refuse_uri(error);
        /* The way there has an argument of its own; stock clients know no such location. */
        if (uri.location.ssh)
                return refuse_uri(error);
        *ret = uri;
        uri = (Uri){ 0 };
        return 0;
}

int argument_uri(pyrope_view item, Uri *ret, ErrorText *error)
{
        CLEANUP(buffer_deinit) Buffer text = BUFFER_INIT(URI_TEXT_MAX_BYTES + 1);
        int r;

        if (pyrope_type_of(item) == PYROPE_STR) {
                r = append_str(&text, item, error);
        } else if (pyrope_str_equals(pyrope_find(item, "__class__"), "Pyro5.core.URI")) {
                r = append_state(&text, pyrope_find(item, "state"), error);
        } else {
                error_text_set(error, "only URIs or strings can be registered");
                return ARGUMENT_E_TYPE;
        }
        if (r == 0)
                r = buffer_append(&text, "", 1); /* its end, for C */
        if (r == -EMSGSIZE)
                return refuse_uri(error);
        return r ? r : parse_uri((const char *)text.data, ret, error);
}

/* -- endpoints -------------------------------------------------------------------------------- */

/* Copies a str for C; what is too long for its place is of the wrong form anyway. */
static int get_text(pyrope_view item, const char *parameter, char *ret, size_t n_ret,
                    ErrorText *error)
{
        const char *at;
        size_t n;

        if (pyrope_get_str(item, &at, &n) != PYROPE_OK) {
                error_text_set(error, "%s should be a str, not %s", parameter, type_name(item));
                return ARGUMENT_E_TYPE;
        }
        if (n >= n_ret || memchr(at, '\0', n)) {
                error_text_set(error, "%s of %zu bytes is too long, or holds NUL", parameter, n);
                return ARGUMENT_E_VALUE;
        }
        memcpy(ret, at, n);
        ret[n] = '\0';
        return 0;
}

static int set_zone(pyrope_view item, ArgumentEndpoint *ret, ErrorText *error)
{
        int r;

        if (!argument_is_given(item))
                return 0;
        r = get_text(item, "zone", ret->zone, sizeof(ret->zone), error);
        if (r)
                return r;
        if (!zone_is_valid(ret->zone)) {
                error_text_set(error, "zone '%s' is not 1 to %u letters, digits, '.', '_' and '-'",
                               ret->zone, ZONE_SIZE - 1);
                return ARGUMENT_E_VALUE;
        }
        ret->endpoint.zone = ret->zone;
        return 0;
}

static int set_ssh(pyrope_view item, ArgumentEndpoint *ret, ErrorText *error)
{
        int r;

        if (!argument_is_given(item))
                return 0;
        r = get_text(item, "ssh", ret->ssh, sizeof(ret->ssh), error);
        if (r)
                return r;
        if (!uri_is_ssh_way(ret->ssh)) {
                error_text_set(error,
                               "ssh is not [user@]host[:port], nor up to %u of these with ',' "
                               "between them: '%s'",
                               URI_SSH_HOPS_MAX, ret->ssh);
                return ARGUMENT_E_VALUE;
        }
        ret->endpoint.ssh = ret->ssh;
        return 0;
}

/* As in Pyro5, a NAT host without a port stands for the same port. */
static int set_natport(pyrope_view item, ArgumentEndpoint *ret, ErrorText *error)
{
        int64_t port = ret->endpoint.port;

        if (argument_is_given(item) && pyrope_get_int(item, &port) != PYROPE_OK) {
                error_text_set(error, "natport should be an int, not %s", type_name(item));
                return ARGUMENT_E_TYPE;
        }
        if (port < 1 || port > UINT16_MAX) {
                error_text_set(error, "natport should be 1 to %u, not %lld", UINT16_MAX,
                               (long long)port);
                return ARGUMENT_E_VALUE;
        }
        ret->endpoint.natport = (uint16_t)port;
        return 0;
}

static int set_nat(const ArgumentWay *way, ArgumentEndpoint *ret, ErrorText *error)
{
        int r;

        if (!argument_is_given(way->nathost)) {
                if (!argument_is_given(way->natport))
                        return 0;
                error_text_set(error, "natport without nathost");
                return ARGUMENT_E_VALUE;
        }
        r = get_text(way->nathost, "nathost", ret->nathost, sizeof(ret->nathost), error);
        if (r)
                return r;
        if (!uri_is_host(ret->nathost) || endpoint_is_wildcard(ret->nathost)) {
                error_text_set(error, "nathost '%s' is no host that one could go to", ret->nathost);
                return ARGUMENT_E_VALUE;
        }
        ret->endpoint.nathost = ret->nathost;
        return set_natport(way->natport, ret, error);
}

int argument_endpoint(const ArgumentWay *way, const Uri *uri, const char *own_zone,
                      ArgumentEndpoint *ret, ErrorText *error)
{
        int r;

        if (uri->kind != URI_PYRO || (uri->location.path && uri->location.path[0] != '/')) {
                error_text_set(error, "an endpoint is PYRO:object@host:port, or "
                                      "PYRO:object@./u:/path with an absolute path");
                return ARGUMENT_E_VALUE;
        }
        if (endpoint_init(&uri->location, own_zone, &ret->endpoint)) {
                error_text_set(error, "%s is an address to listen on, not to go to",
                               uri->location.host);
                return ARGUMENT_E_VALUE;
        }
        r = set_zone(way->zone, ret, error);
        if (r == 0)
                r = set_ssh(way->ssh, ret, error);
        return r ? r : set_nat(way, ret, error);
}

/* -- numbers ---------------------------------------------------------------------------------- */

/* An int from 1 up; 0 where there is none. */
static int get_number(pyrope_view item, const char *parameter, int64_t max, int64_t *ret,
                      ErrorText *error)
{
        int64_t number = 0;

        if (argument_is_given(item) && pyrope_get_int(item, &number) != PYROPE_OK) {
                error_text_set(error, "%s should be an int, not %s", parameter, type_name(item));
                return ARGUMENT_E_TYPE;
        }
        if (argument_is_given(item) && (number < 1 || number > max)) {
                error_text_set(error, "%s should be 1 to %lld, not %lld", parameter, (long long)max,
                               (long long)number);
                return ARGUMENT_E_VALUE;
        }
        *ret = number;
        return 0;
}

int argument_version(pyrope_view item, const char *parameter, int64_t *ret, ErrorText *error)
{
        return get_number(item, parameter, INT64_MAX, ret, error);
}

int argument_ttl(pyrope_view item, int64_t *ret_ms, ErrorText *error)
{
        int64_t ttl_s = 0;
        int r;

        r = get_number(item, "ttl", LEASE_TTL_MAX_S, &ttl_s, error);
        if (r)
                return r;
        *ret_ms = ttl_s * 1000;
        return 0;
}
