/* SPDX-License-Identifier: MIT */

/* The way for foreign programs: a place on this machine that leads to an object elsewhere. */

#include "base/log.h"
#include "client/context.h"
#include "client/forward.h"
#include "client/nameserver.h"
#include "client/proxy.h"
#include "client/where.h"

#include <stdio.h>
#include <string.h>

#define FIND_MS      10000 /* for the nameserver, from a connection to where it goes */
#define ASK_AGAIN_MS 5000  /* a nameserver that did not answer is left alone for so long */
#define TEXT_BYTES   1024u

struct pyrope_forward {
        pyrope_context *context; /* borrowed */
        Target target;           /* what is looked for at each connection */
        Target known;            /* where it was found last; the forward's thread's own */
        Deadline ask_again;      /* the same */
        pyrope_forward_options options;
        Forward *forward; /* NULL for what is on this machine anyway */
        char *uri;
};

DEFINE_CLEANUP(pyrope_forward, pyrope_forward_free);

/* -- where a connection goes ------------------------------------------------------------------- */

static void tell(const pyrope_forward *forward, const char *text)
{
        log_debug("%s", text);
        if (forward->options.on_problem)
                forward->options.on_problem(forward->options.userdata, text);
}

static void on_refused(void *userdata, pyrope_status status, const char *text)
{
        (void)status;
        tell(userdata, text);
}

/* A name may have been registered anew, and be another object by now. */
static void take_found(pyrope_forward *forward, Target *found)
{
        char text[TEXT_BYTES];

        if (strcmp(found->text, forward->known.text) != 0) {
                (void)snprintf(text, sizeof(text), "%s is the object %s now, and was %s",
                               forward->target.text, found->text, forward->known.text);
                tell(forward, text);
        }
        target_deinit(&forward->known);
        forward->known = *found;
}

/* Without a nameserver a name is where it was. */
static void go_on_without(pyrope_forward *forward, const pyrope_error *why)
{
        char text[TEXT_BYTES];

        forward->ask_again = deadline_in(ASK_AGAIN_MS);
        (void)snprintf(text, sizeof(text), "going to where %s was: %s", forward->target.text,
                       pyrope_error_text(why));
        tell(forward, text);
}

static pyrope_status find(void *userdata, Location *ret, pyrope_error **error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        pyrope_forward *forward = userdata;
        pyrope_status status;
        Target found;

        if (forward->target.kind != TARGET_OBJECT && deadline_passed(forward->ask_again)) {
                status = nameserver_find(forward->context, &forward->target, deadline_in(FIND_MS),
                                         &found, &why);
                if (status == PYROPE_E_NOT_FOUND)
                        return error_set(error, status, "%s", error_words(status, why));
                if (status)
                        go_on_without(forward, why);
                else
                        take_found(forward, &found);
        }
        return location_copy(&forward->known.at, ret) ? error_nomem(error) : PYROPE_OK;
}

static pyrope_status open_there(void *userdata, const Location *at, Deadline deadline, int *ret_fd,
                                pyrope_error **error)
{
        const pyrope_forward *forward = userdata;

        return context_open(forward->context, at, deadline, ret_fd, error);
}

/* -- the place --------------------------------------------------------------------------------- */

static pyrope_status start(pyrope_forward *forward, pyrope_error **error)
{
        const ForwardWay way = {
                .find = find, .open = open_there, .on_refused = on_refused, .userdata = forward
        };
        const pyrope_forward_options *options = &forward->options;
        CLEANUP(freep) char *own_path = NULL;
        ForwardPlace place = { .path = options->socket };
        pyrope_status status;

        if (options->nat_port) {
                place.port = options->nat_port == PYROPE_ANY_PORT ? 0 : (uint16_t)options->nat_port;
        } else if (!place.path) {
                status = where_new_socket(forward->context, &own_path, error);
                if (status)
                        return status;
                place.path = own_path;
        }
        return forward_new(forward->context->pool, &place, &way, &forward->forward, error);
}

/* @object: NULL for a location alone. */
static pyrope_status set_uri(pyrope_forward *forward, const char *object, const Location *at,
                             pyrope_error **error)
{
        Uri uri = { .kind = URI_PYRO, .object = (char *)(uintptr_t)object, .location = *at };

        forward->uri = object ? uri_format(&uri) : location_format(at);
        return forward->uri ? PYROPE_OK : error_nomem(error);
}

