/* SPDX-License-Identifier: MIT */

#include "client/target.h"

#include "client/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const schemes[] = { "PYRO:", "PYRONAME:", "PYROMETA:" };

static bool is_uri(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
                        return true;
        return false;
}

static int target_name(const char *text, Target *ret)
{
        char *name = strdup(text);

        if (!name)
                return -ENOMEM;
        *ret = (Target){ .kind = strcmp(text, TARGET_NAMESERVER) == 0 ? TARGET_NAMESERVER_ITSELF
                                                                      : TARGET_NAME,
                         .text = name };
        return 0;
}

static TargetKind kind_of(const Uri *uri)
{
        switch (uri->kind) {
        case URI_PYRO:
                return TARGET_OBJECT;
        case URI_PYROMETA:
                return TARGET_TAGS;
        case URI_PYRONAME:
                break;
        }
        return TARGET_NAME;
}

int target_parse(const char *text, Target *ret)
{
        Uri uri;
        int r;

        if (!is_uri(text))
                return *text ? target_name(text, ret) : TARGET_E_INVALID;

        r = uri_parse(text, &uri);
        if (r)
                return r == URI_E_INVALID ? TARGET_E_INVALID : r;

        /* The members change hands. */
        *ret = (Target){ .kind = kind_of(&uri), .text = uri.object, .at = uri.location };
        return 0;
}

int target_copy(const Target *from, Target *ret)
{
        CLEANUP(target_deinit) Target copy = { .kind = from->kind, .text = strdup(from->text) };

        if (!copy.text || location_copy(&from->at, &copy.at))
                return -ENOMEM;
        *ret = copy;
        copy = (Target){ 0 };
        return 0;
}

void target_deinit(Target *target)
{
        free(target->text);
        location_deinit(&target->at);
        *target = (Target){ 0 };
}

/* -- told by a daemon ------------------------------------------------------------------------- */

static int copy_str(pyrope_view item, char **ret)
{
        const char *text;
        size_t n;

        if (pyrope_get_str(item, &text, &n) != PYROPE_OK || memchr(text, 0, n))
                return TARGET_E_TYPE;
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}

/* {"__class__": "Pyro5.core.URI", "state": [protocol, object, sockname, host, port]} as text. */
static int uri_of_state(pyrope_view state, char **ret)
{
        CLEANUP(freep) char *object = NULL, *path = NULL, *host = NULL;
        int64_t port = 0;
        int n, r;

        if (!pyrope_str_equals(pyrope_at(state, 0), "PYRO"))
                return TARGET_E_TYPE;
        r = copy_str(pyrope_at(state, 1), &object);
        if (r)
                return r;
        if (copy_str(pyrope_at(state, 2), &path) == 0) {
                n = asprintf(ret, "PYRO:%s@./u:%s", object, path);
                return n < 0 ? -ENOMEM : 0;
        }
        r = copy_str(pyrope_at(state, 3), &host);
        if (r)
                return r;
        if (pyrope_get_int(pyrope_at(state, 4), &port) != PYROPE_OK)
                return TARGET_E_TYPE;
        n = asprintf(ret, strchr(host, ':') ? "PYRO:%s@[%s]:%lld" : "PYRO:%s@%s:%lld", object, host,
                     (long long)port);
        return n < 0 ? -ENOMEM : 0;
}

int target_uri_text(pyrope_view item, char **ret)
{
        pyrope_view class_ = pyrope_find(item, "__class__");
        pyrope_view state = pyrope_find(item, "state");

        if (pyrope_type_of(item) == PYROPE_STR)
                return copy_str(item, ret);
        if (pyrope_str_equals(class_, "Pyro5.client.Proxy"))
                return copy_str(pyrope_at(state, 0), ret);
        if (pyrope_str_equals(class_, "Pyro5.core.URI"))
                return uri_of_state(state, ret);
        return TARGET_E_TYPE;
}

int target_told(pyrope_view item, const Location *teller, Target *ret)
{
        CLEANUP(target_deinit) Target told = { 0 };
        CLEANUP(freep) char *text = NULL;
        Location at;
        int r;

        r = target_uri_text(item, &text);
        if (r)
                return r;
        r = target_parse(text, &told);
        if (r)
                return r;
        if (told.kind != TARGET_OBJECT)
                return TARGET_E_TYPE;
        r = reach_told(teller, &told.at, &at);
        if (r)
                return r > 0 ? TARGET_E_INVALID : r;

        *ret = (Target){ .kind = TARGET_OBJECT, .text = TAKE(told.text), .at = at };
        return 0;
}
