/* SPDX-License-Identifier: MIT */

/* The way for foreign programs: a local URI of an object that is elsewhere. */

#include "client/context.h"
#include "client/forward.h"
#include "client/proxy.h"
#include "client/where.h"

#include <stdio.h>
#include <string.h>

struct pyrope_forward {
        Forward *forward; /* NULL for what is on this machine anyway */
        char *uri;
};

DEFINE_CLEANUP(pyrope_forward, pyrope_forward_free);

static pyrope_status set_uri(pyrope_forward *forward, const char *object, const Location *at,
                             pyrope_error **error)
{
        Uri uri = { .kind = URI_PYRO, .object = (char *)(uintptr_t)object, .location = *at };

        forward->uri = uri_format(&uri);
        return forward->uri ? PYROPE_OK : error_set(error, PYROPE_E_NOMEM, "out of memory");
}

pyrope_status pyrope_forward_new(pyrope_proxy *proxy, pyrope_forward **ret, pyrope_error **error)
{
        if (!proxy || !ret)
                return error_null(error);

        CLEANUP(pyrope_forward_freep) pyrope_forward *forward = calloc(1, sizeof(*forward));
        CLEANUP(location_deinit) Location at = { 0 };
        CLEANUP(freep) char *path = NULL;
        pyrope_context *context = proxy_context(proxy);
        pyrope_status status = PYROPE_OK;

        if (!forward || proxy_at(proxy, &at))
                return error_set(error, PYROPE_E_NOMEM, "out of memory");
        if (at.ssh) {
                status = where_new_socket(context, &path, error);
                if (!status)
                        status = forward_new(context->pool, &at, path, &forward->forward, error);
                if (!status)
                        status = set_uri(forward, proxy_object(proxy), &(Location){ .path = path },
                                         error);
        } else {
                status = set_uri(forward, proxy_object(proxy), &at, error);
        }
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