pyrope_status pyrope_forward_new(pyrope_proxy *proxy, pyrope_forward **ret, pyrope_error **error)
{
        if (!proxy || !ret)
                return error_null(error);

        CLEANUP(pyrope_forward_freep) pyrope_forward *forward = calloc(1, sizeof(*forward));
        pyrope_status status = PYROPE_OK;

        if (!forward)
                return error_nomem(error);
        forward->context = proxy_context(proxy);
        forward->known.text = strdup(proxy_object(proxy));
        if (!forward->known.text || proxy_at(proxy, &forward->known.at))
                return error_nomem(error);
        if (forward->known.at.ssh)
                status = start(forward, error);
        if (!status)
                status = set_uri(forward, forward->known.text,
                                 forward->forward ? forward_place(forward->forward)
                                                  : &forward->known.at,
                                 error);
        if (status)
                return status;

        *ret = TAKE(forward);
        return PYROPE_OK;
}

/* -- by what a person types -------------------------------------------------------------------- */

static pyrope_status check(const pyrope_forward_options *options, pyrope_error **error)
{
        if (options->nat_port < PYROPE_ANY_PORT || options->nat_port > UINT16_MAX)
                return error_set(error, PYROPE_E_INVALID, "port %d is not 1 to %d, nor any",
                                 options->nat_port, UINT16_MAX);
        if (options->socket && options->nat_port)
                return error_set(error, PYROPE_E_INVALID, "a socket and a port exclude each other");
        return PYROPE_OK;
}

/* What can be no name: a path, ssh://..., host:port. */
static bool looks_like_location(const char *text)
{
        const char *colon = strrchr(text, ':');

        if (text[0] == '/' || !strncmp(text, "./u:", 4) ||
            !strncmp(text, URI_SSH_SCHEME, strlen(URI_SSH_SCHEME)))
                return true;
        return colon && strchr(text, ':') == colon && colon[1] &&
               colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

static pyrope_status set_location(pyrope_forward *forward, const char *text, pyrope_error **error)
{
        Target *target = &forward->target;
        int r = location_parse(text, &target->at);

        if (r == URI_E_INVALID)
                return error_set(error, PYROPE_E_INVALID,
                                 "'%s' is no location: /path, host:port or ssh://host/./u:/path",
                                 text);
        target->kind = TARGET_OBJECT;
        target->text = r ? NULL : strdup(text);
        if (!target->text)
                return error_nomem(error);
        if (target->at.ssh && !target->at.path && !target->at.host)
                return error_set(error, PYROPE_E_INVALID,
                                 "%s names no socket there; for the nameserver there, give %s as "
                                 "the nameserver and " TARGET_NAMESERVER " as the name",
                                 text, text);
        return PYROPE_OK;
}

static pyrope_status set_object(pyrope_forward *forward, const char *text, pyrope_error **error)
{
        int r = target_parse(text, &forward->target);

        if (r < 0)
                return error_nomem(error);
        if (r)
                return error_set(error, PYROPE_E_INVALID, "'%s' is neither a name nor a URI", text);
        if (forward->target.kind == TARGET_TAGS)
                return error_set(error, PYROPE_E_INVALID,
                                 "%s: several objects may have these tags; give a name", text);
        return PYROPE_OK;
}

/* Finds the target, and tries once whether one can get there. */
static pyrope_status find_first(pyrope_forward *forward, Deadline deadline, pyrope_error **error)
{
        CLEANUP(closep) int fd = -1;
        pyrope_status status;

        status = nameserver_find(forward->context, &forward->target, deadline, &forward->known,
                                 error);
        return status ? status
                      : context_open(forward->context, &forward->known.at, deadline, &fd, error);
}

pyrope_status pyrope_forward_to(pyrope_context *context, const char *target,
                                const pyrope_forward_options *options, int64_t timeout_ms,
                                pyrope_forward **ret, pyrope_error **error)
{
        if (!context || !target || !ret)
                return error_null(error);

        CLEANUP(pyrope_forward_freep) pyrope_forward *forward = calloc(1, sizeof(*forward));
        CLEANUP(freep) char *object = NULL; /* what is known is the thread's, once it runs */
        bool is_location = looks_like_location(target);
        pyrope_status status;

        if (!forward)
                return error_nomem(error);
        forward->context = context;
        if (options)
                forward->options = *options;
        status = check(&forward->options, error);
        if (!status)
                status = (is_location ? set_location : set_object)(forward, target, error);
        if (!status)
                status = find_first(forward, context_deadline(context, timeout_ms), error);
        if (!status && !is_location && !(object = strdup(forward->known.text)))
                status = error_nomem(error);
        if (!status)
                status = start(forward, error);
        if (!status)
                status = set_uri(forward, object, forward_place(forward->forward), error);
        if (status)
                return status;

        *ret = TAKE(forward);
        return PYROPE_OK;
}

pyrope_forward *pyrope_forward_free(pyrope_forward *forward)
{
        if (!forward)
                return NULL;
        forward_free(forward->forward);
        target_deinit(&forward->target);
        target_deinit(&forward->known);
        free(forward->uri);
        free(forward);
        return NULL;
}

const char *pyrope_forward_uri(const pyrope_forward *forward)
{
        if (!forward)
                return NULL;
        return forward->uri;
}
