/* SPDX-License-Identifier: MIT */

/*
 * A client of omniNames, whose names are in contexts of CONTEXT_NAMES: a tree is what it is fast
 * with.
 *
 *      bench-omninames fill corbaloc:...   binds $BENCH_NAMES names, of an object that is nowhere
 *      bench-omninames MODE corbaloc:...   as in bench.h; a lookup in the place of an echo
 */

#include "tests/bench/bench.h"

#include <cstdlib>
#include <cstring>
#include <omniORB4/CORBA.h>
#include <omniORB4/Naming.hh>

static const unsigned CONTEXT_NAMES = 100;

static CORBA::ORB_var orb;

static CosNaming::Name path_of(unsigned number)
{
        char name[BENCH_NAME_SIZE];
        CosNaming::Name path;

        path.length(2);
        bench_name(number / CONTEXT_NAMES, name);
        path[0].id = CORBA::string_dup(name);
        bench_name(number, name);
        path[1].id = CORBA::string_dup(name);
        return path;
}

static void *client_open(const char *address)
{
        CORBA::Object_var object = orb->string_to_object(address);

        return CosNaming::NamingContext::_narrow(object);
}

static int fill(const char *address, unsigned n_names)
{
        CosNaming::NamingContext_var root =
                static_cast<CosNaming::NamingContext_ptr>(client_open(address));
        CosNaming::Name path;

        for (unsigned i = 0; i < n_names; i++) {
                path = path_of(i);
                if (i % CONTEXT_NAMES == 0) {
                        CosNaming::Name context(path);

                        context.length(1);
                        CosNaming::NamingContext_var made = root->bind_new_context(context);
                }
                root->rebind(path, root);
        }
        return 0;
}

static void look_up(void *connection)
{
        char name[BENCH_NAME_SIZE];

        bench_some_name(name);
        CosNaming::Name path = path_of(static_cast<unsigned>(atol(strchr(name, '.') + 1)));
        CORBA::Object_var object =
                static_cast<CosNaming::NamingContext_ptr>(connection)->resolve(path);
}

/* Its backlog is short: many who come at once must come again. */
static CORBA::Boolean again(void *, CORBA::ULong, const CORBA::TRANSIENT &)
{
        return true;
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = { client_open, look_up, nullptr, nullptr, nullptr };
        static const char *settings[][2] = { { "maxGIOPConnectionPerServer", "256" },
                                             { nullptr, nullptr } };
        const char *n_names = getenv("BENCH_NAMES");
        int n = 0;

        try {
                orb = CORBA::ORB_init(n, nullptr, "omniORB4", settings);
                omniORB::installTransientExceptionHandler(nullptr, again);
                if (argc == 3 && strcmp(argv[1], "fill") == 0)
                        return fill(argv[2], static_cast<unsigned>(atol(n_names ? n_names : "0")));
                return bench_main(&peer, argc, argv);
        } catch (const CORBA::Exception &exception) {
                bench_die("CORBA", exception._name());
        }
}
