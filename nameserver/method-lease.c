/* SPDX-License-Identifier: MIT */

/* Leases, as clients renew and hold them. */

#include "base/clock.h"
#include "nameserver/method.h"

#include <errno.h>

static void end_holder(void *session)
{
        lease_holder_free(session, clock_boottime_ms());
}

/* Return: borrowed from the connection; NULL if memory is out. */
static LeaseHolder *holder_of(pyrope_call *call, NameServer *nameserver)
{
        LeaseHolder *holder = pyrope_call_session(call);

        if (holder)
                return holder;
        holder = lease_holder_new(nameserver->leases);
        if (!holder || pyrope_call_keep_session(call, holder, end_holder) == PYROPE_OK)
                return holder;
        /* A oneway call of the same connection was faster. */
        lease_holder_free(holder, 0);
        return pyrope_call_session(call);
}

void method_hold_lease(pyrope_call *call, NameServer *nameserver, StoreText name)
{
        LeaseHolder *holder;
        bool is_confirmed;

        if (lease_table_find(nameserver->leases, name, &is_confirmed))
                return;
        holder = holder_of(call, nameserver);
        if (holder)
                lease_holder_hold(holder, name, pyrope_call_uid(call));
}

/* Raises what is wrong with the argument: one name, or a list of them. */
static int check_names(pyrope_call *call, pyrope_view names)
{
        ErrorText error = { "" };
        pyrope_view item;
        StoreText name;
        int r = 0;

        if (pyrope_type_of(names) != PYROPE_LIST)
                return method_name(call, 0, &name);
        if (pyrope_count(names) > NAMESERVER_RENEW_MAX)
                return pyrope_raise(call, "ValueError", "at most %u names at once",
                                    NAMESERVER_RENEW_MAX);
        for (pyrope_iter it = pyrope_each(names); r == 0 && pyrope_next(&it, NULL, &item);)
                r = argument_name(item, &name, &error);
        return r ? method_raise_argument(call, r, &error) : 0;
}

/* Return: whether the lease runs. */
static bool renew(pyrope_call *call, NameServer *nameserver, pyrope_view item)
{
        StoreText name = { .n = 0 };

        (void)pyrope_get_str(item, &name.at, &name.n); /* it was checked */
        return lease_table_renew(nameserver->leases, name, pyrope_call_uid(call),
                                 clock_boottime_ms()) == 0;
}

/* Renews all; @ret: room for those that could not be, borrowed from the call. Return: how many. */
static size_t renew_all(pyrope_call *call, NameServer *nameserver, pyrope_view names,
                        pyrope_view *ret)
{
        pyrope_view item;
        size_t n = 0;

        if (pyrope_type_of(names) != PYROPE_LIST) {
                ret[0] = names;
                return !renew(call, nameserver, names);
        }
        for (pyrope_iter it = pyrope_each(names); pyrope_next(&it, NULL, &item);)
                if (!renew(call, nameserver, item))
                        ret[n++] = item;
        return n;
}

int method_renew(pyrope_call *call, void *self)
{
        CLEANUP(freep) pyrope_view *lacking = NULL;
        pyrope_view names = pyrope_argument(call, 0);
        pyrope_writer *writer = pyrope_result(call);
        size_t n;
        int r;

        r = check_names(call, names);
        if (r)
                return r;
        lacking = calloc(pyrope_count(names) + 1, sizeof(*lacking));
        if (!lacking)
                return method_raise_argument(call, -ENOMEM, NULL);
        n = renew_all(call, self, names, lacking);
        pyrope_write_list(writer, n);
        for (size_t i = 0; i < n; i++)
                pyrope_write_view(writer, lacking[i]);
        return 0;
}
