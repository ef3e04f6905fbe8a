/* SPDX-License-Identifier: MIT */

/*
 * A daemon as anybody writes one, with what the benchmarks call.
 *
 *      bench-pyrope-server ADDRESS     "u:PATH" or "127.0.0.1:PORT"; prints "READY URI"
 */

#include "tests/bench/bench.h"

#include <pthread.h>
#include <pyrope/daemon.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Blob Blob;
typedef struct Service Service;

/* What get gives. It is lent to the answers, which may still be under way when it is replaced. */
struct Blob {
        atomic_uint n_refs;
        size_t n;
        void *bytes;
};

struct Service {
        pthread_mutex_t lock;
        Blob *blob; /* a reference; NULL: none yet */
};

static void blob_unref(void *userdata)
{
        Blob *blob = userdata;

        if (!blob || atomic_fetch_sub(&blob->n_refs, 1) != 1)
                return;
        free(blob->bytes);
        free(blob);
}

static Blob *blob_new(size_t n)
{
        Blob *blob = malloc(sizeof(*blob));

        if (!blob)
                bench_die("memory", NULL);
        *blob = (Blob){ .n = n, .bytes = bench_memory(n) };
        atomic_init(&blob->n_refs, 1);
        return blob;
}

/* A reference to one of so many bytes or more. */
static Blob *service_blob(Service *service, size_t n)
{
        Blob *blob;

        (void)pthread_mutex_lock(&service->lock);
        if (!service->blob || service->blob->n < n) {
                blob_unref(service->blob);
                service->blob = blob_new(n);
        }
        blob = service->blob;
        atomic_fetch_add(&blob->n_refs, 1);
        (void)pthread_mutex_unlock(&service->lock);
        return blob;
}

static int echo(pyrope_call *call, void *self)
{
        const void *bytes;
        size_t n_bytes;

        (void)self;
        if (pyrope_arguments(call, "y", &bytes, &n_bytes))
                return PYROPE_RAISED;
        return pyrope_reply(call, "y", bytes, n_bytes);
}

static int put(pyrope_call *call, void *self)
{
        const void *bytes;
        size_t n_bytes;

        (void)self;
        if (pyrope_arguments(call, "y", &bytes, &n_bytes))
                return PYROPE_RAISED;
        return pyrope_reply(call, "I", (int64_t)n_bytes);
}

static int get(pyrope_call *call, void *self)
{
        int64_t n_bytes;
        Blob *blob;

        if (pyrope_arguments(call, "I", &n_bytes))
                return PYROPE_RAISED;
        blob = service_blob(self, (size_t)n_bytes);
        return pyrope_reply(call, "Y", blob->bytes, (size_t)n_bytes, blob_unref, blob);
}

/* Concurrent, as the servers it is compared with. */
static const pyrope_method methods[] = {
        { "echo", "bytes", echo, 0, "what it was given" },
        { "put", "bytes", put, 0, "how many bytes came" },
        { "get", "n", get, 0, "so many bytes" },
        { 0 },
};
static const pyrope_class class_ = {
        .name = "Bench",
        .methods = methods,
        .flags = PYROPE_CONCURRENT,
};

int main(int argc, char **argv)
{
        const char *address = argc == 2 ? argv[1] : NULL;
        pyrope_daemon_options options = { .spin_us = bench_spin_us() };
        Service service = { .lock = PTHREAD_MUTEX_INITIALIZER };
        pyrope_daemon *daemon;
        pyrope_status status;

        if (!address)
                bench_die("usage", "bench-pyrope-server ADDRESS");
        if (strncmp(address, "u:", 2) == 0)
                options.socket = address + 2;
        else
                options.listen = address;
        status = pyrope_daemon_new(&options, &daemon, NULL);
        if (!status)
                status = pyrope_daemon_register(daemon, "bench", &class_, &service, NULL);
        if (!status)
                status = pyrope_daemon_run(daemon, NULL);
        if (status)
                bench_die("the daemon", pyrope_strerror(status));
        pyrope_daemon_free(daemon);
        blob_unref(service.blob);
        return 0;
}
