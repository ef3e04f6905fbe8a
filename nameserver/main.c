/* SPDX-License-Identifier: MIT */

/* The program `nameserver`: docs/nameserver.md. */

#include "base/log.h"
#include "base/options.h"
#include "base/process.h"
#include "nameserver/nameserver.h"
#include "nameserver/setup.h"
#include "proto/value.h"

#include <pyrope/daemon.h>

#include <errno.h>
#include <stdio.h>

typedef struct Server Server;

/* What runs, in the order in which it is made. */
struct Server {
        Setup setup;
        Store *store;
        StoreReaders *readers;
        NameServer nameserver;
        pyrope_daemon *daemon;
};

static SetupOptions said;
static const char *listen_on; /* ADDR:PORT, or NULL */

static const Option options[] = {
        { .name = "config",
          .letter = 'c',
          .argument = "FILE",
          .help = "read this configuration file",
          .string = &said.config },
        { .name = "database",
          .letter = 'd',
          .argument = "FILE",
          .help = "keep the names there (default $XDG_STATE_HOME/pyrope/nameserver.db, "
                  "~/.local/state/pyrope/nameserver.db)",
          .string = &said.database },
        { .name = "socket",
          .letter = 's',
          .argument = "PATH",
          .help = "listen there (default " SETUP_SOCKET " in the runtime directory)",
          .string = &said.socket },
        { .name = "listen",
          .letter = 'l',
          .argument = "ADDR:PORT",
          .help = "listen on a port of the loopback interface, too: 127.0.0.1:PORT or [::1]:PORT, "
                  "port 0: any; only for programs of the same user",
          .string = &listen_on },
        { .name = "zone",
          .argument = "ZONE",
          .help = "zone of this computer (default by its name and machine id)",
          .string = &said.zone },
        { .name = "runtime-dir",
          .argument = "DIR",
          .help = "the private directory for sockets",
          .string = &said.runtime_dir },
        { 0 },
};

static const Options program = {
        .program = "nameserver",
        .usage = "[OPTION...]",
        .summary = "Tell where remote objects are, by their names.",
        .environment = "PYROPE_CONFIG       the configuration file\n"
                       "PYROPE_ZONE         zone of this computer\n"
                       "PYROPE_RUNTIME_DIR  the private directory for sockets\n"
                       "PYROPE_LOG          error, warning, info or debug",
        .options = options,
};

static void server_deinit(Server *server)
{
        pyrope_daemon_free(server->daemon);
        store_readers_free(server->readers);
        store_close(server->store);
        setup_deinit(&server->setup);
}

static int fail(const char *text)
{
        (void)fprintf(stderr, "nameserver: %s\n", text);
        return OPTIONS_EXIT_FAILED;
}

static int open_store(Server *server, ErrorText *error)
{
        int r;

        r = store_open(server->setup.database, &server->store, error);
        if (r)
                return r;
        r = store_readers_new(server->store, &server->readers);
        if (r)
                return r;
        server->nameserver = (NameServer){
                .store = server->store,
                .readers = server->readers,
                .zone = server->setup.zone,
        };
        return 0;
}

static pyrope_status open_daemon(Server *server, pyrope_error **error)
{
        pyrope_daemon_options daemon_options = {
                .socket = server->setup.socket,
                .listen = listen_on,
        };
        pyrope_status status;

        status = pyrope_daemon_new(&daemon_options, &server->daemon, error);
        if (status)
                return status;
        return pyrope_daemon_register(server->daemon, NAMESERVER_OBJECT, &nameserver_class,
                                      &server->nameserver, error);
}

static int count(Server *server, size_t *ret, ErrorText *error)
{
        StoreReader *reader;
        int r;

        r = store_readers_take(server->readers, &reader, error);
        if (r)
                return r;
        r = store_reader_count(reader, ret, error);
        store_readers_give(server->readers, reader);
        return r;
}

static int announce(Server *server, ErrorText *error)
{
        CLEANUP(freep) char *uri = pyrope_daemon_uri(server->daemon, NAMESERVER_OBJECT);
        size_t n;
        int r;

        if (!uri)
                return -ENOMEM;
        r = nameserver_announce(&server->nameserver, uri, error);
        if (r == 0)
                r = count(server, &n, error);
        if (r == 0)
                log_info("%s: %zu names, zone %s", store_path(server->store), n,
                         server->setup.zone);
        return r;
}

static const char *text_of(const pyrope_error *error, pyrope_status status)
{
        return error ? pyrope_error_text(error) : pyrope_strerror(status);
}

static int serve(Server *server)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        ErrorText error = { "" };
        pyrope_status status;
        int r;

        r = setup_make(&said, &server->setup, &error);
        if (r == 0)
                r = open_store(server, &error);
        if (r)
                return fail(error.text[0] ? error.text : "out of memory");
        status = open_daemon(server, &why);
        if (status)
                return fail(text_of(why, status));
        r = announce(server, &error);
        if (r)
                return fail(error.text[0] ? error.text : "out of memory");
        status = pyrope_daemon_run(server->daemon, &why);
        /* Then a method still uses all of it, until the process ends. */
        if (status == PYROPE_E_TIMEOUT)
                *server = (Server){ 0 };
        return status ? fail(text_of(why, status)) : OPTIONS_EXIT_DONE;
}

int main(int argc, char **argv)
{
        CLEANUP(server_deinit) Server server = { 0 };
        OptionsResult rest;
        int r;

        if (process_sanitize())
                return OPTIONS_EXIT_FAILED;
        log_init("nameserver", LOG_LEVEL_INFO);
        said.config = getenv("PYROPE_CONFIG");
        r = options_parse(&program, argc, argv, &rest);
        if (r)
                return r == OPTIONS_E_SHOWN ? OPTIONS_EXIT_DONE : OPTIONS_EXIT_MISUSED;
        return serve(&server);
}
