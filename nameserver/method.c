/* SPDX-License-Identifier: MIT */

#include "nameserver/method.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

int method_raise_argument(pyrope_call *call, int r, const ErrorText *error)
{
        switch (r) {
        case ARGUMENT_E_TYPE:
                return pyrope_raise(call, "TypeError", "%s", error->text);
        case ARGUMENT_E_VALUE:
                return pyrope_raise(call, "ValueError", "%s", error->text);
        case ARGUMENT_E_URI:
                return pyrope_raise(call, "Pyro5.errors.PyroError", "%s", error->text);
        default:
                return pyrope_raise(call, "MemoryError", "%s", strerror(-r));
        }
}

int method_name(pyrope_call *call, size_t index, StoreText *ret)
{
        ErrorText error = { "" };
        int r = argument_name(pyrope_argument(call, index), ret, &error);

        return r ? method_raise_argument(call, r, &error) : 0;
}

int method_tags(pyrope_call *call, size_t index, const char *parameter, ArgumentTags *ret)
{
        ErrorText error = { "" };
        int r = argument_tags(pyrope_argument(call, index), parameter, ret, &error);

        return r ? method_raise_argument(call, r, &error) : 0;
}

int method_uri(pyrope_call *call, size_t index, Uri *ret)
{
        ErrorText error = { "" };
        int r = argument_uri(pyrope_argument(call, index), ret, &error);

        return r ? method_raise_argument(call, r, &error) : 0;
}

static int raise_regex(pyrope_call *call, const char *what)
{
        return pyrope_raise(call, "Pyro5.errors.NamingError", "invalid regex: %s", what);
}

int method_search(pyrope_call *call, pyrope_view prefix, pyrope_view regex, Search *ret)
{
        bool by_prefix = pyrope_truth(prefix);
        ErrorText error = { "" };
        StoreText text;
        int r;

        if (pyrope_get_str(by_prefix ? prefix : regex, &text.at, &text.n) != PYROPE_OK)
                return pyrope_raise(call, "TypeError", "%s must be a str",
                                    by_prefix ? "prefix" : "regex");
        if (by_prefix) {
                search_prefix(ret, text);
                return 0;
        }
        r = search_regex(ret, text, &error);
        if (r < 0)
                return pyrope_raise(call, "MemoryError", "%s", strerror(-r));
        return r ? raise_regex(call, error.text) : 0;
}

int method_raise_name(pyrope_call *call, const char *what, StoreText name)
{
        char shown[ERROR_TEXT_SIZE];

        /* As it is, for programs that compare; only a NUL would cut the text short. */
        if (!memchr(name.at, '\0', name.n))
                return pyrope_raise(call, "Pyro5.errors.NamingError", "%s: %.*s", what, (int)name.n,
                                    name.at);
        text_escape(name.at, name.n, shown, sizeof(shown));
        return pyrope_raise(call, "Pyro5.errors.NamingError", "%s: %s", what, shown);
}

static int raise_store(pyrope_call *call, int r, const ErrorText *error)
{
        switch (r) {
        case STORE_E_STOPPED:
                return raise_regex(call, "it takes too many steps");
        case STORE_E_LIMIT:
                return pyrope_raise(call, "ValueError", "an object has at most %u zones",
                                    STORE_ENDPOINTS_MAX);
        case -ENOMEM:
                return pyrope_raise(call, "MemoryError", "%s", strerror(ENOMEM));
        default:
                return pyrope_raise(call, "OSError", "%s", error->text);
        }
}

/* What is the client's doing, and not the disk's. */
static bool is_clients(int r)
{
        return r == STORE_E_STOPPED || r == STORE_E_LIMIT;
}

/* Returns whether that is news. */
static bool set_failing(atomic_bool *is_failing, bool value)
{
        return *is_failing != value && atomic_exchange(is_failing, value) != value;
}

int method_check_store(pyrope_call *call, atomic_bool *is_failing, int r, const ErrorText *error)
{
        if (r && is_clients(r))
                return raise_store(call, r, error);
        if (set_failing(is_failing, r != 0)) {
                if (r)
                        log_error("%s", error->text);
                else
                        log_info("the database works again");
        }
        return r ? raise_store(call, r, error) : 0;
}

int method_read(pyrope_call *call, NameServer *nameserver, Reading *ret)
{
        ErrorText error = { "" };
        int r;

        ret->readers = nameserver->readers;
        r = store_readers_take(ret->readers, &ret->reader, &error);
        return method_check_store(call, &nameserver->cannot_read, r, &error);
}

void reading_deinit(Reading *reading)
{
        if (reading->reader)
                store_readers_give(reading->readers, reading->reader);
}

bool method_is_own_name(StoreText name)
{
        return name.n == strlen(NAMESERVER_OBJECT) &&
               memcmp(name.at, NAMESERVER_OBJECT, name.n) == 0;
}
