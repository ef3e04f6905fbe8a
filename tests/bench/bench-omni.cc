/* SPDX-License-Identifier: MIT */

/*
 * omniORB, both ends.
 *
 *      bench-omni serve ENDPOINT       giop:unix:PATH or giop:tcp:127.0.0.1:; prints "READY IOR"
 *      bench-omni MODE ...             as a client, see bench.h; the address is the IOR
 */

#include "bench-omni.hh"

#include "tests/bench/bench.h"

#include <cstring>
#include <iostream>

/* Its defaults, but for what would forbid a measurement: large messages, many connections. */
static const char *settings[][2] = {
        { "giopMaxMsgSize", "2000000000" },
        { "maxGIOPConnectionPerServer", "256" },
        { nullptr, nullptr },
};

class Service : public POA_Bench::Service
{
        Bench::Bytes blob;

      public:
        Bench::Bytes *echo(const Bench::Bytes &what) override
        {
                return new Bench::Bytes(what);
        }

        CORBA::ULong put(const Bench::Bytes &what) override
        {
                return what.length();
        }

        Bench::Bytes *get(CORBA::ULong n) override
        {
                if (blob.length() < n) {
                        blob.length(n);
                        memset(blob.get_buffer(), 'x', n);
                }
                /* A view: the sequence does not own the bytes. */
                return new Bench::Bytes(n, n, blob.get_buffer(), false);
        }
};

static CORBA::ORB_var orb;

static int serve(const char *endpoint)
{
        const char *options[][2] = { { "giopMaxMsgSize", settings[0][1] },
                                     { "endPoint", endpoint },
                                     { nullptr, nullptr } };
        int n = 0;

        orb = CORBA::ORB_init(n, nullptr, "omniORB4", options);
        CORBA::Object_var root = orb->resolve_initial_references("RootPOA");
        PortableServer::POA_var poa = PortableServer::POA::_narrow(root);
        Service *service = new Service;
        PortableServer::ObjectId_var id = poa->activate_object(service);
        Bench::Service_var reference = service->_this();
        CORBA::String_var ior = orb->object_to_string(reference);

        poa->the_POAManager()->activate();
        std::cout << "READY " << ior.in() << std::endl;
        orb->run();
        return 0;
}

/* Its backlog is short: many who come at once must come again. */
static CORBA::Boolean again(void *, CORBA::ULong, const CORBA::TRANSIENT &)
{
        return true;
}

/* As many connections as threads: the ORB gives each thread that calls one of its own. */
static void *client_open(const char *address)
{
        CORBA::Object_var object = orb->string_to_object(address);

        return Bench::Service::_narrow(object);
}

static void client_echo(void *connection)
{
        static CORBA::Octet bytes[BENCH_BYTES];
        const Bench::Bytes what(BENCH_BYTES, BENCH_BYTES, bytes, false);
        Bench::Bytes_var answer = static_cast<Bench::Service_ptr>(connection)->echo(what);

        if (answer->length() != BENCH_BYTES)
                bench_die("echo", "not all bytes came");
}

static void client_put(void *connection, const void *bytes, size_t n_bytes)
{
        const CORBA::ULong n = static_cast<CORBA::ULong>(n_bytes);
        const Bench::Bytes what(n, n, static_cast<CORBA::Octet *>(const_cast<void *>(bytes)),
                                false);

        if (static_cast<Bench::Service_ptr>(connection)->put(what) != n)
                bench_die("put", "not all bytes came");
}

static void client_get(void *connection, size_t n_bytes)
{
        const CORBA::ULong n = static_cast<CORBA::ULong>(n_bytes);
        Bench::Bytes_var answer = static_cast<Bench::Service_ptr>(connection)->get(n);

        if (answer->length() != n)
                bench_die("get", "not all bytes came");
}

int main(int argc, char **argv)
{
        static const BenchPeer peer = { client_open, client_echo, client_put, client_get, nullptr };
        int n = 0;

        try {
                if (argc == 3 && strcmp(argv[1], "serve") == 0)
                        return serve(argv[2]);
                orb = CORBA::ORB_init(n, nullptr, "omniORB4", settings);
                omniORB::installTransientExceptionHandler(nullptr, again);
                return bench_main(&peer, argc, argv);
        } catch (const CORBA::Exception &exception) {
                bench_die("CORBA", exception._name());
        }
}
